"""Which rows a person should look at next: those whose labels would teach a detector most.

The oddest rows are most likely to be anomalies, and the first anomalies teach most (Das et al. 2016,
doi:10.1109/ICDM.2016.0102). Ten rows of one kind teach what one of them does: each pick moves its neighbourhood back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.learners.anomaly.levels import levels_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

__all__ = ["rows_to_ask"]

_CANDIDATES = 50
_DISPUTED = 0.3
"""The part of the rows asked about that members see most differently; the others are the oddest."""


def rows_to_ask(
    matrix: NDArray[np.float32], scores: Doubles, levels: Doubles, labels: NDArray[np.integer], count: int
) -> NDArray[np.int64]:
    """Return the rows to ask a person about, the most useful first.

    Parameters
    ----------
    matrix : float32 array of shape (n, d)
        Prepared rows.
    scores : float64 array of shape (n,)
    levels : float64 array of shape (n, members)
        What each member says.
    labels : int array of shape (n,)
        -1 where there is none yet; other rows are not asked again, and pull their neighbourhood back.
    count : int
        How many rows; fewer where there are not as many without a label.

    Examples
    --------
    >>> matrix, scores = np.float32([[0], [0.1], [9], [9.1], [-7]]), np.array([0.1, 0.2, 3.0, 2.9, 2.5])
    >>> rows_to_ask(matrix, scores, scores[:, None], np.full(5, -1), 2).tolist()
    [2, 4]
    """
    free = np.flatnonzero(labels < 0)
    count = min(count, len(free))
    if count <= 0:
        return np.empty(0, np.int64)
    disputed = int(_DISPUTED * count) if levels.shape[1] > 1 else 0
    odd = _apart(matrix, levels_of(scores), free, np.flatnonzero(labels >= 0), count - disputed)
    left = np.setdiff1d(free, odd)
    spread = levels.max(axis=1) - levels.mean(axis=1)
    more = _apart(matrix, levels_of(spread), left, odd, disputed)
    return np.concatenate([odd, more])


def _apart(
    matrix: NDArray[np.float32], value: Doubles, free: NDArray[np.int64], known: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """Pick rows of high value one by one; what lies near a row that is known or picked is worth less."""
    if not count:
        return np.empty(0, np.int64)
    best = free[np.argsort(-value[free], kind="stable")[: _CANDIDATES * count]]
    near = known[np.argsort(-value[known], kind="stable")[:_CANDIDATES]]
    place = np.sign(matrix) * np.log1p(np.abs(matrix.astype(np.float64)))
    worth, picked = value[best].copy(), np.empty(count, np.int64)
    reach = _typical(place[best])
    for row in near:
        worth *= _new(place, best, int(row), reach)
    for turn in range(count):
        at = int(worth.argmax())
        picked[turn] = best[at]
        worth *= _new(place, best, int(best[at]), reach)
        worth[at] = -1.0
    return picked


def _typical(place: Doubles) -> float:
    """Return how far candidates lie from their middle."""
    middle = np.sqrt(np.square(place - np.median(place, axis=0)).sum(axis=1))
    return float(np.median(middle)) if len(middle) else 0.0


def _new(place: Doubles, rows: NDArray[np.int64], row: int, reach: float) -> Doubles:
    """Return how new each row is beside one that is known, from 0 (the same) to 1 (far away)."""
    distance = np.sqrt(np.square(place[rows] - place[row]).sum(axis=1))
    return np.asarray(1.0 - np.exp(-distance / reach) if reach > 0 else (distance > 0) * 1.0, np.float64)
