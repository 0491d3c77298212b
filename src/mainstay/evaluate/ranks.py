"""Rank metrics of one score against two classes, with the influence of each row.

One sort gives the value and the influence together, so an interval costs no resampling. For the area under the ROC
curve this is DeLong's variance (DeLong et al. 1988, doi:10.2307/2531595, by the fast route of Sun and Xu 2014,
doi:10.1109/LSP.2014.2337313); for average precision it is the infinitesimal jackknife.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["average_precision", "roc_auc"]


def _groups(score: Floats) -> tuple[NDArray[np.int64], int]:
    """Return the position of each row's score among the distinct scores, in rising order, and their count."""
    order = np.argsort(score, kind="stable")
    rising = score[order]
    fresh = np.concatenate([[False], rising[1:] != rising[:-1]])
    place = np.empty(len(score), np.int64)
    place[order] = np.cumsum(fresh)
    return place, int(fresh.sum()) + 1


def roc_auc(true: NDArray[np.bool_], score: Floats, weight: Floats) -> tuple[float, Floats] | None:
    """Return the area under the ROC curve and each row's influence (weighted mean zero); None with one class only.

    Examples
    --------
    >>> value, influence = roc_auc(np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8]), np.ones(4))
    >>> value, bool(abs(influence.mean()) < 1e-12)
    (0.75, True)
    """
    plus, minus = weight * true, weight * ~true
    positives, negatives = plus.sum(), minus.sum()
    if positives == 0 or negatives == 0:
        return None
    place, count = _groups(score)
    plus_at, minus_at = np.bincount(place, plus, count), np.bincount(place, minus, count)
    below = (np.cumsum(minus_at) - minus_at / 2) / negatives
    above = 1 - (np.cumsum(plus_at) - plus_at / 2) / positives
    value = float((plus_at @ below) / positives)
    share = positives / (positives + negatives)
    many = int(true.sum())
    few = len(true) - many
    # The factors make the variances those of samples, as DeLong has them: divided by m - 1, not m.
    scale = np.where(true, np.sqrt(many / max(many - 1, 1)) / share, np.sqrt(few / max(few - 1, 1)) / (1 - share))
    return value, (np.where(true, below[place], above[place]) - value) * scale


def average_precision(true: NDArray[np.bool_], score: Floats, weight: Floats) -> tuple[float, Floats] | None:
    """Return the average precision and each row's influence; None where no row is positive.

    Examples
    --------
    >>> value, _ = average_precision(np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8]), np.ones(4))
    >>> round(value, 4)
    0.8333
    """
    plus = weight * true
    positives, total = plus.sum(), weight.sum()
    if positives == 0:
        return None
    place, count = _groups(-score)
    plus_at, all_at = np.bincount(place, plus, count), np.bincount(place, weight, count)
    reached = np.cumsum(all_at)
    precision = np.cumsum(plus_at) / reached
    value = float(plus_at @ precision / positives)
    # A row changes the precision at every positive that is ranked at or after it.
    after = np.cumsum((plus_at / reached)[::-1])[::-1]
    after_precision = np.cumsum((plus_at * precision / reached)[::-1])[::-1]
    change = true * (precision[place] - value) + true * after[place] - after_precision[place]
    return value, change * (total / positives)
