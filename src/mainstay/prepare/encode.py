"""Category codes become features: columns of 0 and 1, plain numbers, or codes for learners that split them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.prepare.operations import Operations
    from mainstay.prepare.recipe import Recipe
    from mainstay.prepare.step import Block, Names, Seen

__all__ = ["Codes", "OneHot", "Ordinal", "fit_encode", "within"]

Tensor = TypeVar("Tensor")


class Ordinal(msgspec.Struct, frozen=True, tag=True):
    """The code as a number: -1 missing, 0, 1, 2... known, one above the last unseen.

    Parameters
    ----------
    levels : tuple of int
        How many levels are known, per category column.
    columns : tuple of int, optional
        Which category columns; None for all.
    """

    levels: tuple[int, ...]
    columns: tuple[int, ...] | None = None

    def rename(self, names: Names) -> Names:
        """Keep the columns' own names."""
        return replace(names, encoded=_names(names, self.columns))

    def apply(self, run: Operations[Tensor], block: Block[Tensor]) -> Block[Tensor]:
        """Convert."""
        if block.categories is None:
            return block
        return replace(
            block, encoded=run.as_float(within(run, _some(run, block.categories, self.columns), self.levels))
        )


class Codes(msgspec.Struct, frozen=True, tag=True):
    """The code for a learner that splits codes: known as it is, then unseen, then missing.

    Parameters
    ----------
    levels : tuple of int
        How many levels are known, per category column.
    columns : tuple of int, optional
        Which category columns; None for all.
    """

    levels: tuple[int, ...]
    columns: tuple[int, ...] | None = None

    def rename(self, names: Names) -> Names:
        """Keep the columns' own names, and say that they hold codes."""
        return replace(names, encoded=_names(names, self.columns), codes=True)

    def apply(self, run: Operations[Tensor], block: Block[Tensor]) -> Block[Tensor]:
        """Move missing from -1 to above the others."""
        if block.categories is None:
            return block
        codes = within(run, _some(run, block.categories, self.columns), self.levels)
        missing = run.do("Less", codes, run.constant(np.zeros((1, 1), np.int64)))
        last = run.constant(np.array([self.levels], np.int64) + 1)
        return replace(block, encoded=run.as_float(run.do("Where", missing, last, codes)))


class OneHot(msgspec.Struct, frozen=True, tag=True):
    """A column of 0 and 1 per kept level, one for rare and unseen levels, one for missing; per category column.

    Parameters
    ----------
    levels : tuple of int
        How many levels are known, per category column.
    kept : tuple of tuple of int
        The codes with a column of their own, ascending, per category column.
    columns : tuple of int, optional
        Which category columns; None for all.
    """

    levels: tuple[int, ...]
    kept: tuple[tuple[int, ...], ...]
    columns: tuple[int, ...] | None = None

    def rename(self, names: Names) -> Names:
        """Name each column by the category column and the code."""
        made: list[str] = []
        for name, codes in zip(_names(names, self.columns), self.kept, strict=True):
            made += [*(f"{name} = {code}" for code in codes), f"{name} = other", f"{name} is missing"]
        return replace(names, encoded=tuple(made))

    def apply(self, run: Operations[Tensor], block: Block[Tensor]) -> Block[Tensor]:
        """Look up each code's column and compare it with every column of that category."""
        if block.categories is None:
            return block
        table, starts, owner, place = self._layout()
        codes = within(run, _some(run, block.categories, self.columns), self.levels)
        slots = run.lookup(run.constant(table), run.do("Add", codes, run.constant(starts)))
        hot = run.do("Equal", run.take(slots, owner.tolist()), run.constant(place))
        return replace(block, encoded=run.as_float(hot))

    def _layout(self) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
        """Return the table (code -> place), where each column's part starts, and each feature's owner and place."""
        tables = [
            _places(known, np.asarray(codes, np.int64)) for known, codes in zip(self.levels, self.kept, strict=True)
        ]
        widths = [len(codes) + 2 for codes in self.kept]
        begins = np.cumsum([0, *(len(table) for table in tables)])[:-1]
        owner = np.repeat(np.arange(len(widths)), widths)
        place = np.concatenate([np.arange(width) for width in widths])
        return (
            np.concatenate(tables).astype(np.int32),
            (begins + 1)[None, :].astype(np.int64),  # code -1 stands first
            owner,
            place[None, :].astype(np.int32),
        )


def fit_encode(recipe: Recipe, seen: Seen, without: tuple[int, ...] = ()) -> Ordinal | Codes | OneHot | None:
    """Learn which levels are frequent, with "one_hot".

    Parameters
    ----------
    recipe : Recipe
    seen : Seen
    without : tuple of int, default ()
        Category columns that are encoded in another way.
    """
    if recipe.encode in ("none", "target") or seen.block.categories is None:
        return None
    chosen = tuple(column for column in range(len(seen.names.levels)) if column not in without)
    if not chosen:
        return None
    levels, columns = tuple(seen.names.levels[column] for column in chosen), chosen if without else None
    if recipe.encode == "ordinal":
        return Ordinal(levels, columns)
    if recipe.encode == "codes":
        return Codes(levels, columns)
    kept = [
        _frequent(seen.block.categories[:, column], known, recipe) for column, known in zip(chosen, levels, strict=True)
    ]
    return OneHot(levels, tuple(kept), columns)


def _names(names: Names, columns: tuple[int, ...] | None) -> tuple[str, ...]:
    return names.categories if columns is None else tuple(names.categories[column] for column in columns)


def _some(run: Operations[Tensor], categories: Tensor, columns: tuple[int, ...] | None) -> Tensor:
    return categories if columns is None else run.take(categories, columns)


def _frequent(codes: NDArray[Any], known: int, recipe: Recipe) -> tuple[int, ...]:
    counts = np.bincount(codes[(codes >= 0) & (codes < known)], minlength=known)
    ranked = np.argsort(-counts, kind="stable")[: recipe.max_levels]
    return tuple(sorted(int(code) for code in ranked if counts[code] >= recipe.min_count))


def _places(known: int, kept: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the place of codes -1, 0, ..., known: kept ones first, then other, then missing."""
    table = np.full(known + 2, len(kept), np.int64)
    table[kept + 1] = np.arange(len(kept))
    table[0] = len(kept) + 1
    return table


def within(run: Operations[Tensor], codes: Tensor, levels: tuple[int, ...]) -> Tensor:
    """Hold codes to -1..levels, so that no table is left whatever comes."""
    lowest, highest = run.constant(np.full((1, 1), -1, np.int64)), run.constant(np.array([levels], np.int64))
    return run.do("Min", run.do("Max", codes, lowest), highest)
