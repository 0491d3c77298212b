"""What every run without a target asks of a table first: whether the named columns are there, and which numbers fit.

Clustering and anomaly detection both refuse a name that is not there, and both have to say where a number is too large
for the arithmetic of models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import UsageError
from mainstay.contracts.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mainstay.contracts.schema import Schema
    from mainstay.data.table import Table

__all__ = ["check_names", "too_large"]

_NAMED = 8
_LARGEST = float(np.finfo(np.float32).max)


def check_names(table: Table, asked: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse a column that is asked for and is not there.

    Parameters
    ----------
    table : Table
    asked : mapping of str to tuple of str
        For each option the columns that it names.

    Raises
    ------
    UsageError
        With names that are near.
    """
    from difflib import get_close_matches

    for where, names in asked.items():
        for name in names:
            if name not in table.columns:
                near = get_close_matches(name, table.columns, n=3, cutoff=0.6)
                shown = ", ".join(table.columns[:_NAMED])
                more = f" and {len(table.columns) - _NAMED:,} more" if len(table.columns) > _NAMED else ""
                hint = f"Did you mean {_either(near)}?" if near else f"The columns are: {shown}{more}."
                raise UsageError(f"there is no column {name!r}", where=where, hint=hint)


def _either(names: list[str]) -> str:
    return " or ".join(repr(name) for name in names)


def too_large(table: Table, schema: Schema, harmless: str) -> tuple[Finding, ...]:
    """Name the columns with numbers beyond float32: such a cell counts as missing, and it is not.

    Parameters
    ----------
    table : Table
    schema : Schema
    harmless : str
        Why the column can be divided by a number: "that changes no group".
    """
    import polars as pl

    found = []
    for column in schema.features:
        series = table.frame.get_column(column.name)
        if column.kind == "number" and series.dtype.is_numeric():
            sizes = series.cast(pl.Float64).abs().to_numpy()
            beyond = np.flatnonzero((sizes > _LARGEST) & np.isfinite(sizes))
            if len(beyond):
                message = (
                    f"{len(beyond):,} of {len(sizes):,} numbers are too large, up to {sizes[beyond].max():.3g}: models "
                    f"are computed in float32, which ends at {_LARGEST:.3g}; they count as missing"
                )
                found.append(
                    Finding(
                        severity="error", code="numbers.too_large", column=column.name, message=message,
                        advice=f"Divide the column by a number so that all are below it; {harmless}.",
                        rows=tuple(int(row) + 1 for row in beyond[:5]),
                    )
                )  # fmt: skip
    return tuple(found)
