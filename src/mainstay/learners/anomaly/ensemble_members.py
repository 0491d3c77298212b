"""The members of the default detector: how each is fitted within the ensemble, and how odd it finds its own rows.

Inside the ensemble every member learns from a sample, so that a million rows take seconds; the samples are drawn from
the different rows where copies of one anomaly would make it usual.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mainstay.contracts.anomaly_bodies import Nearest, TreeSum
from mainstay.contracts.anomaly_scores import member_scores

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from mainstay.contracts.anomalies import Reference
    from mainstay.contracts.anomaly_bodies import AnomalyBody
    from mainstay.contracts.learner import Deadline

    Doubles = NDArray[np.float64]
    Floats = NDArray[np.float32]

__all__ = ["FITTERS", "Case", "own_scores"]

_FEW = 32
_NEIGHBOURS = ("knn", "nearest")


@dataclass(frozen=True, slots=True)
class Case:
    """What a member is fitted for.

    Parameters
    ----------
    reference : {"contaminated", "clean"}
    seed : int
    deadline : Deadline
    points : int, default 2048
        So many rows the neighbours are sought among.
    """

    reference: Reference
    seed: int
    deadline: Deadline
    points: int = 2048


def _isolation_forest(matrix: Floats, case: Case) -> AnomalyBody:
    from mainstay.learners.anomaly.isolation_forest import fit_isolation_forest

    return fit_isolation_forest(matrix, seed=case.seed)


def _robust_mahalanobis(matrix: Floats, case: Case) -> AnomalyBody:
    from mainstay.learners.anomaly.robust_mahalanobis import fit_robust_mahalanobis

    return fit_robust_mahalanobis(matrix, seed=case.seed, support=0.9 if case.reference == "clean" else 0.6)


def _kmeans_distance(matrix: Floats, case: Case) -> AnomalyBody:
    from mainstay.learners.anomaly.kmeans_distance import fit_kmeans_distance

    return fit_kmeans_distance(matrix, seed=case.seed, deadline=case.deadline)


def _histogram(matrix: Floats, case: Case) -> AnomalyBody:
    from mainstay.learners.anomaly.histogram import fit_histogram

    return fit_histogram(matrix, seed=case.seed)


def _nearest(matrix: Floats, case: Case) -> AnomalyBody:
    from mainstay.learners.anomaly.knn import fit_knn

    if case.reference == "clean":
        return fit_knn(matrix, seed=case.seed, count=1, points=case.points, bags=1)
    return fit_knn(matrix, seed=case.seed, count=1, points=_FEW * _FEW, bags=_FEW)


def _knn(matrix: Floats, case: Case) -> AnomalyBody:
    from mainstay.learners.anomaly.knn import fit_knn

    if case.reference == "clean":
        return fit_knn(matrix, seed=case.seed, count=5, points=case.points, bags=1)
    return fit_knn(matrix, seed=case.seed, count=3, points=case.points, bags=8)


FITTERS: dict[str, Callable[[Floats, Case], AnomalyBody]] = {
    "isolation_forest": _isolation_forest,
    "robust_mahalanobis": _robust_mahalanobis,
    "kmeans_distance": _kmeans_distance,
    "histogram": _histogram,
    "nearest": _nearest,
    "knn": _knn,
}
"""The members by name: those of the catalogue, and "nearest": how far the nearest row is, in many samples of 32 rows
(as Sugiyama and Borgwardt 2013, "Rapid distance-based outlier detection via sampling"), or in one where all are clean.
"""


def own_scores(name: str, body: AnomalyBody, matrix: Floats, case: Case) -> Doubles:
    """Return the raw scores of reference rows, as they say what levels a member's scores have.

    Clean rows stand for new ones, so that none may find itself among its neighbours. Contaminated rows are those that
    will be scored, and are taken as they will be.

    Parameters
    ----------
    name : str
        Of the member.
    body : AnomalyBody
    matrix : float32 array of shape (n, d)
    case : Case
    """
    if case.reference == "clean" and name in _NEIGHBOURS and isinstance(body, Nearest):
        from mainstay.learners.anomaly.knn import left_out_distances

        return left_out_distances(body, matrix)
    if name == "isolation_forest" and isinstance(body, TreeSum):
        from mainstay.learners.anomaly.packed_trees import packed_scores

        return packed_scores(body, matrix)  # the same bits in a fraction of the time
    return member_scores(body, matrix)
