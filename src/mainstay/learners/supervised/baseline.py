"""What can be said without looking at a feature: the yardstick that every other learner has to beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import UsageError
from mainstay.contracts.learner import Parameter, check_parameters
from mainstay.learners.supervised.constant import ConstantModel, shares

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.learner import Deadline, Fitted, Target, TaskName, Value

__all__ = ["Baseline"]


class Baseline:
    """Class shares, or the mean (or median) amount.

    Examples
    --------
    >>> from mainstay.contracts.arrays import Features
    >>> from mainstay.contracts.learner import NoDeadline, Target
    >>> features = Features(np.zeros((4, 0), np.float32), ())
    >>> fitted = Baseline().fit(features, Target("regression", np.array([1.0, 2.0, 3.0, 6.0])), seed=0,
    ...                         deadline=NoDeadline())
    >>> fitted.predict(features).tolist()
    [3.0, 3.0, 3.0, 3.0]
    """

    name: str = "baseline"
    tasks: tuple[TaskName, ...] = ("classification", "regression")
    parameters: tuple[Parameter, ...] = (
        Parameter("amount", "mean", "What is said of every row in regression.", choices=("mean", "median")),
    )
    takes_missing: bool = True
    takes_codes: bool = True
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
        """Count the classes or average the amounts; features, seed, deadline and validation do not matter.

        Raises
        ------
        UsageError
            When there is no row, or a setting does not fit.
        """
        del seed, deadline, validation
        chosen = check_parameters(self.name, self.parameters, settings or {})
        if len(target.values) == 0 or len(target.values) != features.matrix.shape[0]:
            raise UsageError(
                f"a target for each row was expected, and {len(target.values)} targets came for "
                f"{features.matrix.shape[0]} rows",
                where=self.name,
            )
        if target.task == "classification":
            return ConstantModel(shares(target), target.task)
        values = np.asarray(target.values, np.float64)
        if chosen["amount"] == "median":
            return ConstantModel(np.array([_median(values, target.weight)]), target.task)
        return ConstantModel(np.array([np.average(values, weights=target.weight)]), target.task)


def _median(values: NDArray[np.float64], weight: NDArray[np.float64] | None) -> float:
    if weight is None:
        return float(np.median(values))
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])
