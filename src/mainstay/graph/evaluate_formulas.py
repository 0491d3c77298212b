"""What a formula answers, computed by NumPy alone from its definition: the second opinion beside ONNX Runtime."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.formulas import Kernel, Layers, Neighbours

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mainstay.contracts.formulas import Activation, Formula

    Doubles = NDArray[np.float64]

__all__ = ["formula_sums"]

_BLOCK = 512


def formula_sums(body: Formula, features: NDArray[np.float32]) -> Doubles:
    """Return the sums of a formula before its link, float64 of shape (n, outputs).

    Examples
    --------
    >>> from mainstay.contracts.formulas import Quadratic, Scaling
    >>> scaling = Scaling(np.zeros(1), np.ones(1), np.array(np.inf))
    >>> body = Quadratic(scaling, np.array([[2.0]]), np.array([[1.0]]), np.array([0.5]))
    >>> formula_sums(body, np.array([[3.0]], np.float32)).tolist()
    [[21.5]]
    """
    standard = body.scaling.apply(features)
    if isinstance(body, Layers):
        return _layers(body, standard)
    if isinstance(body, Kernel):
        return _in_blocks(partial(_kernel, body), standard)
    if isinstance(body, Neighbours):
        return _in_blocks(partial(_neighbours, body), standard)
    return np.asarray(standard**2 @ body.squares + standard @ body.coefficients + body.intercept)


def _in_blocks(sums: Callable[[Doubles], Doubles], standard: Doubles) -> Doubles:
    return np.concatenate([sums(standard[at : at + _BLOCK]) for at in range(0, max(1, len(standard)), _BLOCK)])


def _kernel(body: Kernel, standard: Doubles) -> Doubles:
    squared = _squared(standard, body.points)
    summed: Doubles = np.exp(-float(body.gamma) * squared) @ body.coefficients + body.intercept
    return summed


def _neighbours(body: Neighbours, standard: Doubles) -> Doubles:
    count, smoothing = int(body.count), float(body.smoothing)
    squared = _squared(np.rint(standard * body.steps), body.points.astype(np.float64))
    nearest = np.argsort(squared, axis=1, kind="stable")[:, :count]
    distance = np.sqrt(np.take_along_axis(squared, nearest, axis=1))
    closeness = np.ones_like(distance)
    if body.by_distance:
        with np.errstate(divide="ignore"):
            known = (distance == 0).any(axis=1, keepdims=True)
            closeness = np.where(known, distance == 0, 1.0 / distance)
    votes = (closeness[:, :, None] * body.votes[nearest]).sum(axis=1)
    weight = (closeness * body.weight[nearest]).sum(axis=1)
    answer: Doubles = (count * votes / weight[:, None] + smoothing * body.prior) / (count + smoothing)
    return answer


def _layers(body: Layers, standard: Doubles) -> Doubles:
    for weights, biases in zip(body.weights[:-1], body.biases[:-1], strict=True):
        standard = _activated(standard @ weights + biases, body.activation)
    answer: Doubles = standard @ body.weights[-1] + body.biases[-1]
    return answer


def _activated(sums: Doubles, activation: Activation) -> Doubles:
    if activation == "relu":
        return np.maximum(sums, 0.0)
    if activation == "tanh":
        return np.asarray(np.tanh(sums))
    if activation == "identity":
        return sums
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(-sums)))


def _squared(rows: Doubles, points: Doubles) -> Doubles:
    """Return squared distances; exact where both hold whole numbers."""
    products = rows @ points.T
    squared: Doubles = (rows**2).sum(axis=1)[:, None] - 2.0 * products + (points**2).sum(axis=1)
    return np.asarray(np.maximum(squared, 0.0))
