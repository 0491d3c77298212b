"""The facts of each cluster that need every row: its size, its share, its typical member, its nearest neighbour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluate.intervals import Score
from mainstay.evaluate.proportions import wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["neighbours", "shares", "typical_rows"]

_BLOCK = 65_536


def shares(sizes: Ints) -> list[Score]:
    """Return the share of all rows that each cluster has, with Wilson's 95 % interval.

    Examples
    --------
    >>> str(shares(np.array([30, 70]))[0])
    '0.300 (0.219-0.396)'
    """
    total = float(sizes.sum())
    low, high = wilson(sizes.astype(np.float64), total)
    return [
        Score(float(size) / total, float(first), float(second))
        for size, first, second in zip(sizes, low, high, strict=True)
    ]


def typical_rows(matrix: NDArray[np.floating], labels: Ints, clusters: int) -> Ints:
    """Return for each cluster the row nearest to its mean in the prepared columns, the first of equal ones.

    Parameters
    ----------
    matrix : array of shape (n, d)
        Prepared rows.
    labels : int64 array of shape (n,)
    clusters : int

    Examples
    --------
    >>> typical_rows(np.array([[0.0], [1.0], [2.0], [9.0]]), np.array([0, 0, 0, 1]), 2).tolist()
    [1, 3]
    """
    sizes = np.bincount(labels, minlength=clusters)
    means = np.zeros((clusters, matrix.shape[1]))
    for start in range(0, len(labels), _BLOCK):
        block, mine = np.asarray(matrix[start : start + _BLOCK], np.float64), labels[start : start + _BLOCK]
        order = np.argsort(mine, kind="stable")
        seen, first = np.unique(mine[order], return_index=True)
        means[seen] += np.add.reduceat(block[order], first, axis=0)
    means /= np.maximum(sizes, 1)[:, None]
    distance = np.concatenate(
        [
            np.square(
                np.asarray(matrix[start : start + _BLOCK], np.float64) - means[labels[start : start + _BLOCK]]
            ).sum(axis=1)
            for start in range(0, len(labels), _BLOCK)
        ]
    )
    order = np.lexsort((np.arange(len(labels)), distance, labels))
    first = np.searchsorted(labels[order], np.arange(clusters))
    return order[np.minimum(first, len(order) - 1)].astype(np.int64)


def neighbours(distances: Floats, labels: Ints) -> list[int | None]:
    """Return for each cluster the one that is second choice for most of its rows; None where there is no other.

    Parameters
    ----------
    distances : float64 array of shape (n, clusters)
    labels : int64 array of shape (n,)

    Examples
    --------
    >>> neighbours(np.array([[0.0, 2.0, 3.0], [5.0, 0.0, 9.0], [4.0, 1.0, 0.0]]), np.array([0, 1, 2]))
    [1, 0, 1]
    """
    clusters = distances.shape[1]
    if clusters < 2:
        return [None] * clusters
    away = distances.copy()
    away[np.arange(len(labels)), labels] = np.inf
    second = away.argmin(axis=1)
    votes = np.bincount(labels * clusters + second, minlength=clusters**2).reshape(clusters, clusters)
    return [int(row.argmax()) if row.any() else None for row in votes]
