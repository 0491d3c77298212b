"""Two detectors on the same labelled rows, paired: which one puts the anomalies higher, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from mainstay.contracts.errors import DataError, UsageError
from mainstay.lifecycle.judging_alarms import chances, labels_of, scored_by

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.alarms.known import Known
    from mainstay.data.table import Table
    from mainstay.evaluate.compare import Comparison
    from mainstay.lifecycle.model import Model

    Doubles = NDArray[np.float64]
    Places = NDArray[np.int64]

__all__ = ["compare_detectors"]

_METRICS = ("average_precision", "roc_auc")
_OF_FLAGS = ("precision", "recall")


def compare_detectors(
    pair: tuple[tuple[str, Model], tuple[str, Model]], table: Table, *, labels: str | None, metric: str, margin: float
) -> dict[str, Any]:
    """Return what :func:`mainstay.compare` shows of two detectors.

    Parameters
    ----------
    pair : pair of (name, Model)
    table : Table
    labels : str, optional
        The column that says which rows are anomalies; the one named in training where None.
    metric : str
        "auto", "average_precision", "roc_auc", "precision" or "recall".
    margin : float
        Differences up to this share of the second's error count as alike.

    Raises
    ------
    UsageError
        When there are no labels, or the metric is none of theirs.
    DataError
        When the labelled rows that both judge are not of both kinds.
    """
    steering = _METRICS[0] if metric == "auto" else metric
    if steering not in (*_METRICS, *_OF_FLAGS):
        raise UsageError(
            f"{metric!r} is no score of a detector", where="metric",
            hint=f"Take one of: {', '.join((*_METRICS, *_OF_FLAGS))}.",
        )  # fmt: skip
    known = labels_of(tuple(model.bundle for _, model in pair), table, labels)
    if known is None:
        raise UsageError(
            "detectors are compared on rows of which is known whether they are anomalies", where="labels",
            hint="Name the column with --labels COL.",
        )  # fmt: skip
    rows, target, answers, decided = _judged_by_both(pair, table, known)
    names = (*_METRICS, *_OF_FLAGS)
    models = [
        _side(name or f"model {at + 1}", model, target, answers[at], decided[at])
        for at, (name, model) in enumerate(pair)
    ]
    models = [{**one, **one["metrics"][steering]} for one in models]
    if any(one["value"] is None for one in models):
        raise DataError(f"{steering} does not apply to these rows", where="metric", hint="Take another metric.")
    found = {name: _paired(name, target, answers, decided, margin) for name in names}
    return {
        "task": "anomaly_detection",
        "target": known.column,
        "metric": steering,
        "rows": len(rows),
        "left_out": table.rows - len(rows),
        "margin": margin,
        "models": models,
        "comparison": msgspec.to_builtins(found[steering]),
        "metrics": {name: msgspec.to_builtins(one) for name, one in found.items()},
        "recommended": _recommended(found[steering], models),
    }


def _judged_by_both(
    pair: tuple[tuple[str, Model], tuple[str, Model]], table: Table, known: Known
) -> tuple[Places, Places, tuple[Doubles, Doubles], tuple[Places, Places]]:
    """Return the labelled rows that both judge, what they are, and the ranks and flags that each gives them."""
    said = [scored_by(model.bundle, table) for _, model in pair]
    rows = np.flatnonzero((known.codes >= 0) & ~np.isnan(said[0][0]) & ~np.isnan(said[1][0]))
    target = (known.codes[rows] == 1).astype(np.int64)
    if not 0 < target.sum() < len(target):
        raise DataError(
            f"of {len(rows):,} labelled rows that both judge {int(target.sum()):,} are anomalies; some and not all are "
            "needed",
            where=table.source, hint="Give rows of both kinds.",
        )  # fmt: skip
    answers = (chances(said[0][0][rows]), chances(said[1][0][rows]))
    decided = (said[0][1][rows].astype(np.int64), said[1][1][rows].astype(np.int64))
    return rows, target, answers, decided


def _side(
    name: str, model: Model, target: NDArray[np.int64], answers: NDArray[np.float64], decided: NDArray[np.int64]
) -> dict[str, Any]:
    from mainstay.evaluate.intervals import evaluate

    scores = evaluate(
        "classification", target, answers, labels=("usual", "anomaly"), predicted=decided,
        metrics=(*_METRICS, *_OF_FLAGS),
    )  # fmt: skip
    told = {key: {"value": one.value, "low": one.low, "high": one.high} for key, one in scores.items()}
    return {"name": name, "digest": model.digest, "cost": len(model.bundle.model), "metrics": told}


def _paired(
    name: str,
    target: NDArray[np.int64],
    answers: tuple[NDArray[np.float64], NDArray[np.float64]],
    decided: tuple[NDArray[np.int64], NDArray[np.int64]],
    margin: float,
) -> Comparison:
    from mainstay.evaluate.compare import compare as paired

    return paired(
        "classification", name, target, *answers, labels=("usual", "anomaly"), predicted=decided, margin=margin
    )


def _recommended(found: Comparison, models: list[dict[str, Any]]) -> str:
    """Return the name of the better, or of the cheaper where the rows cannot tell them apart."""
    if found.tied:
        return str(min(models, key=lambda one: one["cost"])["name"])
    return str(models[0 if (found.difference or 0.0) > 0 else 1]["name"])
