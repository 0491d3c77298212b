"""How much each feature counts in a distance; a feature that does not count is left out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import msgspec
import numpy as np

if TYPE_CHECKING:
    from mainstay.prepare.operations import Operations
    from mainstay.prepare.step import Block, Names

__all__ = ["Kept", "Weigh"]

Tensor = TypeVar("Tensor")


class Kept(msgspec.Struct, frozen=True):
    """What is kept of one part of the features.

    Parameters
    ----------
    columns : tuple of int
        Positions in that part, ascending.
    factors : tuple of float
        What each is multiplied by; float32.
    """

    columns: tuple[int, ...] = ()
    factors: tuple[float, ...] = ()

    def names(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return the names that are kept."""
        return tuple(names[column] for column in self.columns)

    def of(self, run: Operations[Tensor], part: Tensor | None) -> Tensor | None:
        """Return the columns that are kept, multiplied; None where none is."""
        if part is None or not self.columns:
            return None
        return run.do("Mul", run.take(part, self.columns), run.constant(np.array([self.factors], np.float32)))


class Weigh(msgspec.Struct, frozen=True, tag=True):
    """Multiply the features that are kept.

    Parameters
    ----------
    numbers, encoded, written : Kept
        For each part of the features; flags are not kept.
    """

    numbers: Kept
    encoded: Kept
    written: Kept

    def rename(self, names: Names) -> Names:
        """Keep the names of what is kept."""
        return replace(
            names,
            numbers=self.numbers.names(names.numbers),
            flags=(),
            encoded=self.encoded.names(names.encoded),
            written=self.written.names(names.written),
        )

    def apply(self, run: Operations[Tensor], block: Block[Tensor]) -> Block[Tensor]:
        """Multiply each part."""
        return replace(
            block,
            numbers=self.numbers.of(run, block.numbers),
            flags=None,
            encoded=self.encoded.of(run, block.encoded),
            written=self.written.of(run, block.written),
        )
