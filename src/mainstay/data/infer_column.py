"""The inference of one column: from its different values to a kind, with the evidence for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from msgspec.structs import replace

from mainstay.contracts.findings import Finding
from mainstay.contracts.schema import Column
from mainstay.data.decode_cell import BLANKS
from mainstay.data.infer_datetime import DateText, date_text_of
from mainstay.data.infer_distinct import Distinct, distinct_of
from mainstay.data.infer_finding import (
    both_orders,
    doubtful_mark,
    either_order,
    infinite,
    kept_as_level,
    mixed,
    mixed_words,
)
from mainstay.data.infer_guess import Ask, Guess, cells, times
from mainstay.data.infer_level import value_range
from mainstay.data.infer_marker import everywhere, standing_out
from mainstay.data.infer_number import Numbers, guess_numbers
from mainstay.data.infer_style import NumberText, number_text_of
from mainstay.data.infer_words import guess_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.data.decode_number import NumberStyle

__all__ = ["guess_column"]

_MOSTLY_NUMBERS = 0.9
_MOSTLY_DATES = 0.95
_CODE = r"^[A-Za-z]{1,4}[-/. ]?[0-9]+[A-Za-z]?$|^[0-9]+[A-Za-z]{1,3}$"


def guess_column(series: pl.Series, ask: Ask) -> Guess:
    """Return what a column is, from all of its cells.

    Parameters
    ----------
    series : polars.Series
        Text as it was read, or typed.
    ask : Ask
        What is known before looking.
    """
    dtype = series.dtype
    if isinstance(dtype, pl.Categorical | pl.Enum):
        found = distinct_of(series.cast(pl.String))
        kind = ask.kind if ask.kind in {"identifier", "text", "boolean"} else "category"
        return _from_words(found, replace(_base(series.name, found), evidence=""), Ask(kind))
    if dtype == pl.String:
        return _from_text(series, ask)
    if dtype.is_numeric():
        return _from_numbers(series, ask)
    if dtype == pl.Boolean:
        return _from_flags(series)
    if dtype in (pl.Date, pl.Datetime):
        return _from_dates(series)
    return _nothing(series) if dtype == pl.Null else _unsupported(series)


def _base(name: str, found: Distinct, markers: Distinct | None = None, unread: int = 0) -> Column:
    """Return a column with what is known of its missing cells; the kind is still open."""
    marked = 0 if markers is None else markers.filled
    blank = found.rows - found.filled - marked
    parts = [f"{blank:,} {'blank' if blank == 1 else 'blanks'}"] if blank else []
    words: tuple[str, ...] = ()
    if markers is not None and marked:
        words = tuple(sorted(markers.values.to_list()))
        parts.append(f"{cells(marked)} with {', '.join(map(repr, words[:5]))}")
    evidence = f"; {' and '.join(parts)} read as missing" if parts else ""
    nullable = bool(blank or marked or unread)
    return Column(name=name, kind="number", nullable=nullable, missing=words, on_missing="warn", evidence=evidence)


def _from_words(found: Distinct, base: Column, ask: Ask) -> Guess:
    return guess_words(found, base, ask) if len(found) else _empty(base, found.rows)


def _empty(base: Column, rows: int) -> Guess:
    finding = Finding(
        severity="warning",
        code="empty",
        column=base.name,
        message=f"none of the {cells(rows)} holds a value",
        advice="It is ignored. Take it out of the table, or look where its values were lost.",
    )
    return Guess(replace(base, role="ignored", nullable=True, evidence="no cell holds a value"), (finding,))


def _nothing(series: pl.Series) -> Guess:
    return _empty(Column(name=series.name, kind="number", on_missing="warn"), series.len())


def _unsupported(series: pl.Series) -> Guess:
    column = Column(name=series.name, kind="text", role="ignored", on_missing="warn")
    finding = Finding(
        severity="warning",
        code="unsupported",
        column=series.name,
        message=f"its values are of the type {series.dtype}, which no kind of column reads",
        advice="It is ignored. Turn it into numbers, words or dates first.",
    )
    return Guess(replace(column, evidence=f"values of the type {series.dtype} are not read"), (finding,))


def _from_flags(series: pl.Series) -> Guess:
    found = distinct_of(series)
    base = _base(series.name, found)
    true = found.weight(found.values.to_numpy().astype(np.bool_)) if len(found) else 0
    if not len(found):
        return _empty(base, found.rows)
    evidence = f"stored as true ({times(true)}) and false ({times(found.filled - true)}){base.evidence}"
    return Guess(replace(base, kind="boolean", categories=("false", "true"), evidence=evidence))


def _from_dates(series: pl.Series) -> Guess:
    base = _base(series.name, Distinct(series.head(0), np.array([series.len() - series.null_count()]), series.len()))
    if series.null_count() == series.len():
        return _empty(base, series.len())
    column = replace(base, kind="datetime", evidence=f"stored as {_type_name(series.dtype)}{base.evidence}")
    low, high = value_range(column, series)
    return Guess(replace(column, low=low, high=high))


def _type_name(dtype: pl.DataType) -> str:
    return "dates" if dtype == pl.Date else "dates with times"


def _from_numbers(series: pl.Series, ask: Ask) -> Guess:
    """Return what a column is that is stored as numbers; infinite ones count as bad values."""
    numbers = series.cast(pl.Float64) if not series.dtype.is_float() else series.cast(pl.Float64).fill_nan(None)
    found = distinct_of(numbers.set(numbers.is_infinite(), None))
    endless = int(numbers.is_infinite().sum())
    base = _base(series.name, found)
    if not len(found):
        return _empty(base, found.rows)
    stored = "whole numbers" if series.dtype.is_integer() else "numbers"
    base = replace(base, evidence=f"stored as {stored}{base.evidence}")
    values = found.values.to_numpy().astype(np.float64)
    guess = guess_numbers(Numbers(found, values, base, numbers.to_numpy(), written=False), ask)
    return _with_more(guess, infinite(series.name, endless)) if endless else guess


def _with_more(guess: Guess, *more: Finding) -> Guess:
    """Return a guess with more findings."""
    return Guess(guess.column, (*guess.findings, *more), guess.proves, guess.ambiguous, guess.few_whole)


def _from_text(series: pl.Series, ask: Ask) -> Guess:
    everything = distinct_of(series)
    marked = everywhere(everything)
    markers, found = everything.where(marked), everything.where(~marked)
    if not len(found):
        return _empty(_base(series.name, found, markers), found.rows)
    standing = standing_out(found)
    if ask.kind in {None, "number", "boolean", "datetime"}:
        read = number_text_of(found)
        if _are_numbers(found, read, standing, ask):
            return _written_numbers(series, found, read, _Missing(markers, standing), ask)
    if ask.kind in {None, "datetime"}:
        dates = date_text_of(found, ask.order)
        if dates is not None and _mostly(found, dates.reads, standing, _MOSTLY_DATES if ask.kind is None else 0.0):
            return _written_dates(series, found, dates, _Missing(markers, standing))
    base = _base(series.name, found, markers)
    guess = _from_words(found, base, Ask("category", ask.keep) if ask.kind in {"number", "datetime"} else ask)
    return _word_findings(series, guess, found, standing) if ask.kind is None else guess


def _mostly(found: Distinct, reads: NDArray[np.bool_], standing: NDArray[np.bool_], share: float) -> bool:
    good, other = found.weight(reads), found.weight(~reads & ~standing)
    return good > 0 and good >= share * (good + other) and good >= 0.02 * found.filled


def _are_numbers(found: Distinct, read: NumberText, standing: NDArray[np.bool_], ask: Ask) -> bool:
    bad = ~read.reads & ~standing
    if ask.kind == "number":
        return bool(read.reads.any())
    if not _mostly(found, read.reads, standing, _MOSTLY_NUMBERS) or (ask.kind is not None and bad.any()):
        return False
    return not _like_codes(found.where(bad))


def _like_codes(others: Distinct) -> bool:
    """Whether the cells that are no numbers look like codes: "C536379" among invoice numbers."""
    return len(others) > 0 and others.weight(others.values.str.contains(_CODE).to_numpy()) >= 0.5 * others.filled


class _Missing:
    """The words for "no value" of a column: those that are so anywhere, and those that stand out here."""

    def __init__(self, markers: Distinct, standing: NDArray[np.bool_]) -> None:
        self.markers = markers
        self.standing = standing

    def of(self, found: Distinct, reads: NDArray[np.bool_]) -> Distinct:
        """Return all of them, with their counts."""
        more = found.where(self.standing & ~reads)
        values = pl.concat([self.markers.values, more.values])
        return Distinct(values, np.concatenate([self.markers.counts, more.counts]), found.rows)


def _written_numbers(series: pl.Series, found: Distinct, read: NumberText, missing: _Missing, ask: Ask) -> Guess:
    bad = found.where(~read.reads & ~missing.standing)
    good = found.where(read.reads)
    words = missing.of(found, read.reads)
    base = _base(
        series.name, Distinct(good.values, np.array([good.filled + bad.filled]), found.rows), words, bad.filled
    )
    evidence = f"{good.filled:,} of {cells(found.rows)} read as numbers{_marks(read.style)}{base.evidence}"
    style = read.style
    base = replace(base, decimal=style.decimal, thousands=style.thousands, unit=style.unit, evidence=evidence)
    values = read.values[read.reads]
    guess = guess_numbers(Numbers(good, values, base, _in_order(series, good, values), written=True), ask)
    if guess.column.kind == "category" and bad.filled:  # of codes, every word is one
        return guess_words(found, _base(series.name, found, missing.markers), Ask("category"))
    more = [doubtful_mark(series.name, read)] if read.ambiguous and guess.column.kind == "number" else []
    more += [mixed(series, bad, good, "numbers")] if bad.filled and guess.column.kind != "identifier" else []
    return _with_more(guess, *more)


def _marks(style: NumberStyle) -> str:
    """Return in words what is special about how numbers are written."""
    marks = f" with the decimal mark {style.decimal!r}" if not style.plain else ""
    marks += f" and {style.thousands!r} between thousands" if style.thousands else ""
    return f"{marks} and the unit {style.unit!r}" if style.unit else marks


def _in_order(series: pl.Series, good: Distinct, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the numbers in the order of the rows; only a column of different values is looked at that way."""
    if len(good) < series.len():
        return np.full(series.len(), np.nan)
    return series.str.strip_chars(BLANKS).cast(pl.Float64, strict=False).to_numpy() if len(values) else values


def _written_dates(series: pl.Series, found: Distinct, dates: DateText, missing: _Missing) -> Guess:
    bad = found.where(~dates.reads & ~missing.standing)
    good = found.where(dates.reads)
    words = missing.of(found, dates.reads)
    base = _base(
        series.name, Distinct(good.values, np.array([good.filled + bad.filled]), found.rows), words, bad.filled
    )
    forms = " or ".join(dates.formats)
    evidence = f"{good.filled:,} of {cells(found.rows)} read as dates in the form {forms}{base.evidence}"
    column = replace(base, kind="datetime", formats=dates.formats, evidence=evidence)
    low, high = value_range(column, good.values)
    findings = [either_order(series.name, dates, good)] if dates.ambiguous else []
    if dates.conflict.any():
        findings.append(both_orders(series, dates, found.where(dates.conflict)))
    elif bad.filled:
        findings.append(mixed(series, bad, good, "dates"))
    return Guess(replace(column, low=low, high=high), tuple(findings), dates.proves, dates.ambiguous)


def _word_findings(series: pl.Series, guess: Guess, found: Distinct, standing: NDArray[np.bool_]) -> Guess:
    """Add what is odd about a column of words: numbers among them, and words that may mean "no value"."""
    more = []
    read = number_text_of(found)
    numbers, words = found.where(read.reads), found.where(~read.reads)
    share = numbers.filled / found.filled
    if 0.1 <= share < 1 and len(found) > 20 and not _like_codes(words) and guess.column.kind != "identifier":
        more.append(mixed_words(series, words, share, guess.column.kind))
    kept = found.where(standing)
    if kept.filled and guess.column.kind == "category":
        more.append(kept_as_level(series.name, kept))
    return _with_more(guess, *more)
