"""Ward's hierarchical clustering with the whole tree of merges as data, on any number of rows.

The library's knows no weights, which micro-clusters need, and holds all distances at once; the chain of nearest
neighbours (Murtagh 1983, doi 10.1093/comjnl/26.4.354) takes O(m^2 d) time and O(m d) memory and finds the same tree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.learners.cluster.admission import admit, closed
from mainstay.learners.cluster.number_of_groups import number_of_groups
from mainstay.learners.cluster.stand_ins import stand_ins

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.clusters import Clustering, Points
    from mainstay.contracts.learner import Deadline, Parameter, Value

    Doubles = NDArray[np.float64]
    Whole = NDArray[np.int64]

__all__ = ["Dendrogram", "Ward", "dendrogram", "ward_tree"]

_MOST = 4_000


@dataclass(frozen=True, slots=True)
class Dendrogram:
    """The tree of merges over m points, for a chart or to be cut; the lowest merge first.

    Parameters
    ----------
    merges : int64 array of shape (m - 1, 2)
        What was joined: below m a point, and m + i what merge i made.
    heights : float64 array of shape (m - 1,)
        The root of twice the growth of the sum of squares, so that two single points are joined at their distance.
    sizes : float64 array of shape (m - 1,)
        How much weight each merge holds.
    """

    merges: Whole
    heights: Doubles
    sizes: Doubles

    def labels(self, k: int) -> Whole:
        """Return the group of each of the m points when k groups are left."""
        count = len(self.merges) + 1
        owner = np.arange(count + len(self.merges))
        for place in range(count - k):
            owner[self.merges[place]] = count + place
        while not np.array_equal(owner, owner[owner]):
            owner = owner[owner]
        return np.unique(owner[:count], return_inverse=True)[1].astype(np.int64)

    def top(self, leaves: int) -> Dendrogram:
        """Return the last merges only, as the tree over ``leaves`` groups, for a chart that stays readable."""
        count = len(self.merges) + 1
        if leaves >= count:
            return self
        first = count - leaves
        kept = self.merges[first:]
        below = np.unique(kept[kept < count + first])
        place = {int(node): number for number, node in enumerate(below)}
        place |= {count + first + number: leaves + number for number in range(leaves - 1)}
        renumbered = np.array([[place[int(node)] for node in pair] for pair in kept], np.int64).reshape(-1, 2)
        return Dendrogram(renumbered, self.heights[first:], self.sizes[first:])


class Ward:
    """Merges the two groups whose union grows the sum of squared distances least.

    Examples
    --------
    >>> from mainstay.contracts.clusters import Points
    >>> from mainstay.contracts.learner import NoDeadline
    >>> rows = np.array([[0.0], [0.1], [9.0], [9.1], [9.2]], np.float32)
    >>> Ward().fit(Points(rows, ("a",)), 2, seed=0, deadline=NoDeadline()).labels.tolist()
    [1, 1, 0, 0, 0]
    """

    name = "ward"
    finds_k = True
    order_free = True
    parameters: tuple[Parameter, ...] = ()

    def fit(
        self,
        points: Points,
        k: int | None,
        *,
        seed: int,
        deadline: Deadline,
        settings: Mapping[str, Value] = {},
    ) -> Clustering:
        """Cut the tree at k groups, or at as many as the density of the rows shows."""
        admit(self, points, k, settings)
        rows = stand_ins(points, seed=seed, deadline=deadline, most=_MOST)
        count = number_of_groups(rows.points, rows.weight) if k is None else k
        return closed(points, rows, ward_tree(rows.points, rows.weight).labels(count), {"k": count})


def dendrogram(points: Points, *, seed: int, deadline: Deadline) -> Dendrogram:
    """Return Ward's tree over the different rows, or over micro-clusters where there are more than 4,000.

    Examples
    --------
    >>> from mainstay.contracts.clusters import Points
    >>> from mainstay.contracts.learner import NoDeadline
    >>> rows = np.array([[0.0], [1.0], [9.0]], np.float32)
    >>> dendrogram(Points(rows, ("a",)), seed=0, deadline=NoDeadline()).sizes.tolist()
    [2.0, 3.0]
    """
    rows = stand_ins(points, seed=seed, deadline=deadline, most=_MOST)
    return ward_tree(rows.points, rows.weight)


def ward_tree(points: Doubles, weight: Doubles) -> Dendrogram:
    """Return Ward's tree (Ward 1963, doi 10.1080/01621459.1963.10500845) over weighted points.

    Parameters
    ----------
    points : float64 array of shape (m, d)
    weight : float64 array of shape (m,)
    """
    found = _chain(points - points.mean(axis=0), weight)
    order = np.argsort([cost for cost, _, _ in found], kind="stable")
    # the chain finds merges out of order: each side is named by one of its points, and numbered once sorted
    parent, node, size = list(range(len(points))), list(range(len(points))), weight.tolist()
    merges, heights, sizes = np.empty((len(found), 2), np.int64), np.empty(len(found)), np.empty(len(found))
    for place, one in enumerate(order):
        cost, left, right = found[one]
        left, right = _root(parent, left), _root(parent, right)
        merges[place] = sorted((node[left], node[right]))
        parent[right], node[left], size[left] = left, len(points) + place, size[left] + size[right]
        heights[place], sizes[place] = np.sqrt(2 * cost), size[left]
    return Dendrogram(merges, heights, sizes)


def _chain(centres: Doubles, weight: Doubles) -> list[tuple[float, int, int]]:
    """Return (cost, point, point) of each merge: walk to the nearest group until two are each other's nearest."""
    columns, sizes, names = np.ascontiguousarray(centres.T), weight.astype(np.float64), np.arange(len(centres))
    alive = np.ones(len(centres), bool)
    found: list[tuple[float, int, int]] = []
    chain: list[int] = []
    while len(found) < len(names) - 1:
        if not chain:
            chain = [int(alive.argmax())]
        here = chain[-1]
        away = ((columns - columns[:, here : here + 1]) ** 2).sum(axis=0) * (
            sizes * sizes[here] / (sizes + sizes[here])
        )
        away[~alive] = np.inf
        away[here] = np.inf
        there = int(away.argmin())
        if len(chain) > 1 and away[chain[-2]] <= away[there]:
            there = chain[-2]  # of equal ones the one it came from, or the walk would go round
            chain = chain[:-2]
            found.append((float(away[there]), here, there))
            whole = sizes[here] + sizes[there]
            columns[:, here] = (columns[:, here] * sizes[here] + columns[:, there] * sizes[there]) / whole
            sizes[here], alive[there] = whole, False
        else:
            chain.append(there)
    return found


def _root(parent: list[int], point: int) -> int:
    while parent[point] != point:
        parent[point] = parent[parent[point]]
        point = parent[point]
    return point
