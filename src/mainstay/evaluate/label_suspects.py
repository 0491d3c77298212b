"""Rows whose given answer looks wrong, from what models said that had not seen them.

For classes: confident learning (Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset
Labels", JAIR 2021, doi:10.1613/jair.1.12125): a row is suspect where the models are as sure of another class as they
are on average for rows of that class. For amounts: errors far outside the spread of all others.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - shapes of public functions

__all__ = ["Suspect", "suspect_amounts", "suspect_labels"]

_FAR = 6.0
"""Robust standard deviations; of normal errors one in 500 million is as far out."""


class Suspect(msgspec.Struct, frozen=True):
    """A row whose answer should be looked at.

    Parameters
    ----------
    row : int
        Its position among the rows given.
    given, suggested : float
        The class code or amount that stands there, and the one that the models expect.
    margin : float
        By how much the models prefer the other: a difference of probabilities, or robust standard deviations.
    """

    row: int
    given: float
    suggested: float
    margin: float


def suspect_labels(target: NDArray[np.int64], probabilities: NDArray[np.float64]) -> tuple[Suspect, ...]:
    """Return the rows whose class is probably another, surest first.

    Parameters
    ----------
    target : int64 array of shape (n,)
    probabilities : float64 array of shape (n, classes)
        Out of fold: by models that had not seen the row.

    Examples
    --------
    >>> target = np.array([0] * 50 + [1] * 50)
    >>> chance = np.where(target == 1, 0.9, 0.1)
    >>> target[7] = 1
    >>> [(one.row, one.suggested) for one in suspect_labels(target, np.column_stack([1 - chance, chance]))]
    [(7, 0.0)]
    """
    classes = probabilities.shape[1]
    present = np.bincount(target, minlength=classes) > 0
    own = probabilities[np.arange(len(target)), target]
    usual = np.array([own[target == code].mean() if present[code] else np.inf for code in range(classes)])
    sure = np.where(probabilities >= usual - 1e-9, probabilities, -np.inf)  # a mean is rounded
    sure[np.arange(len(target)), target] = -np.inf
    best = sure.argmax(axis=1)
    margin = probabilities[np.arange(len(target)), best] - own
    rows = np.flatnonzero((sure.max(axis=1) > -np.inf) & (margin > 0))
    order = rows[np.argsort(-margin[rows], kind="stable")]
    return tuple(Suspect(int(row), float(target[row]), float(best[row]), float(margin[row])) for row in order)


def suspect_amounts(target: NDArray[np.float64], predicted: NDArray[np.float64]) -> tuple[Suspect, ...]:
    """Return the rows whose amount is far outside the spread of the errors at such predictions, farthest first.

    Parameters
    ----------
    target, predicted : float64 arrays of shape (n,)
        Predictions by models that had not seen the row.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> amounts = rng.normal(100, 20, 400)
    >>> expected = amounts + rng.normal(0, 2, 400)
    >>> amounts[11] = 900.0
    >>> [one.row for one in suspect_amounts(amounts, expected)]
    [11]
    """
    error = target - predicted
    spread = _local_spread(error, predicted)
    distance = np.abs(error - np.median(error)) / spread
    rows = np.flatnonzero(distance > _FAR)
    order = rows[np.argsort(-distance[rows], kind="stable")]
    return tuple(Suspect(int(row), float(target[row]), float(predicted[row]), float(distance[row])) for row in order)


def _local_spread(error: NDArray[np.float64], predicted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the robust standard deviation of errors among rows with like predictions: large amounts err by more."""
    parts = max(1, min(10, len(error) // 50))
    place = np.argsort(np.argsort(predicted, kind="stable"), kind="stable") * parts // max(1, len(error))
    spread = np.empty(len(error))
    whole = _robust(error)
    for part in range(parts):
        rows = place == part
        spread[rows] = max(_robust(error[rows]), 0.1 * whole)
    return np.maximum(spread, np.finfo(float).tiny)


def _robust(error: NDArray[np.float64]) -> float:
    return float(1.4826 * np.median(np.abs(error - np.median(error))))
