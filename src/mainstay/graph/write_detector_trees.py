"""Trees that score how odd a row is into graph nodes: their sums, and the terms of the leaves that a row ends in.

Sums come from ``write_trees``. Terms are asked of few rows, so there each tree answers with the number of its leaf, a
table gives the few columns and values of that leaf, and they are added up where they belong: a table of all columns
for each of tens of thousands of leaves would be larger than the rest of the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.anomaly_bodies import Stacked, TreeSum
from mainstay.contracts.errors import UsageError
from mainstay.graph.steady import first_columns
from mainstay.graph.write_trees import check_trees, lone_leaves_summed, write_leaves, write_trees

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.anomaly_bodies import Directions
    from mainstay.graph.builder import GraphBuilder

__all__ = ["tree_scores", "tree_terms"]

_TABLE_WIDTH = 2048
"""Terms of a row that are added up at once: 64 MB for a block of 4,096 rows."""

_DOUBLE, _INT64 = 11, 7


def tree_scores(builder: GraphBuilder, body: TreeSum | Stacked, values: str, before: list[str], width: int) -> str:
    """Write the sums of trees.

    Parameters
    ----------
    builder : GraphBuilder
    body : TreeSum or Stacked
    values : str
        Features, float64 of shape (n, width).
    before : list of str
        The scores of the members before it, float64 of shape (n, 1) each.
    width : int

    Returns
    -------
    str
        float64 of shape (n, 1).

    Raises
    ------
    UsageError
        When the body's arrays do not fit each other or the width.
    """
    asked, wide = _asked(builder, body, values, before, width)
    _check(body, width, wide)
    outputs = len(body.trees.base)
    fixed = lone_leaves_summed(body.trees)
    if fixed is not None:
        nothing = builder.node("MatMul", [values, builder.constant(np.zeros((width, outputs)))])
        table = builder.node("Add", [nothing, builder.constant(fixed[None, :])])
    else:
        sums = write_trees(builder, body.trees, asked, rounded=_plain(body))
        table = builder.node("Add", [sums, builder.constant(np.asarray(body.trees.base, np.float64)[None, :])])
    if outputs == 1:
        return table
    if isinstance(body, TreeSum) and body.combined == "largest":
        return builder.node("ReduceMax", [table, builder.constant(np.array([1], np.int64))], keepdims=1)
    return builder.node("MatMul", [table, builder.constant(np.ones((outputs, 1)))])


def tree_terms(
    builder: GraphBuilder,
    body: TreeSum | Stacked,
    values: str,
    before: list[str],
    *,
    source: NDArray[np.int64],
    columns: int,
) -> str:
    """Write the terms of the leaves that a row ends in, added up by column.

    Parameters
    ----------
    builder, body, values, before
        As for :func:`tree_scores`.
    source : int64 array of shape (width,)
        The column of each feature.
    columns : int

    Returns
    -------
    str
        float64 of shape (n, columns).
    """
    width = len(source)
    total = builder.node("MatMul", [values, builder.constant(np.zeros((width, columns + 1)))])
    if not body.path_features.size or lone_leaves_summed(body.trees) is not None:
        return first_columns(builder, total, columns)
    asked, wide = _asked(builder, body, values, before, width)
    _check(body, width, wide)
    numbers, nodes = write_leaves(builder, body.trees, asked, rounded=_plain(body))
    leaves = builder.node("Cast", [numbers], to=_INT64)
    places = np.append(source, columns)[body.path_features[nodes]].astype(np.int32)  # -1 is the last: no column
    tables = builder.constant(places), builder.constant(np.asarray(body.path_values[nodes], np.float32))
    trees, longest = len(body.trees.roots), places.shape[1]
    step = max(1, _TABLE_WIDTH // longest)
    for first in range(0, trees, step):
        some = _tree_columns(builder, leaves, first, min(first + step, trees))
        flat = builder.constant(np.array([0, min(step, trees - first) * longest], np.int64))
        where, what = (
            builder.node("Reshape", [builder.node("Gather", [table, some], axis=0), flat]) for table in tables
        )
        terms = builder.node("Cast", [what], to=_DOUBLE)
        total = builder.node("ScatterElements", [total, where, terms], axis=1, reduction="add")
    return first_columns(builder, total, columns)


def _plain(body: TreeSum | Stacked) -> bool:
    """Return whether the trees ask float32 values alone."""
    return isinstance(body, TreeSum) and body.directions is None


def _asked(
    builder: GraphBuilder, body: TreeSum | Stacked, values: str, before: list[str], width: int
) -> tuple[str, int]:
    """Return what the trees may ask, and how many columns that has."""
    if isinstance(body, Stacked):
        tensors, wide = [values, *before], width + len(before)
    elif body.directions is None:
        return values, width
    else:
        tensors, wide = (
            [values, _directions(builder, body.directions, values, width)],
            width + len(body.directions.first),
        )
    # A shape that is stated lets an audit prove that trees stay inside it.
    return builder.node(
        "Reshape", [builder.node("Concat", tensors, axis=1), builder.constant(np.array([0, wide], np.int64))]
    ), wide


def _directions(builder: GraphBuilder, directions: Directions, values: str, width: int) -> str:
    parts = []
    for places, weights in (
        (directions.first, directions.first_weight),
        (directions.second, directions.second_weight),
    ):
        if len(places) != len(directions.first) or len(weights) != len(places):
            raise UsageError("directions need two features and two weights each", where="detector graph")
        if len(places) and not 0 <= places.min() <= places.max() < width:
            raise UsageError(f"a direction asks a feature beyond {width}", where="detector graph")
        chosen = builder.node("Gather", [values, builder.constant(np.asarray(places, np.int64))], axis=1)
        parts.append(builder.node("Mul", [chosen, builder.constant(np.asarray(weights, np.float64)[None, :])]))
    return builder.node("Add", parts)


def _tree_columns(builder: GraphBuilder, tensor: str, first: int, end: int) -> str:
    return builder.node("Slice", [tensor, *(builder.constant(np.array([at], np.int64)) for at in (first, end, 1))])


def _check(body: TreeSum | Stacked, width: int, wide: int) -> None:
    check_trees(body.trees, wide)
    nodes, paths, values = len(body.trees.feature), body.path_features, body.path_values
    fits = not paths.size or (paths.shape == values.shape and len(paths) == nodes and paths.ndim == 2)
    fits = fits and bool((paths >= -1).all() and (paths < width).all() and (np.asarray(values) >= 0).all())
    if not fits or body.trees.members or not len(body.trees.base) or not np.isfinite(body.trees.base).all():
        raise UsageError(
            f"the trees of a detector must have paths over {width} features, with terms of at least 0 for each of "
            f"{nodes} nodes, and no member sets",
            where="detector graph",
        )
