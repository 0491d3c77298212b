"""From tables to the rows that a detector learns from and those that it judges, with everything left out named.

There is no target: every column that tells something is watched, labels are kept aside, and a row without any value
cannot be judged. Rows that calibrate must be rows that no fit has seen, so the levels of words are those of the rows
that are learned from alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from msgspec import structs

from mainstay.contracts.errors import DataError
from mainstay.contracts.findings import Finding
from mainstay.contracts.schema import Schema
from mainstay.data.decode import Decoder
from mainstay.data.infer import freeze, infer
from mainstay.data.intake import check_names, too_large
from mainstay.data.quality_values import present

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.alarms.known import Known
    from mainstay.alarms.settings import Settings
    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.schema import Column, Role
    from mainstay.data.table import Table

__all__ = ["Intake", "Rows", "schema_for_alarms", "take_in"]

_FEWEST_CLEAN = 4


@dataclass(frozen=True, slots=True)
class Rows:
    """Decoded rows of a table that can be judged.

    Parameters
    ----------
    table : Table
    arrays : Arrays
        Of m rows.
    places : int64 array of shape (m,)
        Their positions in the table.
    """

    table: Table
    arrays: Arrays
    places: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Intake:
    """Everything that is fixed before a detector learns.

    Parameters
    ----------
    schema : Schema
        Levels and ranges are those of the rows that are learned from.
    judged : Rows
        The data.
    learned : Rows
        Where the rows that are learned from stand: the data itself, unless there is a table of clean rows.
    fit : int64 array
        Positions among ``learned`` of the rows that the detector is fitted on.
    calibrate : int64 array, optional
        Of those that p-values are made of; None where they are those of the fit.
    known : Known, optional
        Of all rows of the data.
    findings : tuple of Finding
    """

    schema: Schema
    judged: Rows
    learned: Rows
    fit: NDArray[np.int64]
    calibrate: NDArray[np.int64] | None
    known: Known | None
    findings: tuple[Finding, ...]

    @property
    def apart(self) -> bool:
        """Whether clean rows came in a table of their own."""
        return self.learned is not self.judged


def schema_for_alarms(
    table: Table, settings: Settings, schema: Schema | None = None, *, kept_out: tuple[str, ...] = ()
) -> tuple[Schema, tuple[Finding, ...]]:
    """Return the given or the inferred schema, in which only what is watched is a feature.

    Parameters
    ----------
    table : Table
        That is learned from.
    settings : Settings
        Its columns become features, all others are ignored.
    schema : Schema, optional
        The user's own.
    kept_out : tuple of str, default ()
        Columns that are never features, where the table has them: those of labels.

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
    check_names(table, {"columns": named})
    roles: dict[str, Role] = dict.fromkeys(named, "feature")
    if named:
        roles |= {name: "ignored" for name in table.columns if name not in named}
    roles |= {name: "ignored" for name in kept_out if name in table.columns}
    if schema is None:
        found = infer(table, roles=roles)
        said = tuple(one for one in found.findings if roles.get(one.column or "") != "ignored")
        return found.schema, said
    return Schema(columns=tuple(_with_role(column, roles) for column in schema.columns)), ()


def _with_role(column: Column, roles: dict[str, Role]) -> Column:
    """Return a column of the user's own schema; a target has no part in finding anomalies."""
    role = roles.get(column.name, "ignored" if column.role == "target" else column.role)
    return structs.replace(column, role=role)


def take_in(
    table: Table, schema: Schema, settings: Settings, *, known: Known | None = None, clean: Table | None = None
) -> Intake:
    """Decode the rows, and say which are learned from.

    Parameters
    ----------
    table : Table
        The data.
    schema : Schema
        As :func:`schema_for_alarms` returns it, of the table of clean rows where there is one.
    settings : Settings
    known : Known, optional
        Labels of the data: rows that are known to be anomalies are no clean reference.
    clean : Table, optional
        Rows without anomalies, to learn from.

    Raises
    ------
    DataError
        When no column tells rows apart, no row has a value, or too few are clean.
    SchemaError
        When the data lacks a column of the clean rows.
    """
    source = table if clean is None else clean
    if not schema.features:
        raise DataError(
            "no column is left that tells rows apart: " + _why_none(schema), where=source.source,
            hint="What is odd needs a column whose values differ; name columns yourself to watch codes all the same.",
        )  # fmt: skip
    usable = _usable(source, schema)
    barred = np.array([], np.int64)
    if clean is None and known is not None and settings.reference == "clean":
        barred = np.flatnonzero(known.codes == 1)  # those that teach are seen by the fit, so none may calibrate
        barred = barred if known.complete or not len(barred) else np.flatnonzero(known.codes >= 0)
    open_to = usable.places[~np.isin(usable.places, barred)]
    fit, calibrate = _parts(open_to, settings, source)
    frozen = freeze(schema, source, fit)
    learned = _again(source, frozen, usable, unchanged=frozen == schema)
    judged = learned if clean is None else _usable(table, frozen)
    places = learned.places
    findings = (
        *too_large(source, schema, "that changes no order"),
        *(() if clean is None else too_large(table, schema, "that changes no order")),
        *_left_out(judged),
        *_barred(len(barred), known),
        *(() if clean is None else _changed(schema, clean, table)),
    )
    return Intake(
        schema=frozen, judged=judged, learned=learned, fit=np.searchsorted(places, fit),
        calibrate=None if calibrate is None else np.searchsorted(places, calibrate), known=known, findings=findings,
    )  # fmt: skip


def _usable(table: Table, schema: Schema) -> Rows:
    """Decode a table, and leave out what breaks the schema or holds nothing."""
    decoded = Decoder(schema).from_frame(table.frame)
    kept = np.flatnonzero(~decoded.rejected & ~decoded.arrays.empty_rows())
    if not len(kept):
        large = too_large(table, schema, "that changes no order")
        raise DataError(
            f"none of {table.rows:,} rows has a value that can be used: in {large[0].column!r} {large[0].message}"
            if large
            else f"none of {table.rows:,} rows has a value in the columns to watch",
            where=table.source,
            hint=large[0].advice if large else "Look at the table with: mainstay profile.",
        )
    arrays = decoded.arrays if len(kept) == table.rows else decoded.arrays.take(kept)
    return Rows(table, arrays, kept)


def _again(table: Table, frozen: Schema, usable: Rows, *, unchanged: bool) -> Rows:
    """Return the rows as the frozen schema reads them."""
    if unchanged:
        return usable
    frame = table.frame if len(usable.places) == table.rows else table.frame[usable.places]
    return Rows(table, Decoder(frozen).from_frame(frame).arrays, usable.places)


def _parts(
    places: NDArray[np.int64], settings: Settings, source: Table
) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
    """Return which rows a detector is fitted on, and which calibrate it; positions in the table."""
    from mainstay.evaluate.anomalies.calibrate import split_for_clean

    if settings.reference == "contaminated":
        return places, None
    if len(places) < _FEWEST_CLEAN:
        raise DataError(
            f"a clean reference needs {_FEWEST_CLEAN} rows at least, for some are fitted on and others calibrate; "
            f"{len(places)} came",
            where=source.source, hint="Give more clean rows; hundreds make p-values that can be small.",
        )  # fmt: skip
    fit, calibrate = split_for_clean(len(places), seed=settings.seed)
    return places[np.sort(fit)], places[np.sort(calibrate)]


def _why_none(schema: Schema) -> str:
    ignored = [f"{column.name} ({column.evidence or column.kind})" for column in schema.columns]
    more = f" and {len(ignored) - 6} more" if len(ignored) > 6 else ""
    return "; ".join(ignored[:6]) + more


def _left_out(judged: Rows) -> tuple[Finding, ...]:
    missing = judged.table.rows - len(judged.places)
    if not missing:
        return ()
    rows = np.setdiff1d(np.arange(judged.table.rows), judged.places)[:5]
    finding = Finding(
        severity="warning",
        code="rows.refused",
        message=f"{missing:,} rows have no score: they hold no value in the columns watched, or break the schema",
        advice="Look at them by themselves: a row that cannot be read may be the oddest of all.",
        rows=tuple(int(row) + 1 for row in rows),
    )
    return (finding,)


def _barred(count: int, known: Known | None) -> tuple[Finding, ...]:
    if not count or known is None:
        return ()
    which = "that the labels call anomalies" if known.complete else "that are labelled"
    finding = Finding(
        severity="info",
        code="reference.labelled",
        message=f"{count:,} rows {which} are not part of the clean reference",
        advice="Nothing is to be done: they are judged against the others.",
    )
    return (finding,)


def _changed(schema: Schema, clean: Table, table: Table) -> tuple[Finding, ...]:
    """Name the columns that hold one value in all clean rows, so that no detector watches them, and others here."""
    import polars as pl

    found = []
    for column in schema.columns:
        name = column.name
        if column.role != "ignored" or name not in clean.columns or name not in table.columns:
            continue
        values = present(clean.frame.get_column(name), column).drop_nulls().cast(pl.String).unique()
        if len(values) != 1:
            continue
        cells = present(table.frame.get_column(name), column).cast(pl.String)
        other = (cells != values[0]).fill_null(value=False).arg_true()
        if len(other):
            found.append(
                Finding(
                    severity="warning", code="reference.constant", column=name,
                    message=f"all clean rows hold {values[0]!r}, and {len(other):,} rows here another value; no "
                    "detector watches a column that never changed",
                    advice="Look at these rows by themselves: each is unlike anything in the clean reference.",
                    rows=tuple(int(row) + 1 for row in other.head(5)),
                )
            )  # fmt: skip
    return tuple(found)
