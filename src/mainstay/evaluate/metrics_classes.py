"""The metrics of classification: formulas over class counts, mean losses and ranks. Values are scikit-learn's.

With two classes precision, recall, F1, average precision and ROC-AUC are those of the positive class; with more they
are unweighted means over classes (one class against the rest for the ranks).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluate import ranks
from mainstay.evaluate.measured import Measured, from_counts, from_influence, ratio

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mainstay.evaluate.evidence import Evidence

    Floats = NDArray[np.float64]

__all__ = [
    "accuracy",
    "average_precision",
    "balanced_accuracy",
    "brier_score",
    "f1",
    "log_loss",
    "precision",
    "recall",
    "roc_auc",
]


def accuracy(evidence: Evidence) -> Measured:
    """Return the share of rows whose class was predicted right."""
    return ratio(evidence.weight, (evidence.truth == evidence.predicted).astype(np.float64))


def balanced_accuracy(evidence: Evidence) -> Measured:
    """Return the mean of the recalls of the classes that occur."""
    return _counted(evidence, _mean_recall)


def precision(evidence: Evidence) -> Measured | None:
    """Return the precision; None for two classes when no row is predicted positive."""
    return _of_positive(evidence, _precision)


def recall(evidence: Evidence) -> Measured | None:
    """Return the recall; None for two classes when no row is positive."""
    return _of_positive(evidence, _recall)


def f1(evidence: Evidence) -> Measured | None:
    """Return the harmonic mean of precision and recall; None when no row is positive or predicted so."""
    return _of_positive(evidence, _f1)


def log_loss(evidence: Evidence) -> Measured | None:
    """Return the mean of minus the logarithm of the probability given to the true class."""
    if evidence.probabilities is None:
        return None
    smallest = np.finfo(np.float64).eps  # scikit-learn's clip, so that one certain error is not infinite
    chance = evidence.probabilities[np.arange(evidence.rows), evidence.truth]
    return ratio(evidence.weight, -np.log(np.clip(chance, smallest, 1 - smallest)))


def brier_score(evidence: Evidence) -> Measured | None:
    """Return the mean squared error of probabilities (of the positive class for two, summed over classes for more)."""
    if evidence.probabilities is None:
        return None
    if evidence.positive is not None:
        chance = evidence.probabilities[:, evidence.positive]
        return ratio(evidence.weight, np.square(chance - (evidence.truth == evidence.positive)))
    happened = evidence.truth[:, None] == np.arange(len(evidence.labels))
    return ratio(evidence.weight, np.square(evidence.probabilities - happened).sum(axis=1))


def roc_auc(evidence: Evidence) -> Measured | None:
    """Return the area under the ROC curve; None with one class in the rows."""
    return _ranked(evidence, ranks.roc_auc)


def average_precision(evidence: Evidence) -> Measured | None:
    """Return the average precision; None when no row is positive."""
    return _ranked(evidence, ranks.average_precision)


def _ranked(
    evidence: Evidence, rank: Callable[[NDArray[np.bool_], Floats, Floats], tuple[float, Floats] | None]
) -> Measured | None:
    """Return a rank metric: of the positive class, or its mean over the classes that occur."""
    if evidence.probabilities is None:
        return None
    several = range(len(evidence.labels)) if evidence.positive is None else [evidence.positive]
    parts = []
    for code in several:
        true = evidence.truth == code
        part = rank(true, evidence.probabilities[:, code], evidence.weight) if true.any() else None
        if part is not None:
            parts.append(part)
    if not parts:
        return None
    influence = np.mean([part[1] for part in parts], axis=0)
    return from_influence(evidence.weight, float(np.mean([part[0] for part in parts])), influence)


def _counted(evidence: Evidence, formula: Callable[[Floats, Floats, Floats], Floats]) -> Measured:
    return from_counts(evidence.truth, evidence.predicted, evidence.weight, len(evidence.labels), formula)


def _of_positive(evidence: Evidence, each: Callable[[Floats, Floats, Floats], Floats]) -> Measured | None:
    if evidence.positive is None:
        return _counted(evidence, partial(_macro, each))
    measured = _counted(evidence, partial(_single, each, evidence.positive))
    return None if np.isnan(measured.value) else measured


def _single(
    each: Callable[[Floats, Floats, Floats], Floats], code: int, hits: Floats, predicted: Floats, true: Floats
) -> Floats:
    return each(hits, predicted, true)[..., code]


def _macro(each: Callable[[Floats, Floats, Floats], Floats], hits: Floats, predicted: Floats, true: Floats) -> Floats:
    # As scikit-learn: over the classes that occur in truth or prediction, 0 where a class was never predicted.
    present = (predicted > 0) | (true > 0)
    values = np.where(present, np.nan_to_num(each(hits, predicted, true)), 0.0)
    return np.asarray(values.sum(axis=-1) / present.sum(axis=-1), np.float64)


def _mean_recall(hits: Floats, predicted: Floats, true: Floats) -> Floats:
    present = true > 0
    values = np.where(present, np.nan_to_num(_recall(hits, predicted, true)), 0.0)
    return np.asarray(values.sum(axis=-1) / present.sum(axis=-1), np.float64)


def _precision(hits: Floats, predicted: Floats, true: Floats) -> Floats:
    del true
    return _divide(hits, predicted)


def _recall(hits: Floats, predicted: Floats, true: Floats) -> Floats:
    del predicted
    return _divide(hits, true)


def _f1(hits: Floats, predicted: Floats, true: Floats) -> Floats:
    return _divide(2 * hits, predicted + true)


def _divide(above: Floats, below: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(above / below, np.float64)
