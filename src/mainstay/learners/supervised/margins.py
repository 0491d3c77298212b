"""From margins to probabilities: a support vector machine says how far a row lies from a border, not how likely it is.

Margins of rows that a fit has not seen (inner folds) go into a logistic regression, whose answer is a probability.
It is an affine map and a link, so it folds into the model's own coefficients and costs nothing to answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.learners.supervised.logistic import ABSENT
from mainstay.learners.supervised.scaled_rows import deal

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mainstay.contracts.model import Link
    from mainstay.learners.supervised.admission import Classes
    from mainstay.learners.supervised.scaled_rows import ScaledRows

    Doubles = NDArray[np.float64]
    Margins = Callable[[Doubles], Doubles]

__all__ = ["calibrated", "likely", "out_of_fold", "widened"]

_FOLDS = 3
_PENALTY = 10.0
"""Inverse strength of the squared penalty on the map: margins that part all rows still give no certainty."""


def out_of_fold(
    rows: ScaledRows, codes: NDArray[np.int64], fit: Callable[[ScaledRows, NDArray[np.int64]], Margins], *, seed: int
) -> tuple[Doubles, NDArray[np.int64]]:
    """Return margins of rows that the fit had not seen, and the positions of those rows.

    Rows of classes with fewer rows than folds are always learned from.

    Parameters
    ----------
    rows : ScaledRows
    codes : int64 array of shape (m,)
        Classes 0..k-1, each with a row.
    fit : callable
        Rows and their codes -> matrix -> margins.
    seed : int
    """
    fold = deal(rows.target, _FOLDS, seed)
    fold[np.bincount(codes)[codes] < _FOLDS] = -1
    margins, places = [], []
    for part in range(_FOLDS):
        held, rest = np.flatnonzero(fold == part), np.flatnonzero(fold != part)
        if len(held):
            margins.append(fit(rows.take(rest), codes[rest])(rows.matrix[held]))
            places.append(held)
    if not margins:
        return np.empty((0, 1)), np.empty(0, np.int64)
    return np.concatenate(margins), np.concatenate(places)


def calibrated(margins: Doubles, codes: NDArray[np.int64], weight: Doubles | None) -> tuple[Doubles, Doubles]:
    """Return slopes and intercepts that turn margins into logits, by logistic regression.

    With two classes and one margin this is Platt's sigmoid; with k classes and k margins each logit may use all
    margins.

    Parameters
    ----------
    margins : float64 array of shape (n, s)
    codes : int64 array of shape (n,)
        All classes have rows.
    weight : float64 array of shape (n,), optional

    Returns
    -------
    slopes : float64 array of shape (s, logits)
    intercepts : float64 array of shape (logits,)

    References
    ----------
    Platt (1999), "Probabilistic outputs for support vector machines"; Kull et al. (2019), arXiv:1910.12656.
    """
    from sklearn.linear_model import LogisticRegression

    size = float(margins.std()) or 1.0
    model = LogisticRegression(C=_PENALTY, max_iter=200, tol=1e-4)
    model.fit(margins / size, codes, sample_weight=weight)
    return model.coef_.T / size, model.intercept_.copy()


def likely(logits: Doubles) -> Doubles:
    """Return probabilities, (n, k), from one logit for the second of two classes or one for each class.

    Examples
    --------
    >>> likely(np.array([[0.0], [800.0]])).tolist()
    [[0.5, 0.5], [0.0, 1.0]]
    """
    if logits.shape[1] == 1:
        logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def widened(classes: Classes, coefficients: Doubles, intercept: Doubles) -> tuple[Doubles, Doubles, Link]:
    """Return coefficients and intercepts for all classes, and the link, from those of the classes with rows.

    Parameters
    ----------
    classes : Classes
        Two with rows have one logit, more have one each.
    coefficients : float64 array of shape (m, logits)
    intercept : float64 array of shape (logits,)
    """
    if classes.count == 2:
        return coefficients, intercept, "sigmoid"
    if len(classes.present) == 2:  # softmax over 0 and the logit is the sigmoid
        coefficients = np.concatenate([np.zeros_like(coefficients), coefficients], axis=1)
        intercept = np.append(0.0, intercept)
    wide = np.zeros((len(coefficients), classes.count))
    wide[:, classes.present] = coefficients
    base = np.full(classes.count, ABSENT)
    base[classes.present] = intercept
    return wide, base, "softmax"
