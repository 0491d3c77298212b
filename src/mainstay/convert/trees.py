"""Tree models of other libraries through our own tree writer, so that no branch changes its side.

Libraries differ in what they compare: scikit-learn's trees and forests and XGBoost round a value to float32 first,
LightGBM and the histogram trees keep float64. Each is written as it compares.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.convert.flow import FLOAT, Matrix, refuse
from mainstay.convert.linear import constant_answer
from mainstay.convert.links import both_classes, logistic, softmax
from mainstay.convert.trees_hist import read_histogram_trees
from mainstay.graph.write import as_double
from mainstay.graph.write_trees import check_trees, lone_leaves_summed, write_trees
from mainstay.learners.scikit_trees import read_trees

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.contracts.model import Trees
    from mainstay.convert.flow import Flow, Scribe

__all__ = ["ANSWERS", "SCORES", "tree_sums"]


def tree_sums(scribe: Scribe, trees: Trees, given: Matrix, *, single: bool) -> Matrix:
    """Return the sums of the leaves that are reached, with the base.

    Parameters
    ----------
    scribe : Scribe
    trees : Trees
    given : Matrix
    single : bool
        Whether the library rounds values to float32 before it compares them.
    """
    check_trees(trees, given.width)
    fixed = lone_leaves_summed(trees)
    if fixed is not None:
        return constant_answer(scribe, given, fixed)
    if scribe.nearest and given.exact and not single:
        trees = _at_nearest(trees)
    tensor = scribe.cast(given.tensor, FLOAT) if single and not given.exact else given.tensor
    values = as_double(scribe.builder, tensor, given.width)
    sums = write_trees(scribe.builder, trees, values, rounded=single or given.exact)
    total = scribe.node("Add", [sums, scribe.constant(np.asarray(trees.base, np.float64)[None, :])])
    return Matrix(total, len(trees.base))


def _at_nearest(trees: Trees) -> Trees:
    """Round thresholds as the values are rounded: a value that lay on a threshold still lies on it."""
    with np.errstate(over="ignore"):
        near = trees.threshold.astype(np.float32).astype(np.float64)
    return replace(trees, threshold=near)


def _class_shares(tree: Any) -> NDArray[np.float64]:
    votes = np.asarray(tree.value[:, 0, :], np.float64)
    total = votes.sum(axis=1, keepdims=True)
    return np.asarray(votes / np.where(total > 0, total, 1.0), np.float64)


def _one_target(model: Any) -> None:
    if getattr(model, "n_outputs_", 1) != 1:
        raise refuse(model, f"it answers {model.n_outputs_} targets at once, and a bundle answers one")


def _tree_classes(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    return _mean_of_trees(scribe, model, flow, [model.tree_])


def _forest_classes(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    return _mean_of_trees(scribe, model, flow, [member.tree_ for member in model.estimators_])


def _mean_of_trees(scribe: Scribe, model: Any, flow: Flow, trees: Sequence[Any]) -> Matrix:
    _one_target(model)
    values = [_class_shares(tree) / len(trees) for tree in trees]
    found = read_trees(trees, values, np.zeros(len(model.classes_)))
    return tree_sums(scribe, found, scribe.matrix(flow, model), single=True)


def _tree_amounts(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    return _mean_amount(scribe, model, flow, [model.tree_])


def _forest_amounts(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    return _mean_amount(scribe, model, flow, [member.tree_ for member in model.estimators_])


def _mean_amount(scribe: Scribe, model: Any, flow: Flow, trees: Sequence[Any]) -> Matrix:
    _one_target(model)
    values = [np.asarray(tree.value[:, 0, :], np.float64) / len(trees) for tree in trees]
    return tree_sums(scribe, read_trees(trees, values, np.zeros(1)), scribe.matrix(flow, model), single=True)


def _boosted_sums(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    """Write scikit-learn's gradient boosting: the first guess and the steps of each class."""
    start = model.init_
    if not (isinstance(start, str) and start == "zero") and not type(start).__name__.startswith("Dummy"):
        raise refuse(model, "it begins from another model")
    outputs = model.estimators_.shape[1]
    zeros = np.zeros((1, model.n_features_in_), np.float32)
    base = np.asarray(model._raw_predict_init(zeros), np.float64).reshape(-1)  # noqa: SLF001 - no public name
    trees = [member.tree_ for member in model.estimators_.ravel()]
    place = np.tile(np.arange(outputs), len(model.estimators_))
    values = [
        np.eye(outputs)[at][None, :] * (model.learning_rate * tree.value[:, 0, :])
        for tree, at in zip(trees, place, strict=True)
    ]
    return tree_sums(scribe, read_trees(trees, values, base), scribe.matrix(flow, model), single=True)


def _boosted_classes(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    sums = _boosted_sums(scribe, model, flow)
    if sums.width > 1:
        return softmax(scribe, sums)
    if model.loss == "exponential":
        sums = Matrix(scribe.node("Mul", [sums.tensor, scribe.constant(np.array(2.0))]), 1)
    return both_classes(scribe, logistic(scribe, sums))


def _histogram_sums(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    prepared = getattr(model, "_preprocessor", None)
    given = scribe.transform(prepared, flow) if prepared is not None else scribe.matrix(flow, model)
    return tree_sums(scribe, read_histogram_trees(model), given, single=False)


def _histogram_classes(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    sums = _histogram_sums(scribe, model, flow)
    return softmax(scribe, sums) if sums.width > 1 else both_classes(scribe, logistic(scribe, sums))


def _histogram_amounts(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    from mainstay.convert.links import exponential

    sums = _histogram_sums(scribe, model, flow)
    link = type(model._loss.link).__name__  # noqa: SLF001 - no public name
    if link not in ("IdentityLink", "LogLink"):
        raise refuse(model, f"the link {link} has no writer")
    return sums if link == "IdentityLink" else exponential(scribe, sums)


def _adaptive_sums(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    """Write AdaBoost's votes: the weight for the class that a member answers, a share less for the others."""
    classes = len(model.classes_)
    weights = np.asarray(model.estimator_weights_[: len(model.estimators_)], np.float64)
    weights = weights / weights.sum()
    if all(type(member).__name__ in ("DecisionTreeClassifier", "ExtraTreeClassifier") for member in model.estimators_):
        trees = [member.tree_ for member in model.estimators_]
        values = [
            np.where(np.eye(classes)[_answered(member, classes)] > 0, weight, -weight / (classes - 1))
            for member, weight in zip(model.estimators_, weights, strict=True)
        ]
        found = read_trees(trees, values, np.zeros(classes))
        return _first_pair(scribe, tree_sums(scribe, found, scribe.matrix(flow, model), single=True))
    raise refuse(model, "its members are no decision trees")


def _answered(member: Any, classes: int) -> NDArray[np.int64]:
    """Return the class, as a position among all classes, that each node of a member's tree answers."""
    own: NDArray[np.int64] = np.asarray(member.tree_.value[:, 0, :]).argmax(axis=1)
    known = np.asarray(member.classes_)
    if len(known) != classes:
        raise refuse(member, "a member of the ensemble knows fewer classes than the whole")
    return own


def _first_pair(scribe: Scribe, sums: Matrix) -> Matrix:
    """Return the difference of two columns, second minus first, where there are two."""
    if sums.width != 2:
        return sums
    return Matrix(scribe.node("MatMul", [sums.tensor, scribe.constant(np.array([[-1.0], [1.0]]))]), 1)


def _adaptive_classes(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    sums = _adaptive_sums(scribe, model, flow)
    if sums.width == 1:  # softmax of (-d/2, d/2)
        return both_classes(scribe, logistic(scribe, sums))
    scaled = scribe.node("Mul", [sums.tensor, scribe.constant(np.array(1.0 / (sums.width - 1)))])
    return softmax(scribe, Matrix(scaled, sums.width))


_SAME = ("RandomForest", "ExtraTrees")

ANSWERS = {
    "sklearn.DecisionTreeClassifier": _tree_classes,
    "sklearn.DecisionTreeRegressor": _tree_amounts,
    **{f"sklearn.{name}Classifier": _forest_classes for name in _SAME},
    **{f"sklearn.{name}Regressor": _forest_amounts for name in _SAME},
    "sklearn.GradientBoostingClassifier": _boosted_classes,
    "sklearn.GradientBoostingRegressor": _boosted_sums,
    "sklearn.HistGradientBoostingClassifier": _histogram_classes,
    "sklearn.HistGradientBoostingRegressor": _histogram_amounts,
    "sklearn.AdaBoostClassifier": _adaptive_classes,
}

SCORES = {
    "sklearn.GradientBoostingClassifier": _boosted_sums,
    "sklearn.HistGradientBoostingClassifier": _histogram_sums,
    "sklearn.AdaBoostClassifier": _adaptive_sums,
}
