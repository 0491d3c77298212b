"""Read what a Python program already holds: data frames of several libraries, arrays, dicts and lists.

No table library is imported to find out whether an object is its own: a library that was not imported cannot have
made the object, so the name of the object's module is enough. pandas, above all, stays optional.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mainstay.contracts.errors import DataError
from mainstay.contracts.findings import Finding
from mainstay.data.read_names import clean_names, numbered_names, shown
from mainstay.data.read_pandas import float_values, pandas_column, read_pandas
from mainstay.data.read_values import series_of_values, tidy_frame

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Rows", "read_object"]

Rows = tuple["pl.DataFrame", str, tuple[Finding, ...]]
"""The rows, what to call their source in a message, and what was noticed."""

_HINT = (
    "Give a path, a pandas, Polars or Arrow table, a NumPy array of two dimensions, "
    "a dict of columns or a list of dicts."
)


def read_object(source: Any) -> Rows:
    """Return the rows of an object in memory.

    Raises
    ------
    DataError
        When the object is no table, or has no columns.

    Examples
    --------
    >>> frame, name, findings = read_object([{"age": 31}, {"age": 28, "city": "Rome"}])
    >>> frame.rows(), name
    ([(31, None), (28, 'Rome')], 'list of dicts')
    """
    frame, name, notes = _rows(source)
    if not frame.width:
        raise DataError("the table has no columns", where=name, hint=_HINT, code="data.empty")
    return frame, name, notes


def _rows(source: Any) -> Rows:
    library = _library(source)
    kind = type(source).__name__
    if library == "pandas" and kind == "DataFrame":
        frame, notes = read_pandas(source)
        return frame, "pandas table", notes
    if library == "polars" and kind in {"DataFrame", "LazyFrame"}:
        return _from_polars(source)
    if library == "numpy" and hasattr(source, "dtype"):
        return _from_numpy(source)
    if hasattr(source, "__arrow_c_stream__") and kind not in {"Series", "ChunkedArray"}:
        return _from_arrow(source, library)
    if isinstance(source, Mapping):
        return _from_mapping(source)
    if isinstance(source, Sequence) and not isinstance(source, str | bytes | bytearray):
        return _from_sequence(source)
    raise DataError(
        f"a table was expected, and {_article(library, kind)} came", where="data", hint=_HINT, code="data.type"
    )


def _library(source: Any) -> str:
    names = [kind.__module__.partition(".")[0] for kind in type(source).__mro__]
    return next((name for name in names if name in {"pandas", "polars", "numpy"}), names[0])


def _article(library: str, kind: str) -> str:
    full = kind if library == "builtins" else f"{library} {kind}"
    return f"{'an' if full[0].lower() in 'aeiou' else 'a'} {full}"


def _from_polars(source: Any) -> Rows:
    frame = source.collect() if type(source).__name__ == "LazyFrame" else source
    names, notes = clean_names(frame.columns)
    tidy, findings = tidy_frame(frame.rename(dict(zip(frame.columns, names, strict=True))))
    return tidy, "Polars table", (*notes, *findings)


def _from_arrow(source: Any, library: str) -> Rows:
    import polars as pl

    name = "Arrow table" if library == "pyarrow" else f"{library} {type(source).__name__}"
    columns = list(getattr(source, "column_names", None) or [])
    if len(set(columns)) < len(columns) and hasattr(source, "rename_columns"):
        names, notes = clean_names(columns)
        source = source.rename_columns(list(names))
    else:
        notes = ()
    frame, _, findings = _from_polars(pl.DataFrame(source))
    return frame, name, (*notes, *findings)


def _from_numpy(source: Any) -> Rows:
    import polars as pl

    if source.dtype.names:
        columns = {name: source[name] for name in source.dtype.names}
        return _columns(columns, f"NumPy array with {len(columns)} fields")
    if source.ndim != 2:
        hint = (
            "Give two dimensions: rows and columns." if source.ndim != 1 else "Use array.reshape(-1, 1) for one column."
        )
        raise DataError(
            f"an array of two dimensions was expected, and one of {source.ndim} came (shape {source.shape})",
            where="NumPy array",
            hint=hint,
            code="data.shape",
        )
    names = numbered_names(source.shape[1])
    note = Finding(
        severity="info",
        code="header.none",
        message=f"A NumPy array has no column names; they are column_1 to column_{len(names)}.",
        advice="Give a dict of columns or a data frame to name them.",
    )
    frame, name, notes = _columns({name: source[:, at] for at, name in enumerate(names)}, "NumPy array")
    return (frame if names else pl.DataFrame()), name, (note, *notes)


def _from_mapping(source: Mapping[Any, Any]) -> Rows:
    lengths = {str(name): len(values) for name, values in source.items() if hasattr(values, "__len__")}
    flat = [
        str(name)
        for name, values in source.items()
        if isinstance(values, str | bytes) or not hasattr(values, "__len__")
    ]
    if flat:
        raise DataError(
            f"a dict of columns was expected, and {shown(flat)} hold one value instead of a list",
            where="dict",
            hint="Give {'name': [value, ...]}; for a single row give [{'name': value}].",
            code="data.type",
        )
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name!r} has {length:,}" for name, length in list(lengths.items())[:5])
        raise DataError(
            f"the columns of the dict do not have the same length: {told}", where="dict", hint=_HINT, code="data.shape"
        )
    return _columns(source, "dict of columns")


def _from_sequence(source: Sequence[Any]) -> Rows:
    if not source:
        raise DataError("the list is empty", where="list", hint="Give at least one row.", code="data.empty")
    wrong = next((at for at, row in enumerate(source) if not isinstance(row, Mapping)), None)
    if wrong is not None:
        came = _article(_library(source[wrong]), type(source[wrong]).__name__)
        raise DataError(
            f"a list of dicts was expected, and item {wrong} is {came}",
            where="list",
            hint="Give one dict per row, or a dict of columns.",
            code="data.type",
        )
    names = dict.fromkeys(name for row in source for name in row)
    return _columns({name: [row.get(name) for row in source] for name in names}, "list of dicts")


def _columns(columns: Mapping[Any, Any], label: str) -> Rows:
    import polars as pl

    names, notes = clean_names(list(columns))
    kept, findings = list[pl.Series](), [*notes]
    for name, values in zip(names, columns.values(), strict=True):
        series, found = _column(name, values)
        findings += found
        if series is not None:
            kept.append(series)
    return pl.DataFrame(kept), label, tuple(findings)


def _column(name: str, values: Any) -> tuple[pl.Series | None, tuple[Finding, ...]]:
    import polars as pl

    library = _library(values)
    if library == "pandas" and hasattr(values, "iloc"):
        return pandas_column(name, values)
    if library == "polars":
        tidy, notes = tidy_frame(pl.DataFrame([values.alias(name)]))
        return (tidy.to_series() if tidy.width else None), notes
    if library == "numpy" and values.ndim == 1 and values.dtype.kind in "biufM":
        tidy, notes = tidy_frame(pl.DataFrame([pl.Series(name, _numpy_values(values))]))
        return tidy.to_series(), notes
    return series_of_values(name, values.tolist() if library == "numpy" else list(values))


def _numpy_values(values: Any) -> Any:
    import numpy as np

    values = np.ascontiguousarray(values)
    if values.dtype.kind == "M":
        return values.astype("datetime64[us]")
    return float_values(values.astype(values.dtype.newbyteorder("=")))
