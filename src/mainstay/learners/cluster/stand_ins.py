"""Few points that stand for many rows: equal rows once, and micro-clusters where there are too many different ones.

Every method but K-means and the mixtures compares points with points, which no table of a million rows allows. What
stands in for the rows comes in an order of its own, so that the order of the rows changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.clusters import Points
    from mainstay.contracts.learner import Deadline

    Doubles = NDArray[np.float64]
    Whole = NDArray[np.int64]

__all__ = ["EXACT", "MICRO", "StandIns", "different_rows", "drawn_rows", "nearest", "stand_ins"]

EXACT = 8_000
"""Up to so many different rows each stands for itself."""

MICRO = 3_000
"""How many micro-clusters stand for more of them."""

_CELLS = 4_000_000
_ROUNDS = 2
_SECONDS_PER_PAIR = 2.5e-7
_LEAST = 200


@dataclass(frozen=True, slots=True)
class StandIns:
    """Points in the place of rows.

    Parameters
    ----------
    points : float64 array of shape (m, d)
    weight : float64 array of shape (m,)
        How many rows, or how much weight, each stands for.
    member : int64 array of shape (n,)
        The point that stands for each row.
    exact : bool
        Whether each point is a row.
    """

    points: Doubles
    weight: Doubles
    member: Whole
    exact: bool


def different_rows(points: Points) -> StandIns:
    """Return the rows that differ, each once, in an order that does not depend on the order of the rows.

    Examples
    --------
    >>> from mainstay.contracts.clusters import Points
    >>> different_rows(Points(np.array([[1.0], [2.0], [1.0]], np.float32), ("a",))).weight.sum()
    np.float64(3.0)
    """
    matrix = np.ascontiguousarray(points.matrix) + np.float32(0.0)  # a zero has one sign
    first, member = _numbered(matrix)
    weight = np.bincount(member, points.weight, len(first))
    return StandIns(matrix[first].astype(np.float64), weight.astype(np.float64), member, True)


def stand_ins(points: Points, *, seed: int, deadline: Deadline, most: int = EXACT) -> StandIns:
    """Return the different rows, or micro-clusters where there are more than ``most`` or than there is time for.

    Parameters
    ----------
    points : Points
    seed : int
    deadline : Deadline
    most : int, default 8000
        Up to so many different rows stand for themselves.
    """
    rows = different_rows(points)
    allowed = _affordable(most, deadline)
    if len(rows.points) <= allowed:
        return rows
    return _micro_clusters(rows, min(MICRO, allowed), seed)


def drawn_rows(rows: StandIns, most: int, seed: int) -> Whole:
    """Return the positions of up to ``most`` of the points, each drawn at most once, the likelier the heavier."""
    if len(rows.points) <= most:
        return np.arange(len(rows.points))
    generator = np.random.default_rng(seed)
    keys = np.log(generator.random(len(rows.points))) / rows.weight
    return np.sort(np.argpartition(-keys, most)[:most])


def _numbered(matrix: NDArray[np.float32]) -> tuple[Whole, Whole]:
    """Return the position of the first of each kind of row, and the number of each row's kind."""
    bits = matrix.view(np.uint32).astype(np.uint64)
    factors = np.random.default_rng(0).integers(1 << 62, 1 << 63, size=(bits.shape[1],))
    odd = factors.astype(np.uint64) | np.uint64(1)
    marks = np.zeros(len(bits), np.uint64)
    for column in range(bits.shape[1]):
        marks = (marks ^ (bits[:, column] * odd[column])) * np.uint64(0x9E3779B97F4A7C15)
        marks ^= marks >> np.uint64(29)
    _, first, member = np.unique(marks, return_index=True, return_inverse=True)
    if not np.array_equal(matrix[first][member], matrix):  # two different rows with one mark: as good as never
        _, first, member = np.unique(matrix, axis=0, return_index=True, return_inverse=True)
    return first.astype(np.int64), member.reshape(-1).astype(np.int64)


def _affordable(most: int, deadline: Deadline) -> int:
    """Return how many points can be compared with each other in half of what is left of the time."""
    left = deadline.left()
    if not np.isfinite(left):
        return most
    return int(np.clip(np.sqrt(left / 2 / _SECONDS_PER_PAIR), _LEAST, most))


def _micro_clusters(rows: StandIns, count: int, seed: int) -> StandIns:
    """Return the means of the rows around ``count`` drawn ones; drawn by weight, they lie as dense as the rows."""
    centres = rows.points[drawn_rows(rows, count, seed)]
    for _ in range(_ROUNDS):
        owner = nearest(rows.points, centres)
        centres = _means(rows, owner, centres)
    owner = nearest(rows.points, centres)
    kept, owner = np.unique(owner, return_inverse=True)
    weight = np.bincount(owner, rows.weight, len(kept)).astype(np.float64)
    return StandIns(centres[kept], weight, owner[rows.member].astype(np.int64), False)


def _means(rows: StandIns, owner: Whole, centres: Doubles) -> Doubles:
    weight = np.bincount(owner, rows.weight, len(centres))
    sums = [np.bincount(owner, rows.weight * column, len(centres)) for column in rows.points.T]
    filled = weight > 0
    means: Doubles = centres.copy()
    means[filled] = (np.column_stack(sums)[filled].T / weight[filled]).T
    return means


def nearest(points: Doubles, centres: Doubles) -> Whole:
    """Return the nearest centre of each point, the first of equal ones; block by block, in single precision."""
    middle = centres.mean(axis=0)
    small, moved = (points - middle).astype(np.float32), (centres - middle).astype(np.float32)
    half = (moved.astype(np.float64) ** 2).sum(axis=1).astype(np.float32) / 2
    step = max(1, _CELLS // len(centres))
    parts = [(half - small[start : start + step] @ moved.T).argmin(axis=1) for start in range(0, len(small), step)]
    return np.concatenate(parts).astype(np.int64)
