"""Estimators that measure nearness or pass through layers: support vectors, neighbours, processes, neurons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.convert.flow import Matrix, refuse
from mainstay.convert.linear import affine
from mainstay.convert.links import both_classes, exponential, logistic, row_sum, shares, softmax
from mainstay.graph.steady import steady

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.convert.flow import Flow, Scribe

__all__ = ["ANSWERS", "SCORES"]

_LARGEST = 50_000_000


def _squared_distances(scribe: Scribe, given: Matrix, points: NDArray[np.float64], owner: Any) -> Matrix:
    """Return ``|x|^2 - 2 x.p + |p|^2``, never below 0."""
    if points.size > _LARGEST:
        raise refuse(owner, f"it keeps {points.size:,} numbers")
    own = row_sum(scribe, scribe.node("Mul", [given.tensor, given.tensor]), given.width)
    crossed = scribe.node("MatMul", [given.tensor, scribe.constant(-2.0 * points.T)])
    total = scribe.node("Add", [scribe.node("Add", [own, crossed]), scribe.constant((points**2).sum(axis=1)[None, :])])
    return Matrix(scribe.node("Max", [total, scribe.constant(np.array(0.0))]), len(points))


def _kernel(scribe: Scribe, model: Any, given: Matrix, points: NDArray[np.float64]) -> Matrix:
    """Write the kernel of a support vector machine between rows and points."""
    gamma = float(model._gamma)  # noqa: SLF001 - what "scale" and "auto" came to has no public name
    if model.kernel == "rbf":
        far = _squared_distances(scribe, given, points, model)
        return exponential(scribe, _times(scribe, far, -gamma))
    product = Matrix(scribe.node("MatMul", [given.tensor, scribe.constant(points.T)]), len(points))
    if model.kernel == "linear":
        return product
    moved = scribe.node("Add", [_times(scribe, product, gamma).tensor, scribe.constant(np.array(float(model.coef0)))])
    if model.kernel == "sigmoid":
        return Matrix(steady(scribe.builder, "Tanh", moved, len(points), dtype=np.float64), len(points))
    if model.kernel != "poly" or int(model.degree) != model.degree or not 1 <= model.degree <= 16:
        raise refuse(model, f"the kernel {model.kernel!r} has no writer")
    total = moved
    for _ in range(int(model.degree) - 1):
        total = scribe.node("Mul", [total, moved])
    return Matrix(total, len(points))


def _times(scribe: Scribe, matrix: Matrix, factor: float) -> Matrix:
    return Matrix(scribe.node("Mul", [matrix.tensor, scribe.constant(np.array(factor))]), matrix.width)


def _support_sums(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    if len(getattr(model, "classes_", (0, 1))) > 2:
        raise refuse(
            model, "decision values of more than two classes have no writer; put OneVsRestClassifier around it"
        )
    points = np.asarray(model.support_vectors_, np.float64)
    near = _kernel(scribe, model, scribe.matrix(flow, model), points)
    weights = model.dual_coef_.toarray() if hasattr(model.dual_coef_, "toarray") else model.dual_coef_
    return affine(scribe, near, weights, model.intercept_)


def _support_classes(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    del scribe, flow
    raise refuse(
        model, "its own probabilities come from an iteration that stops early (libsvm, to 0.0025); fit "
        "CalibratedClassifierCV(SVC()) instead, as scikit-learn advises since 1.9",
    )  # fmt: skip


def _neighbour_places(scribe: Scribe, model: Any, flow: Flow) -> tuple[str, str]:
    """Return the squared distances of the nearest points, and which they are."""
    metric = model.effective_metric_
    if metric != "euclidean" or callable(model.weights):
        raise refuse(model, f"the metric {metric!r} or its weights have no writer")
    points = np.asarray(model._fit_X, np.float64)  # noqa: SLF001 - the points have no public name
    middle = points.mean(axis=0)
    given = scribe.matrix(flow, model)
    moved = Matrix(scribe.node("Sub", [given.tensor, scribe.constant(middle[None, :])]), given.width)
    far = _squared_distances(scribe, moved, points - middle, model)
    count = scribe.constant(np.array([model.n_neighbors], np.int64))
    near, places = scribe.builder.node("TopK", [far.tensor, count], outputs=2, axis=1, largest=0, sorted=1)
    return near, places


def _neighbour_mean(scribe: Scribe, model: Any, flow: Flow, votes: NDArray[np.float64]) -> Matrix:
    near, places = _neighbour_places(scribe, model, flow)
    picked = scribe.node("Gather", [scribe.constant(votes), places], axis=0)
    along = scribe.constant(np.array([1], np.int64))
    if model.weights == "uniform":
        return _times(scribe, _added(scribe, picked, model.n_neighbors, votes.shape[1]), 1.0 / model.n_neighbors)
    zero, one = scribe.constant(np.array(0.0)), scribe.constant(np.array(1.0))
    hit = scribe.node("Equal", [near, zero])
    some = scribe.node("ReduceMax", [scribe.cast(hit, 11), along], keepdims=1)
    safe = scribe.node("Sqrt", [scribe.node("Where", [hit, one, near])])
    usual = scribe.node("Div", [one, safe])
    weight = scribe.node("Where", [scribe.node("Greater", [some, zero]), scribe.cast(hit, 11), usual])
    wide = scribe.node("Unsqueeze", [weight, scribe.constant(np.array([2], np.int64))])
    total = _added(scribe, scribe.node("Mul", [picked, wide]), model.n_neighbors, votes.shape[1])
    size = row_sum(scribe, weight, model.n_neighbors)
    return Matrix(scribe.node("Div", [total.tensor, size]), votes.shape[1])


def _added(scribe: Scribe, votes: str, count: int, width: int) -> Matrix:
    """Add votes of shape (n, count, width) over the neighbours, by products of rows."""
    turned = scribe.node("Transpose", [votes], perm=[0, 2, 1])
    flat = scribe.node("Reshape", [turned, scribe.constant(np.array([-1, count], np.int64))])
    summed = row_sum(scribe, flat, count)
    return Matrix(scribe.node("Reshape", [summed, scribe.constant(np.array([-1, width], np.int64))]), width)


def _neighbour_classes(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    votes = np.eye(len(model.classes_))[np.asarray(model._y, np.int64).reshape(-1)]  # noqa: SLF001
    return shares(scribe, _neighbour_mean(scribe, model, flow, votes), if_none=0.0)


def _neighbour_amounts(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    answers = np.asarray(model._y, np.float64)  # noqa: SLF001
    if answers.ndim > 1 and answers.shape[1] != 1:
        raise refuse(model, "it answers several targets at once")
    return _neighbour_mean(scribe, model, flow, answers.reshape(-1, 1))


def _layers(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    found = scribe.matrix(flow, model)
    last = len(model.coefs_) - 1
    for at, (weights, biases) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        found = affine(scribe, found, np.asarray(weights).T, biases)
        if at < last:
            found = _activated(scribe, model, found)
    return found


def _activated(scribe: Scribe, model: Any, found: Matrix) -> Matrix:
    if model.activation == "identity":
        return found
    if model.activation == "relu":
        return Matrix(scribe.node("Max", [found.tensor, scribe.constant(np.array(0.0))]), found.width)
    op = {"tanh": "Tanh", "logistic": "Sigmoid"}[model.activation]
    return Matrix(steady(scribe.builder, op, found.tensor, found.width, dtype=np.float64), found.width)


def _neuron_classes(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    sums = _layers(scribe, model, flow)
    if model.out_activation_ == "softmax":
        return softmax(scribe, sums)
    if sums.width > 1:
        raise refuse(model, "it answers several labels at once")
    return both_classes(scribe, logistic(scribe, sums))


def _neuron_amounts(scribe: Scribe, model: Any, flow: Flow) -> Matrix:
    sums = _layers(scribe, model, flow)
    if sums.width > 1:
        raise refuse(model, "it answers several targets at once")
    return exponential(scribe, sums) if model.out_activation_ == "exp" else sums


ANSWERS = {
    "sklearn.SVC": _support_classes,
    "sklearn.NuSVC": _support_classes,
    "sklearn.SVR": _support_sums,
    "sklearn.NuSVR": _support_sums,
    "sklearn.KNeighborsClassifier": _neighbour_classes,
    "sklearn.KNeighborsRegressor": _neighbour_amounts,
    "sklearn.MLPClassifier": _neuron_classes,
    "sklearn.MLPRegressor": _neuron_amounts,
}
SCORES = {"sklearn.SVC": _support_sums, "sklearn.NuSVC": _support_sums}
