"""The trees of scikit-learn's histogram gradient boosting, read from their tables of nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.model import Trees

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["read_histogram_trees"]


def read_histogram_trees(model: Any) -> Trees:
    """Return the trees of a fitted ``HistGradientBoostingClassifier`` or ``...Regressor``.

    A category that training did not know goes where a missing value goes. A set of members sends all others to the
    right; so where missing values go left, the set is turned around.
    """
    rounds = model._predictors  # noqa: SLF001 - the trees have no public name
    outputs = len(rounds[0]) if rounds else model._baseline_prediction.shape[-1]  # noqa: SLF001
    known = _known_codes(model)
    predictors = [(tree, at) for one in rounds for at, tree in enumerate(one)]
    sizes = np.array([len(tree.nodes) for tree, _ in predictors], np.int64)
    roots = (np.cumsum(sizes) - sizes).astype(np.int64)
    nodes = np.concatenate([tree.nodes for tree, _ in predictors])
    offset, output = np.repeat(roots, sizes), np.repeat([at for _, at in predictors], sizes)
    leaf = nodes["is_leaf"].astype(bool)
    left, right = (np.where(leaf, -1, nodes[side].astype(np.int64) + offset) for side in ("left", "right"))
    missing = nodes["missing_go_to_left"].astype(bool) & ~leaf
    members: dict[int, NDArray[np.int64]] = {}
    for node in np.flatnonzero(nodes["is_categorical"].astype(bool) & ~leaf):
        tree = predictors[int(np.searchsorted(roots, node, side="right")) - 1][0]
        codes = _bits(tree.raw_left_cat_bitsets[nodes["bitset_idx"][node]])
        if missing[node]:
            codes = np.setdiff1d(known[int(nodes["feature_idx"][node])], codes)
            left[node], right[node] = right[node], left[node]
            missing[node] = False
        members[int(node)] = codes
    value = np.zeros((len(nodes), outputs))
    value[leaf, output[leaf]] = nodes["value"][leaf]
    return Trees(
        roots=roots,
        feature=np.where(leaf, -1, nodes["feature_idx"]).astype(np.int32),
        threshold=np.where(leaf | nodes["is_categorical"].astype(bool), 0.0, nodes["num_threshold"]),
        missing_left=missing,
        left=left.astype(np.int32),
        right=right.astype(np.int32),
        value=value,
        base=np.asarray(model._baseline_prediction, np.float64).reshape(-1),  # noqa: SLF001
        members=members,
    )


def _known_codes(model: Any) -> dict[int, NDArray[np.int64]]:
    bitsets, places = model._bin_mapper.make_known_categories_bitsets()  # noqa: SLF001
    flags = model._bin_mapper.is_categorical_  # noqa: SLF001
    return {int(at): _bits(bitsets[places[at]]) for at in np.flatnonzero(flags)}


def _bits(words: Any) -> NDArray[np.int64]:
    flat = np.ascontiguousarray(np.asarray(words, "<u4")).view(np.uint8)
    return np.flatnonzero(np.unpackbits(flat, bitorder="little")).astype(np.int64)
