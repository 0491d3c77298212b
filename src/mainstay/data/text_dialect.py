"""Which character separates the cells of a text table, found on the first part of the file.

Each candidate splits the sample, and the best is the one that makes lines of equal length out of cells that look
like values. The product of both measures follows van den Burg, Nazabal and Sutton, "Wrangling messy CSV files by
detecting row and type patterns", Data Mining and Knowledge Discovery 33 (2019), doi:10.1007/s10618-019-00646-y.
A blank and a colon stand in prose and in times as well, so they must prove more than a comma.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from mainstay.contracts.errors import DataError, UsageError
from mainstay.data.text_cells import look

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Delimiter", "check_delimiter", "delimiter_line", "find_delimiter"]

_STRONG = (",", ";", "\t", "|")
_RARE = ("^", "~", "\x01", "\x1f")
_NAMES = {"\t": "tab", " ": "blank", ",": "comma", ";": "semicolon", "|": "bar", ":": "colon"}
_UNUSED = "\x1f\x1e\x1d\x1c\x01\x02\x03\x04\x05\x06"
_SAMPLE_BYTES = 262_144
_ROWS_JUDGED = 400
_TIME = re.compile(r"(?<!\d)\d{1,2}:\d{2}(?!\d)")
_WORDS = re.compile(r'"[^"]*"|\S+')
_NUMBERS = re.compile(r"[-+\d.,eE]+(\s+[-+\d.,eE]+)+")
_MIXED = {",": 0.2, ";": 0.0, "\t": 0.0, "|": 0.0}


@dataclass(frozen=True, slots=True)
class Delimiter:
    """How cells are separated.

    Parameters
    ----------
    sign : str
        One character; where there is one column only, one that the file does not have.
    runs : bool, default False
        Whether any number of blanks and tabs is one separator.
    single : bool, default False
        Whether no candidate made more than one column.
    """

    sign: str
    runs: bool = False
    single: bool = False

    @property
    def name(self) -> str:
        """The separator as a word."""
        return "blanks" if self.runs else _NAMES.get(self.sign, repr(self.sign))


@dataclass(frozen=True, slots=True)
class _Trial:
    delimiter: Delimiter
    score: float
    share: float
    width: int
    rows: tuple[tuple[str, ...], ...]
    above: tuple[int, ...]
    whole: float
    lines: int

    @property
    def believable(self) -> bool:
        """Whether most lines agree, and what stands above them is little beside them."""
        return self.share >= 0.6 and (not self.above or self.whole >= 0.3) and (len(self.above) < 1 or self.lines > 1)

    @property
    def perfect(self) -> bool:
        """Whether every line has the same number of fields, but for one name too few in the header, as R writes it."""
        return self.share == 1 and self.above in {(), (self.width - 1,)}


def check_delimiter(sign: str) -> Delimiter:
    """Return the delimiter that a user named.

    Raises
    ------
    UsageError
        When it is not one ASCII character that can separate cells.
    """
    sign = {"tab": "\t", "\\t": "\t"}.get(sign, sign)
    if len(sign) != 1 or not sign.isascii() or sign in '"\r\n' or sign.isalnum():
        raise UsageError(
            f"a delimiter is one ASCII character that is no letter, digit, quote or line end, and {sign!r} came",
            where="delimiter",
            hint="Common ones are ',' ';' '|' and 'tab'.",
        )
    return Delimiter(sign)


def find_delimiter(data: bytes, *, where: str) -> Delimiter:
    r"""Find the delimiter on the first 256 kB.

    Raises
    ------
    DataError
        When lines hold a delimiter but each another number of them, as in a file of shopping baskets.

    Examples
    --------
    >>> find_delimiter(b"a;b\n1,5;2,5\n3,5;4,5\n", where="x.csv").name
    'semicolon'
    """
    lines = _sample_lines(data)
    if delimiter_line(data):
        return Delimiter(delimiter_line(data))
    trials = [trial for trial in _trials(lines) if trial is not None]
    best = max(trials, key=lambda trial: trial.score, default=None)
    if best is not None and best.believable and not _is_prose(best, lines):
        return best.delimiter
    _refuse_baskets(lines, where)
    unused = next(sign for sign in _UNUSED if sign.encode() not in data)
    return Delimiter(unused, single=True)


def _sample_lines(data: bytes) -> list[str]:
    cut = len(data) if len(data) <= _SAMPLE_BYTES else data.rfind(b"\n", 0, _SAMPLE_BYTES) + 1 or _SAMPLE_BYTES
    text = data[:cut].decode("utf-8", "replace")
    return text.split("\n")


def delimiter_line(data: bytes) -> str:
    r"""Return the delimiter that a first line ``sep=;`` names, as Excel writes and reads it, or nothing.

    Examples
    --------
    >>> delimiter_line(b"sep=;\na;b\n"), delimiter_line(b"a;b\n")
    (';', '')
    """
    first = data[:16].partition(b"\n")[0].rstrip(b"\r").strip(b'"')
    return chr(first[4]) if len(first) == 5 and first[:4].lower() == b"sep=" and first[4] < 128 else ""


def _trials(lines: Sequence[str]) -> list[_Trial | None]:
    text = "\n".join(lines)
    trials = [_judge(Delimiter(sign), _split(lines, sign)) for sign in (*_STRONG, *_RARE) if sign in text]
    if ":" in text:
        trials.append(_colon(_judge(Delimiter(":"), _split(lines, ":"))))
    tabs = any(_splits_all(trial) for trial in trials if trial and trial.delimiter.sign == "\t")
    if (" " in text or "\t" in text) and not tabs:
        single = _judge(Delimiter(" "), _split(lines, " "))
        runs = _judge(Delimiter(" ", runs=True), [tuple(_WORDS.findall(line)) for line in lines])
        trials += [_blanks(single), _blanks(runs)]
    return trials


def _splits_all(trial: _Trial) -> bool:
    """Say whether every line has the same cells and none of them holds several blanks in a row."""
    return trial.perfect and not any("  " in cell.strip() for row in trial.rows for cell in row)


def _split(lines: Sequence[str], sign: str) -> list[tuple[str, ...]]:
    reader = csv.reader((line + "\n" for line in lines), delimiter=sign, skipinitialspace=sign != " ")
    try:
        rows = [tuple(row) for row in reader]
    except csv.Error:
        rows = []
    plain = [tuple(line.rstrip("\r").split(sign)) for line in lines]
    return rows if rows and _evenness(rows) >= _evenness(plain) else plain


def _evenness(rows: Sequence[tuple[str, ...]]) -> float:
    counts = Counter(len(row) for row in rows if any(row))
    return max(counts.values(), default=0) / max(1, counts.total())


def _judge(delimiter: Delimiter, rows: Sequence[tuple[str, ...]]) -> _Trial | None:
    """Measure how even the lines are, and how much the cells look like values."""
    filled = [row for row in rows if any(row)]
    counts = Counter(len(row) for row in filled if len(row) > 1)
    if not counts:
        return None
    width = max(counts, key=lambda fields: counts[fields] * (fields - 1) / fields)
    top = next(position for position, row in enumerate(filled) if len(row) == width)
    below = [row for row in filled[top:] if len(row) == width or not row[0].startswith("#")]
    share = counts[width] / len(below)
    above = tuple(len(row) for row in filled[:top] if not row[0].startswith("#"))
    whole = counts[width] / (len(below) + len(above))
    judged = tuple(islice((row for row in below if len(row) == width), _ROWS_JUDGED))
    typed = sum(_worth(cell) for row in judged for cell in row) / (len(judged) * width)
    score = share * whole * (width - 1) / width * max(typed, 0.05) ** 2
    return _Trial(delimiter, score, share, width, judged, above, whole, counts[width])


def _worth(cell: str) -> float:
    """Return how much a cell looks like one value: 1 for a number, date or word, less for what may be several."""
    seen = look(cell)
    if seen == "text" and _NUMBERS.fullmatch(cell.strip()):
        return 0.0
    if seen in {"text", "word"}:
        mixed = min((_MIXED[sign] for sign in _STRONG if sign in cell), default=1.0)
        return mixed if mixed < 1 else (1.0 if seen == "word" else 0.5)
    return 1.0


def _colon(trial: _Trial | None) -> _Trial | None:
    """Keep the colon only where no times, addresses or prose explain it."""
    if trial is None or not trial.perfect:
        return None
    cells = [cell for row in trial.rows for cell in row]
    clock = all(cell.strip().replace(".", "").isdigit() and len(cell.strip()) <= 6 for cell in cells)
    outside = any(cell.startswith(("//", " ", "\\")) for cell in cells)
    timed = sum(_TIME.search(":".join(row)) is not None for row in trial.rows) * 2 > len(trial.rows)
    return None if clock or outside or timed or _are_dates(trial) else trial


def _are_dates(trial: _Trial) -> bool:
    """Say whether the cells of each line together are one date or time."""
    sign = trial.delimiter.sign
    return all(look(sign.join(row)) == "date" for row in trial.rows[1:] or trial.rows)


def _blanks(trial: _Trial | None) -> _Trial | None:
    """Keep blanks only where every line agrees and half of the columns at least hold numbers or dates."""
    if trial is None or not trial.perfect or len(trial.rows) < 2 or _are_dates(trial):
        return None
    body = trial.rows[1:]
    looks = [[look(row[column]) for row in body] for column in range(trial.width)]
    valued = sum(sum(seen in {"number", "date"} for seen in column) * 10 >= 9 * len(column) for column in looks)
    return replace(trial, score=trial.score * 0.7) if valued * 2 >= trial.width else None


def _is_prose(trial: _Trial, lines: Sequence[str]) -> bool:
    """Say whether a comma or semicolon is only punctuation: lines are uneven and a blank follows nearly each."""
    if trial.share >= 0.95 or trial.delimiter.sign not in ",;":
        return False
    text, sign = "\n".join(lines), trial.delimiter.sign
    return text.count(sign + " ") * 10 > text.count(sign) * 9


def _refuse_baskets(lines: Sequence[str], where: str) -> None:
    """Raise where most lines hold a delimiter that is no punctuation, but not the same number of them."""
    filled = [line for line in lines if line.strip()]
    for sign in _STRONG:
        holding = [line for line in filled if sign in line]
        marks = sum(line.count(sign) for line in holding)
        spaced = sum(line.count(sign + " ") for line in holding)
        if len(filled) < 3 or len(holding) * 2 < len(filled) or spaced * 2 > marks:
            continue
        counts = Counter(line.count(sign) + 1 for line in filled)
        raise DataError(
            f"the lines have from {min(counts)} to {max(counts)} cells ({_NAMES[sign]} between them), so this is no "
            "table with the same columns in every line; it looks like a list of baskets, one per line",
            where=where,
            hint="Give one row per basket and item (two columns: basket, item), or one column per item.",
            code="data.baskets",
        )
