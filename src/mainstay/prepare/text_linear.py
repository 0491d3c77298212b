"""A linear model of a sparse text matrix, with the scores that each row gets from models that did not see it."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.learner import NoDeadline
from mainstay.learners.supervised.threads import one_thread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.learner import Deadline, Target

__all__ = ["CrossFit", "cross_fit", "deal"]

_PARTS, _FEWEST_PARTS = 5, 3
_SHARE = 0.3  # of the time that is left
_INVERSE_PENALTIES = (3.0, 30.0, 100.0)
_PENALTIES = (3.0, 1.0, 0.3)
_QUICK = 3_000_000
"""Cells with a value, times outputs, up to which all penalties are tried; above it one, with fewer parts."""
_LARGEST = 30_000_000


@dataclass(frozen=True, slots=True)
class CrossFit:
    """A linear model of all rows, and the scores of each row from models without it.

    Parameters
    ----------
    coefficients : float64 array of shape (terms, outputs)
    intercept : float64 array of shape (outputs,)
    held_out : float64 array of shape (n, outputs)
    labels : tuple of int or None
        The class of each output; None where there is one output.
    """

    coefficients: NDArray[np.float64]
    intercept: NDArray[np.float64]
    held_out: NDArray[np.float64]
    labels: tuple[int | None, ...]


def cross_fit(
    matrix: Any, target: Target, *, seed: int, most: int = 50, deadline: Deadline | None = None
) -> CrossFit | None:
    """Fit a logistic regression or a ridge regression; the penalty is the one with the best held-out scores.

    Parameters
    ----------
    matrix : scipy.sparse.csr_matrix of shape (n, terms)
        Rows of length one.
    target : Target
    seed : int
        Deals the rows into parts.
    most : int, default 50
        The most classes with a score of their own, the largest.
    deadline : Deadline, optional
        With less than about three times what it takes, one penalty, fewer parts and then fewer rows do.

    Returns
    -------
    CrossFit or None
        None where fewer than two classes have rows, or all amounts are equal.
    """
    clock = deadline or NoDeadline()
    teacher = _Classes(target, most) if target.task == "classification" else _Amounts(target)
    if teacher.outputs == 0:
        return None
    with one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a model that has not converged scores as it does
        plan = _plan(teacher, matrix, seed, clock)
        tried = [(penalty, _held_out(teacher, matrix, plan, penalty)) for penalty in plan.penalties]
        penalty, held_out = min(tried, key=lambda one: teacher.loss(one[1]))
        coefficients, intercept = teacher.fit(matrix[plan.rows], plan.rows, penalty)
    return CrossFit(coefficients, intercept, held_out, teacher.labels)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What there is time for: the part of each row, the rows to learn from, and the penalties to try."""

    parts: NDArray[np.int64]
    rows: NDArray[np.int64]
    penalties: tuple[float, ...]


def _plan(teacher: _Classes | _Amounts, matrix: Any, seed: int, clock: Deadline) -> _Plan:
    """Fit one part, and plan by the time that it took; with time enough the plan depends on the rows alone."""
    rows = len(teacher.strata)
    load = matrix.nnz * teacher.outputs
    began, limit = time.perf_counter(), _SHARE * clock.left()
    few = _sample(rows, min(0.8, _QUICK / max(load, 1)), seed)
    teacher.fit(matrix[few], few, teacher.penalties[1])
    seconds = max(time.perf_counter() - began, 1e-4) * rows / len(few)  # of a fit of all rows
    affordable = limit / seconds
    if load <= _QUICK and affordable >= _PARTS * len(teacher.penalties):
        return _Plan(deal(teacher.strata, _PARTS, seed), np.arange(rows), teacher.penalties)
    share = min(1.0, _LARGEST / max(load, 1), affordable / _FEWEST_PARTS)
    return _Plan(deal(teacher.strata, _FEWEST_PARTS, seed), _sample(rows, share, seed), teacher.penalties[1:2])


def deal(strata: NDArray[np.int64], parts: int, seed: int) -> NDArray[np.int64]:
    """Return the part of each row, 0 to parts - 1, so that every stratum is spread evenly over the parts.

    Examples
    --------
    >>> np.bincount(deal(np.array([0, 0, 1, 1, 0, 1]), 3, seed=1)).tolist()
    [2, 2, 2]
    """
    chance = np.random.default_rng(seed).random(len(strata))
    order = np.lexsort((chance, strata))
    dealt = np.empty(len(strata), np.int64)
    dealt[order] = np.arange(len(strata)) % parts
    return dealt


def _sample(count: int, share: float, seed: int) -> NDArray[np.int64]:
    if share >= 1.0:
        return np.arange(count)
    kept = np.random.default_rng(seed).choice(count, min(count, max(100, int(share * count))), replace=False)
    return np.sort(kept)


def _held_out(teacher: _Classes | _Amounts, matrix: Any, plan: _Plan, penalty: float) -> NDArray[np.float64]:
    scores = np.empty((len(plan.parts), teacher.outputs))
    for part in range(int(plan.parts.max()) + 1):
        others = plan.rows[plan.parts[plan.rows] != part]
        coefficients, intercept = teacher.fit(matrix[others], others, penalty)
        here = plan.parts == part
        scores[here] = matrix[here] @ coefficients + intercept
    return scores


class _Classes:
    """Multinomial logistic regression; two classes have one output."""

    penalties = _INVERSE_PENALTIES

    def __init__(self, target: Target, most: int) -> None:
        self.codes, self.weight = target.values.astype(np.int64), target.weight
        counts = np.bincount(self.codes, minlength=target.classes)
        present = int((counts > 0).sum())
        self.classes = np.sort(np.argsort(-counts, kind="stable")[: min(most, present)])
        self.outputs = 0 if present < 2 else 1 if target.classes == 2 else len(self.classes)
        self.labels: tuple[int | None, ...] = (None,) if target.classes == 2 else tuple(self.classes.tolist())
        self.strata = self.codes

    def fit(
        self, matrix: Any, rows: NDArray[np.int64], penalty: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        from sklearn.linear_model import LogisticRegression

        codes = self.codes[rows]
        known = np.isin(codes, self.classes)
        present = np.unique(codes[known])
        if len(present) < 2:
            return np.zeros((matrix.shape[1], self.outputs)), np.zeros(self.outputs)
        model = LogisticRegression(C=penalty, tol=3e-4, max_iter=100)
        weight = None if self.weight is None else self.weight[rows][known]
        model.fit(matrix if known.all() else matrix[known], codes[known], sample_weight=weight)
        if self.outputs == 1:
            return model.coef_.T.copy(), model.intercept_.copy()
        coefficients, intercept = model.coef_, model.intercept_
        if len(present) == 2:
            coefficients, intercept = np.vstack([-coefficients, coefficients]) / 2, np.array([-1, 1]) * intercept / 2
        places = np.searchsorted(self.classes, present)
        wide, base = np.zeros((matrix.shape[1], self.outputs)), np.full(self.outputs, intercept.min() - 1.0)
        wide[:, places], base[places] = coefficients.T, intercept
        return wide, base

    def loss(self, scores: NDArray[np.float64]) -> float:
        both = np.column_stack([np.zeros(len(scores)), scores]) if self.outputs == 1 else scores
        known = np.isin(self.codes, self.classes)
        place = self.codes if self.outputs == 1 else np.searchsorted(self.classes, self.codes)
        both, place = both[known], place[known]
        top = both.max(axis=1)
        total = np.log(np.exp(both - top[:, None]).sum(axis=1)) + top
        return float((total - both[np.arange(len(both)), place]).mean())


class _Amounts:
    """Ridge regression of the amounts, in deviations from their mean."""

    penalties = _PENALTIES
    labels: tuple[int | None, ...] = (None,)

    def __init__(self, target: Target) -> None:
        values = target.values.astype(np.float64)
        spread = float(values.std())
        self.weight, self.outputs = target.weight, int(spread > 0 and bool(np.isfinite(spread)))
        self.values = (values - values.mean()) / spread if self.outputs else values
        self.strata = np.argsort(np.argsort(values, kind="stable"), kind="stable") * 10 // max(1, len(values))

    def fit(
        self, matrix: Any, rows: NDArray[np.int64], penalty: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        from sklearn.linear_model import Ridge

        model = Ridge(alpha=penalty, solver="sparse_cg", tol=1e-3, max_iter=100)
        model.fit(matrix, self.values[rows], sample_weight=None if self.weight is None else self.weight[rows])
        return model.coef_.reshape(-1, 1), np.array([float(model.intercept_)])

    def loss(self, scores: NDArray[np.float64]) -> float:
        return float(((scores[:, 0] - self.values) ** 2).mean())
