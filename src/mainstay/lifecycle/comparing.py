"""The verb that holds models against each other: on the same rows, paired, with what the rows cannot tell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import msgspec
import numpy as np

from mainstay.contracts.errors import DataError, UsageError
from mainstay.lifecycle.comparing_detectors import compare_detectors
from mainstay.lifecycle.model import Model, load
from mainstay.lifecycle.results import CompareResult
from mainstay.lifecycle.scoring import scored_rows

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.data.read import Reading
    from mainstay.evaluate.compare import Comparison
    from mainstay.lifecycle.scoring import Scored

__all__ = ["compare"]


def compare(
    first: Model | str | Path,
    second: Model | str | Path,
    data: Any,
    *,
    metric: str = "auto",
    margin: float = 0.01,
    labels: str | None = None,
    **reading: Unpack[Reading],
) -> CompareResult:
    """Say how likely one model is better than another on rows whose target is known, and by how much.

    Both answer the same rows, and rows are resampled for both at once, so that what makes a row hard for both cancels
    out. Rows count by the weight that the first model's schema has a column for. Where the rows cannot tell the two
    apart, the one that is cheaper to answer with is recommended.

    Parameters
    ----------
    first, second : Model or path
        Of one task and target, with the same classes.
    data : path, SQL URL or data frame
    metric : str, default "auto"
        What decides; "auto" takes the metric that the first was trained for.
    margin : float, default 0.01
        Differences up to this share of the second's error count as alike.
    labels : str, optional
        Of two models that find anomalies: the column that says which rows are anomalies; the one named in training
        where None.
    **reading
        How to read the data: header, query, sheet, delimiter, encoding, as in :func:`mainstay.data.read.read`.

    Raises
    ------
    UsageError
        When the two do not answer the same question, or the metric is none of theirs.
    SchemaError
        When a feature or the target is missing.
    DataError
        When no row can be scored for both.

    Examples
    --------
    >>> import mainstay
    >>> result = mainstay.compare("left.mainstay", "left.mainstay", "later.csv")
    >>> result.to_dict()["comparison"]["tied"], result.to_dict()["comparison"]["probability_better"]
    (True, 0.5)
    """
    from mainstay.data.read import read

    if not 0 <= margin < 1:
        raise UsageError(f"a margin is a share from 0 to 1, and {margin} came", where="margin")
    pair = (_named(first), _named(second))
    if any(model.bundle.detector is not None for _, model in pair):
        return CompareResult(
            compare_detectors(pair, read(data, **reading), labels=labels, metric=metric, margin=margin)
        )
    if labels is not None:
        raise UsageError("labels are asked of models that find anomalies, and these do not", where="labels")
    _check_alike(*(model for _, model in pair))
    table = read(data, **reading)
    rows = _common_rows(pair[0][1], pair[1][1], table.frame, table.source)
    return CompareResult(_figures(pair, rows, metric=metric, margin=margin))


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows that both can be scored on: the true answers and each model's, classes in the first's order."""

    target: NDArray[Any]
    labels: tuple[str, ...]
    answers: tuple[NDArray[np.float64], NDArray[np.float64]]
    decided: tuple[NDArray[np.int64], NDArray[np.int64]] | None
    groups: NDArray[np.int64] | None
    left_out: int
    weight: NDArray[np.float64] | None = None


def _named(model: Model | str | Path) -> tuple[str, Model]:
    return ("", model) if isinstance(model, Model) else (Path(str(model)).name, load(model))


def _check_alike(first: Model, second: Model) -> None:
    ours, theirs = first.bundle.outputs, second.bundle.outputs
    for what, one, other in (
        ("task", ours.task, theirs.task),
        ("target", ours.target, theirs.target),
        ("set of classes", sorted(map(str, ours.labels)), sorted(map(str, theirs.labels))),
    ):
        if one != other:
            raise UsageError(
                f"the two models have another {what}: {one} and {other}", where="compare",
                hint="Only models that answer the same question can be compared.",
            )  # fmt: skip


def _common_rows(first: Model, second: Model, frame: pl.DataFrame, source: str) -> _Rows:
    ours, theirs = scored_rows(first.bundle, frame, source), scored_rows(second.bundle, frame, source)
    both = np.intersect1d(ours.rows, theirs.rows)
    if not len(both):
        raise DataError("no row can be scored by both models", where=source, hint="Give rows that both schemas accept.")
    mine, other = np.searchsorted(ours.rows, both), np.searchsorted(theirs.rows, both)
    answers = (ours.answers[mine], _in_order_of(first, second, theirs)[other])
    decided = None
    if ours.decided is not None and theirs.decided is not None:
        decided = (ours.decided[mine], _places(first, second)[theirs.decided][other])
    groups = None if ours.groups is None else ours.groups[mine]
    labels = tuple(str(label) for label in first.bundle.outputs.labels)
    weight = None if ours.weight is None else ours.weight[mine]
    return _Rows(ours.target[mine], labels, answers, decided, groups, frame.height - len(both), weight)


def _places(first: Model, second: Model) -> NDArray[np.int64]:
    """Return where each class of the second stands among those of the first."""
    names = [str(label) for label in first.bundle.outputs.labels]
    return np.array([names.index(str(label)) for label in second.bundle.outputs.labels], np.int64)


def _in_order_of(first: Model, second: Model, scored: Scored) -> NDArray[np.float64]:
    """Return the second's answers with the classes in the order of the first."""
    if scored.answers.ndim == 1:
        return scored.answers
    arranged = np.empty_like(scored.answers)
    arranged[:, _places(first, second)] = scored.answers
    return arranged


def _figures(
    pair: tuple[tuple[str, Model], tuple[str, Model]], rows: _Rows, *, metric: str, margin: float
) -> dict[str, Any]:
    from mainstay.evaluate.metrics import METRICS

    outputs = pair[0][1].bundle.outputs
    steering = _steering(pair[0][1], metric)
    models = [_side(name or f"model {place + 1}", pair[place][1], rows, place) for place, (name, _) in enumerate(pair)]
    if any(one["metrics"][steering]["value"] is None for one in models):
        raise DataError(f"{steering} does not apply to these rows", where="metric", hint="Take another metric.")
    found = {name: _paired(pair[0][1], name, rows, margin) for name in models[0]["metrics"]}
    greater = METRICS[steering].greater_is_better
    return {
        "task": outputs.task,
        "target": outputs.target,
        "metric": steering,
        "rows": len(rows.target),
        "left_out": rows.left_out,
        "margin": margin,
        "models": [{**one, **one["metrics"][steering]} for one in models],
        "comparison": msgspec.to_builtins(found[steering]),
        "metrics": {name: msgspec.to_builtins(one) for name, one in found.items()},
        "recommended": _recommended(found[steering], models, greater=greater),
    }


def _side(name: str, model: Model, rows: _Rows, place: int) -> dict[str, Any]:
    """Return one model's name, digest, cost and scores."""
    from mainstay.evaluate.intervals import evaluate

    outputs = model.bundle.outputs
    scores = evaluate(
        outputs.task, rows.target, rows.answers[place], labels=rows.labels, groups=rows.groups, weight=rows.weight,
        predicted=None if rows.decided is None else rows.decided[place],
    )  # fmt: skip
    return {
        "name": name, "digest": model.digest, "cost": _cost(model),
        "metrics": {key: {"value": one.value, "low": one.low, "high": one.high} for key, one in scores.items()},
    }  # fmt: skip


def _paired(model: Model, name: str, rows: _Rows, margin: float) -> Comparison:
    from mainstay.evaluate.compare import compare as paired

    return paired(
        model.bundle.outputs.task, name, rows.target, *rows.answers, labels=rows.labels, groups=rows.groups,
        predicted=rows.decided, margin=margin, weight=rows.weight,
    )  # fmt: skip


def _steering(model: Model, metric: str) -> str:
    from mainstay.evaluate.metrics import default_metric
    from mainstay.evaluate.metrics import metric as known

    outputs = model.bundle.outputs
    told = model.bundle.evaluation.get("metric") or default_metric(outputs.task, len(outputs.labels))
    return known(str(told) if metric == "auto" else metric, outputs.task).name


def _cost(model: Model) -> int:
    """Return the bytes of the graph: what an answer has to walk through, alike on every machine."""
    return len(model.bundle.model)


def _recommended(found: Comparison, models: list[dict[str, Any]], *, greater: bool) -> str:
    """Return the name of the better, or of the cheaper where the rows cannot tell them apart."""
    if found.tied:
        return str(min(models, key=lambda one: one["cost"])["name"])
    return str(models[0 if ((found.difference or 0.0) > 0) == greater else 1]["name"])
