"""Layers of neurons, and quadratics, into graph nodes: products, sums, and activations that keep their bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.graph.steady import steady

if TYPE_CHECKING:
    from mainstay.contracts.formulas import Activation, Layers, Quadratic
    from mainstay.graph.builder import GraphBuilder

__all__ = ["write_layers", "write_quadratic"]


def write_layers(builder: GraphBuilder, body: Layers, standard: str) -> str:
    """Write the neurons, without the last biases.

    Parameters
    ----------
    builder : GraphBuilder
    body : Layers
    standard : str
        Standardised features, float64 of shape (n, d).

    Returns
    -------
    str
        A float64 tensor of shape (n, outputs).
    """
    tensor = standard
    for weights, biases in zip(body.weights[:-1], body.biases[:-1], strict=True):
        products = builder.node("MatMul", [tensor, builder.constant(weights)])
        sums = builder.node("Add", [products, builder.constant(biases[None, :])])
        tensor = _activated(builder, sums, len(biases), body.activation)
    return builder.node("MatMul", [tensor, builder.constant(body.weights[-1])])


def write_quadratic(builder: GraphBuilder, body: Quadratic, standard: str) -> str:
    """Write squares and products, without the intercept; a float64 tensor of shape (n, outputs)."""
    squares = builder.node("Mul", [standard, standard])
    curved = builder.node("MatMul", [squares, builder.constant(body.squares)])
    return builder.node("Add", [curved, builder.node("MatMul", [standard, builder.constant(body.coefficients)])])


def _activated(builder: GraphBuilder, sums: str, width: int, activation: Activation) -> str:
    if activation == "identity":
        return sums
    if activation == "relu":
        return builder.node("Max", [sums, builder.constant(np.array(0.0))])
    return steady(builder, "Tanh" if activation == "tanh" else "Sigmoid", sums, width, dtype=np.float64)
