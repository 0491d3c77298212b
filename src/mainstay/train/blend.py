"""Joins candidates by weighted averages of their answers, learned on out-of-fold answers only.

Three ways. Greedy selection with replacement: Caruana et al., "Ensemble selection from libraries of models", ICML 2004
(doi:10.1145/1015330.1015432). Voting: equal weights for the best of each learner. Stacking: the weights above zero that
make the mixture fit best: Breiman, "Stacked regressions", Machine Learning 1996 (doi:10.1007/BF00117832).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Answers = Sequence[NDArray[np.float64]]
    Score = Callable[[NDArray[Any], NDArray[np.float64]], float]

__all__ = ["MEMBERS", "Way", "blend", "mix"]

Way = Literal["greedy", "voting", "stacking"]
MEMBERS = 8
"""How many candidates a blend may have."""

_LEAST_WEIGHT = 0.02
_MOST_ROWS = 50_000
_TRUST = 500.0  # with so many rows the selection and the plain mean of the best few count alike
_FEW = 5  # candidates in that mean, and in a vote
_PRIOR = 5.0  # rows that a stack's members have for sure, each
_STEPS = 300


def mix(answers: Sequence[NDArray[np.float64]], weights: Sequence[float]) -> NDArray[np.float64]:
    """Return the weighted sum of answers.

    Examples
    --------
    >>> mix([np.array([1.0]), np.array([3.0])], [0.5, 0.5])
    array([2.])
    """
    total = np.zeros_like(answers[0])
    for answer, weight in zip(answers, weights, strict=True):
        total += weight * answer
    return total


def blend(
    answers: Answers,
    target: NDArray[Any],
    score: Score,
    *,
    seed: int,
    members: int = MEMBERS,
    way: Way = "greedy",
    learners: Sequence[str] = (),
) -> list[float]:
    """Return a weight for each candidate, summing to one.

    A greedy selection from few rows follows their noise, so with n rows it is drawn towards the plain mean of the best
    few, at most five, by the share 500 / (500 + n).

    Parameters
    ----------
    answers : sequence of float64 arrays of one shape
        Out-of-fold answers of each candidate.
    target : array of shape (n,)
    score : callable
        ``(target, answers) -> float``; greater is better.
    seed : int
        Draws the rows that are looked at, where there are very many.
    members : int, default 8
        How many candidates may have a weight.
    way : {"greedy", "voting", "stacking"}, default "greedy"
    learners : sequence of str
        The learner of each candidate: a vote takes the best of each.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = rng.normal(size=200)
    >>> a, b = y + rng.normal(size=200), y + rng.normal(size=200)
    >>> [round(weight, 1) for weight in blend([a, b], y, lambda y, p: -np.mean((y - p) ** 2), seed=0)]
    [0.5, 0.5]
    """
    rows = np.arange(len(target))
    if len(rows) > _MOST_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, _MOST_ROWS, replace=False))
    answers, target = [answer[rows] for answer in answers], target[rows]
    if way == "stacking":
        return _kept(_stack(answers, target), members)
    ranking = _ranking(answers, target, score)
    if way == "voting":
        return _kept(_vote(ranking, learners or [""] * len(answers)), members)
    counts = _greedy(answers, target, score, members)
    share = _TRUST / (_TRUST + len(target))
    return _kept((1.0 - share) * counts / counts.sum() + share * _mean(answers, target, score, ranking), members)


def _kept(weights: NDArray[np.float64], members: int) -> list[float]:
    """Keep the greatest weights, and none that is too small to be worth an answer."""
    kept = np.zeros_like(weights)
    greatest = np.argsort(-weights, kind="stable")[:members]
    kept[greatest] = weights[greatest]
    kept[kept < min(_LEAST_WEIGHT, kept.max())] = 0.0
    return [float(weight) for weight in kept / kept.sum()]


def _ranking(answers: Answers, target: NDArray[Any], score: Score) -> list[int]:
    values = [score(target, answer) for answer in answers]
    return sorted(range(len(answers)), key=lambda one: -values[one])


def _mean(answers: Answers, target: NDArray[Any], score: Score, ranking: Sequence[int]) -> NDArray[np.float64]:
    """Give equal weights to so many of the best as are best together."""
    values, total = [], np.zeros_like(answers[0])
    for count, one in enumerate(ranking[:_FEW], start=1):
        total += answers[one]
        values.append(score(target, total / count))
    return _equal(ranking[: int(np.argmax(values)) + 1], len(answers))


def _equal(chosen: Sequence[int], count: int) -> NDArray[np.float64]:
    weights = np.zeros(count)
    weights[list(chosen)] = 1.0 / len(chosen)
    return weights


def _vote(ranking: Sequence[int], learners: Sequence[str]) -> NDArray[np.float64]:
    """Give one voice to the best candidate of each of the best learners."""
    firsts: dict[str, int] = {}
    for one in ranking:
        firsts.setdefault(learners[one], one)
    return _equal(list(firsts.values())[:_FEW], len(ranking))


def _stack(answers: Answers, target: NDArray[Any]) -> NDArray[np.float64]:
    """Return the weights above zero, of sum one, with which the mixture has the least loss: log-loss, or squared error.

    For classes these are the shares of a mixture, found by expectation and maximisation; for amounts it is a least
    squares problem without negative weights. Both start from equal weights and keep a little of them.
    """
    count = len(answers)
    if answers[0].ndim == 2:
        likely = np.column_stack([answer[np.arange(len(target)), target.astype(np.int64)] for answer in answers])
        likely, weights = np.clip(likely, 1e-12, None), np.full(count, 1.0 / count)
        for _ in range(_STEPS):
            part = likely * weights
            part /= part.sum(axis=1, keepdims=True)
            weights = (part.sum(axis=0) + _PRIOR) / (len(target) + _PRIOR * count)
        return np.asarray(weights, np.float64)
    from scipy.optimize import nnls

    spread = float(np.std(target)) or 1.0
    centre = float(np.mean(target))
    matrix = np.column_stack([(answer - centre) / spread for answer in answers])
    bound, rein = 1e3 * np.sqrt(len(target)), np.sqrt(_PRIOR)
    left = np.vstack([matrix, np.full((1, count), bound), rein * np.eye(count)])
    right = np.concatenate([(target - centre) / spread, [bound], np.full(count, rein / count)])
    weights = nnls(left, right)[0]
    return np.asarray(weights / weights.sum(), np.float64)


def _greedy(
    answers: Answers, target: NDArray[Any], score: Score, members: int, *, rounds: int = 30
) -> NDArray[np.float64]:
    counts = np.zeros(len(answers))
    total = np.zeros_like(answers[0])
    best_counts, best_value = counts.copy(), -np.inf
    for size in range(1, rounds + 1):
        everything = list(range(len(answers)))
        allowed = everything if np.count_nonzero(counts) < members else [one for one in everything if counts[one]]
        values = {index: score(target, (total + answers[index]) / size) for index in allowed}
        chosen = max(values, key=lambda index: values[index])
        counts[chosen] += 1
        total += answers[chosen]
        if values[chosen] > best_value:
            best_counts, best_value = counts.copy(), values[chosen]
        elif size - best_counts.sum() >= 5:
            break
    return best_counts
