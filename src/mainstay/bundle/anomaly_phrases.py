"""One cell of a flagged row in words: its value, and what is usual of its column."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.usual import UsualColumn, UsualPart

__all__ = ["Phrase", "figure", "named_word", "phrases_of"]

_RARE = 0.02
"""Below this share of the usual rows a value is unusual by itself."""
_MOST_NEW = 0.5
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_DAYS = 2_900_000.0
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_LONGEST = 60
_UNSEEN = "never seen in the rows learned from"


class Phrase(NamedTuple):
    """What is said of one cell: "amount 4,980" and "usually 3 to 120", and whether it is unusual by itself."""

    value: str
    told: str
    odd: bool


def figure(value: float) -> str:
    """Return a number as people write it, five digits at most where it is not whole.

    Examples
    --------
    >>> figure(4980.0), figure(0.123456), figure(-1234.56), figure(2.5e12), figure(40.5)
    ('4,980', '0.12346', '-1,234.6', '2.5e+12', '40.5')
    """
    if abs(value) >= 1e12:
        return f"{value:.4g}"
    if value == int(value):
        return f"{int(value):,}"
    if abs(value) < 1:
        return f"{value:.5g}"
    places = max(0, 5 - len(str(int(abs(value)))))
    written = f"{value:,.{places}f}"
    return written.rstrip("0").rstrip(".") if places else written


def phrases_of(column: UsualColumn, arrays: Arrays, rows: NDArray[np.int64]) -> list[Phrase]:
    """Return what is said of a column's cells in the given rows.

    Parameters
    ----------
    column : UsualColumn
    arrays : Arrays
    rows : int64 array of shape (f,)
    """
    if column.kind in {"category", "boolean"}:
        return _of_words(column, _codes(column.name, arrays, rows))
    if column.kind == "number":
        return _of_numbers(column, _cells(column.parts[0], arrays, rows)) if column.parts else []
    values = [_cells(part, arrays, rows) for part in column.parts]
    if column.kind == "datetime":
        return [_of_time(column, cells) for cells in zip(*values, strict=True)]
    return [_of_text(column, cells, new) for *cells, new in zip(*values, _new_terms(column, arrays, rows), strict=True)]


def _cells(part: UsualPart, arrays: Arrays, rows: NDArray[np.int64]) -> list[float]:
    if part.name not in arrays.number_names:
        return [float("nan")] * len(rows)
    values: list[float] = arrays.numbers[rows, arrays.number_names.index(part.name)].astype(np.float64).tolist()
    return values


def _codes(name: str, arrays: Arrays, rows: NDArray[np.int64]) -> list[int]:
    """Return the codes of words; -1 is missing. Booleans and ordered categories lie among the numbers."""
    if name in arrays.category_names:
        return [int(code) for code in arrays.categories[rows, arrays.category_names.index(name)]]
    if name not in arrays.number_names:
        return [-1] * len(rows)
    values = arrays.numbers[rows, arrays.number_names.index(name)].astype(np.float64)
    return [-1 if value != value else int(value) for value in values.tolist()]  # noqa: PLR0124 - NaN alone is not itself


def _of_words(column: UsualColumn, codes: Sequence[int]) -> list[Phrase]:
    """Return the phrases of words: each level has one, so that they are made once."""
    known: dict[int, Phrase] = {}
    for code in codes:
        if code not in known:
            known[code] = _word(column, code)
    return [known[code] for code in codes]


def _word(column: UsualColumn, code: int) -> Phrase:
    if code < 0:
        return _missing(column)
    if code >= len(column.levels):
        return Phrase(column.name, f"a value {_UNSEEN}", True)
    return _level(f"{column.name} {_short(column.levels[code])}", column.shares[code])


def named_word(phrase: Phrase, word: str) -> Phrase:
    """Return the phrase of a word that was never seen with the word itself, where that is known.

    Examples
    --------
    >>> named_word(Phrase("country", "a value never seen in the rows learned from", True), "NG").value
    'country NG'
    """
    unseen = phrase.told == f"a value {_UNSEEN}" and word
    return Phrase(f"{phrase.value} {_short(word)}", _UNSEEN, True) if unseen else phrase


def _short(word: str) -> str:
    return word if len(word) <= _LONGEST else f"{word[: _LONGEST - 3]}..."


def _level(value: str, share: float) -> Phrase:
    if share <= 0:
        return Phrase(value, "in no usual row", True)
    return Phrase(value, f"{_percent(share)} of rows", share < _RARE)


def _missing(column: UsualColumn) -> Phrase:
    return _level(f"{column.name} missing", column.missing)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"


def _of_numbers(column: UsualColumn, values: Sequence[float]) -> list[Phrase]:
    part = column.parts[0]
    shares = dict(zip(part.levels, part.shares, strict=True))
    unit = f" {column.unit}" if column.unit else ""
    usual = _range(part)
    phrases = []
    for value in values:
        if value != value:  # noqa: PLR0124 - NaN alone is not itself, and the quickest question that there is
            phrases.append(_missing(column))
            continue
        said = f"{column.name} {figure(value)}{unit}"
        if not part.low <= value <= part.high:
            phrases.append(Phrase(said, f"usually {usual}", True))
        elif shares and shares.get(value, 0.0) < _RARE:
            phrases.append(_level(said, shares.get(value, 0.0)))
        else:
            phrases.append(Phrase(said, usual, False))
    return phrases


def _range(part: UsualPart) -> str:
    return figure(part.low) if part.low == part.high else f"{figure(part.low)} to {figure(part.high)}"


def _of_time(column: UsualColumn, cells: Sequence[float]) -> Phrase:
    """Return the phrase of a date: its day if that is out of range, else its rarest part."""
    found = {part.name.rpartition(".")[2]: (part, value) for part, value in zip(column.parts, cells, strict=True)}
    days, when = found.get("days", (None, float("nan")))
    if days is None or not abs(when) < _MOST_DAYS:
        return _missing(column)
    said = f"{column.name} {_moment(when, fine=True)}"
    if not days.low <= when <= days.high:
        return Phrase(said, f"usually {_moment(days.low)} to {_moment(days.high)}", True)
    rare = sorted((share, words) for share, words in (_rarity(*found[name], name) for name in found if name != "days"))
    if rare and rare[0][0] < _RARE:
        return Phrase(said, rare[0][1], True)
    return Phrase(said, "", False)


def _moment(days: float, *, fine: bool = False) -> str:
    try:
        moment = _EPOCH + timedelta(minutes=round(days * 1440))
    except OverflowError:
        return f"day {figure(days)}"
    return moment.strftime("%Y-%m-%d %H:%M" if fine and (moment.hour or moment.minute) else "%Y-%m-%d")


def _rarity(part: UsualPart, value: float, name: str) -> tuple[float, str]:
    """Return how rare a part of a date is, and how that is said; 1 where it is not."""
    share = dict(zip(part.levels, part.shares, strict=True)).get(value, 0.0) if part.levels else 1.0
    outside = not part.low <= value <= part.high
    if not outside and share >= _RARE:
        return 1.0, ""
    rarity = min(share, _RARE / 2)
    often = f"{_percent(share)} of rows" if share else "which no usual row is"
    if name == "weekday" and value in range(7):
        return rarity, f"a {_DAYS[int(value)]}, {often}"
    if name == "month" and value in range(1, 13):
        return rarity, f"in {_MONTHS[int(value) - 1]}, {often}"
    return rarity, f"{name} {figure(round(value, 1))}, usually {_range(part)}"


def _of_text(column: UsualColumn, cells: Sequence[float], new: float) -> Phrase:
    """Return the phrase of a text: its words if most were never seen, else the count that is out of range."""
    if all(value != value for value in cells) and cells:  # noqa: PLR0124 - NaN alone is not itself
        return _missing(column)
    if new > _MOST_NEW:
        return Phrase(column.name, f"{100 * new:.0f} % of its words and letter groups are in no usual row", True)
    for part, value in zip(column.parts, cells, strict=True):
        if not part.low <= value <= part.high:
            what = part.name.rpartition(".")[2]
            return Phrase(f"{column.name} with {figure(value)} {what}", f"usually {_range(part)}", True)
    return Phrase(f"the words of {column.name}", "", False)


def _new_terms(column: UsualColumn, arrays: Arrays, rows: NDArray[np.int64]) -> list[float]:
    """Return which share of each text's terms no usual row has; 0 where terms are not looked at."""
    if not column.terms or column.name not in arrays.text_names:
        return [0.0] * len(rows)
    terms = arrays.texts[arrays.text_names.index(column.name)].take(rows)
    known = np.unpackbits(np.frombuffer(column.known_terms, np.uint8))[: column.terms]
    new = np.concatenate([[0], np.cumsum(known[terms.ids] == 0)])
    shares: list[float] = ((new[terms.starts[1:]] - new[terms.starts[:-1]]) / np.maximum(terms.lengths, 1)).tolist()
    return shares
