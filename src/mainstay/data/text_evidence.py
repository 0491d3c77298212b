"""Whether the first line of a table holds names or values, by what stands below it.

A wrong guess is costly on both sides: a row lost and columns named after one customer, or names taken for a row. So
every column gives a verdict for a reason that can be shown, and without clear evidence there is a header.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from mainstay.data.read_names import shown
from mainstay.data.text_cells import look

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Evidence", "is_label", "is_value", "valued_columns", "weigh"]

_VALUES = frozenset({"number", "date"})


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a header and what against it.

    Parameters
    ----------
    names, values : int
        The weight of both sides.
    reasons : tuple of str
        Why the line looks like values, for people.
    """

    names: int
    values: int
    reasons: tuple[str, ...]

    @property
    def header(self) -> bool:
        """Whether the line is a header; in doubt it is."""
        return self.values < 2 or self.values <= self.names


def weigh(first: Sequence[str], body: Sequence[Sequence[str]]) -> Evidence:
    """Weigh a line against the rows below it.

    Parameters
    ----------
    first : sequence of str
    body : sequence of sequence of str
        Rows of the same length.

    Examples
    --------
    >>> weigh(["age", "city"], [["31", "Bern"], ["28", "Rome"]]).header
    True
    >>> weigh(["44", "Bern"], [["31", "Bern"], ["28", "Rome"], ["51", "Bern"]]).header
    False
    """
    rows = [row for row in body if len(first) == 1 or list(row) != list(first)]
    if not rows:
        return _alone(first)
    if _counted_names(first, rows):
        return Evidence(len(first), 0, ())
    names = values = 0
    numbers, repeats = list[str](), list[str]()
    for cell, column in zip(first, zip(*rows, strict=True), strict=True):
        verdict = _verdict(cell.strip(), [other.strip() for other in column])
        names, values = names + max(0, verdict), values + max(0, -verdict)
        if verdict < 0:
            (numbers if look(cell) in _VALUES else repeats).append(_short(cell))
    reasons = list[str]()
    if numbers:
        reasons.append(
            f"{len(numbers)} of its {len(first)} cells hold numbers or dates like those below ({shown(numbers, 3)})"
        )
    if repeats:
        reasons.append(f"{len(repeats)} hold a value like those below, or one of them ({shown(repeats, 3)})")
    return Evidence(names, values, tuple(reasons))


def _short(cell: str) -> str:
    cell = cell.strip()
    return cell if len(cell) <= 30 else cell[:27] + "..."


def _alone(first: Sequence[str]) -> Evidence:
    """Judge a line with nothing other below it: values only where most of its cells are numbers."""
    filled = [cell for cell in first if cell.strip()]
    numbers = [cell for cell in filled if look(cell) in _VALUES]
    if len(numbers) * 2 <= len(filled):
        return Evidence(1, 0, ())
    return Evidence(0, 2, (f"{len(numbers)} of its {len(filled)} cells are numbers or dates ({shown(numbers, 3)})",))


def _verdict(cell: str, column: Sequence[str]) -> int:
    """Return a weight above zero for a name, below zero for a value, zero where the column says nothing."""
    looks = Counter(look(other) for other in column)
    filled = looks.total() - looks["empty"] - looks["marker"]
    own = look(cell)
    if own == "empty" or not filled:
        return 0
    if own == "marker":
        return -1
    if (looks["number"] + looks["date"]) * 10 >= filled * 9:
        return -2 if own in _VALUES else 2
    return 0 if own in _VALUES else _text_verdict(cell, column)


def _text_verdict(cell: str, column: Sequence[str]) -> int:
    times = column.count(cell)
    if times:
        return -2 if times > 1 else -1
    filled = [other for other in column if other]
    if len(filled) >= 10 and len(set(filled)) * 5 <= len(filled):
        return 1
    usual = sorted(map(len, filled))[len(filled) // 2]
    if usual >= 30 and len(cell) <= 20:
        return 1
    return -1 if len(cell) >= 60 else 0


def _counted_names(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Say whether the line counts 0, 1, 2, ... or years, which are names though they are numbers.

    Tables written from an array without names have such a header, and so have tables with one column per year.
    """
    own = _steps(first)
    return own and sum(_steps(row) for row in rows[:50]) * 2 < len(rows[:50])


def _steps(row: Sequence[str]) -> bool:
    digits = [cell.strip() for cell in row]
    numbers = [int(cell) for cell in digits if cell.isdecimal() and cell.isascii()]
    rest = [cell for cell in digits if not (cell.isdecimal() and cell.isascii())]
    if len(numbers) < 3 or any(look(cell) in _VALUES for cell in rest):
        return False
    even = all(after - before == 1 for before, after in pairwise(numbers))
    return even and (numbers[0] in {0, 1} or 1800 <= numbers[0] <= 2100)


def is_label(cell: str) -> bool:
    """Say whether a cell could be part of a name: it has letters or signs, and is neither a value nor a marker."""
    return look(cell) in {"word", "text"}


def is_value(cell: str) -> bool:
    """Say whether a cell is a number or a date."""
    return look(cell) in _VALUES


def valued_columns(rows: Sequence[Sequence[str]]) -> list[int]:
    """Return the columns whose cells are numbers or dates, nine of ten at least, where there is something."""
    found = list[int]()
    for position, column in enumerate(zip(*rows, strict=True)):
        looks = Counter(look(cell) for cell in column)
        filled = looks.total() - looks["empty"] - looks["marker"]
        if filled and (looks["number"] + looks["date"]) * 10 >= filled * 9:
            found.append(position)
    return found
