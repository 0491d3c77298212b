"""The verbs that use a model file: predict, evaluate, inspect, verify, report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mainstay.contracts.errors import UsageError
from mainstay.lifecycle.answers import answer_frame, with_answers
from mainstay.lifecycle.model import Model, like, load
from mainstay.lifecycle.results import EvaluateResult, InspectResult, PredictResult, ReportResult, VerifyResult
from mainstay.lifecycle.training import check_outputs

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from mainstay.data.table import Table

__all__ = ["evaluate", "inspect", "predict", "report", "verify", "write_rows"]

_PROBLEMS_SHOWN = 20


def predict(
    model: Model | str | Path,
    data: Any,
    *,
    out: str | Path | Sequence[str | Path] = (),
    header: str | int = "auto",
    query: str | None = None,
    sheet: str | None = None,
) -> PredictResult:
    """Answer rows, and write them with their answers.

    Parameters
    ----------
    model : Model or path
    data : path, SQL URL or data frame
    out : path or sequence of paths
        ``.csv`` or ``.parquet``.
    header, query, sheet
        How to read the data.

    Raises
    ------
    SchemaError
        When a feature is missing.
    BundleError
        When the model file is refused.
    """
    from mainstay.data.read import read

    places = check_outputs(out, (".csv", ".parquet"))
    opened = _opened(model)
    table = read(data, header=header, query=query, sheet=sheet)
    answers = opened.bundle.predict_frame(table.frame)
    frame = answer_frame(answers, opened.bundle.outputs)
    for place in places:
        _write_frame(with_answers(table.frame, frame), place)
    figures = {
        "rows": table.frame.height,
        "rejected": int(answers.rejected.sum()),
        "outputs": [str(place) for place in places],
        "digest": opened.digest,
        "problems": [msgspec.to_builtins(problem) for problem in answers.problems[:_PROBLEMS_SHOWN]],
        "problem_count": len(answers.problems),
    }
    return PredictResult(figures, like(data, frame))


def evaluate(
    model: Model | str | Path,
    data: Any,
    *,
    header: str | int = "auto",
    query: str | None = None,
    sheet: str | None = None,
) -> EvaluateResult:
    """Score a model on rows whose target is known; every score has its 95 % interval.

    Raises
    ------
    SchemaError
        When a feature or the target is missing.
    BundleError
        When the model file is refused.
    """
    return _opened(model).evaluate(data, header=header, query=query, sheet=sheet)


def inspect(model: Model | str | Path) -> InspectResult:
    """Say what a bundle expects, answers and scored.

    Raises
    ------
    BundleError
        When the model file is refused.
    """
    bundle = _opened(model).bundle
    evaluation = bundle.evaluation
    return InspectResult(
        {
            "format": bundle.manifest.format,
            "digest": bundle.digest,
            "task": bundle.outputs.task,
            "target": bundle.outputs.target,
            "labels": list(bundle.outputs.labels),
            "schema": [msgspec.to_builtins(column) for column in bundle.schema.columns],
            "metrics": evaluation.get("scores", {}),
            "metric": evaluation.get("metric"),
            "rows": evaluation.get("rows"),
            "members": evaluation.get("members", []),
            "recipe": bundle.recipe,
            "created": bundle.manifest.created,
            "versions": bundle.manifest.versions,
            "members_of_file": [msgspec.to_builtins(member) for member in bundle.manifest.members],
        }
    )


def verify(path: str | Path) -> VerifyResult:
    """Check that a model file is whole and true, and say what was checked.

    Raises
    ------
    FormatError
        When there is no such file.
    """
    from mainstay.bundle.verify import verify as check

    found = check(path)
    checks = [{"name": one.name, "ok": one.ok, "message": one.message} for one in found.checks]
    return VerifyResult({"digest": found.digest, "ok": found.ok, "checks": checks})


def report(model: Model | str | Path, *, out: str | Path | None = None) -> ReportResult:
    """Write the report that a bundle carries, as one HTML page; beside the bundle unless told otherwise.

    Raises
    ------
    UsageError
        When no place is known to write to.
    """
    opened = _opened(model)
    if out is None and isinstance(model, Model):
        raise UsageError("an opened model has no place of its own", where="out", hint="Say where: out='report.html'.")
    place = Path(str(model)).with_suffix(".html") if out is None else Path(out)
    return ReportResult({"report": str(opened.save_report(place)), "digest": opened.digest})


def write_rows(place: Path, table: Table, model: Model) -> None:
    """Write the rows of a table with their answers."""
    answers = answer_frame(model.bundle.predict_frame(table.frame), model.bundle.outputs)
    _write_frame(with_answers(table.frame, answers), place)


def _opened(model: Model | str | Path) -> Model:
    return model if isinstance(model, Model) else load(model)


def _write_frame(frame: pl.DataFrame, place: Path) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.suffix.lower() == ".csv":
            frame.write_csv(place)
        else:
            frame.write_parquet(place)
    except OSError as error:
        raise UsageError(f"the rows could not be written ({error})", where=str(place)) from error
