"""Columns of few values spread out, so that the gaps between their values are not taken for gaps between clusters.

A column of yes and no has two heaps and nothing between them, whatever the rows are like. Whoever counts hills of the
density would count each such column twice. Spread evenly over the places that are nearest to it, a value is as dense
as its neighbours are, and only what several columns say together remains. See Theis, van den Oord and Bethge (2016),
arXiv 1511.01844, on uniform dequantisation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.clusters import Points

    Matrix = NDArray[np.float32]

__all__ = ["dequantised"]

_FEW_VALUES = 20
_ROWS_PER_VALUE = 10


def dequantised(points: Points, seed: int) -> Matrix:
    """Return the matrix with every category and every number of few values spread out.

    A level becomes a random place of the simplex that is nearer to it than to any other level. A number of at most
    20 values, with ten rows or more for each on average, moves by up to half of the usual gap between its values; a
    gap much wider than usual stays one.

    Parameters
    ----------
    points : Points
    seed : int

    Returns
    -------
    float32 array of shape (n, d)

    Examples
    --------
    >>> from mainstay.contracts.clusters import Points
    >>> column = np.repeat(np.array([[0.0], [1.0]], np.float32), 50, axis=0)
    >>> spread = dequantised(Points(column, ("owner",)), 0)
    >>> len(np.unique(spread)), bool((abs(spread - column) <= 0.5).all())
    (100, True)
    """
    generator = np.random.default_rng([seed, 11])
    matrix = points.matrix.copy()
    in_blocks = {place for start, stop in points.blocks for place in range(start, stop)}
    for start, stop in points.blocks:
        matrix[:, start:stop] = _spread_levels(matrix[:, start:stop], generator)
    for place in range(matrix.shape[1]):
        if place not in in_blocks:
            matrix[:, place] = _spread_values(matrix[:, place], generator)
    return matrix


def _spread_levels(block: Matrix, generator: np.random.Generator) -> Matrix:
    """Spread the rows that have a level; one without (all columns alike, or none set) keeps its place."""
    size = float(block.max(initial=0.0))
    level = block.argmax(axis=1)
    has_level = (np.count_nonzero(block, axis=1) == 1) & (block.max(axis=1, initial=0.0) == size)
    if block.shape[1] < 2 or size <= 0:
        return block
    drawn = generator.dirichlet(np.ones(block.shape[1]), len(block)).astype(np.float32)
    rows = np.arange(len(block))
    largest = drawn.argmax(axis=1)
    drawn[rows, largest], drawn[rows, level] = drawn[rows, level], drawn[rows, largest]
    return np.where(has_level[:, None], size * drawn, block)


def _spread_values(column: Matrix, generator: np.random.Generator) -> Matrix:
    if len(np.unique(column[: _FEW_VALUES * _ROWS_PER_VALUE])) > _FEW_VALUES:
        return column
    values = np.unique(column)
    if not 2 <= len(values) <= min(_FEW_VALUES, len(column) // _ROWS_PER_VALUE):
        return column
    gap = float(np.median(np.diff(values)))
    moved: Matrix = column + generator.uniform(-0.5 * gap, 0.5 * gap, len(column)).astype(np.float32)
    return moved
