"""What is usual of a series: season, trend, spread and window, in medians, so that anomalies hardly count.

A season is the median at each place of the period (a robust form of what POLY and seasonal decompositions fit); its
spread is the median distance from it, drawn towards that of all places where a place has few cycles.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import DataError
from mainstay.contracts.series import SeriesPlan
from mainstay.learners.series.period import find_periods

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.learners.series.grid import Grid, Piece

    Doubles = NDArray[np.float64]

__all__ = ["plan_of"]

_LONGEST_WINDOW, _SHORTEST_WINDOW = 100, 8
"""Without a period: a twentieth of the series, within these."""

_MOST_BINS, _FEWEST_BINS, _MOST_NUMBERS = 80, 8, 800
_LARGEST_WINDOW = 2_000

_FLOOR = 0.1
"""Shapes of windows that move less than this part of the usual movement are not blown up."""

_SURE_TREND = 0.85
_LONG_TREND = 3.0
"""A trend is believed where cycle medians rise with such a rank correlation, by so many spreads in all."""

_PARTS = 40


def plan_of(grid: Grid, *, window: int | None = None) -> SeriesPlan:
    """Return what is usual of a series.

    Parameters
    ----------
    grid : Grid
    window : int, optional
        In points; the shortest period where None, or a twentieth of the series where there is none.

    Returns
    -------
    SeriesPlan

    Raises
    ------
    DataError
        When no piece is as long as two windows of the least length.
    """
    longest = max((len(piece) for piece in grid.pieces), default=0)
    if longest < 2 * _SHORTEST_WINDOW:
        raise DataError(
            f"the longest stretch without a gap has {longest} points, and {2 * _SHORTEST_WINDOW} are needed",
            where="time", hint="Give more rows, or look for gaps in the times.",
        )  # fmt: skip
    periods = find_periods(grid.pieces)
    columns = grid.pieces[0].values.shape[1]
    stride, bins = _layout(window or _window(periods, grid.points), longest, columns)
    period = periods[-1] if periods else 1
    counted = np.concatenate([piece.first + np.arange(len(piece)) for piece in grid.pieces])
    values = np.concatenate([piece.values for piece in grid.pieces])
    each = [_usual(counted, column, period) for column in values.T]
    level = [_movement(grid.pieces, at, stride * bins) for at in range(columns)]
    return SeriesPlan(
        step=grid.step, origin=grid.origin, longest_gap=grid.longest_gap, stride=stride, bins=bins,
        season=tuple(tuple(season.tolist()) for season, _, _ in each),
        spread=tuple(tuple(spread.tolist()) for _, spread, _ in each),
        slope=tuple(slope for _, _, slope in each),
        level=tuple(level), floor=tuple(_FLOOR * one for one in level),
    )  # fmt: skip


def _window(periods: tuple[int, ...], points: int) -> int:
    if periods:
        # A rhythm of a few points is no shape: several of its cycles are.
        return periods[0] * -(-_SHORTEST_WINDOW // periods[0])
    return min(_LONGEST_WINDOW, max(_SHORTEST_WINDOW, points // 20))


def _layout(window: int, longest: int, columns: int) -> tuple[int, int]:
    """Return how many points make a number, and how many numbers a window: bounded, whatever period and columns."""
    window = max(_SHORTEST_WINDOW, min(window, longest // 2, _LARGEST_WINDOW))
    most = max(_FEWEST_BINS, min(_MOST_BINS, _MOST_NUMBERS // columns))
    stride = -(-window // most)
    return stride, max(1, round(window / stride))


def _usual(counted: NDArray[np.int64], values: Doubles, period: int) -> tuple[Doubles, Doubles, float]:
    """Return season, spread at each place of the period, and slope of one column."""
    slope = _slope(counted, values, period)
    straight = values - slope * counted
    phase = counted % period
    season = _median_by(phase, straight, period)
    away = np.abs(straight - season[phase])
    all_over = 1.4826 * float(np.median(away)) or 1.2533 * float(away.mean()) or _least(values)
    if period == 1:
        return season, np.array([all_over]), slope
    cycles = len(values) / period
    own = 1.4826 * _median_by(phase, away, period)
    weight = cycles / (cycles + 20.0)
    reach = max(1, period // 48)
    own = np.sqrt(np.mean([np.roll(own, shift) ** 2 for shift in range(-reach, reach + 1)], axis=0))
    return season, np.sqrt(weight * own**2 + (1.0 - weight) * all_over**2), slope


def _least(values: Doubles) -> float:
    """Return a spread for values that are all the same: one part in a million of them, for any change is odd."""
    return max(1e-6 * float(np.abs(values).max()), 1e-9)


def _median_by(phase: NDArray[np.int64], values: Doubles, period: int) -> Doubles:
    """Return the median of the values at each place; those that never came stand between their neighbours."""
    order = np.argsort(phase, kind="stable")
    starts = np.searchsorted(phase[order], np.arange(period + 1))
    found = np.full(period, np.nan)
    for place in range(period):
        if starts[place + 1] > starts[place]:
            found[place] = np.median(values[order[starts[place] : starts[place + 1]]])
    known = np.flatnonzero(np.isfinite(found))
    return np.interp(np.arange(period), known, found[known], period=period) if len(known) < period else found


def _slope(counted: NDArray[np.int64], values: Doubles, period: int) -> float:
    """Return the growth in one step where the medians of parts rise or fall nearly all the way; else 0.

    The median of slopes between parts (Theil 1950, Sen 1968, doi:10.1080/01621459.1968.10480934).
    """
    span = int(counted[-1] - counted[0]) + 1
    cycles = span // period if period > 1 else span
    parts = min(_PARTS, cycles)
    if parts < 6:
        return 0.0
    wide = (cycles // parts) * period
    edges = np.searchsorted(counted, counted[0] + wide * np.arange(parts + 1))
    held = [(begin, end) for begin, end in pairwise(edges.tolist()) if 2 * (end - begin) > wide]
    if len(held) < 6:
        return 0.0
    medians = np.array([np.median(values[begin:end]) for begin, end in held])
    middles = np.array([counted[begin:end].mean() for begin, end in held])
    first, second = np.triu_indices(len(held), 1)
    rises = (medians[second] - medians[first]) / (middles[second] - middles[first])
    slope = float(np.median(rises))
    agree = abs(float(np.sign(rises).mean()))
    left = values - slope * counted
    spread = 1.4826 * float(np.median(np.abs(left - np.median(left))))
    return slope if agree > _SURE_TREND and abs(slope) * span > _LONG_TREND * spread else 0.0


def _movement(pieces: Sequence[Piece], column: int, window: int) -> float:
    """Return the usual standard deviation inside a window."""
    found = [
        float(piece.values[start : start + window, column].std())
        for piece in pieces
        for start in range(0, max(1, len(piece) - window + 1), max(1, window // 4))
    ]
    usual = float(np.median(found))
    every = np.concatenate([piece.values[:, column] for piece in pieces])
    return usual or float(np.mean(found)) or _least(every)
