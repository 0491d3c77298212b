"""From the records of a text table to its columns: what counts as a row, and the parse itself.

The parser is Polars, which is fast and trusting. It gets only text of which the scan has proved that every line has
the same number of fields, and what it gives back is counted again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import DataError
from mainstay.contracts.findings import Finding
from mainstay.data.read_names import shown
from mainstay.data.text_dialect import Delimiter
from mainstay.data.text_scan import line_of

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.data.text_header import Head
    from mainstay.data.text_quotes import Sheet

__all__ = ["RowText", "parse_rows", "row_text", "without_leftovers"]

_PLAIN_BLANKS = (b" ", b"\t", b"\r", b"\x0b", b"\x0c")
_WIDE_BLANKS = tuple(
    chr(code).encode() for code in (0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)
)


@dataclass(frozen=True, slots=True)
class RowText:
    """The text of the rows alone.

    Parameters
    ----------
    text : bytes
    sign : str
    quote : str or None
    names : tuple of str
    blank : bool array of shape (records,)
        The lines of the text that are no rows.
    padded : bool
        Whether cells have blanks around them.
    """

    text: bytes
    sign: str
    quote: str | None
    names: tuple[str, ...]
    blank: NDArray[np.bool_]
    padded: bool


def row_text(sheet: Sheet, head: Head, *, where: str) -> tuple[RowText, tuple[Finding, ...]]:
    """Cut the rows out of a text.

    Raises
    ------
    DataError
        When rows have another number of fields than the others.
    """
    last, notes = _ending(sheet, head, where)
    layout = sheet.layout
    kept = np.arange(head.first, last + 1)
    kept = kept[~layout.comment[kept]]
    blank = layout.blank[kept] if layout.width > 1 else np.zeros(len(kept), np.bool_)
    text = _body(sheet, kept) if len(kept) else b""
    return RowText(text, sheet.sign, sheet.quote, head.names, blank, _is_padded(text, sheet, len(kept))), notes


def _ending(sheet: Sheet, head: Head, where: str) -> tuple[int, tuple[Finding, ...]]:
    """Return the last row: a short last line is filled up, below a blank line stands a footer, else it fails."""
    layout, counts = sheet.layout, sheet.found.counts
    uneven = layout.uneven[layout.uneven >= head.first]
    if not len(uneven):
        return layout.last, ()
    first = int(uneven[0])
    if layout.blank[first - 1] and first - 1 >= head.first and (layout.last - first + 1) == len(uneven) <= 5:
        return first - 1, (_footer_note(sheet, uneven),)
    if len(uneven) == 1 and first == layout.last and counts[first] < layout.width:
        return layout.last, (_short_note(sheet, first),)
    raise _ragged(sheet, uneven, where)


def _footer_note(sheet: Sheet, records: NDArray[np.int64]) -> Finding:
    texts = [sheet.data[int(sheet.found.starts[record]) : int(sheet.found.ends[record])][:60] for record in records]
    told = shown([text.decode("utf-8", "ignore").strip() for text in texts], 3)
    return Finding(
        severity="warning",
        code="rows.footer",
        message=f"{len(records)} lines below the table, after a blank line, are left out: {told}.",
        advice="If they are rows, remove the blank line and give them all their cells.",
    )


def _short_note(sheet: Sheet, record: int) -> Finding:
    line = line_of(sheet.data, int(sheet.found.starts[record]))
    return Finding(
        severity="warning",
        code="rows.short_last",
        message=f"The last line ({line:,}) has {sheet.found.counts[record]} of {sheet.layout.width} cells; "
        "the others are read as missing.",
        advice="Check whether the file was cut off while it was written or sent.",
    )


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


def _body(sheet: Sheet, kept: NDArray[np.int64]) -> bytes:
    """Return the text of the rows alone; comments between them are cut out."""
    starts, ends = sheet.found.starts, sheet.found.ends
    breaks = np.flatnonzero(np.diff(kept) > 1)
    firsts, lasts = np.concatenate([[0], breaks + 1]), np.concatenate([breaks, [len(kept) - 1]])
    spans = [(int(starts[kept[first]]), int(ends[kept[last]])) for first, last in zip(firsts, lasts, strict=True)]
    if len(spans) > 1:
        return b"\n".join([sheet.data[start:end] for start, end in spans])
    start, end = spans[0]
    feed = sheet.data.find(b"\n", end) + 1  # with its line end, so that a single column may end in a blank line
    return sheet.data[start : feed or end]


def _is_padded(text: bytes, sheet: Sheet, records: int) -> bool:
    """Say whether white space may stand at the edge of a cell; most files have none, and are spared a copy."""
    if text.count(b"\n") > records:
        return True  # line ends inside of cells
    if sheet.quote and sheet.sign in " \t":
        return True
    edges = [sheet.sign.encode(), b"\n", *([sheet.quote.encode()] if sheet.quote else [])]
    blanks = _PLAIN_BLANKS if text.isascii() else (*_PLAIN_BLANKS, *_WIDE_BLANKS)
    for blank in blanks:
        if blank not in text or blank in edges:
            continue
        if text.startswith(blank) or any(edge + blank in text for edge in edges):
            return True
        ends = (*edges, b"\r") if blank != b"\r" else (*edges[:1], *edges[2:], b"\r")  # "\\r\\n" ends a line
        if text.endswith(blank) or any(blank + edge in text for edge in ends):
            return True
    return False


def parse_rows(rows: RowText, *, where: str) -> pl.DataFrame:
    """Let Polars make the cells, then drop blank lines and the blanks around each cell.

    Raises
    ------
    DataError
        When the parser does not find the rows that were counted.
    """
    import polars as pl

    schema = dict.fromkeys(rows.names, pl.String)
    if not rows.text:
        return pl.DataFrame(schema=schema)
    try:
        frame = pl.read_csv(
            rows.text,
            has_header=False,
            schema=schema,
            separator=rows.sign,
            quote_char=rows.quote,
            infer_schema=False,
            missing_columns="insert",
        )
    except pl.exceptions.PolarsError as error:
        raise _parser_error(str(error).partition("\n")[0], where) from error
    if frame.height != len(rows.blank):
        raise _parser_error(f"{len(rows.blank):,} rows were counted and {frame.height:,} came out", where)
    if rows.blank.any():
        frame = frame.filter(pl.Series(~rows.blank))
    return _trimmed(frame) if rows.padded else frame


def _trimmed(frame: pl.DataFrame) -> pl.DataFrame:
    """Return cells without the blanks around them; columns that have none are not copied."""
    for name in frame.columns:
        trimmed = frame[name].str.strip_chars()
        if (trimmed.str.len_bytes() != frame[name].str.len_bytes()).any():
            frame = frame.with_columns(trimmed)
    return frame


def _parser_error(reason: str, where: str) -> DataError:
    """Return the error for a file on which the scan and the parser do not agree; no such file is known."""
    return DataError(
        f"the text was taken for a table, and its parser refused it ({reason})",
        where=where,
        hint="Save the file again with plain quotes, and report this file to mainstay.",
        code="data.parser",
    )


def without_leftovers(frame: pl.DataFrame, head: Head) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
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
