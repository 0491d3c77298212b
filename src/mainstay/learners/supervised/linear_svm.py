"""Linear support vector machines, scikit-learn's (liblinear), for classes and amounts."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.learner import Parameter
from mainstay.contracts.model import Affine, ModelGraph
from mainstay.learners.supervised.admission import admit, admit_rows, amounts_of, classes_of
from mainstay.learners.supervised.constant import ConstantModel, shares
from mainstay.learners.supervised.growing import grown
from mainstay.learners.supervised.margins import calibrated, likely, out_of_fold, widened
from mainstay.learners.supervised.scaled_rows import chunks, draw, scaled_rows
from mainstay.learners.supervised.threads import one_thread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.formulas import Scaling
    from mainstay.contracts.learner import Deadline, Fitted, Target, TaskName, Value
    from mainstay.learners.supervised.admission import Amounts, Classes
    from mainstay.learners.supervised.scaled_rows import ScaledRows

    Doubles = NDArray[np.float64]
    Settings = Mapping[str, Value]

__all__ = ["LinearSVM"]

_CELLS = 25_000_000
"""Rows times features that are learned from: 200 MB in float64."""
_POWER = 1.2


class LinearSVM:
    """A linear classifier by squared hinge loss, or a linear fit that forgives errors below epsilon.

    Features are standardised. Several classes are each held against the rest. Probabilities come from a logistic
    regression on margins of inner folds (Platt's sigmoid for two classes). At most 25 million cells of the matrix are
    learned from, a seeded draw of the rows, and fewer where a deadline needs it.

    References
    ----------
    Fan et al. (2008), "LIBLINEAR: a library for large linear classification", JMLR 9; Ho, Lin (2012), JMLR 13.

    Examples
    --------
    >>> from mainstay.contracts.arrays import Features
    >>> from mainstay.contracts.learner import NoDeadline, Target
    >>> matrix = np.random.default_rng(0).normal(size=(300, 2)).astype(np.float32)
    >>> target = Target("classification", (matrix.sum(axis=1) > 0).astype(np.int64), 2)
    >>> fitted = LinearSVM().fit(Features(matrix, ("x", "y")), target, seed=0, deadline=NoDeadline())
    >>> bool((fitted.predict(Features(matrix, ("x", "y"))).argmax(axis=1) == target.values).mean() > 0.98)
    True
    """

    name: str = "linear_svm"
    tasks: tuple[TaskName, ...] = ("classification", "regression")
    parameters: tuple[Parameter, ...] = (
        Parameter("C", 1.0, "How much an error costs against a simple model.", low=1e-6, high=1e6, log=True,
                  search=(1e-3, 1e2)),
        Parameter("epsilon", 0.0, "Errors of amounts below this share of their deviation are free.", low=0, high=10,
                  search=(0.0, 0.3)),
        Parameter(
            "loss", "squared_epsilon_insensitive",
            "How errors of amounts count: squared, or by their size, which outliers sway less.",
            choices=("squared_epsilon_insensitive", "epsilon_insensitive"),
        ),
        Parameter("max_iter", 1000, "The most passes of the solver.", low=1, high=1_000_000, search=(1000, 1000)),
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
        most = max(1000, _CELLS // features.matrix.shape[1])
        rows = scaled_rows(features, target, most=most, seed=seed, limit=np.inf)
        if target.task == "classification" and len(np.unique(rows.target.values)) == 1:
            return ConstantModel(shares(target), target.task)

        def fit_some(size: int) -> _LinearModel:
            some = rows if size >= len(rows.matrix) else rows.take(draw(rows.target, size, seed))
            if target.task == "classification":
                return _classifier(self, some, chosen, seed)
            return _regressor(self, some, chosen, amounts_of(target), seed)

        with one_thread(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the notes say whether liblinear came to rest
            return grown(fit_some, len(rows.matrix), deadline, power=_POWER)


@dataclass(frozen=True, slots=True)
class _LinearModel:
    """liblinear's model, and the map of its margins to logits or amounts."""

    learner: LinearSVM
    scaling: Scaling
    model: Any
    slopes: Doubles
    intercepts: Doubles
    classes: Classes | None
    remarks: Mapping[str, Value]

    def predict(self, features: Features) -> Doubles:
        admit_rows(self.learner, features, len(self.scaling.centre))
        sums = np.empty((len(features.matrix), len(self.intercepts)))
        with one_thread():
            for part in chunks(len(sums)):
                margins = _margins(self.model, self.scaling.apply(features.matrix[part]))
                sums[part] = margins @ self.slopes + self.intercepts
        return sums[:, 0] if self.classes is None else self.classes.widen(likely(sums))

    def graph(self) -> ModelGraph:
        coefficients = np.atleast_2d(self.model.coef_).T @ self.slopes
        intercept = np.atleast_1d(self.model.intercept_) @ self.slopes + self.intercepts
        coefficients = coefficients * self.scaling.factor[:, None]
        intercept = intercept - self.scaling.centre @ coefficients
        if self.classes is None:
            return ModelGraph(Affine(coefficients, intercept), "identity")
        coefficients, intercept, link = widened(self.classes, coefficients, intercept)
        return ModelGraph(Affine(coefficients, intercept), link)

    def notes(self) -> Mapping[str, Value]:
        return self.remarks


def _regressor(learner: LinearSVM, rows: ScaledRows, chosen: Settings, amounts: Amounts, seed: int) -> _LinearModel:
    from sklearn.svm import LinearSVR

    spread = amounts.spread or 1.0
    model = LinearSVR(
        C=chosen["C"], epsilon=chosen["epsilon"], loss=chosen["loss"], max_iter=chosen["max_iter"],
        dual=chosen["loss"] == "epsilon_insensitive", random_state=seed,
    )  # fmt: skip
    model.fit(rows.matrix, (rows.target.values - amounts.centre) / spread, sample_weight=rows.target.weight)
    slopes, intercepts = np.array([[spread]]), np.array([amounts.centre])
    return _LinearModel(learner, rows.scaling, model, slopes, intercepts, None, _remarks(rows, model))


def _classifier(learner: LinearSVM, rows: ScaledRows, chosen: Settings, seed: int) -> _LinearModel:
    classes = classes_of(rows.target)

    def fit(part: ScaledRows, codes: NDArray[np.int64]) -> Any:
        from sklearn.svm import LinearSVC

        model = LinearSVC(C=chosen["C"], dual=False, max_iter=chosen["max_iter"], random_state=seed)
        return model.fit(part.matrix, codes, sample_weight=part.target.weight)

    def margins(part: ScaledRows, codes: NDArray[np.int64]) -> Any:
        model = fit(part, codes)
        return lambda matrix: _margins(model, matrix)

    model = fit(rows, classes.codes)
    held, places = out_of_fold(rows, classes.codes, margins, seed=seed)
    slopes, intercepts = np.eye(len(np.atleast_1d(model.intercept_))), np.zeros(len(np.atleast_1d(model.intercept_)))
    if len(np.unique(classes.codes[places])) == len(classes.present):
        weight = None if rows.target.weight is None else rows.target.weight[places]
        slopes, intercepts = calibrated(held, classes.codes[places], weight)
    return _LinearModel(learner, rows.scaling, model, slopes, intercepts, classes, _remarks(rows, model))


def _margins(model: Any, matrix: Doubles) -> Doubles:
    """Return liblinear's own margins or amounts, (n, 1) or (n, classes)."""
    if not len(matrix):
        return np.empty((0, np.size(model.intercept_)))
    found = model.decision_function(matrix) if hasattr(model, "decision_function") else model.predict(matrix)
    return np.asarray(found, np.float64).reshape(len(matrix), -1)


def _remarks(rows: ScaledRows, model: Any) -> dict[str, float | int | str | bool]:
    passes = int(np.max(model.n_iter_))
    return {"passes": passes, "converged": passes < model.max_iter, **rows.notes()}
