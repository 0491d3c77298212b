"""From flagged points to windows that a person looks at: neighbours above the cut are one case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

__all__ = ["Stretch", "flagged_stretches"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Points in a row that belong to one case.

    Parameters
    ----------
    first, last : int
        Points, numbered through all pieces; both belong to it.
    peak : int
        Its oddest point.
    score : float
        Of the peak.
    """

    first: int
    last: int
    peak: int
    score: float


def flagged_stretches(
    scores: Doubles, cut: float, *, window: int, lengths: Sequence[int], top: int | None = None
) -> tuple[Stretch, ...]:
    """Return the stretches of points that reach the cut, in the order of time.

    Parameters
    ----------
    scores : float64 array of shape (points,)
    cut : float
    window : int
        Stretches with less than this between them become one.
    lengths : sequence of int
        How many points each piece has; no stretch reaches across pieces.
    top : int, optional
        Only so many, those with the highest peaks.

    Examples
    --------
    >>> scores = np.array([0.0, 5.0, 0.0, 6.0, 0.0, 0.0, 0.0, 9.0])
    >>> [(one.first, one.last, one.peak) for one in flagged_stretches(scores, 4.0, window=3, lengths=[8])]
    [(1, 3, 3), (7, 7, 7)]
    """
    found: list[Stretch] = []
    start = 0
    for length in lengths:
        above = np.flatnonzero(scores[start : start + length] >= cut) + start
        parts = np.split(above, np.flatnonzero(np.diff(above) >= window) + 1) if len(above) else []
        for part in parts:
            inside = scores[part[0] : part[-1] + 1]
            peak = int(part[0] + inside.argmax())
            found.append(Stretch(int(part[0]), int(part[-1]), peak, float(scores[peak])))
        start += length
    if top is not None and len(found) > top:
        kept = sorted(found, key=lambda one: -one.score)[:top]
        found = sorted(kept, key=lambda one: one.first)
    return tuple(found)
