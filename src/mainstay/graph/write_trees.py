"""Trees into the ``TreeEnsemble`` operator (ai.onnx.ml 5) in float64, without a branch or a bit that changes.

Three traps are handled here (each measured with onnxruntime 1.31). The runtime takes a tree whose root is a leaf for
another one, so a lone leaf becomes a stump. A member set that is empty reads past its end, so it becomes a test that
nothing passes. And a leaf that votes for several outputs has no place in the operator: then each tree answers with
the *number* of the leaf reached, and a table gives the votes. The alternative, the same tree once per output, took
13 s to load for 26 classes where the table takes 0.1 s, and answered 20 times slower; version 3 of the operator
takes votes but rounds its sums to float32.

The covers of the leaves, which explanations need, lie beside the operator, not in its ``nodes_hitrates``: ONNX's own
rules want those in float32, ONNX Runtime (1.31) in the type of the splits, and no file can please both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.model import Trees
    from mainstay.graph.builder import GraphBuilder

__all__ = [
    "DEEPEST",
    "check_trees",
    "float32_below",
    "leaf_covers",
    "lone_leaves_summed",
    "write_leaves",
    "write_trees",
]

DEEPEST = 1000
"""The deepest tree that is written: ONNX Runtime loads trees by recursion and crashes between 5,000 and 20,000."""

_TABLE_WIDTH = 2048
"""Trees times outputs that are looked up at once: 64 MB for a block of 4,096 rows."""

_LEAST_SHARE = 2.0**-24
_LEQ, _LESS, _MEMBER = 0, 1, 6
_INT64 = 7


def float32_below(thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round thresholds down to float32 values, so that no float32 value changes its side of ``<=``.

    Examples
    --------
    >>> below = float32_below(np.array([0.1, 0.5, 1e300, -1e300]))
    >>> bool(below[0] <= 0.1), float(below[1]), bool(np.isfinite(below[2])), float(below[3])
    (True, 0.5, True, -inf)
    """
    with np.errstate(over="ignore"):
        near = thresholds.astype(np.float32)
        below = np.nextafter(near, np.float32(-np.inf))
    return np.where(near > thresholds, below, near).astype(np.float64)


def leaf_covers(trees: Trees) -> NDArray[np.float32] | None:
    """Return the cover of each node as a file keeps it for the leaves; None where no cover is known.

    The cover of an inner node is the sum of its children's, so those of the leaves tell all. None is zero (2^-24 of its
    tree's at the least), so that an explanation never divides by nothing; a tree that no row reached has 1 everywhere.

    Examples
    --------
    >>> from mainstay.contracts.model import Trees
    >>> trees = Trees(
    ...     roots=np.array([0]), feature=np.array([0, -1, -1], np.int32), threshold=np.zeros(3),
    ...     missing_left=np.zeros(3, np.bool_), left=np.array([1, -1, -1], np.int32),
    ...     right=np.array([2, -1, -1], np.int32), value=np.zeros((3, 1)), base=np.zeros(1),
    ...     cover=np.array([4.0, 0.0, 4.0]),
    ... )
    >>> leaf_covers(trees).tolist()
    [4.0, 2.384185791015625e-07, 4.0]
    """
    if len(trees.cover) != len(trees.feature):
        return None
    owner = _owners(trees)
    whole = np.where(owner >= 0, trees.cover[trees.roots][owner], 1.0) if len(trees.roots) else np.ones(len(owner))
    least = np.where(whole > 0, whole * _LEAST_SHARE, 1.0)
    return np.maximum(trees.cover, least).astype(np.float32)


def lone_leaves_summed(trees: Trees) -> NDArray[np.float64] | None:
    """Return the one answer of trees that never branch, or None where one of them does."""
    if (trees.feature[trees.roots] >= 0).any():
        return None
    total = np.zeros(len(trees.base))
    for root in trees.roots:
        total += trees.value[root]
    return np.asarray(total + trees.base, np.float64)


def write_trees(builder: GraphBuilder, trees: Trees, values: str, *, rounded: bool = True) -> str:
    """Write the sum of the leaves reached, without the base.

    Parameters
    ----------
    builder : GraphBuilder
    trees : Trees
        Sound by :func:`check_trees`; at least one of them branches.
    values : str
        Features, float64 of shape (n, width).
    rounded : bool, default True
        Whether the features are float32 values, and thresholds are rounded down to such. False where a step before
        the trees has computed in float64: then thresholds stay as they are.

    Returns
    -------
    str
        A float64 tensor of shape (n, outputs).

    Raises
    ------
    UsageError
        When branches lead outside the pool, or nodes are shared or lie deeper than :data:`DEEPEST`.
    """
    owner = _owners(trees)
    pool = _with_stumps(_Pool.of(trees, owner, rounded=rounded))
    votes = np.count_nonzero(pool.value[pool.feature < 0], axis=1)
    outputs = len(trees.base)
    if votes.max(initial=0) <= 1:
        return _ensemble(builder, pool, values, targets=outputs)
    group = max(1, _TABLE_WIDTH // outputs)
    total = ""
    for first in range(0, len(pool.roots), group):
        part = _looked_up(builder, pool.trees_between(first, first + group), values)
        total = builder.node("Add", [total, part]) if total else part
    return total


def write_leaves(
    builder: GraphBuilder, trees: Trees, values: str, *, rounded: bool = True
) -> tuple[str, NDArray[np.int64]]:
    """Write which leaf of each tree a row ends in, for tables of what is known of leaves.

    Parameters
    ----------
    builder, trees, values, rounded
        As for :func:`write_trees`.

    Returns
    -------
    numbers : str
        A float64 tensor of shape (n, trees).
    nodes : int64 array of shape (leaves,)
        For each number the position of the leaf in the pool.
    """
    known = replace(trees, value=np.arange(len(trees.feature), dtype=np.float64)[:, None], base=np.zeros(1))
    pool = _with_stumps(_Pool.of(known, _owners(known), rounded=rounded))
    numbers = _ensemble(builder, pool, values, targets=len(pool.roots), numbered=True)
    return numbers, pool.value[pool.feature < 0, 0].astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Pool:
    """Trees as the writer needs them: each node knows its tree, and members are a flat list."""

    roots: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    missing_left: NDArray[np.bool_]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: NDArray[np.float64]
    owner: NDArray[np.int64]
    members: dict[int, NDArray[np.int64]]
    cover: NDArray[np.float32] | None

    @classmethod
    def of(cls, trees: Trees, owner: NDArray[np.int64], *, rounded: bool) -> _Pool:
        wide = [np.asarray(part, np.int64) for part in (trees.roots, trees.feature, trees.left, trees.right)]
        threshold, value = np.asarray(trees.threshold, np.float64), np.asarray(trees.value, np.float64)
        threshold = float32_below(threshold) if rounded else threshold
        members = {int(node): np.unique(codes) for node, codes in trees.members.items() if trees.feature[node] >= 0}
        pool = cls(
            wide[0], wide[1], threshold, trees.missing_left, wide[2], wide[3], value, owner, members, leaf_covers(trees)
        )
        return pool if (owner >= 0).all() else pool.only(owner >= 0)

    def only(self, kept: NDArray[np.bool_]) -> _Pool:
        """Return the pool of these nodes alone, renumbered; trees are whole or not there."""
        place = np.cumsum(kept) - 1
        owner, inner = self.owner[kept], self.feature[kept] >= 0
        trees_kept = kept[self.roots]
        return _Pool(
            roots=place[self.roots[trees_kept]],
            feature=self.feature[kept],
            threshold=self.threshold[kept],
            missing_left=self.missing_left[kept],
            left=np.where(inner, place[self.left[kept]], -1),
            right=np.where(inner, place[self.right[kept]], -1),
            value=self.value[kept],
            owner=(np.cumsum(trees_kept) - 1)[owner],
            members={int(place[node]): codes for node, codes in self.members.items() if kept[node]},
            cover=None if self.cover is None else self.cover[kept],
        )

    def trees_between(self, first: int, end: int) -> _Pool:
        if first == 0 and end >= len(self.roots):
            return self
        return self.only((self.owner >= first) & (self.owner < end))


def _owners(trees: Trees) -> NDArray[np.int64]:
    """Return the tree of each node, -1 where no tree has it, after a walk that proves them to be trees."""
    owner = np.full(len(trees.feature), -1, np.int64)
    frontier, tree = np.asarray(trees.roots, np.int64), np.arange(len(trees.roots))
    for _ in range(DEEPEST + 1):
        if len(np.unique(frontier)) != len(frontier) or (owner[frontier] >= 0).any():
            raise UsageError("a node has two ways that lead to it, and trees have one", where="model graph")
        owner[frontier] = tree
        inner = trees.feature[frontier] >= 0
        frontier, tree = frontier[inner], np.tile(tree[inner], 2)
        if not len(frontier):
            return owner
        frontier = np.concatenate([trees.left[frontier], trees.right[frontier]]).astype(np.int64)
        if frontier.min() < 0 or frontier.max() >= len(owner):
            raise UsageError("a branch leads outside the pool of nodes", where="model graph")
    raise UsageError(
        f"a tree is deeper than {DEEPEST} levels", where="model graph", hint="Limit the depth of the trees."
    )


def check_trees(trees: Trees, width: int) -> None:
    """Raise :class:`UsageError` where arrays of trees do not fit each other or ``width`` features."""
    nodes = len(trees.feature)
    parts = (trees.threshold, trees.missing_left, trees.left, trees.right)
    if any(part.shape != (nodes,) for part in parts) or trees.value.shape != (nodes, len(trees.base)):
        raise UsageError("the arrays of the trees differ in length", where="model graph")
    if len(trees.roots) and (trees.roots.min() < 0 or trees.roots.max() >= nodes):
        raise UsageError("a tree begins outside the pool of nodes", where="model graph")
    if len(trees.cover) and (trees.cover.shape != (nodes,) or not (trees.cover >= 0).all()):
        raise UsageError("the cover of the trees must be one number of at least 0 for each node", where="model graph")
    inner = trees.feature >= 0
    if trees.feature.max(initial=-1) >= width:
        raise UsageError(f"a tree asks feature {trees.feature.max()}, and there are {width}", where="model graph")
    if any(not 0 <= node < nodes for node in trees.members):
        raise UsageError("a member set belongs to a node outside the pool", where="model graph")
    plain = inner.copy()
    plain[list(trees.members)] = False
    if np.isnan(trees.threshold[plain]).any() or not np.isfinite(trees.value[~inner]).all():
        raise UsageError("thresholds must be numbers and leaves finite", where="model graph")
    if any(len(codes) and min(codes) < 0 for codes in trees.members.values()):
        raise UsageError("category codes must be 0 or more", where="model graph")


def _with_stumps(pool: _Pool) -> _Pool:
    """Turn each lone leaf into a branch between two copies of it."""
    lone = np.flatnonzero(pool.feature[pool.roots] < 0)
    if not len(lone):
        return pool
    leaves, nodes = pool.roots[lone], len(pool.feature)
    copies, branches = nodes + np.arange(len(lone)), nodes + len(lone) + np.arange(len(lone))
    roots = pool.roots.copy()
    roots[lone] = branches
    none = np.full(len(lone), -1, np.int64)
    cover = pool.cover
    if cover is not None:  # each copy has half
        cover = np.concatenate([cover, cover[leaves] / 2, cover[leaves]]).astype(np.float32)
        cover[leaves] /= 2
    return _Pool(
        roots=roots,
        feature=np.concatenate([pool.feature, none, np.zeros_like(none)]),
        threshold=np.concatenate([pool.threshold, np.zeros(2 * len(lone))]),
        missing_left=np.concatenate([pool.missing_left, np.zeros(2 * len(lone), np.bool_)]),
        left=np.concatenate([pool.left, none, leaves]),
        right=np.concatenate([pool.right, none, copies]),
        value=np.concatenate([pool.value, pool.value[leaves], np.zeros((len(lone), pool.value.shape[1]))]),
        owner=np.concatenate([pool.owner, lone, lone]),
        members=pool.members,
        cover=cover,
    )


def _looked_up(builder: GraphBuilder, pool: _Pool, values: str) -> str:
    """Let every tree answer with the number of its leaf, look up the votes, and add them over the trees."""
    leaves = pool.feature < 0
    numbers = _ensemble(builder, pool, values, targets=len(pool.roots), numbered=True)
    table = builder.constant(pool.value[leaves])
    votes = builder.node("Gather", [table, builder.node("Cast", [numbers], to=_INT64)], axis=0)
    return builder.node("ReduceSum", [votes, builder.constant(np.array([1], np.int64))], keepdims=0)


def _ensemble(builder: GraphBuilder, pool: _Pool, values: str, *, targets: int, numbered: bool = False) -> str:
    inner = pool.feature >= 0
    leaves = ~inner
    place = np.where(inner, np.cumsum(inner), np.cumsum(leaves)) - 1
    left, right = pool.left[inner], pool.right[inner]
    weights = pool.value[leaves]
    chosen = pool.owner[leaves] if numbered else np.abs(weights).argmax(axis=1)
    picked = np.arange(len(weights), dtype=np.float64) if numbered else weights[np.arange(len(weights)), chosen]
    modes, splits, members = _tests(pool, inner)
    attributes: dict[str, Any] = {
        "aggregate_function": 1,
        "post_transform": 0,
        "n_targets": targets,
        "tree_roots": place[pool.roots].tolist(),
        "nodes_featureids": pool.feature[inner].tolist(),
        "nodes_splits": splits,
        "nodes_modes": modes,
        "nodes_truenodeids": place[left].tolist(),
        "nodes_falsenodeids": place[right].tolist(),
        "nodes_trueleafs": leaves[left].astype(np.int64).tolist(),
        "nodes_falseleafs": leaves[right].astype(np.int64).tolist(),
        "leaf_targetids": chosen.tolist(),
        "leaf_weights": picked,
    }
    if pool.missing_left[inner].any():
        attributes["nodes_missing_value_tracks_true"] = pool.missing_left[inner].astype(np.int64).tolist()
    if len(members):
        attributes["membership_values"] = members
    name: str = builder.node("TreeEnsemble", [values], domain="ai.onnx.ml", **attributes)
    if pool.cover is not None:
        builder.remark(name, "cover", pool.cover[leaves])
    return name


def _tests(pool: _Pool, inner: NDArray[np.bool_]) -> tuple[NDArray[np.uint8], NDArray[np.float64], NDArray[np.float64]]:
    """Return the kind of test at each inner node, its threshold, and the member sets, each ended by NaN."""
    modes = np.full(len(inner), _LEQ, np.uint8)
    splits = np.zeros(len(inner))
    plain = inner.copy()
    plain[list(pool.members)] = False
    splits[plain] = pool.threshold[plain]
    sets: list[NDArray[np.float64]] = [np.empty(0)]
    for node in sorted(pool.members):
        if len(pool.members[node]):
            modes[node] = _MEMBER
            sets.append(np.append(pool.members[node].astype(np.float64), np.nan))
        else:
            modes[node], splits[node] = _LESS, -np.inf
    return modes[inner], splits[inner], np.concatenate(sets)
