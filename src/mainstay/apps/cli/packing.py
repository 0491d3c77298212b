"""The command that brings a model from elsewhere: an ONNX file. Live estimators are packed in Python alone."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mainstay.apps.cli import options
from mainstay.apps.cli.answers import answer

if TYPE_CHECKING:
    import typer as _typer

__all__ = ["pack", "register"]

_Model = Annotated[
    Path, typer.Argument(metavar="MODEL.onnx", help="An ONNX model over numbers, in one file.", show_default=False)
]
_Labels = Annotated[
    str | None,
    typer.Option(
        metavar="A,B", help="The classes, in the order of the model's probabilities.", rich_help_panel="The task"
    ),
]
_Unseen = Annotated[
    bool,
    typer.Option(
        "--unseen", metavar="", help="The model was not trained on these rows: its score is honest.",
        rich_help_panel="The task",
    ),
]  # fmt: skip
_Rounding = Annotated[
    float,
    typer.Option(
        metavar="SHARE", help="The largest share of rows whose answer float32 may change.", rich_help_panel="The task"
    ),
]


def register(application: "_typer.Typer") -> None:
    """Add this file's command."""
    application.command(rich_help_panel="Make a model")(pack)


def pack(
    model: _Model,
    data: options.Data,
    *,
    schema: options.SchemaFile = None,
    target: options.TargetOptional = None,
    labels: _Labels = None,
    task: options.Task = "auto",
    unseen: _Unseen = False,
    rounding: _Rounding = 0.01,
    out: options.BundleOut = None,
    header: options.Header = "auto",
    query: options.Query = None,
    sheet: options.Sheet = None,
    delimiter: options.Delimiter = None,
    encoding: options.Encoding = None,
    seed: options.Seed = 0,
    as_json: options.AsJson = False,
) -> int:
    """Put an ONNX model into a model file, by the same gate as our own.

    On every row of DATA the model file must answer as ONNX Runtime does
    with the model itself; otherwise nothing is written. The columns are
    the features of the schema, or of DATA, in the order of the model's
    inputs. Models of scikit-learn and boosters are packed in Python:
    mainstay.pack(estimator, X, y).
    """
    from mainstay import lifecycle

    packed = lifecycle.pack(
        model,
        data,
        schema=schema,
        target=target,
        labels=None if labels is None else tuple(name.strip() for name in labels.split(",")),
        task=task,
        seen=not unseen,
        rounding=rounding,
        out=tuple(out or ()),
        seed=seed,
        **options.reading(header, query, sheet, delimiter, encoding),
    )
    return answer("inspect", lifecycle.inspect(packed), as_json=as_json, written=[Path(place) for place in out or ()])
