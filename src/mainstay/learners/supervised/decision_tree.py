"""One decision tree, small enough to be read by a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.learner import Parameter
from mainstay.learners.supervised.admission import admit, amounts_of, classes_of
from mainstay.learners.supervised.constant import ConstantModel, shares
from mainstay.learners.supervised.sklearn_trees import TreeModel, affordable_depth, writable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.learner import Deadline, Fitted, Target, TaskName, Value

__all__ = ["DecisionTree"]


class DecisionTree:
    """A CART tree of at most ``max_leaf_nodes`` leaves, the most useful splits first (scikit-learn's).

    Leaves answer shares that lean towards those of all rows, as if each leaf had one more row per class of them: a
    leaf of 10 rows of one class cannot be certain.

    References
    ----------
    Breiman, Friedman, Olshen, Stone (1984), "Classification and Regression Trees", doi:10.1201/9781315139470.
    Provost, Domingos (2003), "Tree Induction for Probability-Based Ranking", doi:10.1023/A:1024099825458.

    Examples
    --------
    >>> from mainstay.contracts.arrays import Features
    >>> from mainstay.contracts.learner import NoDeadline, Target
    >>> features = Features(np.arange(40, dtype=np.float32)[:, None], ("x",))
    >>> target = Target("classification", (np.arange(40) >= 20).astype(np.int64), 2)
    >>> fitted = DecisionTree().fit(features, target, seed=0, deadline=NoDeadline())
    >>> fitted.notes()["leaves"], fitted.predict(features)[[0, 39], 1].round(4).tolist()
    (2, [0.0455, 0.9545])
    """

    name: str = "decision_tree"
    tasks: tuple[TaskName, ...] = ("classification", "regression")
    parameters: tuple[Parameter, ...] = (
        Parameter("max_leaf_nodes", 64, "The most leaves.", low=2, high=100_000, log=True, search=(8, 1024)),
        Parameter("max_depth", 12, "The most questions that a row is asked.", low=1, high=60),
        Parameter("min_samples_leaf", 10, "The fewest rows in a leaf.", low=1, high=10**9, log=True, search=(1, 200)),
        Parameter("ccp_alpha", 0.0, "Prune branches that gain less than this.", low=0),
    )
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
        """Grow the tree, less deep where the time left would not do.

        Raises
        ------
        UsageError
            When shapes do not fit, a value is infinite or a setting does not fit.
        BudgetError
            When no time is left.
        """
        del validation
        chosen = admit(self, features, target, settings or {}, deadline)
        if target.task == "classification":
            classes, amounts = classes_of(target), None
            if len(classes.present) == 1:
                return ConstantModel(shares(target), target.task)
            values: Any = classes.codes
        else:
            classes, amounts = None, amounts_of(target)
            if amounts.spread == 0:
                return ConstantModel(np.array([amounts.centre]), target.task)
            values = amounts.values
        matrix = writable(features.matrix)
        depth = affordable_depth(_tree(target.task, {"max_depth": 1}, seed), matrix, values, deadline)
        model = _tree(target.task, chosen | {"max_depth": min(int(chosen["max_depth"]), depth or 60)}, seed)
        model.fit(matrix, values, sample_weight=None if target.weight is None else writable(target.weight))
        if classes is not None:
            _lean(model.tree_)
        remarks: dict[str, Value] = {"depth": int(model.get_depth()), "cut_short": depth is not None}
        return TreeModel(self, model, [model.tree_], classes, amounts, remarks)


def _lean(tree: Any) -> None:
    """Let the shares in the leaves lean towards those of all rows."""
    shares, rows = tree.value[:, 0, :], tree.weighted_n_node_samples[:, None]
    classes = shares.shape[1]
    tree.value[:, 0, :] = (shares * rows + classes * shares[0]) / (rows + classes)


def _tree(task: TaskName, settings: Mapping[str, Value], seed: int) -> Any:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    kind = DecisionTreeClassifier if task == "classification" else DecisionTreeRegressor
    return kind(random_state=seed & 0x7FFFFFFF, **settings)
