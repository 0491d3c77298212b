"""Gradient boosting of symmetric trees by CatBoost, under our deadline and seeds; the extra ``boost`` brings it.

One default CatBoost is the best single model per second in the public tables (TabArena), hence its place here.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.errors import UsageError
from mainstay.contracts.learner import Parameter
from mainstay.learners.supervised.admission import admit, admit_rows
from mainstay.learners.supervised.boosted import Problem, rounds_of
from mainstay.learners.supervised.catboost_json import read_json
from mainstay.learners.supervised.optional import load
from mainstay.learners.supervised.rounds import Rounds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.learner import Deadline, Fitted, Target, TaskName, Value
    from mainstay.contracts.model import ModelGraph

__all__ = ["CatBoost"]

_ENDING = 5e-4
"""Seconds that writing and reading back a round takes, at most."""

_OURS = {"n_estimators", "patience", "colsample", "max_leaves", "min_data_in_leaf"}


class CatBoost:
    """CatBoost: boosted trees that ask one question per level; missing values as they are, codes taken as numbers.

    With validation rows it stops when they stop improving and keeps the best round; the patience is
    ``patience + 0.3 * best round`` rounds. Without, it takes ``8 / learning_rate`` rounds, or ``n_estimators`` where
    that was given. One thread; the same answer for the same seed. Its own target statistics of categories are not
    used: they have no place in a graph of ours.

    References
    ----------
    Prokhorenkova et al. (2018), "CatBoost: unbiased boosting with categorical features", NeurIPS 31. Defaults: "Better
    by default" (arXiv 2407.04491), those for classification, one level less deep.

    Examples
    --------
    >>> CatBoost().tasks
    ('classification', 'regression')
    """

    name: str = "catboost"
    package: str = "catboost"
    tasks: tuple[TaskName, ...] = ("classification", "regression")
    parameters: tuple[Parameter, ...] = (
        Parameter("n_estimators", 1000, "The most rounds; each adds a tree for all classes.", low=1, high=100_000,
                  log=True),
        Parameter("learning_rate", 0.08, "How much of each tree is taken.", low=1e-4, high=1, log=True,
                  search=(0.01, 0.2)),
        Parameter("depth", 6, "The questions that a tree asks.", low=1, high=16, search=(4, 9)),
        Parameter("grow_policy", "SymmetricTree", "One question per level, or one per node (level by level, or where "
                  "the loss falls most).", choices=("SymmetricTree", "Depthwise", "Lossguide")),
        Parameter("max_leaves", 31, "The most leaves of a tree, with Lossguide.", low=2, high=4096),
        Parameter("min_data_in_leaf", 1, "The fewest rows in a leaf, unless symmetric.", low=1, high=10**8),
        Parameter("l2_leaf_reg", 1e-5, "Squared penalty on leaf values.", low=0, high=1e6, log=True,
                  search=(1e-5, 30.0)),
        Parameter("subsample", 0.9, "The share of rows drawn anew for each round.", low=0.01, high=1,
                  search=(0.5, 1.0)),
        Parameter("colsample", 1.0, "The share of features drawn for each level.", low=0.01, high=1,
                  search=(0.4, 1.0)),
        Parameter("random_strength", 0.8, "Noise on the gain of splits.", low=0, high=1e3, search=(0.0, 2.0)),
        Parameter("leaf_estimation_iterations", 1, "Newton steps for each leaf.", low=1, high=100),
        Parameter("max_bin", 254, "The most borders of a feature.", low=1, high=65_535),
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
            When catboost is not installed.
        """
        given = settings or {}
        chosen = admit(self, features, target, given, deadline)
        problem = Problem.of(target)
        if problem.constant is not None:
            return problem.constant
        package = load(self.package, self.name)
        if not _varies(features.matrix):
            return problem.still(target)
        held = None if validation is None else problem.held_out(*validation)
        watch = Rounds(deadline, patience=int(chosen["patience"]), ending=_ENDING)
        rounds = rounds_of(chosen, given, stops=validation is not None)
        if any(features.monotone):
            _check_shape(self.name, str(chosen["grow_policy"]))
            chosen = chosen | {"monotone_constraints": f"({','.join(map(str, features.monotone))})"}
        model = package.CatBoost(_options(problem, chosen, seed) | {"iterations": rounds})
        model.fit(
            package.Pool(features.matrix, problem.labels, weight=target.weight),
            eval_set=None if held is None else package.Pool(held[0].matrix, held[1].values, weight=held[1].weight),
            use_best_model=False,
            callbacks=[_Watcher(watch)],
        )
        if watch.best < model.tree_count_:
            model.shrink(watch.best)
        return _Model(self, model, problem, features.matrix.shape[1], watch)


@dataclass(frozen=True, slots=True)
class _Watcher:
    """Answers CatBoost's question after each round whether to go on."""

    watch: Rounds

    def after_iteration(self, info: Any) -> bool:
        judged = info.metrics.get("validation")
        return self.watch.go_on(None if judged is None else float(next(iter(judged.values()))[-1]))


@dataclass(frozen=True, slots=True)
class _Model:
    learner: CatBoost
    model: Any
    problem: Problem
    width: int
    watch: Rounds

    def predict(self, features: Features) -> NDArray[np.float64]:
        """Return the answers of CatBoost's own sums."""
        admit_rows(self.learner, features, self.width)
        rows = len(features.matrix)
        sums = np.empty((0, self.problem.outputs))
        if rows:
            matrix = np.ascontiguousarray(features.matrix)
            found = self.model.predict(matrix, prediction_type="RawFormulaVal", thread_count=1)
            sums = np.asarray(found, np.float64).reshape(rows, -1)
        return self.problem.from_sums(sums)

    def graph(self) -> ModelGraph:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "model.json"
            self.model.save_model(str(file), format="json")
            return self.problem.model(read_json(file.read_bytes()))

    def notes(self) -> Mapping[str, Value]:
        return {"rounds": self.watch.best, "rounds_tried": self.watch.done, "stopped_by": self.watch.reason}


def _check_shape(owner: str, grow_policy: str) -> None:
    if grow_policy != "SymmetricTree":
        raise UsageError(
            f"only symmetric trees keep directions, and grow_policy is {grow_policy}",
            where=owner,
            hint="Leave grow_policy or monotone out.",
        )


def _varies(matrix: NDArray[np.float32]) -> bool:
    """Say whether a feature tells rows apart: CatBoost refuses to begin where none does."""
    first = matrix[:1]
    return bool(((matrix != first) & ~(np.isnan(matrix) & np.isnan(first))).any())


def _options(problem: Problem, chosen: Mapping[str, Value], seed: int) -> dict[str, Any]:
    own: dict[str, Any] = {name: value for name, value in chosen.items() if name not in _OURS}
    if problem.classes is None:
        own["loss_function"] = "RMSE"
    elif problem.outputs == 1:
        own["loss_function"] = "Logloss"
    else:
        own |= {"loss_function": "MultiClass", "classes_count": problem.outputs}
    if chosen["grow_policy"] == "Lossguide":
        own["max_leaves"] = chosen["max_leaves"]
    if chosen["grow_policy"] != "SymmetricTree":
        own["min_data_in_leaf"] = chosen["min_data_in_leaf"]
    return own | {
        "rsm": chosen["colsample"],
        "boosting_type": "Plain",
        "bootstrap_type": "Bernoulli",
        "random_seed": seed & 0x7FFFFFFF,
        "thread_count": 1,
        "allow_writing_files": False,
        "logging_level": "Silent",
    }
