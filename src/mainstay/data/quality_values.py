"""Reads whole columns as numbers or as codes for the inspections, by the marks that the schema holds.

Decoding for a model keeps to ranges and policies; an inspection wants every value that can be read, and no refusals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from mainstay.data.decode_cell import BLANKS
from mainstay.data.decode_number import NumberReader
from mainstay.data.decode_plan import reader_of

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contracts.schema import Column
    from mainstay.data.decode_cell import Reader

__all__ = ["as_codes", "as_numbers", "present"]

_NOT_A_NUMBER = ("nan", "NaN", "NAN")
_DATETIME_WIDTH = 6


def present(series: pl.Series, column: Column) -> pl.Series:
    """Return the column with null wherever there is no value: empty text, a missing word or number, or NaN.

    Examples
    --------
    >>> import polars as pl
    >>> from mainstay.contracts.schema import Column
    >>> present(pl.Series(["1", " ", "?"]), Column(name="a", kind="number", missing=("?",))).to_list()
    ['1', None, None]
    """
    import polars as pl

    cells = series.alias("cell")
    if isinstance(cells.dtype, pl.Categorical | pl.Enum):
        cells = cells.cast(pl.String)
    cell = pl.col("cell")
    if cells.dtype == pl.String:
        words = ["", *column.missing, *(_NOT_A_NUMBER if column.kind == "number" else ())]
        text = cell.str.strip_chars(BLANKS)
        return cells.to_frame().select(pl.when(~text.is_in(words)).then(text)).to_series()
    if not cells.dtype.is_numeric():
        return cells
    cells = cells.fill_nan(None) if cells.dtype.is_float() else cells
    numbers = NumberReader(column).missing_numbers if column.missing else ()
    if not numbers:
        return cells
    return cells.to_frame().select(pl.when(~cell.cast(pl.Float64).is_in(list(numbers))).then(cell)).to_series()


def as_numbers(series: pl.Series, column: Column) -> NDArray[np.float64]:
    """Return a number, boolean or datetime column as float64: datetimes in days since 1970, no value as NaN.

    As in decoding, a number that float32 cannot hold is none.

    Examples
    --------
    >>> import polars as pl
    >>> from mainstay.contracts.schema import Column
    >>> column = Column(name="a", kind="number", decimal=",", thousands=".")
    >>> as_numbers(pl.Series(["1.234,5", None]), column).tolist()
    [1234.5, nan]
    """
    from mainstay.data.decode_columns import read_column

    reader = _free_reader(column)
    values = read_column(reader, series, _DATETIME_WIDTH if column.kind == "datetime" else 1)[0]
    return values[:, 0].astype(np.float64)


def _free_reader(column: Column) -> Reader:
    """Return a reader without ranges and complaints."""
    free = replace(column, nullable=True, low=None, high=None, on_bad="missing", on_missing="missing")
    return reader_of(free)


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
    levels = cells.drop_nulls().unique().sort()
    numbered = levels.to_frame().with_columns(code=pl.int_range(len(levels), dtype=pl.Int64))
    joined = cells.to_frame().join(numbered, on="cell", how="left", maintain_order="left")
    return joined.get_column("code").fill_null(-1).to_numpy().astype(np.int64), levels
