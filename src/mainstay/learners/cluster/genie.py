"""Genie: single linkage that may not let the groups become too unequal, so that chains of lone points do no harm.

Gagolewski, Bartoszuk, Cena 2016, Genie: a new, fast, and outlier-resistant hierarchical clustering algorithm,
doi 10.1016/j.ins.2016.05.003.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.learner import Parameter
from mainstay.learners.cluster.admission import admit, closed
from mainstay.learners.cluster.links import least_cut, links_between
from mainstay.learners.cluster.number_of_groups import number_of_groups
from mainstay.learners.cluster.spanning_tree import spanning_tree
from mainstay.learners.cluster.stand_ins import stand_ins

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.clusters import Clustering, Points
    from mainstay.contracts.learner import Deadline, Value
    from mainstay.learners.cluster.spanning_tree import SpanningTree

    Doubles = NDArray[np.float64]
    Whole = NDArray[np.int64]

__all__ = ["THRESHOLDS", "Genie", "genie_labels"]

THRESHOLDS = (0.1, 0.3, 0.5, 0.7)
"""The limits of inequality that are tried where none is given."""


class Genie:
    """Merges the nearest groups, and the smallest ones first while their sizes are too unequal.

    Examples
    --------
    >>> from mainstay.contracts.clusters import Points
    >>> from mainstay.contracts.learner import NoDeadline
    >>> rows = np.array([[0.0], [0.1], [9.0], [9.1], [9.2]], np.float32)
    >>> Genie().fit(Points(rows, ("a",)), 2, seed=0, deadline=NoDeadline()).labels.tolist()
    [1, 1, 0, 0, 0]
    """

    name = "genie"
    finds_k = True
    order_free = True
    parameters: tuple[Parameter, ...] = (
        Parameter(
            "gini_threshold",
            0.0,
            "The Gini index of the sizes above which the smallest groups are merged first; 0 tries several.",
            low=0.0,
            high=1.0,
            search=(0.1, 0.7),
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
        """Cut the tree of merges at k groups, or at as many as the density of the rows shows."""
        checked = admit(self, points, k, settings)
        rows = stand_ins(points, seed=seed, deadline=deadline)
        count = number_of_groups(rows.points, rows.weight) if k is None else k
        tree = spanning_tree(rows.points)
        given = float(checked["gini_threshold"])
        thresholds = (given,) if given else THRESHOLDS
        found = {one: genie_labels(tree, rows.weight, count, one) for one in thresholds}
        best = given or least_cut(links_between(rows.points), found)
        return closed(points, rows, found[best], {"k": count, "gini_threshold": best})


def genie_labels(tree: SpanningTree, weight: Doubles, k: int, threshold: float) -> Whole:
    """Return the group of each point where the merging of m points has come down to k groups.

    Parameters
    ----------
    tree : SpanningTree
    weight : float64 array of shape (m,)
        The size of each point.
    k : int
        From 1 to m.
    threshold : float
        The Gini index of the sizes above which the next edge must touch a smallest group.
    """
    merging = _Merging(tree, weight)
    while merging.groups > k:
        merging.merge(merging.next_edge(smallest_only=merging.gini() > threshold))
    return merging.labels()


class _Merging:
    """The groups during the merging, with their sizes counted so that the Gini index costs little."""

    def __init__(self, tree: SpanningTree, weight: Doubles) -> None:
        self._edges: list[tuple[int, int]] = [(int(a), int(b)) for a, b in tree.edges]
        self._done = bytearray(len(self._edges))
        self._parent = list(range(len(weight)))
        # whole sizes are told apart exactly; weights are told apart to a thousandth of the lightest
        grain = 1.0 if np.array_equal(weight, np.round(weight)) else float(weight.min()) / 1000
        self._size = [int(size) for size in np.maximum(np.round(weight / grain), 1)]
        self._counts = Counter(self._size)
        self._total = sum(self._size)
        self.groups = len(self._size)
        self._first = 0
        self._smallest, self._place = 0, 0

    def gini(self) -> float:
        """Return the Gini index of the sizes: 0 where all are equal, 1 where one group has all."""
        unequal, below, below_total = 0, 0, 0
        for size in sorted(self._counts):
            count = self._counts[size]
            unequal += count * (size * below - below_total)
            below += count
            below_total += count * size
        return unequal / ((self.groups - 1) * self._total) if self.groups > 1 else 0.0

    def next_edge(self, *, smallest_only: bool) -> int:
        """Return the shortest edge that is left, or the shortest that touches a group of the smallest size."""
        while self._done[self._first]:
            self._first += 1
        if not smallest_only:
            return self._first
        smallest = min(self._counts)
        if smallest != self._smallest:
            self._smallest, self._place = smallest, self._first
        place = max(self._place, self._first)
        while self._done[place] or smallest not in self._sizes(place):
            place += 1
        self._place = place
        return place

    def merge(self, edge: int) -> None:
        """Join the two groups at the ends of an edge."""
        self._done[edge] = 1
        one, two = (self._group(end) for end in self._edges[edge])
        for size in (self._size[one], self._size[two]):
            self._counts[size] -= 1
            if not self._counts[size]:
                del self._counts[size]
        if self._size[one] < self._size[two]:
            one, two = two, one
        self._parent[two] = one
        self._size[one] += self._size[two]
        self._counts[self._size[one]] += 1
        self.groups -= 1

    def labels(self) -> Whole:
        """Return the group of each point, numbered from 0."""
        groups = [self._group(point) for point in range(len(self._parent))]
        return np.unique(groups, return_inverse=True)[1].astype(np.int64)

    def _sizes(self, edge: int) -> tuple[int, int]:
        one, two = self._edges[edge]
        return self._size[self._group(one)], self._size[self._group(two)]

    def _group(self, point: int) -> int:
        parent = self._parent
        while parent[point] != point:
            parent[point] = parent[parent[point]]
            point = parent[point]
        return point
