"""Lasso: the linear learner for amounts that keeps few features."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.contracts.learner import Parameter
from mainstay.learners.supervised.admission import admit
from mainstay.learners.supervised.penalised import Penalty, fit_penalised

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.learner import Deadline, Fitted, Target, TaskName, Value

__all__ = ["Lasso"]


class Lasso:
    """Least squares with a penalty on the absolute coefficients, which leaves many of them at zero.

    With ``alpha = 0`` (the default) the penalty is chosen by 5-fold cross-validation among 60, from the weakest that
    leaves no coefficient down to a ten-thousandth of it.

    References
    ----------
    Tibshirani (1996), "Regression shrinkage and selection via the lasso", doi:10.1111/j.2517-6161.1996.tb02080.x;
    Friedman, Hastie, Tibshirani (2010), doi:10.18637/jss.v033.i01.

    Examples
    --------
    >>> import numpy as np
    >>> from mainstay.contracts.arrays import Features
    >>> from mainstay.contracts.learner import NoDeadline, Target
    >>> matrix = np.random.default_rng(0).normal(size=(200, 5)).astype(np.float32)
    >>> target = Target("regression", 3.0 * matrix[:, 0].astype(np.float64))
    >>> fitted = Lasso().fit(Features(matrix, tuple("abcde")), target, seed=0, deadline=NoDeadline(),
    ...                      settings={"alpha": 0.1})
    >>> fitted.notes()["coefficients_kept"]
    1
    """

    name: str = "lasso"
    tasks: tuple[TaskName, ...] = ("regression",)
    parameters: tuple[Parameter, ...] = (
        Parameter(
            "alpha",
            0.0,
            "Strength of the penalty on standardised features and target; 0 chooses it by cross-validation.",
            low=0,
            high=1e6,
            log=True,
            search=(1e-5, 1.0),
        ),
        Parameter("max_iter", 1000, "The most passes over the coefficients.", low=1, high=1_000_000),
        Parameter("tol", 1e-5, "Stop when the duality gap is below this share.", low=1e-12, high=1),
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
        """Fit from the moments; the seed deals the rows into folds.

        Raises
        ------
        UsageError
            When a value is missing, shapes do not fit or a setting does not fit.
        BudgetError
            When the time ends before there is an answer.
        """
        del validation
        chosen = admit(self, features, target, settings or {}, deadline)
        penalty = Penalty(float(chosen["alpha"]), 1.0, int(chosen["max_iter"]), float(chosen["tol"]))
        return fit_penalised(self, features, target, penalty, seed=seed, deadline=deadline)
