"""What flows between decode, prepare and learners: arrays with names, never tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Arrays", "Features", "Terms"]


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one text column: a list of whole numbers per row, end to end.

    Parameters
    ----------
    starts : int64 array of shape (n + 1,)
        Where each row's list begins, and where the last one ends.
    ids : int32 array of shape (total,)
        Numbers of terms, from 0; their order within a row means nothing.

    Examples
    --------
    >>> terms = Terms(np.array([0, 2, 2, 3]), np.array([7, 1, 4], np.int32))
    >>> terms.padded().tolist()
    [[7, 1], [-1, -1], [4, -1]]
    >>> terms.take(np.array([2, 0])).ids.tolist()
    [4, 7, 1]
    """

    starts: NDArray[np.int64]
    ids: NDArray[np.int32]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.starts) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many terms each row has, shape (n,)."""
        return np.diff(self.starts)

    def take(self, rows: NDArray[np.int64] | slice) -> Terms:
        """Return the given rows, by position."""
        chosen = np.arange(self.rows)[rows]
        lengths = self.lengths[chosen]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        if isinstance(rows, slice) and rows.step in (None, 1):  # the lists lie together: no copy
            first = int(self.starts[chosen[0]]) if len(chosen) else 0
            return Terms(starts, self.ids[first : first + int(starts[-1])])
        places = np.repeat(self.starts[chosen] - starts[:-1], lengths) + np.arange(starts[-1])
        return Terms(starts, self.ids[places])

    def padded(self) -> NDArray[np.int32]:
        """Return the lists as rows of equal width, at least 1, filled up with -1."""
        lengths = self.lengths
        width = max(1, int(lengths.max(initial=0)))
        table = np.full((self.rows, width), -1, np.int32)
        table[np.arange(width) < lengths[:, None]] = self.ids[self.starts[0] : self.starts[-1]]
        return table


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
    texts : tuple of Terms, default ()
        The terms of each text column that has some.
    text_names : tuple of str, default ()
        Their names.
    text_terms : tuple of int, default ()
        How many terms each of them can have: numbers are 0 to that, the end not counted.
    """

    numbers: NDArray[np.float32]
    number_names: tuple[str, ...]
    categories: NDArray[np.int64]
    category_names: tuple[str, ...]
    category_levels: tuple[int, ...]
    texts: tuple[Terms, ...] = ()
    text_names: tuple[str, ...] = ()
    text_terms: tuple[int, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self.numbers.shape[0])

    def empty_rows(self) -> NDArray[np.bool_]:
        """Say which rows have no value at all, shape (n,)."""
        empty = np.isnan(self.numbers).all(axis=1) & (self.categories < 0).all(axis=1)
        for terms in self.texts:
            empty &= terms.lengths == 0
        return np.asarray(empty, np.bool_)

    def take(self, rows: NDArray[np.int64] | slice) -> Arrays:
        """Return the given rows, by position."""
        return Arrays(
            self.numbers[rows],
            self.number_names,
            self.categories[rows],
            self.category_names,
            self.category_levels,
            tuple(text.take(rows) for text in self.texts),
            self.text_names,
            self.text_terms,
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
    monotone : tuple of int, default ()
        For each column whether answers must not fall (1) or not rise (-1) with it, or may do as they like (0); empty
        where all may. Only learners with ``takes_monotone`` are given some.
    """

    matrix: NDArray[np.float32]
    names: tuple[str, ...]
    categorical: tuple[int, ...] = ()
    monotone: tuple[int, ...] = ()

    def take(self, rows: NDArray[np.int64] | slice) -> Features:
        """Return the given rows, by position."""
        return Features(self.matrix[rows], self.names, self.categorical, self.monotone)
