"""How far a row is from the rows nearest to it: no assumption about shape, and the best of all on clean rows.

Two things would make it blind: copies of one anomaly are each other's neighbours, so equal rows count once; and a dense
group of anomalies is near itself, so that neighbours are sought in several small samples (bags), each of which holds
too few of such a group to fill the ``count`` places (Aggarwal and Sathe 2015, doi:10.1145/2830544.2830549).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.anomaly_bodies import Nearest
from mainstay.contracts.learner import Parameter
from mainstay.learners.anomaly.admission import admit, affordable, alone
from mainstay.learners.anomaly.reference_rows import drawn_rows
from mainstay.learners.quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.anomalies import Detection, Observations, Reference
    from mainstay.contracts.learner import Deadline, Value

    Doubles = NDArray[np.float64]

__all__ = ["KNNDetector", "fit_knn", "left_out_distances", "others"]

_BAGS = 16
_COUNT, _CLEAN_COUNT = 5, 2
_SECONDS = 5e-4
"""What comparing the rows that say the levels with one more point takes."""

_CELLS = 1 << 20
"""Numbers that are held at a time."""


class KNNDetector:
    """The mean distance to the nearest of a sample of different rows, in several bags where rows may be anomalies.

    Examples
    --------
    >>> from mainstay.contracts.anomalies import Observations
    >>> from mainstay.contracts.learner import NoDeadline
    >>> rows = Observations.of(np.random.default_rng(0).normal(size=(400, 2)))
    >>> KNNDetector().fit(rows, reference="clean", seed=0, deadline=NoDeadline()).notes
    {'points': 400, 'bags': 1, 'neighbours': 2}
    """

    name = "knn"
    order_free = True
    parameters: tuple[Parameter, ...] = (
        Parameter(
            "neighbours",
            0,
            "How many neighbours are averaged; 0: 5, or 2 for clean rows.",
            low=0,
            high=1000,
            search=(1, 20),
        ),
        Parameter("points", 2048, "How many different rows new rows are compared with, at most.", low=1, high=50_000),
        Parameter("bags", 0, "Into how many samples these are split; 0: 16, or 1 for clean rows.", low=0, high=256),
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
        """Draw the rows."""
        checked = admit(self, observations, settings)
        clean = reference == "clean"
        bags = int(checked["bags"]) or (1 if clean else _BAGS)
        count = int(checked["neighbours"]) or (_CLEAN_COUNT if clean else _COUNT)
        points = affordable(int(checked["points"]), deadline, seconds=_SECONDS)
        notes: dict[str, Value] = {}
        with quiet(notes):
            body = fit_knn(observations.matrix, seed=seed, count=count, points=points, bags=bags)
            notes |= {"points": len(body.points), "bags": body.bags, "neighbours": body.count}
            return alone(
                self.name,
                body,
                observations,
                seed=seed,
                notes=notes,
                scores=lambda rows: left_out_distances(body, rows),
            )


def fit_knn(
    matrix: NDArray[np.floating], *, seed: int, count: int = _COUNT, points: int = 2048, bags: int = _BAGS
) -> Nearest:
    """Return the mean distance to the nearest of the drawn rows, bag by bag.

    A row that was drawn finds itself in its bag, at distance 0. Where every row was drawn all are alike in that, and a
    row never seen before is not: learn scales and p-values from :func:`left_out_distances`.

    Parameters
    ----------
    matrix : float array of shape (n, d)
        Finite.
    seed : int
        Draws the rows.
    count : int, default 5
        How many neighbours in each bag; fewer where a bag is smaller.
    points : int, default 2048
        So many different rows are drawn at most, for all bags together.
    bags : int, default 16
        A row is in one bag at most. Fewer where a bag would hold fewer than ``8 * count`` rows. One bag finds what is
        odd among its neighbours only, and is best for rows known to be clean.

    Returns
    -------
    Nearest

    Examples
    --------
    >>> body = fit_knn(np.arange(6.0)[:, None], seed=0, count=2)
    >>> body.points.shape, body.bags, body.count
    ((6, 1), 1, 2)
    """
    drawn = drawn_rows(matrix, points, seed=seed)
    bags = max(1, min(bags, len(drawn) // (8 * count)))
    drawn = drawn[: len(drawn) // bags * bags]
    rows = np.asarray(matrix[drawn], np.float64)
    centre = np.median(rows, axis=0)
    return Nearest(centre, rows - centre, bags, min(count, len(rows) // bags), np.ones(len(rows)))


def left_out_distances(body: Nearest, matrix: NDArray[np.floating]) -> Doubles:
    """Return the scores of rows that the body was made from: each is compared with the others, not with itself.

    Parameters
    ----------
    body : Nearest
        Of :func:`fit_knn`: all its scales are 1.
    matrix : float array of shape (n, d)
        A row is known again by its values; its copies are passed over with it.

    Returns
    -------
    float64 array of shape (n,)
        As if the row had not been drawn: in a bag that holds it, the neighbours after it count.

    Examples
    --------
    >>> rows = np.arange(6.0)[:, None]
    >>> left_out_distances(fit_knn(rows, seed=0, count=1), rows).tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """
    size = len(body.points) // body.bags
    rows = np.asarray(matrix, np.float64) - body.centre
    bags = (body.points[bag * size : (bag + 1) * size] for bag in range(body.bags))
    return np.asarray(sum(others(rows, points, body.count)[1].mean(axis=1) for points in bags) / body.bags, np.float64)


def others(rows: Doubles, points: Doubles, count: int) -> tuple[NDArray[np.int64], Doubles]:
    """Return the nearest points that are not the row itself, the nearest first.

    Parameters
    ----------
    rows : float64 array of shape (n, d)
    points : float64 array of shape (m, d)
        All different.
    count : int
        1 to m; where it is m, a row that is a point finds itself too.

    Returns
    -------
    near : int64 array of shape (n, count)
        Positions of points.
    away : float64 array of shape (n, count)
        Their distances.
    """
    near = np.empty((len(rows), count), np.int64)
    away = np.empty((len(rows), count))
    step = max(1, _CELLS // max(len(points), (count + 1) * points.shape[1]))
    lengths = (points**2).sum(axis=1)
    for first in range(0, len(rows), step):
        block = slice(first, first + step)
        near[block], away[block] = _others(rows[block], points, lengths, count)
    return near, away


def _others(rows: Doubles, points: Doubles, lengths: Doubles, count: int) -> tuple[NDArray[np.int64], Doubles]:
    seen = min(count + 1, len(points))
    # what the squares of a row have in common does not change their order
    near = np.argpartition(lengths - 2 * (rows @ points.T), seen - 1, axis=1)[:, :seen]
    # the expanded square has no digits left where it should be 0, so the few nearest are measured again
    away = np.sqrt(((rows[:, None, :] - points[near]) ** 2).sum(axis=2))
    order = np.argsort(away, axis=1, kind="stable")
    near, away = np.take_along_axis(near, order, axis=1), np.take_along_axis(away, order, axis=1)
    places = np.arange(count) + ((away[:, :1] == 0) & (seen > count))
    return np.take_along_axis(near, places, axis=1), np.take_along_axis(away, places, axis=1)
