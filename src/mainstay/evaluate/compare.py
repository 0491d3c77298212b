"""Which of two models is better, and which of many cannot be told apart from the best.

Comparisons are paired: both models are resampled on the same rows, so what makes a row hard for all of them cancels
out and small differences show. Two intervals that overlap say nothing; this does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contracts.errors import UsageError
from mainstay.evaluate.evidence import gather
from mainstay.evaluate.metrics import measure, metric
from mainstay.evaluate.proportions import Z
from mainstay.evaluate.resample import draw

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from mainstay.contracts.learner import TaskName
    from mainstay.evaluate.measured import Measured
    from mainstay.evaluate.resample import Draws

__all__ = ["Comparison", "Ranking", "compare", "ties"]


class Comparison(msgspec.Struct, frozen=True):
    """The difference of a metric between two models on the same rows.

    Parameters
    ----------
    difference : float or None
        The metric of the first minus that of the second, in the metric's own direction; None where it does not apply.
    low, high : float or None
        The 95 % interval of the difference.
    probability_better : float or None
        The share of resamplings in which the first is better, equal ones counted half.
    tied : bool
        Whether the interval holds 0, so the rows cannot tell the two apart.
    probability_alike : float or None
        The share of resamplings in which the two differ by no more than the margin that was asked for.
    """

    difference: float | None
    low: float | None
    high: float | None
    probability_better: float | None
    tied: bool
    probability_alike: float | None = None


class Ranking(msgspec.Struct, frozen=True):
    """Candidates against the best of them.

    Parameters
    ----------
    best : str
        The candidate with the best value.
    comparisons : dict of str to Comparison
        Each other candidate minus the best, best first.
    tied : tuple of str
        The candidates that cannot be told apart from the best, itself included, best first.
    """

    best: str
    comparisons: dict[str, Comparison]
    tied: tuple[str, ...]


def compare(
    task: TaskName,
    metric_name: str,
    y: ArrayLike,
    answers_a: ArrayLike,
    answers_b: ArrayLike,
    *,
    labels: Sequence[str] = (),
    positive: str | None = None,
    weight: ArrayLike | None = None,
    groups: NDArray[np.int64] | None = None,
    predicted: tuple[ArrayLike, ArrayLike] | None = None,
    margin: float = 0.01,
    seed: int = 0,
) -> Comparison:
    """Return how much better or worse the first model is than the second, by the paired bootstrap.

    Parameters
    ----------
    task : {"classification", "regression"}
    metric_name : str
    y, answers_a, answers_b : arrays
        As :func:`mainstay.evaluate.evidence.gather` takes them.
    labels, positive, weight
        The same.
    groups : int64 array of shape (n,), optional
        Rows that are drawn together.
    predicted : pair of arrays of shape (n,), optional
        The class codes that the two answer, where they are not the most probable ones.
    margin : float, default 0.01
        Differences up to this share of the second model's error count as alike.
    seed : int

    Raises
    ------
    UsageError
        When the metric is unknown or the arrays do not fit.

    Examples
    --------
    >>> y = np.arange(200.0)
    >>> noise = np.random.default_rng(0).normal(size=(2, 200))
    >>> verdict = compare("regression", "rmse", y, y + noise[0], y + 2 * noise[1])
    >>> verdict.tied, verdict.difference < 0, verdict.probability_better
    (False, True, 1.0)
    """
    answers = {"a": answers_a, "b": answers_b}
    decided = None if predicted is None else dict(zip("ab", predicted, strict=True))
    measured = _measure_all(
        task, metric_name, y, answers, labels=labels, positive=positive, weight=weight, predicted=decided
    )
    first, second = measured["a"], measured["b"]
    if first is None or second is None:
        return Comparison(None, None, None, None, tied=True)
    draws = draw(first.rows, seed, groups)
    greater = metric(metric_name, task).greater_is_better
    differences = _replicate(first, draws) - _replicate(second, draws)
    found = _compare(first, second, differences, draws.units, greater=greater)
    if found.probability_better is None:
        return found
    error = 1.0 - second.value if greater else second.value
    alike = float(np.mean(np.abs(differences[np.isfinite(differences)]) <= margin * abs(error)))
    return msgspec.structs.replace(found, probability_alike=alike)


def ties(
    task: TaskName,
    metric_name: str,
    y: ArrayLike,
    answers: Mapping[str, ArrayLike],
    *,
    labels: Sequence[str] = (),
    positive: str | None = None,
    weight: ArrayLike | None = None,
    groups: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> Ranking:
    """Return which candidates cannot be told apart from the best on these rows.

    Raises
    ------
    UsageError
        When there is no candidate, or the metric does not apply to any.

    Examples
    --------
    >>> y = np.arange(200.0)
    >>> noise = np.random.default_rng(0).normal(size=200)
    >>> ties("regression", "mae", y, {"a": y + noise, "b": y + noise[::-1], "c": y + 3 * noise}).tied
    ('a', 'b')
    """
    every = _measure_all(task, metric_name, y, answers, labels=labels, positive=positive, weight=weight)
    measured = {name: entry for name, entry in every.items() if entry is not None and np.isfinite(entry.value)}
    if not measured:
        raise UsageError(
            f"no candidate has a {metric_name} on these rows", hint="Take another metric, or rows with all classes."
        )
    greater = metric(metric_name, task).greater_is_better
    order = sorted(measured, key=lambda name: measured[name].value, reverse=greater)
    best = measured[order[0]]
    draws = draw(best.rows, seed, groups)
    yardstick = _replicate(best, draws)
    found = {
        name: _compare(
            measured[name], best, _replicate(measured[name], draws) - yardstick, draws.units, greater=greater
        )
        for name in order[1:]
    }
    return Ranking(order[0], found, (order[0], *(name for name, verdict in found.items() if verdict.tied)))


def _measure_all(
    task: TaskName,
    name: str,
    y: ArrayLike,
    answers: Mapping[str, ArrayLike],
    *,
    labels: Sequence[str],
    positive: str | None,
    weight: ArrayLike | None,
    predicted: Mapping[str, ArrayLike] | None = None,
) -> dict[str, Measured | None]:
    decided = predicted or {}
    gathered = {
        key: gather(task, y, each, labels=labels, positive=positive, weight=weight, predicted=decided.get(key))
        for key, each in answers.items()
    }
    return {key: measure(name, evidence) for key, evidence in gathered.items()}


def _replicate(measured: Measured, draws: Draws) -> NDArray[np.float64]:
    return measured.combine(draws.weights @ measured.sums(draws.unit, draws.units))


def _compare(
    first: Measured, second: Measured, differences: NDArray[np.float64], units: int, *, greater: bool
) -> Comparison:
    difference = first.value - second.value
    known = differences[np.isfinite(differences)]
    if len(known) < 2 or units < 2:
        return Comparison(difference, None, None, None, tied=True)
    # Percentiles of a bootstrap are a little narrow on few units: the factor makes their spread that of a sample
    # and their reach that of Student's t (approximated; exact enough from 5 units up).
    wider = np.sqrt(units / (units - 1)) * (1 + (Z**2 + 1) / (4 * units))
    low, high = difference + (np.quantile(known, [0.025, 0.975]) - difference) * wider
    better = known > 0 if greater else known < 0
    probability = float(better.mean() + (known == 0).mean() / 2)
    return Comparison(difference, float(low), float(high), probability, tied=bool(low <= 0 <= high))
