"""The numbers behind every evaluation chart, as plain records that go into ``evaluation.json``.

Data first, drawing second: whoever wants the ROC curve as a table has it here, and the charts draw nothing that is
not in these records. Curves are thinned to at most 200 points that follow their shape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.data.quality_records import Histogram
from mainstay.evaluate.confusion import count_confusion
from mainstay.evaluate.proportions import wilson

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mainstay.evaluate.evidence import Evidence

    Floats = NDArray[np.float64]

__all__ = [
    "CalibrationBin",
    "Confusion",
    "Curve",
    "Curves",
    "ErrorBand",
    "Errors",
    "calibration_curve",
    "curves_of",
    "errors_of",
    "falling_steps",
    "gain_curves",
    "histogram",
    "precision_recall_curves",
    "roc_curves",
    "thinned",
]

_POINTS = 200
_CLASSES = 8
"""More curves than this in one picture cannot be told apart; the most frequent classes are kept."""


class Curve(msgspec.Struct, frozen=True):
    """One line: a class, and its points in order."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]


class CalibrationBin(msgspec.Struct, frozen=True):
    """Rows with like probabilities: the mean promised, the share that happened with its 95 % interval, and how many."""

    promised: float
    happened: float
    low: float
    high: float
    rows: int


class Confusion(msgspec.Struct, frozen=True):
    """The rows of each true class (outer) that got each answer (inner)."""

    labels: tuple[str, ...]
    counts: tuple[tuple[float, ...], ...]


class ErrorBand(msgspec.Struct, frozen=True):
    """Rows with like predictions: their mean prediction, and the 10 %, 50 % and 90 % points of their errors."""

    predicted: float
    low: float
    middle: float
    high: float
    rows: int


class Errors(msgspec.Struct, frozen=True):
    """How far predicted amounts are from the true ones; an error is predicted minus true.

    Parameters
    ----------
    true, predicted : tuple of float
        A random sample of at most 200 rows, for a picture.
    bands : tuple of ErrorBand
        From all rows, by tenths of the predictions.
    histogram : Histogram
        Of the errors of all rows; the outer 0.5 % on each side are counted beside it.
    """

    true: tuple[float, ...]
    predicted: tuple[float, ...]
    bands: tuple[ErrorBand, ...]
    histogram: Histogram


class Curves(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be drawn about the answers on some rows; empty where it does not apply.

    Parameters
    ----------
    roc, precision_recall, gain : tuple of Curve
        For the positive class of two, or one per class against the rest. ROC: false alarm rate, hit rate.
        Precision-recall: recall, precision. Gain: share of rows taken from the top, share of the class found.
    calibration : tuple of CalibrationBin
        For the positive class of two; for more classes, of the probability of the predicted class.
    confusion : Confusion, optional
    errors : Errors, optional
        For regression.
    positive_share : float, optional
        The share of the positive class, which is what guessing gets as precision.
    """

    roc: tuple[Curve, ...] = ()
    precision_recall: tuple[Curve, ...] = ()
    gain: tuple[Curve, ...] = ()
    calibration: tuple[CalibrationBin, ...] = ()
    confusion: Confusion | None = None
    errors: Errors | None = None
    positive_share: float | None = None


def curves_of(evidence: Evidence, *, seed: int = 0) -> Curves:
    """Return all curves that apply to the answers.

    Examples
    --------
    >>> from mainstay.evaluate.evidence import gather
    >>> curves = curves_of(gather("classification", [0, 1], [[0.9, 0.1], [0.2, 0.8]], labels=("No", "Yes")))
    >>> curves.roc[0].name, curves.roc[0].x
    ('Yes', (0.0, 0.0, 1.0))
    """
    if evidence.task == "regression":
        return Curves(errors=errors_of(evidence, seed=seed))
    counts = count_confusion(evidence)
    confusion = Confusion(evidence.labels, tuple(tuple(row) for row in counts.tolist()))
    if evidence.probabilities is None:
        return Curves(confusion=confusion)
    share = None if evidence.positive is None else float(counts[evidence.positive].sum() / counts.sum())
    return Curves(
        roc=roc_curves(evidence),
        precision_recall=precision_recall_curves(evidence),
        gain=gain_curves(evidence),
        calibration=calibration_curve(evidence),
        confusion=confusion,
        positive_share=share,
    )


def roc_curves(evidence: Evidence) -> tuple[Curve, ...]:
    """Return hit rate over false alarm rate, one curve per class drawn."""

    def points(hits: Floats, alarms: Floats) -> tuple[Floats, Floats] | None:
        return None if alarms[-1] == 0 else (alarms / alarms[-1], hits / hits[-1])

    return _per_class(evidence, points)


def precision_recall_curves(evidence: Evidence) -> tuple[Curve, ...]:
    """Return precision over recall, one curve per class drawn."""

    def points(hits: Floats, alarms: Floats) -> tuple[Floats, Floats]:
        precision = hits[1:] / (hits[1:] + alarms[1:])
        return hits / hits[-1], np.concatenate([precision[:1], precision])

    return _per_class(evidence, points)


def gain_curves(evidence: Evidence) -> tuple[Curve, ...]:
    """Return the share of a class found over the share of rows taken from the top, one curve per class drawn."""

    def points(hits: Floats, alarms: Floats) -> tuple[Floats, Floats]:
        return (hits + alarms) / (hits[-1] + alarms[-1]), hits / hits[-1]

    return _per_class(evidence, points)


def calibration_curve(evidence: Evidence, *, bins: int | None = None) -> tuple[CalibrationBin, ...]:
    """Return promised against happened in bins of equal numbers of rows: ten, or fewer so that each holds 25 rows.

    For two classes the promise is the probability of the positive class; for more, that of the predicted class.
    """
    if evidence.probabilities is None:
        return ()
    if evidence.positive is None:
        promised = evidence.probabilities[np.arange(evidence.rows), evidence.predicted]
        happened = evidence.truth == evidence.predicted
    else:
        promised, happened = evidence.probabilities[:, evidence.positive], evidence.truth == evidence.positive
    found = []
    for rows in _tenths(promised, bins or int(np.clip(evidence.rows // 25, 2, 10))):
        hits = float(happened[rows].sum())
        low, high = wilson(hits, len(rows))
        mean = float(promised[rows].mean())
        found.append(CalibrationBin(mean, hits / len(rows), float(low), float(high), len(rows)))
    return tuple(found)


def errors_of(evidence: Evidence, *, seed: int = 0) -> Errors:
    """Return the errors of predicted amounts, as a sample, as bands and as a histogram."""
    errors = evidence.predicted - evidence.truth
    size = min(evidence.rows, _POINTS)
    rows = np.sort(np.random.default_rng(seed).choice(evidence.rows, size, replace=False))
    bands = []
    for inside in _tenths(evidence.predicted, 10):
        low, middle, high = np.quantile(errors[inside], [0.1, 0.5, 0.9])
        mean = float(evidence.predicted[inside].mean())
        bands.append(ErrorBand(mean, float(low), float(middle), float(high), len(inside)))
    return Errors(
        tuple(evidence.truth[rows].tolist()), tuple(evidence.predicted[rows].tolist()), tuple(bands), histogram(errors)
    )


def histogram(values: Floats, *, bins: int = 30) -> Histogram:
    """Return counts in equal bars over the middle 99 % of the values, and how many lie outside.

    Examples
    --------
    >>> histogram(np.array([0.0, 1.0, 1.0, 2.0]), bins=2).counts
    (1, 3)
    """
    low, high = np.quantile(values, [0.005, 0.995], method="nearest")
    if high <= low:
        low, high = float(values.min()), float(values.max())
    if high <= low:
        low, high = low - 0.5, low + 0.5
    counts, edges = np.histogram(values, bins=min(bins, max(len(values), 1)), range=(low, high))
    below, above = int((values < low).sum()), int((values > high).sum())
    return Histogram(tuple(edges.tolist()), tuple(counts.tolist()), below, above)


def _tenths(values: Floats, bins: int) -> list[NDArray[np.int64]]:
    """Return the rows of each bin of equal size by value; equal values stay together."""
    edges = np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)[1:-1]))
    place = np.searchsorted(edges, values, side="right")
    return [rows for rows in (np.flatnonzero(place == code) for code in range(len(edges) + 1)) if len(rows)]


def _per_class(
    evidence: Evidence, points: Callable[[Floats, Floats], tuple[Floats, Floats] | None]
) -> tuple[Curve, ...]:
    if evidence.probabilities is None:
        return ()
    curves = []
    for code in _drawn(evidence):
        true = evidence.truth == code
        hits, alarms = falling_steps(true, evidence.probabilities[:, code], evidence.weight)
        drawn = points(hits, alarms) if true.any() else None
        if drawn is not None:
            x, y = thinned(*drawn)
            curves.append(Curve(evidence.labels[code], tuple(x.tolist()), tuple(y.tolist())))
    return tuple(curves)


def _drawn(evidence: Evidence) -> list[int]:
    if evidence.positive is not None:
        return [evidence.positive]
    counts = np.bincount(evidence.truth, minlength=len(evidence.labels))
    return sorted(np.argsort(-counts, kind="stable")[:_CLASSES].tolist())


def falling_steps(true: NDArray[np.bool_], score: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Return the weight of hits and of false alarms as the threshold falls, from (0, 0), one step per score."""
    order = np.argsort(-score, kind="stable")
    falling = score[order]
    last = np.flatnonzero(np.concatenate([falling[1:] != falling[:-1], [True]]))
    hits = np.cumsum((weight * true)[order])[last]
    alarms = np.cumsum((weight * ~true)[order])[last]
    return np.concatenate([[0.0], hits]), np.concatenate([[0.0], alarms])


def thinned(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Keep at most 200 points, evenly along the length of the curve, both ends included."""
    if len(x) <= _POINTS:
        return x, y
    length = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    wanted = np.searchsorted(length, np.linspace(0, length[-1], _POINTS))
    keep = np.unique(np.clip(np.concatenate([[0], wanted[1:-1], [len(x) - 1]]), 0, len(x) - 1))
    return x[keep], y[keep]
