"""What an estimator answers, asked from outside: its task, its classes, its probabilities or amounts.

Everything here calls the library itself; nothing is known of graphs. It is one side of the parity gate.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from mainstay.contracts.errors import UsageError
from mainstay.convert.boosters import lightgbm_head, xgboost_objective
from mainstay.convert.ensembles import inner_of
from mainstay.convert.flow import class_names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mainstay.contracts.learner import TaskName

__all__ = ["Library", "library_of", "plain_label"]

Label = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Library:
    """A fitted estimator, as one function over rows.

    Parameters
    ----------
    name : str
        The estimator's class.
    task : {"classification", "regression"}
    labels : tuple
        The classes in the order of the estimator's columns; empty for a regression.
    ask : callable
        Rows in their own kind of table to probabilities of shape (n, classes), or amounts of shape (n,).
    decide : callable, optional
        Rows to the labels that the library itself answers.
    threshold : float, default 0.5
        From which probability of the second class the library answers it.
    """

    name: str
    task: TaskName
    labels: tuple[Label, ...]
    ask: Callable[[Any], NDArray[np.float64]]
    decide: Callable[[Any], NDArray[Any]] | None = None
    threshold: float = 0.5


def library_of(estimator: Any, *, task: str | None = None, labels: Sequence[Label] | None = None) -> Library:
    """Return how an estimator is asked.

    Parameters
    ----------
    estimator : object
        A fitted classifier or regressor of scikit-learn or with its interface, or a native booster of LightGBM.
    task : {"classification", "regression"}, optional
        Checked against what the estimator is.
    labels : sequence, optional
        The classes of a booster that knows only their numbers.

    Raises
    ------
    UsageError
        When it is not fitted, gives no probabilities, or answers anything but one target.
    """
    if isinstance(estimator, type):
        raise UsageError(
            f"a fitted model was expected, and the class {estimator.__name__} itself came", where="estimator",
            hint=f"Make one and fit it first: {estimator.__name__}().fit(X, y).",
        )  # fmt: skip
    if "lightgbm.Booster" in class_names(estimator):
        found = _of_booster(estimator, labels)
    elif "xgboost.Booster" in class_names(estimator):
        found = _of_xgboost(estimator, labels)
    elif hasattr(estimator, "predict"):
        _check_fitted(estimator)
        found = _of_classifier(estimator, labels) if _is_classifier(estimator) else _of_regressor(estimator)
    else:
        raise UsageError(
            f"a fitted model was expected, and {type(estimator).__name__} came", where="estimator",
            hint="Give a fitted classifier or regressor, a booster, or the path of an ONNX file with its schema.",
        )  # fmt: skip
    if task not in (None, "auto", found.task):
        raise UsageError(f"the task is {task}, and the estimator does {found.task}", where="task")
    return found


def plain_label(label: Any) -> Label:
    """Return a class as a plain Python value.

    Examples
    --------
    >>> plain_label(np.int64(3)), plain_label(np.str_("a"))
    (3, 'a')
    """
    value = label.item() if hasattr(label, "item") else label
    if not isinstance(value, (bool, int, float, str)):
        raise UsageError(f"a class must be a word, a number or a truth, and {value!r} came", where="estimator")
    return value


def _check_fitted(estimator: Any) -> None:
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            check_is_fitted(estimator)
    except NotFittedError as error:
        raise UsageError(
            f"{type(estimator).__name__} is not fitted", where="estimator", hint="Call its fit method first."
        ) from error
    except TypeError:
        return  # no estimator of scikit-learn; asking it will tell


def _is_classifier(estimator: Any) -> bool:
    kind = getattr(estimator, "_estimator_type", None)
    if kind is not None:
        return bool(kind == "classifier")
    from sklearn.base import is_classifier, is_regressor

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if is_classifier(estimator):
            return True
        if not is_regressor(estimator):
            raise UsageError(
                f"a classifier or a regressor was expected, and {type(estimator).__name__} came", where="estimator",
                hint="To divide rows into groups use mainstay.cluster, to find odd ones mainstay.detect.",
            )  # fmt: skip
    return False


def _of_classifier(estimator: Any, labels: Sequence[Label] | None) -> Library:
    name = type(estimator).__name__
    if not hasattr(estimator, "predict_proba"):
        raise UsageError(
            f"{name} gives no probabilities, and a bundle answers with them", where="estimator",
            hint="Wrap it: CalibratedClassifierCV(FrozenEstimator(model)).fit(X, y), on rows it was not fitted on.",
        )  # fmt: skip
    classes = getattr(estimator, "classes_", None)
    if classes is None or np.ndim(classes) != 1:
        raise UsageError(f"{name} answers several targets at once, and a bundle answers one", where="estimator")
    named = tuple(plain_label(one) for one in (labels or list(classes)))

    def ask(rows: Any) -> NDArray[np.float64]:
        answers = np.asarray(_quietly(estimator.predict_proba, rows), np.float64)
        return _checked(answers, (len(rows), len(named)), name)

    def decide(rows: Any) -> NDArray[Any]:
        return np.asarray(_quietly(estimator.predict, rows))

    return Library(name, "classification", named, ask, None if labels else decide, _threshold(estimator))


def _threshold(estimator: Any) -> float:
    if "sklearn.BaseThresholdClassifier" not in class_names(estimator):
        return 0.5
    chosen: Any = getattr(estimator, "best_threshold_", None) or getattr(estimator, "threshold", "auto")
    if getattr(estimator, "response_method", "auto") == "decision_function" or inner_of(estimator) is None:
        raise UsageError(
            "its threshold is one of decision values, and a bundle has one of probabilities", where="estimator",
            hint="Set response_method='predict_proba'.",
        )  # fmt: skip
    return 0.5 if chosen == "auto" else float(chosen)


def _of_regressor(estimator: Any) -> Library:
    name = type(estimator).__name__

    def ask(rows: Any) -> NDArray[np.float64]:
        answers = np.asarray(_quietly(estimator.predict, rows), np.float64)
        return _checked(answers.reshape(len(rows), -1), (len(rows), 1), name)[:, 0]

    return Library(name, "regression", (), ask)


def _of_booster(booster: Any, labels: Sequence[Label] | None) -> Library:
    head = lightgbm_head(booster)
    objective = head.get("objective", "").split()[:1] or [""]
    classes = 2 if objective[0] == "binary" else int(head["num_class"])

    def ask(rows: Any) -> NDArray[np.float64]:
        answers = np.asarray(_quietly(booster.predict, rows), np.float64)
        if objective[0] == "binary":
            answers = np.stack([1.0 - answers, answers], axis=1)
        return answers

    if objective[0] not in ("binary", "multiclass", "multiclassova"):
        return Library("Booster", "regression", (), ask)
    named = tuple(plain_label(one) for one in (labels or range(classes)))
    if len(named) != classes:
        raise UsageError(f"the booster has {classes} classes, and {len(named)} labels came", where="labels")
    return Library("Booster", "classification", named, ask)


def _of_xgboost(booster: Any, labels: Sequence[Label] | None) -> Library:
    import xgboost

    objective = xgboost_objective(booster)

    def ask(rows: Any) -> NDArray[np.float64]:
        answers = np.asarray(_quietly(booster.predict, xgboost.DMatrix(rows)), np.float64)
        return np.stack([1.0 - answers, answers], axis=1) if objective == "binary:logistic" else answers

    if objective not in ("binary:logistic", "multi:softprob"):
        return Library("Booster", "regression", (), ask)
    settings = msgspec.json.decode(booster.save_config())["learner"]["learner_model_param"]
    classes = max(2, int(settings["num_class"]))
    named = tuple(plain_label(one) for one in (labels or range(classes)))
    if len(named) != classes:
        raise UsageError(f"the booster has {classes} classes, and {len(named)} labels came", where="labels")
    return Library("Booster", "classification", named, ask)


def _quietly(method: Callable[[Any], Any], rows: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return method(rows)


def _checked(answers: NDArray[np.float64], shape: tuple[int, int], name: str) -> NDArray[np.float64]:
    if answers.shape != shape:
        raise UsageError(
            f"{name} gives answers of shape {answers.shape}, and {shape} was expected: one target", where="estimator"
        )
    return answers
