"""What flows between decode, prepare and learners: arrays with names, never tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Arrays", "Features"]


@dataclass(frozen=True, slots=True)
class Arrays:
    """Decoded rows: the inputs of the model graph.

    Parameters
    ----------
    numbers : float32 array of shape (n, p)
        Numbers, booleans (0, 1) and the numeric parts of datetimes and texts; NaN is missing.
    number_names : tuple of str
        The p names; a part of a datetime or text is named ``"column.part"``.
    categories : int64 array of shape (n, q)
        Codes: -1 missing, 0..levels-1 known, levels = unseen.
    category_names : tuple of str
        The q names.
    category_levels : tuple of int
        The number of known levels of each category column.
    """

    numbers: NDArray[np.float32]
    number_names: tuple[str, ...]
    categories: NDArray[np.int64]
    category_names: tuple[str, ...]
    category_levels: tuple[int, ...]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self.numbers.shape[0])

    def take(self, rows: NDArray[np.int64] | slice) -> Arrays:
        """Return the given rows, by position."""
        return Arrays(
            self.numbers[rows], self.number_names, self.categories[rows], self.category_names, self.category_levels
        )


@dataclass(frozen=True, slots=True)
class Features:
    """Prepared rows: what a learner sees.

    Parameters
    ----------
    matrix : float32 array of shape (n, d)
        All features; NaN only where the recipe leaves missing values to the learner.
    names : tuple of str
        The d names.
    categorical : tuple of int
        Positions of columns that hold category codes (0, 1, 2, ...; never missing), for learners that take codes.
    """

    matrix: NDArray[np.float32]
    names: tuple[str, ...]
    categorical: tuple[int, ...] = ()

    def take(self, rows: NDArray[np.int64] | slice) -> Features:
        """Return the given rows, by position."""
        return Features(self.matrix[rows], self.names, self.categorical)
