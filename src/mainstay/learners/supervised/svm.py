"""Support vector machines with a Gaussian kernel, scikit-learn's (libsvm), for classes and amounts."""

from __future__ import annotations

import warnings
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.learner import Parameter
from mainstay.learners.supervised.admission import Amounts, admit, amounts_of, classes_of
from mainstay.learners.supervised.constant import ConstantModel, shares
from mainstay.learners.supervised.growing import grown
from mainstay.learners.supervised.kernel_model import Expansion, KernelModel
from mainstay.learners.supervised.margins import calibrated, out_of_fold
from mainstay.learners.supervised.scaled_rows import affordable_rows, draw, scaled_rows
from mainstay.learners.supervised.threads import one_thread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.learner import Deadline, Fitted, Target, TaskName, Value
    from mainstay.learners.supervised.scaled_rows import ScaledRows

    Doubles = NDArray[np.float64]
    Settings = Mapping[str, Value]

__all__ = ["SVM"]

_POWER = 2.3
"""The time of libsvm grows with the rows to about this power."""
_CACHE = 200
"""Megabytes of kernel values that libsvm may keep."""


class SVM:
    """Support vector classification or regression with the kernel ``exp(-gamma * distance^2)``.

    Features are standardised and clipped at 64 deviations. Several classes are told apart in pairs; the margin of a
    class is the mean over its pairs. Probabilities come from a logistic regression on margins of inner folds (Platt's
    sigmoid for two classes). More than ``max_rows`` rows, or more than 1,000,000 cells, are sampled (seeded, classes
    keep their shares), and fewer where a deadline needs it: the time grows faster than the square of the rows.

    References
    ----------
    Cortes, Vapnik (1995), doi:10.1007/BF00994018; Chang, Lin (2011), "LIBSVM", doi:10.1145/1961189.1961199.

    Examples
    --------
    >>> from mainstay.contracts.arrays import Features
    >>> from mainstay.contracts.learner import NoDeadline, Target
    >>> matrix = np.random.default_rng(0).normal(size=(300, 2)).astype(np.float32)
    >>> ring = Target("classification", ((matrix**2).sum(axis=1) > 1.4).astype(np.int64), 2)
    >>> fitted = SVM().fit(Features(matrix, ("x", "y")), ring, seed=0, deadline=NoDeadline())
    >>> bool((fitted.predict(Features(matrix, ("x", "y"))).argmax(axis=1) == ring.values).mean() > 0.97)
    True
    """

    name: str = "svm"
    tasks: tuple[TaskName, ...] = ("classification", "regression")
    parameters: tuple[Parameter, ...] = (
        Parameter("C", 1.0, "How much an error costs against a simple model.", low=1e-6, high=1e6, log=True,
                  search=(1e-2, 1e2)),
        Parameter("gamma", 0.0, "Inverse squared reach of a row, in deviations; 0 is one over the features.", low=0,
                  high=1e3, log=True, search=(1e-4, 1.0)),
        Parameter("epsilon", 0.1, "Errors of amounts below this share of their deviation are free.", low=0, high=10,
                  search=(0.01, 0.3)),
        Parameter("max_rows", 5000, "The most rows learned from; more are sampled.", low=10, high=20_000,
                  search=(5000, 5000)),
        Parameter("max_iter", 100_000, "The most steps of the solver.", low=1, high=10**9, search=(100_000, 100_000)),
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
        """Fit on as many rows as the deadline allows; the seed draws rows and deals the inner folds.

        Raises
        ------
        UsageError
            When a value is missing, shapes do not fit or a setting does not fit.
        BudgetError
            When no time is left.
        """
        del validation
        chosen = admit(self, features, target, settings or {}, deadline)
        most = affordable_rows(int(chosen["max_rows"]), features.matrix.shape[1])
        rows = scaled_rows(features, target, most=most, seed=seed)
        if target.task == "classification" and len(np.unique(rows.target.values)) == 1:
            return ConstantModel(shares(target), target.task)

        def fit_some(size: int) -> KernelModel:
            some = rows if size >= len(rows.matrix) else rows.take(draw(rows.target, size, seed))
            return (
                _classifier(self, some, chosen, seed)
                if target.task == "classification"
                else _regressor(self, some, chosen, amounts_of(target))
            )

        with one_thread(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the notes say whether libsvm came to rest
            return grown(fit_some, len(rows.matrix), deadline, power=_POWER)


def _regressor(learner: SVM, rows: ScaledRows, chosen: Settings, amounts: Amounts) -> KernelModel:
    from sklearn.svm import SVR

    spread = amounts.spread or 1.0
    model = SVR(
        C=chosen["C"], gamma=_gamma(rows, chosen), epsilon=chosen["epsilon"], cache_size=_CACHE,
        max_iter=chosen["max_iter"],
    )  # fmt: skip
    model.fit(rows.matrix, (rows.target.values - amounts.centre) / spread, sample_weight=rows.target.weight)
    expansion = _expansion(rows, model, model.dual_coef_.T, model.intercept_)
    expansion = expansion.mapped(np.array([[spread]]), np.array([amounts.centre]))
    return KernelModel(learner, rows.scaling, expansion, None, _remarks(rows, model))


def _classifier(learner: SVM, rows: ScaledRows, chosen: Settings, seed: int) -> KernelModel:
    classes = classes_of(rows.target)
    expansion, remarks = _margins(rows, classes.codes, chosen)
    held, places = out_of_fold(
        rows, classes.codes, lambda part, codes: _margins(part, codes, chosen)[0].sums, seed=seed
    )
    weight = None if rows.target.weight is None else rows.target.weight[places]
    if len(np.unique(classes.codes[places])) == len(classes.present):
        expansion = expansion.mapped(*calibrated(held, classes.codes[places], weight))
    return KernelModel(learner, rows.scaling, expansion, classes, remarks)


def _margins(
    rows: ScaledRows, codes: NDArray[np.int64], chosen: Settings
) -> tuple[Expansion, dict[str, float | int | str | bool]]:
    """Return the margin of the second of two classes, or of each class the mean over its pairs."""
    from sklearn.svm import SVC

    model = SVC(
        C=chosen["C"], gamma=_gamma(rows, chosen), cache_size=_CACHE, max_iter=chosen["max_iter"],
        decision_function_shape="ovo",
    )  # fmt: skip
    model.fit(rows.matrix, codes, sample_weight=rows.target.weight)
    count = len(model.classes_)
    if count == 2:
        return _expansion(rows, model, model.dual_coef_.T, model.intercept_), _remarks(rows, model)
    owner = np.repeat(np.arange(count), model.n_support_)
    coefficients, intercept = np.zeros((len(owner), count)), np.zeros(count)
    for place, (one, other) in enumerate(combinations(range(count), 2)):
        # libsvm keeps the coefficients of a class in the rows of the classes it is held against.
        pair = np.where(owner == one, model.dual_coef_[other - 1], 0.0)
        pair += np.where(owner == other, model.dual_coef_[one], 0.0)
        for code, sign in ((one, 1.0), (other, -1.0)):
            coefficients[:, code] += sign * pair / (count - 1)
            intercept[code] += sign * model.intercept_[place] / (count - 1)
    return _expansion(rows, model, coefficients, intercept), _remarks(rows, model)


def _expansion(rows: ScaledRows, model: Any, coefficients: Doubles, intercept: Doubles) -> Expansion:
    if not len(model.support_):  # nothing lies outside epsilon
        return Expansion(rows.matrix[:1], 0.0, np.zeros((1, len(intercept))), np.asarray(intercept, np.float64))
    return Expansion(rows.matrix[model.support_], float(model.gamma), np.array(coefficients), np.array(intercept))


def _gamma(rows: ScaledRows, chosen: Settings) -> float:
    """Return the gamma that is set, or one over the features that vary."""
    return float(chosen["gamma"]) or 1.0 / max(1, int(np.count_nonzero(rows.scaling.factor)))


def _remarks(rows: ScaledRows, model: Any) -> dict[str, float | int | str | bool]:
    rested = int(model.fit_status_) == 0
    return {"gamma": float(model.gamma), "converged": rested, **rows.notes()}
