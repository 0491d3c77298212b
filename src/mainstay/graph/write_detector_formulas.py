"""Detectors that are a formula into graph nodes: lengths of vectors, sums of kernels, and what layers leave over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.graph.steady import padded
from mainstay.graph.write_distances import squared_distances
from mainstay.graph.write_formulas import standardised, write_formula

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mainstay.contracts.anomaly_bodies import Deviation, KernelSum, Reconstruction
    from mainstay.contracts.formulas import Kernel
    from mainstay.graph.builder import GraphBuilder

__all__ = [
    "deviation_scores",
    "deviation_terms",
    "kernel_scores",
    "kernel_terms",
    "reconstruction_scores",
    "reconstruction_terms",
]

_GROUP = 512
"""Points that are compared at once: 16 MB for a block of 4,096 rows."""


def deviation_scores(builder: GraphBuilder, body: Deviation, values: str) -> str:
    """Write ``|(x - centre) @ root|``, float64 of shape (n, 1)."""
    turned = builder.node("MatMul", [_moved(builder, body, values), builder.constant(body.root.astype(np.float64))])
    ones = builder.constant(np.ones((body.root.shape[1], 1)))
    return builder.node("Sqrt", [builder.node("MatMul", [builder.node("Mul", [turned, turned]), ones])])


def deviation_terms(builder: GraphBuilder, body: Deviation, values: str) -> str:
    """Write ``(P z)_j^2 / P_jj`` with ``P = root @ root.T``, float64 of shape (n, d)."""
    matrix = body.root.astype(np.float64) @ body.root.T.astype(np.float64)
    own = np.diag(matrix)
    inverse = np.divide(1.0, own, out=np.zeros_like(own), where=own > 0)
    # One product: a factor behind it is merged into the next one by ONNX Runtime (1.31), rounded to float32.
    turned = builder.node("MatMul", [_moved(builder, body, values), builder.constant(matrix * np.sqrt(inverse))])
    return builder.node("Mul", [turned, turned])


def kernel_scores(builder: GraphBuilder, body: KernelSum, values: str) -> str:
    """Write minus the sum of the kernels, float64 of shape (n, 1)."""
    offset = builder.constant(np.asarray(-body.kernel.intercept, np.float64)[None, :])
    return builder.node("Sub", [offset, write_formula(builder, body.kernel, values)])


def kernel_terms(builder: GraphBuilder, body: KernelSum, values: str) -> str:
    """Write squared distances by feature, weighted by coefficient and kernel, float64 of shape (n, d)."""
    kernel = body.kernel
    standard, d = standardised(builder, kernel.scaling, values), kernel.points.shape[1]
    groups = [(squared_distances(builder, standard, points), points, weights) for points, weights in _groups(kernel)]
    least = ""
    for squares, _, _ in groups:
        part = builder.node("ReduceMin", [squares, builder.constant(np.array([1], np.int64))], keepdims=1)
        least = builder.node("Min", [least, part]) if least else part
    total = ""
    for squares, points, weights in groups:
        exponents = builder.node("Sub", [least, squares])  # at most 0, so the row's largest kernel is 1
        near = builder.node("Exp", [builder.node("Mul", [exponents, builder.constant(np.asarray(kernel.gamma))])])
        table = np.concatenate([np.ones((len(points), 1)), points, points * points], axis=1) * weights[:, None]
        part = builder.node("MatMul", [near, builder.constant(table)])
        total = builder.node("Add", [total, part]) if total else part
    whole, firsts, seconds = (
        builder.node("Slice", [total, *(builder.constant(np.array([at], np.int64)) for at in (begin, end, 1))])
        for begin, end in ((0, 1), (1, 1 + d), (1 + d, 1 + 2 * d))
    )
    doubled = builder.node("Mul", [standard, builder.constant(np.array(2.0))])
    own = builder.node("Mul", [whole, builder.node("Mul", [standard, standard])])
    rest = builder.node("Sub", [own, builder.node("Mul", [doubled, firsts])])
    return builder.node("Max", [builder.node("Add", [rest, seconds]), builder.constant(np.array(0.0))])


def reconstruction_scores(builder: GraphBuilder, body: Reconstruction, values: str) -> str:
    """Write the root of the mean squared difference, float64 of shape (n, 1)."""
    d = len(body.layers.scaling.centre)
    share = builder.constant(np.full((d, 1), 1.0 / d))
    return builder.node("Sqrt", [builder.node("MatMul", [reconstruction_terms(builder, body, values), share])])


def reconstruction_terms(builder: GraphBuilder, body: Reconstruction, values: str) -> str:
    """Write squared differences between features and what the layers make of them, float64 of shape (n, d)."""
    standard = standardised(builder, body.layers.scaling, values)
    last = builder.constant(np.asarray(body.layers.biases[-1], np.float64)[None, :])
    rebuilt = builder.node("Add", [write_formula(builder, body.layers, values), last])
    difference = builder.node("Sub", [standard, rebuilt])
    return builder.node("Mul", [difference, difference])


def _moved(builder: GraphBuilder, body: Deviation, values: str) -> str:
    return builder.node("Sub", [values, builder.constant(body.centre.astype(np.float64)[None, :])])


def _groups(kernel: Kernel) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Yield points and their weights; a group is padded with its first point, which then weighs nothing."""
    for first in range(0, len(kernel.points), _GROUP):
        points = kernel.points[first : first + _GROUP].astype(np.float64)
        weights = np.maximum(kernel.coefficients[first : first + _GROUP, 0], 0.0)
        missing = padded(len(points)) - len(points)
        yield (
            np.concatenate([points, np.repeat(points[:1], missing, axis=0)]),
            np.concatenate([weights, np.zeros(missing)]),
        )
