"""Deals indivisible sets of rows to parts, so that each part has its share of the rows and of every class.

One algorithm serves the test split and the folds, single rows and groups. Sets with the same number of rows of each
class can stand for one another, so they are dealt together by proportion; only what is left over, and the sets
like no other, are placed one at a time where they are most needed. That takes a second for 500,000 rows, where
placing every set on its own takes minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.data.split_fingerprints import mix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["deal"]

_SLACK = 1.1  # a part may overrun its share by a tenth before a set is sent elsewhere
_PASSES = 5


def deal(
    units: NDArray[np.int64],
    strata: NDArray[np.int64],
    shares: Sequence[float],
    *,
    seed: int,
    first_has_all: bool = False,
) -> NDArray[np.int64]:
    """Return the part of each row.

    Parameters
    ----------
    units : int64 array of shape (n,)
        Rows with the same number (0, 1, ...) stay together.
    strata : int64 array of shape (n,)
        The class or the bin of the target (0, 1, ...), of which each part should have its share.
    shares : sequence of float
        The share of each part; they sum to 1.
    seed : int
        The same seed and the same sets give the same parts.
    first_has_all : bool, default False
        Whether every class must occur in part 0; otherwise no class with two sets lies in one part alone.

    Returns
    -------
    int64 array of shape (n,)
        Positions in ``shares``. No part is empty where there are as many sets as parts.

    Examples
    --------
    >>> parts = deal(np.arange(10), np.repeat([0, 1], 5), (0.8, 0.2), seed=0)
    >>> np.bincount(parts).tolist(), np.bincount(parts[:5]).tolist()
    ([8, 2], [4, 1])
    """
    sets = _Sets.of(units, strata)
    table = _Dealing(sets, tuple(shares), np.random.default_rng(seed))
    placed = table.run()
    _fill_empty(placed, sets.sizes, len(shares))
    _spread_classes(placed, sets, strata, first_has_all=first_has_all)
    return placed[units]


@dataclass(frozen=True)
class _Sets:
    """Sets of rows, sorted so that each set's classes lie in one run."""

    units: NDArray[np.int64]
    sizes: NDArray[np.int64]
    starts: NDArray[np.int64]
    sorted_strata: NDArray[np.int64]
    kinds: NDArray[np.int64]
    strata_count: int

    @classmethod
    def of(cls, units: NDArray[np.int64], strata: NDArray[np.int64]) -> _Sets:
        sizes = np.bincount(units)
        order = np.argsort(units, kind="stable")
        starts = np.cumsum(sizes) - sizes
        sorted_strata = strata[order]
        # A sum of well-mixed numbers is the same for the same classes in any order.
        sums = np.add.reduceat(mix(sorted_strata.astype(np.uint64) + np.uint64(1)), starts)
        kinds = np.unique(sums, return_inverse=True)[1]
        return cls(units, sizes, starts, sorted_strata, kinds, int(strata.max(initial=0)) + 1)

    def classes_of(self, unit: int) -> dict[int, int]:
        """Count the rows of each class in one set."""
        start = int(self.starts[unit])
        counts: dict[int, int] = {}
        for stratum in self.sorted_strata[start : start + int(self.sizes[unit])].tolist():
            counts[stratum] = counts.get(stratum, 0) + 1
        return counts


class _Dealing:
    """What each part has so far, and what it should have."""

    def __init__(self, sets: _Sets, shares: tuple[float, ...], rng: np.random.Generator) -> None:
        self.sets = sets
        self.shares = shares
        self.rng = rng
        self.rows = [0.0] * len(shares)
        self.seen = 0.0
        self.class_rows = [[0.0] * sets.strata_count for _ in shares]
        self.class_seen = [0.0] * sets.strata_count
        counts = np.maximum(np.bincount(sets.sorted_strata, minlength=sets.strata_count), 1)
        self.weights = np.sqrt(len(sets.units) / counts).tolist()  # a row too few hurts a rare class most
        self.limits = [share * len(sets.units) * _SLACK + 1 for share in shares]

    def run(self) -> NDArray[np.int64]:
        """Deal all sets, the large ones first: they are the hardest to balance."""
        sets = self.sets
        members = np.argsort(sets.kinds, kind="stable")
        ends = np.cumsum(np.bincount(sets.kinds))
        runs = np.split(members, ends[:-1])
        first = np.array([run[0] for run in runs])
        bucket = np.log2(sets.sizes[first]).astype(np.int64)
        placed = np.empty(len(sets.sizes), np.int64)
        for kind in np.lexsort((self.rng.random(len(runs)), -bucket)).tolist():
            run = runs[kind]
            placed[run] = self._deal_kind(run)
        return placed

    def _deal_kind(self, run: NDArray[np.int64]) -> NDArray[np.int64]:
        """Deal sets that can stand for one another: by proportion, then what is left over by need."""
        classes = self.sets.classes_of(int(run[0]))
        whole = [int(len(run) * share) for share in self.shares]
        for part, count in enumerate(whole):
            self._give(part, classes, count)
        parts = np.repeat(np.arange(len(self.shares)), whole).tolist()
        for _ in range(len(run) - sum(whole)):
            part = self._neediest(classes)
            self._give(part, classes, 1)
            parts.append(part)
        return self.rng.permutation(np.array(parts, np.int64)) if len(run) > 1 else np.array(parts, np.int64)

    def _give(self, part: int, classes: dict[int, int], count: int) -> None:
        for stratum, rows in classes.items():
            self.class_rows[part][stratum] += rows * count
            self.class_seen[stratum] += rows * count
            self.rows[part] += rows * count
            self.seen += rows * count

    def _neediest(self, classes: dict[int, int]) -> int:
        """Return the part that is furthest behind its share once this set is counted as seen."""
        size = sum(classes.values())
        noise = self.rng.random(len(self.shares)).tolist()
        total = len(self.sets.units)
        best, best_need = 0, -np.inf
        for part, share in enumerate(self.shares):
            need = share * (self.seen + size) - self.rows[part]
            for stratum, rows in classes.items():
                short = share * (self.class_seen[stratum] + rows) - self.class_rows[part][stratum]
                need += self.weights[stratum] * short * rows / size
            need += 0.25 * size * noise[part]
            if self.rows[part] + size > self.limits[part]:
                # Beyond its share: only taken where every part is, and then where most room is left.
                need = share * total - self.rows[part] - 1e6 * total
            if need > best_need:
                best, best_need = part, need
        return best


def _fill_empty(placed: NDArray[np.int64], sizes: NDArray[np.int64], parts: int) -> None:
    """Move the smallest set into each empty part, so that a split into few groups still has both sides."""
    for part in range(parts):
        counts = np.bincount(placed, minlength=parts)
        if counts[part] == 0 and (counts > 1).any():
            movable = np.flatnonzero(counts[placed] > 1)
            placed[movable[np.argmin(sizes[movable])]] = part


def _spread_classes(placed: NDArray[np.int64], sets: _Sets, strata: NDArray[np.int64], *, first_has_all: bool) -> None:
    """Move a set of each class that learning would otherwise not see; a move may undo another, so look again."""
    parts = int(placed.max()) + 1
    for _ in range(_PASSES):
        present = np.zeros((parts, sets.strata_count), np.bool_)
        present[placed[sets.units], strata] = True
        lost = ~present[0] & present.any(axis=0) if first_has_all else present.sum(axis=0) == 1
        moved = [
            _move_one(placed, sets, np.unique(sets.units[strata == stratum]), parts, first_has_all)
            for stratum in np.flatnonzero(lost).tolist()
        ]
        if not any(moved):
            return


def _move_one(placed: NDArray[np.int64], sets: _Sets, holders: NDArray[np.int64], parts: int, to_first: bool) -> bool:
    """Move the smallest set of a class that lies in one part alone, where that leaves no part empty."""
    counts = np.bincount(placed, minlength=parts)
    movable = holders[counts[placed[holders]] > 1]
    if parts < 2 or not len(movable) or (len(holders) < 2 and not to_first):
        return False
    smallest = movable[np.argmin(sets.sizes[movable])]
    others = [part for part in range(parts) if part != placed[smallest]]
    placed[smallest] = 0 if to_first else min(others, key=lambda part: int(counts[part]))
    return True
