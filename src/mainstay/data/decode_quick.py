"""The executor for rows whose cells are plain: a server answers thousands of them in a second.

Nothing is decided here that ``decode_rows`` decides otherwise: a row that is not plain (a number out of range, a word
that is not a level as written, a missing value that is not allowed) is only pointed out, and then decoded there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.arrays import Arrays
from mainstay.data.decode_cell import Flaw
from mainstay.data.decode_number import NumberReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.data.decode_cell import Reader
    from mainstay.data.decode_plan import Plan

__all__ = ["QuickDecoder", "quick_of"]

Cell = str | int | float | bool | None

_NAN = float("nan")
_MEMORY = 4096
_LONGEST = 64


class _Words(dict[str, float | int | None]):
    """What the words of one column read as; None for a word that needs the full reader.

    Words of clients are without end, in number and in length: only short ones that stand for a value are remembered.
    """

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self._reader = reader

    def __missing__(self, word: str) -> float | int | None:
        reading = self._reader.read(word)
        plain = None if isinstance(reading, Flaw | tuple) else reading
        unseen = getattr(self._reader, "levels", None)  # the code of all words that a silent policy lets pass
        if plain is not None and plain != unseen and len(word) <= _LONGEST and len(self) < _MEMORY:
            self[word] = plain
        return plain


class QuickDecoder:
    """Turns rows of plain cells into arrays, where all features are numbers, booleans and categories.

    Parameters
    ----------
    plan : Plan

    Attributes
    ----------
    names : tuple of str
        The features, in the order in which the cells of a row are given.
    numeric : tuple of bool
        Which of them are numbers; their cells are floats or None, those of the others texts.
    """

    def __init__(self, plan: Plan) -> None:
        self.names = tuple(step.name for step in plan.steps)
        self.numeric = tuple(isinstance(step.reader, NumberReader) for step in plan.steps)
        self._plan = plan
        numbers = [step.reader for step in plan.steps if isinstance(step.reader, NumberReader)]
        self._low = np.array([reader.low for reader in numbers])
        self._high = np.array([reader.high for reader in numbers])
        self._may_miss = np.array([reader.absent is None for reader in numbers], np.bool_)
        self._gaps = [(place, sorted(one.missing_numbers)) for place, one in enumerate(numbers) if one.missing_numbers]
        self._amounts = [place for place, numeric in enumerate(self.numeric) if numeric]
        self._words = [
            (place, step.block == "categories", step.start, _Words(step.reader), step.reader.absent is None)
            for place, step in enumerate(plan.steps)
            if not self.numeric[place]
        ]
        self._targets = [step.start for step in plan.steps if isinstance(step.reader, NumberReader)]
        self._only_amounts = not self._words

    def arrays(self, rows: Sequence[tuple[Cell, ...]]) -> tuple[Arrays, NDArray[np.bool_]]:
        """Return rows as arrays, and which of them are plain, shape (n,); the others' values mean nothing.

        Parameters
        ----------
        rows : sequence of n tuples
            One cell for each of ``names``.
        """
        plan = self._plan
        given = rows if self._only_amounts else [[row[place] for place in self._amounts] for row in rows]
        amounts = np.array(given, np.float64).reshape(len(rows), len(self._amounts))
        plain = self._in_range(amounts)
        if not plain.all():
            amounts[~plain] = 0.0  # their values mean nothing, and may be beyond float32
        if self._only_amounts:
            numbers, codes = amounts, np.empty((len(rows), 0), np.int64)
        else:
            numbers = np.full((len(rows), len(plan.number_names)), _NAN)
            codes = np.full((len(rows), len(plan.category_names)), -1, np.int64)
            numbers[:, self._targets] = amounts
            self._read_words(rows, numbers, codes, plain)
        arrays = Arrays(
            numbers.astype(np.float32) + np.float32(0.0),
            plan.number_names,
            codes,
            plan.category_names,
            plan.category_levels,
        )
        return arrays, plain

    def _in_range(self, amounts: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which rows have numbers only in range, or missing where that is allowed."""
        inside = (amounts >= self._low) & (amounts <= self._high)
        if inside.all() and not self._gaps:
            return np.ones(len(amounts), np.bool_)
        for place, gaps in self._gaps:
            inside[:, place] &= ~np.isin(amounts[:, place], gaps)
        return np.asarray((inside | (np.isnan(amounts) & self._may_miss)).all(axis=1))

    def _read_words(
        self,
        rows: Sequence[tuple[Cell, ...]],
        numbers: NDArray[np.float64],
        codes: NDArray[np.int64],
        plain: NDArray[np.bool_],
    ) -> None:
        for place, coded, start, words, may_miss in self._words:
            block = codes if coded else numbers
            for at, row in enumerate(rows):
                word = row[place]
                reading = words[word] if type(word) is str else None
                if reading is not None:
                    block[at, start] = reading
                elif word is not None or not may_miss:
                    plain[at] = False


def quick_of(plan: Plan) -> QuickDecoder | None:
    """Return the decoder for plain cells; None where a feature is more than one number (dates, texts)."""
    return QuickDecoder(plan) if plan.steps and all(step.width == 1 for step in plan.steps) else None
