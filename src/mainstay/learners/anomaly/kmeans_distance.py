"""How far a row is from the nearest large cluster: usual rows come in groups.

Small clusters are no centres, for they may be the anomalies themselves (He, Xu and Deng 2003,
doi:10.1016/S0167-8655(03)00003-5). One number of clusters would have to be chosen, and a wrong one costs much; the
whole K-means curve costs as much as one fit of many clusters, so that several numbers are asked and averaged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.anomaly_bodies import Nearest
from mainstay.contracts.learner import NoDeadline, Parameter
from mainstay.learners.anomaly.admission import admit, affordable, alone
from mainstay.learners.anomaly.reference_rows import drawn_rows
from mainstay.learners.cluster.kmeans_path import quick_path
from mainstay.learners.quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.anomalies import Detection, Observations, Reference
    from mainstay.contracts.learner import Deadline, Value
    from mainstay.learners.cluster.kmeans_path import KMeansFit

    Doubles = NDArray[np.float64]

__all__ = ["KMeansDistanceDetector", "fit_kmeans_distance", "numbers_of_clusters"]

_MOST = 10_000
_FEWEST = 2000
_CELLS = 400_000
"""Rows times columns that are looked at, where the table is wide; 2000 rows at least."""

_SECONDS = 1e-5
"""What one more cell takes, about."""

_LARGE_SHARE = 0.9
"""The largest clusters that together hold so many of the rows are large ..."""

_FALL = 5.0
"""... or those before the first that is so many times smaller than the one before it (both as in He et al.)."""

_ROWS_EACH = 20
"""So many rows a cluster should have on average, at least."""

_NARROWEST = 0.1
"""A cluster counts as at least so wide as this part of the width that the clusters have on average."""


class KMeansDistanceDetector:
    """The distance to the nearest large K-means cluster, averaged over several numbers of clusters (as CBLOF).

    Examples
    --------
    >>> from mainstay.contracts.anomalies import Observations
    >>> from mainstay.contracts.learner import NoDeadline
    >>> rows = Observations.of(np.random.default_rng(0).normal(size=(400, 2)))
    >>> found = KMeansDistanceDetector().fit(rows, reference="clean", seed=0, deadline=NoDeadline())
    >>> found.members[0].body.bags
    4
    """

    name = "kmeans_distance"
    order_free = True
    parameters: tuple[Parameter, ...] = (
        Parameter("clusters", 0, "The number of clusters; 0 averages over 2, 4, 8, 16 and 32.", low=0, high=500),
        Parameter(
            "width", 0.0, "How much a wide cluster forgives: 0 not at all, 1 by the whole of its width.", low=0, high=1
        ),
    )

    def fit(
        self,
        observations: Observations,
        *,
        reference: Reference,
        seed: int,
        deadline: Deadline,
        settings: Mapping[str, Value] = {},
    ) -> Detection:
        """Find the clusters, and leave the small ones out."""
        checked = admit(self, observations, settings)
        clusters = (int(checked["clusters"]),) if checked["clusters"] else ()
        notes: dict[str, Value] = {}
        with quiet(notes):
            body = fit_kmeans_distance(
                observations.matrix,
                seed=seed,
                clusters=clusters,
                width=float(checked["width"]),
                deadline=deadline,
                small=reference == "clean",
            )
            return alone(self.name, body, observations, seed=seed, notes=notes)


def fit_kmeans_distance(
    matrix: NDArray[np.floating],
    *,
    seed: int,
    clusters: tuple[int, ...] = (),
    width: float = 0.0,
    most: int = _MOST,
    deadline: Deadline | None = None,
    small: bool = False,
) -> Nearest:
    """Return the mean, over several numbers of clusters, of the distance to the nearest large cluster.

    Parameters
    ----------
    matrix : float array of shape (n, d)
        Finite.
    seed : int
        Draws the rows where there are more than are looked at, and seeds the clusters.
    clusters : tuple of int, default those of :func:`numbers_of_clusters`
        The numbers of clusters that are averaged.
    width : float, default 0
        How much a wide cluster forgives: 0 takes the distance as it is, 1 divides it by the spread of the cluster, and
        0.5 by its root. Anomalies in a loose cluster of their own hide behind 1.
    most : int, default 10000
        So many rows are looked at.
    deadline : Deadline, optional
        Fewer rows are looked at where the time is short.
    small : bool, default False
        Whether small clusters are centres too, as they should be where the rows are known to be clean.

    Returns
    -------
    Nearest
        A bag for each number of clusters; count 1. Where a bag has fewer large clusters than another, they stand there
        several times.

    Examples
    --------
    >>> chance = np.random.default_rng(0)
    >>> rows = np.concatenate([chance.normal(0, 1, (300, 2)), chance.normal(20, 3, (300, 2)), [[60.0, 0.0]]])
    >>> body = fit_kmeans_distance(rows, seed=0, clusters=(3,), width=1.0)
    >>> body.points.shape, (1 / body.scale).round().tolist()
    ((2, 2), [1.0, 4.0])
    """
    cells = max(1, matrix.shape[1])
    most = affordable(min(most, max(_FEWEST, _CELLS // cells)), deadline or NoDeadline(), seconds=_SECONDS * cells)
    rows = np.asarray(matrix[drawn_rows(matrix, most, seed=seed, copies=True)], np.float64)
    centre = np.median(rows, axis=0)
    moved = rows - centre
    wanted = clusters or numbers_of_clusters(len(rows))
    path = quick_path(moved, max(wanted), seed=seed)
    bags = [_large(moved, path[min(k, len(path))], small=small) for k in wanted]
    longest = max(len(points) for points, _ in bags)
    filled = [np.resize(np.arange(len(points)), longest) for points, _ in bags]
    points = np.concatenate([points[at] for (points, _), at in zip(bags, filled, strict=True)])
    spread = np.concatenate([spread[at] for (_, spread), at in zip(bags, filled, strict=True)])
    return Nearest(centre, points, len(bags), 1, spread**-width)


def numbers_of_clusters(rows: int) -> tuple[int, ...]:
    """Return the numbers of clusters to average over: 2, 4, 8, ... up to one for every 20 rows, and 32 at most.

    Examples
    --------
    >>> numbers_of_clusters(5000), numbers_of_clusters(200), numbers_of_clusters(3)
    ((2, 4, 8, 16, 32), (2, 4, 8), (1,))
    """
    return tuple(k for k in (2, 4, 8, 16, 32) if k * _ROWS_EACH <= rows) or (1,)


def _large(rows: Doubles, fit: KMeansFit, *, small: bool) -> tuple[Doubles, Doubles]:
    """Return the centres of the large clusters and the spread of each: the root of its mean squared distance."""
    centres = np.asarray(fit.centres, np.float64)
    owner = np.argmin((centres**2).sum(axis=1) - 2 * (rows @ centres.T), axis=1)
    size = np.bincount(owner, minlength=len(centres))
    squares = np.bincount(owner, ((rows - centres[owner]) ** 2).sum(axis=1), minlength=len(centres))
    kept = np.flatnonzero(size) if small else _large_ones(size)
    overall = float(np.sqrt(squares[kept].sum() / size[kept].sum()))
    spread = np.sqrt(squares[kept] / size[kept])
    return centres[kept], np.maximum(spread, _NARROWEST * overall) if overall > 0 else np.ones(len(kept))


def _large_ones(size: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the large clusters, the largest first."""
    order = np.argsort(-size, kind="stable")
    sizes = size[order]
    enough = int(np.searchsorted(np.cumsum(sizes), _LARGE_SHARE * sizes.sum())) + 1
    steep = np.flatnonzero(sizes[:-1] >= _FALL * np.maximum(sizes[1:], 1e-9))
    first = int(steep[0]) + 1 if len(steep) else len(size)
    return order[: min(enough, first) if sizes[:first].sum() * 2 > sizes.sum() else enough]
