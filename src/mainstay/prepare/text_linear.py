"""A linear model of a sparse text matrix, with the scores that each row gets from models that did not see it.

Ridge regression for amounts and for classes alike (a class is 0 or 1): on text it ranks as well as logistic regression
(SMS spam: ROC-AUC 0.9965 against 0.9958), and all classes are solved at once (18 genres of films from titles: 0.3 s of
processor time a fit against 16 s of multinomial L-BFGS). It can be stopped after any step.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.learner import NoDeadline
from mainstay.learners.supervised.threads import one_thread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.learner import Deadline, Target

__all__ = ["MOST_CLASSES", "CrossFit", "cross_fit", "deal"]

MOST_CLASSES = 50
"""The most classes with a score of their own: the largest."""

_PENALTIES = (3.0, 1.0, 0.3, 0.1)
_ONE_PENALTY = (1.0,)
_PARTS, _FEWEST_PARTS = 5, 3
_QUICK = 3_000_000
"""Cells with a value, times outputs, up to which all penalties are tried; above it one, with fewer parts."""
_SHARE = 0.3  # of the time that is left
_STEPS = 60
_TOLERANCE = 1e-3


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


def cross_fit(matrix: Any, target: Target, *, seed: int, deadline: Deadline | None = None) -> CrossFit | None:
    """Fit a ridge regression; the penalty is the one with the best held-out scores.

    Parameters
    ----------
    matrix : scipy.sparse.csr_matrix of shape (n, terms)
        Rows of length one.
    target : Target
    seed : int
        Deals the rows into parts.
    deadline : Deadline, optional
        With about three times what it takes or less, the solver stops after fewer steps.

    Returns
    -------
    CrossFit or None
        None where fewer than two classes have rows, or all amounts are equal.
    """
    answers, labels, strata = _answers(target)
    if not labels:
        return None
    quick = matrix.nnz * len(labels) <= _QUICK
    penalties = _PENALTIES if quick else _ONE_PENALTY
    parts = deal(strata, _PARTS if quick else _FEWEST_PARTS, seed)
    weight = np.ones(len(answers)) if target.weight is None else target.weight / target.weight.mean()
    clock = deadline or NoDeadline()
    seconds = _SHARE * clock.left() / ((parts.max() + 2) * len(penalties))
    tried = np.empty((len(penalties), *answers.shape))
    with one_thread():
        for part in range(int(parts.max()) + 1):
            others, here = np.flatnonzero(parts != part), np.flatnonzero(parts == part)
            system = _System(matrix[others], answers[others], weight[others])
            for place, penalty in enumerate(penalties):  # from strong to weak, each from where the last one came to
                coefficients, intercept = system.solve(penalty, seconds)
                tried[place, here] = matrix[here] @ coefficients + intercept
        losses = (weight[:, None] * (tried - answers) ** 2).mean(axis=(1, 2))
        best = int(np.argmin(losses))
        coefficients, intercept = _System(matrix, answers, weight).solve(penalties[best], seconds * len(penalties))
    return CrossFit(coefficients, intercept, tried[best], labels)


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


def _answers(target: Target) -> tuple[NDArray[np.float64], tuple[int | None, ...], NDArray[np.int64]]:
    """Return what is to be fitted, shape (n, outputs), the class of each output, and strata for dealing."""
    if target.task == "regression":
        values = target.values.astype(np.float64)
        spread = float(values.std()) if len(values) else 0.0
        ranks = np.argsort(np.argsort(values, kind="stable"), kind="stable")
        scaled = (values - values.mean()) / spread if 0 < spread < np.inf else values
        return scaled[:, None], (None,) if 0 < spread < np.inf else (), ranks * 10 // max(1, len(values))
    codes = target.values.astype(np.int64)
    counts = np.bincount(codes, minlength=target.classes)
    present = int((counts > 0).sum())
    if present < 2:
        return np.empty((len(codes), 0)), (), codes
    if target.classes == 2:
        return (codes == 1).astype(np.float64)[:, None], (None,), codes
    classes = np.sort(np.argsort(-counts, kind="stable")[: min(MOST_CLASSES, present)])
    return (codes[:, None] == classes).astype(np.float64), tuple(classes.tolist()), codes


class _System:
    """The normal equations of a ridge regression with an intercept, solved by conjugate gradients, all outputs at once.

    Hestenes and Stiefel (1952), doi:10.6028/jres.049.044. The matrix is centred in the products only; it stays sparse.
    """

    def __init__(self, matrix: Any, answers: NDArray[np.float64], weight: NDArray[np.float64]) -> None:
        self.matrix, self.weight = matrix, weight[:, None]
        total = weight.sum()
        self.centre = (matrix.T @ weight) / total
        self.mean = (weight @ answers) / total
        self.wanted = self._back(answers - self.mean)
        self.coefficients = np.zeros_like(self.wanted)

    def solve(self, penalty: float, seconds: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return coefficients and intercept; a stop before the end is a stronger penalty."""
        end = time.monotonic() + seconds
        found = self.coefficients
        rest = self.wanted - self._times(found, penalty)
        direction, size = rest, (rest**2).sum(axis=0)
        enough = _TOLERANCE**2 * (self.wanted**2).sum(axis=0)
        for _ in range(_STEPS):
            if (size <= enough).all():
                break
            image = self._times(direction, penalty)
            step = size / np.maximum((direction * image).sum(axis=0), 1e-300)
            found, rest = found + step * direction, rest - step * image
            before, size = size, (rest**2).sum(axis=0)
            direction = rest + direction * (size / np.maximum(before, 1e-300))
            if time.monotonic() > end:
                break
        self.coefficients = found
        return found, self.mean - self.centre @ found

    def _times(self, vectors: NDArray[np.float64], penalty: float) -> NDArray[np.float64]:
        scores = self.matrix @ vectors - self.centre @ vectors
        return self._back(scores) + penalty * vectors

    def _back(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        weighted = self.weight * rows
        back: NDArray[np.float64] = self.matrix.T @ weighted - np.outer(self.centre, weighted.sum(axis=0))
        return back
