"""What every metric is made of here: sums over rows, and a formula over the sums.

Because a metric is a formula over sums, one matrix product gives its value under thousands of resamplings, the same
resamplings serve every metric and every candidate (so comparisons are paired for free), and the influence of a row
follows from the formula's slope. Rank metrics join in through their influence, which is what DeLong's variance is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Measured", "from_columns", "from_counts", "from_influence", "ratio", "slope"]


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric on given rows, as sums and a formula.

    Parameters
    ----------
    sums : callable (unit, count) -> float64 array of shape (count, c)
        The c sums over the rows of each unit, where ``unit`` is an int64 array of shape (n,) with values below count.
    combine : callable, array of shape (..., c) -> array of shape (...)
        The formula; it does not change when all sums are multiplied by one factor. NaN where it is undefined.
    rows : int
        n.
    """

    sums: Callable[[Ints, int], Floats]
    combine: Callable[[Floats], Floats]
    rows: int

    @property
    def value(self) -> float:
        """The metric itself."""
        return float(self.combine(self.sums(np.zeros(self.rows, np.int64), 1)[0]))

    def influence(self, unit: Ints, count: int) -> Floats:
        """Return what each unit adds to the metric, to first order; the values add up to zero.

        The variance of the metric is the sum of their squares (infinitesimal jackknife).
        """
        parts = self.sums(unit, count)
        total = parts.sum(axis=0)
        steps = slope(self.combine, total, np.abs(parts).sum(axis=0))
        return np.asarray(parts @ steps, np.float64)


def slope(combine: Callable[[Floats], Floats], at: Floats, size: Floats) -> Floats:
    """Return the gradient of a formula at one or many points, by central differences.

    Parameters
    ----------
    combine : callable
    at : array of shape (..., c)
    size : array of shape (c,)
        The natural size of each sum; a step is a millionth of it.
    """
    steps = 1e-6 * np.where(size > 0, size, 1.0)
    gradient = np.empty_like(at)
    for column, step in enumerate(steps):
        shift = np.zeros_like(steps)
        shift[column] = step
        with np.errstate(invalid="ignore"):
            gradient[..., column] = (combine(at + shift) - combine(at - shift)) / (2 * step)
    # A formula has no slope at its edge (the root of a sum that is zero): there no row has an influence.
    return np.nan_to_num(gradient, posinf=0.0, neginf=0.0)


def from_columns(columns: Floats, combine: Callable[[Floats], Floats]) -> Measured:
    """Return a metric over columns of shape (n, c) that already carry the rows' weights."""

    def sums(unit: Ints, count: int) -> Floats:
        if count == len(columns) and np.array_equal(unit, np.arange(count)):
            return columns
        parts = [np.bincount(unit, column, minlength=count) for column in columns.T]
        return np.stack(parts, axis=1)

    return Measured(sums, combine, len(columns))


def ratio(weight: Floats, amount: Floats) -> Measured:
    """Return the weighted mean of one amount per row.

    Examples
    --------
    >>> ratio(np.ones(4), np.array([0.0, 1.0, 1.0, 1.0])).value
    0.75
    """
    return from_columns(np.stack([weight, weight * amount], axis=1), _quotient)


def from_influence(weight: Floats, value: float, influence: Floats) -> Measured:
    """Return a metric that is known with the influence of each row (weighted mean zero) on it."""

    def combine(sums: Floats) -> Floats:
        return value + _quotient(sums)

    return from_columns(np.stack([weight, weight * influence], axis=1), combine)


def from_counts(
    truth: Ints, predicted: Ints, weight: Floats, classes: int, formula: Callable[[Floats, Floats, Floats], Floats]
) -> Measured:
    """Return a metric over class counts.

    ``formula(hits, predicted, true)`` takes three arrays of shape (..., classes): the rows of each class that were
    predicted right, the rows predicted as it, and the rows that are it.
    """

    def sums(unit: Ints, count: int) -> Floats:
        right = truth == predicted
        parts = [
            np.bincount(unit[keep] * classes + codes[keep], weight[keep], minlength=count * classes)
            for codes, keep in ((truth, right), (predicted, slice(None)), (truth, slice(None)))
        ]
        return np.concatenate([part.reshape(count, classes) for part in parts], axis=1)

    def combine(table: Floats) -> Floats:
        return formula(table[..., :classes], table[..., classes : 2 * classes], table[..., 2 * classes :])

    return Measured(sums, combine, len(truth))


def _quotient(sums: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums[..., 1] / sums[..., 0], np.float64)
