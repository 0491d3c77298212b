"""Whether the quotes in a text table are quotes, decided over the whole file.

A parser that believes in quotes swallows every line between two stray ones and says nothing; one that does not
leaves them in the cells and breaks cells that hold a delimiter. Both readings are therefore tried against the one
thing that a table must have: the same number of fields in every line.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, TypedDict

from mainstay.contracts.errors import DataError
from mainstay.contracts.findings import Finding
from mainstay.data.text_layout import Layout, lay_out
from mainstay.data.text_scan import Scan, line_of, scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.data.text_dialect import Delimiter

__all__ = ["Sheet", "settle_quotes"]


class _Options(TypedDict, total=False):
    skipinitialspace: bool
    escapechar: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A text table whose records are known.

    Parameters
    ----------
    data : bytes
        The text; rewritten with plain quotes where it used another convention.
    sign : str
        The delimiter.
    quote : str or None
        The quote sign, or None where quotes are plain characters.
    found : Scan
    layout : Layout
    notes : tuple of Finding, default ()
    """

    data: bytes
    sign: str
    quote: str | None
    found: Scan
    layout: Layout
    notes: tuple[Finding, ...] = ()


def settle_quotes(data: bytes, delimiter: Delimiter, *, where: str) -> Sheet:
    r"""Find the reading of the quotes under which the text is a table.

    Raises
    ------
    DataError
        When the text is empty, or no reading of its quotes makes sense.

    Examples
    --------
    >>> from mainstay.data.text_dialect import Delimiter
    >>> sheet = settle_quotes(b'ham\t"Hi\nspam\tWin\nham\tBye"\n', Delimiter("\t"), where="sms.tsv")
    >>> sheet.quote, len(sheet.found.starts), sheet.notes[0].code
    (None, 3, 'text.quotes_plain')
    """
    data = _single_blanks(data) if delimiter.runs else data
    plain = _sheet(data, delimiter.sign, None, where)
    if b'"' not in data:
        return _with_apostrophes(plain, where)
    quoted = _sheet(data, delimiter.sign, '"', where)
    if quoted.found.clean:
        merges = len(quoted.found.starts) < len(plain.found.starts)
        return _noted(plain, data.find(b'"')) if merges and _stands_beside(plain, quoted) else quoted
    mended = _mended(plain, where)
    if mended is not None and (mended.layout.even or not _stands_beside(plain, mended)):
        return mended
    if plain.layout.even or plain.layout.width == 1:
        return _noted(plain, max(0, quoted.found.stray))
    raise _quote_error(quoted, where)


def _sheet(data: bytes, sign: str, quote: str | None, where: str) -> Sheet:
    found = scan(data, sign.encode(), quote.encode() if quote else None)
    layout = lay_out(data, found)
    if layout is None:
        raise DataError(
            "the file is empty" if not data else "the file holds blank lines only",
            where=where,
            hint="Give a table with a header and rows.",
            code="data.empty",
        )
    return Sheet(data, sign, quote, found, layout)


def _stands_beside(plain: Sheet, quoted: Sheet) -> bool:
    """Say whether the reading without quotes is even too, and not only because it leaves out more lines."""
    return plain.layout.even and plain.layout.left_out <= quoted.layout.left_out


def _with_apostrophes(plain: Sheet, where: str) -> Sheet:
    """Take apostrophes as quotes where there is one per line at least, each at the edge of a cell."""
    records = len(plain.found.starts)
    if plain.data.count(b"'") < max(2, records):
        return plain
    quoted = _sheet(plain.data, plain.sign, "'", where)
    return quoted if quoted.found.clean and len(quoted.found.starts) == records else plain


def _mended(plain: Sheet, where: str) -> Sheet | None:
    """Return the text rewritten from a looser convention that fits it, or None.

    Python's parser knows quotes in the middle of a cell, blanks before a quote, and quotes escaped by a backslash.
    Where the plain reading is even already, only a reading with as many records is believed.
    """
    options: list[_Options] = []
    if re.search(re.escape(plain.sign.encode()) + rb' +"', plain.data):
        options.append({"skipinitialspace": True})
    if b'\\"' in plain.data:
        options.append({"escapechar": "\\"})
    fallback = None
    for size in range(len(options) + 1):
        for chosen in combinations(options, size):
            rewritten = _rewritten(plain, _joined(chosen))
            sheet = None if rewritten is None else _sheet(rewritten, plain.sign, '"', where)
            if sheet is None or (len(sheet.found.starts) != len(plain.found.starts) and _stands_beside(plain, sheet)):
                continue
            if sheet.layout.even:
                return sheet
            fallback = fallback or sheet
    return fallback


def _joined(chosen: tuple[_Options, ...]) -> _Options:
    joined: _Options = {}
    for option in chosen:
        joined.update(option)
    return joined


def _rewritten(plain: Sheet, options: _Options) -> bytes | None:
    text = io.TextIOWrapper(io.BytesIO(plain.data), encoding="utf-8", newline="\n")
    target = io.StringIO(newline="")
    try:
        rows = csv.reader(_unix_lines(text), delimiter=plain.sign, strict=True, **options)
        csv.writer(target, delimiter=plain.sign, lineterminator="\n").writerows(rows)
    except csv.Error:
        return None
    return target.getvalue().encode()


def _unix_lines(text: io.TextIOWrapper) -> Iterator[str]:
    r"""Give lines as they are, with a lone ``\r`` inside, which Python's parser refuses, turned into a blank."""
    for line in text:
        yield line if "\r" not in line else line.replace("\r\n", "\n").replace("\r", " ")


def _single_blanks(data: bytes) -> bytes:
    """Return lines whose cells, outside of quotes, are separated by exactly one blank."""
    if b'"' in data:
        data = re.sub(rb'("[^"\n]*")|[ \t]+', lambda match: match[1] or b" ", data)
    else:
        data = re.sub(rb"[ \t]+", b" ", data)
    return re.sub(rb"(?m)^ | (?=\r?$)", b"", data)


def _noted(plain: Sheet, position: int) -> Sheet:
    note = Finding(
        severity="info",
        code="text.quotes_plain",
        message=f"The quotes in the file are read as plain characters: as quotes, from line "
        f"{line_of(plain.data, position):,} on, they would swallow whole lines or end inside a cell.",
        advice="Nothing, unless some cells were meant to be quoted; then double each quote inside a quoted cell.",
    )
    return replace(plain, notes=(*plain.notes, note))


def _quote_error(quoted: Sheet, where: str) -> DataError:
    data, stray = quoted.data, quoted.found.stray
    if stray < 0:
        start = int(quoted.found.starts[-1])
        message = f"a quoted cell that begins on line {line_of(data, start):,} is never closed"
        return DataError(message, where=where, hint="Close the quote, or remove it.", code="data.quotes")
    return DataError(
        f"a quote on line {line_of(data, stray):,} stands in the middle of a cell, and the lines do not have the same "
        "number of cells with or without quoting",
        where=where,
        hint='Inside a quoted cell write each quote twice (""), and put cells that hold the delimiter in quotes.',
        code="data.quotes",
    )
