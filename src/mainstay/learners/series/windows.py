"""From points of a grid to rows that detectors see: each point's own surprise, and the window that begins there.

A window is shown in three views. "left over" is what season and trend do not explain, so that a shift of the level, a
missing cycle or a wrong hour stands out; "movement" has the window's own mean taken off; "shape" has its size taken off
as well. All are made element by element from points of the window alone: the same window has the same bits in every
stretch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.contracts.series import SeriesPlan
    from mainstay.learners.series.grid import Piece

    Doubles = NDArray[np.float64]

__all__ = ["VIEWS", "point_rows", "spread_over", "surprises", "view_places", "width_of"]

VIEWS = ("own", "left over", "movement", "shape")
"""Parts of a row, in their order: one number for each column, then three views of the window."""

_AT_EDGES = 8
_MOST = 1e6
"""No number of a row is further from 0: its square must stay finite in float32."""


def width_of(plan: SeriesPlan) -> int:
    """Return how many numbers a row has."""
    return plan.columns * (1 + 3 * plan.bins)


def view_places(plan: SeriesPlan, view: str) -> NDArray[np.int64]:
    """Return where a view stands in a row; within it the numbers of a column stand side by side.

    Examples
    --------
    >>> from mainstay.contracts.series import SeriesPlan
    >>> plan = SeriesPlan(step=1.0, origin=0.0, stride=1, bins=3, season=((5.0,),), spread=((1.0,),),
    ...     slope=(0.0,), level=(1.0,), floor=(0.1,))
    >>> view_places(plan, "own").tolist(), view_places(plan, "movement").tolist()
    ([0], [4, 5, 6])
    """
    if view == "own":
        return np.arange(plan.columns)
    wide = plan.columns * plan.bins
    start = plan.columns + (VIEWS.index(view) - 1) * wide
    return np.arange(start, start + wide)


def surprises(plan: SeriesPlan, piece: Piece) -> Doubles:
    """Return how far each value is from what is usual then, in units of the usual spread, float64 (n, columns)."""
    counted = piece.first + np.arange(len(piece))
    season, spread = np.array(plan.season).T, np.array(plan.spread).T
    phase = counted % plan.period
    trend = np.asarray(plan.slope) * counted[:, None]
    return np.asarray((piece.values - season[phase] - trend) / spread[phase], np.float64)


def point_rows(plan: SeriesPlan, pieces: Sequence[Piece]) -> NDArray[np.float32]:
    """Return one row for each point of the pieces, which are all as long as a window at least.

    Parameters
    ----------
    plan : SeriesPlan
    pieces : sequence of Piece

    Returns
    -------
    float32 array of shape (points, width_of(plan))
        The last points of a piece, where no window begins any more, repeat its last window.
    """
    rows = np.empty((sum(len(piece) for piece in pieces), width_of(plan)), np.float32)
    start = 0
    for piece in pieces:
        _fill(plan, piece, rows[start : start + len(piece)])
        start += len(piece)
    return rows


def _fill(plan: SeriesPlan, piece: Piece, rows: NDArray[np.float32]) -> None:
    odd = surprises(plan, piece)
    rows[:, : plan.columns] = _bounded(odd)
    begins = np.minimum(np.arange(len(piece)), len(piece) - plan.window)
    reach = begins[:, None] + plan.stride * np.arange(plan.bins)
    for column in range(plan.columns):
        for view, numbers in zip(VIEWS[1:], _views(plan, piece, odd, column=column, reach=reach), strict=True):
            places = view_places(plan, view)[column * plan.bins : (column + 1) * plan.bins]
            rows[:, places[0] : places[-1] + 1] = _bounded(numbers)


def _views(
    plan: SeriesPlan, piece: Piece, odd: Doubles, *, column: int, reach: NDArray[np.int64]
) -> tuple[Doubles, Doubles, Doubles]:
    left = _thinned(odd[:, column], plan.stride)[reach]
    raw = _thinned(piece.values[:, column], plan.stride)[reach]
    moved = raw - _row_means(raw)
    size = np.sqrt(_row_means(moved * moved))
    return left, moved / plan.level[column], moved / np.maximum(size, plan.floor[column])


def _row_means(rows: Doubles) -> Doubles:
    """Return the mean of each row, added up in the order of the columns: the same bits in every batch."""
    total = np.zeros(len(rows))
    for column in range(rows.shape[1]):
        total += rows[:, column]
    return np.asarray((total / rows.shape[1])[:, None], np.float64)


def _thinned(values: Doubles, stride: int) -> Doubles:
    """Return the mean of each ``stride`` points that follow each other, by the first of them."""
    if stride == 1:
        return values
    total = values[: len(values) - stride + 1].copy()
    for offset in range(1, stride):
        total += values[offset : len(values) - stride + 1 + offset]
    return total / stride


def _bounded(numbers: Doubles) -> Doubles:
    return np.clip(numbers, -_MOST, _MOST)


def spread_over(scores: Doubles, window: int, lengths: Sequence[int]) -> Doubles:
    """Return for each point the mean score of the windows that it lies in; at the edges as an eighth further in.

    Parameters
    ----------
    scores : float64 array of shape (points,)
        Of the window that begins at each point; of each piece the last ``window - 1`` are not used.
    window : int
    lengths : sequence of int
        How many points each piece has; ``window`` at least.

    Returns
    -------
    float64 array of shape (points,)

    Examples
    --------
    >>> spread_over(np.array([0.0, 3.0, 0.0, 9.0, 9.0]), 3, [5]).tolist()
    [0.0, 1.5, 1.0, 1.5, 0.0]
    """
    spread = np.empty(len(scores))
    start = 0
    for length in lengths:
        windows = length - window + 1
        # Sums of blocks, not differences of one long sum: a huge score must not blur the points far from it.
        mean = _moving_mean(scores[start : start + windows], window)
        # The first and the last points lie in few windows: as many as an eighth of one must have a say.
        inner = min(window // _AT_EDGES, (length - 1) // 2)
        spread[start : start + length] = mean[np.clip(np.arange(length), inner, length - 1 - inner)]
        start += length
    return spread


def _moving_mean(scores: Doubles, window: int) -> Doubles:
    """Return the mean over windows p - window + 1 to p, those that there are, for p from 0 to their number + window."""
    zeros = np.zeros(window - 1)
    padded = np.concatenate([zeros, scores, zeros])
    counted = np.concatenate([zeros, np.ones(len(scores)), zeros])
    return _moving_sum(padded, window) / _moving_sum(counted, window)


def _moving_sum(values: Doubles, window: int) -> Doubles:
    """Return the sums of ``window`` values that follow each other: from the end of a block and the next's start."""
    points = len(values) - window + 1
    blocks = -(-len(values) // window)
    whole = np.zeros(blocks * window)
    whole[: len(values)] = values
    table = whole.reshape(blocks, window)
    forward = np.cumsum(table, axis=1).ravel()
    backward = np.cumsum(table[:, ::-1], axis=1)[:, ::-1].ravel()
    first = np.arange(points)
    last = first + window - 1
    return np.asarray(np.where(first % window == 0, forward[last], backward[first] + forward[last]), np.float64)
