"""CatBoost's own model file (JSON), read into our trees.

CatBoost asks ``value > border`` with borders in float32, so our left is its "no" and our threshold its border. A
missing value answers as the feature says: "no" (``AsFalse``, below all numbers), "yes" (``AsTrue``), or what a
comparison with NaN gives, which is "no" (``AsIs``, a feature without missing values in training). A symmetric tree
asks one question per level; it is written out as a binary tree whose leaves keep CatBoost's order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from mainstay.contracts.errors import FormatError
from mainstay.contracts.model import Trees

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["read_json"]

_WHERE = "catboost model"
_NUMBER = "FloatFeature"


class _Split(msgspec.Struct):
    split_type: str
    border: float = 0.0
    float_feature_index: int = -1


class _Symmetric(msgspec.Struct):
    leaf_values: list[float]
    splits: list[_Split] | None = None
    leaf_weights: list[float] | None = None


class _Node(msgspec.Struct):
    split: _Split | None = None
    left: _Node | None = None
    right: _Node | None = None
    value: float | list[float] = 0.0
    weight: float = 0.0


class _Feature(msgspec.Struct):
    flat_feature_index: int
    nan_value_treatment: str = "AsIs"


class _Features(msgspec.Struct):
    float_features: list[_Feature] = []


class _Model(msgspec.Struct):
    features_info: _Features
    scale_and_bias: tuple[float, float | list[float]]
    oblivious_trees: list[_Symmetric] | None = None
    trees: list[_Node] | None = None


def read_json(text: bytes | str) -> Trees:
    """Return the trees of a CatBoost model, scaled, as one pool of nodes; the base is its bias.

    Parameters
    ----------
    text : bytes or str
        What ``save_model(..., format="json")`` wrote.

    Returns
    -------
    Trees
        With an output per class (one for two classes), before the link.

    Raises
    ------
    FormatError
        When it is not such a model, or one that splits categories, texts or embeddings.
    """
    try:
        model = msgspec.json.decode(text, type=_Model)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise FormatError(f"a CatBoost model in JSON was expected, and {error}", where=_WHERE) from error
    scale, bias = model.scale_and_bias
    base = np.atleast_1d(np.asarray(bias, np.float64))
    reader = _Reader(model.features_info.float_features, len(base))
    if model.oblivious_trees is not None:
        parts = [reader.symmetric(tree) for tree in model.oblivious_trees]
    else:
        parts = [reader.branching(tree) for tree in model.trees or ()]
    return _joined(parts, scale, base)


@dataclass(frozen=True, slots=True)
class _Part:
    """One tree; its root is node 0."""

    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    missing_left: NDArray[np.bool_]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: NDArray[np.float64]
    cover: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Reader:
    features: list[_Feature]
    outputs: int

    def _test(self, split: _Split) -> tuple[int, float, bool]:
        if split.split_type != _NUMBER or not 0 <= split.float_feature_index < len(self.features):
            raise FormatError(
                f"splits of numbers were expected, and {split.split_type} came",
                where=_WHERE,
                hint="Encode the categories as numbers.",
            )
        feature = self.features[split.float_feature_index]
        # the decimal digits are those of a float32
        return feature.flat_feature_index, float(np.float32(split.border)), feature.nan_value_treatment != "AsTrue"

    def symmetric(self, tree: _Symmetric) -> _Part:
        """Level l has 2^l nodes that ask split l; bit l of a leaf's number says whether the answer was yes."""
        tests = [self._test(split) for split in tree.splits or ()]
        depth = len(tests)
        sizes = 2 ** np.arange(depth)
        inner, leaves = int(sizes.sum()), 2**depth
        asked = np.array(tests, np.float64).reshape(depth, 3).repeat(sizes, axis=0)
        number = np.concatenate([np.empty(0, np.int64), *(np.arange(size) for size in sizes)])
        level = np.repeat(np.arange(depth), sizes)
        left = 2 ** (level + 1) - 1 + number
        weights = np.ones(leaves) if tree.leaf_weights is None else np.array(tree.leaf_weights, np.float64)
        value = np.zeros((inner + leaves, self.outputs))
        value[inner:] = np.array(tree.leaf_values, np.float64).reshape(leaves, self.outputs)
        none = np.full(leaves, -1, np.int64)
        return _Part(
            feature=np.concatenate([asked[:, 0], none]).astype(np.int32),
            threshold=np.concatenate([asked[:, 1], np.zeros(leaves)]),
            missing_left=np.concatenate([asked[:, 2], np.zeros(leaves)]).astype(np.bool_),
            left=np.concatenate([left, none]).astype(np.int64),
            right=np.concatenate([left + 2**level, none]).astype(np.int64),
            value=value,
            cover=np.concatenate([*(weights.reshape(-1, size).sum(axis=0) for size in sizes), weights]),
        )

    def branching(self, tree: _Node) -> _Part:
        """Give the nodes of a tree that is not symmetric their numbers, parents first."""
        order, children, waiting = [tree], {}, 0
        while waiting < len(order):
            node = order[waiting]
            if node.split is not None and node.left is not None and node.right is not None:
                children[waiting] = len(order)
                order += [node.left, node.right]
            waiting += 1
        count = len(order)
        part = _Part(
            feature=np.full(count, -1, np.int32),
            threshold=np.zeros(count),
            missing_left=np.zeros(count, np.bool_),
            left=np.full(count, -1, np.int64),
            right=np.full(count, -1, np.int64),
            value=np.zeros((count, self.outputs)),
            cover=np.array([node.weight for node in order], np.float64),
        )
        for at in reversed(range(count)):
            split, first = order[at].split, children.get(at)
            if split is None or first is None:
                part.value[at] = order[at].value
                continue
            part.feature[at], part.threshold[at], part.missing_left[at] = self._test(split)
            part.left[at], part.right[at] = first, first + 1
            part.cover[at] = part.cover[first] + part.cover[first + 1]
        return part


def _joined(parts: list[_Part], scale: float, base: NDArray[np.float64]) -> Trees:
    counts = np.array([len(part.feature) for part in parts], np.int64)
    roots = (np.cumsum(counts) - counts).astype(np.int64)
    start = np.repeat(roots, counts)

    def pooled(name: str, empty: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate([empty, *(getattr(part, name) for part in parts)]).astype(empty.dtype)

    feature = pooled("feature", np.empty(0, np.int32))
    left, right = pooled("left", np.empty(0, np.int64)), pooled("right", np.empty(0, np.int64))
    return Trees(
        roots=roots,
        feature=feature,
        threshold=pooled("threshold", np.empty(0)),
        missing_left=pooled("missing_left", np.empty(0, np.bool_)),
        left=np.where(feature < 0, -1, left + start).astype(np.int32),
        right=np.where(feature < 0, -1, right + start).astype(np.int32),
        value=pooled("value", np.empty((0, len(base)))) * scale,
        base=base,
        cover=pooled("cover", np.empty(0)),
    )
