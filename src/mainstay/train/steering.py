"""The score that a search steers by: greater is better, cheap enough to ask a thousand times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.evaluate.compare import compare
from mainstay.evaluate.evidence import gather
from mainstay.evaluate.metrics import default_metric, metric, value

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.learner import TaskName

__all__ = ["Steering", "steer"]

_TINY = 1e-15


@dataclass(frozen=True, slots=True)
class Steering:
    """A metric as a direction.

    Parameters
    ----------
    task : {"classification", "regression"}
    name : str
        The metric's name.
    sign : float
        1 where greater is better, else -1.
    seed : int
        For comparisons.
    groups : int64 array, optional
        Of the rows that are compared, where they are not independent.
    """

    task: TaskName
    name: str
    sign: float
    seed: int = 0
    groups: NDArray[np.int64] | None = None

    def score(self, target: NDArray[Any], answers: NDArray[np.float64]) -> float:
        """Return the metric with its sign; minus infinity where it does not apply."""
        if self.name == "roc_auc" and answers.shape[1] == 2:
            return _auc(target == 1, answers[:, 1])
        found = value(self.name, gather(self.task, target, answers))
        return -np.inf if found is None else self.sign * found

    def loss(self, target: NDArray[Any], answers: NDArray[np.float64]) -> float:
        """Return an error above zero, for racing: what is missing to a perfect rank or share, else a proper loss."""
        if self.sign > 0 and self.task == "classification":
            return 1.0 - max(self.score(target, answers), 0.0) + _TINY
        if self.task == "regression":
            return float(np.mean(np.square(target - answers))) + _TINY
        chosen = np.take_along_axis(answers, target.astype(np.int64)[:, None], axis=1)[:, 0]
        return float(-np.mean(np.log(np.clip(chosen, _TINY, 1.0)))) + _TINY

    def tied(self, target: NDArray[Any], best: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
        """Say whether two models cannot be told apart on these rows."""
        return compare(self.task, self.name, target, best, other, groups=self.groups, seed=self.seed).tied

    def apart(self, target: NDArray[Any], best: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
        """Say whether two models can be told apart on a part of the rows, each row taken for itself."""
        return not compare(self.task, self.name, target, best, other, seed=self.seed).tied


def steer(task: TaskName, name: str, classes: int, seed: int, *, groups: NDArray[np.int64] | None = None) -> Steering:
    """Return the steering for a metric's name; "auto" takes the task's default.

    Raises
    ------
    UsageError
        When the metric is unknown or of another task.

    Examples
    --------
    >>> steer("regression", "auto", 0, 0).name
    'rmse'
    """
    chosen = default_metric(task, classes) if name == "auto" else name
    return Steering(task, chosen, 1.0 if metric(chosen, task).greater_is_better else -1.0, seed, groups)


def _auc(positive: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Return the area under the ROC curve from ranks, ties counted half (Mann and Whitney 1947)."""
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if not positives or not negatives:
        return -np.inf
    order = np.sort(score[~positive])
    below = np.searchsorted(order, score[positive], side="left")
    upto = np.searchsorted(order, score[positive], side="right")
    return float((below + upto).sum() / (2.0 * positives * negatives))
