"""Turn Python values of any kind into columns of few types, without losing one in silence.

JSON, databases and data frames of objects hold columns in which a number, a text and a list may stand below each
other. Behind this file a column is a number, a boolean, a date, a datetime, a word or a text; what had to be changed
for that is said.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mainstay.contracts.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

__all__ = ["series_of_values", "tidy_frame", "zone_finding"]

_INTEGER_LIMIT = 2**63
_MISSING_TYPES = frozenset({"NAType", "NaTType"})
_BINARY = frozenset({bytes, bytearray, memoryview})
_NESTED = (list, tuple, dict, set, frozenset)


def series_of_values(name: str, values: Sequence[object]) -> tuple[pl.Series | None, tuple[Finding, ...]]:
    """Return a column of Python values, or None for a column that holds binary data.

    Parameters
    ----------
    name : str
    values : sequence of object
        None, NaN and the missing values of pandas are missing.

    Returns
    -------
    series : polars.Series or None
        Boolean, Int64, Float64, Date, Datetime (microseconds, UTC where a zone was given) or String.
    findings : tuple of Finding
        "column.mixed", "column.nested", "column.binary" or "column.zone", where they apply.

    Examples
    --------
    >>> series, findings = series_of_values("size", [1, "two", None])
    >>> series.to_list(), findings[0].code
    (['1', 'two', None], 'column.mixed')
    """
    cells = _present(values)
    types = Counter(map(type, cells))
    types.pop(type(None), None)
    if any(issubclass(kind, tuple(_BINARY)) for kind in types):
        return None, (_finding("warning", "column.binary", name, "holds binary data and is left out."),)
    if any(issubclass(kind, _NESTED) for kind in types):
        message = "holds lists or records; they are kept as JSON text."
        return _texts(name, cells), (_finding("warning", "column.nested", name, message),)
    return _typed(name, cells, types)


def _present(values: Sequence[object]) -> list[Any]:
    """Return plain Python values with None for each missing one."""
    if not {type(value) for value in values} - {str, int, bool, type(None), date, datetime}:
        return list(values)
    return [_plain(value) for value in values]


def _plain(value: Any) -> Any:
    if type(value).__name__ in _MISSING_TYPES:
        return None
    if type(value).__module__ == "numpy" and getattr(value, "ndim", 1) == 0:
        value = value.item()
    elif hasattr(value, "to_pydatetime"):
        value = value.to_pydatetime(warn=False)
    elif hasattr(value, "tolist") and not isinstance(value, str):
        value = value.tolist()
    if isinstance(value, float | Decimal) and math.isnan(value):
        return None
    return value


def _typed(name: str, cells: list[Any], types: Counter[type]) -> tuple[pl.Series, tuple[Finding, ...]]:
    import polars as pl

    kinds = set(types)
    if kinds <= {str}:
        return pl.Series(name, cells, pl.String), ()
    if kinds == {bool}:
        return pl.Series(name, cells, pl.Boolean), ()
    if kinds == {int} and all(cell is None or -_INTEGER_LIMIT <= cell < _INTEGER_LIMIT for cell in cells):
        return pl.Series(name, cells, pl.Int64), ()
    if float in kinds or Decimal in kinds:
        if kinds <= {int, float, Decimal}:
            return pl.Series(name, [None if cell is None else _float(cell) for cell in cells], pl.Float64), ()
    elif kinds == {date}:
        return pl.Series(name, cells, pl.Date), ()
    elif kinds <= {date, datetime}:
        return _instants(name, cells)
    elif kinds == {timedelta}:
        return pl.Series(name, [None if cell is None else cell.total_seconds() for cell in cells], pl.Float64), ()
    if len(kinds) == 1:
        return _texts(name, cells), ()
    counts = ", ".join(f"{times:,} {kind.__name__}" for kind, times in types.most_common())
    return _texts(name, cells), (
        _finding("warning", "column.mixed", name, f"holds several types ({counts}); all are read as text."),
    )


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.copysign(math.inf, value)


def _instants(name: str, cells: list[Any]) -> tuple[pl.Series, tuple[Finding, ...]]:
    import polars as pl

    zoned = sum(isinstance(cell, datetime) and cell.tzinfo is not None for cell in cells)
    plain = [None if cell is None else _instant(cell) for cell in cells]
    notes = (zone_finding(name),) if zoned else ()
    return pl.Series(name, plain, pl.Datetime("us")), notes


def _instant(cell: date) -> datetime:
    if not isinstance(cell, datetime):
        return datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 - the table has no zone
    return cell.astimezone(UTC).replace(tzinfo=None) if cell.tzinfo is not None else cell


def _texts(name: str, cells: list[Any]) -> pl.Series:
    import polars as pl

    return pl.Series(name, [None if cell is None else _text(cell) for cell in cells], pl.String)


def _text(cell: Any) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, set | frozenset):
        cell = sorted(cell, key=str)
    if isinstance(cell, list | tuple | dict):
        return json.dumps(cell, ensure_ascii=False, default=str)
    return str(cell)


def tidy_frame(frame: pl.DataFrame) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """Return a typed table in the few types that the rest of the house knows.

    Lists and records become JSON text, durations seconds, times text, decimals floats, datetimes with a zone UTC
    without one; binary columns are left out. NaN becomes missing. Numbers, booleans, dates, words and categories
    stay as they are.

    Examples
    --------
    >>> import polars as pl
    >>> frame, findings = tidy_frame(pl.DataFrame({"a": [[1, 2], None], "b": [float("nan"), 1.0]}))
    >>> frame.rows(), findings[0].code
    ([('[1, 2]', None), (None, 1.0)], 'column.nested')
    """
    import polars as pl

    kept, notes = list[pl.Series](), list[Finding]()
    for series in frame.get_columns():
        tidy, findings = _tidy_series(series)
        notes += findings
        if tidy is not None:
            kept.append(tidy)
    return pl.DataFrame(kept), tuple(notes)


def _tidy_series(series: pl.Series) -> tuple[pl.Series | None, tuple[Finding, ...]]:
    import polars as pl

    name, dtype = series.name, series.dtype
    if dtype.is_float():
        return series.fill_nan(None), ()
    if dtype.is_decimal() or dtype in (pl.Int128, pl.UInt128):
        return series.cast(pl.Float64), ()
    if dtype == pl.Null:
        return series.cast(pl.String), ()
    if dtype == pl.Time:
        return series.dt.to_string("%H:%M:%S%.f"), ()
    if isinstance(dtype, pl.Duration):
        return (series.dt.total_microseconds() / 1e6), ()
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        return series.dt.convert_time_zone("UTC").dt.replace_time_zone(None), (zone_finding(name),)
    if dtype.is_nested() or dtype in (pl.Binary, pl.Object):
        return series_of_values(name, series.to_list())
    return series, ()


def zone_finding(name: str) -> Finding:
    """Return the note on a column whose times had a zone."""
    return _finding("info", "column.zone", name, "holds times with a zone; they are read as UTC.")


def _finding(severity: str, code: str, name: str, message: str) -> Finding:
    advice = {
        "column.mixed": "Give the column one type, or see which kind is inferred for it.",
        "column.nested": "Spread lists and records over columns of their own before training.",
        "column.binary": "Give images as files in folders, and other data as numbers or text.",
        "column.zone": "Nothing, unless local hours matter; then give local times without a zone.",
    }[code]
    return Finding(
        severity="warning" if severity == "warning" else "info",
        code=code,
        message=f"Column {name!r} {message}",
        advice=advice,
        column=name,
    )
