"""Number columns on one scale, for learners that measure distances or penalise coefficients."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mainstay.prepare.operations import Operations
    from mainstay.prepare.recipe import Recipe
    from mainstay.prepare.step import Block, Names, Seen

__all__ = ["Scale", "fit_scale"]

Tensor = TypeVar("Tensor")


class Scale(msgspec.Struct, frozen=True, tag=True):
    """Take a centre away and divide by a spread.

    Parameters
    ----------
    centre, spread : tuple of float
        Per number column; each is a float32, no spread is zero.
    """

    centre: tuple[float, ...]
    spread: tuple[float, ...]

    def rename(self, names: Names) -> Names:
        """Keep the names."""
        return names

    def apply(self, run: Operations[Tensor], block: Block[Tensor]) -> Block[Tensor]:
        """Scale; a missing number stays missing."""
        if block.numbers is None:
            return block
        centre = run.constant(np.array([self.centre], np.float32))
        spread = run.constant(np.array([self.spread], np.float32))
        return replace(block, numbers=run.do("Div", run.do("Sub", block.numbers, centre), spread))


def fit_scale(recipe: Recipe, seen: Seen) -> Scale | None:
    """Learn centre and spread from the numbers that are there."""
    if recipe.scale == "none" or seen.block.numbers is None:
        return None
    measure = _MEASURES[recipe.scale]
    pairs = []
    for column in seen.block.numbers.T:
        known = column[~np.isnan(column)].astype(np.float64)
        pairs.append(_single(*measure(known)) if len(known) else (0.0, 1.0))
    centres, spreads = zip(*pairs, strict=True)
    return Scale(centres, spreads)


def _single(centre: float, spread: float) -> tuple[float, float]:
    """Return both as float32; a spread of nothing but rounding becomes 1."""
    narrow = float(np.float32(spread))
    constant = narrow <= 1e-7 * abs(centre) or not np.finfo(np.float32).tiny <= narrow < np.inf
    return float(np.float32(centre)), 1.0 if constant else narrow


def _standard(known: NDArray[np.float64]) -> tuple[float, float]:
    return float(known.mean()), float(known.std())


def _minmax(known: NDArray[np.float64]) -> tuple[float, float]:
    return float(known.min()), float(known.max() - known.min())


def _robust(known: NDArray[np.float64]) -> tuple[float, float]:
    low, middle, high = np.percentile(known, [25, 50, 75])
    return float(middle), float(high - low) or float(known.std())


_MEASURES: dict[str, Callable[[NDArray[np.float64]], tuple[float, float]]] = {
    "standard": _standard,
    "minmax": _minmax,
    "robust": _robust,
}
