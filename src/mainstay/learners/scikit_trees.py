"""scikit-learn's trees, read into our own record; every family that grows such trees needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.model import Trees

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["read_trees"]


def read_trees(trees: Sequence[Any], values: Sequence[NDArray[np.float64]], base: NDArray[np.float64]) -> Trees:
    """Return scikit-learn's trees as one pool of nodes.

    Parameters
    ----------
    trees : sequence of sklearn.tree._tree.Tree
    values : sequence of float64 arrays of shape (nodes of the tree, outputs)
        What a leaf adds to the sum.
    base : float64 array of shape (outputs,)
    """
    counts = np.array([tree.node_count for tree in trees], np.int64)
    roots = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
    feature = np.concatenate([tree.feature for tree in trees]).astype(np.int32)
    leaf = feature < 0
    offset = np.repeat(roots, counts)

    def child(side: str) -> NDArray[np.int32]:
        own = np.concatenate([getattr(tree, side) for tree in trees])
        return np.where(leaf, -1, own + offset).astype(np.int32)

    value = np.concatenate(values).astype(np.float64)
    value[~leaf] = 0.0
    missing = np.concatenate([tree.missing_go_to_left for tree in trees]).astype(np.bool_)
    return Trees(
        roots=roots,
        feature=np.where(leaf, -1, feature).astype(np.int32),
        threshold=np.where(leaf, 0.0, np.concatenate([tree.threshold for tree in trees])),
        missing_left=missing & ~leaf,
        left=child("children_left"),
        right=child("children_right"),
        value=value,
        base=base,
        cover=np.concatenate([tree.weighted_n_node_samples for tree in trees]).astype(np.float64),
    )
