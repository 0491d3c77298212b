"""Whether the attributes of a ``TreeEnsemble`` describe trees: in range, each node on one way, not too deep.

ONNX Runtime unrolls what it is given. A branch that leads back, or a node shared by many, costs it time and memory
without end; a chain of 20,000 nodes ends the process (measured with onnxruntime 1.31).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.errors import FormatError
from mainstay.graph.write_trees import DEEPEST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["check_trees"]

_MEMBER = 6
_NEEDED = (
    "tree_roots",
    "nodes_featureids",
    "nodes_splits",
    "nodes_modes",
    "nodes_truenodeids",
    "nodes_falsenodeids",
    "nodes_trueleafs",
    "nodes_falseleafs",
    "leaf_targetids",
    "leaf_weights",
)
_OPTIONAL = {"nodes_missing_value_tracks_true", "membership_values"}
_FIXED = {"aggregate_function": 1, "post_transform": 0}
_KINDS = {
    "nodes_splits": "float64",
    "nodes_modes": "uint8",
    "leaf_weights": "float64",
    "membership_values": "float64",
}


def check_trees(attributes: Mapping[str, object], width: int, where: str, *, cover: NDArray[Any] | None = None) -> int:
    """Refuse trees that are none; return how many there are.

    Parameters
    ----------
    attributes : mapping of str to int or array
        Of one ``TreeEnsemble``.
    width : int
        How many features it reads.
    where : str
    cover : array, optional
        The constant that tells the training rows of each leaf.

    Raises
    ------
    FormatError
        Naming the attribute.
    """
    arrays = _arrays(attributes, where)
    targets = attributes.get("n_targets")
    nodes, leaves = len(arrays["nodes_featureids"]), len(arrays["leaf_targetids"])
    if not isinstance(targets, int) or not 0 < targets <= 1_000_000:
        raise FormatError(f"n_targets must be positive, and {targets!r} came", where=where)
    for name, array in arrays.items():
        length = leaves if name.startswith("leaf") else nodes if name.startswith("nodes") else len(array)
        if array.shape != (length,):
            raise FormatError(f"{name} must have {length} items, and its shape is {array.shape}", where=where)
    if cover is not None and (cover.dtype.name != "float32" or cover.shape != (leaves,)):
        raise FormatError(f"the cover must hold a float32 number for each of {leaves} leaves", where=where)
    if cover is not None and not ((cover > 0) & np.isfinite(cover)).all():
        raise FormatError("the cover of each leaf must be a number above 0", where=where)
    trueleaf, falseleaf = arrays["nodes_trueleafs"], arrays["nodes_falseleafs"]
    _within(arrays, "nodes_featureids", width, where)
    _within(arrays, "leaf_targetids", targets, where)
    _within(arrays, "tree_roots", nodes, where)
    for name in ("nodes_trueleafs", "nodes_falseleafs", "nodes_missing_value_tracks_true"):
        if name in arrays:
            _within(arrays, name, 2, where)
    _within(arrays, "nodes_truenodeids", np.where(trueleaf == 1, leaves, nodes), where)
    _within(arrays, "nodes_falsenodeids", np.where(falseleaf == 1, leaves, nodes), where)
    _check_tests(arrays, where)
    _check_ways(arrays, nodes, where)
    return len(arrays["tree_roots"])


def _arrays(attributes: Mapping[str, object], where: str) -> dict[str, NDArray[Any]]:
    missing = [name for name in _NEEDED if name not in attributes]
    surplus = sorted(set(attributes) - set(_NEEDED) - _OPTIONAL - set(_FIXED) - {"n_targets"})
    if missing or surplus:
        raise FormatError(f"the attribute {(missing + surplus)[0]} is missing or has no place here", where=where)
    for name, fixed in _FIXED.items():
        if attributes.get(name) != fixed:
            raise FormatError(f"{name} must be {fixed}, and {attributes.get(name)!r} came", where=where)
    arrays: dict[str, NDArray[Any]] = {}
    for name, value in attributes.items():
        if name in _FIXED or name == "n_targets":
            continue
        if not isinstance(value, np.ndarray) or value.dtype.name != _KINDS.get(name, "int64"):
            raise FormatError(f"{name} must hold {_KINDS.get(name, 'int64')} numbers", where=where)
        arrays[name] = value
    return arrays


def _within(arrays: Mapping[str, NDArray[Any]], name: str, limit: int | NDArray[np.int64], where: str) -> None:
    values = arrays[name]
    if ((values < 0) | (values >= limit)).any():
        raise FormatError(f"{name} leads outside of what there is", where=where)


def _check_tests(arrays: Mapping[str, NDArray[Any]], where: str) -> None:
    """Check modes, thresholds, leaf values and member sets."""
    modes, splits = arrays["nodes_modes"], arrays["nodes_splits"].astype(np.float64)
    if (modes > _MEMBER).any() or np.isnan(splits).any():
        raise FormatError("nodes_modes or nodes_splits hold what is no test", where=where)
    if not np.isfinite(arrays["leaf_weights"].astype(np.float64)).all():
        raise FormatError("leaf_weights must be finite", where=where)
    members = arrays.get("membership_values", np.empty(0)).astype(np.float64)
    ends = np.flatnonzero(np.isnan(members))
    lengths = np.diff(ends, prepend=-1) - 1
    codes = members[~np.isnan(members)]
    closed = not len(members) or (len(ends) and ends[-1] == len(members) - 1)
    whole = bool(((codes >= 0) & (codes < 2.0**31) & (codes == np.floor(codes))).all())
    if not closed or not whole or (lengths < 1).any() or len(ends) != np.count_nonzero(modes == _MEMBER):
        raise FormatError("membership_values must be one set of codes for each node that asks for it", where=where)


def _check_ways(arrays: Mapping[str, NDArray[Any]], nodes: int, where: str) -> None:
    """Follow all trees from their roots, level by level."""
    roots = arrays["tree_roots"].astype(np.int64)
    sides = [
        (arrays[f"nodes_{side}nodeids"].astype(np.int64), arrays[f"nodes_{side}leafs"].astype(np.int64) == 1)
        for side in ("true", "false")
    ]
    children = np.concatenate([ids[~leaf] for ids, leaf in sides])
    ways = np.bincount(np.concatenate([roots, children]), minlength=nodes)
    if (ways != 1).any():
        raise FormatError("each node must have one way that leads to it", where=where)
    same_leaf = sides[0][1] & sides[1][1] & (sides[0][0] == sides[1][0])
    if same_leaf.any():
        raise FormatError("a branch must not end in one leaf on both sides", where=where)
    level, reached = roots, 0
    for _ in range(DEEPEST):
        if not len(level):
            break
        reached += len(level)
        level = np.concatenate([ids[level][~leaf[level]] for ids, leaf in sides])
    if len(level) or reached != nodes:
        raise FormatError(f"the trees must end within {DEEPEST} levels and leave no node out", where=where)
