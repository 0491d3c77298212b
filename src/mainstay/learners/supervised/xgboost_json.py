"""XGBoost's own model file (JSON), read into our trees.

Three things differ from ours. Its nodes ask ``value < threshold`` in float32: the largest float32 below the threshold
makes that ``<=``, for every float32 value. Its leaf values are float32, and it adds them in float32; here they are
added in float64, so the library's own sums are off by their rounding. And its base is kept as an answer, not as a
sum: one number, or since 3.1 one per class, before the link.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from mainstay.contracts.errors import FormatError
from mainstay.contracts.model import Trees

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["read_json"]

_LOGIT = ("binary:logistic", "binary:logitraw", "reg:logistic")
_LOG = ("count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft")


class _TreeParam(msgspec.Struct):
    size_leaf_vector: str = "1"


class _Tree(msgspec.Struct):
    tree_param: _TreeParam
    left_children: list[int]
    right_children: list[int]
    split_indices: list[int]
    split_conditions: list[float]
    default_left: list[int]
    sum_hessian: list[float]
    split_type: list[int]


class _Forest(msgspec.Struct):
    trees: list[_Tree] = []
    tree_info: list[int] = []


class _Booster(msgspec.Struct):
    name: str
    model: _Forest | None = None


class _Objective(msgspec.Struct):
    name: str


class _Parameters(msgspec.Struct):
    base_score: str
    classes: str = msgspec.field(name="num_class", default="0")
    targets: str = msgspec.field(name="num_target", default="1")


class _Learner(msgspec.Struct):
    gradient_booster: _Booster
    learner_model_param: _Parameters
    objective: _Objective


class _Model(msgspec.Struct):
    learner: _Learner


def read_json(text: bytes | str) -> Trees:
    """Return the trees of an XGBoost model, one pool of nodes, with its base as sums.

    Parameters
    ----------
    text : bytes or str
        What ``Booster.save_raw("json")`` returned. Tree number i begins at ``roots[i]`` and its nodes keep XGBoost's
        numbers from there, so ``pred_leaf`` can be looked up.

    Returns
    -------
    Trees
        With an output per class (one for two classes), before the link.

    Raises
    ------
    FormatError
        When it is not such a model, or one of another kind: linear, DART, trees with vectors in their leaves or with
        category splits.
    """
    try:
        learner = msgspec.json.decode(text, type=_Model).learner
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise FormatError(f"an XGBoost model in JSON was expected, and {error}", where="xgboost model") from error
    forest = learner.gradient_booster.model
    if learner.gradient_booster.name != "gbtree" or forest is None:
        raise FormatError(f"trees were expected, and {learner.gradient_booster.name} came", where="xgboost model")
    if any(int(tree.tree_param.size_leaf_vector) > 1 for tree in forest.trees):
        raise FormatError("trees with a number in each leaf were expected, and vectors came", where="xgboost model")
    if any(any(tree.split_type) for tree in forest.trees):
        raise FormatError("splits of numbers were expected, and splits of categories came", where="xgboost model",
                          hint="Encode the categories as numbers.")  # fmt: skip
    told = learner.learner_model_param
    outputs = max(int(told.classes), int(told.targets), 1)
    base = _base(told.base_score, learner.objective.name, outputs)
    return _pool(forest, outputs, base)


def _base(text: str, objective: str, outputs: int) -> NDArray[np.float64]:
    """Return the base before the link; it is kept after it, in float32."""
    told = msgspec.json.decode(text.encode())
    kept = np.asarray(told if isinstance(told, list) else [told], np.float32).astype(np.float64)
    if objective in _LOGIT:
        kept = np.log(kept / (1.0 - kept))
    elif objective in _LOG:
        kept = np.log(kept)
    if len(kept) not in (1, outputs) or not np.isfinite(kept).all():
        raise FormatError(f"a base for each of {outputs} outputs was expected, and {text} came", where="xgboost model")
    return np.broadcast_to(kept, (outputs,)).copy()


def _pool(forest: _Forest, outputs: int, base: NDArray[np.float64]) -> Trees:
    counts = np.array([len(tree.left_children) for tree in forest.trees], np.int64)
    roots = (np.cumsum(counts) - counts).astype(np.int64)
    start = np.repeat(roots, counts)

    def joined(name: str, kind: type) -> NDArray[Any]:
        parts: list[NDArray[Any]] = [np.array(getattr(tree, name), kind) for tree in forest.trees]
        return np.concatenate([np.empty(0, kind), *parts])

    left, right = joined("left_children", np.int64), joined("right_children", np.int64)
    leaf = left < 0
    told = joined("split_conditions", np.float32)
    value = np.zeros((len(leaf), outputs))
    value[np.arange(len(leaf)), np.repeat(np.array(forest.tree_info, np.int64), counts)] = np.where(leaf, told, 0)
    return Trees(
        roots=roots,
        feature=np.where(leaf, -1, joined("split_indices", np.int32)).astype(np.int32),
        threshold=np.where(leaf, 0.0, np.nextafter(told, np.float32(-np.inf))).astype(np.float64),
        missing_left=(joined("default_left", np.int8) == 1) & ~leaf,
        left=np.where(leaf, -1, left + start).astype(np.int32),
        right=np.where(leaf, -1, right + start).astype(np.int32),
        value=value,
        base=base,
        cover=joined("sum_hessian", np.float64),
    )
