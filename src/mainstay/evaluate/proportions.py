"""Intervals for shares of rows, right at the edges: 30 hits of 30 is not "certainly 100 %".

Closed forms, so they cost nothing: Wilson's score interval for one share; Zou and Donner's recovery of variances
(MOVER) for a mean of shares; Newcombe's for an area under the ROC curve at or near 0 and 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Z", "jaccard_to_f1", "mean_of_shares", "newcombe_auc", "wilson"]

Z = 1.959963984540054
"""The 97.5 % point of the normal distribution."""


def wilson(hits: Floats | float, rows: Floats | float) -> tuple[Floats, Floats]:
    """Return Wilson's 95 % score interval (1927, doi:10.1080/01621459.1927.10502953) of hits / rows, rows > 0.

    Examples
    --------
    >>> low, high = wilson(30.0, 30.0)
    >>> round(float(low), 3), float(high)
    (0.886, 1.0)
    """
    hits, rows = np.asarray(hits, np.float64), np.asarray(rows, np.float64)
    share = hits / rows
    centre = (share + Z**2 / (2 * rows)) / (1 + Z**2 / rows)
    half = Z / (1 + Z**2 / rows) * np.sqrt(share * (1 - share) / rows + Z**2 / (4 * rows**2))
    # Rounding must not push a limit past the share itself at the edges.
    return np.minimum(np.maximum(centre - half, 0.0), share), np.maximum(np.minimum(centre + half, 1.0), share)


def mean_of_shares(hits: Floats, rows: Floats, count: int) -> tuple[float, float]:
    """Return the 95 % interval of ``sum(hits / rows) / count`` for independent shares (MOVER).

    Zou and Donner 2008, doi:10.1002/sim.3095: each share's own Wilson limits carry its variance.

    Examples
    --------
    >>> low, high = mean_of_shares(np.array([30.0, 12.0]), np.array([30.0, 12.0]), 2)
    >>> round(low, 3), high
    (0.866, 1.0)
    """
    low, high = wilson(hits, rows)
    share = hits / rows
    value = share.sum() / count
    down = float(np.sqrt(np.square(share - low).sum())) / count
    up = float(np.sqrt(np.square(high - share).sum())) / count
    return max(float(value) - down, 0.0), min(float(value) + up, 1.0)


def jaccard_to_f1(share: Floats | float) -> Floats:
    """Return F1 from hits / (hits + misses + false alarms), of which it is a rising function."""
    share = np.asarray(share, np.float64)
    return 2 * share / (1 + share)


def newcombe_auc(value: float, positives: float, negatives: float) -> tuple[float, float]:
    """Return Newcombe's 95 % interval of an area under the ROC curve (method 5 of 2006, doi:10.1002/sim.2324).

    A score interval with Hanley and McNeil's variance; unlike DeLong's it has a width at 0 and 1 too.

    Examples
    --------
    >>> low, high = newcombe_auc(1.0, 20, 30)
    >>> round(low, 2), high
    (0.92, 1.0)
    """
    return _limit(value, positives, negatives, 0.0), _limit(value, positives, negatives, 1.0)


def _limit(value: float, positives: float, negatives: float, end: float) -> float:
    half = (positives + negatives) / 2 - 1

    def inside(area: float) -> bool:
        spread = 1 + half * (1 - area) / (2 - area) + half * area / (1 + area)
        return (value - area) ** 2 <= Z**2 * area * (1 - area) * spread / (positives * negatives)

    kept, out = value, end
    if value == end:
        return end
    for _ in range(60):
        middle = (kept + out) / 2
        kept, out = (middle, out) if inside(middle) else (kept, middle)
    return kept
