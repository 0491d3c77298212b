"""How far a row is from the rows nearest to it: no assumption about shape, and the best of all on clean rows.

Two things would make it blind: copies of one anomaly are each other's neighbours, so equal rows count once; and a dense
group of anomalies is near itself, so that neighbours are sought in several small samples (bags), each of which holds
too few of such a group to fill the ``count`` places (Aggarwal and Sathe 2015, doi:10.1145/2830544.2830549).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.anomaly_bodies import Nearest
from mainstay.learners.anomaly.reference_rows import drawn_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

__all__ = ["fit_knn", "left_out_distances"]

_BLOCK = 1 << 22
"""Distances that are held at a time."""


def fit_knn(matrix: NDArray[np.floating], *, seed: int, count: int = 5, points: int = 2048, bags: int = 16) -> Nearest:
    """Return the mean distance to the nearest of the drawn rows, bag by bag.

    A row that was drawn finds itself in its bag, at distance 0. Where every row was drawn all are alike in that, and a
    row never seen before is not: learn scales and p-values from :func:`left_out_distances`.

    Parameters
    ----------
    matrix : float array of shape (n, d)
        Finite.
    seed : int
        Draws the rows.
    count : int, default 5
        How many neighbours in each bag; fewer where a bag is smaller.
    points : int, default 2048
        So many different rows are drawn at most, for all bags together.
    bags : int, default 16
        A row is in one bag at most. Fewer where a bag would hold fewer than ``8 * count`` rows. One bag finds what is
        odd among its neighbours only, and is best for rows known to be clean.

    Returns
    -------
    Nearest

    Examples
    --------
    >>> body = fit_knn(np.arange(6.0)[:, None], seed=0, count=2)
    >>> body.points.shape, body.bags, body.count
    ((6, 1), 1, 2)
    """
    drawn = drawn_rows(matrix, points, seed=seed)
    bags = max(1, min(bags, len(drawn) // (8 * count)))
    drawn = drawn[: len(drawn) // bags * bags]
    rows = np.asarray(matrix[drawn], np.float64)
    centre = np.median(rows, axis=0)
    return Nearest(centre, rows - centre, bags, min(count, len(rows) // bags), np.ones(len(rows)))


def left_out_distances(body: Nearest, matrix: NDArray[np.floating]) -> Doubles:
    """Return the scores of rows that the body was made from: each is compared with the others, not with itself.

    Parameters
    ----------
    body : Nearest
    matrix : float array of shape (n, d)
        A row is known again by its values; its copies are passed over with it.

    Returns
    -------
    float64 array of shape (n,)
        As if the row had not been drawn: in a bag that holds it, the neighbours after it count.

    Examples
    --------
    >>> rows = np.arange(6.0)[:, None]
    >>> left_out_distances(fit_knn(rows, seed=0, count=1), rows).tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """
    size = len(body.points) // body.bags
    total = np.zeros(len(matrix))
    step = max(1, _BLOCK // size)
    for first in range(0, len(matrix), step):
        rows = np.asarray(matrix[first : first + step], np.float64) - body.centre
        for bag in range(body.bags):
            held = slice(bag * size, (bag + 1) * size)
            total[first : first + step] += _mean_of_others(rows, body.points[held], body.scale[held], body.count)
    return total / body.bags


def _mean_of_others(rows: Doubles, points: Doubles, scale: Doubles, count: int) -> Doubles:
    """Return the mean distance to the nearest points that are not the row itself."""
    squared = (rows**2).sum(axis=1)[:, None] - 2 * (rows @ points.T) + (points**2).sum(axis=1)
    seen = min(count + 1, len(points))
    near = np.argpartition(squared, seen - 1, axis=1)[:, :seen]
    # the expanded square has no digits left where it should be 0, so the few nearest are measured again
    exact = np.sqrt(((rows[:, None, :] - points[near]) ** 2).sum(axis=2)) * scale[near]
    exact.sort(axis=1)
    itself = (exact[:, 0] == 0) & (seen > count)
    return np.asarray(np.where(itself, exact[:, -count:].mean(axis=1), exact[:, :count].mean(axis=1)), np.float64)
