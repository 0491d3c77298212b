"""Which Gaussians of a mixture are clusters of their own: those with a valley around them, in model and rows.

A mixture needs several Gaussians for one uniform, skewed or heavy-tailed cluster, so their number is not that of the
clusters. Hills are joined where the way from top to top hardly falls. The fitted density alone sees valleys in flat
data; rows are therefore counted along the line between two tops, in a tube of the same width everywhere, for an
unimodal cluster that bulges in none of its parts (a log-concave density) has no valley in such a tube. A bent one has;
there a way of rows around the empty place (``ways``) says that it is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.learners.cluster.choose_k.mixture import log_density
from mainstay.learners.cluster.choose_k.ways import ways_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.learners.cluster.choose_k.look import Look
    from mainstay.learners.cluster.choose_k.mixture import Gaussians

    Doubles = NDArray[np.float64]

__all__ = ["Valley", "valleys_of"]

_STEPS = np.linspace(0.0, 1.0, 21)
_TUBE = 0.75
"""Share of the rows of two Gaussians that are within the tube between them."""
_PLACES = np.linspace(-0.1, 1.1, 25)
_WINDOW = 0.2
_FEW_AXES = 5
_BELIEF, _DISBELIEF = 0.15, 0.35
"""How much of the rows counted in a valley the model may explain away, and how much of its height the rows may."""
_DOUBT = 2.0
"""Rows added to each count, so that a few rows make no valley."""


@dataclass(frozen=True, slots=True)
class Valley:
    """Between a hill and a higher one.

    Parameters
    ----------
    low, high : int
        The Gaussians on whose tops the hills end, the lower one first.
    share : float
        Of all rows, those on the lower hill.
    fitted : float
        The density of the mixture at the lowest place of the way over the density at the lower top, 0 to 1.
    counted : float
        The same with rows counted in a tube.
    joined : bool
        Whether a way of rows leads from hill to hill that is nowhere much thinner than the lower one.
    """

    low: int
    high: int
    share: float
    fitted: float
    counted: float
    joined: bool = False

    @property
    def depth(self) -> float:
        """How far the density falls, 0 (flat) to 1 (nothing in between)."""
        if self.joined:
            return 0.0
        both = float(np.sqrt(self.fitted * self.counted))
        return 1.0 - max(both, self.counted - _BELIEF, self.fitted - _DISBELIEF)


def valleys_of(mixture: Gaussians, look: Look) -> list[Valley]:
    """Return the valleys of a mixture, one fewer than it has Gaussians, the flattest ways first.

    References
    ----------
    Ray, Lindsay (2005), "The topography of multivariate normal mixtures", doi:10.1214/009053605000000417; Hennig
    (2010), "Methods for merging Gaussian mixture components", doi:10.1007/s11634-010-0058-3; Chazal, Guibas, Oudot,
    Skraba (2013), "Persistence-based clustering in Riemannian manifolds", doi:10.1145/2535927.
    """
    passes = _passes(mixture)
    top = log_density(mixture, mixture.means)
    share = np.exp(mixture.log_share)
    hill = np.arange(mixture.k)
    owner = mixture.belonging.argmax(axis=1)
    ways = ways_of(look) if mixture.k > 1 else ()
    found = []
    for height, one, other in passes:
        low, high = int(hill[one]), int(hill[other])
        if low == high:
            continue
        if top[low] > top[high]:
            low, high = high, low
        fitted = float(np.exp(min(0.0, height - top[low])))
        if look.rows.shape[1] > _FEW_AXES and (hill == low).sum() == (hill == high).sum() == 1:
            fitted = min(fitted, _projected(mixture, (low, high)))
        counted = _counted(mixture, look, owner, (low, high))
        sides = np.flatnonzero(owner == low), np.flatnonzero(owner == high)
        joined = next((view.join(*sides) for view in ways if view.suit(*sides)), False)
        found.append(Valley(low, high, float(share[low]), fitted, counted, joined))
        share[high] += share[low]
        hill[hill == low] = high
    return found


def _passes(mixture: Gaussians) -> list[tuple[float, int, int]]:
    """Return for each pair of Gaussians the lowest log density on the ridge between them, the highest passes first."""
    pulled = np.einsum("kij,kj->ki", mixture.precisions, mixture.means)
    found = []
    for one in range(mixture.k):
        for other in range(one):
            weights = _STEPS[:, None, None]
            forms = (1.0 - weights) * mixture.precisions[one] + weights * mixture.precisions[other]
            aims = (1.0 - weights[:, 0]) * pulled[one] + weights[:, 0] * pulled[other]
            ridge = np.linalg.solve(forms, aims[..., None])[..., 0]
            found.append((float(log_density(mixture, ridge).min()), one, other))
    return sorted(found, reverse=True)


def _projected(mixture: Gaussians, pair: tuple[int, int]) -> float:
    """Return the depth of the valley between two Gaussians seen along the line that tells them apart best.

    In many dimensions the density at the top of a wide cluster can be less than that half way to a narrow one.
    """
    line = _line(mixture, pair)
    spreads = np.sqrt(np.maximum([line @ np.linalg.solve(mixture.precisions[one], line) for one in pair], 1e-300))
    tops = mixture.means[list(pair)] @ line
    places = tops[0] + _STEPS * (tops[1] - tops[0])
    parts = np.exp(mixture.log_share[list(pair)]) / spreads
    heights = (parts * np.exp(-0.5 * ((places[:, None] - tops) / spreads) ** 2)).sum(axis=1)
    return min(1.0, float(heights.min() / max(min(heights[0], heights[-1]), 1e-300)))


def _line(mixture: Gaussians, pair: tuple[int, int]) -> Doubles:
    covariance = sum(np.linalg.inv(mixture.precisions[one]) for one in pair)
    return np.asarray(np.linalg.solve(covariance, mixture.means[pair[1]] - mixture.means[pair[0]]))


def _counted(mixture: Gaussians, look: Look, owner: NDArray[np.int64], pair: tuple[int, int]) -> float:
    """Return the fewest rows in a window between two tops over the fewer of those at either side, in a tube."""
    one, other = pair
    covariance = (np.linalg.inv(mixture.precisions[one]) + np.linalg.inv(mixture.precisions[other])) / 2
    root = np.linalg.inv(np.linalg.cholesky(covariance)).T
    line = (mixture.means[other] - mixture.means[one]) @ root
    length = float(np.linalg.norm(line))
    if length < 1e-9 or not (owner == one).any() or not (owner == other).any():
        return 1.0
    moved = (look.rows - mixture.means[one]) @ root
    along = moved @ line / length
    across = (moved**2).sum(axis=1) - along**2
    reach = [np.quantile(across[owner == side], _TUBE) for side in pair]
    limits = np.where(owner == one, reach[0], np.where(owner == other, reach[1], min(reach)))
    within = across <= limits
    return _deepest(along[within] / length, look.weight[within])


def _deepest(along: Doubles, weight: Doubles) -> float:
    order = np.argsort(along, kind="stable")
    summed = np.concatenate([[0.0], np.cumsum(weight[order])])
    ends = np.searchsorted(along[order], np.stack([_PLACES - _WINDOW / 2, _PLACES + _WINDOW / 2]))
    counts = summed[ends[1]] - summed[ends[0]]
    least = 1.0
    for at in np.flatnonzero((_PLACES > 0.19) & (_PLACES < 0.81)):
        before = counts[_PLACES[at] - 0.16 > _PLACES].max()
        after = counts[_PLACES[at] + 0.16 < _PLACES].max()
        least = min(least, (counts[at] + _DOUBT) / (min(before, after) + _DOUBT))
    return float(least)
