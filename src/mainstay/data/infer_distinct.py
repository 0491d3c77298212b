"""The different values of a column with their counts: all that inference looks at, whatever the number of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mainstay.data.decode_cell import BLANKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Distinct", "distinct_of", "rows_with"]

_EXAMPLES = 5


@dataclass(frozen=True, eq=False)
class Distinct:
    """Different values, most frequent first, ties by value.

    Parameters
    ----------
    values : polars.Series
        Without null and without blanks.
    counts : int64 array
        How many cells hold each.
    rows : int
        How many cells the column has, missing ones included.
    """

    values: pl.Series
    counts: NDArray[np.int64]
    rows: int

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def filled(self) -> int:
        """How many cells hold one of the values."""
        return int(self.counts.sum())

    @property
    def share(self) -> float:
        """Different values per cell: 1 where every cell differs."""
        return len(self) / max(self.filled, 1)

    def where(self, mask: NDArray[np.bool_]) -> Distinct:
        """Return the values that a mask picks."""
        return Distinct(self.values.filter(pl.Series(mask)), self.counts[mask], self.rows)

    def top(self, count: int = 3) -> list[str]:
        """Return the most frequent values, for a message."""
        return [str(value) for value in self.values.head(count).to_list()]

    def weight(self, mask: NDArray[np.bool_]) -> int:
        """Return how many cells hold a value that a mask picks."""
        return int(self.counts[mask].sum())


def distinct_of(series: pl.Series) -> Distinct:
    """Return the different values of a column; texts without the blanks at their ends, empty texts as missing.

    Examples
    --------
    >>> found = distinct_of(pl.Series(["b", " a", None, "", "a "]))
    >>> found.values.to_list(), found.counts.tolist(), found.rows
    (['a', 'b'], [2, 1], 5)
    """
    rows = series.len()
    if series.dtype == pl.String:
        series = series.str.strip_chars(BLANKS)
        series = series.set(series == "", None)
    elif series.dtype.is_float():
        return _of_numbers(series.fill_nan(None).drop_nulls(), rows)
    counted = series.drop_nulls().alias("value").value_counts(name="count")
    counted = counted.sort("value")
    if counted.height < rows - series.null_count():  # of a million different numbers every second sort is seconds
        counted = counted.sort("count", descending=True, maintain_order=True)
    return Distinct(counted.get_column("value"), counted.get_column("count").to_numpy().astype(np.int64), rows)


def _of_numbers(series: pl.Series, rows: int) -> Distinct:
    """Return the different numbers of a column without gaps: sorting them is ten times sooner than counting."""
    values, counts = np.unique(series.to_numpy() + 0.0, return_counts=True)  # minus zero is zero
    if len(values) < len(series):
        order = np.argsort(-counts, kind="stable")
        values, counts = values[order], counts[order]
    return Distinct(pl.Series("value", values, dtype=series.dtype), counts.astype(np.int64), rows)


def rows_with(series: pl.Series, values: Sequence[object]) -> tuple[int, ...]:
    """Return a few row numbers, from 1, whose cell is one of the values."""
    cells = series.str.strip_chars(BLANKS) if series.dtype == pl.String else series
    found = cells.is_in(pl.Series(values, dtype=cells.dtype).implode()).fill_null(value=False).arg_true()
    return tuple(int(row) + 1 for row in found.head(_EXAMPLES))
