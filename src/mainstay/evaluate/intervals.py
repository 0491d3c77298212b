"""Every metric with its 95 % interval: the only way in which mainstay states a score (law 3).

The interval says where the metric would lie on endless rows of the same kind, given the model; it does not include
what another training would change. How it is found follows from the metric: shares of rows by Wilson's score
interval, ranks by DeLong's variance on the logit scale, losses by the studentised bootstrap, medians by order
statistics. ``tests/evaluate/coverage.py`` measures how often each interval holds the truth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.evaluate.confusion import share_limits
from mainstay.evaluate.evidence import gather
from mainstay.evaluate.metrics import metrics_of
from mainstay.evaluate.metrics_amounts import median_limits
from mainstay.evaluate.proportions import Z, newcombe_auc, wilson
from mainstay.evaluate.resample import Draws, draw, studentised
from mainstay.evaluate.words import number, together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from mainstay.contracts.learner import TaskName
    from mainstay.evaluate.evidence import Evidence
    from mainstay.evaluate.measured import Measured
    from mainstay.evaluate.metrics import Metric

__all__ = ["Score", "evaluate", "score_evidence"]

Limits = tuple[float, float] | None


class Score(msgspec.Struct, frozen=True):
    """A number and how sure it is.

    Parameters
    ----------
    value : float or None
        None where the metric does not apply to the rows.
    low, high : float or None
        The 95 % interval; None where the rows cannot tell (a single row, or no spread at all among them).

    Examples
    --------
    >>> str(Score(0.8461, 0.8233, 0.8682))
    '0.846 (0.823-0.868)'
    """

    value: float | None
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        if self.value is None:
            return "does not apply"
        if self.low is None or self.high is None:
            return number(self.value)
        value, low, high = together(self.value, self.low, self.high)
        return f"{value} ({low} to {high})" if self.low < 0 else f"{value} ({low}-{high})"

    def to_dict(self) -> dict[str, float | None]:
        """Return the score as plain data."""
        return {"value": self.value, "low": self.low, "high": self.high}


def evaluate(
    task: TaskName,
    y: ArrayLike,
    answers: ArrayLike,
    *,
    labels: Sequence[str] = (),
    positive: str | None = None,
    seed: int = 0,
    metrics: Sequence[str] | None = None,
    weight: ArrayLike | None = None,
    predicted: ArrayLike | None = None,
    groups: NDArray[np.int64] | None = None,
) -> dict[str, Score]:
    """Return every metric of the task with its 95 % interval.

    Parameters
    ----------
    task : {"classification", "regression"}
    y : array of shape (n,)
        Class codes 0..classes-1, or amounts; none missing.
    answers : array
        Probabilities of shape (n, classes), class codes of shape (n,), or amounts of shape (n,).
    labels : sequence of str
        The names of the classes in the order of their codes.
    positive : str, optional
        The positive class of two; default the second.
    seed : int, default 0
    metrics : sequence of str, optional
        Names; default all of the task.
    weight : array of shape (n,), optional
        Weights of rows, above zero.
    predicted : array of shape (n,), optional
        The class codes decided, where another rule than the largest probability decides.
    groups : int64 array of shape (n,), optional
        Rows of one group are not independent (one patient, many visits); intervals widen as they should.

    Raises
    ------
    UsageError
        When a metric is unknown or the arrays do not fit.

    Examples
    --------
    >>> truth = [0, 0, 0, 1, 1, 1]
    >>> scores = evaluate("classification", truth, truth, labels=("No", "Yes"))
    >>> str(scores["accuracy"]), scores["roc_auc"].value
    ('1.00 (0.61-1.00)', None)
    """
    evidence = gather(task, y, answers, labels=labels, positive=positive, weight=weight, predicted=predicted)
    return score_evidence(evidence, seed=seed, metrics=metrics, groups=groups)


def score_evidence(
    evidence: Evidence,
    *,
    seed: int = 0,
    metrics: Sequence[str] | None = None,
    groups: NDArray[np.int64] | None = None,
) -> dict[str, Score]:
    """Return every metric of gathered evidence with its interval; see :func:`evaluate`."""
    chosen = metrics_of(evidence.task, metrics)
    draws = draw(evidence.rows, seed, groups) if any(entry.way == "moments" for entry in chosen) else None
    return {entry.name: _score(entry, evidence, draws, groups) for entry in chosen}


def _score(entry: Metric, evidence: Evidence, draws: Draws | None, groups: NDArray[np.int64] | None) -> Score:
    measured = None if entry.needs == "probabilities" and evidence.probabilities is None else entry.compute(evidence)
    if measured is None:
        return Score(None)
    value = measured.value
    if not np.isfinite(value):
        return Score(None)
    limits: Limits = None
    if evidence.rows > 1:
        share = 1.0 if groups is None else _independent_share(measured, groups)
        if entry.way == "moments" and draws is not None:
            limits = studentised(measured, draws, entry.span)
        elif entry.way == "rank":
            limits = _rank_limits(entry.name, evidence, measured, share)
        elif entry.way == "median":
            limits = median_limits(evidence, share)
        else:
            limits = share_limits(entry.name, evidence, share)
    if limits is None:
        return Score(value)
    floor, top = entry.span
    return Score(value, min(max(limits[0], floor), value), max(min(limits[1], top), value))


def _independent_share(measured: Measured, groups: NDArray[np.int64]) -> float:
    """Return one over the design effect: the variance of independent rows over that of whole groups."""
    inverse = np.unique(groups, return_inverse=True)[1].astype(np.int64)
    alone = np.square(measured.influence(np.arange(measured.rows), measured.rows)).sum()
    together = np.square(measured.influence(inverse, int(inverse.max()) + 1)).sum()
    return float(min(alone / together, 1.0)) if together > 0 else 1.0


def _rank_limits(name: str, evidence: Evidence, measured: Measured, share: float) -> Limits:
    """Return limits on the logit scale, where the sampling distribution is nearly normal."""
    value = measured.value
    counts = np.bincount(evidence.truth, minlength=len(evidence.labels)).astype(np.float64) * share
    few = counts[counts > 0].min() if evidence.positive is None else counts[evidence.positive]
    rest = counts.sum() - few
    error = float(np.sqrt(np.square(measured.influence(np.arange(measured.rows), measured.rows)).sum() / share))
    if value <= 0 or value >= 1 or error <= 0:
        return newcombe_auc(value, few, rest) if name == "roc_auc" else _pair(wilson(value * few, few))
    # Few rows of a class know little about the spread itself: Student's t, by its expansion in 1 / (few - 1).
    student = Z * (1 + (Z**2 + 1) / (4 * max(few - 1, 1)))
    middle, reach = np.log(value / (1 - value)), student * error / (value * (1 - value))
    return float(1 / (1 + np.exp(reach - middle))), float(1 / (1 + np.exp(-reach - middle)))


def _pair(limits: tuple[NDArray[np.float64], NDArray[np.float64]]) -> tuple[float, float]:
    return float(limits[0]), float(limits[1])
