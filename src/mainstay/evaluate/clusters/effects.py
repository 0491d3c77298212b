"""Effect sizes of every cluster against all other rows at once, from counts of binned values.

For ranked values the effect is Cliff's delta (1993, doi:10.1037/0033-2909.114.3.494): the probability that a row of the
cluster lies above another row, less that of the reverse. It asks nothing of the distribution and needs no scale. Its
variance is DeLong's; with values in at most 256 bins all k clusters cost a few products of (k, 256) matrices. For
shares the effect is their difference, with Newcombe's interval (1998, method 10).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluate.proportions import Z, newcombe_auc, wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Effects", "folded", "ranked_effects", "share_effects"]


@dataclass(frozen=True, slots=True)
class Effects:
    """One effect per cluster: the value, its 95 % limits, and limits at a stricter level for deciding.

    Parameters
    ----------
    value, low, high, sure_low, sure_high : float64 arrays of shape (clusters,)
        From -1 to 1; NaN where a side has no rows.
    """

    value: Floats
    low: Floats
    high: Floats
    sure_low: Floats
    sure_high: Floats

    def beyond(self, negligible: float) -> NDArray[np.bool_]:
        """Return which effects are surely more than negligible."""
        with np.errstate(invalid="ignore"):
            return np.asarray((self.sure_low > negligible) | (self.sure_high < -negligible), np.bool_)


def ranked_effects(counts: Floats, sizes: Floats, strict: float = Z) -> Effects:
    """Return Cliff's delta of each cluster against the others.

    Parameters
    ----------
    counts : float64 array of shape (clusters, bins)
        Rows of a sample of each cluster in each bin; bins rise.
    sizes : float64 array of shape (clusters,)
        Rows in the whole table that have a value.
    strict : float
        The standard errors of the stricter limits.

    Examples
    --------
    >>> found = ranked_effects(np.array([[30.0, 0.0], [0.0, 30.0]]), np.array([30.0, 30.0]))
    >>> found.value.tolist()
    [-1.0, 1.0]
    """
    rows = counts.sum(axis=1)
    parts = counts / np.maximum(rows, 1)[:, None]
    below = np.cumsum(parts, axis=1) - parts / 2
    sizes = np.where(rows > 0, sizes, 0.0)
    rest = sizes.sum() - sizes
    with np.errstate(invalid="ignore", divide="ignore"):
        others = (sizes @ below - sizes[:, None] * below) / rest[:, None]
        above = (parts * others).sum(axis=1)
        inner = ((parts * others**2).sum(axis=1) - above**2) / np.maximum(rows - 1, 1)
        share = sizes[:, None] / rest  # of the rows outside cluster c (a column), those in cluster j (a row)
        np.fill_diagonal(share, 0.0)
        # Small products: a library's threads would cost more than they save.
        means, squares = (np.einsum("jb,cb->jc", parts, ranks) for ranks in (below, below**2))
        outer = (share**2 * (squares - means**2) / np.maximum(rows - 1, 1)[:, None]).sum(axis=0)
        others_known = 1 / (share**2 / np.maximum(rows, 1)[:, None]).sum(axis=0)
    above[(rows == 0) | (rest <= 0)] = np.nan
    error = np.sqrt(np.maximum(inner + outer, 0.0))
    low, high = _area_limits(above, error, rows, others_known, Z)
    sure_low, sure_high = _area_limits(above, error, rows, others_known, strict)
    return Effects(2 * above - 1, 2 * low - 1, 2 * high - 1, 2 * sure_low - 1, 2 * sure_high - 1)


def _area_limits(area: Floats, error: Floats, rows: Floats, others: Floats, reach: float) -> tuple[Floats, Floats]:
    """Return limits on the logit scale with Student's reach; at the very edges Newcombe's."""
    few = np.maximum(np.minimum(rows, others), 2)
    student = reach * (1 + (reach**2 + 1) / (4 * (few - 1)))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        middle, half = np.log(area / (1 - area)), student * error / (area * (1 - area))
        low, high = 1 / (1 + np.exp(half - middle)), 1 / (1 + np.exp(-half - middle))
    for place in np.flatnonzero(np.isfinite(area) & ((area < 1e-9) | (area > 1 - 1e-9) | (error < 1e-12))):
        first, second = newcombe_auc(float(area[place]), float(rows[place]), float(others[place]))
        wider = (reach / Z) ** 2
        low[place] = max(0.0, area[place] - wider * (area[place] - first))
        high[place] = min(1.0, area[place] + wider * (second - area[place]))
    return low, high


def folded(counts: Floats, sizes: Floats) -> Floats:
    """Return the counts with the bins in order of their distance from the middle of all rows.

    A cluster in the middle of a column is neither high nor low there, and yet set apart.

    Examples
    --------
    >>> folded(np.array([[0.0, 5.0, 0.0], [4.0, 0.0, 4.0]]), np.array([5.0, 8.0])).tolist()
    [[5.0, 0.0], [0.0, 8.0]]
    """
    whole = (sizes / np.maximum(counts.sum(axis=1), 1)) @ counts
    total = max(float(whole.sum()), 1.0)
    away = np.round(np.abs((np.cumsum(whole) - whole / 2) / total - 0.5), 6)
    kinds, place = np.unique(away, return_inverse=True)
    together = np.zeros((len(counts), len(kinds)))
    np.add.at(together.T, place, counts.T)
    return together


def share_effects(counts: Floats, sizes: Floats, strict: float = Z) -> tuple[Floats, Floats, list[Effects]]:
    """Return the shares of each level inside and outside each cluster, and the effects of each level.

    Parameters
    ----------
    counts : float64 array of shape (clusters, levels)
        Rows of a sample.
    sizes : float64 array of shape (clusters,)
        Rows in the whole table that have a value.
    strict : float
        The standard errors of the stricter limits.

    Returns
    -------
    inside, outside : float64 arrays of shape (clusters, levels)
    effects : list of Effects
        One per level.
    """
    rows = counts.sum(axis=1)
    sizes = np.where(rows > 0, sizes, 0.0)
    rest = sizes.sum() - sizes
    with np.errstate(invalid="ignore", divide="ignore"):
        inside = counts / rows[:, None]
        weighted = sizes[:, None] * np.nan_to_num(inside)
        outside = np.clip((weighted.sum(axis=0) - weighted) / rest[:, None], 0.0, 1.0)
        spread = np.square(sizes) / np.maximum(rows, 1)
        others = rest**2 / np.maximum(spread.sum() - spread, 1e-300)
    effects = []
    for level in range(counts.shape[1]):
        first, second = inside[:, level], outside[:, level]
        sides = [_newcombe(first, rows, second, others, reach) for reach in (Z, strict)]
        effects.append(Effects(first - second, *sides[0], *sides[1]))
    return inside, outside, effects


def _newcombe(first: Floats, rows: Floats, second: Floats, others: Floats, reach: float) -> tuple[Floats, Floats]:
    """Return limits of the difference of two shares. Wilson's limits depend on the rows over the squared reach only."""
    scale = (Z / reach) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        low, high = wilson(first * rows * scale, rows * scale)
        low_rest, high_rest = wilson(second * others * scale, others * scale)
    difference = first - second
    down = np.sqrt((first - low) ** 2 + (high_rest - second) ** 2)
    up = np.sqrt((high - first) ** 2 + (second - low_rest) ** 2)
    return np.maximum(difference - down, -1.0), np.minimum(difference + up, 1.0)
