"""From raw scores to levels: members measure oddness in units of their own, and a blend needs one unit for all.

The level of a score is minus the logarithm (base 10) of the share of reference rows that are at least as odd: 1 for
the oddest tenth, 2 for the oddest hundredth. A mean of levels is Fisher's way to combine tail probabilities: one member
that is sure of a row counts for more than several that find it slightly unusual. Ranks do not know how far the oddest
lie, so that a blatant row would stand among mild ones; levels may rise by the reach of a score, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.anomalies import Scale
from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

__all__ = ["levels_of", "scale_of"]

_HUGE = 1e100
"""Scores beyond it count as it, so that differences of scores stay finite."""

_TOO_CLOSE = 1e-9
"""Points nearer than this, relative to the largest score, become one: no line is steeper than rounding can bear."""

_ENDLESS = 0.01
"""So much of the plain level does a softened one keep."""

_TAIL = 0.1
"""Beyond the oddest reference row levels grow as they did on average over this share of the oddest rows."""

_FAR = 0.99
"""The reach of a score is its distance from the median in units of that of the farthest hundredth of usual rows."""

_BEGIN = 2.0
"""From this reach on levels rise with its logarithm: usual rows with long tails seldom come so far."""

_RISE = 2.0
"""So many levels for each ten times of reach; of 0.3 to 3 it sets most blatant rows first at no cost (docs/log.md)."""

_REACHES = _BEGIN * 2.0 ** (np.arange(0, 41) / 2.0)
"""Where the points stand that follow the logarithm: up to two million times as far as usual rows."""


def levels_of(raw: Doubles) -> Doubles:
    """Return the level of each reference row among all of them; ties share the rank in their middle.

    Parameters
    ----------
    raw : float64 array of shape (n,)
        Higher is odder.

    Returns
    -------
    float64 array of shape (n,)

    Examples
    --------
    >>> levels_of(np.array([3.0, 1.0, 1.0, 7.0])).round(2).tolist()
    [0.43, 0.12, 0.12, 0.9]
    """
    _, place, counts = np.unique(raw, return_inverse=True, return_counts=True)
    return _levels(counts)[place]


def scale_of(
    raw: Doubles, *, points: int = 200, softness: float = 0.0, usual: NDArray[np.bool_] | None = None
) -> Scale:
    """Return the scale from raw scores to levels, learned from the scores of reference rows.

    Parameters
    ----------
    raw : float64 array of shape (n,)
        Higher is odder; one row at least. Infinite scores count as very large ones.
    points : int, default 200
        About as many points does the scale keep at most: half at even ranks, half at even levels (a dense upper tail).
    softness : float, default 0
        Added to each share before the logarithm is taken, so that no member outvotes all others by what it finds at
        the very top of its list; 0.2 is nearly a mean of ranks. A hundredth of the level without it is added, so that
        levels still rise without end.
    usual : bool array of shape (n,), optional
        The rows that are taken as usual. With it the level of a score that reaches more than twice as far as theirs
        rises by twice the decimal logarithm of how many times that is: what is ten times as odd stands two levels
        higher, and usual rows stay where ranks put them.

    Returns
    -------
    Scale
        Scores that are all the same give one level.

    Raises
    ------
    UsageError
        When there is no score, or one is not a number.

    Examples
    --------
    >>> scale = scale_of(np.arange(1000.0))
    >>> scale.level(np.array([500.0, 900.0, 990.0])).round(2).tolist()
    [0.3, 1.0, 2.02]
    """
    scores = np.clip(np.asarray(raw, np.float64), -_HUGE, _HUGE)
    if scores.ndim != 1 or not len(scores) or np.isnan(scores).any():
        raise UsageError(
            "scores of reference rows were expected, one at least and all of them numbers", where="detector"
        )
    known, counts = np.unique(scores, return_counts=True)
    known, counts = _merged(known, counts)
    heights = _levels(counts)
    if len(known) == 1:
        return Scale(known, heights)
    kept = _chosen(heights, counts, points)
    known, heights = known[kept], heights[kept]
    tail = int(np.searchsorted(heights, -np.log10(_TAIL)))
    scale = _with_tail(known, _softened(heights, softness) if softness else heights, tail)
    return scale if usual is None else _reaching(scale, scores[usual] if usual.any() else scores)


def _softened(heights: Doubles, softness: float) -> Doubles:
    """Return levels that hardly tell the oddest hundredth from the oddest thousandth."""
    soft = np.log10(1 + softness) - np.log10(10.0**-heights + softness)
    return np.asarray(soft + _ENDLESS * heights, np.float64)


def _reaching(scale: Scale, usual: Doubles) -> Scale:
    """Return the scale with levels that rise by the logarithm of how far a score lies beyond usual ones."""
    middle, far = np.quantile(usual, (0.5, _FAR))
    unit = (far if far > middle else scale.scores[-2]) - middle
    if unit <= _TOO_CLOSE * float(np.abs(scale.scores).max()):
        return scale
    scores = np.union1d(scale.scores, np.minimum(middle + unit * _REACHES, _HUGE * 10.0))
    # beyond the last point of the ranks the logarithm alone goes on
    heights = np.interp(scores, scale.scores, scale.levels)
    reach = (scores - middle) / unit
    return Scale(scores, heights + _RISE * np.log10(np.maximum(reach / _BEGIN, 1.0)))


def _levels(counts: NDArray[np.int64]) -> Doubles:
    """Return the levels of rising scores that occur so often."""
    total = counts.sum()
    at_least = (total - np.cumsum(counts) + 0.5 * counts) / total
    return np.asarray(-np.log10(at_least), np.float64)


def _merged(known: Doubles, counts: NDArray[np.int64]) -> tuple[Doubles, NDArray[np.int64]]:
    """Return scores and counts with those that hardly differ put together, each under its smallest score."""
    cell = _TOO_CLOSE * max(float(np.abs(known).max()), np.finfo(np.float64).tiny / _TOO_CLOSE)
    first = np.concatenate([[True], np.diff(np.floor(known / cell)) > 0])
    starts = np.flatnonzero(first)
    kept = known[starts]
    apart = np.concatenate([[True], np.diff(kept) > 0.5 * cell])
    starts = starts[apart]
    return known[starts], np.add.reduceat(counts, starts)


def _chosen(heights: Doubles, counts: NDArray[np.int64], points: int) -> NDArray[np.int64]:
    """Return the positions of the points to keep: even in rank and even in level, both ends among them."""
    if len(heights) <= points:
        return np.arange(len(heights))
    half = max(points // 2, 2)
    ranks = np.cumsum(counts) - 0.5 * counts
    by_rank = np.searchsorted(ranks, np.linspace(ranks[0], ranks[-1], half))
    by_level = np.searchsorted(heights, np.linspace(heights[0], heights[-1], half))
    last = len(heights) - 1
    return np.unique(np.concatenate([[0, last], by_rank, by_level]).clip(0, last)).astype(np.int64)


def _with_tail(scores: Doubles, heights: Doubles, start: int) -> Scale:
    """Return the scale with one more point, so that beyond the last score the slope is that of the whole tail.

    The line between the two oddest rows alone would be steep or flat by chance.
    """
    start = min(start, len(heights) - 2)
    step = scores[-1] - scores[start]
    rise = heights[-1] - heights[start]
    return Scale(np.append(scores, scores[-1] + step), np.append(heights, heights[-1] + rise))
