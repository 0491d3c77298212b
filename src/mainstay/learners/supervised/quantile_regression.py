"""Quantile regression: the linear model of the median, or of another quantile, by scikit-learn's linear programme."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.learner import Parameter
from mainstay.contracts.model import Affine, ModelGraph
from mainstay.learners.supervised.admission import admit, admit_rows, amounts_of
from mainstay.learners.supervised.growing import grown
from mainstay.learners.supervised.scaled_rows import chunks, draw, scaled_rows
from mainstay.learners.supervised.threads import one_thread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.formulas import Scaling
    from mainstay.contracts.learner import Deadline, Fitted, Target, TaskName, Value
    from mainstay.learners.supervised.scaled_rows import ScaledRows

    Doubles = NDArray[np.float64]

__all__ = ["QuantileRegression"]

_CELLS = 1_000_000
"""Rows times features that are learned from: the linear programme holds them several times."""
_POWER = 1.6


class QuantileRegression:
    """Linear regression with the pinball loss: a share ``quantile`` of the rows lies below the answer.

    At 0.5 (the default) errors count by their size, so outliers sway it less than least squares. Features and amounts
    are standardised. More than ``max_rows`` rows, or 1,000,000 cells, are sampled (seeded), and fewer where a deadline
    needs it.

    References
    ----------
    Koenker, Bassett (1978), "Regression quantiles", doi:10.2307/1913643; Huangfu, Hall (2018), "HiGHS",
    doi:10.1007/s12532-017-0130-5.

    Examples
    --------
    >>> from mainstay.contracts.arrays import Features
    >>> from mainstay.contracts.learner import NoDeadline, Target
    >>> features = Features(np.array([[0], [1], [2], [3], [4]], np.float32), ("x",))
    >>> target = Target("regression", np.array([0.0, 1.0, 2.0, 3.0, 400.0]))
    >>> fitted = QuantileRegression().fit(features, target, seed=0, deadline=NoDeadline(), settings={"alpha": 0.0})
    >>> fitted.predict(features).round(3).tolist()
    [0.0, 1.0, 2.0, 3.0, 4.0]
    """

    name: str = "quantile_regression"
    tasks: tuple[TaskName, ...] = ("regression",)
    parameters: tuple[Parameter, ...] = (
        Parameter("quantile", 0.5, "The share of rows that lie below the answer.", low=0.001, high=0.999,
                  search=(0.5, 0.5)),
        Parameter("alpha", 1e-4, "Strength of the absolute penalty on standardised features.", low=0, high=1e3,
                  log=True, search=(1e-6, 1e-1)),
        Parameter("max_rows", 5_000, "The most rows learned from; more are sampled.", low=10, high=200_000,
                  search=(5_000, 5_000)),
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
        """Solve the linear programme on as many rows as the deadline allows; the seed draws them.

        Raises
        ------
        UsageError
            When a value is missing, shapes do not fit or a setting does not fit.
        BudgetError
            When no time is left.
        """
        del validation
        chosen = admit(self, features, target, settings or {}, deadline)
        most = min(int(chosen["max_rows"]), max(1000, _CELLS // features.matrix.shape[1]))
        rows = scaled_rows(features, target, most=most, seed=seed, limit=np.inf)

        def fit_some(size: int) -> _QuantileModel:
            some = rows if size >= len(rows.matrix) else rows.take(draw(rows.target, size, seed))
            return _solved(self, some, float(chosen["quantile"]), float(chosen["alpha"]), amounts_of(target).spread)

        with one_thread():
            return grown(fit_some, len(rows.matrix), deadline, power=_POWER)


@dataclass(frozen=True, slots=True)
class _QuantileModel:
    learner: QuantileRegression
    scaling: Scaling
    model: Any
    spread: float
    centre: float
    remarks: Mapping[str, Value]

    def predict(self, features: Features) -> Doubles:
        admit_rows(self.learner, features, len(self.scaling.centre))
        answers = np.empty(len(features.matrix))
        for part in chunks(len(answers)):
            answers[part] = self.model.predict(self.scaling.apply(features.matrix[part])) * self.spread + self.centre
        return answers

    def graph(self) -> ModelGraph:
        slopes = self.model.coef_ * self.scaling.factor * self.spread
        intercept = float(self.model.intercept_) * self.spread + self.centre - float(self.scaling.centre @ slopes)
        return ModelGraph(Affine(slopes[:, None], np.array([intercept])), "identity")

    def notes(self) -> Mapping[str, Value]:
        return {"coefficients_kept": int(np.count_nonzero(self.model.coef_)), **self.remarks}


def _solved(
    learner: QuantileRegression, rows: ScaledRows, quantile: float, alpha: float, spread: float
) -> _QuantileModel:
    from sklearn.linear_model import QuantileRegressor

    centre, spread = float(np.median(rows.target.values)), spread or 1.0
    # Interior points take a quarter of the time of the simplex from 5,000 rows on, and end at the same corner.
    model = QuantileRegressor(quantile=quantile, alpha=alpha, solver="highs-ipm")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(rows.matrix, (rows.target.values - centre) / spread, sample_weight=rows.target.weight)
    return _QuantileModel(learner, rows.scaling, model, spread, centre, {"quantile": quantile, **rows.notes()})
