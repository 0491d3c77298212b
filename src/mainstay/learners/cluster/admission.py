"""What every clustering algorithm asks of its input before it starts, and how what it found becomes a body."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.clusters import Centres, Clustering, Mixture, assign
from mainstay.contracts.errors import UsageError
from mainstay.contracts.learner import check_parameters
from mainstay.learners.cluster.stand_ins import different_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.clusters import ClusterBody, ClusterLearner, Points
    from mainstay.contracts.learner import Value
    from mainstay.learners.cluster.stand_ins import StandIns

__all__ = ["admit", "by_size", "closed"]


def admit(learner: ClusterLearner, points: Points, k: int | None, settings: Mapping[str, Value]) -> dict[str, Value]:
    """Return the checked settings.

    Raises
    ------
    UsageError
        When a setting does not fit, there are no rows or columns, a number is not finite, a weight is not above 0, or
        k is below 1 or more than there are different rows.
    """
    checked = check_parameters(learner.name, learner.parameters, settings)
    _check_points(learner.name, points)
    if k is not None:
        _check_k(learner.name, points, k)
    return checked


def _check_points(owner: str, points: Points) -> None:
    matrix, weight = points.matrix, points.weight
    if matrix.ndim != 2 or not matrix.size:
        raise UsageError(
            f"rows and columns were expected, and {' x '.join(map(str, matrix.shape))} came",
            where=owner,
            hint="Give at least one row and one column.",
        )
    if not np.isfinite(matrix).all():
        row = int(np.flatnonzero(~np.isfinite(matrix).all(axis=1))[0])
        raise UsageError(
            "finite numbers were expected, and a missing or infinite one came",
            where=f"{owner}, row {row}",
            hint="Prepare the rows first; that fills what is missing.",
        )
    if weight is not None and not (len(weight) == len(matrix) and np.isfinite(weight).all() and (weight > 0).all()):
        raise UsageError(
            "one weight above 0 was expected for each row", where=owner, hint="Leave rows without weight out."
        )


def _check_k(owner: str, points: Points, k: int) -> None:
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 1:
        raise UsageError(f"k must be a whole number of at least 1, and {k!r} came", where=owner)
    # a few rows of which k differ settle it without a look at all
    some = points.take(np.arange(min(points.rows, 50 * k)))
    if len(different_rows(some).points) >= k:
        return
    different = len(different_rows(points).points)
    if different < k:
        raise UsageError(
            f"{k} clusters were asked for, and only {different} of the {points.rows} rows differ",
            where=owner,
            hint=f"Ask for at most {different}.",
        )


def closed(points: Points, rows: StandIns, owner: NDArray[np.integer], notes: Mapping[str, Value]) -> Clustering:
    """Return the clustering of points that stand for rows, -1 for noise; what the body says of the rows counts.

    Parameters
    ----------
    points : Points
    rows : StandIns
        What was clustered.
    owner : int array of shape (m,)
        The cluster of each of them; -1 for noise, which gets the nearest cluster.
    notes : mapping
    """
    noise = owner < 0
    if noise.all():
        owner, noise = np.zeros(len(owner), np.int64), np.zeros(len(owner), bool)
    own = np.unique(owner[~noise], return_inverse=True)[1]
    size = np.bincount(own, rows.weight[~noise])
    place = np.empty(len(size), np.int64)
    place[np.argsort(-size, kind="stable")] = np.arange(len(size))
    body = Centres.of(rows.points[~noise], place[own])
    told: dict[str, Value] = dict(notes)
    if not rows.exact:
        told["micro_clusters"] = len(rows.points)
    return _without_empty(points, body, told, noise[rows.member] if noise.any() else None)


def by_size(points: Points, body: ClusterBody, notes: Mapping[str, Value]) -> Clustering:
    """Return the clustering of a body, its clusters numbered by falling size; those without any row are left out."""
    size = np.bincount(assign(body, points.matrix), points.weight, body.clusters)
    order = np.argsort(-size, kind="stable")
    return _without_empty(points, _renumbered(body, order[size[order] > 0]), notes)


def _without_empty(
    points: Points, body: ClusterBody, notes: Mapping[str, Value], stray: NDArray[np.bool_] | None = None
) -> Clustering:
    """Return the clustering; a point that is no row can be the nearest of none."""
    labels = assign(body, points.matrix)
    filled = np.flatnonzero(np.bincount(labels, minlength=body.clusters))
    if len(filled) < body.clusters:
        body = _renumbered(body, filled)
        labels = assign(body, points.matrix)
    return Clustering(body, labels, dict(notes), stray)


def _renumbered(body: ClusterBody, order: NDArray[np.int64]) -> ClusterBody:
    if isinstance(body, Mixture):
        return Mixture(body.means[order], body.precision_roots[order], body.offset[order])
    place = np.full(body.clusters, -1)
    place[order] = np.arange(len(order))
    owner = place[body.owner]
    kept = np.flatnonzero(owner >= 0)
    kept = kept[np.argsort(owner[kept], kind="stable")]
    return Centres(body.centre, body.points[kept], owner[kept].astype(np.int64))
