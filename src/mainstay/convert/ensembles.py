"""Estimators that hold others: votes, stacks, calibration, bags, searches, and pipelines that end in a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.convert.encode import named_steps, run_steps
from mainstay.convert.flow import DOUBLE, Matrix, Raw, class_names, refuse
from mainstay.convert.links import both_classes, exponential, logistic, shares, softmax

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.convert.flow import Flow, Scribe

__all__ = ["ANSWERS", "INNER", "SCORES", "inner_of"]

INNER = {
    "sklearn.BaseSearchCV": "best_estimator_",
    "sklearn.FrozenEstimator": "estimator",
    "sklearn.BaseThresholdClassifier": "estimator_",
}
"""Classes that only stand before another estimator, and where that is."""


def inner_of(estimator: Any) -> Any | None:
    """Return the estimator that this one only stands before, or None."""
    for name in class_names(estimator):
        if name in INNER:
            return getattr(estimator, INNER[name], None) or getattr(estimator, "estimator", None)
    return None


def _passed_on(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    return scribe.answer(inner_of(model), flow)


def _score_passed_on(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    return scribe.score(inner_of(model), flow)


def _pipeline(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    *steps, last = named_steps(model)
    return scribe.answer(last, run_steps(scribe, steps, flow))


def _pipeline_score(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    *steps, last = named_steps(model)
    return scribe.score(last, run_steps(scribe, steps, flow))


def _mixed(scribe: Scribe, parts: Sequence[Matrix], weights: Any = None) -> Matrix:
    """Return the weighted mean of answers."""
    share = np.ones(len(parts)) if weights is None else np.asarray(weights, np.float64)
    share = share / share.sum()
    total = ""
    for part, weight in zip(parts, share, strict=True):
        scaled = scribe.node("Mul", [part.tensor, scribe.constant(np.array(weight))])
        total = scaled if not total else scribe.node("Add", [total, scaled])
    return Matrix(total, parts[0].width)


def _vote(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    kept = [weight for weight, (_, one) in zip(model.weights or [], model.estimators, strict=False) if one != "drop"]
    return _mixed(scribe, [scribe.answer(one, flow) for one in model.estimators_], kept or None)


def _stack(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    parts = []
    for member, method in zip(model.estimators_, model.stack_method_, strict=True):
        if method == "decision_function":
            parts.append(scribe.score(member, flow))
            continue
        if method == "predict" and hasattr(member, "classes_"):
            raise refuse(model, "a member hands on labels; set stack_method='predict_proba'")
        answer = scribe.answer(member, flow)
        drop = method == "predict_proba" and len(model.classes_) == 2
        parts.append(scribe.columns(answer, [1]) if drop else answer)
    if model.passthrough:
        parts.append(scribe.matrix(flow, model))
    return scribe.answer(model.final_estimator_, scribe.joined(parts))


def _bag(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    parts = []
    for member, places in zip(model.estimators_, model.estimators_features_, strict=True):
        columns = [int(place) for place in places]
        whole = columns == list(range(flow.width))
        inner = flow if whole else flow.taken(columns) if isinstance(flow, Raw) else scribe.columns(flow, columns)
        if hasattr(model, "classes_") and len(getattr(member, "classes_", ())) != len(model.classes_):
            raise refuse(model, "a member knows fewer classes than the whole")
        parts.append(scribe.answer(member, inner))
    return _mixed(scribe, parts)


def _calibrated(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    return _mixed(scribe, [_calibrated_one(scribe, one, flow) for one in model.calibrated_classifiers_])


def _calibrated_one(scribe: Scribe, one: Any, flow: Flow) -> Matrix:
    classes = len(one.classes)
    if len(one.estimator.classes_) != classes:
        raise refuse("CalibratedClassifierCV", "a member knows fewer classes than the whole")
    has_scores = hasattr(one.estimator, "decision_function")
    given = scribe.score(one.estimator, flow) if has_scores else scribe.answer(one.estimator, flow)
    if one.method == "temperature":
        return _cooled(scribe, one.calibrators[0], given, scores=has_scores)
    if classes == 2:
        second = given if given.width == 1 else scribe.columns(given, [1])
        return both_classes(scribe, _mapped(scribe, one.calibrators[0], second))
    parts = [_mapped(scribe, curve, scribe.columns(given, [at])) for at, curve in enumerate(one.calibrators)]
    return shares(scribe, scribe.joined(parts), if_none=1.0 / classes)


def _cooled(scribe: Scribe, curve: Any, given: Matrix, *, scores: bool) -> Matrix:
    if given.width == 1:
        given = Matrix(scribe.node("MatMul", [given.tensor, scribe.constant(np.array([[-1.0, 1.0]]))]), 2)
    if not scores:
        from mainstay.graph.steady import steady

        tiny = scribe.constant(np.array(np.finfo(np.float64).eps))
        above = scribe.node("Add", [given.tensor, tiny])
        given = Matrix(steady(scribe.builder, "Log", above, given.width, dtype=np.float64), given.width)
    scaled = scribe.node("Mul", [given.tensor, scribe.constant(np.array(float(curve.beta_)))])
    return softmax(scribe, Matrix(scaled, given.width))


def _mapped(scribe: Scribe, curve: Any, given: Matrix) -> Matrix:
    """Write one calibration curve over one column."""
    if hasattr(curve, "a_"):
        moved = scribe.node("Mul", [given.tensor, scribe.constant(np.array(-float(curve.a_)))])
        return logistic(scribe, Matrix(scribe.node("Sub", [moved, scribe.constant(np.array(float(curve.b_)))]), 1))
    return _isotonic(scribe, curve, given)


def _isotonic(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    """Write a line through points: find the last point below, and go on from there with the slope to the next."""
    given = scribe.matrix(flow, model)
    x, y = np.asarray(model.X_thresholds_, np.float64), np.asarray(model.y_thresholds_, np.float64)
    if len(x) == 1:
        x, y = np.array([x[0], x[0] + 1.0]), np.array([y[0], y[0]])
    held = scribe.node("Clip", [given.tensor, scribe.constant(np.array(x[0])), scribe.constant(np.array(x[-1]))])
    reached = scribe.node("GreaterOrEqual", [held, scribe.constant(x[None, 1:-1])]) if len(x) > 2 else ""
    along = scribe.constant(np.array([1], np.int64))
    if reached:
        counted = scribe.node("ReduceSum", [scribe.cast(reached, DOUBLE), along], keepdims=1)
        place = scribe.cast(counted, 7)
    else:
        nothing = scribe.node(
            "Mul", [scribe.cast(scribe.node("IsNaN", [held]), DOUBLE), scribe.constant(np.array(0.0))]
        )
        place = scribe.cast(nothing, 7)
    slopes = np.diff(y) / np.diff(x)
    start, height, slope = (
        scribe.node("Gather", [scribe.constant(table), place], axis=0) for table in (x[:-1], y[:-1], slopes)
    )
    risen = scribe.node("Mul", [scribe.node("Sub", [held, start]), slope])
    return Matrix(scribe.node("Add", [risen, height]), 1)


def _one_against_rest(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    if getattr(model, "multilabel_", False):
        raise refuse(model, "it answers several labels at once")
    seconds = [scribe.columns(scribe.answer(one, flow), [1]) for one in model.estimators_]
    if len(seconds) == 1:
        return both_classes(scribe, seconds[0])
    return shares(scribe, scribe.joined(seconds), if_none=np.nan)


def _one_against_rest_score(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    if getattr(model, "multilabel_", False):
        raise refuse(model, "it answers several labels at once")
    return scribe.joined([scribe.score(one, flow) for one in model.estimators_])


def _transformed_target(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    """Write the inner model and the way back from its target."""
    answer = scribe.answer(model.regressor_, flow)
    back = model.transformer_
    names = class_names(back)
    if "sklearn.FunctionTransformer" in names:
        name = getattr(back.inverse_func, "__name__", "")
        if back.inverse_func is None:
            return answer
        one = scribe.constant(np.array(1.0))
        if name in ("exp", "expm1"):
            power = exponential(scribe, answer)
            return power if name == "exp" else Matrix(scribe.node("Sub", [power.tensor, one]), 1)
        if name == "square":
            return Matrix(scribe.node("Mul", [answer.tensor, answer.tensor]), 1)
        raise refuse(model, f"the way back from its target is {name or 'a function'}, which has no writer")
    if "sklearn.StandardScaler" not in names:
        raise refuse(model, f"the way back from its target is {type(back).__name__}, which has no writer")
    tensor = answer.tensor
    if back.with_std:
        tensor = scribe.node("Mul", [tensor, scribe.constant(np.asarray(back.scale_, np.float64)[None, :])])
    if back.with_mean:
        tensor = scribe.node("Add", [tensor, scribe.constant(np.asarray(back.mean_, np.float64)[None, :])])
    return Matrix(tensor, 1)


ANSWERS = {
    **dict.fromkeys(INNER, _passed_on),
    "sklearn.Pipeline": _pipeline,
    "sklearn._BaseVoting": _vote,
    "sklearn._BaseStacking": _stack,
    "sklearn.BaseBagging": _bag,
    "sklearn.CalibratedClassifierCV": _calibrated,
    "sklearn.OneVsRestClassifier": _one_against_rest,
    "sklearn.TransformedTargetRegressor": _transformed_target,
    "sklearn.IsotonicRegression": _isotonic,
}
SCORES = {
    **dict.fromkeys(INNER, _score_passed_on),
    "sklearn.Pipeline": _pipeline_score,
    "sklearn.OneVsRestClassifier": _one_against_rest_score,
}
