"""Operators of ``ai.onnx.ml`` written anew from plain ones, and its trees by our own writer.

Each takes the builder, the tensors that it is given and its attributes, and returns its outputs; "" where an output
(the labels) is not written, because a bundle has labels of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.errors import FormatError
from mainstay.contracts.model import Trees
from mainstay.graph.write_trees import check_trees, lone_leaves_summed, write_trees

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.graph.builder import GraphBuilder

__all__ = ["WRITERS"]

_FLOAT, _DOUBLE = 1, 11
Writer = Callable[["GraphBuilder", list[str], dict[str, Any]], list[str]]


def _row(builder: GraphBuilder, values: Any) -> str:
    return builder.constant(np.asarray(values, np.float32).reshape(1, -1))


def _scaler(builder: GraphBuilder, given: list[str], attributes: dict[str, Any]) -> list[str]:
    wide = builder.node("Cast", [given[0]], to=_FLOAT)
    moved = builder.node("Sub", [wide, _row(builder, attributes.get("offset", [0.0]))])
    return [builder.node("Mul", [moved, _row(builder, attributes.get("scale", [1.0]))])]


def _imputer(builder: GraphBuilder, given: list[str], attributes: dict[str, Any]) -> list[str]:
    if "imputed_value_floats" not in attributes:
        raise FormatError("its Imputer fills whole numbers, which has no writer", where="ONNX model")
    marker = float(attributes.get("replaced_value_float", 0.0))
    missing = (
        builder.node("IsNaN", [given[0]])
        if np.isnan(marker)
        else builder.node("Equal", [given[0], builder.constant(np.array(marker, np.float32))])
    )
    return [builder.node("Where", [missing, _row(builder, attributes["imputed_value_floats"]), given[0]])]


def _normalizer(builder: GraphBuilder, given: list[str], attributes: dict[str, Any]) -> list[str]:
    wide = builder.node("Cast", [given[0]], to=_FLOAT)
    along = builder.constant(np.array([1], np.int64))
    op = {"MAX": "ReduceMax", "L1": "ReduceL1", "L2": "ReduceL2"}[str(attributes.get("norm", "MAX"))]
    return [builder.node("Div", [wide, builder.node(op, [wide, along], keepdims=1)])]


def _binarizer(builder: GraphBuilder, given: list[str], attributes: dict[str, Any]) -> list[str]:
    edge = builder.constant(np.array(attributes.get("threshold", 0.0), np.float32))
    return [builder.node("Cast", [builder.node("Greater", [given[0], edge])], to=_FLOAT)]


def _extractor(builder: GraphBuilder, given: list[str], attributes: dict[str, Any]) -> list[str]:
    del attributes
    places = builder.node("Reshape", [given[1], builder.constant(np.array([-1], np.int64))])
    return [builder.node("Gather", [given[0], places], axis=1)]


def _vectorizer(builder: GraphBuilder, given: list[str], attributes: dict[str, Any]) -> list[str]:
    del attributes
    return [builder.node("Concat", [builder.node("Cast", [one], to=_FLOAT) for one in given], axis=1)]


def _linear_regressor(builder: GraphBuilder, given: list[str], attributes: dict[str, Any]) -> list[str]:
    if str(attributes.get("post_transform", "NONE")) != "NONE" or int(attributes.get("targets", 1)) != 1:
        raise FormatError("its LinearRegressor has several targets or a link", where="ONNX model")
    return [_affine(builder, given[0], attributes, 1)]


def _affine(builder: GraphBuilder, given: str, attributes: Mapping[str, Any], outputs: int) -> str:
    weights = np.asarray(attributes["coefficients"], np.float64).reshape(outputs, -1)
    offset = np.asarray(attributes.get("intercepts", [0.0] * outputs), np.float64)[None, :]
    wide = builder.node("Cast", [given], to=_DOUBLE)
    return builder.node("Add", [builder.node("MatMul", [wide, builder.constant(weights.T)]), builder.constant(offset)])


def _linear_classifier(builder: GraphBuilder, given: list[str], attributes: dict[str, Any]) -> list[str]:
    classes = len(attributes.get("classlabels_ints") or attributes.get("classlabels_strings") or [])
    outputs = len(attributes.get("intercepts") or [0.0] * classes)
    sums = _affine(builder, given[0], attributes, outputs)
    return ["", _linked(builder, sums, outputs, classes, str(attributes.get("post_transform", "NONE")))]


def _linked(builder: GraphBuilder, sums: str, outputs: int, classes: int, link: str) -> str:
    """Return probabilities from sums, float32; one sum of two classes is that of the second."""
    if link == "SOFTMAX" and outputs == classes:
        return builder.node("Cast", [builder.node("Softmax", [sums], axis=1)], to=_FLOAT)
    if link not in ("LOGISTIC", "NONE"):
        raise FormatError(f"its link {link} has no writer", where="ONNX model")
    found = builder.node("Sigmoid", [sums]) if link == "LOGISTIC" else sums
    if outputs == 1 and classes == 2:
        first = builder.node("Sub", [builder.constant(np.array(1.0)), found])
        found = builder.node("Concat", [first, found], axis=1)
    return builder.node("Cast", [found], to=_FLOAT)


def _tree_regressor(builder: GraphBuilder, given: list[str], attributes: dict[str, Any]) -> list[str]:
    if str(attributes.get("post_transform", "NONE")) != "NONE" or int(attributes.get("n_targets", 1)) != 1:
        raise FormatError("its trees have several targets or a link", where="ONNX model")
    aggregate = str(attributes.get("aggregate_function", "SUM"))
    if aggregate not in ("SUM", "AVERAGE"):
        raise FormatError(f"its trees are put together by {aggregate}", where="ONNX model")
    trees = _read(attributes, "target", 1)
    share = 1.0 / len(trees.roots) if aggregate == "AVERAGE" else 1.0
    return [builder.node("Cast", [_summed(builder, given[0], trees, share)], to=_FLOAT)]


def _tree_classifier(builder: GraphBuilder, given: list[str], attributes: dict[str, Any]) -> list[str]:
    labels = attributes.get("classlabels_int64s") or attributes.get("classlabels_strings") or []
    named = sorted(set(attributes["class_ids"]))
    single = len(labels) == 2 and len(named) == 1
    outputs = 1 if single else len(labels)
    if single:
        attributes = {**attributes, "class_ids": [0] * len(attributes["class_ids"])}
    sums = _summed(builder, given[0], _read(attributes, "class", outputs), 1.0)
    return ["", _linked(builder, sums, outputs, len(labels), str(attributes.get("post_transform", "NONE")))]


def _summed(builder: GraphBuilder, given: str, trees: Trees, share: float) -> str:
    width = int(trees.feature.max(initial=0)) + 1
    check_trees(trees, width)
    places = builder.constant(np.arange(width))
    single = builder.node("Cast", [builder.node("Gather", [given, places], axis=1)], to=_FLOAT)
    stated = builder.node("Reshape", [single, builder.constant(np.array([0, width], np.int64))])
    fixed = lone_leaves_summed(trees)
    if fixed is not None:
        raise FormatError("its trees never branch", where="ONNX model")
    sums = write_trees(builder, trees, builder.node("Cast", [stated], to=_DOUBLE))
    scaled = builder.node("Mul", [sums, builder.constant(np.array(share))])
    return builder.node("Add", [scaled, builder.constant(trees.base[None, :])])


def _read(attributes: Mapping[str, Any], prefix: str, outputs: int) -> Trees:
    """Return the trees of the older tree operators; nodes are found by the numbers of tree and node."""
    owner, number = (np.asarray(attributes[f"nodes_{name}"], np.int64) for name in ("treeids", "nodeids"))
    count = len(owner)
    place = {(int(tree), int(node)): at for at, (tree, node) in enumerate(zip(owner, number, strict=True))}
    modes = np.array([str(mode) for mode in attributes["nodes_modes"]])
    told = attributes.get("nodes_values_as_tensor", attributes.get("nodes_values"))
    threshold = np.asarray(told, np.float32).astype(np.float64)
    tracks = np.asarray(attributes.get("nodes_missing_value_tracks_true") or np.zeros(count), np.int64) == 1
    inner = modes != "LEAF"
    unknown = sorted(set(modes[inner]) - {"BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT"})
    if unknown or len(place) != count:
        raise FormatError(f"its trees have tests or numbers that have no writer: {unknown}", where="ONNX model")
    sides = [_children(attributes, name, owner, place, inner) for name in ("true", "false")]
    turned = np.isin(modes, ("BRANCH_GTE", "BRANCH_GT"))
    below = np.isin(modes, ("BRANCH_LT", "BRANCH_GTE"))
    threshold[below] = np.nextafter(threshold[below].astype(np.float32), np.float32(-np.inf))
    value = _values(attributes, prefix, place, np.zeros((count, outputs)))
    base = np.asarray(attributes.get("base_values") or np.zeros(outputs), np.float64)
    children = np.concatenate([side[inner] for side in sides])
    return Trees(
        roots=np.setdiff1d(np.arange(count), children),
        feature=np.where(inner, np.asarray(attributes["nodes_featureids"]), -1).astype(np.int32),
        threshold=np.where(inner, threshold, 0.0),
        missing_left=np.where(turned, ~tracks, tracks) & inner,
        left=np.where(turned, sides[1], sides[0]).astype(np.int32),
        right=np.where(turned, sides[0], sides[1]).astype(np.int32),
        value=value,
        base=np.broadcast_to(base, (outputs,)).copy() if base.size in (1, outputs) else np.full(outputs, np.nan),
    )


def _children(
    attributes: Mapping[str, Any], side: str, owner: NDArray[np.int64], place: Mapping[tuple[int, int], int],
    inner: NDArray[np.bool_],
) -> NDArray[np.int64]:  # fmt: skip
    told = np.asarray(attributes[f"nodes_{side}nodeids"], np.int64)
    found = [place.get((int(tree), int(node)), -1) for tree, node in zip(owner, told, strict=True)]
    if (np.array(found)[inner] < 0).any():
        raise FormatError("a branch of its trees leads nowhere", where="ONNX model")
    return np.where(inner, np.array(found, np.int64), -1)


def _values(
    attributes: Mapping[str, Any], prefix: str, place: Mapping[tuple[int, int], int], value: NDArray[np.float64]
) -> NDArray[np.float64]:
    told = attributes.get(f"{prefix}_weights_as_tensor", attributes.get(f"{prefix}_weights"))
    weights = np.asarray(told, np.float32).astype(np.float64)
    names = [f"{prefix}_{part}" for part in ("treeids", "nodeids", "ids")]
    for tree, node, output, weight in zip(*(attributes[name] for name in names), weights.tolist(), strict=True):
        at = place.get((int(tree), int(node)))
        if at is None or not 0 <= int(output) < value.shape[1]:
            raise FormatError("a leaf of its trees is not there", where="ONNX model")
        value[at, int(output)] += weight
    return value


WRITERS: dict[str, Writer] = {
    "ArrayFeatureExtractor": _extractor,
    "Binarizer": _binarizer,
    "FeatureVectorizer": _vectorizer,
    "Imputer": _imputer,
    "LinearClassifier": _linear_classifier,
    "LinearRegressor": _linear_regressor,
    "Normalizer": _normalizer,
    "Scaler": _scaler,
    "TreeEnsembleClassifier": _tree_classifier,
    "TreeEnsembleRegressor": _tree_regressor,
}
