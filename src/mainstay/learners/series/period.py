"""After how many points a series repeats itself: windows as long as its rhythm show what breaks it.

The autocorrelation is taken of clipped values, so that a few anomalies do not hide a rhythm or make one up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.learners.series.grid import Piece

    Doubles = NDArray[np.float64]

__all__ = ["autocorrelation", "find_periods"]

_CLIPPED = 3.0
"""Values are cut off so many robust standard deviations from the median."""

_CLEAR = 0.2
"""A rhythm has an autocorrelation of at least this, and stands out from the valley before it by half of it."""

_CYCLES = 4
"""A period must fit into the series so often: of fewer cycles nobody can say what is usual."""

_FIRST, _BETTER = 0.6, 0.6
_MULTIPLES = 16
_SHORTEST = 4
_LONGEST = 20_000


def autocorrelation(values: Doubles, known: NDArray[np.bool_], longest: int) -> Doubles:
    """Return the autocorrelation at lags 0 to ``longest``, by fast Fourier transform, over pairs that are both known.

    Parameters
    ----------
    values : float64 array of shape (n,)
    known : bool array of shape (n,)
    longest : int

    Returns
    -------
    float64 array of shape (longest + 1,)
        1 at lag 0; zeros where the series does not move.

    Examples
    --------
    >>> wave = np.sin(np.arange(400) * 2 * np.pi / 20)
    >>> autocorrelation(wave, np.ones(400, bool), 20)[[0, 10, 20]].round(2).tolist()
    [1.0, -1.0, 1.0]
    """
    centred = np.where(known, _clipped(values, known), 0.0)
    size = 1 << int(np.ceil(np.log2(max(2, len(values) + longest + 1))))
    sums = np.fft.irfft(np.abs(np.fft.rfft(centred, size)) ** 2, size)[: longest + 1]
    pairs = np.fft.irfft(np.abs(np.fft.rfft(known.astype(np.float64), size)) ** 2, size)[: longest + 1]
    means = np.where(pairs > 0.5, sums / np.maximum(pairs, 1.0), 0.0)
    return means / means[0] if means[0] > 0 else np.zeros(longest + 1)


def _clipped(values: Doubles, known: NDArray[np.bool_]) -> Doubles:
    middle = np.median(values[known])
    away = np.abs(values[known] - middle)
    spread = 1.4826 * np.median(away) or away.std()
    cut = np.clip(values - middle, -_CLIPPED * spread, _CLIPPED * spread)
    return np.asarray(cut - cut[known].mean(), np.float64)


def find_periods(pieces: Sequence[Piece]) -> tuple[int, ...]:
    """Return the periods that a series repeats itself after, in points, the shortest first.

    Parameters
    ----------
    pieces : sequence of Piece
        Of one grid, in the order of time.

    Returns
    -------
    tuple of int
        Empty where there is no rhythm. A multiple of a shorter period is named only where it repeats clearly better,
        as a week does where weekends differ.

    Examples
    --------
    >>> from mainstay.learners.series.grid import Piece
    >>> day = np.sin(np.arange(48) * 2 * np.pi / 48)
    >>> week = np.concatenate([day + 1] * 5 + [0.3 * day] * 2)
    >>> find_periods([Piece(0, np.tile(week, 8)[:, None])])
    (48, 336)
    """
    values, known = _side_by_side(pieces)
    longest = min(len(values) // _CYCLES, int(known.sum()) // _CYCLES, _LONGEST)
    if longest < _SHORTEST:
        return ()
    each = [autocorrelation(column, known, longest + 1) for column in values.T]
    moving = [one for one in each if one[0] > 0]
    if not moving:
        return ()
    correlation = np.mean(moving, axis=0)
    return tuple(_sharpened(correlation, lag) for lag in _peaks(correlation))


def _side_by_side(pieces: Sequence[Piece]) -> tuple[Doubles, NDArray[np.bool_]]:
    """Return all points on one axis with what lies between; only the longest piece where too much lies between."""
    first, last = pieces[0].first, pieces[-1].first + len(pieces[-1])
    if last - first > 4 * sum(len(piece) for piece in pieces):
        longest = max(pieces, key=len)
        return longest.values, np.ones(len(longest), np.bool_)
    values = np.zeros((last - first, pieces[0].values.shape[1]))
    known = np.zeros(last - first, np.bool_)
    for piece in pieces:
        values[piece.first - first : piece.first - first + len(piece)] = piece.values
        known[piece.first - first : piece.first - first + len(piece)] = True
    return values, known


def _peaks(correlation: Doubles) -> tuple[int, ...]:
    """Return the lags of hills that stand out, each clearly higher than all hills before it."""
    smooth = np.convolve(correlation, np.array([0.25, 0.5, 0.25]), mode="same")
    smooth[0] = correlation[0]
    inner = np.arange(_SHORTEST, len(smooth) - 1)
    hills = inner[(smooth[inner] >= smooth[inner - 1]) & (smooth[inner] > smooth[inner + 1])]
    valleys = np.minimum.accumulate(smooth)
    clear = [lag for lag in hills.tolist() if smooth[lag] > _CLEAR and smooth[lag] - valleys[lag] > 0.5 * smooth[lag]]
    if not clear:
        return ()
    best = max(smooth[lag] for lag in clear)
    found: list[int] = []
    for lag in clear:
        # What is missing to a perfect repetition must become clearly less for a longer period to be worth its while.
        needed = 1.0 - _BETTER * (1.0 - max(smooth[one] for one in found)) if found else _FIRST * best
        if smooth[lag] >= needed and _is_top(smooth, lag):
            found.append(lag)
    return tuple(found)


def _sharpened(correlation: Doubles, lag: int) -> int:
    """Return the lag nearby whose multiples correlate best: one point too many adds up from cycle to cycle."""
    reach = max(1, lag // 50)
    near = np.arange(max(2, lag - reach), lag + reach + 1)
    multiples = np.arange(1, min(_MULTIPLES, (len(correlation) - 1) // int(near[-1])) + 1)
    if len(multiples) < 2:
        return lag
    return int(near[correlation[near[:, None] * multiples].mean(axis=1).argmax()])


def _is_top(smooth: Doubles, lag: int) -> bool:
    """Return whether a hill is the highest within a quarter of its lag: small ripples beside it are none."""
    reach = max(1, lag // 4)
    return bool(smooth[lag] >= smooth[max(1, lag - reach) : lag + reach + 1].max() - 1e-12)
