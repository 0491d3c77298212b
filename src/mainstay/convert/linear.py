"""Estimators that are a weighted sum of their columns, a Gaussian of each, or nothing but a constant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.convert.flow import DOUBLE, Matrix, refuse
from mainstay.convert.links import both_classes, exponential, logistic, shares, softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.convert.flow import Flow, Scribe

__all__ = ["ANSWERS", "SCORES", "affine", "constant_answer"]


def affine(scribe: Scribe, given: Matrix, coefficients: Any, intercept: Any) -> Matrix:
    """Return ``given @ coefficients.T + intercept``; coefficients of shape (outputs, width)."""
    weights = np.atleast_2d(np.asarray(coefficients, np.float64))
    if hasattr(coefficients, "toarray"):
        weights = np.asarray(coefficients.toarray(), np.float64)
    if weights.shape[1] != given.width:
        raise refuse("a linear model", f"it has {weights.shape[1]} coefficients, and {given.width} columns reach it")
    product = scribe.node("MatMul", [given.tensor, scribe.constant(weights.T)])
    offset = np.broadcast_to(np.asarray(intercept, np.float64).reshape(-1), (len(weights),))
    return Matrix(scribe.node("Add", [product, scribe.constant(offset[None, :])]), len(weights))


def constant_answer(scribe: Scribe, flow: Flow, answer: NDArray[np.float64]) -> Matrix:
    """Return the same row for every row of the input."""
    source, place = ("numbers", 0)
    if isinstance(flow, Matrix):
        column = scribe.node("Gather", [flow.tensor, scribe.constant(np.array([0], np.int64))], axis=1)
    else:
        first = flow.sources[0]
        source, place = ("numbers" if first.values is None else "categories"), first.place
        picked = scribe.node("Gather", [source, scribe.constant(np.array([place], np.int64))], axis=1)
        column = scribe.cast(picked, DOUBLE)
    flag = scribe.cast(scribe.node("IsNaN", [column]), DOUBLE)
    nothing = scribe.node("Mul", [flag, scribe.constant(np.array(0.0))])
    return Matrix(scribe.node("Add", [nothing, scribe.constant(answer[None, :])]), len(answer))


def _sums(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    coefficients = model.coef_
    if np.ndim(coefficients) == 2 and np.shape(coefficients)[0] > 1 and not hasattr(model, "classes_"):
        raise refuse(model, f"it answers {np.shape(coefficients)[0]} targets at once, and a bundle answers one")
    return affine(scribe, scribe.matrix(flow, model), coefficients, model.intercept_)


def _logistic_regression(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    sums = _sums(scribe, model, flow)
    if sums.width == 1:
        return both_classes(scribe, logistic(scribe, sums))
    separate = getattr(model, "multi_class", "auto") == "ovr" or getattr(model, "solver", "") == "liblinear"
    return shares(scribe, logistic(scribe, sums), if_none=0.0) if separate else softmax(scribe, sums)


def _discriminant(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    sums = _sums(scribe, model, flow)
    return both_classes(scribe, logistic(scribe, sums)) if sums.width == 1 else softmax(scribe, sums)


def _stochastic(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    sums = _sums(scribe, model, flow)
    if model.loss == "log_loss":
        found = logistic(scribe, sums)
        return both_classes(scribe, found) if found.width == 1 else shares(scribe, found, if_none=0.0)
    if model.loss != "modified_huber":
        raise refuse(model, f"the loss {model.loss!r} gives no probabilities")
    low, high = (scribe.constant(np.array(bound)) for bound in (-1.0, 1.0))
    held = scribe.node("Clip", [sums.tensor, low, high])
    half = scribe.node("Mul", [scribe.node("Add", [held, high]), scribe.constant(np.array(0.5))])
    found = Matrix(half, sums.width)
    if found.width == 1:
        return both_classes(scribe, found)
    return shares(scribe, found, if_none=1.0 / found.width)


def _generalized(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    """Write a generalized linear model; its link is read from the loss that it was fitted with."""
    sums = _sums(scribe, model, flow)
    link = type(model._base_loss.link).__name__  # noqa: SLF001 - the link has no public name
    if link == "IdentityLink":
        return sums
    if link != "LogLink":
        raise refuse(model, f"the link {link} has no writer")
    return exponential(scribe, sums)


def _gaussian_bayes(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    """Write the log-likelihoods as squares of standardised columns, and their softmax."""
    given = scribe.matrix(flow, model)
    parts = []
    for mean, variance, prior in zip(model.theta_, model.var_, model.class_prior_, strict=True):
        moved = scribe.node("Sub", [given.tensor, scribe.constant(np.asarray(mean, np.float64)[None, :])])
        squared = scribe.node("Mul", [moved, moved])
        weights = scribe.constant((-0.5 / np.asarray(variance, np.float64))[:, None])
        offset = np.log(prior) - 0.5 * np.log(2.0 * np.pi * variance).sum()
        total = scribe.node("Add", [scribe.node("MatMul", [squared, weights]), scribe.constant(np.array([[offset]]))])
        parts.append(Matrix(total, 1))
    return softmax(scribe, scribe.joined(parts))


def _counting_bayes(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    given = scribe.matrix(flow, model)
    return softmax(scribe, affine(scribe, given, model.feature_log_prob_, model.class_log_prior_))


def _complement_bayes(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    given = scribe.matrix(flow, model)
    prior = model.class_log_prior_ if len(model.classes_) == 1 else np.zeros(len(model.classes_))
    return softmax(scribe, affine(scribe, given, model.feature_log_prob_, prior))


def _yes_no_bayes(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    given = scribe.matrix(flow, model)
    if model.binarize is not None:
        above = scribe.node("Greater", [given.tensor, scribe.constant(np.array(float(model.binarize)))])
        given = Matrix(scribe.cast(above, DOUBLE), given.width)
    absent = np.log(1.0 - np.exp(model.feature_log_prob_))
    offset = model.class_log_prior_ + absent.sum(axis=1)
    return softmax(scribe, affine(scribe, given, model.feature_log_prob_ - absent, offset))


def _quadratic(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    given = scribe.matrix(flow, model)
    parts = []
    for at in range(len(model.classes_)):
        rotation, scaling = np.asarray(model.rotations_[at]), np.asarray(model.scalings_[at])
        moved = scribe.node("Sub", [given.tensor, scribe.constant(np.asarray(model.means_[at])[None, :])])
        turned = scribe.node("MatMul", [moved, scribe.constant(rotation * scaling**-0.5)])
        squared = scribe.node("Mul", [turned, turned])
        weights = scribe.constant(np.full((rotation.shape[1], 1), -0.5))
        offset = np.log(model.priors_[at]) - 0.5 * np.log(scaling).sum()
        total = scribe.node("Add", [scribe.node("MatMul", [squared, weights]), scribe.constant(np.array([[offset]]))])
        parts.append(Matrix(total, 1))
    return softmax(scribe, scribe.joined(parts))


def _dummy_classes(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    prior = np.asarray(model.class_prior_, np.float64)
    if model.strategy == "prior":
        return constant_answer(scribe, flow, prior)
    if model.strategy == "most_frequent":
        return constant_answer(scribe, flow, np.eye(len(prior))[int(prior.argmax())])
    if model.strategy == "constant":
        return constant_answer(
            scribe, flow, np.eye(len(prior))[list(model.classes_).index(np.ravel(model.constant)[0])]
        )
    raise refuse(model, f"the strategy {model.strategy!r} draws at random")


def _dummy_amounts(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    return constant_answer(scribe, flow, np.asarray(model.constant_, np.float64).reshape(-1))


_LINEAR = (
    "LinearModel", "LinearRegression", "Ridge", "SGDRegressor", "LinearSVR", "TheilSenRegressor", "QuantileRegressor",
    "HuberRegressor", "LassoLars", "Lars", "PassiveAggressiveRegressor",
)  # fmt: skip

ANSWERS = {
    **{f"sklearn.{name}": _sums for name in _LINEAR},
    "sklearn.LogisticRegression": _logistic_regression,
    "sklearn.LinearDiscriminantAnalysis": _discriminant,
    "sklearn.QuadraticDiscriminantAnalysis": _quadratic,
    "sklearn.SGDClassifier": _stochastic,
    "sklearn._GeneralizedLinearRegressor": _generalized,
    "sklearn.GaussianNB": _gaussian_bayes,
    "sklearn.MultinomialNB": _counting_bayes,
    "sklearn.ComplementNB": _complement_bayes,
    "sklearn.BernoulliNB": _yes_no_bayes,
    "sklearn.DummyClassifier": _dummy_classes,
    "sklearn.DummyRegressor": _dummy_amounts,
}

SCORES = {"sklearn.LinearClassifierMixin": _sums}
