"""Where the header of a table stands, what it says, and where the rows begin.

Shared by text files and spreadsheets: both put titles above the table, units or groups in a second header line, or
no header at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mainstay.contracts.errors import DataError, UsageError
from mainstay.contracts.findings import Finding
from mainstay.data.read_names import clean_names, numbered_names, shown
from mainstay.data.text_evidence import is_label, is_value, valued_columns, weigh

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Head", "HeadLine", "check_header", "find_head"]

_MOST_HEADER_LINES = 3


@dataclass(frozen=True, slots=True)
class HeadLine:
    """One record near the top of a table.

    Parameters
    ----------
    number : int
        Its line in the file, from 1.
    cells : tuple of str
        Empty for a blank line or a comment.
    """

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a table.

    Parameters
    ----------
    first : int
        The position of the first row among the lines given.
    names : tuple of str
        One per column.
    raw : tuple of str
        The header's cells as they stand, empty where there is no header; to know it again further down.
    findings : tuple of Finding, default ()
    unnamed : tuple of int, default ()
        The columns whose name is empty in the header.
    """

    first: int
    names: tuple[str, ...]
    raw: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    unnamed: tuple[int, ...] = ()


def check_header(header: str | int) -> int | None:
    """Return the line number of the header, 0 for no header, None for "auto".

    Raises
    ------
    UsageError
        When it is none of "auto", "none" and a number from 1.

    Examples
    --------
    >>> check_header("auto"), check_header("none"), check_header("3")
    (None, 0, 3)
    """
    word = str(header).strip().lower()
    if word == "auto":
        return None
    if word == "none":
        return 0
    if word.isdecimal() and int(word) >= 1 and not isinstance(header, bool):
        return int(word)
    raise UsageError(
        f"the header is 'auto', 'none' or the number of its line from 1, and {header!r} came",
        where="header",
        hint="Leave it out to have it found.",
    )


def find_head(lines: Sequence[HeadLine], width: int, wanted: int | None, *, where: str) -> Head:
    """Find names and first row.

    Parameters
    ----------
    lines : sequence of HeadLine
        The first lines of the file, all of them in order, blank ones included.
    width : int
        How many columns the table has.
    wanted : int or None
        The line of the header, 0 for none, None to find it.
    where : str
        The file's name, for messages.

    Raises
    ------
    UsageError
        When the line wanted is not there or is blank.
    DataError
        When the line wanted has another number of names than the rows have cells.

    Examples
    --------
    >>> lines = [HeadLine(1, ("Sales",)), HeadLine(2, ("city", "sum")), HeadLine(3, ("Bern", "3"))]
    >>> head = find_head(lines, 2, None, where="sales.csv")
    >>> head.names, head.first, [finding.code for finding in head.findings]
    (('city', 'sum'), 2, ['header.title_lines'])
    """
    if wanted:
        return _wanted_head(lines, width, wanted, where)
    top = next(position for position, line in enumerate(lines) if len(line.cells) == width)
    if wanted == 0:
        return Head(top, numbered_names(width), (), _titles(lines[:top]))
    top = _below_padded_titles(lines, top, width)
    body = [line.cells for line in lines[top + 1 :] if len(line.cells) == width]
    beside = _beside(lines, top, width)
    if beside is not None:
        return _shifted(lines, beside, top, width)
    _refuse_other_header(lines, top, width, where)
    evidence = weigh(lines[top].cells, body)
    if evidence.header:
        return _stacked(lines, top, width)
    note = Finding(
        severity="warning",
        code="header.none",
        message=f"The file seems to have no header: on line {lines[top].number}, {', and '.join(evidence.reasons)}. "
        f"The columns are called column_1 to column_{width}.",
        advice=f"If line {lines[top].number} holds names, say header={lines[top].number}; "
        "if it holds a row, say header='none' to be sure (on the command line --header).",
    )
    return Head(top, numbered_names(width), (), (*_titles(lines[:top]), note))


def _wanted_head(lines: Sequence[HeadLine], width: int, wanted: int, where: str) -> Head:
    at = next((position for position, line in enumerate(lines) if line.number == wanted and any(line.cells)), None)
    if at is None:
        raise UsageError(
            f"line {wanted} should hold the header, and it is blank, a comment, inside a cell or not near the top",
            where=where,
            hint="Count lines from 1, blank ones too.",
        )
    names = _aligned(lines, at, width)
    if len(names) != width:
        raise DataError(
            f"line {wanted} should hold the header, and it has {len(names)} names where the rows have {width} cells",
            where=where,
            hint="Name another line, or mend the header.",
            code="data.header",
        )
    first = next((at + 1 + step for step, line in enumerate(lines[at + 1 :]) if line.cells), at + 1)
    return _named(lines, at, first, names, titles=False)


def _shifted(lines: Sequence[HeadLine], at: int, first: int, width: int) -> Head:
    """Name the columns by a header that is one name short or one empty name too long, and say so."""
    raw = _aligned(lines, at, width)
    head = _named(lines, at, first, raw)
    if raw[0]:
        return head
    note = Finding(
        severity="warning",
        code="header.short",
        message=f"The header on line {lines[at].number} has {width - 1} names for {width} columns; the first column is "
        f"taken for the names of the rows and is called {head.names[0]!r}.",
        advice="If another name is missing, mend the header.",
    )
    return Head(head.first, head.names, head.raw, (*head.findings, note), head.unnamed)


def _aligned(lines: Sequence[HeadLine], at: int, width: int) -> tuple[str, ...]:
    """Return a header as wide as the rows, where only one name is missing or one empty name is too many.

    A missing name stands at the end where the rows end in an empty cell, and else at the front: R writes row names so.
    """
    cells = lines[at].cells
    if len(cells) == width + 1 and not cells[-1].strip():
        return cells[:-1]
    if len(cells) != width - 1:
        return cells
    ending = any(line.cells[-1].strip() for line in lines[at + 1 :] if len(line.cells) == width)
    return ("", *cells) if ending else (*cells, "")


def _beside(lines: Sequence[HeadLine], top: int, width: int) -> int | None:
    """Return the line above the rows where it is a header with one name too few or an empty one too many."""
    if top == 0 or width < 3:
        return None
    cells = lines[top - 1].cells
    fits = len(_aligned(lines, top - 1, width)) == width
    return top - 1 if fits and all(is_label(cell) for cell in cells[: min(len(cells), width)]) else None


def _refuse_other_header(lines: Sequence[HeadLine], top: int, width: int, where: str) -> None:
    """Raise where a line of names stands right above rows with values and does not have as many cells."""
    above = lines[top - 1].cells if top else ()
    names = [cell.strip() for cell in above]
    if len(above) < 2 or len(set(names)) < len(names) or not all(is_label(name) for name in names):
        return
    if not any(is_value(cell) for cell in lines[top].cells):
        return
    raise DataError(
        f"line {lines[top - 1].number} looks like the header, and it has {len(above)} names ({shown(names, 3)}) where "
        f"the rows have {width} cells",
        where=where,
        hint="Mend the header, or leave that line out: header='none', on the command line --header none.",
        code="data.header",
    )


def _below_padded_titles(lines: Sequence[HeadLine], top: int, width: int) -> int:
    """Step over lines that a spreadsheet has filled up with empty cells: a title in the first cell, or nothing."""
    for position in range(top, min(len(lines) - 1, top + 20)):
        filled = sum(bool(cell.strip()) for cell in lines[position].cells)
        below = (line.cells for line in lines[position + 1 : position + 4])
        fuller = any(sum(bool(cell.strip()) for cell in cells) > max(1, width // 2) for cells in below)
        if len(lines[position].cells) == width and not (fuller and (filled == 0 or (filled == 1 and width > 2))):
            return position
    return top


def _stacked(lines: Sequence[HeadLine], top: int, width: int) -> Head:
    """Take the header, and the lines below it that are part of it: words above columns of numbers."""
    last = top
    while last - top + 1 < _MOST_HEADER_LINES and _is_header_too(lines, last + 1, width):
        last += 1
    if last == top:
        return _named(lines, top, top + 1, lines[top].cells)
    stack = [line.cells for line in lines[top : last + 1]]
    names = tuple(_merged(parts) for parts in zip(*_filled_right(stack), strict=True))
    head = _named(lines, top, last + 1, names)
    note = Finding(
        severity="warning",
        code="header.several",
        message=f"The header seems to be {last - top + 1} lines high (lines {lines[top].number} to "
        f"{lines[last].number}): words stand there above columns of numbers. The names are joined: {shown(names, 3)}.",
        advice=f"If line {lines[last].number} is a row or a single header, say header={lines[top].number} "
        f"or header={lines[last].number}.",
    )
    return Head(head.first, head.names, (), (*head.findings, note), head.unnamed)


def _is_header_too(lines: Sequence[HeadLine], position: int, width: int) -> bool:
    """Say whether a line below the header names columns too: most columns of numbers have a word there."""
    if position >= len(lines) or len(lines[position].cells) != width:
        return False
    below = [line.cells for line in lines[position + 1 :] if len(line.cells) == width]
    if len(below) < 2:
        return False
    valued = valued_columns(below)
    labels = sum(is_label(lines[position].cells[column]) for column in valued)
    others = [column for column in range(width) if column not in valued]
    again = any(
        lines[position].cells[column].strip() in {row[column].strip() for row in below} - {""} for column in others
    )
    return len(valued) > 0 and labels * 2 > len(valued) and labels >= min(2, len(valued)) and not again


def _filled_right(stack: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Give the empty cells of all lines but the last the word at their left, as a merged cell means it."""
    filled = list[tuple[str, ...]]()
    for cells in stack[:-1]:
        row = list[str]()
        for cell in cells:
            row.append(cell.strip() or (row[-1] if row else ""))
        filled.append(tuple(row))
    return [*filled, tuple(cell.strip() for cell in stack[-1])]


def _merged(parts: Sequence[str]) -> str:
    return " ".join(dict.fromkeys(part for part in parts if part))


def _named(lines: Sequence[HeadLine], at: int, first: int, raw: tuple[str, ...], *, titles: bool = True) -> Head:
    trimmed = (raw[0].strip().removeprefix("#"), *raw[1:]) if raw[0].strip() != "#" else raw
    names, findings = clean_names(trimmed)
    unnamed = tuple(position for position, name in enumerate(trimmed) if not name.strip())
    above = _titles(lines[:at]) if titles else ()
    return Head(first, names, tuple(cell.strip() for cell in raw), (*above, *findings), unnamed)


def _titles(lines: Sequence[HeadLine]) -> tuple[Finding, ...]:
    skipped = [line for line in lines if any(cell.strip() for cell in line.cells)]
    if not skipped:
        return ()
    texts = [" ".join(cell.strip() for cell in line.cells if cell.strip())[:60] for line in skipped]
    return (
        Finding(
            severity="info",
            code="header.title_lines",
            message=f"{len(skipped)} lines above the table are skipped: {shown(texts, 3)}.",
            advice="If the header stands elsewhere, say header=N with the number of its line.",
        ),
    )
