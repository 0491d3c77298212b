"""The nearest points of each row into graph nodes, a group of points at a time, for detectors that measure distances.

A squared distance is one product: the row with 1 and its own squared length beside it, times the point with its own
squared length. That is one pass over a table of rows times points, where adding up the three parts would be three.
The smallest of them round nothing, whatever the order of the comparisons.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mainstay.contracts.anomaly_distances import AS_FAR, SAME

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mainstay.contracts.anomaly_bodies import LocalDensity, Nearest
    from mainstay.graph.builder import GraphBuilder

    Doubles = NDArray[np.float64]

__all__ = ["GROUP", "density_scores", "density_terms", "nearest_scores", "nearest_terms", "squared_distances"]

GROUP = 512
"""Points that are compared at once: 16 MB for a block of 4,096 rows."""

_TABLE_WIDTH = 2048
"""Numbers of a row that are looked up at once: 64 MB for a block of 4,096 rows."""


_KEPT = 4096
"""Points whose distances are kept from one look to the next: 128 MB for a block of 4,096 rows.

Of more points they are computed twice."""

_DOUBLE = 11


class _Points(NamedTuple):
    """Points in bags of equal size, side by side, and how many of each bag are wanted."""

    points: Doubles
    bags: int
    wanted: int
    factor: Doubles | None

    @classmethod
    def of(cls, body: Nearest) -> _Points:
        factor = None if (body.scale == 1).all() else body.scale**2
        return cls(body.points, body.bags, body.count, factor)

    @property
    def size(self) -> int:
        return len(self.points) // self.bags

    @property
    def found(self) -> int:
        return self.bags * self.wanted


def squared_distances(
    builder: GraphBuilder, moved: str, points: Doubles, factor: Doubles | None = None, *, same: float = 0.0
) -> str:
    """Write squared distances, each times its point's factor.

    Parameters
    ----------
    builder : GraphBuilder
    moved : str
        Rows, float64 of shape (n, d).
    points : float64 array of shape (m, d)
    factor : float64 array of shape (m,), optional
        Above 0.
    same : float, default 0
        This part of the squared lengths of row and point is taken off, so that equal ones are at 0 or below it.

    Returns
    -------
    str
        float64 of shape (n, m); rounding may leave a 0 a little below it.
    """
    scale = np.ones(len(points)) if factor is None else factor
    own = (1.0 - same) * (points * points).sum(axis=1)
    matrix = np.concatenate([-2.0 * points.T, own[None, :], np.full((1, len(points)), 1.0 - same)]) * scale
    return builder.node("MatMul", [_lengthened(builder, moved, points.shape[1]), builder.constant(matrix)])


def nearest_scores(builder: GraphBuilder, body: Nearest, values: str) -> str:
    """Write what a :class:`Nearest` says of each row, float64 of shape (n, 1)."""
    points = _Points.of(body)
    squares, _ = _nearest(builder, points, _moved(builder, body.centre, values), placed=False)
    share = builder.constant(np.full((points.found, 1), 1.0 / points.found))
    return builder.node("MatMul", [_root(builder, squares), share])


def density_scores(builder: GraphBuilder, body: LocalDensity, values: str) -> str:
    """Write what a :class:`LocalDensity` says of each row, float64 of shape (n, 1)."""
    moved = _moved(builder, body.centre, values)

    def table(points: slice, squares: str, near: str) -> str:
        reach = builder.constant(np.asarray(body.reach[points], np.float64)[None, :])
        reached = builder.node("Mul", [near, builder.node("Max", [reach, _root(builder, squares)])])
        columns = np.column_stack([np.ones(len(body.density[points])), body.density[points]])
        both = builder.node("MatMul", [near, builder.constant(columns)])
        ones = builder.constant(np.ones((len(columns), 1)))
        return builder.node("Concat", [both, builder.node("MatMul", [reached, ones])], axis=1)

    count, density, reached = (_columns(builder, _as_near(builder, body, moved, table), at, at + 1) for at in range(3))
    return builder.node("Mul", [builder.node("Div", [density, count]), builder.node("Div", [reached, count])])


def density_terms(builder: GraphBuilder, body: LocalDensity, values: str) -> str:
    """Write the mean squared differences of each row, by feature, to the points that count: float64 of shape (n, d)."""
    moved, d = _moved(builder, body.centre, values), body.points.shape[1]

    def table(points: slice, _: str, near: str) -> str:
        some = body.points[points]
        columns = np.concatenate([np.ones((len(some), 1)), some, some * some], axis=1)
        return builder.node("MatMul", [near, builder.constant(columns)])

    total = _as_near(builder, body, moved, table)
    count = _columns(builder, total, 0, 1)
    firsts, seconds = (builder.node("Div", [_columns(builder, total, begin, begin + d), count]) for begin in (1, 1 + d))
    crossed = builder.node("Mul", [builder.node("Add", [moved, moved]), firsts])
    spread = builder.node("Add", [builder.node("Sub", [builder.node("Mul", [moved, moved]), crossed]), seconds])
    return builder.node("Max", [spread, builder.constant(np.array(0.0))])


def _as_near(builder: GraphBuilder, body: LocalDensity, moved: str, table: Callable[[slice, str, str], str]) -> str:
    """Return the sum over groups of points of what a table says of them, given which of them are near enough."""
    groups = [slice(first, first + GROUP) for first in range(0, len(body.points), GROUP)]
    squares = [squared_distances(builder, moved, body.points[group]) for group in groups]
    near = [
        _top(builder, part, min(body.count, len(body.points[group])))[0]
        for part, group in zip(squares, groups, strict=True)
    ]
    nearest = near[0] if len(near) == 1 else _top(builder, _side_by_side(builder, near), body.count)[0]
    last = _columns(builder, nearest, body.count - 1, body.count)
    # The last of the nearest, and what is as far: what rounding leaves of equal distances.
    d = body.points.shape[1]
    lengths = builder.node("MatMul", [builder.node("Mul", [moved, moved]), builder.constant(np.full((d, 1), AS_FAR))])
    most = builder.constant(np.array(AS_FAR * float((body.points**2).sum(axis=1).max())))
    last = builder.node("Max", [last, builder.constant(np.array(0.0))])
    limit = builder.node("Add", [last, builder.node("Add", [lengths, most])])
    total = ""
    for group, kept in zip(groups, squares, strict=True):
        part = kept
        if len(body.points) > _KEPT:  # the same numbers by nodes of their own, so that the others are free by then
            some = body.points[group]
            part = builder.node("Neg", [squared_distances(builder, moved, some, np.full(len(some), -1.0))])
        inside = builder.node("Cast", [builder.node("LessOrEqual", [part, limit])], to=_DOUBLE)
        said = table(group, part, inside)
        total = builder.node("Add", [total, said]) if total else said
    return total


def nearest_terms(builder: GraphBuilder, body: Nearest, values: str) -> str:
    """Write the mean squared differences of each row, by feature, to the points nearest to it: float64 (n, d)."""
    points = _Points.of(body)
    moved = _moved(builder, body.centre, values)
    _, places = _nearest(builder, points, moved, placed=True)
    d = points.points.shape[1]
    row = builder.node("Unsqueeze", [moved, _whole(builder, 1)])
    step, total = max(1, _TABLE_WIDTH // d), ""
    for first in range(0, points.found, step):
        some = _columns(builder, places, first, min(first + step, points.found))
        difference = builder.node("Sub", [row, builder.node("Gather", [builder.constant(points.points), some], axis=0)])
        weighted = builder.node("Mul", [difference, difference])
        if points.factor is not None:
            factor = builder.node("Gather", [builder.constant(points.factor), some], axis=0)
            weighted = builder.node("Mul", [weighted, builder.node("Unsqueeze", [factor, _whole(builder, 2)])])
        share = builder.constant(np.full((1, 1, min(step, points.found - first)), 1.0 / points.found))
        # A product for each row: ReduceSum over the points gives other bits for one row than for many.
        summed = builder.node("MatMul", [share, weighted])
        part = builder.node("Reshape", [summed, builder.constant(np.array([0, d], np.int64))])
        total = builder.node("Add", [total, part]) if total else part
    return total


def _nearest(builder: GraphBuilder, points: _Points, moved: str, *, placed: bool) -> tuple[str, str]:
    """Return squared distances of the nearest points of all bags, (n, found), and their positions where asked."""
    near: list[str] = []
    places: list[str] = []
    together = max(1, GROUP // points.size)
    for bag in range(0, points.bags, together):
        bags = min(together, points.bags - bag)
        parts = [
            _smallest_of(builder, points, (bag * points.size + first, bags), moved, placed=placed)
            for first in range(0, bags * points.size, GROUP if bags == 1 else bags * points.size)
        ]
        squares, place = parts[0]
        if len(parts) > 1:  # the nearest of a large bag are among the nearest of its parts
            squares, chosen = _top(builder, _side_by_side(builder, [part[0] for part in parts]), points.wanted)
            place = ""
            if placed:
                whole = _side_by_side(builder, [part[1] for part in parts])
                place = builder.node("GatherElements", [whole, chosen], axis=1)
        near.append(squares)
        places.append(place)
    return _side_by_side(builder, near), _side_by_side(builder, places) if placed else ""


def _smallest_of(
    builder: GraphBuilder, points: _Points, part: tuple[int, int], moved: str, *, placed: bool
) -> tuple[str, str]:
    """Return the nearest of several whole bags, or of a part of one bag, beginning with the point at a position."""
    first, bags = part
    end = min(first + (bags * points.size if bags > 1 else GROUP), (first // points.size + bags) * points.size)
    factor = None if points.factor is None else points.factor[first:end]
    squares = squared_distances(builder, moved, points.points[first:end], factor, same=SAME)
    size = (end - first) // bags
    count = min(points.wanted, size)
    if bags > 1:
        squares = builder.node("Reshape", [squares, builder.constant(np.array([0, bags, size], np.int64))])
    if count == 1 and not placed:
        least = builder.node("ReduceMin", [squares, _whole(builder, 2 if bags > 1 else 1)], keepdims=int(bags == 1))
        return least, ""
    near, place = _top(builder, squares, count, axis=2 if bags > 1 else 1)
    starts = first + np.arange(bags) * size
    shift = starts[None, :, None] if bags > 1 else starts[None, :]
    place = builder.node("Add", [place, builder.constant(shift.astype(np.int64))])
    if bags == 1:
        return near, place
    flat = builder.constant(np.array([0, bags * count], np.int64))
    return builder.node("Reshape", [near, flat]), builder.node("Reshape", [place, flat])


def _top(builder: GraphBuilder, values: str, count: int, axis: int = 1) -> tuple[str, str]:
    """Return the smallest along an axis, rising, and where they are; of equal ones the first."""
    near, place = builder.node("TopK", [values, _whole(builder, count)], outputs=2, axis=axis, largest=0, sorted=1)
    return near, place


def _moved(builder: GraphBuilder, centre: Doubles, values: str) -> str:
    return builder.node("Sub", [values, builder.constant(np.asarray(centre, np.float64)[None, :])])


def _lengthened(builder: GraphBuilder, moved: str, width: int) -> str:
    """Return rows with 1 and their squared length behind them."""
    ones = builder.constant(np.ones((width, 1)))
    lengths = builder.node("MatMul", [builder.node("Mul", [moved, moved]), ones])
    pads = builder.constant(np.array([0, 0, 0, 1], np.int64))
    wide = builder.node("Pad", [moved, pads, builder.constant(np.array(1.0))])
    return builder.node("Concat", [wide, lengths], axis=1)


def _root(builder: GraphBuilder, squares: str) -> str:
    return builder.node("Sqrt", [builder.node("Max", [squares, builder.constant(np.array(0.0))])])


def _side_by_side(builder: GraphBuilder, columns: list[str]) -> str:
    return columns[0] if len(columns) == 1 else builder.node("Concat", columns, axis=1)


def _columns(builder: GraphBuilder, tensor: str, first: int, end: int) -> str:
    return builder.node("Slice", [tensor, _whole(builder, first), _whole(builder, end), _whole(builder, 1)])


def _whole(builder: GraphBuilder, value: int) -> str:
    return builder.constant(np.array([value], np.int64))
