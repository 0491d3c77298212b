"""Limits far outside of what is usual, so that one outlier cannot pull a centre away or be a cluster by itself.

They are wide: what is beyond them is still the farthest of all, and seen as such.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import msgspec
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.prepare.operations import Operations
    from mainstay.prepare.step import Block, Names

__all__ = ["Limit", "limits_of"]

Tensor = TypeVar("Tensor")

_QUANTILES = ((2.5, 97.5), (0.5, 99.5))


class Limit(msgspec.Struct, frozen=True, tag=True):
    """Hold number columns to a range.

    Parameters
    ----------
    low, high : tuple of float
        Per number column; each is a finite float32.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]

    def rename(self, names: Names) -> Names:
        """Keep the names."""
        return names

    def apply(self, run: Operations[Tensor], block: Block[Tensor]) -> Block[Tensor]:
        """Hold; a missing number stays missing."""
        if block.numbers is None:
            return block
        low, high = (run.constant(np.array([ends], np.float32)) for ends in (self.low, self.high))
        numbers = block.numbers
        held = run.do("Where", run.do("Less", numbers, low), low, numbers)
        return replace(block, numbers=run.do("Where", run.do("Less", high, held), high, held))


def limits_of(known: NDArray[np.float64]) -> tuple[float, float]:
    """Return the limits of a column: as far beyond its middle 95 % as those are wide (99 % where these are all equal).

    For a normal column that is 5.9 deviations from the mean. The range seen, where 99 % of the values are equal.

    Parameters
    ----------
    known : float64 array of shape (n,)
        Finite, n > 0.

    Examples
    --------
    >>> [round(end) for end in limits_of(np.append(np.arange(0.0, 101.0), 1e9))]
    [-93, 194]
    """
    for quantiles in _QUANTILES:
        low, high = (float(end) for end in np.percentile(known, quantiles))
        width = high - low
        if width > 1e-6 * max(abs(low), abs(high)):
            return _single(low - width), _single(high + width)
    return _single(float(known.min())), _single(float(known.max()))


def _single(end: float) -> float:
    return float(np.float32(np.clip(end, -3e38, 3e38)))
