"""The few rows that a member learns from: different ones, drawn in an order that does not depend on that of the rows.

A thousand copies of one row would fill a sample of neighbours and make that row the most usual of all, though it may be
one attack repeated. Each row has a mark made of its values; the marks say which rows are equal, and which are drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Whole = NDArray[np.int64]
    Marks = NDArray[np.uint64]

__all__ = ["different_rows", "drawn_rows", "marks_of"]

_BLOCK = 1 << 14
"""Rows that are marked together: they and their marks fit into the cache."""

_MIX = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(29)


def marks_of(matrix: NDArray[np.floating], *, seed: int = 0) -> Marks:
    """Return a number of 64 bits for each row, equal for equal rows and as good as random.

    Parameters
    ----------
    matrix : float array of shape (n, d)
        Taken as float32; a zero has one sign.
    seed : int, default 0
        Another seed gives other marks.

    Returns
    -------
    uint64 array of shape (n,)
    """
    chance = np.random.default_rng([seed, 0xA70])
    odd: Marks = np.bitwise_or(chance.integers(1 << 62, 1 << 63, size=matrix.shape[1], dtype=np.uint64), np.uint64(1))
    marks = np.empty(len(matrix), np.uint64)
    for first in range(0, len(matrix), _BLOCK):
        block = np.asarray(matrix[first : first + _BLOCK], np.float32) + np.float32(0.0)
        columns = np.ascontiguousarray(block.T).view(np.uint32)
        mark = np.zeros(len(block), np.uint64)
        for place in range(len(odd)):
            mark ^= columns[place] * odd[place]
            mark *= _MIX
            mark ^= mark >> _HALF
        marks[first : first + _BLOCK] = mark
    return marks


def different_rows(matrix: NDArray[np.floating], *, seed: int = 0) -> tuple[Whole, Whole]:
    """Return the positions of the rows that differ, each once, and how often each occurs.

    Parameters
    ----------
    matrix : float array of shape (n, d)
    seed : int, default 0
        Rows come in an order of chance that the seed and their values decide, and not their places.

    Returns
    -------
    first, counts : int64 arrays of shape (m,)

    Examples
    --------
    >>> first, counts = different_rows(np.array([[1.0], [2.0], [1.0]]))
    >>> sorted(zip(first.tolist(), counts.tolist()))
    [(0, 2), (1, 1)]
    """
    _, first, counts = np.unique(marks_of(matrix, seed=seed), return_index=True, return_counts=True)
    return first.astype(np.int64), counts.astype(np.int64)


def drawn_rows(matrix: NDArray[np.floating], most: int, *, seed: int, copies: bool = False) -> Whole:
    """Return the positions of up to ``most`` rows; the same rows whatever order they stand in.

    Parameters
    ----------
    matrix : float array of shape (n, d)
    most : int
    seed : int
    copies : bool, default False
        Whether equal rows count as often as they occur; else each is drawn once at most.

    Examples
    --------
    >>> rows = np.repeat([[1.0], [2.0]], 50, axis=0)
    >>> len(drawn_rows(rows, 10, seed=0)), len(drawn_rows(rows, 10, seed=0, copies=True))
    (2, 10)
    """
    first, counts = different_rows(matrix, seed=seed)
    if not copies:
        return first[:most]
    chance = np.random.default_rng([seed, 0xC0])
    order = chance.permutation(int(counts.sum()))[:most]
    return first[np.searchsorted(np.cumsum(counts), np.sort(order), side="right")]
