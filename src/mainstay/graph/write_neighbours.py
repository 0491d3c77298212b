"""The vote of the nearest points into graph nodes, a group of points at a time.

Features are rounded to a grid, so squared distances are whole numbers and exact; ``TopK`` takes the lower index among
equals, and so does the library side. That makes the same neighbours certain, where rounding would settle ties
differently on each side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mainstay.contracts.formulas import Neighbours
    from mainstay.graph.builder import GraphBuilder

__all__ = ["GROUP", "write_neighbours"]

GROUP = 512
"""Points that are compared at once: 16 MB for a block of 4,096 rows."""

_TABLE_WIDTH = 2048
"""Neighbours times outputs that are looked up at once: 64 MB for a block of 4,096 rows."""

_DOUBLE = 11


def write_neighbours(builder: GraphBuilder, body: Neighbours, standard: str) -> str:
    """Write the vote, without what the prior adds to it.

    Parameters
    ----------
    builder : GraphBuilder
    body : Neighbours
    standard : str
        Standardised features, float64 of shape (n, d).

    Returns
    -------
    str
        A float64 tensor of shape (n, outputs).
    """
    count, outputs = int(body.count), body.votes.shape[1]
    distances, places = _nearest(builder, body, standard)
    closeness = _closeness(builder, distances, by_distance=bool(body.by_distance))
    table = builder.constant(np.column_stack([body.votes, body.weight]).astype(np.float64))
    flat = builder.constant(np.array([0, outputs + 1], np.int64))
    step, total = max(1, _TABLE_WIDTH // (outputs + 1)), ""
    for first in range(0, count, step):
        end = min(first + step, count)
        found = builder.node("Gather", [table, _columns(builder, places, first, end)], axis=0)
        near = builder.node("Unsqueeze", [_columns(builder, closeness, first, end), _whole(builder, 1)])
        # A product for each row: ReduceSum over the neighbours gives other bits for one row than for many.
        part = builder.node("Reshape", [builder.node("MatMul", [near, found]), flat])
        total = builder.node("Add", [total, part]) if total else part
    shares = builder.node("Div", [_columns(builder, total, 0, outputs), _columns(builder, total, outputs, outputs + 1)])
    kept = count / (count + float(body.smoothing))
    return builder.node("Mul", [shares, builder.constant(np.array(kept))])


def _nearest(builder: GraphBuilder, body: Neighbours, standard: str) -> tuple[str, str]:
    """Return the squared distances of the nearest points, in steps of the grid, and their positions."""
    grid = builder.node("Round", [builder.node("Mul", [standard, builder.constant(np.asarray(body.steps))])])
    lengths = builder.node("ReduceSum", [builder.node("Mul", [grid, grid]), _whole(builder, 1)], keepdims=1)
    distances, places = [], []
    for first in range(0, len(body.points), GROUP):
        points = body.points[first : first + GROUP].astype(np.float64)
        own = builder.constant((points * points).sum(axis=1)[None, :])
        # Stored in float32, which holds the whole numbers of the grid, at half the size.
        stored = builder.node("Cast", [builder.constant(np.asarray(-2 * points.T, np.float32))], to=_DOUBLE)
        squared = builder.node("Add", [builder.node("Add", [lengths, builder.node("MatMul", [grid, stored])]), own])
        near, place = _smallest(builder, squared, min(int(body.count), len(points)))
        distances.append(near)
        places.append(builder.node("Add", [place, _whole(builder, first)]))
    if len(distances) == 1:
        return distances[0], places[0]
    near, place = _smallest(builder, builder.node("Concat", distances, axis=1), int(body.count))
    return near, builder.node("GatherElements", [builder.node("Concat", places, axis=1), place], axis=1)


def _closeness(builder: GraphBuilder, distances: str, *, by_distance: bool) -> str:
    zero, one = builder.constant(np.array(0.0)), builder.constant(np.array(1.0))
    if not by_distance:
        return builder.node("Add", [builder.node("Mul", [distances, zero]), one])
    same = builder.node("Equal", [distances, zero])
    inverse = builder.node("Div", [one, builder.node("Sqrt", [builder.node("Where", [same, one, distances])])])
    # The nearest comes first; where it is the row itself, only such points count.
    known = _columns(builder, same, 0, 1)
    return builder.node("Where", [known, builder.node("Cast", [same], to=_DOUBLE), inverse])


def _smallest(builder: GraphBuilder, values: str, count: int) -> tuple[str, str]:
    near, place = builder.node("TopK", [values, _whole(builder, count)], outputs=2, axis=1, largest=0, sorted=1)
    return near, place


def _columns(builder: GraphBuilder, tensor: str, first: int, end: int) -> str:
    return builder.node("Slice", [tensor, _whole(builder, first), _whole(builder, end), _whole(builder, 1)])


def _whole(builder: GraphBuilder, value: int) -> str:
    return builder.constant(np.array([value], np.int64))
