"""Read a text table of unknown make: encoding, delimiter, quotes, header and rows, in this order.

Every cell stays text. What a cell means is decided on whole columns, later, once, and is written in the schema; a
reader that turned "007" into 7 would have taken that decision out of sight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mainstay.contracts.errors import DataError
from mainstay.contracts.findings import Finding
from mainstay.data.read_names import shown
from mainstay.data.text_dialect import Delimiter, check_delimiter, delimiter_line, find_delimiter
from mainstay.data.text_encoding import to_utf8
from mainstay.data.text_header import HeadLine, check_header, find_head
from mainstay.data.text_quotes import Sheet, settle_quotes
from mainstay.data.text_rows import parse_rows, row_text, without_leftovers

if TYPE_CHECKING:
    import polars as pl

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
    rows, ending_notes = row_text(sheet, head, where=where)
    sheet_notes = (*_single_note(delimiter, sheet), *sheet.notes)
    del sheet  # the rows stand in a text of their own: one copy of the file is enough
    frame = parse_rows(rows, where=where)
    del rows
    below = frame.height
    frame, row_notes = without_leftovers(frame, head)
    if below and not frame.height:
        _refuse_empty(frame, below, where)
    if not frame.height:
        raise DataError(
            f"the file has a header ({shown(head.names)}) and no rows below it",
            where=where,
            hint="Give a file with at least one row; if the line is a row, say that there is no header: header='none', "
            "on the command line --header none.",
            code="data.no_rows",
        )
    return frame, (*notes, *sheet_notes, *head.findings, *ending_notes, *row_notes)


def _refuse_empty(frame: pl.DataFrame, below: int, where: str) -> None:
    """Raise for a table of empty cells; its lines are there, so it is not without rows."""
    rows = "1 row" if below == 1 else f"{below:,} rows"
    raise DataError(
        f"the file has {rows} in {frame.width} columns ({shown(frame.columns)}), and no cell holds a value",
        where=where,
        hint="Look at how the file was written, and at its delimiter.",
        code="data.no_rows",
    )


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
    """Split one record; a cell goes on over delimiters as long as its quotes are odd."""
    pieces = text.split(sheet.sign)
    if sheet.quote is None or sheet.quote not in text:
        return tuple(pieces)
    cells, held, quotes = list[str](), list[str](), 0
    for piece in pieces:
        held.append(piece)
        quotes += piece.count(sheet.quote)
        if quotes % 2 == 0:
            cells.append(_unquoted(sheet.sign.join(held), sheet.quote))
            held, quotes = [], 0
    return (*cells, sheet.sign.join(held)) if held else tuple(cells)


def _unquoted(cell: str, quote: str) -> str:
    return cell[1:-1].replace(quote * 2, quote) if cell.startswith(quote) else cell


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
