"""Extremely randomised trees: many trees whose thresholds are drawn at random, averaged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mainstay.learners.supervised.forest import Growth, forest_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.learner import Deadline, Fitted, Parameter, Target, TaskName, Value

__all__ = ["ExtraTrees"]


class ExtraTrees:
    """Extremely randomised trees (scikit-learn's), their leaves bounded so that the model file stays small.

    References
    ----------
    Geurts, Ernst, Wehenkel (2006), "Extremely randomized trees", doi:10.1007/s10994-006-6226-1.

    Examples
    --------
    >>> import numpy as np
    >>> from mainstay.contracts.arrays import Features
    >>> from mainstay.contracts.learner import NoDeadline, Target
    >>> features = Features(np.arange(40, dtype=np.float32)[:, None], ("x",))
    >>> target = Target("classification", (np.arange(40) >= 20).astype(np.int64), 2)
    >>> fitted = ExtraTrees().fit(features, target, seed=0, deadline=NoDeadline(), settings={"n_estimators": 10})
    >>> fitted.notes()["trees"], fitted.predict(features)[[0, 39], 1].round().tolist()
    (10, [0.0, 1.0])
    """

    name: str = "extra_trees"
    tasks: tuple[TaskName, ...] = ("classification", "regression")
    parameters: tuple[Parameter, ...] = forest_parameters(max_features=0.5, bootstrap=False)
    takes_missing: bool = True
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
        """Grow trees until there are ``n_estimators`` or the deadline is near.

        Raises
        ------
        UsageError
            When shapes do not fit, a value is infinite or a setting does not fit.
        BudgetError
            When no time is left.
        """
        del validation
        return Growth(self, _forest).fit(features, target, settings or {}, seed=seed, deadline=deadline)


def _forest(task: TaskName, **options: Any) -> Any:
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    return (ExtraTreesClassifier if task == "classification" else ExtraTreesRegressor)(**options)
