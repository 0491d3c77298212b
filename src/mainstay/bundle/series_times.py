"""Times of rows as numbers, the same from a table and from plain rows: seconds since 1970, or numbers as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from mainstay.contracts.errors import SchemaError
from mainstay.data.decode_cell import Flaw
from mainstay.data.decode_plan import reader_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contracts.schema import Column, Schema

    Doubles = NDArray[np.float64]

__all__ = ["time_column", "times_of_frame", "times_of_rows"]

_DAY = 86_400.0


def time_column(schema: Schema, name: str) -> Column:
    """Return the column of times.

    Raises
    ------
    SchemaError
        When it is not there, or is neither of dates nor of numbers.
    """
    for column in schema.columns:
        if column.name == name and column.kind in ("datetime", "number"):
            return column
    raise SchemaError(f"the schema has no column {name!r} of dates or numbers for the time", where=name)


def times_of_frame(frame: pl.DataFrame, column: Column) -> Doubles:
    """Return the time of each row of a table; NaN where there is none.

    Raises
    ------
    SchemaError
        When the column is not there.
    """
    from mainstay.data.quality_values import as_numbers

    if column.name not in frame.columns:
        raise SchemaError(
            f"the column of times {column.name!r} is missing", where=column.name,
            hint="A series is judged with its times: give the column as in training.",
        )  # fmt: skip
    return _seconds(as_numbers(frame.get_column(column.name), column), column)


def times_of_rows(rows: Sequence[Mapping[str, object]], column: Column) -> Doubles:
    """Return the time of each plain row; NaN where there is none.

    Examples
    --------
    >>> from mainstay.contracts.schema import Column
    >>> when = Column(name="at", kind="datetime", role="time")
    >>> times_of_rows([{"at": "1970-01-01 00:05:00"}, {"at": None}], when).tolist()
    [300.0, nan]
    """
    free = replace(column, nullable=True, low=None, high=None, on_bad="missing", on_missing="missing")
    reader = reader_of(free)
    times = np.full(len(rows), np.nan)
    for at, row in enumerate(rows):
        found = reader.read(row.get(column.name))
        if found is not None and not isinstance(found, Flaw):
            times[at] = found[0] if isinstance(found, tuple) else found
    return _seconds(times, column)


def _seconds(times: Doubles, column: Column) -> Doubles:
    """Return days as seconds, to a microsecond: what a day's fraction can hold in float64."""
    return np.round(times * _DAY, 6) if column.kind == "datetime" else times
