"""Density peaks: a group is a hill of rows, and hills that are parted by no clear valley are one.

Each point climbs to its densest neighbour; where two hills meet, the lower one is merged into the higher one unless it
stands out (Chazal, Guibas, Oudot, Skraba 2013, Persistence-based clustering in Riemannian manifolds,
doi 10.1145/2535927). As the density of rows is known but roughly, how far a hill must stand out follows from how far
hills of chance do: the logarithm of a density that rests on q neighbours errs by about 1 / sqrt(q).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.learner import Parameter
from mainstay.learners.cluster.admission import admit, closed
from mainstay.learners.cluster.links import neighbours
from mainstay.learners.cluster.stand_ins import stand_ins

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.clusters import Clustering, Points
    from mainstay.contracts.learner import Deadline, Value

    Doubles = NDArray[np.float64]
    Whole = NDArray[np.int64]

__all__ = ["NEIGHBOURS", "DensityPeaks", "Peaks", "peaks_of"]

NEIGHBOURS = 12
"""How many neighbours a point's density rests on."""

_TINY = 1e-300
_CHANCE = (1.95, 1.33, 1.2)
"""How far hills of chance stand out on a line, on a plane and beyond, in units of sqrt(2 ln(m / q) / q)."""


class DensityPeaks:
    """Groups are the hills of density that stand out more than hills of chance do, or the k highest of them.

    Examples
    --------
    >>> from mainstay.contracts.clusters import Points
    >>> from mainstay.contracts.learner import NoDeadline
    >>> chance = np.random.default_rng(0)
    >>> rows = np.concatenate([chance.normal(0, 1, (80, 2)), chance.normal(9, 1, (50, 2))]).astype(np.float32)
    >>> found = DensityPeaks().fit(Points(rows, ("a", "b")), None, seed=0, deadline=NoDeadline())
    >>> found.body.clusters
    2
    """

    name = "density_peaks"
    finds_k = True
    order_free = True
    parameters: tuple[Parameter, ...] = (
        Parameter(
            "neighbours", NEIGHBOURS, "How many neighbours a density rests on.", low=2, high=1000, search=(6, 30)
        ),
    )

    def fit(
        self,
        points: Points,
        k: int | None,
        *,
        seed: int,
        deadline: Deadline,
        settings: Mapping[str, Value] = {},
    ) -> Clustering:
        """Return the k hills that stand out most, or all that stand out more than chance explains."""
        checked = admit(self, points, k, settings)
        rows = stand_ins(points, seed=seed, deadline=deadline)
        peaks = peaks_of(rows.points, rows.weight, int(checked["neighbours"]))
        labels = peaks.labels(peaks.standing_out if k is None else k)
        return closed(points, rows, labels, {"k": int(labels.max()) + 1, "peaks_standing_out": peaks.standing_out})


@dataclass(frozen=True)
class Peaks:
    """The hills of density and how they merge.

    Parameters
    ----------
    hill : int64 array of shape (m,)
        The point on top of the hill that each point climbs to.
    lower, higher : int64 arrays of shape (merges,)
        The tops of the hills that meet, by falling prominence.
    prominence : float64 array of shape (merges,)
        The logarithm of the density on the lower top over that in the valley; infinite where no links join them.
    threshold : float
        What hills of chance do not reach.
    log_density : float64 array of shape (m,)
    """

    hill: Whole
    lower: Whole
    higher: Whole
    prominence: Doubles
    threshold: float
    log_density: Doubles

    @cached_property
    def standing_out(self) -> int:
        """How many hills stand out, 1 at least."""
        return 1 + int((self.prominence > self.threshold).sum())

    def labels(self, k: int) -> Whole:
        """Return the group of each point when the k hills that stand out most remain.

        Where there are fewer hills than k, the groups are parted further, around the points that lie farthest out.
        """
        onto = np.arange(len(self.hill))
        for low, high in zip(self.lower[k - 1 :], self.higher[k - 1 :], strict=True):
            onto[low] = high
        top = self.hill
        while not np.array_equal(top, onto[top]):
            top = onto[top]
        labels = np.unique(top, return_inverse=True)[1].astype(np.int64)
        missing = k - (int(labels.max()) + 1)
        if missing > 0:
            far = np.argsort(self.log_density, kind="stable")
            lone = [point for point in far if point not in set(np.unique(top))][:missing]
            labels[lone] = int(labels.max()) + 1 + np.arange(len(lone))
        return labels


def peaks_of(points: Doubles, weight: Doubles, count: int = NEIGHBOURS) -> Peaks:
    """Return the hills of density of points that all differ.

    Parameters
    ----------
    points : float64 array of shape (m, d)
    weight : float64 array of shape (m,)
    count : int, default 12
        How many neighbours a density rests on.
    """
    rows = len(points)
    # on a line neighbours lie on two sides only, and a lone gap of chance would part them
    count = min(count if points.shape[1] > 1 else 2 * count, rows - 1)
    if count < 1:
        nothing = np.empty(0, np.int64)
        return Peaks(np.zeros(rows, np.int64), nothing, nothing, np.empty(0), np.inf, np.zeros(rows))
    distances, positions = neighbours(points, count)
    inside = weight + weight[positions].sum(axis=1)
    width = _dimension(distances, points.shape[1])
    density = np.log(inside) - width * np.log(np.maximum(distances[:, -1], _TINY))
    hill, merges = _climb(density, _both_ways(positions))
    tops = np.unique(hill)
    lost = {low for _, low, _ in merges}
    alone = sorted((top for top in tops if top not in lost), key=lambda top: -density[top])
    merges += [(np.inf, int(top), int(alone[0])) for top in alone[1:]]
    merges.sort(key=lambda one: (-one[0], one[1]))
    low, high = (np.array([one[place] for one in merges], np.int64) for place in (1, 2))
    chance = float(np.interp(width, (1.0, 2.0, 3.0), _CHANCE))
    threshold = chance * np.sqrt(2 * np.log(max(rows / count, np.e)) / count) if rows > 2 else np.inf
    return Peaks(hill, low, high, np.array([one[0] for one in merges]), float(threshold), density)


def _dimension(distances: Doubles, most: int) -> float:
    """Return in how many dimensions the points spread: a bent line in a plane has one (Levina, Bickel 2004).

    How much farther the last neighbours are than those in the middle tells it, as the near ones only see the noise
    across a bent line; from 1 to the number of columns.
    """
    count = distances.shape[1]
    if count < 4:
        return float(most)
    middle = np.arange(count // 2, count)
    ratio = np.log(np.maximum(distances[:, -1:], _TINY) / np.maximum(distances[:, middle - 1], _TINY))
    # in one dimension the mean logarithm is the sum of 1 / i from the nearer neighbour to the last but one
    expected = [float((1.0 / np.arange(one, count)).sum()) for one in middle]
    return float(np.clip(np.mean(expected) / max(float(ratio.mean()), 1e-9), 1.0, most))


def _both_ways(positions: Whole) -> tuple[list[int], list[int]]:
    """Return the neighbours of each point and of those whose neighbour it is, as starts and one long list."""
    from scipy.sparse import csr_array

    rows, count = positions.shape
    source = np.repeat(np.arange(rows), count)
    one_way = csr_array((np.ones(rows * count, np.int8), (source, positions.ravel())), shape=(rows, rows))
    both = one_way.maximum(one_way.T).tocsr()
    return both.indptr.tolist(), both.indices.tolist()


def _climb(density: Doubles, links: tuple[list[int], list[int]]) -> tuple[Whole, list[tuple[float, int, int]]]:
    """Return each point's hill, and (prominence, lower top, higher top) for each two hills that meet.

    The points come in from the highest to the lowest; one that touches several hills is the valley between them.
    """
    starts, others = links
    order = np.lexsort((np.arange(len(density)), -density))
    rank = np.empty(len(density), np.int64)
    rank[order] = np.arange(len(density))
    ranks, heights = rank.tolist(), density.tolist()
    hill, parent = list(range(len(ranks))), list(range(len(ranks)))
    merges: list[tuple[float, int, int]] = []
    for point in order.tolist():
        above = [one for one in others[starts[point] : starts[point + 1]] if ranks[one] < ranks[point]]
        if not above:
            continue
        hill[point] = hill[min(above, key=ranks.__getitem__)]
        parent[point] = _top(parent, hill[point])
        for one in above:
            here, there = _top(parent, hill[one]), _top(parent, hill[point])
            if here == there:
                continue
            low, high = (here, there) if ranks[here] > ranks[there] else (there, here)
            merges.append((heights[low] - heights[point], low, high))
            parent[low] = high
    return np.array(hill, np.int64), merges


def _top(parent: list[int], point: int) -> int:
    while parent[point] != point:
        parent[point] = parent[parent[point]]
        point = parent[point]
    return point
