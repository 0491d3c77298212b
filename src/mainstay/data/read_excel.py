"""Read one sheet of a workbook, with the same search for its header as in text.

The sheet is looked at as text first, to find titles, header and first row, and then read again with types from that
row on: as text, numbers would come out rounded.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any

from mainstay.contracts.errors import DataError, MissingPackageError, UsageError
from mainstay.contracts.findings import Finding
from mainstay.data.read_names import shown
from mainstay.data.read_values import tidy_frame
from mainstay.data.text_header import Head, HeadLine, check_header, find_head

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import polars as pl

__all__ = ["read_excel"]

_HEAD_ROWS = 1_000


def read_excel(
    path: Path, *, sheet: str | int | None = None, header: str | int = "auto"
) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """Return the rows of a sheet with their types.

    Parameters
    ----------
    path : pathlib.Path
        A workbook: .xlsx, .xlsm, .xlsb, .xls or .ods.
    sheet : str or int, optional
        Its name, or its number from 1; the first sheet that has cells where it is left out.
    header : str or int, default "auto"
        As for text; a number counts the rows of the sheet from 1.

    Raises
    ------
    DataError
        When the workbook is damaged or the sheet has no rows.
    UsageError
        When there is no such sheet.
    MissingPackageError
        When fastexcel is not installed.
    """
    wanted = check_header(header)
    book = _open(path)
    name, notes = _choose(book, sheet, path.name)
    where = f"{path.name}, sheet {name!r}"
    lines, width = _head_lines(book, name)
    if not width:
        raise DataError("the sheet is empty", where=where, hint=_sheets_hint(book), code="data.empty")
    head = find_head(lines, width, wanted, where=where)
    frame = _typed(book, name, head, lines)
    if not frame.height:
        message = f"the sheet has a header ({shown(head.names)}) and no rows below it"
        raise DataError(message, where=where, hint=_sheets_hint(book), code="data.no_rows")
    tidy, findings = tidy_frame(frame)
    return tidy, (*notes, *head.findings, *findings)


def _open(path: Path) -> Any:
    try:
        import fastexcel
    except ImportError as error:
        raise MissingPackageError(
            "reading workbooks needs the package fastexcel", where=path.name, hint="Run: pip install fastexcel"
        ) from error
    try:
        return fastexcel.read_excel(path)
    except fastexcel.FastExcelError as error:
        reason = str(error).partition("\n")[0][:200]
        hint = "Open it in a spreadsheet program (without a password) and save it again, or save the sheet as CSV."
        raise DataError(
            f"a workbook was expected, and it cannot be read ({reason})",
            where=path.name,
            hint=hint,
            code="data.damaged",
        ) from error


def _sheets_hint(book: Any) -> str:
    return f"The workbook has the sheets {shown(book.sheet_names, 12)}; name one with sheet=."


def _choose(book: Any, sheet: str | int | None, where: str) -> tuple[str, tuple[Finding, ...]]:
    names = list(book.sheet_names)
    if sheet is None:
        filled = [name for name in names if _width(book, name)] or names
        return filled[0], _choice_note(filled)
    if isinstance(sheet, str) and sheet in names:
        return sheet, ()
    number = int(sheet) if str(sheet).isdecimal() else 0
    if 1 <= number <= len(names):
        return names[number - 1], ()
    raise UsageError(f"there is no sheet {sheet!r}", where=where, hint=_sheets_hint(book))


def _choice_note(filled: list[str]) -> tuple[Finding, ...]:
    if len(filled) < 2:
        return ()
    return (
        Finding(
            severity="warning",
            code="excel.sheets",
            message=f"The workbook has {len(filled)} sheets with cells ({shown(filled, 12)}); {filled[0]!r} is read.",
            advice="Name the sheet to read another.",
        ),
    )


def _width(book: Any, name: str) -> int:
    return int(_as_text(book, name, 1).width)


def _as_text(book: Any, name: str, rows: int) -> pl.DataFrame:
    import fastexcel
    import polars as pl

    try:
        sheet = book.load_sheet(name, header_row=None, skip_rows=0, n_rows=rows, dtypes="string")
    except fastexcel.FastExcelError:
        return pl.DataFrame()
    frame: pl.DataFrame = sheet.to_polars()
    return frame


def _head_lines(book: Any, name: str) -> tuple[list[HeadLine], int]:
    frame = _as_text(book, name, _HEAD_ROWS)
    rows = [tuple(cell or "" for cell in row) for row in frame.iter_rows()]
    lines = [HeadLine(number, row if any(row) else ()) for number, row in enumerate(rows, 1)]
    return lines, frame.width if any(line.cells for line in lines) else 0


def _typed(book: Any, name: str, head: Head, lines: list[HeadLine]) -> pl.DataFrame:
    """Read the rows with their types; whole numbers as integers, times of day as text."""
    import polars as pl

    skip = lines[head.first].number - 1 if head.first < len(lines) else len(lines)
    if head.first >= len(lines):
        return pl.DataFrame(schema=dict.fromkeys(head.names, pl.String))
    with _quiet():
        frame: pl.DataFrame = book.load_sheet(
            name, header_row=None, skip_rows=skip, schema_sample_rows=None
        ).to_polars()
    frame = frame.rename(dict(zip(frame.columns, head.names, strict=True)))
    frame = frame.with_columns(_retyped(series) for series in frame.get_columns())
    unnamed = [head.names[position] for position in head.unnamed]
    frame = frame.drop([column for column in unnamed if frame[column].null_count() == frame.height])
    return frame.filter(~pl.all_horizontal(pl.all().is_null()))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep fastexcel from logging a warning for each column without a value."""
    logger = logging.getLogger("fastexcel")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _retyped(series: pl.Series) -> pl.Series:
    import polars as pl

    if series.dtype == pl.String:
        return series.str.strip_chars()
    if series.dtype.is_float():
        whole = ((series.floor() == series) & (series.abs() < 2**53)).fill_null(value=True).all()
        return series.cast(pl.Int64) if whole else series
    if isinstance(series.dtype, pl.Datetime) and series.null_count() < len(series):
        if (series.dt.year() < 1900).fill_null(value=True).all():
            return series.dt.to_string("%H:%M:%S")
        if (series.dt.date().cast(series.dtype) == series).fill_null(value=True).all():
            return series.dt.date()
    return series
