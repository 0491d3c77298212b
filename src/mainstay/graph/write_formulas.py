"""Formulas over standardised features into graph nodes: the checks, the standardisation, and who writes which."""

from __future__ import annotations

from dataclasses import fields
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import UsageError
from mainstay.contracts.formulas import ACTIVATIONS, Kernel, Layers, Neighbours, formula_base
from mainstay.graph.write_kernel import write_kernel
from mainstay.graph.write_layers import write_layers, write_quadratic
from mainstay.graph.write_neighbours import write_neighbours

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mainstay.contracts.formulas import Formula, Quadratic, Scaling
    from mainstay.graph.builder import GraphBuilder

__all__ = ["check_formula", "standardised", "write_formula"]

_EXACT = 2.0**53


def write_formula(builder: GraphBuilder, body: Formula, values: str) -> str:
    """Write a formula without its base.

    Parameters
    ----------
    builder : GraphBuilder
    body : Formula
        Sound by :func:`check_formula`.
    values : str
        Features, float64 of shape (n, width).

    Returns
    -------
    str
        A float64 tensor of shape (n, outputs); :func:`mainstay.contracts.formulas.formula_base` is still to be added.
    """
    standard = standardised(builder, body.scaling, values)
    if isinstance(body, Kernel):
        return write_kernel(builder, body, standard)
    if isinstance(body, Neighbours):
        return write_neighbours(builder, body, standard)
    if isinstance(body, Layers):
        return write_layers(builder, body, standard)
    return write_quadratic(builder, body, standard)


def check_formula(body: Formula, width: int) -> None:
    """Raise :class:`UsageError` where the arrays of a formula do not fit each other or ``width`` features."""
    scaling, outputs = body.scaling, len(formula_base(body))
    _shapes("standardisation", width, (scaling.centre, (width,)), (scaling.factor, (width,)))
    if isinstance(body, Layers):
        _check_layers(body, width)
    elif isinstance(body, Kernel):
        _shapes("kernel", width, (body.points, (None, width)), (body.coefficients, (len(body.points), outputs)))
        if float(body.gamma) < 0 or not len(body.points):
            raise UsageError("a kernel needs points, and a gamma of at least 0", where="model graph")
    elif isinstance(body, Neighbours):
        _check_neighbours(body, width)
    else:
        _check_quadratic(body, width)
    if not all(np.isfinite(array).all() for array in _arrays(body)):
        raise UsageError("the numbers of a model must be finite", where="model graph")


def _check_layers(body: Layers, width: int) -> None:
    inputs = (width, *(len(biases) for biases in body.biases))
    if len(body.weights) != len(body.biases) or body.activation not in ACTIVATIONS:
        raise UsageError("layers need weights and biases each, and a known activation", where="model graph")
    for weights, sizes in zip(body.weights, pairwise(inputs), strict=True):
        _shapes("layers", width, (weights, sizes))


def _check_neighbours(body: Neighbours, width: int) -> None:
    points, outputs = len(body.points), len(body.prior)
    _shapes(
        "neighbours", width, (body.points, (None, width)), (body.votes, (points, outputs)), (body.weight, (points,))
    )
    reach = float(body.scaling.limit) * float(body.steps)
    if not 1 <= int(body.count) <= points or not 4 * width * reach**2 < _EXACT:
        raise UsageError(
            f"neighbours must be 1 to {points}, and {width} features within {reach:g} steps must have exact distances",
            where="model graph",
        )
    if (body.weight <= 0).any() or float(body.smoothing) < 0:
        raise UsageError("neighbours need weights above 0 and a smoothing of at least 0", where="model graph")
    if (np.abs(body.points) > reach).any() or (body.points != np.rint(body.points)).any():
        raise UsageError("points of neighbours must be whole steps within the limit", where="model graph")


def _check_quadratic(body: Quadratic, width: int) -> None:
    shape = (width, len(body.intercept))
    _shapes("quadratic", width, (body.squares, shape), (body.coefficients, shape))


def _shapes(name: str, width: int, *pairs: tuple[NDArray[np.generic], tuple[int | None, ...]]) -> None:
    for array, wanted in pairs:
        fits = len(array.shape) == len(wanted) and all(
            size is None or size == found for found, size in zip(array.shape, wanted, strict=True)
        )
        if not fits or not width:
            raise UsageError(
                f"a {name} over {width} features needs an array of shape {wanted}, and {array.shape} came",
                where="model graph",
            )


def _arrays(body: Formula) -> Iterator[NDArray[np.generic]]:
    yield from (body.scaling.centre, body.scaling.factor)
    for part in fields(body):
        value = getattr(body, part.name)
        if isinstance(value, tuple):
            yield from value
        elif isinstance(value, np.ndarray):
            yield value


def standardised(builder: GraphBuilder, scaling: Scaling, values: str) -> str:
    """Write what ``scaling.apply`` returns, float64 of shape (n, d)."""
    moved = builder.node("Sub", [values, builder.constant(np.asarray(scaling.centre, np.float64)[None, :])])
    scaled = builder.node("Mul", [moved, builder.constant(np.asarray(scaling.factor, np.float64)[None, :])])
    limit = float(scaling.limit)
    if not np.isfinite(limit):
        return scaled
    return builder.node("Clip", [scaled, builder.constant(np.array(-limit)), builder.constant(np.array(limit))])
