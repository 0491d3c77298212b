"""Logistic regression: the linear classifier, scikit-learn's, in float64."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.learner import Parameter
from mainstay.contracts.model import Affine, ModelGraph
from mainstay.learners.supervised.admission import admit, admit_rows, classes_of
from mainstay.learners.supervised.constant import ConstantModel, shares
from mainstay.learners.supervised.threads import one_thread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.learner import Deadline, Fitted, Learner, Target, TaskName, Value
    from mainstay.learners.supervised.admission import Classes

__all__ = ["ABSENT", "Logistic", "LogisticModel"]

ABSENT = -1e30
"""The sum given to a class without rows: its probability after softmax is exactly zero, and no infinity is needed."""

_PROBE = 10
"""Iterations after which the time of one is known; always taken, so that a far deadline changes nothing."""
_SPARSE_BELOW = 0.25
"""A matrix with fewer non-zero cells (one-hot columns) is learned from in sparse form: less memory, same answer."""
_CHUNK = 16_384


class Logistic:
    """Multinomial logistic regression with a squared penalty, fitted by L-BFGS.

    The features should be on one scale: the penalty and the speed depend on it.

    References
    ----------
    Byrd, Lu, Nocedal, Zhu (1995), "A limited memory algorithm for bound constrained optimization",
    doi:10.1137/0916069.

    Examples
    --------
    >>> from mainstay.contracts.arrays import Features
    >>> from mainstay.contracts.learner import NoDeadline, Target
    >>> features = Features(np.array([[-1], [-2], [1], [2]], np.float32), ("x",))
    >>> fitted = Logistic().fit(features, Target("classification", np.array([0, 0, 1, 1]), 2), seed=0,
    ...                         deadline=NoDeadline())
    >>> fitted.predict(features)[:, 1].round(2).tolist()
    [0.27, 0.12, 0.73, 0.88]
    """

    name: str = "logistic"
    tasks: tuple[TaskName, ...] = ("classification",)
    parameters: tuple[Parameter, ...] = (
        Parameter(
            "C",
            1.0,
            "Inverse strength of the squared penalty; smaller is stronger.",
            low=1e-6,
            high=1e6,
            log=True,
            search=(1e-3, 1e2),
        ),
        Parameter("max_iter", 200, "The most iterations.", low=1, high=100_000),
        Parameter("tol", 5e-4, "Stop when no gradient is larger.", low=0, high=1),
    )
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
        """Fit, and stop before the deadline with the coefficients reached by then.

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
        if len(classes.present) == 1:
            return ConstantModel(shares(target), target.task)
        matrix = _double(features.matrix)
        del features  # one-hot rows take many times their sparse form; nobody else holds them
        model, notes = _learn(matrix, classes.codes, target.weight, chosen, deadline)
        return LogisticModel(self, model, classes, notes)


@dataclass(frozen=True, slots=True)
class LogisticModel:
    """A fitted logistic regression of scikit-learn, whatever its penalty.

    Parameters
    ----------
    learner : Learner
    model : sklearn.linear_model.LogisticRegression
        Over the features as they come.
    classes : Classes
    remarks : mapping
        What :meth:`notes` says.
    """

    learner: Learner
    model: Any
    classes: Classes
    remarks: Mapping[str, Value]

    def predict(self, features: Features) -> NDArray[np.float64]:
        """Return scikit-learn's own probabilities."""
        matrix = features.matrix
        admit_rows(self.learner, features, self.model.coef_.shape[1])
        answers = np.empty((len(matrix), len(self.classes.present)))
        with one_thread():
            for start in range(0, len(matrix), _CHUNK):
                rows = slice(start, start + _CHUNK)
                answers[rows] = self.model.predict_proba(matrix[rows].astype(np.float64))
        return self.classes.widen(answers)

    def graph(self) -> ModelGraph:
        """Return coefficients and intercepts; a class without rows gets :data:`ABSENT`."""
        coefficients, intercept = self.model.coef_, self.model.intercept_
        if self.classes.count == 2:
            return ModelGraph(Affine(coefficients.T.copy(), intercept.copy()), "sigmoid")
        if len(self.classes.present) == 2:  # softmax over 0 and the sum is the sigmoid
            coefficients, intercept = np.vstack([0 * coefficients, coefficients]), np.append(0.0, intercept)
        wide = np.zeros((coefficients.shape[1], self.classes.count))
        wide[:, self.classes.present] = coefficients.T
        base = np.full(self.classes.count, ABSENT)
        base[self.classes.present] = intercept
        return ModelGraph(Affine(wide, base), "softmax")

    def notes(self) -> Mapping[str, Value]:
        """Return the remarks."""
        return self.remarks


def _double(matrix: NDArray[np.float32]) -> Any:
    """Return the matrix in float64, sparse where most cells are zero."""
    filled = np.concatenate([[0], np.count_nonzero(matrix, axis=1)]).cumsum()
    if filled[-1] > _SPARSE_BELOW * matrix.size:
        return matrix.astype(np.float64)
    from scipy.sparse import csr_matrix

    values, columns = np.empty(filled[-1], np.float64), np.empty(filled[-1], np.int32)
    for start in range(0, len(matrix), _CHUNK):
        rows = matrix[start : start + _CHUNK]
        places = slice(filled[start], filled[min(start + _CHUNK, len(matrix))])
        at, columns[places] = np.nonzero(rows)
        values[places] = rows[at, columns[places]]
    return csr_matrix((values, columns, filled), shape=matrix.shape)


def _learn(
    matrix: Any,
    codes: NDArray[np.int64],
    weight: NDArray[np.float64] | None,
    chosen: Mapping[str, Value],
    deadline: Deadline,
) -> tuple[Any, dict[str, Value]]:
    """Run L-BFGS in slices: a short one that tells the time of an iteration, then as many as the deadline allows."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=chosen["C"], tol=chosen["tol"], warm_start=True)
    left, done, seconds, step = int(chosen["max_iter"]), 0, 0.0, _PROBE
    converged = False
    with warnings.catch_warnings(), one_thread():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the notes say whether it converged
        while left > 0 and not converged:
            model.max_iter = min(step, left)
            began = time.perf_counter()
            model.fit(matrix, codes, sample_weight=weight)
            seconds += time.perf_counter() - began
            taken = int(model.n_iter_.max())
            done, left, converged = done + taken, left - max(taken, 1), taken < model.max_iter
            affordable = 0.8 * deadline.left() / max(seconds / max(done, 1), 1e-9)
            if affordable < 1:
                break
            step = int(min(affordable, left)) if left else 0
    return model, {"iterations": done, "converged": converged}
