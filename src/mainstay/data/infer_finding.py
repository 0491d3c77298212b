"""The sentences of inference: what a person should look at, with its evidence and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.contracts.findings import Finding
from mainstay.data.infer_distinct import Distinct, rows_with
from mainstay.data.infer_guess import cells

if TYPE_CHECKING:
    import polars as pl

    from mainstay.data.infer_datetime import DateText
    from mainstay.data.infer_style import NumberText

__all__ = ["both_orders", "doubtful_mark", "either_order", "infinite", "kept_as_level", "mixed", "mixed_words"]


def infinite(name: str, count: int) -> Finding:
    """Tell of infinite numbers."""
    return Finding(
        severity="warning",
        code="infinite",
        column=name,
        message=f"{cells(count)} hold an infinite number",
        advice="They are bad values and read as missing. Look where a division by zero made them.",
    )


def doubtful_mark(name: str, read: NumberText) -> Finding:
    """Tell of marks that can be read in two ways."""
    mark = read.style.thousands or read.style.decimal
    meaning = "between thousands" if read.style.thousands else "the decimal mark"
    return Finding(
        severity="warning",
        code="number.ambiguous",
        column=name,
        message=f"cells such as {read.ambiguous} can be read in two ways; {mark!r} is taken for {meaning}",
        advice="If that is wrong, set decimal and thousands of the column in the schema.",
    )


def mixed(series: pl.Series, bad: Distinct, good: Distinct, what: str) -> Finding:
    """Tell of cells that are not of the kind of all others."""
    rows = rows_with(series, bad.values.head(50).to_list())
    share = good.filled / (good.filled + bad.filled)
    examples = ", ".join(map(repr, bad.top()))
    return Finding(
        severity="warning",
        code="mixed",
        column=series.name,
        message=f"{share:.1%} of the filled cells are {what}, and {cells(bad.filled)} are not: {examples}",
        advice="These cells are read as missing. Correct them, or list their words under 'missing' in the schema.",
        rows=rows,
    )


def either_order(name: str, dates: DateText, good: Distinct) -> Finding:
    """Tell of dates that can be read in either order."""
    return Finding(
        severity="warning",
        code="date.ambiguous",
        column=name,
        message=f"every date, such as {good.top(1)[0]}, can be read with the day or the month first; "
        f"{dates.formats[0]} is taken for the whole column",
        advice="If the order is the other one, set formats of the column in the schema.",
    )


def both_orders(series: pl.Series, dates: DateText, other: Distinct) -> Finding:
    """Tell of a column that mixes the orders of day and month."""
    return Finding(
        severity="warning",
        code="date.mixed_order",
        column=series.name,
        message=f"most dates read as {dates.formats[0]}, but {cells(other.filled)} only in the other order of day and "
        f"month, such as {other.top(1)[0]}",
        advice="These cells are read as missing, and dates that fit both orders may be wrong. Mend the source.",
        rows=rows_with(series, other.values.head(50).to_list()),
    )


def mixed_words(series: pl.Series, words: Distinct, share: float, kind: str) -> Finding:
    """Tell of numbers and words in one column that is taken as words."""
    return Finding(
        severity="warning",
        code="mixed",
        column=series.name,
        message=f"{share:.1%} of the filled cells are numbers and the rest words, such as "
        f"{', '.join(map(repr, words.top()))}; it is taken as {kind}",
        advice="If it is a number, give it that kind: the words are then read as missing.",
        rows=rows_with(series, words.values.head(50).to_list()),
    )


def kept_as_level(name: str, kept: Distinct) -> Finding:
    """Tell of words that may mean that there is no value, and are kept as a category."""
    return Finding(
        severity="info",
        code="marker_kept",
        column=name,
        message=f"{', '.join(map(repr, kept.top(5)))} in {cells(kept.filled)} is kept as a category of its own",
        advice="If it means that there is no value, list it under 'missing' in the schema.",
    )
