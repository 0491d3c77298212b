"""From raw scores of points to levels that blend: ranks in the usual part, and a tail that goes on beyond it.

Ranks alone would call the oddest point of a calm series as odd as that of a series with a fault. So levels count ranks
up to the oddest tenth of points, go on along the line that the tail has there, and grow ever more slowly far out, where
one member that is beside itself must not silence the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.anomalies import Scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

__all__ = ["series_scale"]

_RANKS = (0.0, 0.2, 0.35, 0.5, 0.65, 0.75, 0.85, 0.9)
_BENT = (2.0, 4.0, 8.0, 16.0, 1e6)
"""So many tail lengths beyond the last rank does the line bend, and each part rises half as much as the one before."""


def series_scale(raw: Doubles) -> Scale:
    """Return the scale from raw scores to levels; minus the logarithm of the share of points at least as odd.

    Parameters
    ----------
    raw : float64 array of shape (n,)
        Higher is odder.

    Examples
    --------
    >>> scale = series_scale(-np.log(1 - (np.arange(1000) + 0.5) / 1000))
    >>> scale.level(np.array([np.log(2), np.log(10), 100.0])).round(1).tolist()
    [0.3, 1.0, 6.5]
    """
    scores = np.quantile(raw, _RANKS)
    levels = -np.log10(1.0 - np.array(_RANKS))
    length = float(scores[-1] - scores[3])
    rise = float(levels[-1] - levels[3])
    if length <= 0:
        size = max(float(raw.std()), 1e-9 * float(np.abs(raw).max()), 1e-12)
        return Scale(np.array([scores[-1], scores[-1] + size]), np.array([levels[3], 1.0]))
    at, height, steps = 0.0, 0.0, []
    for part, end in enumerate(_BENT):
        height += (end - at) * rise * 0.5**part
        at = end
        steps.append((scores[-1] + end * length, levels[-1] + height))
    points = np.concatenate([np.column_stack([scores, levels]), np.array(steps)])
    kept = np.concatenate([[True], np.diff(points[:, 0]) > 1e-12 * max(1.0, float(np.abs(scores).max()))])
    return Scale(points[kept, 0], points[kept, 1])
