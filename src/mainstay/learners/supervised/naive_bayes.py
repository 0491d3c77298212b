"""Naive Bayes: features taken as independent within a class; Gaussian numbers, and yes-or-no columns as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.formulas import Quadratic, Scaling
from mainstay.contracts.learner import Parameter
from mainstay.contracts.model import ModelGraph
from mainstay.learners.supervised.admission import admit, admit_rows, classes_of
from mainstay.learners.supervised.constant import ConstantModel, shares
from mainstay.learners.supervised.logistic import ABSENT
from mainstay.learners.supervised.scaled_rows import LIMIT, chunks, scaling_of
from mainstay.learners.supervised.threads import one_thread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.learner import Deadline, Fitted, Target, TaskName, Value
    from mainstay.learners.supervised.admission import Classes

    Doubles = NDArray[np.float64]

__all__ = ["NaiveBayes"]


class NaiveBayes:
    """Gaussian naive Bayes on numbers, Bernoulli on columns of 0 and 1 (one-hot columns, flags).

    Written out because libraries keep the two apart. One pass over the rows; weights count.

    References
    ----------
    Hand, Yu (2001), "Idiot's Bayes: not so stupid after all?", doi:10.1111/j.1751-5823.2001.tb00465.x.

    Examples
    --------
    >>> from mainstay.contracts.arrays import Features
    >>> from mainstay.contracts.learner import NoDeadline, Target
    >>> features = Features(np.array([[-1], [-2], [1], [2]], np.float32), ("x",))
    >>> fitted = NaiveBayes().fit(features, Target("classification", np.array([0, 0, 1, 1]), 2), seed=0,
    ...                           deadline=NoDeadline())
    >>> fitted.predict(features).argmax(axis=1).tolist()
    [0, 0, 1, 1]
    """

    name: str = "naive_bayes"
    tasks: tuple[TaskName, ...] = ("classification",)
    parameters: tuple[Parameter, ...] = (
        Parameter(
            "var_smoothing",
            1e-4,
            "Added to each variance within a class, as a share of the feature's variance.",
            low=1e-5,
            high=1e3,
            log=True,
            search=(1e-5, 1.0),
        ),
        Parameter("alpha", 1.0, "Rows of each answer added to every yes-or-no count.", low=1e-6, high=1e6, log=True,
                  search=(1e-2, 10.0)),
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
        """Count means, variances and shares; one pass, so the deadline is asked only before.

        Raises
        ------
        UsageError
            When a value is missing, shapes do not fit or a setting does not fit.
        BudgetError
            When no time is left.
        """
        del seed, validation
        chosen = admit(self, features, target, settings or {}, deadline)
        classes = classes_of(target)
        prior = shares(target)[classes.present]
        if len(classes.present) == 1:
            return ConstantModel(shares(target), target.task)
        with one_thread():
            counts = _count(features.matrix, target, classes)
        variance = counts.spread + float(chosen["var_smoothing"])
        flags = (counts.sums + float(chosen["alpha"])) / (counts.weight[:, None] + 2 * float(chosen["alpha"]))
        flags = np.where(counts.binary, flags, 0.5)
        model = _Naive(counts.scaling, counts.binary, counts.means, variance, flags, np.log(np.maximum(prior, 1e-300)))
        return _NaiveModel(self, model, classes)


@dataclass(frozen=True, slots=True)
class _Naive:
    """What each class says: log share, mean and variance of numbers (k, d), share of yes of flags (k, d)."""

    scaling: Scaling
    binary: NDArray[np.bool_]
    means: Doubles
    variance: Doubles
    flags: Doubles
    prior: Doubles

    def log_joint(self, matrix: NDArray[np.float32]) -> Doubles:
        """Return the log of share times density, (n, k), up to a term that all classes have."""
        rows = self.scaling.apply(matrix)
        numbers, yes = rows[:, ~self.binary], rows[:, self.binary]
        total = np.tile(self.prior, (len(rows), 1))
        for code in range(len(self.prior)):
            mean, variance = self.means[code, ~self.binary], self.variance[code, ~self.binary]
            share = self.flags[code, self.binary]
            total[:, code] -= 0.5 * ((numbers - mean) ** 2 / variance + np.log(variance)).sum(axis=1)
            total[:, code] += (yes * np.log(share) + (1.0 - yes) * np.log1p(-share)).sum(axis=1)
        return total

    def quadratic(self) -> tuple[Doubles, Doubles, Doubles]:
        """Return squares (d, k), coefficients (d, k) and intercepts (k,) of the same sums."""
        numbers = np.where(self.binary, 0.0, 1.0)
        odds = np.where(self.binary, np.log(self.flags) - np.log1p(-self.flags), 0.0)
        none = np.where(self.binary, np.log1p(-self.flags), 0.0)
        density = -0.5 * numbers * (self.means**2 / self.variance + np.log(self.variance))
        intercept = self.prior + (density + none).sum(axis=1)
        return (-0.5 * numbers / self.variance).T, (numbers * self.means / self.variance + odds).T, intercept


@dataclass(frozen=True, slots=True)
class _NaiveModel:
    learner: NaiveBayes
    model: _Naive
    classes: Classes

    def predict(self, features: Features) -> Doubles:
        matrix = features.matrix
        admit_rows(self.learner, features, len(self.model.binary))
        answers = np.empty((len(matrix), len(self.classes.present)))
        for part in chunks(len(matrix)):
            joint = self.model.log_joint(matrix[part])
            likely = np.exp(joint - joint.max(axis=1, keepdims=True))
            answers[part] = likely / likely.sum(axis=1, keepdims=True)
        return self.classes.widen(answers)

    def graph(self) -> ModelGraph:
        squares, coefficients, intercept = self.model.quadratic()
        present, count = self.classes.present, self.classes.count
        if count == 2:
            curved, sloped = (part[:, 1:] - part[:, :1] for part in (squares, coefficients))
            return ModelGraph(Quadratic(self.model.scaling, curved, sloped, intercept[1:] - intercept[:1]), "sigmoid")
        wide = np.zeros((2, len(squares), count))
        wide[0][:, present], wide[1][:, present] = squares, coefficients
        base = np.full(count, ABSENT)
        base[present] = intercept
        return ModelGraph(Quadratic(self.model.scaling, wide[0], wide[1], base), "softmax")

    def notes(self) -> Mapping[str, Value]:
        yes = int(self.model.binary.sum())
        return {"numbers": len(self.model.binary) - yes, "yes_or_no_columns": yes}


@dataclass(frozen=True, slots=True)
class _Counts:
    scaling: Scaling
    binary: NDArray[np.bool_]
    means: Doubles
    spread: Doubles
    sums: Doubles
    weight: Doubles


def _count(matrix: NDArray[np.float32], target: Target, classes: Classes) -> _Counts:
    binary = ((matrix == 0) | (matrix == 1)).all(axis=0)
    scaling = scaling_of(matrix, target.weight, limit=LIMIT)
    scaling = Scaling(np.where(binary, 0.0, scaling.centre), np.where(binary, 1.0, scaling.factor), scaling.limit)
    weight = np.ones(len(matrix)) if target.weight is None else target.weight * (len(matrix) / target.weight.sum())
    shape = (len(classes.present), matrix.shape[1])
    sums, squares, total = np.zeros(shape), np.zeros(shape), np.zeros(shape[0])
    for part in chunks(len(matrix)):
        member = np.eye(shape[0])[classes.codes[part]] * weight[part, None]
        total += member.sum(axis=0)
        sums += member.T @ scaling.apply(matrix[part])
    heavy = np.maximum(total, 1e-300)[:, None]
    means = sums / heavy
    for part in chunks(len(matrix)):
        rows = scaling.apply(matrix[part])
        for code in range(shape[0]):
            squares[code] += (weight[part] * (classes.codes[part] == code)) @ (rows - means[code]) ** 2
    return _Counts(scaling, binary, means, squares / heavy, sums, total)
