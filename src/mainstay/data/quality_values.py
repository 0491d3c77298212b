"""Reads whole columns as numbers or as codes for the inspections, by the marks that the schema holds.

Decoding for a model is stricter and has policies; an inspection wants every value that can be read, and no refusals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contracts.schema import Column

__all__ = ["as_codes", "as_days", "as_numbers", "present"]

_DAY_US = 86_400_000_000


def present(series: pl.Series, column: Column) -> pl.Series:
    """Return the column with null wherever there is no value: empty text, a missing word, or NaN.

    Examples
    --------
    >>> import polars as pl
    >>> from mainstay.contracts.schema import Column
    >>> present(pl.Series(["1", " ", "?"]), Column(name="a", kind="number", missing=("?",))).to_list()
    ['1', None, None]
    """
    import polars as pl

    if series.dtype.is_float():
        return series.fill_nan(None)
    if series.dtype != pl.String:
        return series
    frame = series.alias("cell").to_frame()
    text = pl.col("cell").str.strip_chars()
    empty = text.is_in(["", *column.missing]) | text.is_null()
    return frame.select(pl.when(~empty).then(text)).to_series()


def as_numbers(series: pl.Series, column: Column) -> NDArray[np.float64]:
    """Return a number, boolean or datetime column as float64: datetimes in days since 1970, no value as NaN.

    Examples
    --------
    >>> import polars as pl
    >>> from mainstay.contracts.schema import Column
    >>> column = Column(name="a", kind="number", decimal=",", thousands=".")
    >>> as_numbers(pl.Series(["1.234,5", None]), column).tolist()
    [1234.5, nan]
    """
    import polars as pl

    if column.kind == "datetime":
        return as_days(series, column)
    cells = present(series, column)
    if cells.dtype == pl.String and column.kind == "boolean" and column.categories:
        words = {word: float(place) for place, word in enumerate(column.categories)}
        cells = cells.replace_strict(words, default=None, return_dtype=pl.Float64)
    elif cells.dtype == pl.String:
        cells = _plain_numbers(cells, column)
    return cells.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy().astype(np.float64)


def _plain_numbers(cells: pl.Series, column: Column) -> pl.Series:
    if column.thousands:
        cells = cells.str.replace_all(column.thousands, "", literal=True)
    if column.decimal != ".":
        cells = cells.str.replace(column.decimal, ".", literal=True)
    return cells


def as_days(series: pl.Series, column: Column) -> NDArray[np.float64]:
    """Return a datetime column as days since 1970-01-01, with fraction; NaN where there is no value."""
    import polars as pl

    cells = present(series, column)
    if cells.dtype == pl.String:
        cells = _instants(cells, column)
    if not cells.dtype.is_temporal():
        return cells.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy().astype(np.float64)
    if isinstance(cells.dtype, (pl.Time, pl.Duration)):
        return cells.to_physical().cast(pl.Float64).fill_null(float("nan")).to_numpy() / _DAY_US
    micros = cells.cast(pl.Datetime("us")).to_physical().cast(pl.Float64)
    return micros.fill_null(float("nan")).to_numpy() / _DAY_US


def _instants(cells: pl.Series, column: Column) -> pl.Series:
    import polars as pl

    frame = cells.alias("cell").to_frame()
    tries = [_instant(form) for form in column.formats or ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d")]
    return frame.select(pl.coalesce(tries)).to_series()


def _instant(form: str) -> pl.Expr:
    import polars as pl

    cell = pl.col("cell")
    if "%z" in form:
        return cell.str.to_datetime(form, strict=False, time_unit="us").dt.replace_time_zone(None)
    if any(mark in form for mark in ("%H", "%I", "%T", "%R", "%k", "%s")):
        return cell.str.to_datetime(form, strict=False, time_unit="us")
    return cell.str.to_date(form, strict=False).cast(pl.Datetime("us"))


def as_codes(series: pl.Series, column: Column) -> tuple[NDArray[np.int64], pl.Series]:
    """Return each cell's code, -1 where there is no value, and the levels in rising order.

    Examples
    --------
    >>> import polars as pl
    >>> from mainstay.contracts.schema import Column
    >>> codes, levels = as_codes(pl.Series(["b", None, "a", "b"]), Column(name="a", kind="category"))
    >>> codes.tolist(), levels.to_list()
    ([1, -1, 0, 1], ['a', 'b'])
    """
    import polars as pl

    cells = present(series, column).alias("cell")
    if cells.dtype.is_nested() or cells.dtype in (pl.Object, pl.Binary):
        cells = pl.Series("cell", [None if value is None else repr(value) for value in cells.to_list()], pl.String)
    elif not (cells.dtype.is_numeric() or cells.dtype.is_temporal() or cells.dtype in (pl.String, pl.Boolean)):
        cells = cells.cast(pl.String)
    levels = cells.drop_nulls().unique().sort()
    numbered = levels.to_frame().with_columns(code=pl.int_range(len(levels), dtype=pl.Int64))
    joined = cells.to_frame().join(numbered, on="cell", how="left", maintain_order="left")
    return joined.get_column("code").fill_null(-1).to_numpy().astype(np.int64), levels
