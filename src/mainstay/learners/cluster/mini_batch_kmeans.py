"""K-means over a stream: centres as running means, moved by one block of rows after the other, each seen once.

The state is a record that can be kept between blocks; an update is a pure function of state and block.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.clusters import Centres, Clustering, assign
from mainstay.contracts.errors import UsageError
from mainstay.contracts.learner import Parameter, check_parameters
from mainstay.learners.cluster.kmeans_path import kmeans_fit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.clusters import Points
    from mainstay.contracts.learner import Deadline, Value

    Doubles = NDArray[np.float64]

__all__ = ["MiniBatchKMeans", "Stream", "begin", "update"]

_FIRST = 1 << 14


@dataclass(frozen=True, slots=True)
class Stream:
    """What is known after some blocks.

    Parameters
    ----------
    centres : float64 array of shape (k, d)
    mass : float64 array of shape (k,)
        The weight that each centre is the mean of.
    """

    centres: Doubles
    mass: Doubles


def begin(
    block: NDArray[np.floating],
    k: int,
    *,
    weight: Doubles | None = None,
    seed: int = 0,
    deadline: Deadline | None = None,
) -> Stream:
    """Return the state after a first block of rows (n, d), which is clustered as a whole.

    Raises
    ------
    UsageError
        When a value is missing, or there are fewer than k different rows.

    Examples
    --------
    >>> begin(np.array([[0.0], [1.0], [9.0]]), 2).mass.tolist()
    [2.0, 1.0]
    """
    fit = kmeans_fit(block, k, sample_weight=weight, seed=seed, deadline=deadline)
    return Stream(fit.centres, fit.sizes)


def update(state: Stream, block: NDArray[np.floating], *, weight: Doubles | None = None, keep: float = 1.0) -> Stream:
    """Return the state after one more block: each centre becomes the mean of what it stood for and its new rows.

    Parameters
    ----------
    state : Stream
    block : array of shape (n, d)
    weight : float64 array of shape (n,), optional
    keep : float, default 1.0
        What share of its weight the past keeps, above 0; below 1 the centres follow a stream that drifts.

    Raises
    ------
    UsageError
        When the block has another width, a value is missing or ``keep`` is not above 0 and at most 1.

    References
    ----------
    Sculley (2010), "Web-scale k-means clustering", doi:10.1145/1772690.1772862.

    Examples
    --------
    >>> state = begin(np.array([[0.0], [1.0], [9.0]]), 2)
    >>> update(state, np.array([[11.0]])).centres.round(3).tolist()
    [[0.5], [10.0]]
    """
    if not 0.0 < keep <= 1.0:
        raise UsageError(f"keep must be above 0 and at most 1, and {keep!r} came", where="mini_batch_kmeans")
    k, width = state.centres.shape
    rows = np.asarray(block, np.float64)
    if rows.ndim != 2 or rows.shape[1] != width:
        raise UsageError(
            f"rows of {width} values were expected, and shape {rows.shape} came", where="mini_batch_kmeans"
        )
    if not np.isfinite(rows).all():
        raise UsageError("a value is missing or infinite", where="mini_batch_kmeans", hint="Fill missing values first.")
    heavy = np.ones(len(rows)) if weight is None else np.asarray(weight, np.float64)
    label = assign(Centres.of(state.centres), rows.astype(np.float32))
    new = np.bincount(label, heavy, k)
    shift = rows - state.centres[label]
    moved = np.stack([np.bincount(label, heavy * column, k) for column in shift.T], axis=1)
    mass = keep * state.mass + new
    return Stream(state.centres + moved / np.where(mass > 0, mass, 1.0)[:, None], mass)


class MiniBatchKMeans:
    """K-means that reads the rows block by block: for more rows than may be worked on at once.

    Examples
    --------
    >>> from mainstay.contracts.clusters import Points
    >>> from mainstay.contracts.learner import NoDeadline
    >>> points = Points(np.array([[0.0], [1.0], [2.0], [10.0], [11.0]], np.float32), ("x",))
    >>> MiniBatchKMeans().fit(points, 2, seed=0, deadline=NoDeadline()).labels.tolist()
    [0, 0, 0, 1, 1]
    """

    name: str = "mini_batch_kmeans"
    parameters: tuple[Parameter, ...] = (
        Parameter("batch_size", 4096, "How many rows a block has.", low=1, high=1_000_000, log=True),
        Parameter("passes", 1, "How often the rows are read.", low=1, high=1000),
    )
    finds_k: bool = False

    def fit(
        self,
        points: Points,
        k: int | None,
        *,
        seed: int,
        deadline: Deadline,
        settings: Mapping[str, Value] | None = None,
    ) -> Clustering:
        """Group the rows into k clusters; the seed draws the first block and the order of the rest.

        Raises
        ------
        UsageError
            When no k is given or the first rows hold fewer different ones, a value is missing or a setting does not
            fit.
        """
        chosen = check_parameters(self.name, self.parameters, settings or {})
        if k is None:
            raise UsageError("a number of clusters was expected, and none came", where=self.name)
        size = int(chosen["batch_size"])
        generator = np.random.default_rng(seed)
        order = generator.permutation(points.rows)
        first = points.take(np.sort(order[: max(_FIRST, size)]))
        state = begin(first.matrix, k, weight=first.weight, seed=seed, deadline=deadline)
        rest = order[max(_FIRST, size) :]
        blocks = 0
        for _ in range(int(chosen["passes"])):
            for start in range(0, len(rest), size):
                if deadline.left() <= 0:
                    break
                block = points.take(np.sort(rest[start : start + size]))
                state = update(state, block.matrix, weight=block.weight)
                blocks += 1
        body = Centres.of(state.centres[np.argsort(-state.mass, kind="stable")])
        return Clustering(body, assign(body, points.matrix), {"blocks": blocks + 1})
