"""Two estimators that scikit-learn's own checks accept, with a bundle inside.

What is fitted is a bundle and nothing else: predictions come from the code that serves it, and what ``pickle`` keeps
of a fitted estimator is the bundle's bytes, which are checked, audited and replayed when they are read back.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_array, check_consistent_length, check_random_state
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from mainstay.compute.clock import parse_seconds
from mainstay.contracts.errors import InputError
from mainstay.contracts.schema import Column, Schema
from mainstay.sklearn.cells import class_column, feature_columns, free_name, is_frame, read_cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mainstay.bundle.predict import Answers
    from mainstay.lifecycle import Model, TrainResult
    from mainstay.sklearn.cells import Cells, Classes

__all__ = ["Classifier", "Regressor"]

_HERE_CELLS = 100_000  # a table of so many cells is learned sooner than worker processes start
_HERE_SECONDS = 5.0


class _Estimator(BaseEstimator):  # type: ignore[misc]
    """What the two have in common: how a table is made of X, y and weights, and how the bundle travels."""

    model_: Model
    leaderboard_: list[dict[str, Any]]
    n_features_in_: int

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """Return the parameters and the bundle's bytes: no object of a library travels."""
        state = dict(super().__getstate__())
        if "model_" in state:
            state["model_"] = state["model_"].bundle.data
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Open the bundle anew: check every byte, audit the graph, replay the golden rows."""
        from mainstay.lifecycle import load

        opened = {**state, "model_": load(state["model_"])} if "model_" in state else state
        super().__setstate__(opened)

    def _checked(self, X: Any, *, first: bool) -> Any:
        """Return X as scikit-learn wants it checked; data frames keep their columns as they are."""
        if is_frame(X):
            validate_data(self, X, reset=first, skip_check_array=True)
            return X
        return validate_data(
            self, X, reset=first, dtype=None, ensure_all_finite="allow-nan", ensure_min_samples=2 if first else 1
        )

    def _weights(self, sample_weight: Any, rows: int) -> NDArray[np.float64]:
        """Return a weight for each row, with one row at least that counts."""
        if sample_weight is None:
            return np.ones(rows)
        weights = np.asarray(check_array(sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight"))
        if weights.shape != (rows,):
            raise ValueError(f"sample_weight must have the shape ({rows},), and {weights.shape} came")
        if (weights < 0).any() or not (weights > 0).any():
            raise ValueError("sample_weight must be zero or above, and above zero for one row at least")
        return weights

    def _learn(
        self, cells: Cells, target: tuple[Column, Any], weights: NDArray[np.float64], **options: Any
    ) -> TrainResult:
        """Train on the rows, in this process where that is quicker."""
        import polars as pl

        from mainstay.compute.inline import InlineExecutor
        from mainstay.lifecycle import train

        column, values = target
        frame, columns = cells.frame.with_columns(pl.Series(column.name, values)), [*feature_columns(cells), column]
        if (weights != 1.0).any():
            name = free_name("sample_weight", frame.columns)
            frame = frame.with_columns(pl.Series(name, weights))
            columns.append(Column(name=name, kind="number", role="weight"))
        given = {name: value for name, value in self.get_params(deep=False).items() if name not in _OWN}
        with _as_value_errors():
            return train(
                frame,
                target=column.name,
                schema=Schema(columns=tuple(columns)),
                seed=self._seed(),
                workers=InlineExecutor() if self._is_small(cells) else None,
                **{**given, **options},
            )

    def _keep(self, result: TrainResult, columns: Sequence[str]) -> None:
        self.model_, self.leaderboard_ = result.model, result.leaderboard
        self._columns = tuple(columns)

    def _seed(self) -> int:
        state = self.get_params(deep=False)["random_state"]
        if state is None:
            return 0
        return int(state) if isinstance(state, (int, np.integer)) else int(check_random_state(state).randint(2**31 - 1))

    def _is_small(self, cells: Cells) -> bool:
        """Say whether learning takes less time than worker processes need to start."""
        told = self.get_params(deep=False)
        if told["workers"] != "auto":
            return bool(told["workers"] == "none")
        if cells.frame.height * cells.frame.width > _HERE_CELLS or told["memory_budget"] is not None:
            return False
        named = told["models"] is not None and told["tune"] == "off"
        return named or parse_seconds(told["time_budget"]) <= _HERE_SECONDS

    def _answers(self, X: Any) -> Answers:
        check_is_fitted(self)
        given = self._checked(X, first=False)
        with _as_value_errors():
            frame = read_cells(given, self._columns).frame
            if is_frame(given) and not hasattr(self, "feature_names_in_"):
                frame.columns = list(self._columns)
            answers = self.model_.bundle.predict_frame(frame)
        if answers.rejected.any():
            first = next(problem for problem in answers.problems if answers.rejected[problem.row])
            raise ValueError(f"row {first.row} cannot be answered: {first}")
        return answers


_OWN = ("random_state", "workers", "class_weight", "positive")
"""Parameters that do not go to training by the same name."""


@contextmanager
def _as_value_errors() -> Iterator[None]:
    """Raise what the caller gave wrong as scikit-learn's callers expect it."""
    try:
        yield
    except InputError as error:
        raise ValueError(str(error)) from error


class Classifier(ClassifierMixin, _Estimator):  # type: ignore[misc]
    """Classes from mainstay: a search within a time budget, and a verified bundle as its result.

    Parameters
    ----------
    time_budget : str or float, default "60s"
        Seconds from the start of ``fit`` to the bundle. With ``models`` named, ``fit`` ends as soon as they are done.
    memory_budget : str or float, optional
        For all processes together; default is no limit.
    metric : str, default "auto"
        What is steered by: ROC-AUC for two classes, log-loss for more, or a name of yours.
    models : sequence of str, optional
        Learners to try, such as ``["logistic", "lightgbm"]``; all where None.
    holdout : float, default 0.2
        The share of rows that is held out for the score; no model learns from them.
    split : str, default "random"
        "random", or for data frames "time:COLUMN" or "group:COLUMN".
    blend : {"greedy", "voting", "stacking", "off"}
        How finished candidates are joined.
    tune : {"off", "grid", "random", "bayes"}
        Search the learners' settings beside the portfolio.
    grid : mapping or path, optional
        Your own search space, as in :func:`mainstay.train`.
    trials : int, optional
        How many settings are tried at most.
    missing, scale, encode, text : str, default "auto"
        Preparation, as in :func:`mainstay.train`.
    derive : sequence of str, default ()
        New columns, such as ``"total = monthly * tenure"``.
    polynomial, rare : int, default 1 and 0
        2 adds squares and products; levels with fewer rows than ``rare`` are taken as unseen.
    monotone : sequence of str, default ()
        Directions that answers must keep, such as ``"x0=+1"``.
    intervals : float, optional
        Percent of the truths that prediction sets shall hold: see ``model_.predict``.
    class_weight : {"balanced"} or dict, optional
        A dict of classes multiplies the weights of their rows, as in scikit-learn, in scores too.
    cost : mapping or str, optional
        What errors cost: ``"fp=1,fn=8"``.
    threshold : str or float, default "auto"
        From which probability on the positive class is answered.
    calibrate : str, default "auto"
        How probabilities are mended.
    positive : label, optional
        The positive one of two classes; default is the second of ``classes_``, as elsewhere in scikit-learn.
    workers : {"auto", "processes", "none"}
        Where models are fitted; "auto" starts no processes for a small table with ``models`` named, and then keeps
        no limit of memory and stops no learner in the middle of a step.
    random_state : int, RandomState instance or None, default 0
        None is 0: the same rows give the same model.

    Attributes
    ----------
    classes_ : array of shape (classes,)
    model_ : Model
        The bundle, opened; ``model_.save("m.mainstay")`` writes it, ``model_.report`` tells all about it.
    leaderboard_ : list of dict
        The candidates on held-out rows, best first.
    n_features_in_ : int
    feature_names_in_ : array of shape (n_features_in_,)
        Only where X had names.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = Classifier(models=["logistic"]).fit(X, y)
    >>> model.predict(X[:2]), [line["name"] for line in model.leaderboard_]
    (array([0, 0]), ['logistic', 'baseline'])
    """

    def __init__(
        self,
        *,
        time_budget: str | float = "60s",
        memory_budget: str | float | None = None,
        metric: str = "auto",
        models: Sequence[str] | None = None,
        holdout: float = 0.2,
        split: str = "random",
        blend: str = "greedy",
        tune: str = "off",
        grid: Mapping[str, Any] | str | Path | None = None,
        trials: int | None = None,
        missing: str = "auto",
        scale: str = "auto",
        encode: str = "auto",
        text: str = "auto",
        derive: Sequence[str] = (),
        polynomial: int = 1,
        rare: int = 0,
        monotone: Sequence[str] = (),
        intervals: float | None = None,
        class_weight: str | Mapping[Any, float] | None = None,
        cost: Mapping[str, float] | str = "",
        threshold: str | float = "auto",
        calibrate: str = "auto",
        positive: Any = None,
        workers: str = "auto",
        random_state: Any = 0,
    ) -> None:
        self.time_budget = time_budget
        self.memory_budget = memory_budget
        self.metric = metric
        self.models = models
        self.holdout = holdout
        self.split = split
        self.blend = blend
        self.tune = tune
        self.grid = grid
        self.trials = trials
        self.missing = missing
        self.scale = scale
        self.encode = encode
        self.text = text
        self.derive = derive
        self.polynomial = polynomial
        self.rare = rare
        self.monotone = monotone
        self.intervals = intervals
        self.class_weight = class_weight
        self.cost = cost
        self.threshold = threshold
        self.calibrate = calibrate
        self.positive = positive
        self.workers = workers
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from rows.

        Parameters
        ----------
        X : array or data frame of shape (n, features)
            Cells of an array are numbers; columns of a data frame may be words, dates or texts too. NaN is missing.
        y : array of shape (n,)
            Labels of two or more classes.
        sample_weight : array of shape (n,), optional
            In learning and in scores; a row of weight 0 counts for nothing.

        Raises
        ------
        ValueError
            When the rows cannot be learned from: fewer than 10, one class only, infinite cells.
        """
        given = self._checked(X, first=True)
        labels = _labels(self, y)
        check_consistent_length(given, labels)
        weights = self._weights(sample_weight, len(labels))
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if len(np.unique(codes[weights > 0])) < 2:
            raise ValueError("y has one class only in the rows that count; a classifier needs at least two classes")
        if self.class_weight is not None and not isinstance(self.class_weight, str):
            weights = weights * compute_sample_weight(dict(self.class_weight), labels)
        with _as_value_errors():
            cells = read_cells(given)
            target = class_column(codes, self.classes_, free_name("target", cells.frame.columns))
        balanced = "none" if not isinstance(self.class_weight, str) else self.class_weight
        result = self._learn(
            cells, (target.column, target.cells), weights,
            task="classification", class_weight=balanced, positive=self._positive(target),
        )  # fmt: skip
        self._keep(result, cells.frame.columns)
        self._places = target.places(self.model_.bundle.outputs.labels)
        return self

    def _positive(self, target: Classes) -> str | None:
        if self.positive is None:
            return target.category(1) if len(self.classes_) == 2 else None
        found = np.flatnonzero(self.classes_ == self.positive)
        if not len(found):
            raise ValueError(
                f"positive must be one of the classes {self.classes_.tolist()}, and {self.positive!r} came"
            )
        return target.category(int(found[0]))

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the label of each row, shape (n,), by threshold or costs where they were given."""
        answers = self._answers(X)
        chosen = self.model_.bundle.outputs.decide(np.asarray(answers.probabilities))
        return np.asarray(self.classes_[self._places[chosen]])

    def predict_proba(self, X: Any) -> NDArray[np.float32]:
        """Return the probabilities of each row, shape (n, classes), in the order of ``classes_``.

        They are the bundle's own float32 values; a class that was in held-out rows only has 0.
        """
        answers = np.asarray(self._answers(X).probabilities)
        probabilities = np.zeros((len(answers), len(self.classes_)), np.float32)
        probabilities[:, self._places] = answers
        return probabilities

    def predict_log_proba(self, X: Any) -> NDArray[np.float32]:
        """Return the logarithms of the probabilities, shape (n, classes)."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.predict_proba(X)))


class Regressor(RegressorMixin, _Estimator):  # type: ignore[misc]
    """Amounts from mainstay: a search within a time budget, and a verified bundle as its result.

    Parameters
    ----------
    time_budget : str or float, default "60s"
        Seconds from the start of ``fit`` to the bundle. With ``models`` named, ``fit`` ends as soon as they are done.
    memory_budget : str or float, optional
        For all processes together; default is no limit.
    metric : str, default "auto"
        What is steered by: RMSE, or a name of yours.
    models : sequence of str, optional
        Learners to try, such as ``["ridge", "lightgbm"]``; all where None.
    holdout : float, default 0.2
        The share of rows that is held out for the score; no model learns from them.
    split : str, default "random"
        "random", or for data frames "time:COLUMN" or "group:COLUMN".
    blend : {"greedy", "voting", "stacking", "off"}
        How finished candidates are joined.
    tune : {"off", "grid", "random", "bayes"}
        Search the learners' settings beside the portfolio.
    grid : mapping or path, optional
        Your own search space, as in :func:`mainstay.train`.
    trials : int, optional
        How many settings are tried at most.
    missing, scale, encode, text : str, default "auto"
        Preparation, as in :func:`mainstay.train`.
    derive : sequence of str, default ()
        New columns, such as ``"total = monthly * tenure"``.
    polynomial, rare : int, default 1 and 0
        2 adds squares and products; levels with fewer rows than ``rare`` are taken as unseen.
    monotone : sequence of str, default ()
        Directions that answers must keep, such as ``"x0=+1"``.
    intervals : float, optional
        Percent of the truths that intervals shall hold: see ``model_.predict``.
    workers : {"auto", "processes", "none"}
        Where models are fitted; "auto" starts no processes for a small table with ``models`` named, and then keeps
        no limit of memory and stops no learner in the middle of a step.
    random_state : int, RandomState instance or None, default 0
        None is 0: the same rows give the same model.

    Attributes
    ----------
    model_ : Model
        The bundle, opened; ``model_.save("m.mainstay")`` writes it, ``model_.report`` tells all about it.
    leaderboard_ : list of dict
        The candidates on held-out rows, best first.
    n_features_in_ : int
    feature_names_in_ : array of shape (n_features_in_,)
        Only where X had names.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = Regressor(models=["ridge"]).fit(X, y)
    >>> bool(model.score(X, y) > 0.45), model.predict(X[:1]).shape
    (True, (1,))
    """

    def __init__(
        self,
        *,
        time_budget: str | float = "60s",
        memory_budget: str | float | None = None,
        metric: str = "auto",
        models: Sequence[str] | None = None,
        holdout: float = 0.2,
        split: str = "random",
        blend: str = "greedy",
        tune: str = "off",
        grid: Mapping[str, Any] | str | Path | None = None,
        trials: int | None = None,
        missing: str = "auto",
        scale: str = "auto",
        encode: str = "auto",
        text: str = "auto",
        derive: Sequence[str] = (),
        polynomial: int = 1,
        rare: int = 0,
        monotone: Sequence[str] = (),
        intervals: float | None = None,
        workers: str = "auto",
        random_state: Any = 0,
    ) -> None:
        self.time_budget = time_budget
        self.memory_budget = memory_budget
        self.metric = metric
        self.models = models
        self.holdout = holdout
        self.split = split
        self.blend = blend
        self.tune = tune
        self.grid = grid
        self.trials = trials
        self.missing = missing
        self.scale = scale
        self.encode = encode
        self.text = text
        self.derive = derive
        self.polynomial = polynomial
        self.rare = rare
        self.monotone = monotone
        self.intervals = intervals
        self.workers = workers
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from rows.

        Parameters
        ----------
        X : array or data frame of shape (n, features)
            Cells of an array are numbers; columns of a data frame may be words, dates or texts too. NaN is missing.
        y : array of shape (n,)
            Amounts.
        sample_weight : array of shape (n,), optional
            In learning and in scores; a row of weight 0 counts for nothing.

        Raises
        ------
        ValueError
            When the rows cannot be learned from: fewer than 10, infinite cells.
        """
        given = self._checked(X, first=True)
        amounts = _one_column(self, y, dtype=np.float64)
        check_consistent_length(given, amounts)
        weights = self._weights(sample_weight, len(amounts))
        with _as_value_errors():
            cells = read_cells(given)
        column = Column(name=free_name("target", cells.frame.columns), kind="number", role="target")
        self._keep(self._learn(cells, (column, amounts), weights, task="regression"), cells.frame.columns)
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Return the amount of each row, shape (n,)."""
        return np.asarray(self._answers(X).prediction, np.float64)


def _one_column(estimator: BaseEstimator, y: Any, dtype: Any) -> NDArray[Any]:
    """Return y as one column without missing values; with scikit-learn's words where it is none."""
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but the target y is None."
        )
    checked = check_array(y, ensure_2d=False, dtype=dtype, input_name="y", ensure_min_samples=0)
    return np.asarray(column_or_1d(checked, warn=True))


def _labels(estimator: BaseEstimator, y: Any) -> NDArray[Any]:
    labels = _one_column(estimator, y, dtype=None)
    check_classification_targets(labels)
    return labels
