"""Gradient boosting by XGBoost, under our deadline, seeds and class codes; the extra ``boost`` brings the package."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.learner import Parameter
from mainstay.learners.supervised.admission import admit, admit_rows
from mainstay.learners.supervised.boosted import Problem, rounds_of
from mainstay.learners.supervised.optional import load
from mainstay.learners.supervised.rounds import Rounds
from mainstay.learners.supervised.xgboost_json import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.learner import Deadline, Fitted, Target, TaskName, Value
    from mainstay.contracts.model import ModelGraph, Trees

__all__ = ["XGBoost"]

_ENDING = 5e-4
"""Seconds that writing and reading back a round takes, at most."""

_BLOCK = 4_000_000
"""How many leaves are looked up at once: 32 MB."""

_OURS = {"n_estimators", "patience"}
_THEIRS = {"l1": "reg_alpha", "l2": "reg_lambda", "colsample": "colsample_bytree"}


class XGBoost:
    """XGBoost: boosted trees that take missing values as they are; category codes are taken as numbers.

    With validation rows it stops when they stop improving and keeps the best round; the patience is
    ``patience + 0.3 * best round`` rounds. Without, it takes ``8 / learning_rate`` rounds, or ``n_estimators`` where
    that was given. One thread; the same answer for the same seed. The leaves are XGBoost's, added in float64:
    its own sums, in float32, differ by their rounding (about 1e-6).

    References
    ----------
    Chen, Guestrin (2016), "XGBoost: a scalable tree boosting system", doi:10.1145/2939672.2939785. Defaults: "Better by
    default" (arXiv 2407.04491), those for classification.

    Examples
    --------
    >>> XGBoost().tasks
    ('classification', 'regression')
    """

    name: str = "xgboost"
    package: str = "xgboost"
    tasks: tuple[TaskName, ...] = ("classification", "regression")
    parameters: tuple[Parameter, ...] = (
        Parameter("n_estimators", 1000, "The most rounds; each adds a tree per class.", low=1, high=100_000, log=True),
        Parameter("learning_rate", 0.08, "How much of each tree is taken.", low=1e-4, high=1, log=True,
                  search=(0.01, 0.2)),
        Parameter("max_depth", 6, "The most questions that a tree asks; 0 sets no limit.", low=0, high=60,
                  search=(3, 10)),
        Parameter("max_leaves", 0, "The most leaves of a tree; 0 sets no limit.", low=0, high=65_536),
        Parameter("grow_policy", "depthwise", "Whether trees grow level by level or where the loss falls most.",
                  choices=("depthwise", "lossguide")),
        Parameter("min_child_weight", 5e-6, "The least curvature in a leaf.", low=0, high=1e6, search=(0.0, 10.0)),
        Parameter("subsample", 0.65, "The share of rows drawn anew for each round.", low=0.01, high=1,
                  search=(0.5, 1.0)),
        Parameter("colsample", 1.0, "The share of features drawn for each tree.", low=0.01, high=1,
                  search=(0.4, 1.0)),
        Parameter("colsample_bylevel", 0.9, "The share of those drawn for each level.", low=0.01, high=1),
        Parameter("l1", 0.0, "Absolute penalty on leaf values.", low=0, high=1e6),
        Parameter("l2", 0.0, "Squared penalty on leaf values.", low=0, high=1e6, search=(0.0, 10.0)),
        Parameter("gamma", 0.0, "The least gain of a split.", low=0, high=1e9),
        Parameter("max_bin", 256, "The most values that a feature is rounded to.", low=2, high=65_535),
        Parameter("patience", 30, "Rounds without gain on validation rows, plus 0.3 of the best round.", low=1,
                  high=100_000),
    )  # fmt: skip
    takes_missing: bool = True
    takes_codes: bool = False
    takes_monotone: bool = True
    uses_validation: bool = True

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
        """Add rounds until validation rows stop improving, ``n_estimators`` are done or the deadline is near.

        Raises
        ------
        UsageError
            When shapes do not fit, a value is infinite or a setting does not fit.
        BudgetError
            When no time is left.
        MissingPackageError
            When xgboost is not installed.
        """
        given = settings or {}
        chosen = admit(self, features, target, given, deadline)
        problem = Problem.of(target)
        if problem.constant is not None:
            return problem.constant
        load(self.package, self.name)
        held = None if validation is None else problem.held_out(*validation)
        watch = Rounds(deadline, patience=int(chosen["patience"]), ending=_ENDING)
        rounds = rounds_of(chosen, given, stops=validation is not None)
        if any(features.monotone):
            chosen = chosen | {"monotone_constraints": f"({','.join(map(str, features.monotone))})"}
        labelled = replace(target, values=problem.labels)
        booster = _boost(_options(problem, chosen, seed), (features, labelled), held, watch, rounds=rounds)
        trees = read_json(bytes(booster.save_raw("json")))
        return _Model(self, booster, trees, problem, features.matrix.shape[1], watch)


@dataclass(frozen=True, slots=True)
class _Model:
    learner: XGBoost
    booster: Any
    trees: Trees
    problem: Problem
    width: int
    watch: Rounds

    def predict(self, features: Features) -> NDArray[np.float64]:
        """Return the leaves that XGBoost finds, added in float64."""
        admit_rows(self.learner, features, self.width)
        sums = np.tile(self.trees.base, (len(features.matrix), 1))
        step = max(1, _BLOCK // max(1, len(self.trees.roots) * len(self.trees.base)))
        for start in range(0, len(sums), step):
            rows = slice(start, start + step)
            leaves = self._leaves(features.matrix[rows]) + self.trees.roots
            sums[rows] += self.trees.value[leaves].sum(axis=1)
        return self.problem.from_sums(sums)

    def graph(self) -> ModelGraph:
        return self.problem.model(self.trees)

    def notes(self) -> Mapping[str, Value]:
        return {"rounds": self.watch.best, "rounds_tried": self.watch.done, "stopped_by": self.watch.reason}

    def _leaves(self, matrix: NDArray[np.float32]) -> NDArray[np.int64]:
        import xgboost

        found = self.booster.predict(xgboost.DMatrix(matrix, nthread=1), pred_leaf=True, strict_shape=True)
        return np.asarray(found, np.int64).reshape(len(matrix), -1)


def _options(problem: Problem, chosen: Mapping[str, Value], seed: int) -> dict[str, Any]:
    own = {_THEIRS.get(name, name): value for name, value in chosen.items() if name not in _OURS}
    if problem.classes is None:
        own |= {"objective": "reg:squarederror", "eval_metric": "rmse"}
    elif problem.outputs == 1:
        own |= {"objective": "binary:logistic", "eval_metric": "logloss"}
    else:
        own |= {"objective": "multi:softprob", "eval_metric": "mlogloss", "num_class": problem.outputs}
    return own | {"tree_method": "hist", "seed": seed & 0x7FFFFFFF, "nthread": 1, "verbosity": 0}


def _boost(
    options: dict[str, Any],
    learned: tuple[Features, Target],
    held: tuple[Features, Target] | None,
    watch: Rounds,
    *,
    rounds: int,
) -> Any:
    """Return the booster with its best rounds."""
    import xgboost

    features, target = learned
    bins = {"max_bin": int(options["max_bin"]), "nthread": 1}
    train = xgboost.QuantileDMatrix(features.matrix, target.values, weight=target.weight, **bins)
    booster = xgboost.Booster(options, [train])
    valid = None
    if held is not None:
        rows, known = held
        valid = xgboost.QuantileDMatrix(rows.matrix, known.values, weight=known.weight, ref=train, **bins)
    while watch.done < rounds:
        booster.update(train, watch.done)
        loss = None if valid is None else float(booster.eval(valid).rsplit(":", 1)[1])
        if not watch.go_on(loss):
            break
    return booster[: watch.best] if watch.best < watch.done else booster
