"""The detectors of windows, each a body of ``contracts.anomaly_bodies``: principal components, centres, neighbours.

Sub-sequence PCA, K-means distance and nearest neighbours of windows are the best simple methods of the TSB-AD tables
(Liu, Paparrizos 2024), and they fail on different series. Neighbours are sought in several bags of windows: a window
that is in a bag finds itself there, and is still strange to the others. That is what a matrix profile says (Yeh et al.
2016, doi:10.1109/ICDM.2016.0179), thinned so that it can be shipped and asked about new rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.anomaly_bodies import Deviation, Nearest
from mainstay.contracts.anomaly_distances import SAME, squared_distances
from mainstay.contracts.anomaly_scores import member_scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.learner import Deadline

    Doubles = NDArray[np.float64]
    Floats = NDArray[np.float32]

__all__ = ["fit_components", "fit_groups", "fit_neighbours", "fit_own", "left_out_scores"]

_EXPLAINED = 0.95
_ODDEST = 0.1
"""This share of the windows is left out of the second fit, where anomalies may be among them."""

_GROUPS = 20
_LEAST_GROUP = 0.02
_WINDOWS_A_GROUP = 25
_BAGS = 8
_MOST_POINTS = 2_048
_LEAST_VARIANCE = 1e-6
_CELLS = 1 << 20  # distances that are held at once


def fit_own(matrix: Floats, *, clean: bool) -> Deviation:
    """Return the Mahalanobis distance of points: how far all columns together are from usual, in a robust form.

    Parameters
    ----------
    matrix : float32 array of shape (n, columns)
        Surprises.
    clean : bool
        Whether no row is an anomaly.
    """
    columns = matrix.shape[1]
    if columns == 1:
        return Deviation(np.zeros(1), np.ones((1, 1)))
    return fit_components(np.clip(matrix, -5.0, 5.0), clean=clean)


def fit_components(matrix: Floats, *, clean: bool) -> Deviation:
    """Return the distance in principal components, each in units of its own spread; those of little use share one.

    This is the Mahalanobis distance with the covariance of probabilistic PCA (Tipping, Bishop 1999,
    doi:10.1111/1467-9868.00196).

    Parameters
    ----------
    matrix : float32 array of shape (n, d)
    clean : bool
        Whether no row is an anomaly; if some may be, a second fit leaves the oddest tenth out.
    """
    body = _components(matrix)
    if not clean and len(matrix) >= 20:
        odd = member_scores(body, matrix)
        body = _components(matrix[odd <= np.quantile(odd, 1.0 - _ODDEST)])
    return body


def _components(matrix: Floats) -> Deviation:
    rows = matrix.astype(np.float64)
    centre = np.median(rows, axis=0)
    moved = rows - centre
    variances, axes = np.linalg.eigh(moved.T @ moved / len(rows))
    variances = np.maximum(variances[::-1], 0.0)
    axes = axes[:, ::-1]
    total = float(variances.sum())
    kept = int(np.searchsorted(np.cumsum(variances), _EXPLAINED * total)) + 1 if total else 0
    rest = variances[kept:]
    noise = max(float(rest.mean()) if len(rest) else 0.0, _LEAST_VARIANCE)
    sizes = np.concatenate([np.maximum(variances[:kept], noise), np.full(len(rest), noise)])
    return Deviation(centre, axes / np.sqrt(sizes))


def fit_groups(matrix: Floats, *, clean: bool, seed: int, deadline: Deadline) -> Nearest:
    """Return the distance to the nearest of the usual shapes, found by K-means; shapes of few windows are none.

    Parameters
    ----------
    matrix : float32 array of shape (n, d)
    clean : bool
    seed : int
    deadline : Deadline
    """
    from mainstay.learners.cluster.kmeans_path import kmeans_path

    most = max(1, min(_GROUPS, len(matrix) // _WINDOWS_A_GROUP))
    path = kmeans_path(matrix, most, seed=seed, deadline=deadline)
    fit = path[len(path)]
    usual = fit.sizes >= (0.0 if clean else _LEAST_GROUP) * len(matrix)
    centres = fit.centres[usual] if usual.any() else fit.centres[:1]
    centre = matrix.mean(axis=0, dtype=np.float64)
    return Nearest(centre, centres - centre, bags=1, count=1, scale=np.ones(len(centres)))


def fit_neighbours(
    matrix: Floats, window: int, *, clean: bool, seed: int, points: int = _MOST_POINTS
) -> tuple[Nearest, NDArray[np.int64]]:
    """Return the distance to the nearest windows of several bags, and which rows these windows are.

    Parameters
    ----------
    matrix : float32 array of shape (n, d)
        In the order of time.
    window : int
        How many rows in a row overlap: they go into one bag together.
    clean : bool
        With no anomalies one bag is enough.
    seed : int
        Of the draw where there are too many.
    points : int, default 2,048
        The most windows in all bags together.
    """
    centre = matrix.mean(axis=0, dtype=np.float64)
    bags = 1 if clean else max(1, min(_BAGS, len(matrix) // (2 * window)))
    blocks = np.arange(len(matrix)) // window
    random = np.random.default_rng([seed, 5])
    dealt = random.permuted(np.arange(blocks[-1] + 1) % bags)[blocks]
    members = [np.flatnonzero(dealt == bag) for bag in range(bags)]
    size = min(max(1, points // bags), *(len(one) for one in members))
    chosen = np.concatenate([np.sort(random.choice(one, size, replace=False)) for one in members])
    kept = matrix[chosen].astype(np.float64) - centre
    return Nearest(centre, kept, bags=bags, count=1, scale=np.ones(len(kept))), chosen


def left_out_scores(body: Nearest, at: NDArray[np.int64], matrix: Floats, window: int) -> Doubles:
    """Return the scores of windows that a bag was drawn from, each held to those that do not overlap it.

    A new window has no copy of itself in the bag; what its score means is learned from scores that have none either.

    Parameters
    ----------
    body : Nearest
        With one bag.
    at : int64 array of shape (m,)
        The row that each point of the bag is.
    matrix : float32 array of shape (n, d)
        In the order of time.
    window : int
        How many rows in a row overlap.

    Returns
    -------
    float64 array of shape (n,)
        Where all overlap, the score against all.

    Examples
    --------
    >>> rows = np.array([[0.0], [1.0], [5.0], [9.0]], np.float32)
    >>> body = Nearest(np.zeros(1), rows.astype(float), bags=1, count=1, scale=np.ones(4))
    >>> left_out_scores(body, np.arange(4), rows, 2).round(3).tolist()
    [5.0, 8.0, 5.0, 8.0]
    """
    scores, step = np.empty(len(matrix)), max(1, _CELLS // len(at))
    for first in range(0, len(matrix), step):
        some = matrix[first : first + step]
        rows = np.arange(first, first + len(some))
        apart = squared_distances(some - body.centre, body.points, SAME)
        apart[np.abs(rows[:, None] - at) < window] = np.inf
        scores[rows] = np.sqrt(apart.min(axis=1))
    alone = np.flatnonzero(np.isinf(scores))
    scores[alone] = member_scores(body, matrix[alone])
    return scores
