"""Columns that the user derives from others, such as ``total = monthly * tenure``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import msgspec

from mainstay.prepare.expression import Derivation, parse

if TYPE_CHECKING:
    from mainstay.prepare.operations import Operations
    from mainstay.prepare.recipe import Recipe
    from mainstay.prepare.step import Block, Names, Seen

__all__ = ["Derive", "fit_derive"]

Tensor = TypeVar("Tensor")


class Derive(msgspec.Struct, frozen=True, tag=True):
    """Add derived number columns, one after the other, so that a later one may use an earlier one.

    Parameters
    ----------
    columns : tuple of str
        The number columns before.
    texts : tuple of str
        ``"name = expression"``; parsed, never evaluated as code.
    """

    columns: tuple[str, ...]
    texts: tuple[str, ...]

    def rename(self, names: Names) -> Names:
        """Add the derived names."""
        made = self._derivations(names.categories)
        return replace(names, numbers=names.numbers + tuple(one.name for one in made))

    def apply(self, run: Operations[Tensor], block: Block[Tensor]) -> Block[Tensor]:
        """Compute; what is not a finite number is missing."""
        if block.numbers is None:
            return block
        known = {name: run.take(block.numbers, [place]) for place, name in enumerate(self.columns)}
        made = []
        for one in self._derivations():
            known[one.name] = one.compute(run, known)
            made.append(known[one.name])
        return replace(block, numbers=run.join([block.numbers, *made]))

    def _derivations(self, categories: tuple[str, ...] = ()) -> list[Derivation]:
        known, made = list(self.columns), []
        for text in self.texts:
            one = parse(text)
            one.check(tuple(known), categories)
            known.append(one.name)
            made.append(one)
        return made


def fit_derive(recipe: Recipe, seen: Seen) -> Derive | None:
    """Parse and check the expressions; nothing is learned.

    Raises
    ------
    UsageError
        When an expression cannot be read, names a column that is unknown or not a number, or its own name is taken.
    """
    if not recipe.derive:
        return None
    step = Derive(seen.names.numbers, recipe.derive)
    step.rename(seen.names)
    return step
