"""AdaBoost: trees that each look hardest at the rows that the trees before them got wrong.

scikit-learn's loop has no question for a deadline, so its single step is wrapped: with no time left it ends the loop
in the way in which a step says that nothing more can be learned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.learner import Parameter
from mainstay.learners.scikit_trees import read_trees
from mainstay.learners.supervised.admission import admit, admit_rows
from mainstay.learners.supervised.boosted import Problem
from mainstay.learners.supervised.sklearn_trees import affordable_depth, writable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.learner import Deadline, Fitted, Target, TaskName, Value
    from mainstay.contracts.model import ModelGraph

__all__ = ["AdaBoost"]

_RESERVE = 2.0
"""How many trees' time is kept free for ending."""


class AdaBoost:
    """AdaBoost of small trees: SAMME for any number of classes, R2 for amounts (scikit-learn's).

    Probabilities are the softmax of the weighted votes: their order means more than their size. An amount is the
    weighted *mean* of the trees, where AdaBoost.R2 takes their weighted median: a median per row would need a sort in
    the graph, and with trees as deep as the default the mean was as near to the truth (see ``docs/log.md``).

    References
    ----------
    Zhu, Zou, Rosset, Hastie (2009), "Multi-class AdaBoost", doi:10.4310/SII.2009.v2.n3.a8. Drucker (1997), "Improving
    regressors using boosting techniques", ICML 14.

    Examples
    --------
    >>> from mainstay.contracts.arrays import Features
    >>> from mainstay.contracts.learner import NoDeadline, Target
    >>> features = Features(np.arange(40, dtype=np.float32)[:, None], ("x",))
    >>> target = Target("classification", (np.arange(40) // 10 % 2).astype(np.int64), 2)
    >>> fitted = AdaBoost().fit(features, target, seed=0, deadline=NoDeadline())
    >>> fitted.predict(features)[[5, 15, 25, 35]].argmax(axis=1).tolist()
    [0, 1, 0, 1]
    """

    name: str = "adaboost"
    tasks: tuple[TaskName, ...] = ("classification", "regression")
    parameters: tuple[Parameter, ...] = (
        Parameter("n_estimators", 100, "The most trees.", low=1, high=100_000, log=True, search=(30, 300)),
        Parameter("learning_rate", 0.5, "How fast rows that were wrong gain weight.", low=1e-4, high=10, log=True,
                  search=(0.05, 2.0)),
        Parameter("max_depth", 0, "The most questions that a tree asks; 0 takes 3 in classification, 6 in regression.",
                  low=0, high=30, search=(1, 8)),
        Parameter("min_samples_leaf", 5, "The fewest rows in a leaf.", low=1, high=10**9, log=True, search=(1, 50)),
        Parameter("loss", "linear", "How an error counts in regression.", choices=("linear", "square", "exponential")),
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
        """Add trees until there are ``n_estimators``, one is perfect or worse than chance, or the deadline is near.

        Raises
        ------
        UsageError
            When shapes do not fit, a value is missing or infinite or a setting does not fit.
        BudgetError
            When no time is left.
        """
        del validation
        chosen = admit(self, features, target, settings or {}, deadline)
        problem = Problem.of(target)
        if problem.constant is not None:
            return problem.constant
        matrix = writable(features.matrix)
        labels = problem.labels if problem.classes is None else problem.labels.astype(np.int64)
        depth = affordable_depth(_tree(problem, 1, chosen), matrix, labels, deadline)
        wanted = int(chosen["max_depth"]) or (6 if problem.classes is None else 3)
        tree = _tree(problem, min(wanted, depth or 30), chosen)
        model = _ensemble(problem, tree, chosen, seed, deadline)
        weight = None if target.weight is None else writable(target.weight)
        try:
            model.fit(matrix, labels, sample_weight=weight)
        except ValueError:
            if model.estimators_:
                raise
            return problem.still(target)  # the first tree is no better than chance: the features tell nothing
        return _Model(self, model, problem, int(chosen["n_estimators"]))


def _tree(problem: Problem, depth: int, chosen: Mapping[str, Value]) -> Any:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    kind = DecisionTreeRegressor if problem.classes is None else DecisionTreeClassifier
    return kind(max_depth=depth, min_samples_leaf=int(chosen["min_samples_leaf"]))


def _ensemble(problem: Problem, tree: Any, chosen: Mapping[str, Value], seed: int, deadline: Deadline) -> Any:
    """Return scikit-learn's ensemble with a step that asks the deadline first."""
    from sklearn.ensemble import AdaBoostClassifier, AdaBoostRegressor

    kind: Any = AdaBoostRegressor if problem.classes is None else AdaBoostClassifier
    began = deadline.left()

    class Timed(kind):  # type: ignore[misc]
        def _boost(self, done: int, *arguments: Any) -> Any:
            left = deadline.left()
            if done and left < _RESERVE * (began - left) / done:
                return None, None, None
            return super()._boost(done, *arguments)

    options: dict[str, Any] = {"loss": chosen["loss"]} if problem.classes is None else {}
    return Timed(
        estimator=tree,
        n_estimators=int(chosen["n_estimators"]),
        learning_rate=float(chosen["learning_rate"]),
        random_state=seed & 0x7FFFFFFF,
        **options,
    )


@dataclass(frozen=True, slots=True)
class _Model:
    learner: AdaBoost
    model: Any
    problem: Problem
    wanted: int

    def predict(self, features: Features) -> NDArray[np.float64]:
        """Return scikit-learn's own probabilities, or the weighted mean of its trees."""
        admit_rows(self.learner, features, self.model.n_features_in_)
        problem = self.problem
        if not len(features.matrix):
            return problem.answers(np.empty((0, problem.outputs)))
        matrix = writable(features.matrix)
        if problem.classes is None:
            each = np.stack([tree.predict(matrix) for tree in self.model.estimators_], axis=1)
            return problem.answers(each @ self._shares())
        found = self.model.predict_proba(matrix)
        return problem.answers(found[:, 1] if problem.outputs == 1 else found)

    def graph(self) -> ModelGraph:
        trees = [member.tree_ for member in self.model.estimators_]
        values = [self._votes(tree.value[:, 0, :], share) for tree, share in zip(trees, self._shares(), strict=True)]
        return self.problem.model(read_trees(trees, values, np.zeros(self.problem.outputs)))

    def notes(self) -> Mapping[str, Value]:
        trees = len(self.model.estimators_)
        return {"trees": trees, "cut_short": trees < self.wanted}

    def _shares(self) -> NDArray[np.float64]:
        """Return the weight of each tree, summing to one."""
        weights = np.asarray(self.model.estimator_weights_[: len(self.model.estimators_)], np.float64)
        total = float(weights.sum())
        return weights / total if total > 0 else np.full(len(weights), 1.0 / len(weights))

    def _votes(self, value: NDArray[np.float64], share: float) -> NDArray[np.float64]:
        """Return what each leaf adds to the sums: SAMME's votes, or a share of the mean."""
        if self.problem.classes is None:
            return value * share
        winner = value.argmax(axis=1)
        count = value.shape[1]
        if count == 2:
            return np.where(winner == 1, 2.0 * share, -2.0 * share)[:, None]
        votes = np.where(np.arange(count) == winner[:, None], share, -share / (count - 1))
        return np.asarray(votes / (count - 1), np.float64)
