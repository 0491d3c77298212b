"""The estimator of classes, as scikit-learn's callers know it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import check_consistent_length
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets

from mainstay.sklearn.cells import class_column, free_name, read_cells
from mainstay.sklearn.estimator import Estimator, as_value_errors, one_column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mainstay.sklearn.cells import Classes

__all__ = ["Classifier"]


class Classifier(ClassifierMixin, Estimator):  # type: ignore[misc]
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
        super().__init__(
            time_budget=time_budget,
            memory_budget=memory_budget,
            metric=metric,
            models=models,
            holdout=holdout,
            split=split,
            blend=blend,
            tune=tune,
            grid=grid,
            trials=trials,
            missing=missing,
            scale=scale,
            encode=encode,
            text=text,
            derive=derive,
            polynomial=polynomial,
            rare=rare,
            monotone=monotone,
            intervals=intervals,
            workers=workers,
            random_state=random_state,
        )
        self.class_weight = class_weight
        self.cost = cost
        self.threshold = threshold
        self.calibrate = calibrate
        self.positive = positive

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
        with as_value_errors():
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


def _labels(estimator: Classifier, y: Any) -> NDArray[Any]:
    labels = one_column(estimator, y, dtype=None)
    check_classification_targets(labels)
    return labels
