"""Missing numbers: what stands in for them, and the columns that say where they were."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mainstay.prepare.operations import Operations
    from mainstay.prepare.recipe import Recipe
    from mainstay.prepare.step import Block, Names, Seen

__all__ = ["Impute", "complete_rows", "fit_impute"]

Tensor = TypeVar("Tensor")


class Impute(msgspec.Struct, frozen=True, tag=True):
    """Fill missing numbers.

    Parameters
    ----------
    fill : tuple of float or None
        What stands in, per number column; each is a float32. None leaves a missing number to the learner.
    flagged : tuple of int
        The columns that get a second one saying where they were missing.
    """

    fill: tuple[float | None, ...]
    flagged: tuple[int, ...] = ()

    def rename(self, names: Names) -> Names:
        """Add the flags' names."""
        return replace(names, flags=tuple(f"{names.numbers[column]} is missing" for column in self.flagged))

    def apply(self, run: Operations[Tensor], block: Block[Tensor]) -> Block[Tensor]:
        """Fill, after having noted where."""
        if block.numbers is None:
            return block
        missing = run.do("IsNaN", block.numbers)
        flags = run.as_float(run.take(missing, self.flagged)) if self.flagged else None
        left = [np.nan if value is None else value for value in self.fill]
        fill = run.constant(np.array([left], np.float32))
        return replace(block, numbers=run.do("Where", missing, fill, block.numbers), flags=flags)


def fit_impute(recipe: Recipe, seen: Seen) -> Impute | None:
    """Learn what stands in; a column without any number gets ``fill_value``.

    With "none", missing numbers are left to the learner in columns that had some in training. In the others a learner
    of trees would read them as whatever its splits happen to do (LightGBM: as 0), so the median stands in.
    """
    numbers = seen.block.numbers
    if numbers is None:
        return None
    if recipe.missing == "none":
        whole = tuple(_whole_median(column) for column in numbers.T)
        return None if all(value is None for value in whole) else Impute(whole)
    middle = _MIDDLES.get(recipe.missing)
    spare = float(np.float32(recipe.fill_value))
    fill = []
    for column in numbers.T:
        known = column[~np.isnan(column)]
        fill.append(float(np.float32(middle(known))) if middle is not None and len(known) else spare)
    flagged: tuple[int, ...] = ()
    if recipe.indicator and recipe.missing != "drop":
        flagged = tuple(np.flatnonzero(np.isnan(numbers).any(axis=0)).tolist())
    return Impute(tuple(fill), flagged)


def complete_rows(seen: Seen) -> NDArray[np.int64]:
    """Return the positions of rows without a missing number."""
    if seen.block.numbers is None:
        return np.arange(seen.rows)
    return np.flatnonzero(~np.isnan(seen.block.numbers).any(axis=1))


def _whole_median(column: NDArray[np.float32]) -> float | None:
    """Return the median of a column without gaps; None where there are some, or no rows."""
    return None if not len(column) or np.isnan(column).any() else float(np.float32(_median(column)))


def _mean(known: NDArray[np.float32]) -> float:
    return float(known.mean(dtype=np.float64))


def _median(known: NDArray[np.float32]) -> float:
    return float(np.median(known.astype(np.float64)))


def _most_frequent(known: NDArray[np.float32]) -> float:
    """Return the value that occurs most; the smallest of several."""
    values, counts = np.unique(known, return_counts=True)
    return float(values[np.argmax(counts)])


_MIDDLES: dict[str, Callable[[NDArray[Any]], float]] = {
    "mean": _mean,
    "median": _median,
    "most_frequent": _most_frequent,
    "drop": _median,
}
