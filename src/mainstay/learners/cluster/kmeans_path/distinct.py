"""Equal rows drawn together into one row with their weight: an exact compression, and what ends a path in time.

A photo of 12 million pixels has some hundred thousand colours; a table of categories far fewer different rows.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from mainstay.learners.cluster.kmeans_path.table import finished
from mainstay.learners.cluster.kmeans_path.workers import over_blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.learners.cluster.kmeans_path.table import Table

    Doubles = NDArray[np.float64]
    Numbers = NDArray[np.floating | np.integer]

__all__ = ["merged", "packed"]

_LOOK = 1 << 13
"""Rows that are looked at to see whether there are many equal ones; up to twice as many are always looked through."""

_ENOUGH = 0.9
_BLOCK = 1 << 18


def packed(X: Numbers) -> tuple[Numbers, Doubles | None]:
    """Return the different rows and how often each occurs, for a long narrow table of whole numbers of small range.

    Any other table is returned as it came, without counts. The rows are packed into one whole number each and sorted:
    far quicker than :func:`numpy.unique` over rows.
    """
    if len(X) <= 8 * _LOOK or X.shape[1] > 8:
        return X, None
    span = _span(X)
    if span is None:
        return X, None
    low, steps = span
    size = np.cumprod([1, *steps])
    if size[-1] > 1 << 32:
        return X, None
    keys = np.zeros(len(X), np.uint32)
    exact = np.dtype(np.float32 if size[-1] <= 1 << 24 else np.float64)  # whole numbers up to 2^24 or 2^53

    def part(first: int, last: int) -> None:
        key: NDArray[np.floating] = np.zeros(last - first, exact)
        for column, least, step in zip(X[first:last].T, low, size, strict=False):
            key += (column.astype(exact) - exact.type(least)) * exact.type(step)
        keys[first:last] = key

    deque(over_blocks(part, len(X), _BLOCK), maxlen=0)
    keys.sort()
    heads = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    if len(heads) > _ENOUGH * len(keys):
        return X, None
    counts = np.diff(np.append(heads, len(keys))).astype(np.float64)
    unique = keys[heads].astype(np.int64)
    rows = np.stack(
        [unique // step % length + least for step, length, least in zip(size, steps, low, strict=False)], axis=1
    )
    return rows.astype(np.float32), counts


def merged(table: Table) -> Table:
    """Return the table with equal rows drawn together, where there are enough of them to matter."""
    whole = table.rows <= 2 * _LOOK
    if not whole:
        some = np.unique(_marks(table.augmented[:: table.rows // _LOOK]))
        if len(some) > _ENOUGH * _LOOK:
            return table
    _, heads, owner = np.unique(_marks(table.augmented), return_index=True, return_inverse=True)
    if len(heads) == table.rows or (not whole and len(heads) > _ENOUGH * table.rows) or not _equal(table, heads[owner]):
        return table
    weight = None if table.weight is None else table.weight.astype(np.float64)
    order = np.argsort(heads)
    counts = np.bincount(owner, weight, len(heads)).astype(np.float64)
    return finished(table.augmented[heads[order]], counts[order], table.centre, table.scale)


def _span(X: Numbers) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Return the least value and the number of values of each column; None where one is not whole or too large."""
    some = X[:: len(X) // _LOOK]
    if X.dtype.kind == "f" and not (np.isfinite(some).all() and (np.rint(some) == some).all()):
        return None
    low, high = _folded(np.minimum, X), _folded(np.maximum, X)
    if X.dtype.kind == "f":
        if not (np.isfinite(low).all() and np.isfinite(high).all() and np.abs([low, high]).max() < 1 << 24):
            return None
        for first in range(0, len(X), _BLOCK):
            block = X[first : first + _BLOCK]
            if not (np.rint(block) == block).all():
                return None
    least = low.astype(np.int64)
    return least, high.astype(np.int64) - least + 1


def _folded(least_or_most: np.ufunc, X: Numbers) -> Numbers:
    """Reduce the columns, 64 rows side by side: a reduction over three columns alone is ten times as slow."""
    rest = len(X) % 64
    wide = least_or_most.reduce(X[rest:].reshape(-1, 64 * X.shape[1]), axis=0).reshape(64, -1)
    folded: Numbers = least_or_most.reduce(np.concatenate([wide, X[:rest]]), axis=0)
    return folded


def _marks(augmented: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Return a mark of 64 bits for each row, equal for equal rows."""
    odd = np.random.default_rng(7).integers(0, 1 << 63, augmented.shape[1] - 2, np.uint64) * np.uint64(2) + np.uint64(1)
    marks = np.empty(len(augmented), np.uint64)
    for first in range(0, len(augmented), _BLOCK):
        block = augmented[first : first + _BLOCK, :-2] + np.float32(0.0)  # a negative zero becomes a zero
        marks[first : first + _BLOCK] = (block.view(np.uint32) * odd).sum(axis=1, dtype=np.uint64)
    return marks


def _equal(table: Table, twin: NDArray[np.int64]) -> bool:
    """Say whether each row really equals its twin, and not only its mark."""
    return all(
        bool((table.points[first : first + _BLOCK] == table.points[twin[first : first + _BLOCK]]).all())
        for first in range(0, table.rows, _BLOCK)
    )
