"""Read a pandas table column by column by way of NumPy.

The direct door from pandas to Polars needs pyarrow for text columns, and pandas 3 made those the rule. Neither
package is asked for here: a table that exists has brought its library along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mainstay.contracts.findings import Finding
from mainstay.data.read_names import clean_names, shown
from mainstay.data.read_values import series_of_values, zone_finding

if TYPE_CHECKING:
    import polars as pl

__all__ = ["float_values", "pandas_column", "read_pandas"]


def read_pandas(source: Any) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """Return the columns of a pandas table; the index is not one of them.

    Examples
    --------
    >>> import pandas as pd
    >>> read_pandas(pd.DataFrame({"age": [31, 28], "city": ["Bern", None]}))[0].rows()
    [(31, 'Bern'), (28, None)]
    """
    import polars as pl

    raw = [" ".join(map(str, name)) if isinstance(name, tuple) else name for name in source.columns]
    names, notes = clean_names(raw)
    columns, findings = list[pl.Series](), [*notes]
    for position, name in enumerate(names):
        series, found = pandas_column(name, source.iloc[:, position])
        findings += found
        if series is not None:
            columns.append(series)
    named = [str(level) for level in source.index.names if level is not None]
    if named:
        findings.append(
            Finding(
                severity="info",
                code="pandas.index",
                message=f"The index {shown(named)} of the pandas table is not read as a column.",
                advice="Call .reset_index() first if the index is data.",
            )
        )
    return pl.DataFrame(columns), tuple(findings)


def pandas_column(name: str, column: Any) -> tuple[pl.Series | None, tuple[Finding, ...]]:
    """Return one column of pandas, or None where it holds binary data."""
    import numpy as np
    import polars as pl

    kind = getattr(column.dtype, "kind", "O")
    label = type(column.dtype).__name__
    missing = column.isna().to_numpy()
    if label == "CategoricalDtype":
        return _pandas_categories(name, column)
    if label == "DatetimeTZDtype":
        plain, _ = pandas_column(name, column.dt.tz_convert("UTC").dt.tz_localize(None))
        return plain, (zone_finding(name),)
    if kind in "bBiuf" and label != "SparseDtype":
        blank = column.fillna(False if kind in "bB" else 0).to_numpy()
        values = blank.astype(np.bool_) if kind in "bB" else float_values(blank)
        return _masked(pl.Series(name, values), missing), ()
    if kind == "M" and isinstance(column.dtype, np.dtype):
        return pl.Series(name, column.to_numpy().astype("datetime64[us]")), ()
    if kind == "m" and isinstance(column.dtype, np.dtype):
        return _masked(pl.Series(name, column.dt.total_seconds().fillna(0).to_numpy()), missing), ()
    return series_of_values(name, column.astype(object).to_list())


def float_values(values: Any) -> Any:
    """Return half floats and numbers in an array of objects as types that Polars has."""
    import numpy as np

    if values.dtype == object:
        values = values.astype(np.float64)
    return values.astype(np.float32) if values.dtype == np.float16 else values


def _masked(series: pl.Series, missing: Any) -> pl.Series:
    import polars as pl

    if series.dtype.is_float():
        series = series.fill_nan(None)
    if not missing.any():
        return series
    return series.set(pl.Series(missing), None)


def _pandas_categories(name: str, column: Any) -> tuple[pl.Series | None, tuple[Finding, ...]]:
    """Return categories: ordered words as an Enum, which keeps their order, others as the values they are."""
    import polars as pl

    categories = column.cat.categories.to_list()
    codes = column.cat.codes.to_list()
    values, notes = series_of_values(name, [categories[code] if code >= 0 else None for code in codes])
    words = all(isinstance(word, str) for word in categories)
    if values is not None and words and column.cat.ordered:
        return values.cast(pl.Enum(categories)), notes
    return values, notes
