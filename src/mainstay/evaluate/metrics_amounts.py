"""The metrics of regression: formulas over sums of errors. Values are scikit-learn's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluate.measured import Measured, from_columns, from_influence, ratio
from mainstay.evaluate.proportions import Z

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.evaluate.evidence import Evidence

    Floats = NDArray[np.float64]

__all__ = ["mae", "mape", "median_absolute_error", "median_limits", "mse", "r2", "rmse"]

_NEAR_ZERO = 1e-3
"""A target below this share of the typical (median) size makes percentages meaningless."""


def mae(evidence: Evidence) -> Measured:
    """Return the mean absolute error."""
    return ratio(evidence.weight, _sizes(evidence))


def mse(evidence: Evidence) -> Measured:
    """Return the mean squared error."""
    return ratio(evidence.weight, np.square(_sizes(evidence)))


def rmse(evidence: Evidence) -> Measured:
    """Return the root of the mean squared error."""
    columns = np.stack([evidence.weight, evidence.weight * np.square(_sizes(evidence))], axis=1)
    return from_columns(columns, _root)


def mape(evidence: Evidence) -> Measured | None:
    """Return the mean absolute error as a share of the true value; None when a true value is zero or near it."""
    size = np.abs(evidence.truth)
    if size.min() <= _NEAR_ZERO * np.median(size):
        return None
    return ratio(evidence.weight, _sizes(evidence) / size)


def r2(evidence: Evidence) -> Measured | None:
    """Return the share of the target's variance that is explained; None when the target does not vary."""
    centre = np.average(evidence.truth, weights=evidence.weight)
    truth = evidence.truth - centre
    spread = float(np.sqrt(np.average(np.square(truth), weights=evidence.weight)))
    if evidence.rows < 2 or spread <= 1e-12 * abs(centre):
        return None
    # Centred and scaled first: the formula subtracts sums, and digits would be lost on large targets.
    truth, errors, weight = truth / spread, _sizes(evidence) / spread, evidence.weight
    columns = [weight, weight * np.square(errors), weight * truth, weight * np.square(truth)]
    return from_columns(np.stack(columns, axis=1), _explained)


def median_absolute_error(evidence: Evidence) -> Measured:
    """Return the median of the absolute errors."""
    sizes = _sizes(evidence)
    value, (low, high) = _median(sizes, evidence.weight), median_limits(evidence)
    spread = (high - low) / (2 * Z) * np.sqrt(evidence.rows)
    return from_influence(evidence.weight, value, _centred(np.sign(sizes - value), evidence.weight) * spread)


def median_limits(evidence: Evidence, shrink: float = 1.0) -> tuple[float, float]:
    """Return the 95 % interval of the median absolute error, from order statistics, free of any distribution.

    ``shrink`` is the effective share of the rows, below one where rows of a group resemble each other.
    """
    sizes = _sizes(evidence)
    rows = max(evidence.effective_rows * shrink, 1.0)
    # The ranks between which the median lies follow the binomial; half a rank outwards keeps small n honest.
    reach = (Z * np.sqrt(rows) / 2 + 0.5) / rows
    order = np.argsort(sizes, kind="stable")
    share = np.cumsum(evidence.weight[order]) / evidence.weight.sum()
    low = int(np.searchsorted(share, max(0.5 - reach, 0.0), side="right"))
    high = int(np.searchsorted(share, min(0.5 + reach, 1.0) - 1e-12, side="left"))
    last = len(sizes) - 1
    return float(sizes[order[min(low, last)]]), float(sizes[order[min(high, last)]])


def _sizes(evidence: Evidence) -> Floats:
    return np.asarray(np.abs(evidence.predicted - evidence.truth), np.float64)


def _centred(values: Floats, weight: Floats) -> Floats:
    return values - np.average(values, weights=weight)


def _median(sizes: Floats, weight: Floats) -> float:
    order = np.argsort(sizes, kind="stable")
    share = np.cumsum(weight[order]) / weight.sum()
    first = int(np.searchsorted(share, 0.5 - 1e-12))
    # Where the half falls exactly between two rows the median is their mean.
    second = min(first + 1, len(sizes) - 1) if abs(share[first] - 0.5) < 1e-12 else first
    return float((sizes[order[first]] + sizes[order[second]]) / 2)


def _root(sums: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.sqrt(sums[..., 1] / sums[..., 0]), np.float64)


def _explained(sums: Floats) -> Floats:
    weight, squares, truth, truth_squares = (sums[..., column] for column in range(4))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(1 - squares / (truth_squares - truth * truth / weight), np.float64)
