"""A detector on rows: how many it flags, beside training, and how good that is where labels say so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.errors import DataError, UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.alarms.known import Known
    from mainstay.bundle.open import Bundle
    from mainstay.data.table import Table

__all__ = ["chances", "evaluate_alarms", "labels_of", "scored_by"]


def evaluate_alarms(bundle: Bundle, table: Table, labels: str | None) -> dict[str, Any]:
    """Return ``{task, rows, metrics, flagged, share, training_share, labels, labelled, findings, rejected, digest}``.

    Parameters
    ----------
    bundle : Bundle
        Of a detection.
    table : Table
    labels : str, optional
        The column that says which rows are anomalies; the one named in training where None, if the rows have it.

    Raises
    ------
    UsageError
        When there is no such column, or it does not tell anomalies from usual rows.
    SchemaError
        When a column that is watched is missing.
    DataError
        When every row is refused.
    """
    scores, flagged = scored_by(bundle, table)
    judged = ~np.isnan(scores)
    known = labels_of((bundle,), table, labels)
    count = int(flagged[judged].sum())
    return {
        "task": "anomaly_detection",
        "rows": int(judged.sum()),
        "metrics": {},
        **_against(known, scores, flagged),
        "flagged": count,
        "share": count / int(judged.sum()),
        "training_share": bundle.reference.get("flagged"),
        "labels": None if known is None else known.column,
        "rejected": int((~judged).sum()),
        "digest": bundle.digest,
    }


def scored_by(bundle: Bundle, table: Table) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the score of each row, NaN where it was refused, and which are flagged by the bundle's cut.

    Raises
    ------
    UsageError
        When the bundle is no detector.
    DataError
        When every row is refused.
    """
    if bundle.detector is None:
        raise UsageError(
            "this needs a model that finds anomalies, and this one does not", where=f"model {bundle.digest[:12]}",
            hint="Make one with: mainstay detect.",
        )  # fmt: skip
    answers = bundle.detector.predict_frame(table.frame)
    if answers.rejected.all():
        raise DataError(f"none of {table.rows:,} rows is answered", where=table.source, hint="Look at them: predict.")
    return np.where(answers.rejected, np.nan, answers.score), answers.flagged


def labels_of(bundles: tuple[Bundle, ...], table: Table, labels: str | None) -> Known | None:
    """Return what a column says of the rows: the one asked for, or the one of training where the rows have it.

    Raises
    ------
    UsageError
        When there is no such column, or it does not tell anomalies from usual rows.
    """
    from mainstay.alarms.known import known_column

    if labels is not None:
        return known_column(table, labels)
    trained = [bundle.recipe.get("settings", {}).get("labels", "") for bundle in bundles]
    name = next((name for name in trained if name in table.columns), None)
    return None if name is None else known_column(table, name)


def _against(known: Known | None, scores: NDArray[np.float64], flagged: NDArray[np.bool_]) -> dict[str, Any]:
    from mainstay.evaluate.anomalies.judge import judge_scores

    if known is None:
        return {}
    codes = known.codes.astype(np.int64)
    told = (codes >= 0) & ~np.isnan(scores)
    capacity = int((codes[told] == 1).sum())
    metrics = judge_scores(codes, scores, flagged, capacity=capacity or None)
    return {
        "metrics": {name: one for name, one in metrics.items() if name != "cost"},
        "labelled": {"rows": int(told.sum()), "anomalies": capacity, "k": capacity or None},
        "left_out": int((codes < 0).sum()),
        "meaning": {"anomalies": list(known.odd), "usual": list(known.usual), "guessed": known.guessed},
    }


def chances(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return scores as if they were probabilities of two classes, shape (n, 2): by their ranks, in the same order."""
    _, place = np.unique(scores, return_inverse=True)
    odd = (place + 0.5) / (place.max(initial=0) + 1.0)
    return np.stack([1.0 - odd, odd], axis=1)
