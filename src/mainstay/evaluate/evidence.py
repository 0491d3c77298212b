"""The rows that a model is judged on: what is true and what was answered, checked once, in one place.

Every metric, interval, comparison and curve starts from this record, so none of them has to ask again whether the
lengths agree, a label is missing, or which class is the positive one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from mainstay.contracts.learner import TaskName

__all__ = ["Evidence", "gather"]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Truth and answers for n rows.

    Parameters
    ----------
    task : {"classification", "regression"}
    truth : array of shape (n,)
        int64 class codes, or float64 amounts.
    predicted : array of shape (n,)
        Codes or amounts, as ``truth``.
    probabilities : float64 array of shape (n, classes), optional
    weight : float64 array of shape (n,)
        Ones where none were given.
    labels : tuple of str
        The names of the classes; empty for regression.
    positive : int, optional
        The code of the positive class; None unless there are two classes.
    """

    task: TaskName
    truth: NDArray[Any]
    predicted: NDArray[Any]
    probabilities: NDArray[np.float64] | None
    weight: NDArray[np.float64]
    labels: tuple[str, ...] = ()
    positive: int | None = None

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.truth)

    @property
    def effective_rows(self) -> float:
        """How many equally weighted rows would tell as much (Kish 1965)."""
        return float(self.weight.sum() ** 2 / np.square(self.weight).sum())

    def chance(self, code: int) -> NDArray[np.float64] | None:
        """Return the probability that was given to a class, or None where there are labels only."""
        return None if self.probabilities is None else self.probabilities[:, code]


def gather(
    task: TaskName,
    y: ArrayLike,
    answers: ArrayLike,
    *,
    labels: Sequence[str] = (),
    positive: str | None = None,
    weight: ArrayLike | None = None,
    predicted: ArrayLike | None = None,
) -> Evidence:
    """Check truth and answers and return them as one record.

    Parameters
    ----------
    task : {"classification", "regression"}
    y : array of shape (n,)
        Class codes 0..classes-1, or amounts; none missing.
    answers : array
        Probabilities of shape (n, classes), class codes of shape (n,), or amounts of shape (n,).
    labels : sequence of str
        The names of the classes, in the order of their codes; "0", "1", ... where empty.
    positive : str, optional
        The positive class of two; default the second.
    weight : array of shape (n,), optional
        Weights of rows, above zero.
    predicted : array of shape (n,), optional
        The class codes decided, where another rule than the largest probability decides (a threshold).

    Raises
    ------
    UsageError
        When there are no rows, lengths differ, a value is missing or not finite, or a label is unknown.

    Examples
    --------
    >>> evidence = gather("classification", [0, 1], [[0.9, 0.1], [0.2, 0.8]], labels=("No", "Yes"))
    >>> evidence.predicted.tolist(), evidence.positive
    ([0, 1], 1)
    """
    truth = np.asarray(y)
    rows = len(truth) if truth.ndim == 1 else 0
    if rows == 0:
        raise UsageError(
            f"expected one true value per row and at least one row, and an array of shape {truth.shape} came",
            hint="Give rows whose target is known.",
        )
    weights = np.ones(rows) if weight is None else _amounts(weight, rows, "weight")
    if not (weights > 0).all():
        raise UsageError("weights must be above zero", hint="Drop the rows of weight zero.")
    if task == "regression":
        return Evidence(task, _amounts(truth, rows, "y"), _amounts(answers, rows, "predictions"), None, weights)
    return _of_classes(truth, np.asarray(answers), tuple(labels), positive, weights=weights, predicted=predicted)


def _of_classes(
    truth: NDArray[Any],
    answers: NDArray[Any],
    labels: tuple[str, ...],
    positive: str | None,
    *,
    weights: NDArray[np.float64],
    predicted: ArrayLike | None,
) -> Evidence:
    rows = len(truth)
    chances = _chances(answers, rows) if answers.ndim == 2 else None
    classes = len(labels) or (chances.shape[1] if chances is not None else _largest(truth, answers) + 1)
    if chances is not None and chances.shape[1] != classes:
        raise UsageError(f"expected {classes} probabilities per row (labels: {list(labels)}), got {chances.shape[1]}")
    names = labels or tuple(str(code) for code in range(classes))
    named = _positive(names, positive)
    if predicted is None:
        predicted = answers if chances is None else _decided(chances, named)
    return Evidence(
        "classification",
        _codes(truth, rows, classes, "y"),
        _codes(np.asarray(predicted), rows, classes, "predicted"),
        chances,
        weights,
        names,
        named,
    )


def _decided(chances: NDArray[np.float64], positive: int | None) -> NDArray[np.int64]:
    """Return the class of each row as a bundle decides it: of two the positive one from 0.5 on, else the likeliest."""
    if positive is None or chances.shape[1] != 2:
        return np.asarray(chances.argmax(axis=1), np.int64)
    return np.where(chances[:, positive] >= 0.5, positive, 1 - positive)


def _largest(truth: NDArray[Any], answers: NDArray[Any]) -> int:
    return max(int(truth.max()), int(answers.max()) if answers.size else 0, 1)


def _positive(labels: tuple[str, ...], positive: str | None) -> int | None:
    if positive is not None and positive not in labels:
        raise UsageError(
            f"the positive class {positive!r} is not a label", hint=f"The labels are: {', '.join(labels)}."
        )
    if len(labels) != 2:
        return None
    return 1 if positive is None else labels.index(positive)


def _amounts(values: ArrayLike, rows: int, name: str) -> NDArray[np.float64]:
    array = np.asarray(values, np.float64)
    if array.shape != (rows,):
        raise UsageError(f"{name} must hold {rows} values, one per row, and has the shape {array.shape}")
    bad = np.flatnonzero(~np.isfinite(array))
    if len(bad):
        raise UsageError(
            f"{name} must be finite, and {len(bad)} values are not", where=f"row {bad[0] + 1}", hint="Drop such rows."
        )
    return array


def _codes(values: NDArray[Any], rows: int, classes: int, name: str) -> NDArray[np.int64]:
    if values.shape != (rows,) or not np.issubdtype(values.dtype, np.integer):
        raise UsageError(f"{name} must hold {rows} whole class codes, and is {values.dtype} of shape {values.shape}")
    bad = np.flatnonzero((values < 0) | (values >= classes))
    if len(bad):
        raise UsageError(
            f"{name} must hold class codes from 0 to {classes - 1}, and holds {values[bad[0]]}",
            where=f"row {bad[0] + 1}",
            hint="Leave out the rows whose label is missing or unknown.",
        )
    return values.astype(np.int64)


def _chances(values: NDArray[Any], rows: int) -> NDArray[np.float64]:
    array = np.asarray(values, np.float64)
    if len(array) != rows:
        raise UsageError(f"expected {rows} rows of probabilities, got {len(array)}")
    if not np.isfinite(array).all() or array.min() < -1e-6 or array.max() > 1 + 1e-6:
        raise UsageError("probabilities must be finite and between 0 and 1", hint="Check what the model answers.")
    if np.abs(array.sum(axis=1) - 1).max() > 1e-3:
        raise UsageError("the probabilities of a row must add up to 1", hint="Give one column per class.")
    return array
