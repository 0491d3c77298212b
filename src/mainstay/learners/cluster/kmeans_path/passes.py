"""One pass over the rows for many sets of centres at once: a matrix product per block, a minimum per set, sums.

The rows are read once whatever the number of sets. A squared distance is a non-negative float32, whose bits order as
whole numbers do; the centre's number goes into its lowest bits, and one minimum of whole numbers finds both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.learners.cluster.kmeans_path.workers import over_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from mainstay.learners.cluster.kmeans_path.table import Table

    Doubles = NDArray[np.float64]
    Floats = NDArray[np.float32]
    Whole = NDArray[np.int32]

__all__ = ["Found", "Sums", "found", "sums_of"]

_ROWS = 2048
"""Rows of a block: with _CELLS / _ROWS centres at a time the distances stay in the cache of a core."""

_CELLS = 1 << 18


@dataclass(frozen=True, slots=True)
class Sums:
    """What a pass adds up for one set of k centres.

    Parameters
    ----------
    centres : float64 array of shape (k, d)
        The centres that the rows were assigned to.
    sums : float64 array of shape (k, d)
        Weighted sums of the rows of each.
    mass : float64 array of shape (k,)
        Sums of weights.
    inertia : float
    """

    centres: Doubles
    sums: Doubles
    mass: Doubles
    inertia: float

    def means(self) -> Doubles:
        """Return the means, and the old centre where a cluster has no rows."""
        safe = np.where(self.mass > 0, self.mass, 1.0)[:, None]
        return np.where(self.mass[:, None] > 0, self.sums / safe, self.centres)


@dataclass(frozen=True, slots=True)
class Found:
    """The nearest centres of some rows, for one set.

    Parameters
    ----------
    label : int32 array of shape (rows,)
    first, second : float32 arrays of shape (rows,)
        Squared distances to the nearest and the second nearest centre; infinity where there is no second.
    """

    label: Whole
    first: Floats
    second: Floats


def sums_of(table: Table, sets: Sequence[Doubles]) -> list[Sums]:
    """Assign all rows to each set of centres, and add up."""
    stacked = _stacked(sets)
    starts = np.concatenate([[0], np.cumsum([len(centres) for centres in sets])])
    groups = list(_groups(starts))

    def part(first: int, last: int) -> Doubles:
        rows = table.augmented[first:last]
        weight = None if table.weight is None else table.weight[first:last]
        labels = np.empty((len(sets), len(rows)), np.int32)
        for low, high in groups:
            _labels(stacked, rows, starts[low : high + 1], labels[low:high])
        return _added(labels, rows[:, :-1], weight, int(starts[-1]))

    whole = np.zeros((int(starts[-1]), table.width + 1))
    for block in over_blocks(part, table.rows, _ROWS):
        whole += block
    return [
        _finished(table, centres, whole[start : start + len(centres)])
        for centres, start in zip(sets, starts, strict=False)
    ]


def found(table: Table, sets: Sequence[Doubles]) -> list[Found]:
    """Return the nearest and second nearest centres of all rows, for each set."""
    stacked = _stacked(sets)
    starts = np.concatenate([[0], np.cumsum([len(centres) for centres in sets])])
    label = np.empty((len(sets), table.rows), np.int32)
    near = np.empty((2, len(sets), table.rows), np.float32)

    def part(first: int, last: int) -> None:
        rows = table.augmented[first:last]
        every = np.arange(len(rows))
        for low, high in _groups(starts):
            distances = stacked[starts[low] : starts[high]] @ rows.T
            for number in range(low, high):
                own = distances[starts[number] - starts[low] : starts[number + 1] - starts[low]]
                nearest = own.argmin(axis=0)
                label[number, first:last] = nearest
                near[0, number, first:last] = own[nearest, every]
                own[nearest, every] = np.inf
                near[1, number, first:last] = own.min(axis=0)

    over_blocks(part, table.rows, _ROWS)
    np.maximum(near, 0.0, out=near)
    return [Found(label[number], near[0, number], near[1, number]) for number in range(len(sets))]


def _stacked(sets: Sequence[Doubles]) -> Floats:
    """Stand all centres above each other as ``(-2 c, |c|^2, 1)``."""
    centres = np.concatenate(sets)
    light = np.empty((len(centres), centres.shape[1] + 2), np.float32)
    light[:, :-2] = -2.0 * centres
    light[:, -2] = (centres**2).sum(axis=1)
    light[:, -1] = 1.0
    return light


def _groups(starts: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Cut the sets into runs whose centres fit into the cache together."""
    low = 0
    for number in range(1, len(starts)):
        if number == len(starts) - 1 or starts[number + 1] - starts[low] > _CELLS // _ROWS:
            yield low, number
            low = number


def _labels(stacked: Floats, rows: Floats, starts: NDArray[np.int64], into: Whole) -> None:
    """Write the nearest centre of each row for each set, numbered in the whole stack."""
    origin = starts[0]
    bits = (1 << int(max(starts[1:] - starts[:-1]) - 1).bit_length()) - 1
    keys = (stacked[origin : starts[-1]] @ rows.T).view(np.int32)
    np.bitwise_and(keys, np.int32(~bits), out=keys)
    own = np.concatenate([np.arange(last - first) for first, last in zip(starts[:-1], starts[1:], strict=True)])
    np.bitwise_or(keys, own.astype(np.int32)[:, None], out=keys)
    for number, (first, last) in enumerate(zip(starts[:-1], starts[1:], strict=True)):
        np.minimum.reduce(keys[first - origin : last - origin], axis=0, out=into[number])
    np.bitwise_and(into, np.int32(bits), out=into)
    into += starts[:-1, None].astype(np.int32)


def _added(labels: Whole, rows: Floats, weight: Floats | None, height: int) -> Floats:
    """Return the weighted sums of the rows (n, d + 1) of each label, for several labellings (sets, n)."""
    from scipy.sparse import csc_array

    sets, n = labels.shape
    places = np.ascontiguousarray(labels.T).ravel()
    ones = np.ones(n * sets, np.float32) if weight is None else np.repeat(weight, sets)
    one_hot = csc_array((ones, places, np.arange(0, n * sets + 1, sets, dtype=np.int32)), shape=(height, n))
    total: Floats = one_hot @ np.ascontiguousarray(rows)
    return total


def _finished(table: Table, centres: Doubles, whole: Doubles) -> Sums:
    sums, mass = whole[:, :-1], whole[:, -1]
    inertia = table.spread - 2.0 * float((sums * centres).sum()) + float(mass @ (centres**2).sum(axis=1))
    return Sums(centres, sums, mass, max(inertia, 0.0))
