"""One pass over the rows for many sets of centres at once: a matrix product per block, a minimum per set, sums.

The rows are read once whatever the number of sets. A squared distance is a non-negative float32, whose bits order as
whole numbers do; the centre's number goes into its lowest bits, and one minimum of whole numbers finds both. What is
lost are the last bits of the distance: two centres count as equally near when they are so to four or five digits.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mainstay.learners.cluster.kmeans_path.table import SHORT
from mainstay.learners.cluster.kmeans_path.workers import over_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from mainstay.learners.cluster.kmeans_path.table import Table

    Doubles = NDArray[np.float64]
    Floats = NDArray[np.float32]
    Whole = NDArray[np.int32]

__all__ = ["Near", "Sums", "augmented", "nearest", "sums_of"]

_ROWS = 1024
"""Rows of a block: with _CENTRES at a time the distances stay in the cache of a core."""

_CENTRES = 256

_WORTH = 1 << 18
"""Distances in a run of rows from which it is looked which centres they can be nearest to."""

_USEFUL = 0.75
_SLACK = 1e-2

_LIGHT, _LIGHT_SHORT = 9, 20
"""Up to so many centres in a set, on average, sums are taken by a matrix product with ones and zeros; up to more in
short tables, where importing SciPy would take longer than the path."""


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

    def ahead(self) -> float:
        """Return the inertia with the rows where they are and the centres moved to their means."""
        return self.inertia - float(self.mass @ ((self.means() - self.centres) ** 2).sum(axis=1))


@dataclass(frozen=True, slots=True)
class Near:
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


@dataclass(frozen=True, slots=True)
class _Stack:
    """All centres above each other, and where each set begins."""

    centres: Floats
    starts: NDArray[np.int64]
    own: NDArray[np.int64]
    bits: int
    places: NDArray[np.int32]

    @classmethod
    def of(cls, sets: Sequence[Doubles]) -> _Stack:
        lengths = [len(centres) for centres in sets]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        own = np.concatenate([np.arange(length) for length in lengths])
        places = np.arange(starts[-1], dtype=np.int32)
        return cls(augmented(np.concatenate(sets)), starts, own, max(1, max(lengths) - 1).bit_length(), places)

    @property
    def height(self) -> int:
        return len(self.centres)

    def bounds(self, table: Table) -> tuple[int, ...]:
        """Return where the runs of the rows end, if they are long enough to look at each."""
        return table.cuts if table.rows * self.height > _WORTH * len(table.cuts) else ()

    def within_reach(self, rows: Floats) -> _Stack:
        """Leave out centres that are nearest to none of the rows, for all of these lie in one ball."""
        middle = rows.mean(axis=0, dtype=np.float64)
        middle[-1] = middle[:-2] @ middle[:-2]
        radius = np.sqrt(max(0.0, float(((rows[:, :-2] - middle[:-2].astype(np.float32)) ** 2).sum(axis=1).max())))
        apart = np.sqrt(np.maximum(self.centres @ middle.astype(np.float32), np.float32(0.0)))
        nearest_one = np.minimum.reduceat(apart, self.starts[:-1])
        kept = apart <= np.repeat(nearest_one + 2.0 * radius + _SLACK, np.diff(self.starts))
        count = np.add.reduceat(kept, self.starts[:-1], dtype=np.int64)
        if count.sum() > _USEFUL * self.height:
            return self
        starts = np.concatenate([[0], np.cumsum(count)])
        return replace(self, centres=self.centres[kept], starts=starts, own=self.own[kept], places=self.places[kept])

    def groups(self) -> Iterator[tuple[int, int]]:
        """Cut the sets into runs whose centres fit into the cache together."""
        low = 0
        for number in range(1, len(self.starts)):
            if number == len(self.starts) - 1 or self.starts[number + 1] - self.starts[low] > _CENTRES:
                yield low, number
                low = number

    def cuts(self, low: int, high: int) -> list[tuple[int, int, int]]:
        """Return number, first and last place of each set among the keys of the sets low to high."""
        places = (self.starts[low : high + 1] - self.starts[low]).tolist()
        return [(number, *cut) for number, cut in enumerate(pairwise(places), low)]

    def keys(self, rows: Floats, low: int, high: int) -> Whole:
        """Return the squared distances of the sets low to high, (centres, rows), numbered in their lowest bits."""
        first, last = self.starts[low], self.starts[high]
        keys = (self.centres[first:last] @ rows.T).view(np.int32)
        own = self.own[first:last, None]
        if keys.shape[1] % 2 == 0:  # two at a time
            pairs = keys.view(np.int64)
            pairs &= np.int64(~(((1 << self.bits) - 1) * 0x1_0000_0001))
            pairs |= own * 0x1_0000_0001
        else:
            keys &= np.int32(~((1 << self.bits) - 1))
            keys |= own.astype(np.int32)
        return keys


def sums_of(table: Table, sets: Sequence[Doubles]) -> list[Sums]:
    """Assign all rows to each set of centres, and add up."""
    stack = _Stack.of(sets)
    mask = np.int32((1 << stack.bits) - 1)
    bounds = stack.bounds(table)
    light = (_LIGHT_SHORT if table.rows < SHORT else _LIGHT) * len(sets)

    def part(first: int, last: int) -> Floats:
        rows = table.augmented[first:last]
        weight = None if table.weight is None else table.weight[first:last]
        near = stack.within_reach(rows) if bounds else stack
        if near.height <= light:
            return _few(near, rows, weight, stack.height)
        labels = np.empty((len(sets), len(rows)), np.int32)
        for low, high in near.groups():
            keys = near.keys(rows, low, high)
            for number, begin, end in near.cuts(low, high):
                np.minimum.reduce(keys[begin:end], axis=0, out=labels[number])
        labels &= mask
        labels += stack.starts[:-1, None].astype(np.int32)
        return _added(labels, rows[:, :-1], weight, stack.height)

    whole = np.zeros((stack.height, table.width + 1))
    for block in over_blocks(part, table.rows, _ROWS, bounds):
        whole += block
    parts = np.split(whole, stack.starts[1:-1])
    return [_finished(table, centres, own) for centres, own in zip(sets, parts, strict=True)]


def nearest(table: Table, sets: Sequence[Doubles], *, second: bool = False) -> list[Near]:
    """Return the nearest centres of all rows for each set, with the second nearest where it is asked for."""
    stack = _Stack.of(sets)
    label = np.empty((len(sets), table.rows), np.int32)
    near = np.full((2, len(sets), table.rows), np.inf, np.float32)
    mask = np.int32((1 << stack.bits) - 1)
    bounds = () if second else stack.bounds(table)

    def part(first: int, last: int) -> None:
        rows = table.augmented[first:last]
        every = np.arange(len(rows))
        near_stack = stack.within_reach(rows) if bounds else stack
        for low, high in near_stack.groups():
            keys = near_stack.keys(rows, low, high)
            for number, begin, end in near_stack.cuts(low, high):
                own = keys[begin:end]
                best = own.min(axis=0)
                label[number, first:last] = best & mask
                near[0, number, first:last] = best.view(np.float32)
                if second and end - begin > 1:
                    own[best & mask, every] = np.iinfo(np.int32).max
                    near[1, number, first:last] = own.min(axis=0).view(np.float32)

    deque(over_blocks(part, table.rows, _ROWS, bounds), maxlen=0)
    np.maximum(near, 0.0, out=near)
    return [Near(label[number], near[0, number], near[1, number]) for number in range(len(sets))]


def augmented(centres: Doubles) -> Floats:
    """Return centres as ``(-2 c, |c|^2, 1)``, (k, d + 2): the product with augmented rows are squared distances."""
    light = np.empty((len(centres), centres.shape[1] + 2), np.float32)
    light[:, :-2] = -2.0 * centres
    light[:, -2] = (centres**2).sum(axis=1)
    light[:, -1] = 1.0
    return light


def _few(stack: _Stack, rows: Floats, weight: Floats | None, height: int) -> Floats:
    """Return the sums where sets are small: one more matrix product is quicker then, and needs no SciPy."""
    total = np.zeros((height, rows.shape[1] - 1), np.float32)
    values = rows[:, :-1] if weight is None else rows[:, :-1] * weight[:, None]
    for low, high in stack.groups():
        keys = stack.keys(rows, low, high)
        own = np.empty(keys.shape, np.float32)
        for _, begin, end in stack.cuts(low, high):
            np.equal(keys[begin:end], keys[begin:end].min(axis=0), out=own[begin:end], casting="unsafe")
        total[stack.places[stack.starts[low] : stack.starts[high]]] = own @ values
    return total


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
