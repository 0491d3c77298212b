"""Elastic net: linear models with an absolute and a squared penalty, for amounts and for classes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import BudgetError
from mainstay.contracts.learner import Parameter
from mainstay.contracts.model import Affine, ModelGraph
from mainstay.learners.supervised.admission import admit, admit_rows, classes_of
from mainstay.learners.supervised.constant import ConstantModel, shares
from mainstay.learners.supervised.descent import Descent, Place
from mainstay.learners.supervised.margins import likely, widened
from mainstay.learners.supervised.penalised import Penalty, fit_penalised
from mainstay.learners.supervised.scaled_rows import chunks, deal, draw, scaled_rows
from mainstay.learners.supervised.threads import one_thread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.learner import Deadline, Fitted, Target, TaskName, Value
    from mainstay.learners.supervised.admission import Classes
    from mainstay.learners.supervised.scaled_rows import ScaledRows

    Doubles = NDArray[np.float64]

__all__ = ["ElasticNet"]

_CELLS = 25_000_000
"""Rows times features that are learned from for classes: 200 MB in float64."""
_CHOICE_ROWS = 20_000
"""Rows on which the penalty for classes is chosen."""
_STEPS = 8
"""Penalties tried for classes, two per decade."""
_PATIENCE = 2
"""Penalties without gain after which weaker ones are not tried."""
_LEAST = 5
"""Rows of a class below which none is held out."""


class ElasticNet:
    """Least squares, or multinomial logistic regression, with an absolute and a squared penalty.

    With ``alpha = 0`` (the default) the penalty is chosen: for amounts by 5-fold cross-validation among 60, for
    classes by the log loss on a held-out fifth of up to 20,000 rows among 8, from strong to weak. Amounts are fitted by
    coordinate descent on the moments (scikit-learn's), classes by accelerated proximal descent. For classes at most
    25 million cells of the matrix are learned from, a seeded draw of the rows.

    References
    ----------
    Zou, Hastie (2005), doi:10.1111/j.1467-9868.2005.00503.x; Beck, Teboulle (2009), doi:10.1137/080716542.

    Examples
    --------
    >>> from mainstay.contracts.arrays import Features
    >>> from mainstay.contracts.learner import NoDeadline, Target
    >>> matrix = np.random.default_rng(0).normal(size=(200, 5)).astype(np.float32)
    >>> target = Target("classification", (matrix[:, 0] > 0).astype(np.int64), 2)
    >>> fitted = ElasticNet().fit(Features(matrix, tuple("abcde")), target, seed=0, deadline=NoDeadline(),
    ...                           settings={"alpha": 0.1})
    >>> fitted.notes()["coefficients_kept"]
    1
    """

    name: str = "elastic_net"
    tasks: tuple[TaskName, ...] = ("classification", "regression")
    parameters: tuple[Parameter, ...] = (
        Parameter(
            "alpha",
            0.0,
            "Strength of the penalty on standardised features (and amounts); 0 chooses it.",
            low=0,
            high=1e6,
            log=True,
            search=(1e-5, 1.0),
        ),
        Parameter(
            "l1_ratio", 0.5, "The share of the absolute penalty; 1 is the lasso.", low=0, high=1, search=(0.05, 1)
        ),
        Parameter("max_iter", 1000, "The most passes over coefficients or rows.", low=1, high=1_000_000),
        Parameter("tol", 1e-4, "Stop when a step or the duality gap is below this share.", low=1e-12, high=1),
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
        """Fit; the seed deals the rows into folds.

        Raises
        ------
        UsageError
            When a value is missing, shapes do not fit or a setting does not fit.
        BudgetError
            When the time ends before there is an answer.
        """
        del validation
        chosen = admit(self, features, target, settings or {}, deadline)
        penalty = Penalty(
            float(chosen["alpha"]), float(chosen["l1_ratio"]), int(chosen["max_iter"]), float(chosen["tol"])
        )
        if target.task == "regression":
            return fit_penalised(self, features, target, penalty, seed=seed, deadline=deadline)
        most = max(1000, _CELLS // features.matrix.shape[1])
        rows = scaled_rows(features, target, most=most, seed=seed, limit=np.inf)
        classes = classes_of(rows.target)
        if len(classes.present) == 1:
            return ConstantModel(shares(target), target.task)
        with one_thread():
            descent = Descent.over(rows.matrix, classes.codes, rows.target.weight)
            best, start = penalty.alpha, descent.start()
            if not best:
                best, start = _chosen(rows, classes.codes, penalty, seed=seed, deadline=deadline)
            found = descent.walk(start, best, penalty, deadline)
        kept = int(np.count_nonzero(found.slopes))
        coefficients = found.slopes * rows.scaling.factor[:, None]
        intercept = found.intercept - rows.scaling.centre @ coefficients
        remarks = {"alpha": float(best), "coefficients_kept": kept, "passes": found.passes, "converged": found.rested}
        return _ElasticModel(self, coefficients, intercept, classes, remarks | rows.notes())


@dataclass(frozen=True, slots=True)
class _ElasticModel:
    """A linear classifier over the features as they come: one logit for two classes, or one for each with rows."""

    learner: ElasticNet
    coefficients: Doubles
    intercept: Doubles
    classes: Classes
    remarks: Mapping[str, Value]

    def predict(self, features: Features) -> Doubles:
        admit_rows(self.learner, features, len(self.coefficients))
        sums = np.empty((len(features.matrix), len(self.intercept)))
        with one_thread():
            for part in chunks(len(sums)):
                sums[part] = features.matrix[part].astype(np.float64) @ self.coefficients + self.intercept
        return self.classes.widen(likely(sums))

    def graph(self) -> ModelGraph:
        coefficients, intercept, link = widened(self.classes, self.coefficients, self.intercept)
        return ModelGraph(Affine(coefficients, intercept), link)

    def notes(self) -> Mapping[str, Value]:
        return self.remarks


def _chosen(
    rows: ScaledRows, codes: NDArray[np.int64], penalty: Penalty, *, seed: int, deadline: Deadline
) -> tuple[float, Place]:
    """Return the penalty with the least log loss on held-out rows, and where its descent came to.

    Half of the time is kept for the fit itself.
    """
    some = draw(rows.target, _CHOICE_ROWS, seed)
    rows, codes = rows.take(some), codes[some]
    weight = np.ones(len(codes)) if rows.target.weight is None else rows.target.weight
    held = (deal(rows.target, 5, seed) == 0) & (np.bincount(codes)[codes] >= _LEAST)
    descent = Descent.over(rows.matrix[~held], codes[~held], weight[~held])
    alphas = _grid(descent.strongest(), penalty.l1_ratio)
    if not held.any():
        return float(alphas[len(alphas) // 2]), descent.start()
    rough = replace(penalty, max_iter=min(penalty.max_iter, 100), tol=10 * penalty.tol)
    places, losses, half = [descent.start()], list[float](), _Half(deadline)
    for alpha in alphas:
        places.append(descent.walk(places[-1], alpha, rough, half))
        shares_found = likely(rows.matrix[held] @ places[-1].slopes + places[-1].intercept)
        own = shares_found[np.arange(len(shares_found)), codes[held]]
        losses.append(float(np.average(-np.log(np.maximum(own, 1e-15)), weights=weight[held])))
        if half.left() <= 0 or len(losses) - np.argmin(losses) > _PATIENCE:
            break
    if deadline.left() <= 0:
        raise BudgetError("the time ended before there was an answer", where="elastic_net", hint="Give more time.")
    best = int(np.argmin(losses))
    return float(alphas[best]), places[best + 1]


def _grid(largest: float, l1_ratio: float) -> Doubles:
    """Return penalties from half a decade below the one that leaves no coefficient."""
    return np.asarray(max(largest / max(l1_ratio, 0.05), 1e-9) * 10.0 ** (-0.5 * np.arange(1, _STEPS + 1)))


class _Half:
    """A deadline that leaves half of the time of another one."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._kept = 0.5 * deadline.left()

    def left(self) -> float:
        """Return the seconds that are left of this half."""
        if self._kept == float("inf"):
            return self._kept
        return max(0.0, self._deadline.left() - self._kept)
