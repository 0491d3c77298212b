"""Which features a taught tree's leaf owes its answer to: the steps of its path, added up by feature."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mainstay.contracts.model import Trees

__all__ = ["leaf_paths"]

_MOST = 8


def leaf_paths(trees: Trees, width: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the features and the terms of each leaf.

    A step's term is what it adds to the expected answer; steps that lower it, and steps that ask what a member says,
    have none. Of a long path the eight largest terms are kept.

    Parameters
    ----------
    trees : Trees
        With one output and the cover of each node.
    width : int
        How many features there are; what stands behind them are scores of members.

    Returns
    -------
    features : int32 array of shape (nodes, at most 8)
        -1 where there are no more.
    terms : float32 array of the same shape
    """
    leaves = {node: sorted(gains.items(), key=lambda one: -one[1])[:_MOST] for node, gains in _gains(trees, width)}
    longest = max((len(path) for path in leaves.values()), default=0)
    features = np.full((len(trees.feature), longest), -1, np.int32)
    terms = np.zeros((len(trees.feature), longest), np.float32)
    for node, path in leaves.items():
        for place, (feature, gain) in enumerate(path):
            features[node, place], terms[node, place] = feature, gain
    return features, terms


def _gains(trees: Trees, width: int) -> Iterator[tuple[int, dict[int, float]]]:
    """Yield each leaf with what the features on its path add to the answer."""
    expected, feature = _expected(trees).tolist(), trees.feature.tolist()
    children = list(zip(trees.left.tolist(), trees.right.tolist(), strict=True))
    waiting: list[tuple[int, dict[int, float]]] = [(int(root), {}) for root in trees.roots]
    while waiting:
        node, path = waiting.pop()
        if feature[node] < 0:
            yield node, path
            continue
        for child in children[node]:
            gain = expected[child] - expected[node]
            own = path
            if gain > 0 and feature[node] < width:
                own = {**path, feature[node]: path.get(feature[node], 0.0) + gain}
            waiting.append((child, own))


def _expected(trees: Trees) -> NDArray[np.float64]:
    """Return the mean answer below each node, by cover, from the deepest up."""
    mean = np.asarray(trees.value[:, 0], np.float64).copy()
    cover = np.asarray(trees.cover, np.float64)
    levels = [np.asarray(trees.roots, np.int64)]
    while len(levels[-1]):
        inner = levels[-1][trees.feature[levels[-1]] >= 0]
        levels.append(np.concatenate([trees.left[inner], trees.right[inner]]).astype(np.int64))
    for nodes in reversed(levels):
        inner = nodes[trees.feature[nodes] >= 0]
        left, right = trees.left[inner], trees.right[inner]
        mean[inner] = (mean[left] * cover[left] + mean[right] * cover[right]) / (cover[left] + cover[right])
    return mean
