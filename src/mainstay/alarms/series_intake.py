"""From a table to a series: the column of times, the columns of numbers over time, and what is left out, by name.

A series is judged by numbers alone; words, identifiers and constants have no course that could be odd.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from msgspec import structs

from mainstay.bundle.series_reasons import duration
from mainstay.bundle.series_times import times_of_frame
from mainstay.contracts.errors import DataError, UsageError
from mainstay.contracts.findings import Finding
from mainstay.contracts.schema import Schema
from mainstay.data.decode import Decoder
from mainstay.data.infer import freeze, infer
from mainstay.data.intake import check_names
from mainstay.learners.series.grid import Grid, Piece, regular_grid
from mainstay.learners.series.usual import plan_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.alarms.settings import Settings
    from mainstay.contracts.schema import Column, Kind, Role
    from mainstay.data.table import Table

    Doubles = NDArray[np.float64]

__all__ = ["SeriesTable", "fit_and_rest", "grid_findings", "schema_for_series", "series_table"]

_MOST_MISSING = 0.5
_FITTED = 0.7
_ENOUGH, _PART_OF_A_WINDOW = 16, 8


@dataclass(frozen=True, slots=True)
class SeriesTable:
    """A table as a series.

    Parameters
    ----------
    schema : Schema
        The column of times has the role "time", those of numbers are features, all others are ignored.
    grid : Grid
    findings : tuple of Finding
    """

    schema: Schema
    grid: Grid
    findings: tuple[Finding, ...]


def schema_for_series(
    table: Table, settings: Settings, schema: Schema | None = None, *, kept_out: tuple[str, ...] = ()
) -> tuple[Schema, tuple[Finding, ...]]:
    """Return the given or the inferred schema, in which numbers are features and one column is the time.

    Parameters
    ----------
    table : Table
    settings : Settings
        Its time and columns.
    schema : Schema, optional
        The user's own.
    kept_out : tuple of str, default ()
        Columns of labels.

    Raises
    ------
    DataError
        When the table has no rows, or no column of numbers is left.
    UsageError
        When a column is named that is not there, or the time is no date and no number.
    """
    if not table.rows:
        raise DataError("the table has columns but no rows", where=table.source, hint="Give one row at least.")
    check_names(table, {"time": (settings.time,), "columns": settings.columns or ()})
    found, said = (schema, ()) if schema is not None else _inferred(table, settings, kept_out)
    wanted = settings.columns or tuple(
        column.name for column in found.columns if column.kind == "number" and column.role == "feature"
    )
    columns = tuple(_with_role(column, settings, wanted, kept_out) for column in found.columns)
    taken = Schema(columns=columns)
    time = taken[settings.time]
    if time.kind not in ("datetime", "number"):
        raise UsageError(
            f"the time {time.name!r} is of kind {time.kind}, and dates or numbers are expected", where="time",
            hint="Name the column that tells when each row was measured.",
        )  # fmt: skip
    wrong = [column.name for column in taken.features if column.kind != "number"]
    if wrong or not taken.features:
        left = "; ".join(f"{one.name} ({one.evidence or one.kind})" for one in taken.columns if one is not time)
        what = f"{wrong[0]!r} is none" if wrong else f"none is left: {left or 'there is no other column'}"
        raise DataError(
            f"a series has columns of numbers that change, beside the time, and {what}", where=table.source,
            hint="Name columns of numbers with --columns.",
        )  # fmt: skip
    told = (*said, *_not_watched(taken, settings, kept_out))
    return taken, told


def _inferred(table: Table, settings: Settings, kept_out: tuple[str, ...]) -> tuple[Schema, tuple[Finding, ...]]:
    """Return the inferred schema; columns that are stored as numbers are numbers, however few they take."""
    roles: dict[str, Role] = dict.fromkeys(settings.columns or (), "feature")
    roles |= {name: "ignored" for name in kept_out if name in table.columns}
    roles[settings.time] = "time"
    first = infer(table, roles=roles)
    kinds: dict[str, Kind] = {}
    for column in first.schema.columns:
        stored = table.frame.get_column(column.name).dtype.is_numeric()
        named = column.name in (settings.columns or ())
        counted = column.kind in ("category", "boolean") and column.role == "feature"
        # Whole numbers that count up look like codes, and as a time they are just that: numbers.
        counts_up = column.name == settings.time and column.kind not in ("datetime", "number")
        watched = column.name not in kept_out and column.name != settings.time and (counted or named)
        if stored and (counts_up or watched):
            kinds[column.name] = "number"
    found = infer(table, roles=roles, overrides=kinds) if kinds else first
    ignored = {column.name for column in found.schema.columns if column.role != "feature"}
    return found.schema, tuple(one for one in found.findings if one.column not in ignored)


def _with_role(column: Column, settings: Settings, wanted: tuple[str, ...], kept_out: tuple[str, ...]) -> Column:
    role: Role = "feature" if column.name in wanted and column.name not in kept_out else "ignored"
    if column.name == settings.time:
        return structs.replace(column, role="time", low=None, high=None)
    return structs.replace(column, role=role, on_bad="missing" if role == "feature" else column.on_bad)


def _not_watched(schema: Schema, settings: Settings, kept_out: tuple[str, ...]) -> tuple[Finding, ...]:
    if settings.columns:
        return ()
    left = [column.name for column in schema.columns if column.role == "ignored" and column.name not in kept_out]
    if not left:
        return ()
    names = ", ".join(left[:8]) + (f" and {len(left) - 8} more" if len(left) > 8 else "")
    finding = Finding(
        severity="info",
        code="series.columns",
        message=f"not watched over time: {names}",
        advice="Only columns of numbers that change are part of a series; name others with --columns.",
    )
    return (finding,)


def series_table(table: Table, schema: Schema, settings: Settings, *, barred: NDArray[np.int64]) -> SeriesTable:
    """Return a table laid out on a regular grid.

    Parameters
    ----------
    table : Table
    schema : Schema
        From :func:`schema_for_series`.
    settings : Settings
    barred : int64 array
        Rows that are not learned from.

    Raises
    ------
    DataError
        When no row has a time and a value, or half of all times are missing.
    """
    frozen = freeze(schema, table, np.arange(table.rows))
    frozen = Schema(columns=tuple(_with_role(one, settings, _features(schema), ()) for one in frozen.columns))
    decoded = Decoder(frozen).from_frame(table.frame)
    values = decoded.arrays.numbers.astype(np.float64)
    findings: list[Finding] = []
    for at, name in enumerate(decoded.arrays.number_names):
        share = float(np.isnan(values[:, at]).mean())
        if share > _MOST_MISSING:
            raise DataError(
                f"{name!r} has no value in {100 * share:.0f} % of the rows, and a series cannot be filled so far",
                where=table.source, hint="Leave it out: name the columns to watch with --columns.",
            )  # fmt: skip
    values[barred] = np.nan
    times = times_of_frame(table.frame, frozen[settings.time])
    grid = regular_grid(times, values)
    if len(grid.pieces) > 1 and max(len(piece) for piece in grid.pieces) >= _ENOUGH:
        # A gap that is short beside a window may be bridged; how long a window is, the first grid tells.
        gap = plan_of(grid).window // _PART_OF_A_WINDOW
        grid = grid if gap <= grid.longest_gap else regular_grid(times, values, longest_gap=gap)
    findings += grid_findings(grid, dated=frozen[settings.time].kind == "datetime")
    return SeriesTable(frozen, grid, tuple(findings))


def _features(schema: Schema) -> tuple[str, ...]:
    return tuple(column.name for column in schema.features)


def grid_findings(grid: Grid, *, dated: bool) -> list[Finding]:
    """Return what a person should know of the times."""
    step = duration(1, grid.step, dated=True) if dated else f"{grid.step:g}"
    gaps = (
        f"times are missing in {grid.gaps:,} places: {grid.filled:,} points were interpolated, and the series has "
        f"{len(grid.pieces):,} stretches without a long gap; no window reaches across two"
    )
    said = [
        (grid.repeated, "series.repeated", f"{grid.repeated:,} rows repeat a time; their values are averaged"),
        (grid.uneven, "series.uneven", f"{grid.uneven:,} times lie off the usual step of {step}; moved to it"),
        (grid.gaps, "series.gaps", gaps),
        (grid.missing, "series.missing", f"{grid.missing:,} rows have no time, or no value"),
        (grid.unsorted, "series.unsorted", "the rows do not come in the order of time; answers keep their order"),
    ]
    return [
        Finding(severity="info", code=code, message=message, advice="Nothing is to be done if this is expected.")
        for count, code, message in said
        if count
    ]


def fit_and_rest(grid: Grid) -> tuple[Grid, tuple[Piece, ...]]:
    """Return the first seven tenths of a clean series, to fit, and the pieces of the rest, to calibrate.

    Examples
    --------
    >>> whole = regular_grid(np.arange(10.0), np.arange(10.0)[:, None])
    >>> fit, rest = fit_and_rest(whole)
    >>> [len(piece) for piece in fit.pieces], [(piece.first, len(piece)) for piece in rest]
    ([7], [(7, 3)])
    """
    wanted = int(_FITTED * grid.points)
    fit: list[Piece] = []
    rest: list[Piece] = []
    for start, piece in zip(grid.starts.tolist(), grid.pieces, strict=True):
        cut = min(max(wanted - start, 0), len(piece))
        if cut:
            fit.append(Piece(piece.first, piece.values[:cut]))
        if cut < len(piece):
            rest.append(Piece(piece.first + cut, piece.values[cut:]))
    return Grid(grid.step, grid.origin, tuple(fit), grid.point, longest_gap=grid.longest_gap), tuple(rest)
