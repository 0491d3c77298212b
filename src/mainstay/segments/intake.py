"""From a table to the rows and columns that are grouped, with everything that is left out named.

There is no target: every column that tells something is a feature, known groups are kept aside for the comparison at
the end, and rows without any value have no place in any group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from msgspec import structs

from mainstay.contracts.errors import DataError, UsageError
from mainstay.contracts.findings import Finding
from mainstay.contracts.schema import Column, Schema
from mainstay.data.decode import Decoder
from mainstay.data.infer import freeze, infer
from mainstay.data.infer_level import natural_order
from mainstay.data.intake import check_names, too_large
from mainstay.data.quality_values import present

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.schema import Role
    from mainstay.data.table import Table
    from mainstay.segments.settings import Settings

__all__ = ["Intake", "Known", "known_groups", "schema_for_groups", "take_in"]


@dataclass(frozen=True, slots=True)
class Known:
    """Groups that are known already, to compare with.

    Parameters
    ----------
    column : str
    names : tuple of str
        The groups, in their natural order.
    codes : int64 array of shape (n,)
        The group of each row of the table; -1 where it is not known.
    """

    column: str
    names: tuple[str, ...]
    codes: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Intake:
    """Everything that is fixed before rows are grouped.

    Parameters
    ----------
    schema : Schema
        Levels and ranges are those of the rows that are grouped.
    arrays : Arrays
        The rows that are grouped.
    rows : int64 array of shape (m,)
        Their positions in the table.
    known : Known, optional
        Of all rows of the table.
    findings : tuple of Finding
    weight : float64 array of shape (m,), optional
        How many rows each one stands for, where the schema has a column for it.
    """

    schema: Schema
    arrays: Arrays
    rows: NDArray[np.int64]
    known: Known | None
    findings: tuple[Finding, ...]
    weight: NDArray[np.float64] | None = None


def schema_for_groups(
    table: Table, settings: Settings, schema: Schema | None = None
) -> tuple[Schema, tuple[Finding, ...]]:
    """Return the given or the inferred schema, in which only what is grouped by is a feature.

    Parameters
    ----------
    table : Table
    settings : Settings
        Its columns become features, all others are ignored; its labels are ignored in any case.
    schema : Schema, optional
        The user's own.

    Raises
    ------
    DataError
        When the table has no rows.
    UsageError
        When a column is named that is not there.
    """
    if not table.rows:
        raise DataError("the table has columns but no rows", where=table.source, hint="Give one row at least.")
    named = settings.columns or ()
    check_names(table, {"columns": named, "labels": (settings.labels,) if settings.labels else ()})
    check_names(table, {"weight": tuple(settings.weights)})
    roles: dict[str, Role] = dict.fromkeys(named, "feature")
    if named:
        roles |= {name: "ignored" for name in table.columns if name not in named}
    if settings.labels:
        roles[settings.labels] = "ignored"
    if schema is None:
        found = infer(table, roles=roles)
        return found.schema, tuple(one for one in found.findings if roles.get(one.column or "") != "ignored")
    return Schema(columns=tuple(_with_role(column, roles) for column in schema.columns)), ()


def _with_role(column: Column, roles: dict[str, Role]) -> Column:
    """Return a column of the user's own schema; a target has no part in finding groups."""
    role = roles.get(column.name, "ignored" if column.role == "target" else column.role)
    return structs.replace(column, role=role)


def take_in(table: Table, schema: Schema, settings: Settings) -> Intake:
    """Decode the rows that can be grouped.

    Parameters
    ----------
    table : Table
    schema : Schema
        As :func:`schema_for_groups` returns it.
    settings : Settings

    Raises
    ------
    DataError
        When no column tells rows apart, or no row has a value.
    """
    if not schema.features:
        raise DataError(
            "no column is left that tells rows apart: " + _why_none(schema), where=table.source,
            hint="Groups need a column whose values differ; name columns yourself to group by codes all the same.",
        )  # fmt: skip
    _check_weights(schema, settings)
    decoded = Decoder(schema).from_frame(table.frame)
    empty = decoded.arrays.empty_rows() & ~decoded.rejected
    kept = np.flatnonzero(~decoded.rejected & ~empty)
    large = too_large(table, schema, "that changes no group")
    if not len(kept):
        raise DataError(
            f"none of {table.rows:,} rows has a value that can be used: in {large[0].column!r} {large[0].message}"
            if large
            else f"none of {table.rows:,} rows has a value in the columns to group by",
            where=table.source,
            hint=large[0].advice if large else "Look at the table with: mainstay profile.",
        )
    findings = (*large, *_left_out(empty, decoded.rejected))
    frozen = freeze(schema, table, kept)
    arrays = decoded.arrays.take(kept) if frozen == schema else Decoder(frozen).from_frame(table.frame[kept]).arrays
    known = known_groups(table, schema, settings.labels) if settings.labels else None
    return Intake(frozen, arrays, kept, known, findings, _weight(table, schema, kept))


def _weight(table: Table, schema: Schema, rows: NDArray[np.int64]) -> NDArray[np.float64] | None:
    """Return what the rows weigh, as the column with the role "weight" says; None where there is none."""
    import polars as pl

    names = [column.name for column in schema.columns if column.role == "weight" and column.name in table.columns]
    if not names:
        return None
    given = table.frame.get_column(names[0])[rows].cast(pl.Float64, strict=False)
    weight = given.fill_null(np.nan).to_numpy().astype(np.float64)
    bad = np.flatnonzero(~(np.isfinite(weight) & (weight > 0)))
    if len(bad):
        raise DataError(
            f"a row's weight is a number above 0; {len(bad):,} rows have none in {names[0]!r}, the first is row "
            f"{int(rows[bad[0]]) + 1:,}",
            where=table.source, hint="Fill them in, or let the schema ignore that column.",
        )  # fmt: skip
    return weight


def _check_weights(schema: Schema, settings: Settings) -> None:
    """Refuse a weight for a column that nothing is grouped by: it would be without effect."""
    features = {column.name for column in schema.features}
    idle = [name for name in settings.weights if name not in features]
    if idle:
        raise UsageError(
            f"{idle[0]!r} has a weight, and nothing is grouped by it ({schema[idle[0]].evidence or 'it is ignored'})",
            where="weight", hint="Name it with --columns too, or leave its weight out.",
        )  # fmt: skip
    if features and all(settings.weights.get(name, 1.0) == 0 for name in features):
        raise UsageError("all columns have the weight 0", where="weight", hint="Leave one with a weight above 0.")


def _why_none(schema: Schema) -> str:
    ignored = [f"{column.name} ({column.evidence or column.kind})" for column in schema.columns]
    more = f" and {len(ignored) - 6} more" if len(ignored) > 6 else ""
    return "; ".join(ignored[:6]) + more


def _left_out(empty: NDArray[np.bool_], rejected: NDArray[np.bool_]) -> tuple[Finding, ...]:
    findings = []
    if empty.any():
        findings.append(
            Finding(
                severity="warning",
                code="rows.empty",
                message=f"{int(empty.sum()):,} rows hold no value in any column to group by, and are in no group",
                advice="Their label is -1. Fill them in, or take them out of the table.",
                rows=tuple(int(row) + 1 for row in np.flatnonzero(empty)[:5]),
            )
        )
    if rejected.any():
        findings.append(
            Finding(
                severity="warning",
                code="rows.refused",
                message=f"{int(rejected.sum()):,} rows break the schema's own rules, and are in no group",
                advice="Their label is -1. Mend these rows, or let the schema warn where it refuses.",
                rows=tuple(int(row) + 1 for row in np.flatnonzero(rejected)[:5]),
            )
        )
    return tuple(findings)


def known_groups(table: Table, schema: Schema | None, name: str) -> Known:
    """Return the known groups of all rows.

    Parameters
    ----------
    table : Table
    schema : Schema, optional
        Says which words of the column mean that there is no value.
    name : str
        The column.

    Raises
    ------
    UsageError
        When there is no such column.
    """
    import polars as pl

    check_names(table, {"labels": (name,)})
    column = next((one for one in schema.columns if one.name == name), None) if schema else None
    words = present(table.frame.get_column(name), column or Column(name=name, kind="category")).cast(pl.String)
    names = natural_order(words.drop_nulls().unique(maintain_order=True).to_list())
    places = {word: place for place, word in enumerate(names)}
    codes = np.array([places.get(word, -1) for word in words.to_list()], np.int64)
    return Known(name, names, codes)
