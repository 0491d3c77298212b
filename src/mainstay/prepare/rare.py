"""Rare levels taken together: what was seen in a few rows is treated like what was never seen, in every encoding.

So the model has learned what to say of a level that is new to it, from the rare ones.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import msgspec
import numpy as np

from mainstay.prepare.encode import within

if TYPE_CHECKING:
    from mainstay.prepare.operations import Operations
    from mainstay.prepare.recipe import Recipe
    from mainstay.prepare.step import Block, Names, Seen

__all__ = ["RareLevels", "fit_rare"]

Tensor = TypeVar("Tensor")


class RareLevels(msgspec.Struct, frozen=True, tag=True):
    """Give rare levels the code of an unseen one.

    Parameters
    ----------
    levels : tuple of int
        How many levels are known, per category column.
    rare : tuple of tuple of int
        The codes that are rare, ascending, per category column.
    """

    levels: tuple[int, ...]
    rare: tuple[tuple[int, ...], ...]

    def rename(self, names: Names) -> Names:
        """Keep the names."""
        return names

    def apply(self, run: Operations[Tensor], block: Block[Tensor]) -> Block[Tensor]:
        """Look up each code's own."""
        if block.categories is None:
            return block
        tables = []
        for known, codes in zip(self.levels, self.rare, strict=True):
            table = np.arange(-1, known + 1)
            table[np.asarray(codes, np.int64) + 1] = known
            tables.append(table)
        starts = np.cumsum([0, *(len(table) for table in tables)])[:-1].astype(np.int64) + 1
        places = run.do("Add", within(run, block.categories, self.levels), run.constant(starts[None, :]))
        return replace(block, categories=run.lookup(run.constant(np.concatenate(tables).astype(np.int64)), places))


def fit_rare(recipe: Recipe, seen: Seen) -> RareLevels | None:
    """Count the levels in the training rows; a missing value is not a level."""
    if not recipe.rare or seen.block.categories is None:
        return None
    rare = []
    for codes, known in zip(seen.block.categories.T, seen.names.levels, strict=True):
        counts = np.bincount(codes[(codes >= 0) & (codes < known)], minlength=known)
        rare.append(tuple(np.flatnonzero(counts < recipe.rare).tolist()))
    return RareLevels(seen.names.levels, tuple(rare)) if any(rare) else None
