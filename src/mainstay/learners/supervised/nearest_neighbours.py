"""Nearest neighbours: the answer of the most similar rows.

Written out here rather than taken from a library because neighbours at the same distance, and distances that rounding
makes unequal, would be settled differently by a library and by the graph. On a grid both see the same whole numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import UsageError
from mainstay.contracts.formulas import Neighbours
from mainstay.contracts.learner import Parameter
from mainstay.contracts.model import ModelGraph
from mainstay.learners.supervised.admission import admit, admit_rows
from mainstay.learners.supervised.constant import shares
from mainstay.learners.supervised.scaled_rows import affordable_rows, scaled_rows
from mainstay.learners.supervised.threads import one_thread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.learner import Deadline, Fitted, Target, TaskName, Value

    Doubles = NDArray[np.float64]

__all__ = ["NearestNeighbours"]

_STEPS = 1024.0
"""Steps of the grid in a standard deviation: rounding to it moves a distance by less than 0.0005 per feature."""

_WIDEST = 65_536
"""Features up to which squared distances (up to 2^50) and positions fit into one whole number of 63 bits."""

_BLOCK = 512


class NearestNeighbours:
    """The mean, or the class shares, of the most similar training rows by Euclidean distance.

    Features are standardised, clipped at 64 deviations and rounded to 1/1024 of one. More than ``max_rows`` rows, or
    more than 1,000,000 cells, are sampled (seeded, classes keep their shares): the model holds its rows, and an answer
    compares all of them.
    For classes the shares of all rows count as ``smoothing`` more neighbours, so that no probability is 0 for want of
    a vote.

    References
    ----------
    Cover, Hart (1967), "Nearest neighbor pattern classification", doi:10.1109/TIT.1967.1053964.

    Examples
    --------
    >>> from mainstay.contracts.arrays import Features
    >>> from mainstay.contracts.learner import NoDeadline, Target
    >>> features = Features(np.arange(6, dtype=np.float32)[:, None], ("x",))
    >>> target = Target("regression", np.array([0.0, 1, 2, 10, 11, 12]))
    >>> fitted = NearestNeighbours().fit(features, target, seed=0, deadline=NoDeadline(),
    ...                                  settings={"n_neighbors": 3, "weights": "uniform"})
    >>> fitted.predict(features)[[1, 4]].tolist()
    [1.0, 11.0]
    """

    name: str = "nearest_neighbours"
    tasks: tuple[TaskName, ...] = ("classification", "regression")
    parameters: tuple[Parameter, ...] = (
        Parameter("n_neighbors", 15, "How many rows answer.", low=1, high=500, log=True, search=(3, 100)),
        Parameter(
            "weights", "distance", "Whether nearer rows count more, by one over their distance.",
            choices=("uniform", "distance"),
        ),
        Parameter(
            "smoothing", 1.0, "How many neighbours the class shares of all rows count for.", low=0, high=1e6,
            search=(0.0, 5.0),
        ),
        Parameter("max_rows", 5000, "The most rows kept; more are sampled.", low=10, high=20_000, search=(5000, 5000)),
    )  # fmt: skip
    takes_missing: bool = False
    takes_codes: bool = False
    uses_validation: bool = False

    def fit(
        self,
        features: Features,
        target: Target,
        *,
        seed: int,
        deadline: Deadline,
        settings: Mapping[str, Value] | None = None,
        validation: tuple[Features, Target] | None = None,
    ) -> Fitted:
        """Keep the rows; the seed draws them where there are too many.

        Raises
        ------
        UsageError
            When a value is missing, shapes do not fit, a setting does not fit or there are more than 65,536 features.
        BudgetError
            When no time is left.
        """
        del validation
        chosen = admit(self, features, target, settings or {}, deadline)
        if features.matrix.shape[1] > _WIDEST:
            raise UsageError(
                f"at most {_WIDEST} features were expected, and {features.matrix.shape[1]} came", where=self.name
            )
        rows = scaled_rows(
            features, target, most=affordable_rows(int(chosen["max_rows"]), features.matrix.shape[1]), seed=seed
        )
        weight = np.ones(len(rows.matrix)) if rows.target.weight is None else rows.target.weight
        classes = target.task == "classification"
        answers = np.eye(target.classes)[rows.target.values] if classes else _column(rows.target.values)
        body = Neighbours(
            scaling=rows.scaling,
            steps=np.array(_STEPS),
            points=np.rint(rows.matrix * _STEPS).astype(np.float32),
            count=np.array(min(int(chosen["n_neighbors"]), len(weight))),
            by_distance=np.array(chosen["weights"] == "distance"),
            votes=answers * weight[:, None],
            weight=weight,
            prior=shares(target) if classes else np.zeros(1),
            smoothing=np.array(float(chosen["smoothing"]) if classes else 0.0),
        )
        return _NeighboursModel(self, body, target.task, rows.notes())


@dataclass(frozen=True, slots=True)
class _NeighboursModel:
    learner: NearestNeighbours
    body: Neighbours
    task: TaskName
    remarks: Mapping[str, Value]

    def predict(self, features: Features) -> Doubles:
        matrix = features.matrix
        admit_rows(self.learner, features, self.body.points.shape[1])
        answers = np.empty((len(matrix), len(self.body.prior)))
        points = self.body.points.astype(np.float64)
        with one_thread():
            for start in range(0, len(matrix), _BLOCK):
                block = slice(start, start + _BLOCK)
                grid = np.rint(self.body.scaling.apply(matrix[block]) * _STEPS)
                answers[block] = self._vote(*_nearest(grid, points, int(self.body.count)))
        return answers if self.task == "classification" else answers[:, 0]

    def _vote(self, squared: NDArray[np.int64], nearest: NDArray[np.int64]) -> Doubles:
        """Return the answers from squared distances and positions, (n, k) both."""
        body, count = self.body, int(self.body.count)
        near = np.ones(squared.shape)
        if body.by_distance:
            same = squared == 0
            near = np.where(same[:, :1], same, 1.0 / np.sqrt(np.where(same, 1, squared)))
        votes = np.einsum("nk,nko->no", near, body.votes[nearest])
        shares_found = votes / np.einsum("nk,nk->n", near, body.weight[nearest])[:, None]
        smoothing = float(body.smoothing)
        return np.asarray((count * shares_found + smoothing * body.prior) / (count + smoothing))

    def graph(self) -> ModelGraph:
        return ModelGraph(self.body, "identity")

    def notes(self) -> Mapping[str, Value]:
        return {"neighbours": int(self.body.count), **self.remarks}


def _nearest(grid: Doubles, points: Doubles, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return squared distances and positions of the nearest points, the first stored first among equals, (n, k) both.

    All numbers are whole and below 2^53, so the product is exact in any order; position and distance make one key.
    """
    squared = (grid**2).sum(axis=1)[:, None] - 2.0 * (grid @ points.T) + (points**2).sum(axis=1)
    keys = squared.astype(np.int64) * len(points) + np.arange(len(points))
    if count < len(points):
        keys = np.partition(keys, count - 1, axis=1)[:, :count]
    keys = np.sort(keys, axis=1)
    return keys // len(points), keys % len(points)


def _column(values: NDArray[np.int64] | Doubles) -> Doubles:
    return np.asarray(values, np.float64)[:, None]
