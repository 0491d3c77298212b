"""The levels of a category: their order, how many are kept, and their recount on the rows of a training part."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from msgspec.structs import replace

from mainstay.contracts.findings import Finding
from mainstay.contracts.schema import Schema
from mainstay.data.decode_cell import cell_text
from mainstay.data.decode_plan import reader_of
from mainstay.data.decode_word import CategoryReader
from mainstay.data.infer_distinct import distinct_of
from mainstay.data.infer_guess import also, cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from mainstay.contracts.schema import Column
    from mainstay.data.table import Table

__all__ = ["LEVELS_MOST", "category_of", "freeze", "natural_order", "value_range", "with_levels"]

_DIGITS = re.compile("([0-9]{1,15})")
LEVELS_MOST = 1000
"""How many levels a category keeps; rarer ones share the code of unseen words."""


def natural_order(levels: Iterable[str]) -> tuple[str, ...]:
    """Return levels in the order of their codes: numbers by value, then words, with numbers inside them by value.

    The order does not hang on counts, so that two samples of the same data agree.

    Examples
    --------
    >>> natural_order(["b", "10", "2", "a"])
    ('2', '10', 'a', 'b')
    >>> natural_order(["[100-110)", "[0-10)", "[20-30)"])
    ('[0-10)', '[20-30)', '[100-110)')
    """
    return tuple(sorted(levels, key=_natural_key))


def _natural_key(level: str) -> tuple[int, float, list[str | int], str]:
    try:
        number = float(level) if level.isascii() and "_" not in level else np.nan
    except ValueError:
        number = np.nan
    if np.isfinite(number):
        return (0, number, [], level)
    pieces = _DIGITS.split(level)
    return (1, 0.0, [int(piece) if place % 2 else piece for place, piece in enumerate(pieces)], level)


def category_of(
    base: Column, texts: Sequence[str], counts: NDArray[np.int64], evidence: str
) -> tuple[Column, tuple[Finding, ...]]:
    """Return a category column of texts given with the most frequent first, and what is to say about it."""
    kept = natural_order(texts[:LEVELS_MOST])
    column = replace(base, kind="category", categories=kept, evidence=also(evidence, base))
    if len(texts) <= LEVELS_MOST:
        return column, ()
    left = int(counts[LEVELS_MOST:].sum())
    finding = Finding(
        severity="info",
        code="levels",
        column=base.name,
        message=f"{len(texts):,} different values; the {LEVELS_MOST:,} most frequent are kept, and {cells(left)} "
        "hold others",
        advice="The others share the code of unseen words. If the column tells rows apart, give it the role 'ignored'.",
    )
    return column, (finding,)


def with_levels(schema: Schema, table: Table) -> Schema:
    """Return a schema in which every category has levels: those of the table where the schema lists none.

    Examples
    --------
    >>> from mainstay.contracts.schema import Column
    >>> from mainstay.data.table import Table
    >>> table = Table(pl.DataFrame({"left": ["yes", "no", "?", None]}), "people", "")
    >>> schema = Schema(columns=(Column(name="left", kind="category", role="target", missing=("?",)),))
    >>> with_levels(schema, table)["left"].categories
    ('no', 'yes')
    """
    return Schema(
        columns=tuple(
            replace(column, categories=_most_frequent(column, table.frame.get_column(column.name)))
            if column.kind == "category" and not column.categories and column.name in table.frame.columns
            else column
            for column in schema.columns
        )
    )


def _most_frequent(column: Column, series: pl.Series) -> tuple[str, ...]:
    """Return the levels of a column in the order of their codes, the most frequent where there are too many."""
    if isinstance(series.dtype, pl.Categorical | pl.Enum):
        series = series.cast(pl.String)
    reader = CategoryReader(replace(column, on_unseen="warn", nullable=True))
    values = distinct_of(series).values.to_list()
    texts = [cell_text(value) for value in values if reader.read(value) is not None]
    return natural_order(list(dict.fromkeys(text for text in texts if text))[:LEVELS_MOST])


def freeze(schema: Schema, table: Table, rows: NDArray[np.int64]) -> Schema:
    """Return the schema with levels and ranges as seen in some rows only, those of a training part.

    Kinds, marks, formats, missing words and whether a value may be missing stay as they are: they are about how the
    table is written. Levels keep their order.

    Parameters
    ----------
    schema : Schema
    table : Table
        Must have the schema's columns, features and target.
    rows : int64 array
        Positions of the training rows.

    Examples
    --------
    >>> from mainstay.contracts.schema import Column
    >>> from mainstay.data.table import Table
    >>> table = Table(pl.DataFrame({"city": ["Bern", "Rome", "Oslo"]}), "cities", "")
    >>> schema = Schema(columns=(Column(name="city", kind="category", categories=("Bern", "Oslo", "Rome")),))
    >>> freeze(schema, table, np.array([0, 1]))["city"].categories
    ('Bern', 'Rome')
    """
    columns = [
        _frozen(column, table.frame.get_column(column.name).gather(rows))
        if column.role in {"feature", "target"} and column.name in table.frame.columns
        else column
        for column in schema.columns
    ]
    return Schema(columns=tuple(columns))


def _frozen(column: Column, series: pl.Series) -> Column:
    if column.kind == "category":
        # A level that training has not seen still has its place in an order.
        return column if column.ordered else replace(column, categories=_levels_in(column, series))
    if column.kind not in {"number", "datetime"}:
        return column
    low, high = value_range(column, series)
    return replace(column, low=low, high=high)


def value_range(column: Column, series: pl.Series) -> tuple[float | None, float | None]:
    """Return the smallest and the largest value of a number or datetime column (in days); None where there is none."""
    from mainstay.data.decode_columns import read_column

    free = replace(column, nullable=True, low=None, high=None, on_bad="missing")
    values = read_column(reader_of(free), series, 6 if column.kind == "datetime" else 1)[0][:, 0]
    values = values[~np.isnan(values)]
    return (float(values.min()), float(values.max())) if values.size else (None, None)


def _levels_in(column: Column, series: pl.Series) -> tuple[str, ...]:
    """Return the levels that occur, in the order that they have; counted anew only where the list was cut short."""
    if isinstance(series.dtype, pl.Categorical | pl.Enum):
        series = series.cast(pl.String)
    reader = CategoryReader(replace(column, on_unseen="warn", nullable=True))
    values = distinct_of(series).values.to_list()
    readings = [reader.read(value) for value in values]
    if len(column.categories) < LEVELS_MOST or column.role == "target":
        known = sorted({code for code in readings if isinstance(code, int)})
        return tuple(column.categories[code] for code in known)
    texts = [cell_text(value) for value, code in zip(values, readings, strict=True) if code is not None]
    return natural_order([text for text in texts if text][:LEVELS_MOST])
