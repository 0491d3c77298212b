"""From a learner's model to graph nodes: everything after the feature matrix is float64, and the link ends it.

The answer of a row must not depend on the batch that it came in. Sums, products and comparisons keep to that by
themselves; ``Exp``, ``Sigmoid`` and the library's own ``Softmax`` do not (see ``graph.steady``), so the sums are
computed at padded width and the softmax is spelled out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import UsageError
from mainstay.contracts.formulas import Formula, formula_base
from mainstay.contracts.model import Affine, Constant, ModelGraph, Trees
from mainstay.graph.evaluate_trees import apply_link
from mainstay.graph.steady import first_columns, padded, widen
from mainstay.graph.write_formulas import check_formula, write_formula
from mainstay.graph.write_trees import check_trees, lone_leaves_summed, write_trees

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.model import Body, Link
    from mainstay.graph.builder import GraphBuilder

__all__ = ["DOUBLE", "as_double", "write_model"]

DOUBLE = 11
"""ONNX's number for float64."""


def write_model(builder: GraphBuilder, model: ModelGraph, features: str, width: int) -> str:
    """Write a model over a feature matrix and return the tensor of its answers.

    Parameters
    ----------
    builder : GraphBuilder
    model : ModelGraph
    features : str
        The feature matrix, float32 of shape (n, width); ignored where the width is 0.
    width : int

    Returns
    -------
    str
        A float64 tensor of shape (n, outputs), after the link; "sigmoid" gives two columns, 1 - p and p.
        Where neither the features nor the graph have a column, its shape is (1, outputs).

    Raises
    ------
    UsageError
        When the model's arrays do not fit each other or the width.

    Examples
    --------
    >>> from mainstay.graph.builder import GraphBuilder
    >>> builder = GraphBuilder(1, 0)
    >>> model = ModelGraph(Affine(np.array([[2.0]]), np.array([1.0])), "sigmoid")
    >>> answers = write_model(builder, model, "numbers", 1)
    >>> len(builder.build({"probabilities": answers})) > 0
    True
    """
    body = _simplest(model.body, width)
    _check_link(body, model.link)
    if isinstance(body, Constant):
        return _repeat(builder, apply_link(body.value[None, :], model.link), features if width else "")
    values = as_double(builder, features, width)
    if isinstance(body, Affine):
        return _linked(builder, *_affine(builder, body, values, model.link), model.link)
    sums = write_trees(builder, body, values) if isinstance(body, Trees) else write_formula(builder, body, values)
    base = _base(body)
    outputs = len(base)
    if model.link == "softmax":
        sums = widen(builder, sums, outputs, value=0.0, dtype=np.float64)
    total = builder.node("Add", [sums, builder.constant(_offset(base, model.link)[None, :])])
    return _linked(builder, total, outputs, model.link)


def as_double(builder: GraphBuilder, features: str, width: int) -> str:
    """Return the features as float64; a shape that is stated lets an audit prove that trees stay inside it."""
    stated = builder.node("Reshape", [features, builder.constant(np.array([0, width], np.int64))])
    return builder.node("Cast", [stated], to=DOUBLE)


def _simplest(body: Body, width: int) -> Body:
    if isinstance(body, Affine):
        if body.coefficients.shape != (width, len(body.intercept)):
            raise UsageError(
                f"an affine model over {width} features needs coefficients of shape ({width}, {len(body.intercept)}), "
                f"and {body.coefficients.shape} came",
                where="model graph",
            )
        return body if width else Constant(np.asarray(body.intercept, np.float64))
    if isinstance(body, Trees):
        check_trees(body, width)
        fixed = lone_leaves_summed(body)
        return body if fixed is None else Constant(fixed)
    if isinstance(body, Formula):
        check_formula(body, width)
    return body


def _base(body: Body) -> NDArray[np.float64]:
    """Return what is added to the sums at the end, one number per output."""
    if isinstance(body, Formula):
        return formula_base(body)
    return body.value if isinstance(body, Constant) else body.intercept if isinstance(body, Affine) else body.base


def _check_link(body: Body, link: Link) -> None:
    values = _base(body)
    if values.ndim != 1 or not len(values):
        raise UsageError(f"a model needs one answer per output, and shape {values.shape} came", where="model graph")
    if link == "sigmoid" and len(values) != 1:
        raise UsageError(f"the sigmoid link takes 1 output, and {len(values)} came", where="model graph")
    if isinstance(body, Affine) and not (np.isfinite(body.coefficients).all() and np.isfinite(values).all()):
        raise UsageError("the coefficients of an affine model must be finite", where="model graph")
    if not np.isfinite(values).all():
        raise UsageError("the answers of a model must be finite", where="model graph")


def _offset(base: NDArray[np.float64], link: Link) -> NDArray[np.float64]:
    """Return what is added to the sums, at the width that the link needs to be steady."""
    if link == "sigmoid":
        return np.full(padded(1), base[0], np.float64)
    if link == "softmax":
        # exp(-inf) is 0: a padding column takes no share.
        return np.concatenate([base, np.full(padded(len(base)) - len(base), -np.inf)])
    return np.asarray(base, np.float64)


def _affine(builder: GraphBuilder, body: Affine, values: str, link: Link) -> tuple[str, int]:
    offset = _offset(np.asarray(body.intercept, np.float64), link)
    coefficients = np.asarray(body.coefficients, np.float64)
    if link == "softmax":
        coefficients = np.pad(coefficients, ((0, 0), (0, len(offset) - coefficients.shape[1])))
    products = builder.node("MatMul", [values, builder.constant(coefficients)])
    return builder.node("Add", [products, builder.constant(offset[None, :])]), len(body.intercept)


def _linked(builder: GraphBuilder, total: str, outputs: int, link: Link) -> str:
    if link == "identity":
        return total
    if link == "sigmoid":
        positive = first_columns(builder, builder.node("Sigmoid", [total]), 2)
        signed = builder.node("Mul", [positive, builder.constant(np.array([[-1.0, 1.0]]))])
        return builder.node("Add", [signed, builder.constant(np.array([[1.0, 0.0]]))])
    along = builder.constant(np.array([1], np.int64))
    powers = builder.node("Exp", [builder.node("Sub", [total, builder.node("ReduceMax", [total, along], keepdims=1)])])
    shares = builder.node("Div", [powers, builder.node("ReduceSum", [powers, along], keepdims=1)])
    return first_columns(builder, shares, outputs)


def _repeat(builder: GraphBuilder, answer: NDArray[np.float64], features: str) -> str:
    """Give the same answer to every row, by adding a column of zeros that knows how many rows there are."""
    source = features or next(iter(builder.inputs), "")
    constant = builder.constant(np.asarray(answer, np.float64))
    if not source:
        return constant
    column = builder.node("Gather", [source, builder.constant(np.array([0], np.int64))], axis=1)
    if source == "categories":
        column = builder.node("Cast", [column], to=1)
    # NaN times zero is NaN, so the column is asked first whether it is missing: yes or no times zero is zero.
    flag = builder.node("Cast", [builder.node("IsNaN", [column])], to=DOUBLE)
    zeros = builder.node("Mul", [flag, builder.constant(np.array(0.0))])
    return builder.node("Add", [zeros, constant])
