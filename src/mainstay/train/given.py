"""Rows that the user holds out by himself: they join the table at its end, and no row of it is set aside.

A score needs rows that no choice has seen. Who has such rows already need not give up a share of those to learn from.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from mainstay.contracts.errors import DataError
from mainstay.data.table import Table

if TYPE_CHECKING:
    from mainstay.contracts.schema import Schema

__all__ = ["join_test"]


def join_test(table: Table, test: Table, schema: Schema) -> Table:
    """Return one table in which the rows of ``test`` follow those of ``table``.

    Parameters
    ----------
    table : Table
        The rows to learn from; the schema was made from them alone.
    test : Table
        The held-out rows, with their target; columns that ``table`` does not have are left out.
    schema : Schema

    Raises
    ------
    DataError
        When a column that the model needs is missing among the held-out rows, or there is no row.

    Examples
    --------
    >>> from mainstay.contracts.schema import Column, Schema
    >>> from mainstay.data.read import read
    >>> schema = Schema(columns=(Column(name="x", kind="number"), Column(name="y", kind="number", role="target")))
    >>> both = join_test(read({"x": [1, 2], "y": [3, 4]}), read({"y": [6], "x": [5], "z": [0]}), schema)
    >>> both.frame.rows()
    [(1, 3), (2, 4), (5, 6)]
    """
    import polars as pl

    used = {column.name for column in schema.columns if column.role != "ignored"}
    lacking = [name for name in table.columns if name in used and name not in test.columns]
    if lacking:
        raise DataError(
            f"the held-out rows need the columns to learn from and the target, and have no column {lacking[0]!r}",
            where=test.source,
            hint=f"It has: {', '.join(test.columns[:20])}. Both files must name their columns alike.",
        )
    if not test.rows:
        raise DataError("there is no row to be held out", where=test.source, hint="Give rows with their target.")
    shared = test.frame.select([name for name in table.columns if name in test.columns])
    try:
        frame = pl.concat([table.frame, shared], how="diagonal_relaxed")
    except pl.exceptions.PolarsError as error:
        raise DataError(
            f"the held-out rows are of other types than the rows to learn from ({error})", where=test.source,
            hint="Write both files in the same way.",
        ) from error  # fmt: skip
    digest = sha256(f"{table.digest} {test.digest}".encode()).hexdigest()
    return Table(frame, f"{table.source} and {test.source}", digest, (*table.notes, *test.notes))
