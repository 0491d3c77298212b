"""How far from a cluster is too far: beyond its limit a row fits none, and of rows like those of training few do.

A row that helped to place a centre is nearer to it than a new row would be, and a row that is itself a point of its
cluster is at distance 0. So each training row is asked as if it had been left out, and the limit is the conformal
quantile of these distances: then a new row of the same kind is beyond it with a chance of about the level, whatever
the distribution.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.clusters import Mixture
from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.clusters import Centres, ClusterBody

    Doubles = NDArray[np.float64]

__all__ = ["calibrate_limits", "left_out_answers"]

_CELLS = 4_000_000
_SAME = 1e-9  # of a row's size: nearer than that a row is the point
_ROUNDING = 1e-6  # of the rows' size: distances are not known better than that


def calibrate_limits(
    body: ClusterBody,
    matrix: NDArray[np.float32],
    labels: NDArray[np.int64],
    *,
    level: float = 0.01,
    weight: Doubles | None = None,
) -> Doubles:
    """Return for each cluster the distance beyond which a row fits none.

    The limit of a cluster of n rows is the ceil((n + 1) (1 - level))-th smallest of their distances, each measured
    with the row left out (see :func:`left_out_answers`). A cluster of fewer than 1 / level - 1 rows has no such
    one; then the rows of all clusters are pooled, each distance divided by its cluster's median (of densities: minus
    the median). Where even all rows are too few nothing can be promised, and the limit is twice the largest.

    Parameters
    ----------
    body : Centres or Mixture
    matrix : float32 array of shape (n, d)
        The training rows.
    labels : int64 array of shape (n,)
        Their clusters, as the body says.
    level : float, default 0.01
        The share of new rows of the same kind that may be beyond the limit; above 0 and below 1.
    weight : float64 array of shape (n,), optional
        How many rows each one stands for.

    Returns
    -------
    float64 array of shape (clusters,)
        Infinite for a cluster of no rows.

    Raises
    ------
    UsageError
        When the level is not between 0 and 1, or there is not one label per row.

    Notes
    -----
    Conformal prediction: V. Vovk, A. Gammerman, G. Shafer, "Algorithmic Learning in a Random World", Springer 2005
    (DOI 10.1007/b106715), by cluster as in its section on Mondrian predictors; A. N. Angelopoulos, S. Bates, "A
    Gentle Introduction to Conformal Prediction", arXiv:2107.07511. Left-out distances stand in for a part set aside
    (R. F. Barber and others, "Predictive inference with the jackknife+", DOI 10.1214/20-AOS1965).

    Examples
    --------
    >>> from mainstay.contracts.clusters import Centres
    >>> rows = np.random.default_rng(0).normal(size=(2000, 2)).astype(np.float32)
    >>> limit = calibrate_limits(Centres.of(rows.mean(axis=0)[None]), rows, np.zeros(2000, np.int64))
    >>> bool(2.7 < limit[0] < 3.3)  # of a normal distribution in the plane 1 % is beyond 3.03
    True
    """
    if not 0 < level < 1 or len(labels) != len(matrix):
        raise UsageError(
            f"limits need a level between 0 and 1 and a label per row, and {level} and {len(labels)} labels for "
            f"{len(matrix)} rows came",
            where="limits",
        )
    weights = np.ones(len(matrix)) if weight is None else np.asarray(weight, np.float64)
    nearest, scores = left_out_answers(body, matrix, labels, weight=weights)
    known = np.isfinite(scores)
    middles = _middles(scores, nearest, known, body)
    density = isinstance(body, Mixture)
    with np.errstate(invalid="ignore"):
        shared = (scores - middles[nearest] if density else scores / middles[nearest])[known]
    pooled, enough = _quantile(shared, weights[known], level)
    if not enough:
        pooled = 2 * pooled
    limits = np.full(body.clusters, np.inf)
    for cluster in range(body.clusters):
        own = known & (nearest == cluster)
        limit, alone = _quantile(scores[own], weights[own], level)
        if not alone:
            limit = middles[cluster] + pooled if density else middles[cluster] * pooled
        if (labels == cluster).any():
            limits[cluster] = limit
    return limits if isinstance(body, Mixture) else np.maximum(limits, _ROUNDING * _size(body, matrix))


def left_out_answers(
    body: ClusterBody,
    matrix: NDArray[np.float32],
    labels: NDArray[np.int64],
    *,
    weight: Doubles | None = None,
) -> tuple[NDArray[np.int64], Doubles]:
    """Return which cluster each row would get had it not been there, and how far it would be from it.

    From a centre, the mean of its n rows, a row is n / (n - 1) times as far once it is left out. Of a cluster with
    many points a row that is itself a point goes to the nearest other one, and a row nearest to a mean of some rows
    to that mean without it, or to the next point. Another cluster may then be nearer. A mixture, which no single row
    moves much, answers as it is.

    Parameters
    ----------
    body : Centres or Mixture
    matrix : float32 array of shape (n, d)
    labels : int64 array of shape (n,)
        As the body says.
    weight : float64 array of shape (n,), optional

    Returns
    -------
    clusters : int64 array of shape (n,)
    distances : float64 array of shape (n,)
        Infinite where nothing is left.

    Examples
    --------
    >>> from mainstay.contracts.clusters import Centres
    >>> rows, labels = np.array([[0.0], [1.0], [5.0]], np.float32), np.zeros(3, np.int64)
    >>> left_out_answers(Centres.of(rows, labels), rows, labels)[1].tolist()
    [1.0, 1.0, 4.0]
    >>> left_out_answers(Centres.of(np.array([[2.0]])), rows, labels)[1].tolist()
    [3.0, 1.5, 4.5]
    """
    weights = np.ones(len(matrix)) if weight is None else np.asarray(weight, np.float64)
    clusters, scores = labels.astype(np.int64), np.full(len(matrix), np.inf)
    if not isinstance(body, Mixture):
        for cluster in range(body.clusters):
            rows = np.flatnonzero(labels == cluster)
            if len(rows):
                moved = matrix[rows].astype(np.float64) - body.centre
                scores[rows] = _within(body.points[body.owner == cluster], moved, weights[rows])
    step = max(1, _CELLS // body.clusters)
    for start in range(0, len(matrix), step):
        block = slice(start, start + step)
        distances = body.distances(matrix[block])
        every = np.arange(len(distances))
        if not isinstance(body, Mixture):
            distances[every, labels[block]] = scores[block]
        # Of equally near clusters a row keeps its own.
        other = distances.argmin(axis=1)
        moves = distances[every, other] < distances[every, labels[block]]
        clusters[block] = np.where(moves, other, labels[block])
        scores[block] = distances[every, clusters[block]]
    return clusters, scores


def _within(points: Doubles, moved: Doubles, weight: Doubles) -> Doubles:
    """Return the left-out distances of the rows of one cluster."""
    nearest, first, second = _two_nearest(points, moved)
    held = np.bincount(nearest, weights=weight, minlength=len(points))[nearest]
    rest = held - weight
    # The mean of the others is that much further away; of no others it is nowhere.
    without = np.where(rest > 1e-9 * held, first * held / np.where(rest > 0, rest, 1.0), np.inf)
    if len(points) == 1:
        return without
    gap = np.abs(moved - points[nearest]).max(axis=1, initial=0.0)
    same = gap <= _SAME * np.maximum(np.abs(moved).max(axis=1, initial=0.0), np.finfo(np.float32).tiny)
    copies = np.bincount(nearest, weights=weight * same, minlength=len(points))[nearest]
    is_row = np.bincount(nearest, weights=same.astype(np.float64), minlength=len(points))[nearest] > 0
    alone = same & (copies - weight <= 1e-9 * copies)
    stays = np.where(same, 0.0, first)  # the point is a row of its own: it stays where it is without this one
    return np.where(alone, second, np.where(is_row, stays, np.minimum(without, second)))


def _two_nearest(points: Doubles, moved: Doubles) -> tuple[NDArray[np.int64], Doubles, Doubles]:
    """Return each row's nearest point, how far it is, and how far the second is (infinite where there is none)."""
    nearest = np.empty(len(moved), np.int64)
    first, second = np.empty(len(moved)), np.full(len(moved), np.inf)
    step = max(1, _CELLS // len(points))
    own = (points**2).sum(axis=1)
    for start in range(0, len(moved), step):
        block = slice(start, start + step)
        rows = moved[block]
        squares = np.maximum((rows**2).sum(axis=1)[:, None] - 2.0 * (rows @ points.T) + own, 0.0)
        every = np.arange(len(rows))
        nearest[block] = squares.argmin(axis=1)
        first[block] = np.sqrt(squares[every, nearest[block]])
        squares[every, nearest[block]] = np.inf
        second[block] = np.sqrt(squares.min(axis=1))
    return nearest, first, second


def _middles(scores: Doubles, labels: NDArray[np.int64], known: NDArray[np.bool_], body: ClusterBody) -> Doubles:
    """Return what a usual distance is in each cluster; of a cluster without one, what is usual in all."""
    usual = float(np.median(scores[known])) if known.any() else 0.0
    middles = np.full(body.clusters, usual)
    for cluster in range(body.clusters):
        own = scores[known & (labels == cluster)]
        if len(own):
            middles[cluster] = np.median(own)
    if isinstance(body, Mixture):
        return middles
    # A cluster that is mostly copies of a row has no scale of its own.
    return np.where(middles > 0, middles, usual if usual > 0 else 1.0)


def _quantile(scores: Doubles, weight: Doubles, level: float) -> tuple[float, bool]:
    """Return the conformal quantile, or the largest and false where there are too few rows."""
    if not len(scores):
        return 0.0, False
    order = np.argsort(scores, kind="stable")
    counted = np.cumsum(weight[order])
    needed = (1 - level) * (counted[-1] + 1)
    at = int(np.searchsorted(counted, needed * (1 - 1e-12)))
    if at >= len(scores):
        return float(scores[order[-1]]), False
    return float(scores[order[at]]), True


def _size(body: Centres, matrix: NDArray[np.float32]) -> float:
    """Return the root mean square length of the rows, as the body sees them."""
    if not matrix.size:
        return 0.0
    return float(np.sqrt(((matrix.astype(np.float64) - body.centre) ** 2).sum(axis=1).mean()))
