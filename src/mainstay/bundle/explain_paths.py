"""The trees of a ``TreeEnsemble`` operator as ways to leaves: what an explanation needs to know of a tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["Paths", "leaf_values"]

_COMPARE = (np.less_equal, np.less, np.greater_equal, np.greater, np.equal, np.not_equal)
_LEQ, _LESS, _GEQ, _GREATER, _EQUAL, _UNEQUAL, _MEMBER = range(7)


@dataclass(frozen=True, slots=True)
class Paths:
    """The way to every leaf: steps from the root, each an answer to the question of a node.

    Leaves are numbered tree by tree, from left to right.

    Parameters
    ----------
    feature : int64 array of shape (nodes,)
    split : float64 array of shape (nodes,)
    mode : uint8 array of shape (nodes,)
        The kind of question, as ONNX numbers them.
    missing_true : bool array of shape (nodes,)
    share : float64 array of shape (nodes,)
        The share of a node's training rows whose answer is true.
    members : dict of int to float64 array
        The codes of nodes that ask for one of several.
    step_leaf, step_node : int64 array of shape (steps,)
    step_true : bool array of shape (steps,)
        Ordered by leaf.
    tree : int64 array of shape (leaves,)
        The tree of each leaf.
    stored : int64 array of shape (leaves,)
        The leaf's place in the operator.
    reach : float64 array of shape (leaves,)
        The share of a tree's training rows that came to the leaf.
    """

    feature: NDArray[np.int64]
    split: NDArray[np.float64]
    mode: NDArray[np.uint8]
    missing_true: NDArray[np.bool_]
    share: NDArray[np.float64]
    members: dict[int, NDArray[np.float64]]
    step_leaf: NDArray[np.int64]
    step_node: NDArray[np.int64]
    step_true: NDArray[np.bool_]
    tree: NDArray[np.int64]
    stored: NDArray[np.int64]
    reach: NDArray[np.float64]

    @classmethod
    def of(cls, attributes: Mapping[str, Any], cover: NDArray[Any]) -> Paths:
        """Return the ways through an operator that an audit has passed.

        Parameters
        ----------
        attributes : mapping
            Of the operator.
        cover : array of shape (leaves,)
            How many training rows came to each leaf, in any unit; above 0.
        """
        feature = np.asarray(attributes["nodes_featureids"], np.int64)
        mode = np.asarray(attributes["nodes_modes"], np.uint8)
        missing = attributes.get("nodes_missing_value_tracks_true", np.zeros(len(feature), np.int64))
        (leaf, node, went), tree, stored = _steps(attributes, len(feature))
        share = _shares(np.asarray(cover, np.float64)[stored][leaf], node, went, len(feature))
        reach = np.ones(len(tree))
        np.multiply.at(reach, leaf, np.where(went, share[node], 1.0 - share[node]))
        sets = np.asarray(attributes.get("membership_values", np.empty(0)), np.float64)
        groups = np.split(sets, np.flatnonzero(np.isnan(sets)) + 1)
        asking = np.flatnonzero(mode == _MEMBER)
        members = {int(one): group[:-1] for one, group in zip(asking, groups, strict=False)}
        return cls(
            feature, np.asarray(attributes["nodes_splits"], np.float64), mode, np.asarray(missing, np.bool_), share,
            members, leaf, node, went, tree, stored, reach,
        )  # fmt: skip

    def answers(self, node: int, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return what a node's question says about values; NaN is missing."""
        given = _answer(int(self.mode[node]), float(self.split[node]), self._members(node), values)
        return np.asarray(given | (np.isnan(values) & self.missing_true[node]), np.bool_)

    def compared(self, mode: int, values: NDArray[np.float64], splits: NDArray[np.float64]) -> NDArray[np.bool_] | bool:
        """Return what questions of one kind say about a value each; those for one of several codes say no."""
        return False if mode == _MEMBER else np.asarray(_COMPARE[mode](values, splits), np.bool_)

    def cuts_of(self, node: int) -> NDArray[np.float64]:
        """Return where a node's question cuts the values of its feature."""
        return _cuts(int(self.mode[node]), float(self.split[node]), self._members(node))

    def _members(self, node: int) -> NDArray[np.float64]:
        return self.members.get(int(node), np.empty(0))


def leaf_values(paths: Paths, attributes: Mapping[str, Any], table: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Return the votes of each leaf, shape (leaves, outputs).

    Parameters
    ----------
    paths : Paths
    attributes : mapping
        Of the same operator.
    table : float64 array of shape (leaves, outputs), optional
        Where the operator answers with the number of a leaf, the votes by that number.
    """
    weights = np.asarray(attributes["leaf_weights"], np.float64)[paths.stored]
    if table is not None:
        return np.asarray(table, np.float64)[weights.astype(np.int64)]
    votes = np.zeros((len(weights), int(attributes["n_targets"])))
    votes[np.arange(len(weights)), np.asarray(attributes["leaf_targetids"], np.int64)[paths.stored]] = weights
    return votes


def _shares(
    cover: NDArray[np.float64], node: NDArray[np.int64], went: NDArray[np.bool_], nodes: int
) -> NDArray[np.float64]:
    """Return the share of each node's rows whose answer is true, from the rows of the leaf at the end of each step."""
    true = np.bincount(node, cover * went, nodes)
    return true / np.bincount(node, cover, nodes)


def _steps(
    attributes: Mapping[str, Any], nodes: int
) -> tuple[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]], NDArray[np.int64], NDArray[np.int64]]:
    """Return all steps by leaf, and each leaf's tree and place in the operator; leaves from left to right."""
    (above, side), leaf_parent, leaf_true, stored = _parents(attributes, nodes)
    climbing, node, went = np.arange(len(leaf_parent)), leaf_parent, leaf_true
    top, from_left, parts = np.empty(len(leaf_parent), np.int64), np.zeros(len(leaf_parent)), []
    while len(climbing):
        parts.append((climbing, node, went))
        top[climbing] = node
        from_left[climbing] = from_left[climbing] / 2 + np.where(went, 0.0, 0.5)
        kept = above[node] >= 0
        climbing, node, went = climbing[kept], above[node[kept]], side[node[kept]]
    leaf, node, went = (np.concatenate([part[i] for part in parts]) for i in range(3))
    roots = np.asarray(attributes["tree_roots"], np.int64)
    trees = np.empty(nodes, np.int64)
    trees[roots] = np.arange(len(roots))
    order = np.lexsort((from_left, trees[top]))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    by_leaf = np.argsort(rank[leaf], kind="stable")
    return (rank[leaf][by_leaf], node[by_leaf], went[by_leaf]), trees[top][order], stored[order]


def _parents(
    attributes: Mapping[str, Any], nodes: int
) -> tuple[tuple[NDArray[np.int64], NDArray[np.bool_]], NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]:
    """Return each node's parent (-1 at a root) and side, and for each way to a leaf its node, side and place."""
    above, side = np.full(nodes, -1, np.int64), np.zeros(nodes, np.bool_)
    found = []
    for true, name in ((True, "true"), (False, "false")):
        child = np.asarray(attributes[f"nodes_{name}nodeids"], np.int64)
        ends = np.asarray(attributes[f"nodes_{name}leafs"], np.int64) == 1
        above[child[~ends]] = np.flatnonzero(~ends)
        side[child[~ends]] = true
        found.append((np.flatnonzero(ends), np.full(int(ends.sum()), true), child[ends]))
    leaf_parent, leaf_true, stored = (np.concatenate([part[i] for part in found]) for i in range(3))
    return (above, side), leaf_parent, leaf_true, stored


def _answer(mode: int, split: float, members: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return what a question says about values that are there.

    Examples
    --------
    >>> _answer(0, 2.0, np.empty(0), np.array([1.0, 2.0, 3.0])).tolist()
    [True, True, False]
    """
    if mode == _MEMBER:
        return np.isin(values, members)
    return np.asarray(_COMPARE[mode](values, split), np.bool_)


def _cuts(mode: int, split: float, members: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where the values have to be cut so that a question has one answer in each cell.

    Examples
    --------
    >>> _cuts(0, 2.0, np.empty(0)).tolist()
    [2.0]
    """
    if mode in (_LEQ, _GREATER):
        return np.array([split])
    if mode in (_LESS, _GEQ):
        return np.array([np.nextafter(split, -np.inf)])
    single = members if mode == _MEMBER else np.array([split])
    return np.concatenate([single, np.nextafter(single, -np.inf)])
