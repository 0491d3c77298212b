"""A model of groups on rows: against known groups where there are some, and beside the shares of training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.errors import DataError, UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.bundle.clusters import ClusterAnswers
    from mainstay.bundle.open import Bundle
    from mainstay.data.table import Table

__all__ = ["evaluate_groups"]


def evaluate_groups(bundle: Bundle, table: Table, labels: str | None) -> dict[str, Any]:
    """Return ``{task, rows, metrics, clusters, fits_none, moved, labels, confusion, left_out, rejected, digest}``.

    Parameters
    ----------
    bundle : Bundle
        Of a clustering.
    table : Table
    labels : str, optional
        The column with the known groups; the one named in training where None, if the rows have it.

    Raises
    ------
    UsageError
        When there is no such column, or the model does not group rows.
    SchemaError
        When a feature is missing.
    DataError
        When every row is refused.
    """
    predictor = bundle.clusters
    if predictor is None:
        raise UsageError(
            "known groups are compared with a model that groups rows, and this one answers a target", where="labels",
            hint="Leave the labels out: the target is scored by itself.",
        )  # fmt: skip
    answers = predictor.predict_frame(table.frame)
    rows = np.flatnonzero(~answers.rejected)
    if not len(rows):
        raise DataError(f"none of {table.rows:,} rows is answered", where=table.source, hint="Look at them: predict.")
    column = _column(bundle, table, labels)
    return {
        "task": "clustering",
        "rows": len(rows),
        "metrics": {},
        **_against_known(bundle, answers, table, rows, column),
        **_shares(bundle, answers, rows),
        "labels": column,
        "rejected": int(answers.rejected.sum()),
        "digest": bundle.digest,
    }


def _column(bundle: Bundle, table: Table, labels: str | None) -> str | None:
    """Return the column of known groups: the one that is asked for, or that of training where the rows have it."""
    if labels is not None:
        return labels
    trained: str = bundle.recipe.get("settings", {}).get("labels", "")
    return trained if trained in table.columns else None


def _against_known(
    bundle: Bundle, answers: ClusterAnswers, table: Table, rows: NDArray[np.int64], column: str | None
) -> dict[str, Any]:
    from mainstay.segments.figures import agreement_figures
    from mainstay.segments.intake import known_groups
    from mainstay.segments.portray import compare_with_known

    if column is None:
        return {}
    known = known_groups(table, bundle.schema, column)
    found = compare_with_known(answers.cluster[rows], known, rows, seed=0)
    if found is None:
        raise DataError(f"no row has a known group in {column!r}", where=table.source, hint="Name another column.")
    told = agreement_figures(found, column)
    return {"metrics": told["agreement"], "confusion": told["confusion"], "left_out": found.left_out}


def _shares(bundle: Bundle, answers: ClusterAnswers, rows: NDArray[np.int64]) -> dict[str, Any]:
    """Return how the groups share the rows, beside training, and how many rows fit none."""
    from mainstay.evaluate.proportions import wilson

    trained = {place: one["share"] for place, one in enumerate(bundle.reference.get("clusters", ()))}
    names = bundle.meaning.names  # type: ignore[union-attr]
    cluster, distance = answers.cluster[rows], answers.distance[rows]
    counts = np.bincount(cluster, minlength=len(names))
    total = np.bincount(cluster, weights=distance, minlength=len(names))
    told = []
    for place, name in enumerate(names):
        low, high = wilson(float(counts[place]), float(len(rows)))
        told.append({
            "cluster": place, "name": name, "rows": int(counts[place]), "share": counts[place] / len(rows),
            "low": float(low), "high": float(high), "training_share": trained.get(place),
            "mean_distance": float(total[place] / counts[place]) if counts[place] else None,
        })  # fmt: skip
    known = [one["training_share"] for one in told]
    moved = None if None in known else float(np.abs(counts / len(rows) - np.array(known, np.float64)).sum() / 2)
    outside = int(answers.fits_none[rows].sum())
    low, high = wilson(float(outside), float(len(rows)))
    fits_none = {"rows": outside, "share": outside / len(rows), "low": float(low), "high": float(high)}
    return {"clusters": told, "fits_none": fits_none, "moved": moved}
