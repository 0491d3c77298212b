"""Joins candidates by weighted averages, and keeps the simplest that cannot be told apart from the best.

Greedy selection with replacement from a library of models: Caruana et al., "Ensemble selection from libraries of
models", ICML 2004 (doi:10.1145/1015330.1015432). It works on out-of-fold answers only, never on the held-out rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["blend", "mix"]

_LEAST_WEIGHT = 0.02
_MOST_ROWS = 50_000


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
    answers: Sequence[NDArray[np.float64]],
    target: NDArray[Any],
    score: Callable[[NDArray[Any], NDArray[np.float64]], float],
    *,
    seed: int,
    members: int = 8,
    rounds: int = 30,
) -> list[float]:
    """Return a weight for each candidate, summing to one, by greedy selection with replacement.

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
    rounds : int, default 30
        How many times a candidate is added.

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
    counts = _greedy(answers, target, score, members, rounds)
    weights = counts / counts.sum()
    weights[weights < _LEAST_WEIGHT] = 0.0
    return [float(weight) for weight in weights / weights.sum()]


def _greedy(
    answers: Sequence[NDArray[np.float64]],
    target: NDArray[Any],
    score: Callable[[NDArray[Any], NDArray[np.float64]], float],
    members: int,
    rounds: int,
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
