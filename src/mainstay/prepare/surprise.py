"""How rare a row's categories are, alone and beside each other, and how rare it is that a number is missing.

A category has no distance, but it has a share: the logarithm of one over it is how surprising a level is. A pair of
columns that depend on each other has surprising combinations of usual levels (a city in another country).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import msgspec
import numpy as np

from mainstay.prepare.encode import within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.prepare.operations import Operations
    from mainstay.prepare.step import Block, Names, Seen

    Codes = NDArray[np.int64]
    Doubles = NDArray[np.float64]

__all__ = ["Surprise", "fit_surprise"]

Tensor = TypeVar("Tensor")

_LARGEST_TABLE = 250_000
_TO_CHOOSE = 20_000
_LEAST_GAIN = 0.1
"""The share of a column's entropy that another must explain, at the least, to be its condition."""
_PRIOR_ROWS = 2.0
_OFTEN = 0.5


class Surprise(msgspec.Struct, frozen=True, tag=True):
    """Look up how surprising each category is, each combination, and each missing number.

    Parameters
    ----------
    levels : tuple of int
        How many levels are known, per category column.
    columns : tuple of int
        The category columns of which some levels are rarer than others.
    tables : tuple of bytes
        For each of them float32 (little endian): of the codes -1, 0, ..., levels.
    pairs : tuple of (int, int)
        Category columns, and the one that each is looked at beside.
    pair_tables : tuple of bytes
        For each pair float32: codes of the second by codes of the first, each -1, 0, ..., levels.
    missing : tuple of int
        Number columns.
    absent, present : tuple of float
        For each of them what a row without and with a value has.
    names : tuple of str
        Of the features: columns, pairs, missing.
    """

    levels: tuple[int, ...]
    columns: tuple[int, ...] = ()
    tables: tuple[bytes, ...] = ()
    pairs: tuple[tuple[int, int], ...] = ()
    pair_tables: tuple[bytes, ...] = ()
    missing: tuple[int, ...] = ()
    absent: tuple[float, ...] = ()
    present: tuple[float, ...] = ()
    names: tuple[str, ...] = ()

    def rename(self, names: Names) -> Names:
        """Add the features' names."""
        return replace(names, encoded=names.encoded + self.names)

    def apply(self, run: Operations[Tensor], block: Block[Tensor]) -> Block[Tensor]:
        """Look up."""
        parts = [] if block.encoded is None else [block.encoded]
        if block.categories is not None and self.columns:
            places = run.do("Add", within(run, block.categories, self.levels), _whole(run, 1))
            parts += [_found(run, run.take(places, [c]), t) for c, t in zip(self.columns, self.tables, strict=True)]
            for (column, given), table in zip(self.pairs, self.pair_tables, strict=True):
                before = run.do("Mul", run.take(places, [given]), _whole(run, self.levels[column] + 2))
                parts.append(_found(run, run.do("Add", before, run.take(places, [column])), table))
        if block.numbers is not None and self.missing:
            absent, present = (run.constant(np.array([one], np.float32)) for one in (self.absent, self.present))
            parts.append(run.do("Where", run.do("IsNaN", run.take(block.numbers, self.missing)), absent, present))
        return replace(block, encoded=run.join(parts) if parts else None)


def _whole(run: Operations[Tensor], number: int) -> Tensor:
    return run.constant(np.full((1, 1), number, np.int64))


def _found(run: Operations[Tensor], places: Tensor, table: bytes) -> Tensor:
    return run.lookup(run.constant(np.frombuffer(table, "<f4").astype(np.float32)), places)


def fit_surprise(seen: Seen, numbers: Sequence[int]) -> Surprise | None:
    """Count levels, combinations and missing numbers; None where none of them tells rows apart.

    A share is a count with half a row more, so that a level that was never seen has one as well. Features have their
    median at 0 and are in units of e-folds, or of their deviation where that is larger.

    Parameters
    ----------
    seen : Seen
        Before missing numbers are filled.
    numbers : sequence of int
        The number columns whose missing values count: one for each column of the table.
    """
    codes, levels = seen.block.categories, seen.names.levels
    columns, tables, names = [], [], []
    for column, known in enumerate(levels):
        own = _scaled(_alone(codes[:, column], known), codes[:, column] + 1) if codes is not None else None
        if own is not None:
            columns.append(column)
            tables.append(own)
            names.append(seen.names.categories[column])
    pairs, pair_tables = _pairs(codes, levels) if codes is not None and columns else ([], [])
    names += [f"{seen.names.categories[column]} | {seen.names.categories[given]}" for column, given in pairs]
    missing, absent, present = _missing(seen.block.numbers, numbers)
    names += [f"{seen.names.numbers[column]} is missing" for column in missing]
    if not names:
        return None
    return Surprise(
        levels, tuple(columns), tuple(tables), tuple(pairs), tuple(pair_tables),
        tuple(missing), tuple(absent), tuple(present), tuple(names),
    )  # fmt: skip


def _alone(codes: Codes, levels: int) -> Doubles:
    """Return minus the logarithm of the share of the codes -1, 0, ..., levels."""
    counts = np.bincount(np.clip(codes, -1, levels) + 1, minlength=levels + 2) + 0.5
    return np.asarray(-np.log(counts / counts.sum()), np.float64)


def _scaled(table: Doubles, places: Codes) -> bytes | None:
    """Return a table with the rows' median at 0 and their deviation at 1 at the most; None where all rows are alike."""
    values = table.ravel()[places]
    if np.ptp(values) <= 0:
        return None
    return ((table - np.median(values)) / max(1.0, float(values.std()))).astype("<f4").tobytes()


def _pairs(codes: Codes, levels: tuple[int, ...]) -> tuple[list[tuple[int, int]], list[bytes]]:
    """Return for each column the one that explains most of it, where that is much, and the table of both."""
    pairs, tables = [], []
    some = codes[:: max(1, len(codes) // _TO_CHOOSE)]
    for column, known in enumerate(levels):
        gains = [(_gain(some, levels, column, given), -given) for given in range(len(levels)) if given != column]
        gain, place = max(gains, default=(0.0, 0))
        if gain < _LEAST_GAIN:
            continue
        joint = _joint(codes, levels, column, -place)
        alone = np.exp(-_alone(codes[:, column], known))
        table = -np.log((joint + _PRIOR_ROWS * alone) / (joint.sum(axis=1, keepdims=True) + _PRIOR_ROWS))
        own = np.clip(codes[:, [-place, column]], -1, [[levels[-place], known]]) + 1
        scaled = _scaled(table, own[:, 0] * (known + 2) + own[:, 1])
        if scaled is not None:
            pairs.append((column, -place))
            tables.append(scaled)
    return pairs, tables


def _joint(codes: Codes, levels: tuple[int, ...], column: int, given: int) -> Doubles:
    """Count the combinations: codes of the second column by codes of the first, -1 and unseen included."""
    first, second = (np.clip(codes[:, one], -1, levels[one]) + 1 for one in (column, given))
    shape = (levels[given] + 2, levels[column] + 2)
    return np.bincount(second * shape[1] + first, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)


def _gain(codes: Codes, levels: tuple[int, ...], column: int, given: int) -> float:
    """Return which share of a column's entropy another explains, less what chance would (Miller and Madow 1955)."""
    if (levels[column] + 2) * (levels[given] + 2) > _LARGEST_TABLE:
        return 0.0
    joint = _joint(codes, levels, column, given)
    total = joint.sum()
    first, second = joint.sum(axis=0), joint.sum(axis=1)
    own = _entropy(first, total)
    if own <= 0:
        return 0.0
    cells = (np.count_nonzero(first) - 1) * (np.count_nonzero(second) - 1)
    shared = own + _entropy(second, total) - _entropy(joint.ravel(), total) - cells / (2.0 * total)
    return float(shared / own)


def _entropy(counts: Doubles, total: float) -> float:
    shares = counts[counts > 0] / total
    return float(-(shares * np.log(shares)).sum())


def _missing(numbers: NDArray[np.float32] | None, columns: Sequence[int]) -> tuple[list[int], list[float], list[float]]:
    """Return the number columns of which some values are missing, and what that is worth."""
    found: tuple[list[int], list[float], list[float]] = ([], [], [])
    if numbers is None:
        return found
    for column in columns:
        share = float(np.isnan(numbers[:, column]).mean())
        if not 0 < share < 1:
            continue
        absent, present = -math.log(share), -math.log1p(-share)
        middle = absent if share > _OFTEN else present
        spread = max(1.0, abs(absent - present) * math.sqrt(share * (1 - share)))
        found[0].append(column)
        found[1].append((absent - middle) / spread)
        found[2].append((present - middle) / spread)
    return found
