"""p-values of stretches, not of points: neighbouring points share their windows, so each of them is no fresh evidence.

A series is cut into blocks as long as a window, each with the score of its oddest point. Blocks side by side still
touch; p-values take them as independent, which is a good approximation where a window is as long as the memory of the
series, and is said in the report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.alarms import Calibration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

__all__ = ["block_maxima", "block_peaks", "block_tail"]

_MIDDLE, _UPPER = (0.25, 0.75), (0.5, 0.8)
_FEW = 4.0
"""So many blocks of doubt are added: with few blocks the spread is not known well, and is taken as larger."""

_SHARES = (0.999, 0.9, 0.7, 0.5, 0.3, 0.1, 0.03, 0.01, 1e-4, 1e-6)


def block_maxima(scores: Doubles, window: int, lengths: Sequence[int]) -> Doubles:
    """Return the highest score of each block of ``window`` points; what is left of a piece is a block of its own.

    Parameters
    ----------
    scores : float64 array of shape (points,)
    window : int
    lengths : sequence of int
        How many points each piece has.

    Examples
    --------
    >>> block_maxima(np.array([1.0, 5.0, 2.0, 3.0, 9.0]), 2, [3, 2]).tolist()
    [5.0, 2.0, 9.0]
    """
    return scores[block_peaks(scores, window, lengths)]


def block_peaks(scores: Doubles, window: int, lengths: Sequence[int]) -> NDArray[np.int64]:
    """Return the point with the highest score of each block, the first of equal ones.

    Parameters
    ----------
    scores, window, lengths
        As for :func:`block_maxima`.

    Examples
    --------
    >>> block_peaks(np.array([1.0, 5.0, 2.0, 3.0, 9.0]), 2, [3, 2]).tolist()
    [1, 2, 4]
    """
    peaks: list[int] = []
    first = 0
    for length in lengths:
        blocks = range(first, first + length, window)
        peaks += [start + int(scores[start : min(start + window, first + length)].argmax()) for start in blocks]
        first += length
    return np.array(peaks, np.int64)


def block_tail(maxima: Doubles) -> Calibration:
    """Return p-values for blocks of which some may hold anomalies: a Gumbel tail through the middle of the blocks.

    The highest of many scores with a tail that falls like an exponential is Gumbel's (Fisher, Tippett 1928,
    doi:10.1017/S0305004100015681). Its place and spread are taken from quantiles up to 0.8, which anomalies in fewer
    than a fifth of the blocks hardly move.

    Parameters
    ----------
    maxima : float64 array of shape (blocks,)
        One at least.

    Examples
    --------
    >>> usual = -np.log(-np.log((np.arange(400) + 0.5) / 400))
    >>> block_tail(usual).of(np.array([0.3665, 4.6, 9.2])).round(4).tolist()
    [0.5011, 0.0103, 0.0001]
    """
    place, spread = _gumbel(maxima)
    spread *= 1.0 + _FEW / len(maxima)
    shares = np.array(_SHARES)
    scores = place - spread * np.log(-np.log1p(-shares))
    return Calibration(kind="tail", scores=tuple(scores.tolist()), p_values=_SHARES)


def _gumbel(maxima: Doubles) -> tuple[float, float]:
    """Return place and spread; the larger of the spreads that two pairs of quantiles tell."""
    found = []
    for low, high in (_MIDDLE, _UPPER):
        apart = np.log(-np.log(low)) - np.log(-np.log(high))
        found.append(float(np.quantile(maxima, high) - np.quantile(maxima, low)) / float(apart))
    middle = float(np.median(maxima))
    spread = max(*found, 1e-3 * abs(middle), 1e-6)
    return middle + spread * float(np.log(np.log(2.0))), spread
