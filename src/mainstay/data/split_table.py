"""Splits a table by its own columns, so that a caller names a way and need not know which values it looks at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mainstay.data.quality_values import as_codes, as_numbers, present
from mainstay.data.split import Split, read_rule, split
from mainstay.data.split_fingerprints import fingerprints
from mainstay.data.split_folds import Fold, folds

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contracts.schema import Schema
    from mainstay.data.table import Table

__all__ = ["Ties", "find_ties", "split_table"]

_COMPARED = ("feature", "time", "group")


@dataclass(frozen=True, slots=True)
class Ties:
    """What ties rows to each other under one way of splitting.

    Parameters
    ----------
    how : str
        "random", "time:COLUMN" or "group:COLUMN".
    fingerprints : uint64 array of shape (n,)
        Equal numbers for rows with equal inputs.
    order : float64 array of shape (n,), optional
        The time of each row; NaN where missing.
    groups : int64 array of shape (n,), optional
        The group of each row; -1 where missing.
    """

    how: str
    fingerprints: NDArray[np.uint64]
    order: NDArray[np.float64] | None = None
    groups: NDArray[np.int64] | None = None

    def take(self, rows: NDArray[np.int64]) -> Ties:
        """Return the given rows, by position."""
        return Ties(
            self.how,
            self.fingerprints[rows],
            None if self.order is None else self.order[rows],
            None if self.groups is None else self.groups[rows],
        )

    def split(
        self, target: NDArray[np.int64] | NDArray[np.float64], *, test_share: float = 0.2, seed: int = 0
    ) -> Split:
        """Split the rows; see :func:`mainstay.data.split.split`."""
        return split(
            target,
            how=self.how,
            test_share=test_share,
            seed=seed,
            fingerprints=self.fingerprints,
            order=self.order,
            groups=self.groups,
        )

    def folds(
        self, target: NDArray[np.int64] | NDArray[np.float64], *, count: int = 5, seed: int = 0
    ) -> tuple[Fold, ...]:
        """Divide the rows into folds; see :func:`mainstay.data.split_folds.folds`."""
        return folds(
            target, count=count, seed=seed, fingerprints=self.fingerprints, groups=self.groups, order=self.order
        )


def find_ties(table: Table, schema: Schema, *, how: str = "random") -> Ties:
    """Return what ties the rows of a table to each other under one way of splitting.

    Rows are equal when all features, times and groups are; the target and ignored columns are not compared.

    Parameters
    ----------
    table : Table with n rows
    schema : Schema
    how : str, default "random"
        "random", "time:COLUMN" or "group:COLUMN".

    Returns
    -------
    Ties

    Raises
    ------
    UsageError
        When the way is unknown or its column does not exist.
    """
    rule = read_rule(how, table.frame.columns)
    compared = [column.name for column in schema.columns if column.role in _COMPARED]
    compared = [name for name in compared if name in table.frame.columns]
    if rule.column is not None and rule.column not in compared:
        compared.append(rule.column)
    marks = fingerprints(table.frame, compared) if compared else fingerprints(table.frame)
    if rule.column is None:
        return Ties(how, marks)
    cells, column = table.frame.get_column(rule.column), schema[rule.column]
    if rule.way == "group":
        return Ties(how, marks, groups=as_codes(cells, column)[0])
    order = as_numbers(cells, column) if column.kind in ("number", "datetime") else _places(present(cells, column))
    return Ties(how, marks, order=order)


def _places(cells: pl.Series) -> NDArray[np.float64]:
    """Order a column that is neither number nor datetime by its text, as "2019-W07" and the like sort well."""
    return cells.rank("dense").cast(float).fill_null(float("nan")).to_numpy().astype(np.float64)


def split_table(
    table: Table,
    schema: Schema,
    target: NDArray[np.int64] | NDArray[np.float64],
    *,
    how: str = "random",
    test_share: float = 0.2,
    seed: int = 0,
) -> Split:
    """Split the rows of a table that have a target.

    Parameters
    ----------
    table : Table with n rows
    schema : Schema
    target : array of shape (n,)
        int64 class codes or float64 amounts; rows where it is missing (negative, NaN) are on neither side.
    how : str, default "random"
        "random", "time:COLUMN" or "group:COLUMN".
    test_share : float, default 0.2
    seed : int, default 0

    Returns
    -------
    Split
        Row positions are those of the table.

    Raises
    ------
    UsageError
        When the way is unknown or its column does not exist.
    DataError
        When there are fewer than 10 rows with a target, one group only, or the same time everywhere.

    Examples
    --------
    >>> import polars as pl
    >>> from mainstay.contracts.schema import Column, Schema
    >>> from mainstay.data.table import Table
    >>> frame = pl.DataFrame({"day": [str(day) for day in range(10, 30)], "sold": ["1"] * 20})
    >>> schema = Schema(columns=(Column(name="day", kind="number"), Column(name="sold", kind="number", role="target")))
    >>> table = Table(frame, source="sales", digest="")
    >>> split_table(table, schema, np.ones(20), how="time:day").test.tolist()
    [16, 17, 18, 19]
    """
    usable = np.flatnonzero(~np.isnan(target) if np.issubdtype(target.dtype, np.floating) else target >= 0)
    answer = find_ties(table, schema, how=how).take(usable).split(target[usable], test_share=test_share, seed=seed)
    return replace(answer, train=usable[answer.train], test=usable[answer.test])
