"""Deciding what a column of numbers is: amounts, a flag, a code, an identifier, or seconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.data.decode_cell import number_text
from mainstay.data.decode_datetime import DatetimeReader
from mainstay.data.infer_guess import ROWS_PER_CODE, Ask, Guess, also, cells, times
from mainstay.data.infer_level import LEVELS_MOST, category_of
from mainstay.data.infer_name import names_code, names_identifier, names_number_of_something, names_time

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.schema import Column
    from mainstay.data.infer_distinct import Distinct

__all__ = ["Numbers", "guess_numbers", "number_column"]

_ENOUGH = 20
_FEW_WHOLE = 12


@dataclass(frozen=True, eq=False)
class Numbers:
    """A column whose cells are numbers, but for some.

    Parameters
    ----------
    found : Distinct
        The different cells that are numbers, as they stand in the table.
    values : float64 array
        Their values.
    base : Column
        Name, marks, missing words and evidence so far; kind "number".
    in_order : float64 array
        The values of the whole column in the order of its rows, NaN for cells that are no numbers.
    written : bool
        Whether the cells are text, so that leading zeros can be seen.
    """

    found: Distinct
    values: NDArray[np.float64]
    base: Column
    in_order: NDArray[np.float64]
    written: bool

    @property
    def whole(self) -> bool:
        """Whether every value is a whole number."""
        return bool((self.values == np.floor(self.values)).all())

    @property
    def texts(self) -> list[str]:
        """The different cells as texts."""
        values = self.found.values.to_list()
        return values if self.written else [number_text(float(value)) for value in values]


def guess_numbers(numbers: Numbers, ask: Ask) -> Guess:
    """Return what a column of numbers is."""
    if ask.kind not in {None, "number"}:
        return _wanted(numbers, ask)
    if ask.kind == "number":
        return Guess(number_column(numbers))
    if numbers.values.min() == 0 and numbers.values.max() == 1 and np.isin(numbers.values, (0.0, 1.0)).all():
        return Guess(_boolean(numbers))
    if _leading_zeros(numbers):
        return _codes(numbers, ask, "numbers with leading zeros", given=names_identifier(numbers.base.name))
    if numbers.whole and len(numbers.found) > 1:
        guess = _guess_whole(numbers, ask)
        if guess is not None:
            return guess
    few = len(np.unique(numbers.values)) if numbers.whole else 0
    return Guess(number_column(numbers), few_whole=few if 2 < few <= _FEW_WHOLE else 0)


def number_column(numbers: Numbers) -> Column:
    """Return the column as a number, with its range."""
    low, high = float(numbers.values.min()) + 0.0, float(numbers.values.max()) + 0.0
    return _with(numbers.base, low=low, high=high)


def _with(column: Column, **fields: object) -> Column:
    from msgspec.structs import replace

    return replace(column, **fields)


def _boolean(numbers: Numbers) -> Column:
    ones = numbers.found.weight(numbers.values == 1.0)
    evidence = f"only 0 ({times(numbers.found.filled - ones)}) and 1 ({times(ones)})"
    return _with(numbers.base, kind="boolean", categories=("0", "1"), evidence=also(evidence, numbers.base))


def _leading_zeros(numbers: Numbers) -> bool:
    """Whether the numbers are codes of fixed width, such as "01609"."""
    if not numbers.written or not numbers.whole:
        return False
    padded = numbers.found.values.str.contains("^0[0-9]+$").to_numpy()
    return (
        numbers.found.weight(padded) >= max(1, 0.005 * numbers.found.filled) and not (numbers.values[padded] == 0).all()
    )


def _guess_whole(numbers: Numbers, ask: Ask) -> Guess | None:
    """Return what whole numbers are, where they are not plain numbers."""
    name, found = numbers.base.name, numbers.found
    if names_time(name) or len(found) >= _ENOUGH:
        stamp = _timestamps(numbers)
        if stamp is not None:
            return Guess(stamp)
    if not ask.keep and _counts_rows(numbers):
        return Guess(_identifier(numbers, "they count the rows one by one"))
    weakly = names_number_of_something(name) and found.share > 0.3
    if names_identifier(name) or weakly:
        return _codes(numbers, ask, f"whole numbers, and the name {name!r} is that of an identifier", given=True)
    if names_code(name) and len(found) <= LEVELS_MOST and numbers.values.min() >= 0 and found.share < 0.5:
        return _codes(numbers, ask, f"whole numbers, and the name {name!r} is that of a code", given=False)
    return None


def _counts_rows(numbers: Numbers) -> bool:
    values = numbers.in_order
    if len(values) < 10 or len(numbers.found) < len(values) or np.isnan(values).any():
        return False
    steady = bool((np.diff(values) == 1).all())
    shuffled = values.min() in {0.0, 1.0} and values.max() == values.min() + len(values) - 1
    return steady or (len(values) >= _ENOUGH and bool(shuffled))


def _codes(numbers: Numbers, ask: Ask, why: str, *, given: bool) -> Guess:
    """Return a category where codes repeat often enough to learn from, an identifier otherwise.

    ``given`` says that a new case is likely to have a new code, so that more must speak for a category.
    """
    found = numbers.found
    repeats = found.filled >= ROWS_PER_CODE * len(found) if given else found.share < 0.5
    if ask.keep or (repeats and len(found) <= LEVELS_MOST):
        return _category(numbers, f"{len(found):,} different codes in {cells(found.filled)}: {why}")
    return Guess(_identifier(numbers, why))


def _category(numbers: Numbers, evidence: str) -> Guess:
    column, findings = category_of(numbers.base, numbers.texts, numbers.found.counts, evidence)
    return Guess(_with(column, decimal=".", thousands="", unit=""), findings)


def _identifier(numbers: Numbers, why: str) -> Column:
    found = numbers.found
    evidence = f"{len(found):,} different numbers in {cells(found.filled)}: {why}"
    return _with(numbers.base, kind="identifier", role="ignored", evidence=also(evidence, numbers.base))


def _timestamps(numbers: Numbers) -> Column | None:
    """Return a datetime column where whole numbers are seconds since 1970 or dates such as 20190323."""
    low, high = float(numbers.values.min()), float(numbers.values.max())
    by_name = names_time(numbers.base.name)
    forms = (("%s", 3.15e8, 4.1e9, "seconds"), ("%s%3f", 3.15e11, 4.1e12, "milliseconds"))
    for form, least, most, meaning in forms:
        if by_name and least <= low and high <= most:
            return _datetime(numbers, form, f"whole numbers that are {meaning} since 1970, and the name speaks of time")
    if low >= 19_000_101 and high <= 21_001_231:
        return _datetime(numbers, "%Y%m%d", "all cells read as dates such as 20190323")
    return None


def _datetime(numbers: Numbers, form: str, evidence: str) -> Column | None:
    from mainstay.data.decode_columns import read_column

    column = _with(numbers.base, kind="datetime", formats=(form,), decimal=".", thousands="", unit="")
    days = read_column(DatetimeReader(column), pl.Series("value", numbers.texts, dtype=pl.String), 6)[0][:, 0]
    if np.isnan(days).any():
        return None
    return _with(column, low=float(days.min()), high=float(days.max()), evidence=also(evidence, numbers.base))


def _wanted(numbers: Numbers, ask: Ask) -> Guess:
    """Return the column as the kind that the user wants."""
    said = "as you asked"
    if ask.kind == "category":
        return _category(numbers, f"{len(numbers.found):,} different numbers, taken as words, {said}")
    if ask.kind == "identifier":
        return Guess(_identifier(numbers, said))
    if ask.kind == "boolean" and len(numbers.found) == 2:
        words = tuple(sorted(numbers.texts, key=float)) if not numbers.written else tuple(sorted(numbers.texts))
        return Guess(_with(numbers.base, kind="boolean", categories=words, evidence=f"two values, {said}"))
    if ask.kind == "datetime":
        column = _timestamps(numbers) or _with(numbers.base, kind="datetime", formats=("%s",))
        return Guess(_with(column, evidence=f"numbers that are times, {said}"))
    kind = ask.kind or "number"
    return Guess(_with(numbers.base, kind=kind, decimal=".", thousands="", unit="", evidence=f"{kind}, {said}"))
