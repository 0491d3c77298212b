"""Prediction sets and intervals that hold a stated share of the truths, from out-of-fold answers.

Split conformal prediction (Vovk, Gammerman and Shafer 2005; Lei et al. 2018, doi:10.1080/01621459.2017.1307116) with
the answers of cross-validation in place of a part that is set aside (cross-conformal, Vovk 2015,
doi:10.1007/s10472-013-9368-4): no row is lost to it, and the held-out rows stay an honest measure.
The promise holds where new rows are like the training rows; it is about all rows together, not about each kind of row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contracts.deciding import PredictionIntervals, PredictionSets
from mainstay.contracts.errors import DataError
from mainstay.evaluate.decisions import score_of
from mainstay.evaluate.intervals import Score
from mainstay.evaluate.measured import ratio
from mainstay.evaluate.proportions import wilson
from mainstay.evaluate.resample import draw

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Coverage", "few_rows", "fit_intervals", "fit_sets", "least_rows", "measure_coverage"]

_PER_TAIL = 5
"""So many calibration rows must lie outside, or a limit would hang on single rows."""
_FLOAT32 = 1e-6
"""What a probability may lose when it is written as float32."""
_BANDS = 12
_PER_BAND = 200
_PARTS = 10
"""The factor over the bands is taken from rows that the bands have not seen, a tenth at a time."""


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """How often sets or intervals held the truth, and how wide they were.

    Parameters
    ----------
    share : Score
        The share of rows whose truth was inside.
    width : Score
        The mean width of the intervals, or the mean number of classes in a set.
    rows : int
    """

    share: Score
    width: Score
    rows: int


def fit_sets(
    probabilities: Floats, truth: NDArray[np.int64], level: float, *, weight: Floats | None = None
) -> PredictionSets:
    """Return, for each class, the least probability with which it is in a set.

    Each class has its own limit, so that the promise holds for rare classes as for frequent ones. A class with too few
    rows for that (:func:`few_rows`) takes the more inclusive of its own limit, which then hangs on single rows, and one
    that such classes share: its truths are held at least as often as either would, how often is not known well.

    Parameters
    ----------
    probabilities : float64 array of shape (n, classes)
        Out-of-fold.
    truth : int64 array of shape (n,)
    level : float
        Such as 0.9.
    weight : float64 array of shape (n,), optional

    Raises
    ------
    DataError
        When there are too few rows for the level.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> chance = generator.random(4000)
    >>> truth = (generator.random(4000) < chance).astype(np.int64)
    >>> sets = fit_sets(np.stack([1 - chance, chance], axis=1), truth, 0.9)
    >>> [round(least, 1) for least in sets.least]
    [0.3, 0.3]
    """
    own = probabilities[np.arange(len(truth)), truth]
    weights = np.ones(len(truth)) if weight is None else weight
    counts = np.bincount(truth, minlength=probabilities.shape[1])
    few = few_rows(truth, probabilities.shape[1], level)
    together = np.isin(truth, few)
    if together.sum() * (1 - level) < _PER_TAIL:
        together = np.ones(len(truth), np.bool_)
    _check_rows(int(together.sum()), level)
    shared = _lower_limit(own[together], weights[together], level)
    least = [
        _lower_limit(own[truth == code], weights[truth == code], level) if counts[code] else shared
        for code in range(probabilities.shape[1])
    ]
    least = [min(shared, value) if code in few else value for code, value in enumerate(least)]
    return PredictionSets(level=level, least=tuple(min(max(value - _FLOAT32, 0.0), 1.0) for value in least))


def few_rows(truth: NDArray[np.int64], classes: int, level: float) -> list[int]:
    """Return the classes with too few rows for a limit of their own.

    Examples
    --------
    >>> few_rows(np.repeat([0, 1], [100, 30]), 3, 0.9)
    [1, 2]
    """
    counts = np.bincount(truth, minlength=classes)
    return [int(code) for code in np.flatnonzero(counts < least_rows(level))]


def fit_intervals(
    amounts: Floats, truth: Floats, level: float, *, weight: Floats | None = None, shrink: float = 1.0
) -> PredictionIntervals:
    """Return how far intervals reach to each side, as a function of the predicted amount.

    Errors are taken by bands of like predictions, each side for itself, so that intervals are wide where the model
    errs much and uneven where its errors are; one factor over all bands then sets the share that they hold
    (conformalized quantile regression: Romano, Patterson and Candes 2019, arXiv:1905.03222). The factor is taken from
    rows that the bands had not seen, a tenth at a time, with the correction for one new row.

    Parameters
    ----------
    amounts, truth : float64 array of shape (n,)
        Out-of-fold answers and what was true.
    level : float
    weight : float64 array of shape (n,), optional
    shrink : float, default 1.0
        The ratio of the errors of the shipped average of fold models to those of single ones.

    Raises
    ------
    DataError
        When there are too few rows for the level.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> truth = generator.normal(100, 1, 5000)
    >>> intervals = fit_intervals(np.full(5000, 100.0), truth, 0.9)
    >>> round(intervals.below[0], 1), round(intervals.above[0], 1)
    (1.6, 1.6)
    """
    weights = np.ones(len(truth)) if weight is None else weight
    _check_rows(len(truth), level)
    errors = (truth - amounts) * shrink
    count = int(np.clip(len(amounts) // max(_PER_BAND, 2 * least_rows(level)), 1, _BANDS))
    at, below, above = _bands(amounts, errors, weights, count=count, level=level)
    wider = -_lower_limit(-_outside(amounts, errors, weights, count=count, level=level), weights, level)
    width = below + above
    sides = [tuple(np.maximum(side + wider * width, 0.0).tolist()) for side in (below, above)]
    floor = 0.0 if float(truth.min()) >= 0.0 else None
    return PredictionIntervals(level=level, at=at, below=sides[0], above=sides[1], floor=floor)


def _outside(amounts: Floats, errors: Floats, weight: Floats, *, count: int, level: float) -> Floats:
    """Return by how many widths each row lies outside its interval, negative inside, by bands of the other rows.

    Bands that have seen a row hold it a little too often, and the factor taken from such rows would be too small.
    """
    part = np.argsort(np.argsort(amounts, kind="stable"), kind="stable") % _PARTS  # each part has all amounts
    least = 1e-12 * max(1.0, float(np.abs(amounts + errors).max()))
    found = np.empty(len(amounts))
    for code in range(_PARTS):
        rows, others = part == code, part != code
        at, below, above = _bands(amounts[others], errors[others], weight[others], count=count, level=level)
        low, high = (np.interp(amounts[rows], at, side) for side in (below, above))
        found[rows] = np.maximum(-errors[rows] - low, errors[rows] - high) / np.maximum(low + high, least)
    return found


def _bands(
    amounts: Floats, errors: Floats, weight: Floats, *, count: int, level: float
) -> tuple[tuple[float, ...], Floats, Floats]:
    """Return the middle of each band of predictions, and how far its errors reach below and above."""
    edges = np.unique(np.quantile(amounts, np.linspace(0, 1, count + 1)[1:-1]))
    band = np.searchsorted(edges, amounts, side="right")
    middles, lows, highs = [], [], []
    tail = (1 - level) / 2
    for rows in (np.flatnonzero(band == code) for code in range(len(edges) + 1)):
        if not len(rows):
            continue
        middles.append(float(np.average(amounts[rows], weights=weight[rows])))
        lows.append(max(-_quantile(errors[rows], weight[rows], tail), 0.0))
        highs.append(max(_quantile(errors[rows], weight[rows], 1 - tail), 0.0))
    return tuple(middles), _never_nothing(np.array(lows)), _never_nothing(np.array(highs))


def _never_nothing(reach: Floats) -> Floats:
    """Give a side without an error in its band a little of the others', so that it can be widened."""
    return np.asarray(np.maximum(reach, 1e-3 * reach.mean()), np.float64)


def _quantile(values: Floats, weight: Floats, share: float) -> float:
    order = np.argsort(values, kind="stable")
    reached = (np.cumsum(weight[order]) - 0.5 * weight[order]) / weight.sum()
    return float(np.interp(share, reached, values[order]))


def _lower_limit(values: Floats, weight: Floats, level: float) -> float:
    """Return the value that a share of ``level`` of new rows reaches: the floor((n + 1)(1 - level))-th smallest."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    # One more row, of the mean weight, is the new one (weighted: Tibshirani et al. 2019, arXiv:1904.06019).
    room = (reached[-1] + weight.mean()) * (1 - level) + 1e-9 * weight.mean()
    place = int(np.searchsorted(reached, room, side="right")) - 1
    return float(values[order[max(place, 0)]])


def least_rows(level: float) -> int:
    """Return how many rows it takes at least to fit sets or intervals of a level.

    Examples
    --------
    >>> least_rows(0.9), least_rows(0.99)
    (50, 500)
    """
    return int(np.ceil(round(_PER_TAIL / (1 - level), 6)))


def _check_rows(rows: int, level: float) -> None:
    needed = least_rows(level)
    if rows < needed:
        raise DataError(
            f"{rows:,} rows have an out-of-fold answer, and sets or intervals of {100 * level:g} % need {needed:,}",
            where="intervals", hint="Ask for a lower level, or give more rows.",
        )  # fmt: skip


def measure_coverage(
    inside: NDArray[np.bool_],
    width: Floats,
    *,
    weight: Floats | None = None,
    groups: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> Coverage:
    """Return the share of rows whose truth was inside, and the mean width, with 95 % intervals.

    Parameters
    ----------
    inside : bool array of shape (n,)
    width : float64 array of shape (n,)
        Of an interval, or how many classes a set has.
    weight : float64 array of shape (n,), optional
    groups : int64 array of shape (n,), optional
    seed : int, default 0

    Examples
    --------
    >>> found = measure_coverage(np.arange(100) < 91, np.ones(100))
    >>> str(found.share), found.width.value
    ('0.910 (0.838-0.952)', 1.0)
    """
    weights = np.ones(len(inside)) if weight is None else weight
    measured = ratio(weights, inside.astype(np.float64))
    value = measured.value
    units = np.arange(len(inside)) if groups is None else np.unique(groups, return_inverse=True)[1].astype(np.int64)
    variance = float(np.square(measured.influence(units, int(units.max()) + 1)).sum())
    plain = float(weights.sum() ** 2 / np.square(weights).sum())
    # Where all rows or none are inside the variance is 0 but for rounding, and says nothing of how many there were.
    some = variance > 0 and bool((inside & (weights > 0)).any()) and bool((~inside & (weights > 0)).any())
    value = min(max(value, 0.0), 1.0)
    rows = max(min(value * (1 - value) / variance, plain) if some else plain, 1e-9)
    low, high = wilson(value * rows, rows)
    draws = draw(len(inside), seed, groups)
    return Coverage(
        share=Score(value, min(float(low), value), max(float(high), value)),
        width=score_of(ratio(weights, width), draws),
        rows=len(inside),
    )
