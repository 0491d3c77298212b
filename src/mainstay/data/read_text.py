"""Read a text table of unknown make: encoding, delimiter, quotes, header and rows, in this order.

Every cell stays text. What a cell means is decided on whole columns, later, once, and is written in the schema; a
reader that turned "007" into 7 would have taken that decision out of sight.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import DataError
from mainstay.contracts.findings import Finding
from mainstay.data.read_names import shown
from mainstay.data.text_dialect import Delimiter, check_delimiter, delimiter_line, find_delimiter
from mainstay.data.text_encoding import to_utf8
from mainstay.data.text_header import Head, HeadLine, check_header, find_head
from mainstay.data.text_quotes import Sheet, settle_quotes
from mainstay.data.text_scan import line_of

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

__all__ = ["TextOptions", "read_text"]

_HEAD_RECORDS = 1_000
_HEAD_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class TextOptions:
    """What a user may fix instead of having it found.

    Parameters
    ----------
    header : str or int, default "auto"
    delimiter, encoding : str, optional
    """

    header: str | int = "auto"
    delimiter: str | None = None
    encoding: str | None = None


def read_text(raw: bytes, options: TextOptions, *, where: str) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    r"""Return the rows of a text table, all columns String.

    Parameters
    ----------
    raw : bytes
        The whole file.
    options : TextOptions
    where : str
        The file's name, for messages.

    Raises
    ------
    DataError
        When the text is no table: empty, ragged, with broken quotes, without rows.
    UsageError
        When an option cannot work.

    Examples
    --------
    >>> frame, findings = read_text(b"name;size\nA;1,5\nB;\n", TextOptions(), where="x.csv")
    >>> frame.rows(), findings
    ([('A', '1,5'), ('B', None)], ())
    """
    wanted = check_header(options.header)
    data, notes = to_utf8(raw, where=where, encoding=options.encoding)
    del raw
    delimiter = _delimiter(data, options, where)
    if delimiter_line(data):
        data = data[data.find(b"\n") :] if b"\n" in data else b""
    sheet = settle_quotes(data, delimiter, where=where)
    del data
    head = find_head(_head_lines(sheet), sheet.layout.width, wanted, where=where)
    padded = _check_even(sheet, head, where)
    frame = _parse(sheet, head, where)
    frame, row_notes = _without_leftovers(frame, head)
    if not frame.height:
        raise DataError(
            f"the file has a header ({shown(head.names)}) and no rows below it",
            where=where,
            hint="Give a file with at least one row; if the line is a row, say header='none'.",
            code="data.no_rows",
        )
    single = _single_note(delimiter, sheet)
    return frame, (*notes, *single, *sheet.notes, *head.findings, *padded, *row_notes)


def _delimiter(data: bytes, options: TextOptions, where: str) -> Delimiter:
    if options.delimiter is not None:
        return check_delimiter(options.delimiter)
    return find_delimiter(data, where=where)


def _head_lines(sheet: Sheet) -> list[HeadLine]:
    """Split the first records, as the head is judged on them."""
    found, layout = sheet.found, sheet.layout
    lines, number, position = list[HeadLine](), 1, 0
    for record in range(min(len(found.starts), layout.top + _HEAD_RECORDS)):
        start, end = int(found.starts[record]), int(found.ends[record])
        if record > layout.top + 2 and start > int(found.starts[layout.top]) + _HEAD_BYTES:
            break
        number, position = number + sheet.data.count(b"\n", position, start), start
        skipped = layout.blank[record] or layout.comment[record]
        cells = () if skipped else _cells(sheet.data[start:end].decode(), sheet)
        lines.append(HeadLine(number, cells))
    return lines


def _cells(text: str, sheet: Sheet) -> tuple[str, ...]:
    if sheet.quote is None or sheet.quote not in text:
        return tuple(text.split(sheet.sign))
    return tuple(next(csv.reader([text.replace("\r", " ")], delimiter=sheet.sign, quotechar=sheet.quote)))


def _check_even(sheet: Sheet, head: Head, where: str) -> tuple[Finding, ...]:
    """Refuse ragged rows; a last line that is only too short is filled up, and said."""
    layout, found = sheet.layout, sheet.found
    uneven = layout.uneven[layout.uneven >= head.first]
    if not len(uneven):
        return ()
    if len(uneven) == 1 and uneven[0] == layout.last and found.counts[uneven[0]] < layout.width:
        line = line_of(sheet.data, int(found.starts[uneven[0]]))
        return (
            Finding(
                severity="warning",
                code="rows.short_last",
                message=f"The last line ({line:,}) has {found.counts[uneven[0]]} of {layout.width} cells; "
                "the others are read as missing.",
                advice="Check whether the file was cut off while it was written or sent.",
            ),
        )
    raise _ragged(sheet, uneven, where)


def _ragged(sheet: Sheet, uneven: NDArray[np.int64], where: str) -> DataError:
    counts, width = sheet.found.counts, sheet.layout.width
    places = [
        f"line {line_of(sheet.data, int(sheet.found.starts[record])):,} has {counts[record]}" for record in uneven[:5]
    ]
    more = f", and {len(uneven) - 5:,} more" if len(uneven) > 5 else ""
    longer = bool((counts[uneven] > width).any())
    advice = "Put cells that hold the delimiter in quotes" if longer else "Give empty cells their delimiter too"
    return DataError(
        f"{len(uneven):,} of {len(counts):,} lines do not have the {width} cells of the others: "
        f"{', '.join(places)}{more} (delimiter {Delimiter(sheet.sign).name})",
        where=where,
        hint=f"{advice}, or name another delimiter.",
        code="data.ragged",
    )


def _parse(sheet: Sheet, head: Head, where: str) -> pl.DataFrame:
    """Let Polars make the cells, then drop blank lines and the blanks around each cell."""
    import polars as pl

    layout, last = sheet.layout, sheet.layout.last
    kept = np.arange(head.first, last + 1)
    kept = kept[~layout.comment[kept]]
    if not len(kept):
        return pl.DataFrame(schema=dict.fromkeys(head.names, pl.String))
    try:
        frame = pl.read_csv(
            _body(sheet, kept),
            has_header=False,
            schema=dict.fromkeys(head.names, pl.String),
            separator=sheet.sign,
            quote_char=sheet.quote,
            infer_schema=False,
            missing_columns="insert",
        )
    except pl.exceptions.PolarsError as error:
        raise _parser_error(str(error).partition("\n")[0], where) from error
    if frame.height != len(kept):
        raise _parser_error(f"{len(kept):,} rows were counted and {frame.height:,} came out", where)
    if layout.width > 1 and layout.blank[kept].any():
        frame = frame.filter(pl.Series(~layout.blank[kept]))
    for name in frame.columns:
        frame = frame.with_columns(pl.col(name).str.strip_chars())
    return frame


def _parser_error(reason: str, where: str) -> DataError:
    """Return the error for a file on which the scan and the parser do not agree; no such file is known."""
    return DataError(
        f"the text was taken for a table, and its parser refused it ({reason})",
        where=where,
        hint="Save the file again with plain quotes, and report this file to mainstay.",
        code="data.parser",
    )


def _body(sheet: Sheet, kept: NDArray[np.int64]) -> bytes:
    """Return the text of the rows alone; comments between them are cut out."""
    starts, ends = sheet.found.starts, sheet.found.ends
    breaks = np.flatnonzero(np.diff(kept) > 1)
    firsts, lasts = np.concatenate([[0], breaks + 1]), np.concatenate([breaks, [len(kept) - 1]])
    pieces = [
        sheet.data[int(starts[kept[first]]) : int(ends[kept[last]])] for first, last in zip(firsts, lasts, strict=True)
    ]
    return (pieces[0] if len(pieces) == 1 else b"\n".join(pieces)) + b"\n"


def _without_leftovers(frame: pl.DataFrame, head: Head) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """Drop what holds no data: empty rows at the end, a repeated header, a column without name and value."""
    notes = list[Finding]()
    frame = _without_empty_tail(frame, notes)
    frame = _without_header_again(frame, head, notes)
    for position in head.unnamed:
        name = head.names[position]
        if frame.height and frame[name].null_count() == frame.height and frame.width > 1:
            frame = frame.drop(name)
            notes.append(_column_note(name, position))
    return frame, tuple(notes)


def _without_empty_tail(frame: pl.DataFrame, notes: list[Finding]) -> pl.DataFrame:
    import polars as pl

    if frame.width < 2 or not frame.height:
        return frame
    empty = frame.select(pl.all_horizontal(pl.all().is_null())).to_series().to_numpy()
    filled = np.flatnonzero(~empty)
    end = int(filled[-1]) + 1 if len(filled) else 0
    inner = np.flatnonzero(empty[:end]) + 1
    if end < len(empty):
        message = f"{len(empty) - end:,} lines at the end hold empty cells only; they are left out."
        notes.append(Finding(severity="info", code="rows.empty_end", message=message, advice="Nothing."))
    if len(inner):
        message = f"{len(inner):,} rows hold empty cells only, first row {inner[0]:,}; they are kept."
        advice = "Check whether several tables stand in one file; then give each its own."
        rows = tuple(int(row) for row in inner[:5])
        notes.append(Finding(severity="warning", code="rows.empty", message=message, advice=advice, rows=rows))
    return frame.head(end)


def _without_header_again(frame: pl.DataFrame, head: Head, notes: list[Finding]) -> pl.DataFrame:
    import polars as pl

    if len(head.raw) < 2 or not (frame[head.names[0]] == head.raw[0]).any():
        return frame
    pairs = zip(head.names, head.raw, strict=True)
    same = frame.select(pl.all_horizontal(pl.col(name).fill_null("") == cell for name, cell in pairs)).to_series()
    again = [int(row) + 1 for row in same.arg_true()]
    if not again:
        return frame
    message = f"The header stands {len(again):,} more times among the rows, first as row {again[0]:,}; left out."
    advice = "Check whether several files were joined here."
    notes.append(
        Finding(severity="warning", code="header.repeated", message=message, advice=advice, rows=tuple(again[:5]))
    )
    return frame.filter(~same)


def _column_note(name: str, position: int) -> Finding:
    return Finding(
        severity="info",
        code="column.empty_unnamed",
        message=f"Column {position + 1} has neither a name nor a value (a delimiter at the end of each line, as a "
        "rule); it is left out.",
        advice="Nothing.",
        column=name,
    )


def _single_note(delimiter: Delimiter, sheet: Sheet) -> tuple[Finding, ...]:
    if not delimiter.single or sheet.layout.width > 1:
        return ()
    return (
        Finding(
            severity="warning",
            code="text.one_column",
            message="No delimiter makes more than one column of the file, so each line is one cell.",
            advice="If it has more columns, name the delimiter.",
        ),
    )
