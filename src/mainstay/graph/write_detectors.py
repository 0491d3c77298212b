"""Anomaly detectors into graph nodes: the raw score of every member, and which columns made a row odd.

Everything after the features is float64, and a row has the same bits in every batch: sums are products with columns
of ones, minima and the smallest few round nothing, and ``Exp`` sees whole lines (see ``graph.steady``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.anomaly_bodies import Deviation, KernelSum, LocalDensity, Nearest, Stacked, TreeSum
from mainstay.contracts.errors import UsageError
from mainstay.graph.write import as_double
from mainstay.graph.write_detector_formulas import (
    deviation_scores,
    deviation_terms,
    kernel_scores,
    kernel_terms,
    reconstruction_scores,
    reconstruction_terms,
)
from mainstay.graph.write_detector_trees import tree_scores, tree_terms
from mainstay.graph.write_distances import density_scores, density_terms, nearest_scores, nearest_terms
from mainstay.graph.write_formulas import check_formula

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.contracts.anomaly_bodies import AnomalyBody, Reconstruction
    from mainstay.graph.builder import GraphBuilder

    _Formula = Deviation | KernelSum | LocalDensity | Nearest | Reconstruction

__all__ = ["write_members", "write_terms"]


def write_members(builder: GraphBuilder, bodies: Sequence[AnomalyBody], features: str, width: int) -> str:
    """Write the raw scores of all members.

    Parameters
    ----------
    builder : GraphBuilder
    bodies : sequence of AnomalyBody
        One at least, each behind those it may build on.
    features : str
        The feature matrix, float32 of shape (n, width).
    width : int
        1 at least.

    Returns
    -------
    str
        A float64 tensor of shape (n, members): what :func:`mainstay.contracts.anomaly_scores.member_scores` returns, up
        to rounding. A row has the same bits in every batch.

    Raises
    ------
    UsageError
        When there is no body or no feature, or a body's arrays do not fit each other or the width.

    Examples
    --------
    >>> from mainstay.graph.builder import GraphBuilder
    >>> builder = GraphBuilder(2, 0)
    >>> members = write_members(builder, [Deviation(np.zeros(2), np.eye(2))], "numbers", 2)
    >>> len(builder.build({"members": members})) > 0
    True
    """
    columns = _scores(builder, bodies, _values(builder, bodies, features, width), width)
    return columns[0] if len(columns) == 1 else builder.node("Concat", columns, axis=1)


def write_terms(
    builder: GraphBuilder,
    bodies: Sequence[AnomalyBody],
    source: NDArray[np.int64],
    columns: int,
    features: str,
) -> str:
    """Write what each column of the table adds to the oddness of a row, member by member.

    Parameters
    ----------
    builder, bodies, features
        As for :func:`write_members`.
    source : int64 array of shape (width,)
        The column that each feature was made from, as many as there are features.
    columns : int

    Returns
    -------
    str
        A float64 tensor of shape (n, members * columns), the columns of the first member first: what
        :func:`mainstay.contracts.anomaly_scores.member_terms` returns, added up by column.

    Raises
    ------
    UsageError
        As for :func:`write_members`, or when the sources do not fit.
    """
    width = len(source)
    if not width or source.min() < 0 or source.max() >= columns:
        raise UsageError(f"{width} features need a source each, among {columns} columns", where="detector graph")
    values = _values(builder, bodies, features, width)
    scores = _scores(builder, bodies, values, width)
    parts = []
    for at, body in enumerate(bodies):
        if isinstance(body, TreeSum | Stacked):
            parts.append(tree_terms(builder, body, values, scores[:at], source=source, columns=columns))
        else:
            gathered = builder.constant((source[:, None] == np.arange(columns)).astype(np.float64))
            parts.append(builder.node("MatMul", [_terms(builder, body, values), gathered]))
    return parts[0] if len(parts) == 1 else builder.node("Concat", parts, axis=1)


def _values(builder: GraphBuilder, bodies: Sequence[AnomalyBody], features: str, width: int) -> str:
    if not bodies or width < 1:
        raise UsageError(
            f"a detector needs a member and a feature, and {len(bodies)} and {width} came", where="detector graph"
        )
    for body in bodies:
        _check(body, width)
    return as_double(builder, features, width)


def _scores(builder: GraphBuilder, bodies: Sequence[AnomalyBody], values: str, width: int) -> list[str]:
    """Return a column for each member; asked again it costs nothing, for the builder knows its nodes."""
    columns: list[str] = []
    for body in bodies:
        if isinstance(body, TreeSum | Stacked):
            columns.append(tree_scores(builder, body, values, columns, width))
        else:
            columns.append(_score(builder, body, values))
    return columns


def _score(builder: GraphBuilder, body: _Formula, values: str) -> str:
    if isinstance(body, Deviation):
        return deviation_scores(builder, body, values)
    if isinstance(body, Nearest):
        return nearest_scores(builder, body, values)
    if isinstance(body, LocalDensity):
        return density_scores(builder, body, values)
    if isinstance(body, KernelSum):
        return kernel_scores(builder, body, values)
    return reconstruction_scores(builder, body, values)


def _terms(builder: GraphBuilder, body: _Formula, values: str) -> str:
    if isinstance(body, Deviation):
        return deviation_terms(builder, body, values)
    if isinstance(body, Nearest):
        return nearest_terms(builder, body, values)
    if isinstance(body, LocalDensity):
        return density_terms(builder, body, values)
    if isinstance(body, KernelSum):
        return kernel_terms(builder, body, values)
    return reconstruction_terms(builder, body, values)


def _check(body: AnomalyBody, width: int) -> None:
    """Refuse arrays that do not fit; trees are checked where they are written."""
    if isinstance(body, TreeSum | Stacked):
        return
    arrays: tuple[NDArray[np.float64], ...] = ()
    if isinstance(body, Deviation):
        fits = body.centre.shape == (width,) and body.root.ndim == 2 and body.root.shape[0] == width
        arrays = (body.centre, body.root)
        fits = fits and body.root.shape[1] > 0
    elif isinstance(body, Nearest | LocalDensity):
        fits, arrays = _fits_points(body, width)
    elif isinstance(body, KernelSum):
        check_formula(body.kernel, width)
        fits = body.kernel.coefficients.shape[1] == 1
    else:
        check_formula(body.layers, width)
        fits = len(body.layers.biases[-1]) == width
    if not fits or not all(np.isfinite(array).all() for array in arrays):
        raise UsageError(
            f"the arrays of a {type(body).__name__} do not fit each other or {width} features, or are not finite",
            where="detector graph",
        )


def _fits_points(body: Nearest | LocalDensity, width: int) -> tuple[bool, tuple[NDArray[np.float64], ...]]:
    count = len(body.points)
    bags = body.bags if isinstance(body, Nearest) else 1
    given = (body.scale,) if isinstance(body, Nearest) else (body.reach, body.density)
    fits = body.points.shape == (count, width) and body.centre.shape == (width,) and count > 0 < bags
    fits = fits and count % bags == 0 and 1 <= body.count <= count // bags
    fits = fits and all(part.shape == (count,) for part in given) and bool((given[0] > 0).all())
    return fits, (body.centre, body.points, *given)
