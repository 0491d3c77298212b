"""Mean shift: every point walks uphill to where rows are densest, and those that meet are one group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.clusters import Centres
from mainstay.contracts.learner import Parameter
from mainstay.learners.cluster.admission import admit, by_size
from mainstay.learners.cluster.number_of_groups import number_of_groups
from mainstay.learners.cluster.splitting import split_up_to
from mainstay.learners.cluster.stand_ins import stand_ins
from mainstay.learners.cluster.ward import ward_tree
from mainstay.learners.quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.clusters import Clustering, Points
    from mainstay.contracts.learner import Deadline, Value
    from mainstay.learners.cluster.stand_ins import StandIns

    Doubles = NDArray[np.float64]

__all__ = ["MeanShift"]

_MOST = 1_500
_HALVINGS = 10


class MeanShift:
    """Groups are the places that points reach uphill (Comaniciu, Meer 2002, doi 10.1109/34.1000236).

    Examples
    --------
    >>> from mainstay.contracts.clusters import Points
    >>> from mainstay.contracts.learner import NoDeadline
    >>> rows = np.array([[0.0], [0.1], [9.0], [9.1], [9.2]], np.float32)
    >>> MeanShift().fit(Points(rows, ("a",)), 2, seed=0, deadline=NoDeadline()).labels.tolist()
    [1, 1, 0, 0, 0]
    """

    name = "mean_shift"
    finds_k = True
    order_free = True
    parameters: tuple[Parameter, ...] = (
        Parameter("bandwidth", 0.0, "How far a point looks, in units of the rows; 0 finds it.", low=0.0, high=1e30),
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
        """Shift with the widest bandwidth that leaves k places, or as many as the density of the rows shows."""
        checked = admit(self, points, k, settings)
        most = _MOST if deadline.left() > 5 else _MOST // 5
        rows = stand_ins(points, seed=seed, deadline=deadline, most=max(most, k or 1))
        notes: dict[str, Value] = {}
        given = float(checked["bandwidth"])
        with quiet(notes):
            if given and k is None:
                centres, bandwidth = _shifted(rows.points, given), given
                owner = np.arange(len(centres))
            else:
                count = number_of_groups(rows.points, rows.weight) if k is None else k
                centres, bandwidth = _search(rows.points, count, given, deadline)
                centres, owner = _exactly(rows, centres, count)
        if not rows.exact:
            notes["micro_clusters"] = len(rows.points)
        if points.weight is not None or not rows.exact:
            notes["weights"] = "each point counts once, however many rows it stands for"
        notes |= {"k": int(owner.max()) + 1, "bandwidth": bandwidth}
        return by_size(points, Centres.of(centres, owner), notes)


def _search(points: Doubles, k: int, given: float, deadline: Deadline) -> tuple[Doubles, float]:
    """Return the places for the bandwidth, found by halving an interval, that leaves k of them or the next more."""
    widest = 2 * float(np.sqrt(((points - points.mean(axis=0)) ** 2).sum(axis=1).max()))
    if k == 1 or len(points) == 1 or widest == 0:
        return points.mean(axis=0)[None], widest
    if given:
        return _shifted(points, given), given
    low, high = widest / 200, widest
    best, bandwidth = points, 0.0
    for _ in range(_HALVINGS):
        middle = float(np.sqrt(low * high))
        found = _shifted(points, middle)
        if len(found) >= k and (bandwidth == 0 or len(found) <= len(best)):
            best, bandwidth = found, middle
        if len(found) == k or deadline.left() <= 0:
            break
        low, high = (middle, high) if len(found) > k else (low, middle)
    return best, bandwidth


def _shifted(points: Doubles, bandwidth: float) -> Doubles:
    from sklearn.cluster import MeanShift as Library

    fitted: Any = Library(bandwidth=bandwidth, bin_seeding=True, max_iter=100).fit(points)
    return np.asarray(fitted.cluster_centers_, np.float64)


def _exactly(rows: StandIns, centres: Doubles, k: int) -> tuple[Doubles, NDArray[np.int64]]:
    """Return centres and the group of each: joined where there are more than k, the rows themselves where fewer."""
    if len(centres) >= k:
        owner = ((rows.points[:, None, :] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
        kept, owner = np.unique(owner, return_inverse=True)
        if len(kept) >= k:
            weight = np.bincount(owner, rows.weight, len(kept)).astype(np.float64)
            return centres[kept], ward_tree(centres[kept], weight).labels(k)
        return rows.points, split_up_to(rows.points, owner, k)
    owner = ((rows.points[:, None, :] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
    return rows.points, split_up_to(rows.points, owner, k)
