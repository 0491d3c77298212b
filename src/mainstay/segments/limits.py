"""How far a row may lie from its group before it "fits none": a conformal limit for each group.

A row that was trained on lies nearer to its group than a new one of the same kind, for the group was drawn around it.
Each row is therefore measured as if it had been left out: from a mean of n rows its distance grows by n / (n - 1); a
row that is itself one of the points of its group is measured to the nearest other one. The limit is the quantile of
these distances that a new row of the same kind exceeds with at most the given probability (conformal prediction: Vovk,
Gammerman and Shafer 2005, doi:10.1007/b106715). Groups with too few rows for a quantile of their own borrow the shape
of all groups, scaled by their own median.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.clusters import Centres

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.clusters import ClusterBody

    Doubles = NDArray[np.float64]

__all__ = ["fitting_limits", "left_out_distances"]

_ROWS = 20_000
_ON_THE_POINT = 1e-6


def fitting_limits(
    body: ClusterBody,
    matrix: NDArray[np.float32],
    labels: NDArray[np.int64],
    *,
    level: float,
    seed: int,
    stray: NDArray[np.bool_] | None = None,
) -> tuple[float, ...]:
    """Return for each cluster the distance beyond which a row fits none.

    Parameters
    ----------
    body : Centres or Mixture
    matrix : float32 array of shape (n, d)
        The rows that were grouped, prepared.
    labels : int64 array of shape (n,)
        Their clusters, as the body says.
    level : float
        The share of new rows of the same kind that may be marked, such as 0.01. With n rows in all it cannot be less
        than 1 / (n + 1): the limit is then the largest distance seen.
    seed : int
        Draws the rows where there are more than 20,000.
    stray : bool array of shape (n,), optional
        Rows that the algorithm called noise; they set no limit.

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal(size=(5000, 2)).astype(np.float32)
    >>> body, labels = Centres.of(rows.mean(axis=0)[None]), np.zeros(5000, np.int64)
    >>> limit, = fitting_limits(body, rows, labels, level=0.01, seed=0)
    >>> 2.9 < limit < 3.2
    True
    """
    chosen = np.arange(len(matrix)) if stray is None or stray.all() else np.flatnonzero(~stray)
    if len(chosen) > _ROWS:
        chosen = np.sort(np.random.default_rng(seed).choice(chosen, _ROWS, replace=False))
    distances = left_out_distances(body, matrix[chosen], labels[chosen], share=len(chosen) / len(matrix))
    return _limits(labels[chosen], distances, body.clusters, level)


def _limits(labels: NDArray[np.int64], distances: Doubles, clusters: int, level: float) -> tuple[float, ...]:
    groups = [distances[labels == cluster] for cluster in range(clusters)]
    whole = float(np.median(distances)) if len(distances) else 0.0
    spread = float(np.median(np.abs(distances - whole))) if len(distances) else 0.0
    middles = [float(np.median(group)) if len(group) else whole for group in groups]
    # Distances from zero are compared as ratios, log densities (of any sign) as differences.
    ratio = bool(len(distances)) and float(distances.min()) >= 0 and min(middles) > 0
    shape = np.concatenate(
        [group / middle if ratio else group - middle for group, middle in zip(groups, middles, strict=True)]
    )
    borrowed = _quantile(shape, level) if len(shape) else (1.0 if ratio else spread)
    limits = []
    for group, middle in zip(groups, middles, strict=True):
        enough = np.ceil((len(group) + 1) * (1 - level)) <= len(group)
        limit = _quantile(group, level) if enough else borrowed * middle if ratio else borrowed + middle
        limits.append(float(max(limit, group.max(initial=-np.inf))) if not enough else float(limit))
    return tuple(limits)


def _quantile(values: Doubles, level: float) -> float:
    """Return the conformal quantile; the largest value where there are too few for the level."""
    place = min(len(values), int(np.ceil((len(values) + 1) * (1 - level))))
    return float(np.partition(values, place - 1)[place - 1])


def left_out_distances(
    body: ClusterBody, matrix: NDArray[np.float32], labels: NDArray[np.int64], *, share: float = 1.0
) -> Doubles:
    """Return how far each row would lie from its cluster had it not been trained on.

    Parameters
    ----------
    body : Centres or Mixture
    matrix : float32 array of shape (n, d)
        Rows that were grouped.
    labels : int64 array of shape (n,)
        Their clusters.
    share : float, default 1
        Which share these are of all rows that were grouped.

    Returns
    -------
    float64 array of shape (n,)
    """
    if isinstance(body, Centres) and len(body.points) > body.clusters:
        return _among_points(body, matrix, labels, share)
    own: Doubles = np.take_along_axis(body.distances(matrix), labels[:, None], axis=1)[:, 0]
    if not isinstance(body, Centres):
        return own
    sizes = np.bincount(labels, minlength=body.clusters) / share
    return _without_itself(own, sizes[labels])


def _without_itself(distance: Doubles, rows: NDArray[np.floating]) -> Doubles:
    """Return the distance to a mean of n rows had this row not been one of them; a row alone says nothing."""
    grown: Doubles = distance * rows / np.maximum(rows - 1.0, 1.0)
    return grown


def _among_points(body: Centres, matrix: NDArray[np.float32], labels: NDArray[np.int64], share: float) -> Doubles:
    """Measure rows in groups of many points: to another point where the row is one, to a mean without it else."""
    from scipy.spatial import cKDTree

    moved = matrix.astype(np.float64) - body.centre
    found = np.zeros(len(matrix))
    for cluster in np.unique(labels):
        points = body.points[body.owner == cluster]
        members = np.flatnonzero(labels == cluster)
        distance, place = cKDTree(points).query(moved[members], k=min(2, len(points)))
        distance, place = distance.reshape(len(members), -1), place.reshape(len(members), -1)
        rows = np.bincount(place[:, 0], minlength=len(points))[place[:, 0]] / share
        size = float(np.sqrt((points**2).sum(axis=1)).max(initial=0.0)) + 1.0
        upon = distance[:, 0] <= _ON_THE_POINT * size
        twins = np.bincount(place[upon, 0], minlength=len(points))[place[:, 0]]
        alone = upon & (twins == 1) & (len(points) > 1)
        found[members] = np.where(alone, distance[:, -1], _without_itself(distance[:, 0], rows))
    return found
