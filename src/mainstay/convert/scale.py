"""Steps over numbers: scaling, filling gaps, choosing, multiplying out, projecting; all in float64.

Each does the library's own operations in the library's own order, so that a tree after it sees the same bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.convert.flow import DOUBLE, Matrix, refuse
from mainstay.convert.links import row_sum
from mainstay.graph.steady import steady

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.convert.flow import Scribe

__all__ = ["STEPS"]

_FUNCTIONS = {
    "log": ("Log",), "exp": ("Exp",), "sqrt": ("Sqrt",), "absolute": ("Abs",), "abs": ("Abs",), "negative": ("Neg",),
    "sin": ("Sin",), "cos": ("Cos",), "tanh": ("Tanh",), "floor": ("Floor",), "ceil": ("Ceil",), "sign": ("Sign",),
}  # fmt: skip
_EXACT = {"Sqrt", "Abs", "Neg", "Floor", "Ceil", "Sign"}


def _row(values: Any) -> NDArray[np.float64]:
    return np.asarray(values, np.float64).reshape(1, -1)


def _each(scribe: Scribe, op: str, matrix: Matrix, values: Any) -> Matrix:
    """Apply an operator of two inputs to every column with its own constant."""
    return Matrix(scribe.node(op, [matrix.tensor, scribe.constant(_row(values))]), matrix.width)


def _standard(scribe: Scribe, step: Any, given: Matrix) -> Matrix:
    if step.with_mean and step.mean_ is not None:
        given = _each(scribe, "Sub", given, step.mean_)
    return _each(scribe, "Div", given, step.scale_) if step.with_std else given


def _min_max(scribe: Scribe, step: Any, given: Matrix) -> Matrix:
    scaled = _each(scribe, "Add", _each(scribe, "Mul", given, step.scale_), step.min_)
    return _between(scribe, scaled, *step.feature_range) if step.clip else scaled


def _between(scribe: Scribe, matrix: Matrix, low: Any, high: Any) -> Matrix:
    """Hold values between two bounds; a missing value stays missing."""
    tensor = matrix.tensor
    for op, bound in (("Less", low), ("Greater", high)):
        edge = scribe.constant(np.array(bound, np.float64))
        tensor = scribe.node("Where", [scribe.node(op, [tensor, edge]), edge, tensor])
    return Matrix(tensor, matrix.width)


def _max_abs(scribe: Scribe, step: Any, given: Matrix) -> Matrix:
    scaled = _each(scribe, "Div", given, step.scale_)
    return _between(scribe, scaled, -1.0, 1.0) if getattr(step, "clip", False) else scaled


def _robust(scribe: Scribe, step: Any, given: Matrix) -> Matrix:
    if step.with_centering:
        given = _each(scribe, "Sub", given, step.center_)
    return _each(scribe, "Div", given, step.scale_) if step.with_scaling else given


def _impute(scribe: Scribe, step: Any, given: Matrix) -> Matrix:
    filled = np.asarray(step.statistics_, np.float64)
    missing = _is_missing(scribe, given, step.missing_values)
    kept = [at for at in range(given.width) if not np.isnan(filled[at]) or step.keep_empty_features]
    values = scribe.constant(_row(np.nan_to_num(filled)))
    whole = Matrix(scribe.node("Where", [missing, values, given.tensor]), given.width)
    found = scribe.columns(whole, kept)
    if not step.add_indicator:
        return found
    flags = Matrix(scribe.cast(missing, DOUBLE), given.width, exact=True)
    return scribe.joined([found, scribe.columns(flags, step.indicator_.features_.tolist())])


def _is_missing(scribe: Scribe, given: Matrix, marker: Any) -> str:
    if marker is None or (isinstance(marker, float) and np.isnan(marker)):
        return scribe.node("IsNaN", [given.tensor])
    return scribe.node("Equal", [given.tensor, scribe.constant(np.array(marker, np.float64))])


def _indicator(scribe: Scribe, step: Any, given: Matrix) -> Matrix:
    flags = scribe.cast(_is_missing(scribe, given, step.missing_values), DOUBLE)
    return scribe.columns(Matrix(flags, given.width, exact=True), step.features_.tolist())


def _select(scribe: Scribe, step: Any, given: Matrix) -> Matrix:
    return scribe.columns(given, np.flatnonzero(step.get_support()).tolist())


def _polynomial(scribe: Scribe, step: Any, given: Matrix) -> Matrix:
    """Multiply columns out, one factor after the other, as many as the highest degree has."""
    powers = np.asarray(step.powers_, np.int64)
    if powers.size > 4_000_000:
        raise refuse(step, f"it gives {len(powers):,} columns")
    degree = int(powers.sum(axis=1).max(initial=0))
    factors = [np.repeat(np.arange(given.width), power) for power in powers]
    # a column of ones is where a product has fewer factors
    padded = np.array([np.append(chain, np.full(degree - len(chain), given.width)) for chain in factors], np.int64)
    ones = _ones(scribe, given)
    wide = scribe.node("Concat", [given.tensor, ones], axis=1)
    total = ""
    for at in range(degree):
        part = scribe.node("Gather", [wide, scribe.constant(padded[:, at])], axis=1)
        total = part if not total else scribe.node("Mul", [total, part])
    return Matrix(total or ones, len(powers))


def _ones(scribe: Scribe, given: Matrix) -> str:
    """Return a column of ones that knows how many rows there are."""
    first = scribe.node("Gather", [given.tensor, scribe.constant(np.array([0], np.int64))], axis=1)
    flag = scribe.cast(scribe.node("IsNaN", [first]), DOUBLE)
    nothing = scribe.node("Mul", [flag, scribe.constant(np.array(0.0))])
    return scribe.node("Add", [nothing, scribe.constant(np.array(1.0))])


def _project(scribe: Scribe, step: Any, given: Matrix) -> Matrix:
    """Write PCA and its kin: centre, multiply, scale."""
    mean = getattr(step, "mean_", None)
    if mean is not None:
        given = _each(scribe, "Sub", given, mean)
    axes = np.asarray(step.components_, np.float64)
    found = Matrix(scribe.node("MatMul", [given.tensor, scribe.constant(axes.T)]), len(axes))
    if not getattr(step, "whiten", False):
        return found
    spread = np.sqrt(step.explained_variance_)
    return _each(scribe, "Div", found, np.maximum(spread, np.finfo(np.float64).eps))


def _discriminant(scribe: Scribe, step: Any, given: Matrix) -> Matrix:
    if not hasattr(step, "scalings_"):
        raise refuse(step, f"the solver {step.solver!r} has no projection")
    if step.solver == "svd":
        given = _each(scribe, "Sub", given, step.xbar_)
    axes = np.asarray(step.scalings_, np.float64)[:, : step._max_components]  # noqa: SLF001 - no public name for it
    return Matrix(scribe.node("MatMul", [given.tensor, scribe.constant(axes)]), axes.shape[1])


def _normalize(scribe: Scribe, step: Any, given: Matrix) -> Matrix:
    size = scribe.node("Abs", [given.tensor])
    if step.norm == "max":
        along = scribe.constant(np.array([1], np.int64))
        length = scribe.node("ReduceMax", [size, along], keepdims=1)
    else:
        squared = scribe.node("Mul", [size, size]) if step.norm == "l2" else size
        length = row_sum(scribe, squared, given.width)
        length = scribe.node("Sqrt", [length]) if step.norm == "l2" else length
    none = scribe.node("Equal", [length, scribe.constant(np.array(0.0))])
    safe = scribe.node("Where", [none, scribe.constant(np.array(1.0)), length])
    return Matrix(scribe.node("Div", [given.tensor, safe]), given.width)


def _binarize(scribe: Scribe, step: Any, given: Matrix) -> Matrix:
    above = scribe.node("Greater", [given.tensor, scribe.constant(np.array(float(step.threshold)))])
    return Matrix(scribe.cast(above, DOUBLE), given.width, exact=True)


def _function(scribe: Scribe, step: Any, given: Matrix) -> Matrix:
    inner = getattr(step.func, "func", step.func)  # histogram trees check their numbers with a partial function
    if step.func is None or getattr(inner, "__name__", "") == "check_array":
        return given
    name = getattr(inner, "__name__", "?")
    if step.kw_args or type(step.func).__name__ != "ufunc":
        raise refuse(step, f"it calls {name}, a function that is code and has no form as data")
    if name == "log1p":
        shifted = scribe.node("Add", [given.tensor, scribe.constant(np.array(1.0))])
        return Matrix(steady(scribe.builder, "Log", shifted, given.width, dtype=np.float64), given.width)
    if name in ("square", "expm1", "reciprocal"):
        return Matrix(_arithmetic(scribe, name, given), given.width)
    if name not in _FUNCTIONS:
        raise refuse(step, f"it calls {name}, which has no writer")
    op = _FUNCTIONS[name][0]
    tensor = (
        scribe.node(op, [given.tensor])
        if op in _EXACT
        else steady(scribe.builder, op, given.tensor, given.width, dtype=np.float64)
    )
    return Matrix(tensor, given.width)


def _arithmetic(scribe: Scribe, name: str, given: Matrix) -> str:
    one = scribe.constant(np.array(1.0))
    if name == "square":
        return scribe.node("Mul", [given.tensor, given.tensor])
    if name == "reciprocal":
        return scribe.node("Div", [one, given.tensor])
    return scribe.node("Sub", [steady(scribe.builder, "Exp", given.tensor, given.width, dtype=np.float64), one])


def _bins(scribe: Scribe, step: Any, given: Matrix) -> Matrix:
    """Count the inner edges that a value reaches; the same as a search in sorted edges."""
    parts = []
    for at, edges in enumerate(step.bin_edges_):
        column = scribe.columns(given, [at])
        inner = np.asarray(edges, np.float64)[1:-1]
        if not len(inner):
            code = scribe.node("Mul", [_ones(scribe, column), scribe.constant(np.array(0.0))])
        else:
            reached = scribe.node("GreaterOrEqual", [column.tensor, scribe.constant(_row(inner))])
            along = scribe.constant(np.array([1], np.int64))
            code = scribe.node("ReduceSum", [scribe.cast(reached, DOUBLE), along], keepdims=1)
        if step.encode == "ordinal":
            parts.append(Matrix(code, 1, exact=True))
            continue
        numbers = scribe.constant(_row(np.arange(int(step.n_bins_[at]))))
        hot = scribe.cast(scribe.node("Equal", [code, numbers]), DOUBLE)
        parts.append(Matrix(hot, int(step.n_bins_[at]), exact=True))
    return scribe.joined(parts)


STEPS = {
    "sklearn.StandardScaler": _standard,
    "sklearn.MinMaxScaler": _min_max,
    "sklearn.MaxAbsScaler": _max_abs,
    "sklearn.RobustScaler": _robust,
    "sklearn.SimpleImputer": _impute,
    "sklearn.MissingIndicator": _indicator,
    "sklearn.SelectorMixin": _select,
    "sklearn.PolynomialFeatures": _polynomial,
    "sklearn.PCA": _project,
    "sklearn.IncrementalPCA": _project,
    "sklearn.TruncatedSVD": _project,
    "sklearn.LinearDiscriminantAnalysis": _discriminant,
    "sklearn.Normalizer": _normalize,
    "sklearn.Binarizer": _binarize,
    "sklearn.FunctionTransformer": _function,
    "sklearn.KBinsDiscretizer": _bins,
}
