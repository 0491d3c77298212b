"""How a datetime is written as text, and the numbers that it becomes.

Formats are turned into regular expressions of our own, not handed to ``strptime``: Python's and Polars' versions
accept different texts, and Python's follows the locale. Times with an offset are moved to UTC; times without one
are taken as they stand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from mainstay.contracts.errors import SchemaError
from mainstay.data.decode_cell import BLANKS, Flaw, Reading, cell_text, flaw, native

if TYPE_CHECKING:
    from mainstay.contracts.schema import Column

__all__ = ["DAY", "FIRST", "LAST", "DatetimeReader", "Format", "compile_format", "datetime_parts"]

DAY = 86_400_000_000
"""Microseconds in a day."""
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
FIRST = (date.min.toordinal() - _EPOCH_ORDINAL) * DAY
LAST = (date.max.toordinal() - _EPOCH_ORDINAL + 1) * DAY - 1
"""The first and the last instant of the years 1 to 9999, in microseconds since 1970-01-01."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FULL_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_MONTH = "|".join((_FULL_MONTHS, "sept", *_MONTHS))
_WEEKDAY = "monday|tuesday|wednesday|thursday|friday|saturday|sunday|mon|tue|wed|thu|fri|sat|sun"

_NUMERIC = {"m": "month", "d": "day", "H": "hour", "I": "hour12", "M": "minute", "S": "second"}
_OTHERS = {
    "Y": ("year", "[0-9]{4}"),
    "y": ("year2", "[0-9]{2}"),
    "f": ("fraction", "[0-9]{1,9}"),
    "3f": ("fraction", "[0-9]{3}"),
    "b": ("name", f"(?i:{_MONTH})"),
    "B": ("name", f"(?i:{_MONTH})"),
    "a": ("weekday", f"(?i:{_WEEKDAY})"),
    "A": ("weekday", f"(?i:{_WEEKDAY})"),
    "p": ("half", r"[AaPp]\.?[Mm]\.?"),
    "z": ("offset", "(?:[Zz]|[+-][0-9]{2}:?[0-9]{2}|[+-][0-9]{2})"),
    "s": ("epoch", "-?[0-9]{1,12}"),
}
_SAME = {"year2": "year", "name": "month", "hour12": "hour"}
_DIRECTIVE = re.compile(r"%(3f|.|$)", re.DOTALL)
_ISO = (
    "(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    "(?:[Tt ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    " ?(?P<offset>(?:[Zz]|[+-][0-9]{2}:?[0-9]{2}|[+-][0-9]{2}))?)?"
)


@dataclass(frozen=True)
class Format:
    """A datetime format, ready to read.

    Parameters
    ----------
    text : str
        As in the schema; "" for ISO 8601.
    pattern : str
        A regular expression with a named group for each field, the same for Python and Polars, without anchors.
    expression : re.Pattern
        The same, compiled.
    """

    text: str
    pattern: str
    expression: re.Pattern[str]

    def parse(self, text: str) -> int | None:
        """Return microseconds since 1970-01-01 (UTC), or None for what is no such datetime.

        Examples
        --------
        >>> compile_format("%d/%m/%Y").parse("31/12/1970") // DAY
        364
        >>> compile_format("%d/%m/%Y").parse("31/02/1970") is None
        True
        """
        found = self.expression.fullmatch(text)
        return None if found is None else _instant(found.groupdict(default=""))


@lru_cache(maxsize=512)
def compile_format(text: str) -> Format:
    """Return a strptime format, ready to read; ``""`` is ISO 8601 in all its lengths.

    Known are %Y %y %m %d %b %B %a %A %H %I %M %S %f %3f (three digits) %p %z %s (seconds since 1970) and %%;
    month and weekday names are English. A field that is not there is the first of its kind: day 1, hour 0.

    Raises
    ------
    SchemaError
        When the format has an unknown or repeated field, or no year.

    Examples
    --------
    >>> compile_format("%H:%M")
    Traceback (most recent call last):
    mainstay.contracts.errors.SchemaError: the datetime format '%H:%M' has no year. Add %Y, %y or %s.
    """
    pattern = _pattern(text) if text else _ISO
    fields = re.findall(r"\(\?P<(\w+)>", pattern)
    meanings = [_SAME.get(field, field) for field in fields]
    repeated = sorted({meaning for meaning in meanings if meanings.count(meaning) > 1})
    if repeated:
        raise SchemaError(f"the datetime format {text!r} has two fields for the {repeated[0]}", hint="Keep one.")
    if not {"year", "year2", "epoch"} & set(fields):
        raise SchemaError(f"the datetime format {text!r} has no year", hint="Add %Y, %y or %s.")
    return Format(text, pattern, re.compile(pattern))


def _pattern(text: str) -> str:
    pieces: list[str] = []
    position = 0
    while position < len(text):
        found = _DIRECTIVE.match(text, position)
        if found is None:
            pieces.append(_literal(text[position]))
            position += 1
            continue
        # Fields without a mark between them ("%Y%m%d") need all their digits; others may be "3/7/2019".
        touching = text[position - 1 : position].isalpha() or text[found.end() : found.end() + 1] == "%"
        pieces.append(_field(found[1], text, touching=touching and position > 0))
        position = found.end()
    return "".join(pieces)


def _literal(character: str) -> str:
    return f"\\{character}" if character in r".^$*+?()[]{}|\/&~#-" else character


def _field(directive: str, text: str, *, touching: bool) -> str:
    if directive == "%":
        return "%"
    if directive in _NUMERIC:
        return f"(?P<{_NUMERIC[directive]}>[0-9]{{{'2' if touching else '1,2'}}})"
    if directive not in _OTHERS:
        known = " ".join(f"%{name}" for name in (*_OTHERS, *_NUMERIC))
        raise SchemaError(
            f"the datetime format {text!r} has the unknown field %{directive}", hint=f"Known are {known}."
        )
    name, pattern = _OTHERS[directive]
    return f"(?P<{name}>{pattern})"


def _instant(fields: dict[str, str]) -> int | None:
    """Return microseconds since 1970-01-01 of the fields that a format found; None where there is no such time."""
    fraction = int(fields.get("fraction", "").ljust(6, "0")[:6] or "0")
    if "epoch" in fields:
        instant = int(fields["epoch"]) * 1_000_000 + fraction
        return instant if FIRST <= instant <= LAST else None
    hour = _hour(fields)
    minute, second = int(fields.get("minute") or 0), int(fields.get("second") or 0)
    if hour is None or minute > 59 or second > 59:
        return None
    try:
        day = date(_year(fields), _month(fields), int(fields.get("day") or 1)).toordinal() - _EPOCH_ORDINAL
    except ValueError:
        return None
    instant = day * DAY + ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction - _offset(fields.get("offset"))
    return instant if FIRST <= instant <= LAST else None


def _year(fields: dict[str, str]) -> int:
    if "year" in fields:
        return int(fields["year"])
    short = int(fields["year2"])
    return short + (1900 if short >= 69 else 2000)  # the pivot of POSIX strptime


def _month(fields: dict[str, str]) -> int:
    if "name" in fields:
        return _MONTHS.index(fields["name"][:3].lower()) + 1
    return int(fields.get("month") or 1)


def _hour(fields: dict[str, str]) -> int | None:
    half = fields.get("half", "")[:1].lower()
    hour = int(fields.get("hour12") or fields.get("hour") or 0)
    if not half:
        return hour if hour < 24 else None
    if not 1 <= hour <= 12:
        return None
    return hour % 12 + (12 if half == "p" else 0)


def _offset(text: str | None) -> int:
    """Return the microseconds by which a local time is ahead of UTC."""
    if not text or text in "Zz":
        return 0
    minutes = int(text[1:3]) * 60 + int(text[-2:] if len(text) > 3 else 0)
    return (-minutes if text[0] == "-" else minutes) * 60_000_000


def datetime_parts(instant: int) -> tuple[float, ...]:
    """Return the numbers of ``DATETIME_PARTS`` for microseconds since 1970-01-01.

    Examples
    --------
    >>> datetime_parts(36 * 3_600_000_000)
    (1.5, 1970.0, 1.0, 2.0, 4.0, 12.0)
    """
    day, rest = divmod(instant, DAY)
    civil = date.fromordinal(day + _EPOCH_ORDINAL)
    weekday = (day + 3) % 7  # 1970-01-01 was a Thursday
    return (
        day + rest / 86_400_000_000.0,
        float(civil.year),
        float(civil.month),
        float(civil.day),
        float(weekday),
        rest / 3_600_000_000.0,
    )


class DatetimeReader:
    """Reads the cells of a datetime column as the six numbers of ``DATETIME_PARTS``.

    Parameters
    ----------
    column : Column
    """

    def __init__(self, column: Column) -> None:
        self.column = column
        self.formats = tuple(compile_format(text) for text in (*column.formats, ""))
        self.absent = None if column.nullable else flaw("missing", column.on_missing, "expected a datetime")
        words = [word.strip(BLANKS) for word in column.missing]
        self.missing_words = frozenset(words) | {"", "nan", "NaN", "NaT"}
        self.missing_instants = frozenset(self.parse(word) for word in words) - {None}

    def read(self, value: object) -> Reading:
        """Return the six numbers, None for missing, or a flaw."""
        value = native(value)
        if value is None:
            return self.absent
        if isinstance(value, datetime | date):
            instant = _stored_instant(value)
        else:
            text = None if isinstance(value, bool) else cell_text(value)
            if text in self.missing_words:
                return self.absent
            instant = None if text is None else self.parse(text)
        if instant is None:
            return self._bad(value)
        return self.absent if instant in self.missing_instants else datetime_parts(instant)

    def parse(self, text: str) -> int | None:
        """Return microseconds since 1970-01-01 by the first format that reads the text, or None."""
        return next((found for form in self.formats if (found := form.parse(text)) is not None), None)

    def _bad(self, value: object) -> Flaw | None:
        forms = " or ".join(repr(text) for text in self.column.formats) or "as 2024-12-31 or 2024-12-31 23:59:59"
        return flaw("bad", self.column.on_bad, f"expected a datetime {forms}", value)


def _stored_instant(value: datetime | date) -> int | None:
    if not isinstance(value, datetime):
        return (value.toordinal() - _EPOCH_ORDINAL) * DAY
    offset = value.utcoffset()
    since = value.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    instant = (since - (offset or timedelta())) // timedelta(microseconds=1)
    return instant if FIRST <= instant <= LAST else None
