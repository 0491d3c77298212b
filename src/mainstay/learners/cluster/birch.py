"""BIRCH: rows are packed into small balls as they come, and the balls are grouped; for long streams of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.clusters import Centres
from mainstay.contracts.learner import Parameter
from mainstay.learners.cluster.admission import admit, by_size
from mainstay.learners.cluster.number_of_groups import number_of_groups
from mainstay.learners.cluster.stand_ins import StandIns, different_rows, drawn_rows, nearest
from mainstay.learners.cluster.ward import ward_tree
from mainstay.learners.quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.clusters import Clustering, Points
    from mainstay.contracts.learner import Deadline, Value

    Doubles = NDArray[np.float64]

__all__ = ["Birch"]

_MOST = 20_000
_BALLS = 1_000
_FEW = 0.05


class Birch:
    """Packs rows into balls of a radius (Zhang, Ramakrishnan, Livny 1996, doi 10.1145/235968.233324), and groups those.

    Examples
    --------
    >>> from mainstay.contracts.clusters import Points
    >>> from mainstay.contracts.learner import NoDeadline
    >>> rows = np.array([[0.0], [0.1], [9.0], [9.1], [9.2]], np.float32)
    >>> Birch().fit(Points(rows, ("a",)), 2, seed=0, deadline=NoDeadline()).labels.tolist()
    [1, 1, 0, 0, 0]
    """

    name = "birch"
    finds_k = True
    order_free = True
    parameters: tuple[Parameter, ...] = (
        Parameter("threshold", 0.0, "The radius of a ball, in units of the rows; 0 finds one.", low=0.0, high=1e30),
        Parameter("branching_factor", 50, "How many balls a node of the tree holds.", low=2, high=10_000),
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
        """Pack the rows, or 20,000 drawn ones, and group the balls into k, or as many as their density shows."""
        checked = admit(self, points, k, settings)
        rows = different_rows(points)
        few = 1.0 if deadline.left() > 1 else _FEW
        some = drawn_rows(rows, max(k or 1, int(_MOST * few)), seed)
        chosen = StandIns(rows.points[some], rows.weight[some], some, False)
        notes: dict[str, Value] = {}
        with quiet(notes):
            balls, radius = _balls(chosen.points, k or 1, checked)
            owner = nearest(chosen.points, balls)
            kept, owner = np.unique(owner, return_inverse=True)
            weight = np.bincount(owner, chosen.weight, len(kept)).astype(np.float64)
            balls = balls[kept]
            count = number_of_groups(chosen.points, chosen.weight) if k is None else k
            count = min(count, len(balls))
            groups = ward_tree(balls, weight).labels(count)
        notes |= {"k": count, "balls": len(balls), "threshold": radius}
        if points.weight is not None:
            notes["weights"] = "each row is packed once; its weight counts when the balls are grouped"
        return by_size(points, Centres.of(balls, groups), notes)


def _balls(points: Doubles, k: int, settings: Mapping[str, Value]) -> tuple[Doubles, float]:
    """Return the means of the balls and their radius: a twentieth of the spread, wider or narrower until it serves."""
    if len(points) == 1:
        return points, 0.0
    branching = int(settings["branching_factor"])
    given = float(settings["threshold"])
    radius = given or 0.05 * max(float(np.sqrt(points.var(axis=0).sum())), 1e-12)
    found = _packed(points, radius, branching)
    for _ in range(60):
        if len(found) < min(len(points), max(5 * k, 100)) and (not given or len(found) < k):
            radius /= 2
        elif len(found) > max(_BALLS, 5 * k) and not given:
            radius *= 1.6
        else:
            break
        found = _packed(points, radius, branching)
    return (found, radius) if len(found) >= k else (points, 0.0)


def _packed(points: Doubles, radius: float, branching: int) -> Doubles:
    from sklearn.cluster import Birch as Library

    fitted: Any = Library(threshold=radius, branching_factor=branching, n_clusters=None).fit(points)
    return np.asarray(fitted.subcluster_centers_, np.float64)
