"""What a model answers, computed by NumPy alone: the second opinion beside ONNX Runtime.

It is written from the definitions in ``contracts.model``, not from the graph writer, so the two can disagree; the
tests compare them on random models, and a doubt about a bundle can be settled with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.formulas import Formula
from mainstay.contracts.model import Affine, Constant
from mainstay.graph.evaluate_formulas import formula_sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.model import Body, Link, ModelGraph, Trees

__all__ = ["apply_link", "evaluate", "leaves_reached"]

_CODE_BITS = 40


def evaluate(model: ModelGraph, features: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the answer of a model for each row, after its link.

    Parameters
    ----------
    model : ModelGraph
    features : float32 array of shape (n, d)

    Returns
    -------
    float64 array of shape (n, outputs)
        "sigmoid" gives two columns.

    Examples
    --------
    >>> from mainstay.contracts.model import ModelGraph
    >>> evaluate(ModelGraph(Constant(np.array([0.0])), "sigmoid"), np.zeros((1, 2), np.float32)).tolist()
    [[0.5, 0.5]]
    """
    return apply_link(_raw(model.body, features), model.link)


def apply_link(raw: NDArray[np.float64], link: Link) -> NDArray[np.float64]:
    """Turn sums of shape (n, outputs) into answers.

    Examples
    --------
    >>> apply_link(np.array([[0.0, 0.0]]), "softmax").tolist()
    [[0.5, 0.5]]
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if link == "sigmoid":
            positive = 1.0 / (1.0 + np.exp(-raw[:, :1]))
            return np.concatenate([1.0 - positive, positive], axis=1)
        if link == "softmax":
            powers = np.exp(raw - raw.max(axis=1, keepdims=True))
            return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float64)
    return raw


def _raw(body: Body, features: NDArray[np.float32]) -> NDArray[np.float64]:
    rows = features.shape[0]
    if isinstance(body, Constant):
        return np.repeat(body.value[None, :].astype(np.float64), rows, axis=0)
    if isinstance(body, Affine):
        return features.astype(np.float64) @ body.coefficients + body.intercept
    if isinstance(body, Formula):
        return formula_sums(body, features)
    total = np.zeros((rows, body.value.shape[1]))
    for root in body.roots:
        total += body.value[leaves_reached(body, int(root), features)]
    return total + body.base


def leaves_reached(trees: Trees, root: int, features: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the leaf of one tree that each row ends in, as positions in the pool, shape (n,)."""
    at = np.full(features.shape[0], root, np.int64)
    known = _member_keys(trees)
    while True:
        moving = np.flatnonzero(trees.feature[at] >= 0)
        if not len(moving):
            return at
        nodes = at[moving]
        values = features[moving, trees.feature[nodes]].astype(np.float64)
        left = _goes_left(trees, nodes, values, known)
        at[moving] = np.where(left, trees.left[nodes], trees.right[nodes])


def _goes_left(
    trees: Trees, nodes: NDArray[np.int64], values: NDArray[np.float64], known: NDArray[np.int64]
) -> NDArray[np.bool_]:
    by_code = np.isin(nodes, np.fromiter(trees.members, np.int64, len(trees.members)))
    code = np.isfinite(values) & (values == np.floor(values)) & (values >= 0) & (values < 2.0**_CODE_BITS)
    keys = (nodes << _CODE_BITS) + np.where(code, values, 0).astype(np.int64)
    left = np.where(by_code, code & np.isin(keys, known), values <= trees.threshold[nodes])
    return np.where(np.isnan(values), trees.missing_left[nodes], left)


def _member_keys(trees: Trees) -> NDArray[np.int64]:
    keys = [(node << _CODE_BITS) + np.asarray(codes, np.int64) for node, codes in trees.members.items()]
    return np.concatenate([np.empty(0, np.int64), *keys])
