"""Histogram gradient boosting as scikit-learn has it: no package beyond the core, missing values taken as they are.

The library's loop can be asked to score every round, and it stops when a score falls. That is the door through which
our deadline and our way of early stopping go in: the "score" counts up as long as the loop may go on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.learner import Parameter
from mainstay.contracts.model import Trees
from mainstay.learners.supervised.admission import admit, admit_rows
from mainstay.learners.supervised.boosted import Problem, rounds_of
from mainstay.learners.supervised.rounds import Rounds
from mainstay.learners.supervised.sklearn_trees import writable
from mainstay.learners.supervised.threads import one_thread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.learner import Deadline, Fitted, Target, TaskName, Value
    from mainstay.contracts.model import ModelGraph

__all__ = ["HistGradientBoosting", "read_predictors"]

_ENDING = 3e-4
"""Seconds that reading a round takes, at most."""


class HistGradientBoosting:
    """scikit-learn's histogram gradient boosting, in the manner of LightGBM.

    With validation rows it stops when their loss stops falling and keeps the best round; the patience is
    ``patience + 0.3 * best round`` rounds. Without, it takes ``8 / learning_rate`` rounds, or ``n_estimators`` where
    that was given. One thread; the same answer for the same seed. Category codes are taken as numbers.

    References
    ----------
    Friedman (2001), "Greedy function approximation: a gradient boosting machine", doi:10.1214/aos/1013203451.

    Examples
    --------
    >>> from mainstay.contracts.arrays import Features
    >>> from mainstay.contracts.learner import NoDeadline, Target
    >>> features = Features(np.arange(200, dtype=np.float32)[:, None], ("x",))
    >>> target = Target("classification", (np.arange(200) >= 100).astype(np.int64), 2)
    >>> fitted = HistGradientBoosting().fit(
    ...     features, target, seed=0, deadline=NoDeadline(), settings={"n_estimators": 50}
    ... )
    >>> fitted.notes()["rounds"], fitted.predict(features)[[0, 199], 1].round(1).tolist()
    (50, [0.0, 1.0])
    """

    name: str = "hist_gradient_boosting"
    tasks: tuple[TaskName, ...] = ("classification", "regression")
    parameters: tuple[Parameter, ...] = (
        Parameter("n_estimators", 1000, "The most rounds; each adds a tree per class.", low=1, high=100_000, log=True),
        Parameter("learning_rate", 0.06, "How much of each tree is taken.", low=1e-4, high=1, log=True,
                  search=(0.01, 0.2)),
        Parameter("max_leaf_nodes", 31, "The most leaves of a tree.", low=2, high=4096, log=True, search=(8, 255)),
        Parameter("max_depth", 0, "The most questions that a tree asks; 0 sets no limit.", low=0, high=60),
        Parameter("min_samples_leaf", 20, "The fewest rows in a leaf.", low=1, high=10**8, log=True, search=(2, 200)),
        Parameter("l2_regularization", 0.0, "Squared penalty on leaf values.", low=0, high=1e6, search=(0.0, 10.0)),
        Parameter("max_features", 1.0, "The share of features drawn for each split.", low=0.01, high=1,
                  search=(0.4, 1.0)),
        Parameter("max_bins", 255, "The most values that a feature is rounded to.", low=2, high=255),
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
        """
        given = settings or {}
        chosen = admit(self, features, target, given, deadline)
        problem = Problem.of(target)
        if problem.constant is not None:
            return problem.constant
        held = None if validation is None else problem.held_out(*validation)
        watch = Rounds(deadline, patience=int(chosen["patience"]), ending=_ENDING)
        rounds = rounds_of(chosen, given, stops=validation is not None)
        model = _estimator(problem, chosen, seed=seed, rounds=rounds, scoring=_Score(watch, held is not None))
        if any(features.monotone):
            model.set_params(monotonic_cst=list(features.monotone))
        rows, known = held or (features.take(slice(0, 1)), None)  # without a row the library asks no one
        labels = problem.labels[:1] if known is None else known.values
        with one_thread():
            model.fit(
                writable(features.matrix),
                problem.labels,
                sample_weight=target.weight,
                X_val=writable(rows.matrix),
                y_val=labels,
                sample_weight_val=_weight(target, known),
            )
        del model._predictors[watch.best :]  # noqa: SLF001 - the library keeps every round
        return _Model(self, model, problem, features.matrix.shape[1], watch)


def _weight(target: Target, known: Target | None) -> NDArray[np.float64] | None:
    """Return weights of the validation rows: the library wants some on both sides or on none."""
    if target.weight is None:
        return None
    if known is None:
        return np.ones(1)
    return np.ones(len(known.values)) if known.weight is None else known.weight


class _Score:
    """The "score" of a round for the library's own stopping: one more each time, and less to stop.

    Each round it is asked twice, for training rows and for validation rows; the second time counts.
    """

    def __init__(self, watch: Rounds, judged: bool) -> None:
        self._watch = watch
        self._judged = judged
        self._asked = 0
        self._sums: Any = None

    def __call__(self, model: Any, rows: Any, labels: Any, sample_weight: Any = None) -> float:
        self._asked += 1
        done = len(model._predictors)  # noqa: SLF001
        if self._asked % 2 or not done:
            return float(self._asked)
        loss = self._loss(model, rows, labels, sample_weight) if self._judged else None
        return float(self._asked) if self._watch.go_on(loss) else -1.0

    def _loss(self, model: Any, rows: Any, labels: Any, weight: Any) -> float:
        """Return the loss of validation rows (given in bins), with the trees of the last round added."""
        if self._sums is None:
            self._sums = np.repeat(model._baseline_prediction, len(rows), axis=0)  # noqa: SLF001
        for output, tree in enumerate(model._predictors[-1]):  # noqa: SLF001
            missing = model._bin_mapper.missing_values_bin_idx_  # noqa: SLF001
            self._sums[:, output] += tree.predict_binned(rows, missing_values_bin_idx=missing, n_threads=1)
        raw = self._sums[:, 0] if self._sums.shape[1] == 1 else self._sums
        truth = np.asarray(labels, np.float64)
        return float(model._loss(y_true=truth, raw_prediction=raw, sample_weight=weight))  # noqa: SLF001


@dataclass(frozen=True, slots=True)
class _Model:
    learner: HistGradientBoosting
    model: Any
    problem: Problem
    width: int
    watch: Rounds

    def predict(self, features: Features) -> NDArray[np.float64]:
        admit_rows(self.learner, features, self.width)
        outputs = self.problem.outputs
        if not len(features.matrix):
            return self.problem.answers(np.empty((0, outputs)))
        if self.problem.amounts is not None:
            return self.problem.answers(self.model.predict(features.matrix))
        found = self.model.predict_proba(features.matrix)
        return self.problem.answers(found[:, 1] if outputs == 1 else found)

    def graph(self) -> ModelGraph:
        base = np.asarray(self.model._baseline_prediction, np.float64).reshape(-1)  # noqa: SLF001
        return self.problem.model(read_predictors(self.model._predictors, base))  # noqa: SLF001

    def notes(self) -> Mapping[str, Value]:
        return {"rounds": self.watch.best, "rounds_tried": self.watch.done, "stopped_by": self.watch.reason}


def read_predictors(rounds: Sequence[Sequence[Any]], base: NDArray[np.float64]) -> Trees:
    """Return scikit-learn's histogram trees as one pool of nodes.

    Parameters
    ----------
    rounds : sequence of sequences of sklearn TreePredictor
        A tree per output in each; without category splits.
    base : float64 array of shape (outputs,)
        The sums that boosting began with.
    """
    trees = [(output, tree.nodes) for trees in rounds for output, tree in enumerate(trees)]
    counts = np.array([len(nodes) for _, nodes in trees], np.int64)
    nodes = np.concatenate([nodes for _, nodes in trees])
    roots = (np.cumsum(counts) - counts).astype(np.int64)
    start = np.repeat(roots, counts)
    leaf = nodes["is_leaf"].astype(np.bool_)
    value = np.zeros((len(nodes), len(base)))
    value[np.arange(len(nodes)), np.repeat([output for output, _ in trees], counts)] = np.where(leaf, nodes["value"], 0)
    return Trees(
        roots=roots,
        feature=np.where(leaf, -1, nodes["feature_idx"]).astype(np.int32),
        threshold=np.where(leaf, 0.0, nodes["num_threshold"]).astype(np.float64),
        missing_left=nodes["missing_go_to_left"].astype(np.bool_) & ~leaf,
        left=np.where(leaf, -1, nodes["left"] + start).astype(np.int32),
        right=np.where(leaf, -1, nodes["right"] + start).astype(np.int32),
        value=value,
        base=base,
        cover=nodes["count"].astype(np.float64),
    )


def _estimator(problem: Problem, chosen: Mapping[str, Value], *, seed: int, rounds: int, scoring: _Score) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingRegressor if problem.classes is None else HistGradientBoostingClassifier
    same = ("learning_rate", "max_leaf_nodes", "min_samples_leaf", "l2_regularization", "max_features", "max_bins")
    return kind(
        **{name: chosen[name] for name in same},
        max_depth=int(chosen["max_depth"]) or None,
        max_iter=rounds,
        categorical_features=None,
        early_stopping=True,
        scoring=scoring,
        n_iter_no_change=1,
        tol=0.0,
        random_state=seed & 0x7FFFFFFF,
    )
