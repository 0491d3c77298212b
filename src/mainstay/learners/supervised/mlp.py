"""A multi-layer perceptron, scikit-learn's, stopped early on rows that it has set aside."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.formulas import Layers
from mainstay.contracts.learner import Parameter
from mainstay.contracts.model import ModelGraph
from mainstay.learners.supervised.admission import admit, admit_rows, amounts_of, classes_of
from mainstay.learners.supervised.constant import ConstantModel, shares
from mainstay.learners.supervised.margins import widened
from mainstay.learners.supervised.rounds import Rounds
from mainstay.learners.supervised.scaled_rows import chunks, deal, scaled_rows
from mainstay.learners.supervised.threads import one_thread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Features
    from mainstay.contracts.formulas import Activation, Scaling
    from mainstay.contracts.learner import Deadline, Fitted, Target, TaskName, Value
    from mainstay.learners.supervised.admission import Amounts, Classes
    from mainstay.learners.supervised.scaled_rows import ScaledRows

    Doubles = NDArray[np.float64]
    Settings = Mapping[str, Value]

__all__ = ["MLP"]

_CELLS = 25_000_000
"""Rows times features that are learned from: 100 MB in float32."""
_LIMIT = 8.0
"""Standard deviations at which features are clipped: neurons follow an outlier as far as it goes."""
_STRETCH = 20_000
"""Rows after which the deadline is asked."""
_SMALLEST = 16
"""Rows in a step that a tenth of a small table does not go below."""
_HELD = 10
"""One row in so many is set aside to see when to stop."""
_LEAST = 10
"""Rows (of a class) below which none is set aside."""


class MLP:
    """Fully connected layers, trained by Adam in passes over the rows.

    Features and amounts are standardised. A tenth of the training rows is set aside; training ends when their loss
    has not fallen for ``patience`` passes, and the weights of the best pass are kept. Training is in float32, the
    weights are then taken as float64. At most 25 million cells of the matrix are learned from, a seeded draw of rows.

    References
    ----------
    Kingma, Ba (2015), "Adam", arXiv:1412.6980; Glorot, Bengio (2010), "Understanding the difficulty of training deep
    feedforward neural networks".

    Examples
    --------
    >>> from mainstay.contracts.arrays import Features
    >>> from mainstay.contracts.learner import NoDeadline, Target
    >>> matrix = np.random.default_rng(0).normal(size=(400, 2)).astype(np.float32)
    >>> ring = Target("classification", ((matrix**2).sum(axis=1) > 1.4).astype(np.int64), 2)
    >>> fitted = MLP().fit(Features(matrix, ("x", "y")), ring, seed=0, deadline=NoDeadline())
    >>> bool((fitted.predict(Features(matrix, ("x", "y"))).argmax(axis=1) == ring.values).mean() > 0.95)
    True
    """

    name: str = "mlp"
    tasks: tuple[TaskName, ...] = ("classification", "regression")
    parameters: tuple[Parameter, ...] = (
        Parameter("layers", 2, "Hidden layers.", low=1, high=8, search=(1, 3)),
        Parameter("width", 64, "Neurons in each hidden layer.", low=1, high=2048, log=True, search=(16, 256)),
        Parameter("activation", "relu", "What a neuron does with its sum.", choices=("relu", "tanh", "logistic")),
        Parameter("alpha", 1e-3, "Strength of the squared penalty on the weights.", low=0, high=1e3, log=True,
                  search=(1e-6, 1e-1)),
        Parameter("learning_rate", 3e-3, "The size of a step.", low=1e-6, high=1.0, log=True, search=(3e-4, 3e-2)),
        Parameter("batch_size", 128, "Rows in a step, at most a tenth of all.", low=1, high=100_000, log=True,
                  search=(32, 512)),
        Parameter("max_iter", 200, "The most passes over the rows.", low=1, high=100_000, search=(200, 200)),
        Parameter("patience", 12, "Passes without gain before it ends.", low=1, high=100_000, search=(12, 12)),
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
        """Train, and stop before the deadline with the best weights reached by then.

        Raises
        ------
        UsageError
            When a value is missing, shapes do not fit or a setting does not fit.
        BudgetError
            When no time is left.
        """
        del validation
        chosen = admit(self, features, target, settings or {}, deadline)
        most = max(1000, _CELLS // features.matrix.shape[1])
        rows = scaled_rows(features, target, most=most, seed=seed, limit=_LIMIT)
        classes = classes_of(rows.target) if target.task == "classification" else None
        if classes is not None and len(classes.present) == 1:
            return ConstantModel(shares(target), target.task)
        amounts = None if classes is not None else amounts_of(rows.target)
        answers = classes.codes if classes is not None else amounts.values if amounts is not None else np.empty(0)
        with one_thread():
            model, remarks = _train(
                _Lesson.of(rows, answers, seed), _model(chosen, seed, target.task), chosen, seed, deadline
            )
        return _NeuronModel(self, rows.scaling, model, classes, amounts, {**remarks, **rows.notes()})


@dataclass(frozen=True, slots=True)
class _NeuronModel:
    learner: MLP
    scaling: Scaling
    model: Any
    classes: Classes | None
    amounts: Amounts | None
    remarks: Mapping[str, Value]

    def predict(self, features: Features) -> Doubles:
        admit_rows(self.learner, features, len(self.scaling.centre))
        matrix = features.matrix
        width = 1 if self.classes is None else len(self.classes.present)
        answers = np.empty((len(matrix), width))
        ask = self.model.predict if self.classes is None else self.model.predict_proba
        with one_thread():
            for part in chunks(len(matrix)):
                answers[part] = ask(self.scaling.apply(matrix[part])).reshape(-1, width)
        if self.classes is not None:
            return self.classes.widen(answers)
        spread, centre = (self.amounts.spread, self.amounts.centre) if self.amounts is not None else (1.0, 0.0)
        return np.asarray(answers[:, 0] * spread + centre)

    def graph(self) -> ModelGraph:
        weights, biases = list(self.model.coefs_), list(self.model.intercepts_)
        activation: Activation = self.model.activation
        if self.classes is not None:
            weights[-1], biases[-1], link = widened(self.classes, weights[-1], biases[-1])
            return ModelGraph(Layers(self.scaling, tuple(weights), tuple(biases), activation), link)
        if self.amounts is not None:
            weights[-1] = weights[-1] * self.amounts.spread
            biases[-1] = biases[-1] * self.amounts.spread + self.amounts.centre
        return ModelGraph(Layers(self.scaling, tuple(weights), tuple(biases), activation), "identity")

    def notes(self) -> Mapping[str, Value]:
        return self.remarks


@dataclass(frozen=True, slots=True)
class _Lesson:
    """Rows to learn from, and rows set aside, in float32; ``held`` may be empty."""

    matrix: NDArray[np.float32]
    answers: NDArray[Any]
    weight: Doubles | None
    held: NDArray[np.int64]
    taught: NDArray[np.int64]

    @classmethod
    def of(cls, rows: ScaledRows, answers: NDArray[Any], seed: int) -> _Lesson:
        aside = deal(rows.target, _HELD, seed) == 0
        if rows.target.task == "classification":
            aside &= np.bincount(answers)[answers] >= _LEAST
        elif len(answers) < _LEAST:
            aside[:] = False
        held, taught = np.flatnonzero(aside), np.flatnonzero(~aside)
        return cls(rows.matrix.astype(np.float32), answers, rows.target.weight, held, taught)

    def part(self, places: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[Any], Doubles | None]:
        return self.matrix[places], self.answers[places], None if self.weight is None else self.weight[places]

    def loss(self, model: Any) -> float:
        """Return the log loss or mean squared error of the rows set aside."""
        matrix, answers, weight = self.part(self.held)
        if hasattr(model, "predict_proba"):
            found = model.predict_proba(matrix)[np.arange(len(answers)), answers]
            return float(np.average(-np.log(np.maximum(found, 1e-12)), weights=weight))
        return float(np.average((model.predict(matrix) - answers) ** 2, weights=weight))


def _model(chosen: Settings, seed: int, task: TaskName) -> Any:
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    made = MLPClassifier if task == "classification" else MLPRegressor
    return made(
        hidden_layer_sizes=(int(chosen["width"]),) * int(chosen["layers"]),
        activation=chosen["activation"],
        alpha=chosen["alpha"],
        learning_rate_init=chosen["learning_rate"],
        # One stream for all passes: an int would put the rows into the same order in each.
        random_state=np.random.RandomState(seed),
    )


def _train(
    lesson: _Lesson, model: Any, chosen: Settings, seed: int, deadline: Deadline
) -> tuple[Any, dict[str, Value]]:
    """Pass over the rows until the loss of those set aside stops falling, and put back the best weights."""
    rounds = Rounds(deadline, patience=int(chosen["patience"]))
    chance = np.random.default_rng(seed)
    least = np.inf
    kept: tuple[list[Any], list[Any]] = ([], [])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a loss that is not finite is seen below
        for _ in range(int(chosen["max_iter"])):
            _pass(lesson, model, chance, int(chosen["batch_size"]), deadline)
            loss = lesson.loss(model) if len(lesson.held) else float(model.loss_)
            if loss < least or not kept[0]:
                least, kept = loss, ([one.copy() for one in model.coefs_], [one.copy() for one in model.intercepts_])
            if not rounds.go_on(loss) or not np.isfinite(loss):
                break
    model.coefs_, model.intercepts_ = ([one.astype(np.float64) for one in part] for part in kept)
    return model, {"passes": rounds.done, "best_pass": rounds.best, "stopped": rounds.reason}


def _pass(lesson: _Lesson, model: Any, chance: np.random.Generator, batch: int, deadline: Deadline) -> None:
    """Show every row once, in an order of this pass; a long pass may end early."""
    more = {"classes": np.arange(lesson.answers.max() + 1)} if hasattr(model, "predict_proba") else {}
    order = chance.permutation(lesson.taught) if len(lesson.taught) > _STRETCH else lesson.taught
    for start in range(0, len(order), _STRETCH):
        matrix, answers, weight = lesson.part(order[start : start + _STRETCH])
        model.batch_size = min(batch, max(_SMALLEST, len(matrix) // 10), len(matrix))
        model.partial_fit(matrix, answers, sample_weight=weight, **more)
        if deadline.left() <= 0:
            return
