"""How much each feature of a row pushed a sum of trees up or down: exact Shapley values, for all rows at once.

The value of a set of features is the mean answer over the training rows that follow the row on these features and
their own shares on the others ("path-dependent TreeSHAP": Lundberg et al. 2020, doi:10.1038/s42256-019-0138-9). The
usual programs go through every leaf for every row. Here rows that fall on the same sides of all questions of a tree
are one pattern, explained once; within a leaf the Shapley weights are the integral of a polynomial, which a few
Gauss-Legendre nodes give exactly (Yu et al. 2022, arXiv:2209.08192, use the same polynomial), and over all leaves
that is one matrix product.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from mainstay.bundle.explain_cells import FeatureCells, global_cells
from mainstay.bundle.explain_few import FewRows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.bundle.explain_paths import Paths

__all__ = ["KEPT_BYTES", "TreeSum"]

_LEAVES = 32
"""The most leaves that are explained together; a larger tree is taken apart, for its rows share fewer patterns."""

_FEW = 32
"""Up to so many rows no tables are made."""

_DENSE = 1 << 16
KEPT_BYTES = 256e6
"""How much a sum of trees may keep for the next rows."""

_BLOCK_VALUES = 60_000
_ONE_THREAD = 200_000
"""Multiplications up to which OpenBLAS keeps to one thread (its own limit is 262,144)."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """Some leaves of one tree, with everything that does not depend on the rows.

    Parameters
    ----------
    features : tuple of int
    codes : tuple of int arrays
        For each feature, the unit's own cell of each cell of the whole ensemble.
    radix : tuple of int
        How many cells of its own the unit has, per feature.
    factors : tuple of float64 arrays of shape (cells, leaves * nodes)
        What the polynomial of each leaf is multiplied by.
    shares : float64 array of shape (leaves * nodes, all cells * outputs)
        What a leaf gives to each feature, by the cell of the row.
    outputs : int array
        The outputs that the leaves vote for.
    """

    features: tuple[int, ...]
    codes: tuple[NDArray[np.uint16], ...]
    radix: tuple[int, ...]
    factors: tuple[NDArray[np.float64], ...]
    shares: NDArray[np.float64]
    outputs: NDArray[np.int64]

    @property
    def size(self) -> int:
        return self.shares.nbytes + sum(part.nbytes for part in self.factors) + sum(part.nbytes for part in self.codes)


class TreeSum:
    """A sum of trees, ready to be explained.

    Parameters
    ----------
    paths : Paths
        The ways to all leaves.
    values : float64 array of shape (leaves, outputs)
        The votes of each leaf.
    threads : int, default 2
        NumPy leaves the interpreter free while it computes, so two threads use two cores.
    kept_bytes : float, default KEPT_BYTES

    Attributes
    ----------
    features : tuple of int
        The features that are asked for.
    base : float64 array of shape (outputs,)
    """

    def __init__(
        self, paths: Paths, values: NDArray[np.float64], *, threads: int = 2, kept_bytes: float = KEPT_BYTES
    ) -> None:
        self.paths = paths
        self.values = values
        self.threads = threads
        self.kept_bytes = kept_bytes
        self.base: NDArray[np.float64] = paths.reach @ values
        self.features = tuple(np.unique(paths.feature).tolist())
        self._bounds = _bounds(paths.tree)
        self._kept: dict[int, _Unit] = {}
        self._bytes = 0

    @cached_property
    def cells(self) -> dict[int, FeatureCells]:
        """Where the features are cut, for tables."""
        return global_cells(self.paths)

    @cached_property
    def _few(self) -> FewRows:
        return FewRows(self.paths, self.values)

    def contributions(self, matrix: NDArray[np.float64]) -> dict[int, NDArray[np.float64]]:
        """Return what each feature adds for each row, as arrays of shape (outputs, n); with the base they sum up.

        Parameters
        ----------
        matrix : float64 array of shape (n, width)
            The features that the trees read.
        """
        if len(matrix) <= _FEW and not self._kept:
            return self._few.contributions(matrix)
        rows = {feature: cells.of(matrix[:, feature]) for feature, cells in self.cells.items()}
        shares = [range(first, len(self._bounds), self.threads) for first in range(self.threads)]
        if self.threads == 1 or len(self._bounds) < 2:
            return self._some(range(len(self._bounds)), rows, len(matrix))
        with ThreadPoolExecutor(self.threads) as pool:
            first, *others = pool.map(lambda share: self._some(share, rows, len(matrix)), shares)
        for other in others:
            for feature, part in other.items():
                first[feature] += part
        return first

    def _some(self, units: range, rows: dict[int, NDArray[np.int64]], count: int) -> dict[int, NDArray[np.float64]]:
        total = {feature: np.zeros((self.values.shape[1], count)) for feature in self.cells}
        for place in units:
            unit = self._unit(place)
            if not unit.features:
                continue
            pattern, cells = _patterns(unit, rows, count)
            given = _explained(unit, cells)
            for position, feature in enumerate(unit.features):
                for place_of, output in enumerate(unit.outputs):
                    column = given[position, place_of]
                    total[feature][output] += column if pattern is None else column.take(pattern)
        return total

    def _unit(self, place: int) -> _Unit:
        unit = self._kept.get(place)
        if unit is None:
            unit = _make_unit(self.paths, self.values, self.cells, *self._bounds[place])
            if self._bytes < self.kept_bytes:
                self._kept[place] = unit
                self._bytes += unit.size
        return unit


def _bounds(tree: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return the first and last leaf of each unit; leaves come tree by tree, from left to right."""
    starts = np.flatnonzero(np.diff(tree, prepend=-1))
    ends = np.append(starts[1:], len(tree))
    return [
        (int(first), int(min(first + _LEAVES, end)))
        for start, end in zip(starts, ends, strict=True)
        for first in range(start, end, _LEAVES)
    ]


def _make_unit(
    paths: Paths, values: NDArray[np.float64], cells: dict[int, FeatureCells], first: int, end: int
) -> _Unit:
    """Tabulate the leaves from ``first`` to ``end``."""
    steps = slice(*np.searchsorted(paths.step_leaf, [first, end]))
    leaf, feature = paths.step_leaf[steps] - first, paths.feature[paths.step_node[steps]]
    used = np.unique(feature)
    votes = values[first:end]
    outputs = np.flatnonzero((votes != 0).any(axis=0))
    outputs = outputs if len(outputs) else np.zeros(1, np.int64)  # leaves that all vote nothing push nothing
    deepest = int(np.bincount(np.unique(leaf * (used.max(initial=0) + 1) + feature) // (used.max(initial=0) + 1)).max())
    nodes, weights = np.polynomial.legendre.leggauss(max(1, -(-deepest // 2)))
    nodes, weights = (nodes + 1) / 2, weights / 2
    codes, radix, factors, shares = [], [], [], []
    for one in used:
        chosen = np.flatnonzero(feature == one)
        code, satisfied, ratio, asked = cells[int(one)].local(
            paths, paths.step_node[steps][chosen], paths.step_true[steps][chosen], leaf[chosen], leaves=end - first
        )
        factor = satisfied[:, :, None] * nodes + ratio[None, :, None] * (1 - nodes)
        push = np.where(asked[None, :, None], (satisfied - ratio)[:, :, None] * weights / factor, 0.0)
        codes.append(code)
        radix.append(len(satisfied))
        factors.append(np.where(asked[None, :, None], factor, 1.0).reshape(len(satisfied), -1))
        shares.append((push[..., None] * votes[None, :, None, outputs]).reshape(len(satisfied), -1, len(outputs)))
    table = np.concatenate(shares) if shares else np.empty((0, 0, len(outputs)))
    flat = np.ascontiguousarray(table.transpose(1, 0, 2).reshape(table.shape[1], -1))
    return _Unit(tuple(int(one) for one in used), tuple(codes), tuple(radix), tuple(factors), flat, outputs)


def _patterns(
    unit: _Unit, rows: dict[int, NDArray[np.int64]], count: int
) -> tuple[NDArray[np.int64] | None, list[NDArray[np.int64]]]:
    """Return the pattern of each row, and for each feature the cell of each pattern."""
    found = [code.take(rows[feature]) for feature, code in zip(unit.features, unit.codes, strict=True)]
    if count <= 64:
        return None, [part.astype(np.int64) for part in found]
    pattern, size = found[0].astype(np.int64), unit.radix[0]
    for cells, radix in zip(found[1:], unit.radix[1:], strict=True):
        if size * radix > _DENSE:
            pattern, size = _renumbered(pattern, size)
        pattern = pattern * radix + cells
        size *= radix
    pattern, size = _renumbered(pattern, size)
    one_of = np.empty(size, np.int64)
    one_of[pattern] = np.arange(count)
    return pattern, [part.take(one_of).astype(np.int64) for part in found]


def _renumbered(pattern: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], int]:
    """Return the patterns with numbers without gaps, and how many there are."""
    if size > max(_DENSE, 4 * len(pattern)):
        kept, again = np.unique(pattern, return_inverse=True)
        return again.astype(np.int64), len(kept)
    seen = np.zeros(size, np.bool_)
    seen[pattern] = True
    numbers = np.cumsum(seen, dtype=np.int64)
    return numbers.take(pattern) - 1, int(numbers[-1])


def _explained(unit: _Unit, cells: list[NDArray[np.int64]]) -> NDArray[np.float64]:
    """Return what each feature adds in each pattern: shape (features, outputs, patterns)."""
    count, width = len(cells[0]), unit.shares.shape[0]
    starts = np.concatenate([[0], np.cumsum(unit.radix)[:-1]])
    answer = np.empty((len(unit.features), len(unit.outputs), count))
    block = max(16, _BLOCK_VALUES // max(1, width))
    for at in range(0, count, block):
        now = [part[at : at + block] for part in cells]
        product = unit.factors[0].take(now[0], axis=0)
        for table, places in zip(unit.factors[1:], now[1:], strict=True):
            product *= table.take(places, axis=0)
        pushes = _product(product, unit.shares).reshape(len(now[0]), -1, len(unit.outputs))
        rows = np.arange(len(now[0]))
        for position, (start, places) in enumerate(zip(starts, now, strict=True)):
            answer[position, :, at : at + block] = pushes[rows, start + places].T
    return answer


def _product(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Multiply in small pieces, for the linear algebra library would start threads beside ours.

    On a busy machine of two cores its threads, which wait for each other, made one product of 5,000 x 124 by 124 x 40
    take 400 ms instead of 3.
    """
    rows = max(1, _ONE_THREAD // max(1, right.size))
    whole = len(left) // rows * rows
    answer = np.empty((len(left), right.shape[1]))
    if whole:
        pieces = left[:whole].reshape(-1, rows, left.shape[1])
        np.matmul(pieces, right, out=answer[:whole].reshape(-1, rows, right.shape[1]))
    if whole < len(left):
        np.matmul(left[whole:], right, out=answer[whole:])
    return answer
