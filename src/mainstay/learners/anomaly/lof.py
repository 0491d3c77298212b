"""The local outlier factor: how much thinner the rows lie around a row than around its neighbours.

It sees what a single distance cannot: a row a little off a dense group, beside a loose group that is as usual. Made for
rows known to be clean; anomalies that lie together are as dense as each other and are missed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.anomaly_bodies import LocalDensity
from mainstay.contracts.learner import Parameter
from mainstay.learners.anomaly.admission import admit, affordable, alone
from mainstay.learners.anomaly.knn import others
from mainstay.learners.anomaly.reference_rows import drawn_rows
from mainstay.learners.quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.anomalies import Detection, Observations, Reference
    from mainstay.contracts.learner import Deadline, Value

    Doubles = NDArray[np.float64]

__all__ = ["LOFDetector", "fit_lof", "left_out_factors"]

_SECONDS = 5e-4
"""What comparing the rows that say the levels with one more point takes."""

_CLEAN, _CONTAMINATED = 20, 100
_LEAST = 1e-9
"""The least reach of a point, relative to the mean reach: densities stay finite."""


class LOFDetector:
    """The local outlier factor against a sample of the rows (Breunig et al. 2000, doi:10.1145/335191.335388).

    Examples
    --------
    >>> from mainstay.contracts.anomalies import Observations
    >>> from mainstay.contracts.learner import NoDeadline
    >>> rows = Observations.of(np.random.default_rng(0).normal(size=(100, 2)))
    >>> LOFDetector().fit(rows, reference="clean", seed=0, deadline=NoDeadline()).members[0].name
    'lof'
    """

    name = "lof"
    order_free = True
    parameters: tuple[Parameter, ...] = (
        Parameter(
            "neighbours",
            0,
            "How many neighbours say how dense a place is; 0: 100, or 20 for clean rows.",
            low=0,
            high=1000,
            search=(5, 100),
        ),
        Parameter("points", 4096, "How many different rows new rows are compared with, at most.", low=2, high=50_000),
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
        """Learn the densities of the drawn rows."""
        checked = admit(self, observations, settings)
        count = int(checked["neighbours"]) or (_CLEAN if reference == "clean" else _CONTAMINATED)
        points = affordable(int(checked["points"]), deadline, seconds=_SECONDS)
        notes: dict[str, Value] = {}
        with quiet(notes):
            body = fit_lof(observations.matrix, seed=seed, count=count, points=points)
            notes |= {"points": len(body.points), "neighbours": body.count}
            return alone(
                self.name, body, observations, seed=seed, notes=notes, scores=lambda rows: left_out_factors(body, rows)
            )


def fit_lof(matrix: NDArray[np.floating], *, seed: int, count: int = 20, points: int = 4096) -> LocalDensity:
    """Return the local outlier factor against drawn different rows.

    Parameters
    ----------
    matrix : float array of shape (n, d)
        Finite.
    seed : int
        Draws the rows.
    count : int, default 20
        How many neighbours; fewer where there are not so many other rows.
    points : int, default 4096
        So many different rows are drawn at most. Equal rows are no neighbours: their density would be infinite.

    Returns
    -------
    LocalDensity

    Examples
    --------
    >>> body = fit_lof(np.arange(10.0)[:, None], seed=0, count=2)
    >>> body.count, sorted(body.reach.tolist())
    (2, [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0])
    """
    drawn = drawn_rows(matrix, points, seed=seed)
    rows = np.asarray(matrix[drawn], np.float64)
    centre = np.median(rows, axis=0)
    rows = rows - centre
    if len(rows) == 1:
        return LocalDensity(centre, rows, 1, np.ones(1), np.ones(1))
    count = min(count, len(rows) - 1)
    near, away = others(rows, rows, count)
    reach = away[:, -1]
    reach = np.maximum(reach, max(_LEAST * float(reach.mean()), np.finfo(np.float64).tiny))
    density = 1 / np.maximum(reach[near], away).mean(axis=1)
    return LocalDensity(centre, rows, count, reach, density)


def left_out_factors(body: LocalDensity, matrix: NDArray[np.floating]) -> Doubles:
    """Return the scores of rows that the body was made from, each compared with the others and not with itself.

    Parameters
    ----------
    body : LocalDensity
    matrix : float array of shape (n, d)

    Returns
    -------
    float64 array of shape (n,)

    Examples
    --------
    >>> rows = np.arange(10.0)[:, None]
    >>> left_out_factors(fit_lof(rows, seed=0, count=2), rows).round(2).tolist()[4:6]
    [1.0, 1.0]
    """
    near, away = others(np.asarray(matrix, np.float64) - body.centre, body.points, body.count)
    return np.asarray(body.density[near].mean(axis=1) * np.maximum(body.reach[near], away).mean(axis=1), np.float64)
