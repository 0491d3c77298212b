"""Gradient boosting of leaf-wise grown trees: LightGBM, under our deadline, seeds and class codes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.learner import Parameter
from mainstay.learners.supervised.admission import admit, admit_rows
from mainstay.learners.supervised.boosted import Problem, rounds_of
from mainstay.learners.supervised.lightgbm_bins import binned
from mainstay.learners.supervised.lightgbm_text import read_text
from mainstay.learners.supervised.rounds import Rounds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.learner import Deadline, Fitted, Target, TaskName, Value
    from mainstay.contracts.model import ModelGraph

__all__ = ["LightGBM"]

_ENDING = 3e-4
"""Seconds that writing and reading back a round takes, at most."""

_IDLE = 10
"""Rounds in a row without a split after which nothing more will come."""

_OURS = {"n_estimators", "patience", "stop_on"}
_THEIRS = {"colsample": "colsample_bytree", "l1": "lambda_l1", "l2": "lambda_l2"}


class LightGBM:
    """LightGBM: boosted trees that take missing values and category codes as they are.

    With validation rows it stops when they stop improving and keeps the best round; the patience is
    ``patience + 0.3 * best round`` rounds. Without, it takes ``8 / learning_rate`` rounds, or ``n_estimators`` where
    that was given. One thread; the same answer for the same seed.

    References
    ----------
    Ke et al. (2017), "LightGBM: a highly efficient gradient boosting decision tree", NeurIPS 30.

    Examples
    --------
    >>> from mainstay.contracts.arrays import Features
    >>> from mainstay.contracts.learner import NoDeadline, Target
    >>> features = Features(np.arange(200, dtype=np.float32)[:, None], ("x",))
    >>> target = Target("classification", (np.arange(200) >= 100).astype(np.int64), 2)
    >>> fitted = LightGBM().fit(features, target, seed=0, deadline=NoDeadline(), settings={"n_estimators": 50})
    >>> fitted.notes()["rounds"], fitted.predict(features)[[0, 199], 1].round(1).tolist()
    (50, [0.0, 1.0])
    """

    name: str = "lightgbm"
    tasks: tuple[TaskName, ...] = ("classification", "regression")
    parameters: tuple[Parameter, ...] = (
        Parameter("n_estimators", 1000, "The most rounds; each adds a tree per class.", low=1, high=100_000, log=True),
        Parameter("learning_rate", 0.05, "How much of each tree is taken.", low=1e-4, high=1, log=True,
                  search=(0.01, 0.2)),
        Parameter("num_leaves", 31, "The most leaves of a tree.", low=2, high=4096, log=True, search=(8, 255)),
        Parameter("max_depth", -1, "The most questions that a tree asks; -1 sets no limit.", low=-1, high=60),
        Parameter("min_data_in_leaf", 20, "The fewest rows in a leaf.", low=1, high=10**8, log=True, search=(2, 200)),
        Parameter("min_sum_hessian_in_leaf", 1e-3, "The least curvature in a leaf.", low=0, high=1e6),
        Parameter("subsample", 1.0, "The share of rows drawn anew for each round.", low=0.01, high=1,
                  search=(0.5, 1.0)),
        Parameter("colsample", 1.0, "The share of features drawn for each tree.", low=0.01, high=1,
                  search=(0.4, 1.0)),
        Parameter("l1", 0.0, "Absolute penalty on leaf values.", low=0, high=1e6),
        Parameter("l2", 0.0, "Squared penalty on leaf values.", low=0, high=1e6, search=(0.0, 10.0)),
        Parameter("min_gain_to_split", 0.0, "The least gain of a split.", low=0, high=1e9),
        Parameter("extra_trees", False, "Draw one threshold per feature at random instead of trying all."),
        Parameter("max_bin", 255, "The most values that a feature is rounded to.", low=2, high=65_535),
        Parameter("max_cat_to_onehot", 4, "Up to so many levels, a category is split one level at a time.", low=1,
                  high=10_000),
        Parameter("cat_smooth", 10.0, "Smoothing of the statistics of a rare level.", low=0, high=1e6),
        Parameter("cat_l2", 10.0, "Squared penalty in splits of categories.", low=0, high=1e6),
        Parameter("max_cat_threshold", 32, "The most levels on one side of a split.", low=1, high=10_000),
        Parameter("min_data_per_group", 100, "The fewest rows of a level group in a split.", low=1, high=10**8),
        Parameter("patience", 30, "Rounds without gain on validation rows, plus 0.3 of the best round.", low=1,
                  high=100_000),
        Parameter("stop_on", "auto", "What validation rows are judged by; auto is the loss that is learned.",
                  choices=("auto", "roc_auc", "l1")),
    )  # fmt: skip
    takes_missing: bool = True
    takes_codes: bool = True
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
        """
        given = settings or {}
        chosen = admit(self, features, target, given, deadline)
        problem = Problem.of(target)
        if problem.constant is not None:
            return problem.constant
        rounds = rounds_of(chosen, given, stops=validation is not None)
        held = None if validation is None else problem.held_out(*validation)
        if any(features.monotone):
            chosen = chosen | {"monotone_constraints": ",".join(map(str, features.monotone))}
        options = _objective(problem) | _options(chosen, seed) | _metric(problem, str(chosen["stop_on"]), held)
        train = binned(features, problem.labels, target.weight, max_bin=int(chosen["max_bin"]))
        text, watch = _boost(
            options, train, held, Rounds(deadline, patience=int(chosen["patience"]), ending=_ENDING), rounds=rounds
        )
        return _LightGBMModel(self, text, problem, features.matrix.shape[1], watch)


def _objective(problem: Problem) -> dict[str, Any]:
    if problem.classes is None:
        return {"objective": "regression"}
    if problem.outputs == 1:
        return {"objective": "binary"}
    return {"objective": "multiclass", "num_class": problem.outputs}


def _metric(problem: Problem, stop_on: str, held: tuple[Features, Target] | None) -> dict[str, Any]:
    """Return the metric of validation rows; the loss itself where the wanted one has no meaning."""
    if problem.classes is None:
        return {"metric": "l1" if stop_on == "l1" else "l2"}
    if stop_on == "roc_auc" and held is not None and len(np.unique(held[1].values)) == len(problem.classes.present):
        return {"metric": "auc" if problem.outputs == 1 else "auc_mu"}
    return {"metric": "binary_logloss" if problem.outputs == 1 else "multi_logloss"}


@dataclass(frozen=True, slots=True)
class _LightGBMModel:
    learner: LightGBM
    text: str
    problem: Problem
    width: int
    watch: Rounds
    _booster: list[Any] = field(default_factory=list)

    def predict(self, features: Features) -> NDArray[np.float64]:
        admit_rows(self.learner, features, self.width)
        rows, problem = len(features.matrix), self.problem
        if rows:
            found = self._model().predict(features.matrix, num_threads=1)
        else:
            found = np.empty((0, self.problem.outputs)) if problem.outputs > 1 else np.empty(0)
        return problem.answers(found)

    def graph(self) -> ModelGraph:
        return self.problem.model(read_text(self.text, outputs=self.problem.outputs))

    def notes(self) -> Mapping[str, Value]:
        return {"rounds": self.watch.best, "rounds_tried": self.watch.done, "stopped_by": self.watch.reason}

    def _model(self) -> Any:
        """Return the booster, parsed at the first question: a candidate that is not asked costs nothing more."""
        import lightgbm

        if not self._booster:
            self._booster.append(lightgbm.Booster(model_str=self.text))
        return self._booster[0]


def _options(chosen: Mapping[str, Value], seed: int) -> dict[str, Any]:
    own = {_THEIRS.get(name, name): value for name, value in chosen.items() if name not in _OURS}
    return own | {
        "bagging_freq": 1 if float(chosen["subsample"]) < 1 else 0,
        "seed": seed & 0x7FFFFFFF,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
        "feature_pre_filter": False,
    }


def _boost(
    options: dict[str, Any], train: Any, held: tuple[Features, Target] | None, watch: Rounds, *, rounds: int
) -> tuple[str, Rounds]:
    """Return the booster's best rounds as text, and how it went."""
    import lightgbm

    booster = lightgbm.Booster(options, train)
    if held is not None:
        rows, target = held
        labels = np.asarray(target.values, np.float64)
        valid = binned(rows, labels, target.weight, max_bin=int(options["max_bin"]), like=train)
        booster.add_valid(valid, "validation")
    sign = -1.0 if str(options["metric"]).startswith("auc") else 1.0
    idle, lead = 0, 0
    while watch.done < rounds and idle < _IDLE:
        if booster.update():  # no split was found; other rows, features or thresholds may be drawn next
            idle += 1
            lead = lead or int(watch.done == 0)  # LightGBM keeps its first guess as a tree of its own
            continue
        idle = 0
        if not watch.go_on(None if held is None else sign * booster.eval_valid()[0][2]):
            break
    return booster.model_to_string(num_iteration=max(watch.best + lead, 1)), watch
