"""Least squares with an absolute penalty, from moments: what lasso and elastic net have in common.

One pass over the rows gives the moments of each fold; fitting, choosing the penalty by cross-validation and even the
validation errors need nothing else. So the time does not grow with the number of penalties tried, and no second copy
of the matrix is made. The coordinate descent itself is scikit-learn's, on a matrix of d + 1 rows that has the same
moments.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import BudgetError
from mainstay.contracts.model import Affine, ModelGraph
from mainstay.learners.supervised.admission import admit_rows, amounts_of
from mainstay.learners.supervised.scaled_rows import chunks, deal, scaling_of
from mainstay.learners.supervised.threads import one_thread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.formulas import Scaling
    from mainstay.contracts.learner import Deadline, Fitted, Learner, Target, Value
    from mainstay.learners.supervised.admission import Amounts

    Doubles = NDArray[np.float64]

__all__ = ["Penalty", "fit_penalised"]

_FOLDS = 5
_STEPS, _REACH = 60, 1e-4
"""Penalties tried, from the one that leaves no coefficient down to this share of it, evenly on a log scale."""


@dataclass(frozen=True, slots=True)
class Penalty:
    """``alpha * (l1_ratio * |w| + (1 - l1_ratio) / 2 * w^2)`` on standardised features and target.

    Parameters
    ----------
    alpha : float
        0 chooses it by cross-validation.
    l1_ratio : float
    max_iter : int
    tol : float
    """

    alpha: float
    l1_ratio: float
    max_iter: int
    tol: float


def fit_penalised(
    learner: Learner, features: Features, target: Target, penalty: Penalty, *, seed: int, deadline: Deadline
) -> Fitted:
    """Return the model of the penalty, or of the best penalty by the folds that the time allows.

    Raises
    ------
    BudgetError
        When the time ends before there is an answer.
    """
    amounts = amounts_of(target)
    with one_thread():
        folds = _moments(learner.name, features.matrix, amounts, target, seed=seed, deadline=deadline)
        whole = np.sum(folds.parts, axis=0)
        alphas = np.array([penalty.alpha]) if penalty.alpha > 0 else _grid(whole, penalty.l1_ratio)
        slopes = _path(whole, alphas, penalty)
        errors = _validated(folds.parts, alphas, penalty, deadline) if len(alphas) > 1 else np.zeros((1, 1))
    if not len(errors):
        _late(learner.name)
    best = int(np.argmin(errors.mean(axis=0)))
    found = slopes[:, best] * folds.scaling.factor
    level = _intercept(whole, slopes[:, best]) - float(folds.scaling.centre @ found)
    return _PenalisedModel(
        learner,
        found * amounts.spread,
        amounts.centre + amounts.spread * level,
        {"alpha": float(alphas[best]), "coefficients_kept": int(np.count_nonzero(found)), "folds": len(errors)},
    )


@dataclass(frozen=True, slots=True)
class _PenalisedModel:
    learner: Learner
    coefficients: Doubles
    intercept: float
    remarks: Mapping[str, Value]

    def predict(self, features: Features) -> Doubles:
        admit_rows(self.learner, features, len(self.coefficients))
        answers = np.empty(len(features.matrix))
        for part in chunks(len(answers)):
            answers[part] = features.matrix[part].astype(np.float64) @ self.coefficients + self.intercept
        return answers

    def graph(self) -> ModelGraph:
        return ModelGraph(Affine(self.coefficients[:, None].copy(), np.array([self.intercept])), "identity")

    def notes(self) -> Mapping[str, Value]:
        return self.remarks


@dataclass(frozen=True, slots=True)
class _Folds:
    """Moments of standardised features, a column of ones and the target, (folds, d + 2, d + 2)."""

    scaling: Scaling
    parts: Doubles


def _moments(
    owner: str, matrix: NDArray[np.float32], amounts: Amounts, target: Target, *, seed: int, deadline: Deadline
) -> _Folds:
    scaling = scaling_of(matrix, target.weight, limit=np.inf)
    weight = np.ones(len(matrix)) if target.weight is None else target.weight / target.weight.mean()
    fold = deal(target, _FOLDS, seed)
    parts = np.zeros((_FOLDS, matrix.shape[1] + 2, matrix.shape[1] + 2))
    for part in chunks(len(matrix)):
        if deadline.left() <= 0:
            _late(owner)
        values = amounts.values[part, None]
        rows = np.concatenate([scaling.apply(matrix[part]), np.ones_like(values), values], axis=1)
        for place in range(_FOLDS):
            mine = fold[part] == place
            parts[place] += (rows[mine] * weight[part][mine, None]).T @ rows[mine]
    return _Folds(scaling, parts)


def _centred(moments: Doubles) -> Doubles:
    """Return the mean moments around the means, without the column of ones, (d + 1, d + 1)."""
    total = moments[-2, -2]
    rest = np.delete(np.arange(len(moments)), -2)
    means = moments[rest, -2] / total
    return np.asarray(moments[np.ix_(rest, rest)] / total - np.outer(means, means))


def _intercept(moments: Doubles, slopes: Doubles) -> float:
    total = moments[-2, -2]
    return float(moments[-1, -2] / total - (moments[:-2, -2] / total) @ slopes)


def _grid(moments: Doubles, l1_ratio: float) -> Doubles:
    largest = float(np.abs(_centred(moments)[:-1, -1]).max()) / max(l1_ratio, 1e-3)
    return np.asarray(max(largest, 1e-12) * np.geomspace(1.0, _REACH, _STEPS))


def _path(moments: Doubles, alphas: Doubles, penalty: Penalty) -> Doubles:
    """Return the slopes for each penalty, (d, penalties)."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import enet_path

    lengths, directions = np.linalg.eigh(_centred(moments))
    root = np.sqrt(np.maximum(lengths, 0.0) * len(lengths))[:, None] * directions.T
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a penalty this weak is least squares all but
        _, slopes, _ = enet_path(
            np.asfortranarray(root[:, :-1]), np.ascontiguousarray(root[:, -1]), l1_ratio=penalty.l1_ratio,
            alphas=alphas, max_iter=penalty.max_iter, tol=penalty.tol,
        )  # fmt: skip
    return np.asarray(slopes, np.float64)


def _validated(parts: Doubles, alphas: Doubles, penalty: Penalty, deadline: Deadline) -> Doubles:
    """Return the mean squared error for each fold that the time allows and each penalty."""
    whole, errors = parts.sum(axis=0), []
    for part in parts:
        rest = whole - part
        if deadline.left() <= 0:
            break
        if part[-2, -2] <= 0 or rest[-2, -2] <= 0:  # fewer rows than folds
            continue
        slopes = _path(rest, alphas, penalty)
        level = [_intercept(rest, slope) for slope in slopes.T]
        signs = np.vstack([-slopes, -np.array(level), np.ones(len(alphas))])
        errors.append(np.einsum("da,de,ea->a", signs, part, signs) / part[-2, -2])
    return np.array(errors)


def _late(owner: str) -> None:
    raise BudgetError("the time ended before there was an answer", where=owner, hint="Give more time.")
