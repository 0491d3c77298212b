"""Resampling of rows, fast: all metrics share one matrix of weights, and large tables are resampled in blocks.

A block is a random handful of rows (or one group, where rows of a group belong together). Sums over 2,000 blocks
have the spread and the skewness of sums over the rows, so the cost of an interval does not grow with the table.
Intervals are studentised (bootstrap-t; Efron 1982, Hall 1992 doi:10.1007/978-1-4612-4384-7), because plain
percentiles of skewed losses are too narrow on the side that matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluate.measured import slope
from mainstay.evaluate.proportions import Z

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.evaluate.measured import Measured

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Draws", "draw", "studentised"]

_BLOCKS = 2000
_FEW, _MANY = 1000, 2000
"""Replicates above and up to 1,000 units: fewer where the distribution is narrow and near normal."""
_KNOWN_TAILS = 0.975
_LEAST_FOR_TAIL, _LEAST_TAIL = 30, 8
_TIMES, _HEAVIEST, _AT_ONCE = 10, 0.6, 100
_REACH = 8.0
"""The most standard errors that one limit may lie away: a few rows cannot carry more."""


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Units of resampling and how often each is drawn.

    Parameters
    ----------
    unit : int64 array of shape (n,)
        The unit of each row.
    weights : float64 array of shape (replicates, units)
        Whole numbers; each row of the matrix adds up to the number of units.
    """

    unit: Ints
    weights: Floats

    @property
    def units(self) -> int:
        """How many units there are."""
        return int(self.weights.shape[1])


def draw(rows: int, seed: int, groups: Ints | None = None) -> Draws:
    """Draw the resamplings for a table of so many rows.

    Parameters
    ----------
    rows : int
    seed : int
    groups : int64 array of shape (rows,), optional
        Rows of one group are drawn together.

    Examples
    --------
    >>> draw(50_000, seed=0).weights.shape
    (1000, 2000)
    """
    generator = np.random.default_rng(seed)
    atom = np.arange(rows) if groups is None else np.unique(groups, return_inverse=True)[1].astype(np.int64)
    atoms = int(atom.max()) + 1
    unit = atom
    if atoms > _BLOCKS:
        unit = generator.permutation(np.arange(atoms) % _BLOCKS)[atom]
    units = min(atoms, _BLOCKS)
    replicates = _MANY if units <= _FEW else _FEW
    taken = generator.integers(0, units, (replicates, units), dtype=np.int32)
    places = taken + (np.arange(replicates, dtype=np.int32) * units)[:, None]
    counts = np.bincount(places.ravel(), minlength=replicates * units)
    return Draws(unit, counts.reshape(replicates, units).astype(np.float64))


def studentised(measured: Measured, draws: Draws, span: tuple[float, float] = (0.0, 1.0)) -> tuple[float, float] | None:
    """Return the 95 % interval of a metric by the bootstrap-t.

    Towards a side where the metric has no bound, rows that were not seen may lie farther out than all that were: there
    the limit is moved by what a tail of Pareto's law beyond the sample adds.

    On the metric's own scale: a logarithmic one holds the truth as often and is wider on few, skewed rows
    (measured with the worlds of ``tests/evaluate/coverage.py``).

    Returns
    -------
    tuple of float or None
        None where the rows show no spread, so nothing can be said.
    """
    parts = measured.sums(draws.unit, draws.units)
    size, total = np.abs(parts).sum(axis=0), parts.sum(axis=0)
    centre = float(measured.combine(total))
    spread = float(np.sqrt(np.square(parts @ slope(measured.combine, total, size)).sum()))
    if draws.units < 2 or not spread > 1e-9 * abs(centre):
        return None
    sums = draws.weights @ parts
    with np.errstate(invalid="ignore", divide="ignore"):
        errors = _errors(parts, draws.weights, slope(measured.combine, sums, size))
        steps = (measured.combine(sums) - centre) / errors
    steps = steps[np.isfinite(steps) & (errors > 1e-3 * spread)]
    if len(steps) < len(draws.weights) // 2:
        return None
    low, high = np.quantile(steps, [0.025, 0.975])
    if len(steps) < _KNOWN_TAILS * len(draws.weights):
        # One row makes the spread, and the replicates without it, which make the tail, were left out.
        low, high = min(float(low), -Z), max(float(high), Z)
    if not np.isfinite(span).all():
        low, high = _with_tail(parts @ slope(measured.combine, total, size), float(low), float(high), span)
    # Few units understate their own spread by sqrt((units - 1) / units).
    spread *= float(np.sqrt(draws.units / (draws.units - 1)))
    return centre - min(max(float(high), 0.0), _REACH) * spread, centre - max(min(float(low), 0.0), -_REACH) * spread


def _with_tail(influence: Floats, low: float, high: float, span: tuple[float, float]) -> tuple[float, float]:
    """Return the two quantiles of the studentised metric, widened for a tail that the sample ends too early.

    The mean of the influences is studentised in samples from themselves and from a population whose heaviest tenth
    follows Pareto's law with the sample's own index (Hill 1975, doi:10.1214/aos/1176343247), at most 0.6; the distance
    between the two is what is added. Measured in ``benchmarks/coverage.py``.
    """
    if len(influence) < _LEAST_FOR_TAIL:
        return low, high
    upward = not np.isfinite(span[1])
    amounts = influence - influence.min() if upward else np.median(influence) - influence
    longer = _longer(amounts)
    if longer is None:
        return low, high
    known, more = _lower_quantile(amounts, len(amounts)), _lower_quantile(longer, len(amounts))
    step = max(known - more, 0.0)
    return (low - step, high) if upward else (low, high + step)


def _longer(amounts: Floats) -> Floats | None:
    """Return a population ten times as large, its heaviest tenth drawn out; None where there is no tail."""
    rising = np.sort(amounts)
    tail = max(len(rising) // 10, _LEAST_TAIL)
    edge = rising[-tail - 1]
    if edge <= 0:
        return None
    index = min(float(np.log(rising[-tail:] / edge).mean()), _HEAVIEST)
    places = (np.arange(tail * _TIMES) + 0.5) / (tail * _TIMES)
    return np.concatenate([np.repeat(rising[:-tail], _TIMES), edge * (1 - places) ** -index])


def _lower_quantile(population: Floats, rows: int) -> float:
    """Return the 2.5 % quantile of the studentised mean of so many rows."""
    generator = np.random.default_rng(rows)
    steps = []
    for _ in range(_FEW // _AT_ONCE):
        some = population[generator.integers(0, len(population), (_AT_ONCE, rows))]
        error = some.std(axis=1) / np.sqrt(rows)
        steps.append((some.mean(axis=1) - population.mean()) / np.where(error > 0, error, np.inf))
    return float(np.quantile(np.concatenate(steps), 0.025))


def _errors(parts: Floats, weights: Floats, slopes: Floats) -> Floats:
    """Return the standard error within each replicate, from weighted sums of products of the columns."""
    columns = parts.shape[1]
    first, second = np.triu_indices(columns)
    products = weights @ (parts[:, first] * parts[:, second])
    twice = np.where(first == second, 1.0, 2.0)
    squares = (products * slopes[:, first] * slopes[:, second] * twice).sum(axis=1)
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)), np.float64)
