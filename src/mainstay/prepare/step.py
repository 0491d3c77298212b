"""The one shape of a preparation step: fitted data that renames columns and applies itself over operations.

A step is fitted by a function ``fit_NAME(recipe, seen) -> step or None``; ``seen`` holds the training rows and their
target and nothing else, so no step can look beyond the rows it was given.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np

from mainstay.prepare.operations import NumpyOperations

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.learner import Target
    from mainstay.prepare.operations import Operations

__all__ = ["Block", "Names", "Seen", "Step"]

Tensor = TypeVar("Tensor")


@dataclass(frozen=True, slots=True)
class Block(Generic[Tensor]):
    """What flows through the steps; None stands for no columns.

    Parameters
    ----------
    numbers : float32 (n, p), optional
    categories : int64 (n, q), optional
    flags : float32 (n, f), optional
        Where numbers were missing.
    encoded : float32 (n, e), optional
        What the categories became.
    texts : tuple
        The terms of each text column; in training :class:`mainstay.contracts.arrays.Terms`.
    written : float32 (n, t), optional
        What the texts became.
    """

    numbers: Tensor | None = None
    categories: Tensor | None = None
    flags: Tensor | None = None
    encoded: Tensor | None = None
    texts: tuple[Any, ...] = ()
    written: Tensor | None = None

    def parts(self) -> list[Tensor]:
        """Return the feature tensors in the order of the features."""
        return [part for part in (self.numbers, self.flags, self.encoded, self.written) if part is not None]


@dataclass(frozen=True, slots=True)
class Names:
    """The names of the columns of a block.

    ``codes`` says that the encoded ones are category codes, ``terms`` how many terms each text column can have.
    """

    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    levels: tuple[int, ...]
    flags: tuple[str, ...] = ()
    encoded: tuple[str, ...] = ()
    codes: bool = False
    texts: tuple[str, ...] = ()
    terms: tuple[int, ...] = ()
    written: tuple[str, ...] = ()

    @classmethod
    def of(cls, arrays: Arrays) -> Names:
        """Return the names of decoded columns."""
        return cls(
            arrays.number_names, arrays.category_names, arrays.category_levels,
            texts=arrays.text_names, terms=arrays.text_terms,
        )  # fmt: skip

    def features(self) -> tuple[str, ...]:
        """Return the names of the features, in their order."""
        return self.numbers + self.flags + self.encoded + self.written

    def categorical(self) -> tuple[int, ...]:
        """Return the positions of features that are category codes."""
        first = len(self.numbers) + len(self.flags)
        return tuple(range(first, first + len(self.encoded))) if self.codes else ()


class Step(Protocol):
    """A fitted step."""

    def rename(self, names: Names) -> Names:
        """Return the names after the step."""
        ...

    def apply(self, run: Operations[Tensor], block: Block[Tensor]) -> Block[Tensor]:
        """Do the step."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """The rows that the next step is fitted on, with all earlier steps done.

    Parameters
    ----------
    block : Block of arrays
    names : Names
    target : Target, optional
    rows : int
    seed : int
        For steps that draw at random.
    """

    block: Block[NDArray[Any]]
    names: Names
    target: Target | None
    rows: int
    seed: int

    @classmethod
    def of(cls, arrays: Arrays, target: Target | None, seed: int) -> Seen:
        """Return the rows before the first step."""
        block: Block[NDArray[Any]] = Block(
            arrays.numbers if arrays.number_names else None,
            arrays.categories if arrays.category_names else None,
            texts=arrays.texts,
        )
        return cls(block, Names.of(arrays), target, arrays.rows, seed)

    def after(self, step: Step) -> Seen:
        """Return the rows with a step done."""
        with np.errstate(all="ignore"):
            block = step.apply(NumpyOperations(), self.block)
        return replace(self, block=block, names=step.rename(self.names))

    def take(self, rows: NDArray[np.int64]) -> Seen:
        """Return the given rows, by position."""
        numbers, categories = self.block.numbers, self.block.categories
        block: Block[NDArray[Any]] = Block(
            None if numbers is None else numbers[rows],
            None if categories is None else categories[rows],
            texts=tuple(text.take(rows) for text in self.block.texts),
        )
        target = None if self.target is None else self.target.take(rows)
        return replace(self, block=block, target=target, rows=len(rows))
