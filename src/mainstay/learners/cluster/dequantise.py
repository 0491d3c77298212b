"""Columns of few values spread out, so that the gaps between their values are not taken for gaps between clusters.

A column of yes and no has two heaps and nothing between them, whatever the rows are like. Whoever counts hills of the
density would count each such column twice. Spread evenly over the places that are nearest to it, a value is as dense
as its neighbours are, and only what several columns say together remains. See Theis, van den Oord and Bethge (2016),
arXiv 1511.01844, on uniform dequantisation. Circles of the time are a closed curve of a few places each: uniform dates
alone made up to 23 hills along them, so whoever counts hills leaves them out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.clusters import Points

    Matrix = NDArray[np.float32]

__all__ = ["dequantised", "without_circles"]

_ROWS_PER_VALUE = 3
_GLANCE = 3_000
_NEARBY = 7
_WIDE = 1.5
"""A gap wider than so many usual ones nearby stays one."""
_WAVES = (" sine", " cosine")


def dequantised(points: Points, seed: int) -> Matrix:
    """Return the matrix with every category and every number of few values spread out.

    A level becomes a random place of the simplex that is nearer to it than to any other level. A number with three
    rows or more for each of its values on average (whole days, rounded amounts) moves to anywhere up to half way to
    the next value on either side; a gap much wider than those nearby stays one.

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
    looked = column[:: max(1, len(column) // _GLANCE)]
    if len(np.unique(looked)) * _ROWS_PER_VALUE > 2 * len(looked):
        return column
    values, place = np.unique(column, return_inverse=True)
    if not 2 <= len(values) <= len(column) // _ROWS_PER_VALUE:
        return column
    reach = _reach(np.diff(values.astype(np.float64)))
    shift = generator.uniform(-0.5, 0.5, len(column))
    shift *= np.where(shift < 0, np.append(reach[0], reach)[place], np.append(reach, reach[-1])[place])
    moved: Matrix = (column + shift).astype(np.float32)
    return moved


def _reach(gaps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the gaps, those much wider than the median of the ones nearby cut to that median."""
    padded = np.pad(gaps, _NEARBY // 2, mode="reflect" if len(gaps) > _NEARBY // 2 else "edge")
    usual = np.median(np.lib.stride_tricks.sliding_window_view(padded, _NEARBY), axis=1)
    cut: NDArray[np.float64] = np.where(gaps > _WIDE * usual, usual, gaps)
    return cut


def without_circles(points: Points) -> Points:
    """Return the points with the circles of day, week and year flat, for whoever counts hills of density.

    Parameters
    ----------
    points : Points
        A circle is two columns side by side whose names end in " sine" and " cosine" and are alike before.

    Examples
    --------
    >>> from mainstay.contracts.clusters import Points
    >>> rows = np.random.default_rng(0).random((4, 3)).astype(np.float32)
    >>> flat = without_circles(Points(rows, ("when.days", "when.hour sine", "when.hour cosine")))
    >>> [len(np.unique(column)) for column in flat.matrix.T]
    [4, 1, 1]
    """
    names = points.names
    circles = [
        place
        for place in range(len(names) - 1)
        if names[place].endswith(_WAVES[0]) and names[place + 1] == names[place].removesuffix(_WAVES[0]) + _WAVES[1]
    ]
    if not circles:
        return points
    matrix = points.matrix.copy()
    for place in circles:
        matrix[:, place : place + 2] = 0.0
    return replace(points, matrix=matrix)
