"""Amounts with a long tail on a logarithmic scale, so that a few large ones do not outweigh all others.

The logarithm is Briggs's of 1624: many square roots, less one, times a power of two. ``Log`` itself differs in its last
digit between libraries, and between a batch and a single row; a square root is exactly rounded everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import msgspec
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.prepare.operations import Operations
    from mainstay.prepare.step import Block, Names

    Doubles = NDArray[np.float64]

__all__ = ["Bend", "Unskew", "choose_bend", "tail_measures"]

Tensor = TypeVar("Tensor")

_ROOTS = 12  # 4096 * (x ** (1 / 4096) - 1) is ln x to a quarter of a percent at 10**9, and keeps 40 bits
_LEAST_SKEW = 0.2
"""The L-skewness from which a column is looked at: that of an exponential is 0.33, of a normal or a uniform one 0."""
_LEAST_TAILS = 0.25
"""The L-kurtosis from which a symmetric column is looked at: that of a normal one is 0.12, of a Laplace one 0.24."""
_FEWEST = 20
_ZEROS = 0.3
_UNITS = (1.0, 0.3, 0.1, 0.03, 0.01)
_AS_GOOD = 0.03


class Unskew(msgspec.Struct, frozen=True, tag=True):
    """Put number columns on a logarithmic scale: ``sign(x - centre) * log(1 + |x - centre| / unit)``.

    Parameters
    ----------
    width : int
        How many number columns there are.
    columns : tuple of int
        Which of them.
    centre, unit : tuple of float
        For each of them; the unit is above 0.
    """

    width: int
    columns: tuple[int, ...]
    centre: tuple[float, ...]
    unit: tuple[float, ...]

    def rename(self, names: Names) -> Names:
        """Keep the names."""
        return names

    def apply(self, run: Operations[Tensor], block: Block[Tensor]) -> Block[Tensor]:
        """Take roots in float64; a missing number stays missing."""
        if block.numbers is None:
            return block
        chosen = run.as_double(run.take(block.numbers, self.columns))
        moved = run.do("Sub", chosen, run.constant(np.array([self.centre])))
        root = run.do("Add", run.do("Abs", run.do("Div", moved, run.constant(np.array([self.unit])))), _one(run, 1.0))
        for _ in range(_ROOTS):
            root = run.do("Sqrt", root)
        logs = run.do("Mul", run.do("Sub", root, _one(run, 1.0)), _one(run, 2.0**_ROOTS))
        signed = run.do("Where", run.do("Less", moved, _one(run, 0.0)), run.do("Neg", logs), logs)
        # All columns in their order: those left alone, and in the others' places what was made of them.
        order = list(range(self.width))
        for place, column in enumerate(self.columns):
            order[column] = self.width + place
        return replace(block, numbers=run.take(run.join([block.numbers, run.as_float(signed)]), order))


@dataclass(frozen=True, slots=True)
class Bend:
    """How one column is bent.

    Parameters
    ----------
    centre, unit : float
        As in :class:`Unskew`.
    """

    centre: float
    unit: float

    def of(self, values: Doubles) -> Doubles:
        """Return the values on the logarithmic scale, to the digits that a choice needs."""
        moved = (values - self.centre) / self.unit
        logs: Doubles = np.sign(moved) * np.log1p(np.abs(moved))
        return logs


def choose_bend(known: Doubles) -> Bend | None:
    """Return the logarithmic scale that brings a column nearest to symmetric, or None where it is well as it is.

    A column is left alone unless its tails are long and a logarithm mends that: the skewness, or for a symmetric
    column what its kurtosis has above that of a normal one, must fall to a half or less. Two far groups of unequal
    size are skewed as well, and no logarithm mends that; so they are left alone. Measured by L-moments (Hosking 1990,
    doi:10.1111/j.2517-6161.1990.tb01775.x), on which a single outlier has little hold. Where many values are 0, the
    others are judged.

    Parameters
    ----------
    known : float64 array of shape (n,)
        Finite.

    Examples
    --------
    >>> chance = np.random.default_rng(0)
    >>> choose_bend(chance.normal(50.0, 10.0, 500)) is None
    True
    >>> choose_bend(chance.lognormal(3.0, 1.0, 500)).centre
    0.0
    """
    zeros = known == 0.0
    judged = known[~zeros] if zeros.mean() > _ZEROS else known
    if len(judged) < _FEWEST:
        return None
    skew, tails = tail_measures(judged)
    if abs(skew) < _LEAST_SKEW and tails < _LEAST_TAILS:
        return None
    bends = _bends(known)
    after = [_badness(*tail_measures(bend.of(judged))) for bend in bends]
    if not bends or min(after) > 0.5 * _badness(skew, tails):
        return None
    # Of those that are about as good, the one that bends least.
    return next(bend for bend, one in zip(bends, after, strict=True) if one <= min(after) + _AS_GOOD)


def tail_measures(values: Doubles) -> tuple[float, float]:
    """Return L-skewness and L-kurtosis, both between -1 and 1; 0 and 0 where all values are equal.

    Examples
    --------
    >>> [round(measure, 2) for measure in tail_measures(-np.log(np.arange(0.5, 1000.0) / 1000.0))]
    [0.33, 0.17]
    """
    ordered = np.sort(values)
    count = len(ordered)
    place = np.arange(count)
    b0 = ordered.mean()
    b1 = (ordered * (place / (count - 1))).mean()
    b2 = (ordered * (place * (place - 1) / ((count - 1) * (count - 2)))).mean()
    b3 = (ordered * (place * (place - 1) * (place - 2) / ((count - 1) * (count - 2) * (count - 3)))).mean()
    spread = 2.0 * b1 - b0
    if not spread > 1e-12 * abs(b0):
        return 0.0, 0.0
    return float((6.0 * b2 - 6.0 * b1 + b0) / spread), float((20.0 * b3 - 30.0 * b2 + 12.0 * b1 - b0) / spread)


def _badness(skew: float, tails: float) -> float:
    """Return how far a column is from symmetric with tails like a normal one's; short tails are no fault."""
    return abs(skew) + max(0.0, tails - 0.123)


def _bends(known: Doubles) -> list[Bend]:
    """Return the scales to try, the gentlest first: from 0 for amounts, both ways from the middle for other numbers.

    A small unit tears values apart around the centre. Where there are some (zeros, or numbers of either sign) that
    would make two groups of one, so the unit is not far below the smaller ones of the others.
    """
    if known.min() < 0.0:
        centre = float(np.median(known))
        away = np.abs(known - centre)
        unit, least = float(np.median(away[away > 0.0])) if (away > 0.0).any() else 0.0, 1.0
    else:
        amounts, centre = known[known > 0.0], 0.0
        unit = float(np.median(amounts)) if len(amounts) else 0.0
        least = float(np.percentile(amounts, 10)) / unit if unit and len(amounts) < len(known) else 0.0
    shares = [share for share in _UNITS if share >= 0.99 * least]
    return [Bend(centre, unit * share) for share in shares] if unit > 1e-30 else []


def _one(run: Operations[Tensor], value: float) -> Tensor:
    return run.constant(np.array([[value]]))
