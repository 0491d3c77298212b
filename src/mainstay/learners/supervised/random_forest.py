"""Random forest: many deep trees on resampled rows, averaged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mainstay.learners.supervised.forest import Growth, forest_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.learner import Deadline, Fitted, Parameter, Target, TaskName, Value

__all__ = ["RandomForest"]


class RandomForest:
    """A random forest (scikit-learn's), its leaves bounded so that the model file stays small.

    References
    ----------
    Breiman (2001), "Random forests", doi:10.1023/A:1010933404324.

    Examples
    --------
    >>> import numpy as np
    >>> from mainstay.contracts.arrays import Features
    >>> from mainstay.contracts.learner import NoDeadline, Target
    >>> features = Features(np.arange(40, dtype=np.float32)[:, None], ("x",))
    >>> target = Target("classification", (np.arange(40) >= 20).astype(np.int64), 2)
    >>> fitted = RandomForest().fit(features, target, seed=0, deadline=NoDeadline(), settings={"n_estimators": 10})
    >>> fitted.notes()["trees"], fitted.predict(features)[[0, 39], 1].round().tolist()
    (10, [0.0, 1.0])
    """

    name: str = "random_forest"
    tasks: tuple[TaskName, ...] = ("classification", "regression")
    parameters: tuple[Parameter, ...] = forest_parameters(max_features=0.0, bootstrap=True)
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
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    return (RandomForestClassifier if task == "classification" else RandomForestRegressor)(**options)
