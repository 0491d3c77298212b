"""From sums to answers: the functions that turn decision values into probabilities, bit-steady in any batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.convert.flow import DOUBLE, Matrix
from mainstay.graph.steady import first_columns, padded, steady

if TYPE_CHECKING:
    from mainstay.convert.flow import Scribe

__all__ = ["both_classes", "exponential", "logistic", "row_sum", "shares", "softmax", "voted"]


def row_sum(scribe: Scribe, tensor: str, width: int) -> str:
    """Return the sum of each row, (n, 1): a product with ones, because ``ReduceSum`` adds otherwise for one row."""
    return scribe.node("MatMul", [tensor, scribe.constant(np.ones((width, 1)))])


def logistic(scribe: Scribe, given: Matrix) -> Matrix:
    """Return ``1 / (1 + exp(-x))`` of each value."""
    return Matrix(steady(scribe.builder, "Sigmoid", given.tensor, given.width, dtype=np.float64), given.width)


def exponential(scribe: Scribe, given: Matrix) -> Matrix:
    """Return ``exp(x)`` of each value."""
    return Matrix(steady(scribe.builder, "Exp", given.tensor, given.width, dtype=np.float64), given.width)


def both_classes(scribe: Scribe, second: Matrix) -> Matrix:
    """Return the probabilities of both classes from that of the second."""
    first = scribe.node("Sub", [scribe.constant(np.array(1.0)), second.tensor])
    return Matrix(scribe.node("Concat", [first, second.tensor], axis=1), 2)


def softmax(scribe: Scribe, given: Matrix) -> Matrix:
    """Return ``exp(x) / sum(exp(x))`` along each row."""
    missing = padded(given.width) - given.width
    along = scribe.constant(np.array([1], np.int64))
    wide = given.tensor
    if missing:
        pads = scribe.constant(np.array([0, 0, 0, missing], np.int64))
        wide = scribe.node("Pad", [wide, pads, scribe.constant(np.array(-np.inf))])
    powers = scribe.node("Exp", [scribe.node("Sub", [wide, scribe.node("ReduceMax", [wide, along], keepdims=1)])])
    found = scribe.node("Div", [powers, scribe.node("ReduceSum", [powers, along], keepdims=1)])
    return Matrix(first_columns(scribe.builder, found, given.width) if missing else found, given.width)


def shares(scribe: Scribe, given: Matrix, *, if_none: float) -> Matrix:
    """Return each value's share of its row's sum; ``if_none`` everywhere in a row whose sum is 0."""
    total = row_sum(scribe, given.tensor, given.width)
    none = scribe.node("Equal", [total, scribe.constant(np.array(0.0))])
    safe = scribe.node("Where", [none, scribe.constant(np.array(1.0)), total])
    found = scribe.node("Div", [given.tensor, safe])
    return Matrix(scribe.node("Where", [none, scribe.constant(np.array(if_none)), found]), given.width)


def voted(scribe: Scribe, given: Matrix) -> Matrix:
    """Return 1 in the first column that has the largest value of its row, and 0 in the others."""
    place = scribe.node("ArgMax", [given.tensor], axis=1, keepdims=1)
    numbers = scribe.constant(np.arange(given.width, dtype=np.int64)[None, :])
    return Matrix(scribe.cast(scribe.node("Equal", [place, numbers]), DOUBLE), given.width)
