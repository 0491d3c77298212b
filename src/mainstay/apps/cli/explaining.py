"""The command that says why a row got its answer, with the options that only it has."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mainstay.apps.cli import options
from mainstay.apps.cli.answers import answer

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["explain", "register"]

Label = Annotated[
    str | None,
    typer.Option(
        "--class",
        metavar="LABEL",
        help="The class to explain. Of two: the positive one if not said; of more: the one answered.",
    ),
]
Scale = Annotated[
    Literal["answer", "margin"],
    typer.Option("--scale", help="The answer, or the sum before the model's only link (log-odds)."),
]
Reasons = Annotated[
    int, typer.Option("--top", metavar="N", help="Add a column that names the N largest contributions.")
]
Out = Annotated[
    list[str] | None,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        help=".csv or .parquet: base and contributions by row. .html: a page. May be given again.",
    ),
]


def register(application: typer.Typer) -> None:
    """Add this file's command."""
    application.command(rich_help_panel="Use it")(explain)


def explain(
    model: options.Bundle,
    data: options.NewData,
    *,
    label: Label = None,
    scale: Scale = "answer",
    top: Reasons = 0,
    out: Out = None,
    header: options.Header = "auto",
    query: options.Query = None,
    sheet: options.Sheet = None,
    delimiter: options.Delimiter = None,
    encoding: options.Encoding = None,
    seed: options.Seed = 0,
    as_json: options.AsJson = False,
) -> int:
    """Say why: what each column of each row added to its answer.

    Base and contributions add up to the answer. Trees and weighted sums
    are explained exactly, other models by asking them about mixtures of
    the row and rows of training.
    """
    from mainstay import lifecycle

    places: Sequence[str] = tuple(out or ())
    reading = options.reading(header, query, sheet, delimiter, encoding)
    result = lifecycle.explain(model, data, label=label, scale=scale, top=top, out=places, seed=seed, **reading)
    return answer("explain", result, as_json=as_json)
