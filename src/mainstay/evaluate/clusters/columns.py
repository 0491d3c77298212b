"""Columns as a person knows them: raw values read by the schema, in their own units and words.

Clusters are found in prepared numbers, and described in the values that stand in the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluate.words import number

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contracts.schema import Column, Kind, Schema

    Floats = NDArray[np.float64]

__all__ = ["ColumnView", "columns_of", "date_words", "raw_row", "row_values", "shortest"]

_LONGEST, _LARGE = 60, 1_000


@dataclass(frozen=True, slots=True)
class ColumnView:
    """One column of a table as numbers that keep their meaning.

    Parameters
    ----------
    name, kind : str
        As in the schema.
    values : float64 array of shape (n,)
        Amounts, days since 1970-01-01, or positions in ``levels``; NaN is missing.
    levels : tuple of str, default ()
        The words of a category or a boolean.
    ordered : bool, default False
        Whether the order of the levels means something.
    unit : str, default ""
    """

    name: str
    kind: Kind
    values: Floats
    levels: tuple[str, ...] = ()
    ordered: bool = False
    unit: str = ""

    @property
    def ranked(self) -> bool:
        """Whether values can be more or less, not only equal or different."""
        return self.ordered or not self.levels

    def said(self, value: float) -> str:
        """Return a value as people write it."""
        if self.levels:
            return self.levels[int(np.clip(round(value), 0, len(self.levels) - 1))]
        if self.kind == "datetime":
            return date_words(value)
        told = f"{value:,.0f}" if abs(value) >= _LARGE else f"{value:.4g}"
        return told + (f" {self.unit}" if self.unit else "")


def columns_of(frame: pl.DataFrame, schema: Schema) -> list[ColumnView]:
    """Return the features of a table that have values to compare; texts and images have words and pictures instead.

    Examples
    --------
    >>> import polars as pl
    >>> from mainstay.contracts.schema import Column, Schema
    >>> schema = Schema(columns=(Column(name="city", kind="category", categories=("Bern", "Rome")),))
    >>> view = columns_of(pl.DataFrame({"city": ["Rome", None]}), schema)[0]
    >>> view.values.tolist(), view.said(1.0)
    ([1.0, nan], 'Rome')
    """
    from mainstay.contracts.schema import Schema as Contract
    from mainstay.data.decode import Decoder

    kept = tuple(column for column in schema.features if column.kind not in ("text", "image", "identifier"))
    if not kept:
        return []
    arrays = Decoder(Contract(columns=kept)).from_frame(frame).arrays
    numbers = dict(zip(arrays.number_names, arrays.numbers.T, strict=True))
    codes = dict(zip(arrays.category_names, arrays.categories.T, strict=True))
    found = []
    for column in kept:
        if column.name in codes:
            values = codes[column.name].astype(np.float64)
            values[(values < 0) | (values >= len(column.categories))] = np.nan
        else:
            values = numbers[f"{column.name}.days" if column.kind == "datetime" else column.name].astype(np.float64)
        found.append(ColumnView(column.name, column.kind, values, _levels(column), column.ordered, column.unit))
    return found


def _levels(column: Column) -> tuple[str, ...]:
    if column.kind == "boolean":
        return column.categories or ("no", "yes")
    return column.categories if column.kind == "category" else ()


def date_words(days: float) -> str:
    """Return days since 1970-01-01 as a date, with the time where a day is too coarse to tell.

    Examples
    --------
    >>> date_words(18993.0), date_words(float("nan"))
    ('2022-01-01', '-')
    """
    if not np.isfinite(days):
        return number(None)
    return str(np.datetime64("1970-01-01") + np.timedelta64(int(np.floor(days)), "D"))


def row_values(frame: pl.DataFrame, schema: Schema, row: int) -> dict[str, float | int | str | bool | None]:
    """Return the values of one row as data: numbers as numbers, dates as ISO texts, None where there is none.

    Examples
    --------
    >>> import polars as pl
    >>> from mainstay.contracts.schema import Column, Schema
    >>> schema = Schema(columns=(Column(name="age", kind="number"), Column(name="city", kind="text")))
    >>> row_values(pl.DataFrame({"age": ["31.5"], "city": [None]}), schema, 0)
    {'age': 31.5, 'city': None}
    """
    names = _told_names(frame, schema)
    read = {view.name: view for view in columns_of(frame[row : row + 1], schema)}
    values = frame.select(names).row(row) if names else ()
    return {name: _value(value, read.get(name)) for name, value in zip(names, values, strict=True)}


def _value(value: object, view: ColumnView | None) -> float | int | str | bool | None:
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return None
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str) and view is not None and not view.levels:
        # A text that the schema reads as an amount or a date.
        amount = float(view.values[0])
        if not np.isfinite(amount):
            return None
        return _instant(amount) if view.kind == "datetime" else shortest(amount)
    return value.isoformat() if isinstance(value, (date, time)) else _short(value) or None


def shortest(value: float) -> float:
    """Return a number without the digits that single precision adds.

    Examples
    --------
    >>> shortest(52.55419921875)
    52.5542
    """
    return float(f"{value:.7g}")


def _instant(days: float) -> str:
    """Return days since 1970-01-01 as an ISO date, with the time of day where there is one."""
    day, rest = divmod(round(days * 86_400), 86_400)
    told = np.datetime64("1970-01-01") + np.timedelta64(int(day), "D")
    return str(told + np.timedelta64(int(rest), "s") if rest else told)


def _told_names(frame: pl.DataFrame, schema: Schema) -> list[str]:
    names = [column.name for column in schema.columns if column.role == "feature" or column.kind == "identifier"]
    return [name for name in names if name in frame.columns]


def raw_row(frame: pl.DataFrame, schema: Schema, row: int) -> dict[str, str]:
    """Return the raw values of one row, features and identifiers, as texts; "" where there is none."""
    known = _told_names(frame, schema)
    values = frame.select(known).row(row) if known else ()
    return {name: _short(value) for name, value in zip(known, values, strict=True)}


def _short(value: object) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "\u2026"
