"""Sums of Gaussian kernels into graph nodes, a group of points at a time.

A kernel machine asks every row for its distance to thousands of points. All at once that is 160 MB for a block of
4,096 rows and 5,000 points, and again for each step of the arithmetic; in groups it is 16 MB. Rows of a group are
whole lines of 64 bytes, which keeps ``Exp`` steady (see ``graph.steady``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.graph.steady import padded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.formulas import Kernel
    from mainstay.graph.builder import GraphBuilder

__all__ = ["GROUP", "write_kernel"]

GROUP = 512
"""Points that are compared at once."""


def write_kernel(builder: GraphBuilder, body: Kernel, standard: str) -> str:
    """Write the weighted sum of the kernels, without the intercept.

    Parameters
    ----------
    builder : GraphBuilder
    body : Kernel
    standard : str
        Standardised features, float64 of shape (n, d).

    Returns
    -------
    str
        A float64 tensor of shape (n, outputs).
    """
    gamma = float(body.gamma)
    # A product, because ReduceSum over a width such as 5 gives other bits for one row than for many.
    share = builder.constant(np.full((body.points.shape[1], 1), gamma))
    lengths = builder.node("MatMul", [builder.node("Mul", [standard, standard]), share])
    total = ""
    for first in range(0, len(body.points), GROUP):
        group = slice(first, first + GROUP)
        part = _group(builder, body.points[group], body.coefficients[group], gamma, (standard, lengths))
        total = builder.node("Add", [total, part]) if total else part
    return total


def _group(
    builder: GraphBuilder,
    points: NDArray[np.float64],
    coefficients: NDArray[np.float64],
    gamma: float,
    rows: tuple[str, str],
) -> str:
    standard, lengths = rows
    rest = ((0, padded(len(points)) - len(points)), (0, 0))  # what is padded counts zero times
    points, coefficients = np.pad(points, rest), np.pad(coefficients, rest)
    products = builder.node("MatMul", [standard, builder.constant(2.0 * gamma * points.T)])
    own = builder.constant(gamma * (points * points).sum(axis=1)[None, :])
    exponents = builder.node("Sub", [builder.node("Sub", [products, lengths]), own])
    # Rounding may leave a distance a little below 0.
    exponents = builder.node("Min", [exponents, builder.constant(np.array(0.0))])
    return builder.node("MatMul", [builder.node("Exp", [exponents]), builder.constant(coefficients)])
