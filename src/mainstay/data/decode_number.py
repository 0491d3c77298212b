"""How a number is written as text: one grammar, used by inference, by the row executor and by the column executor."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from mainstay.data.decode_cell import BLANKS, Flaw, Reading, flaw, native

if TYPE_CHECKING:
    from mainstay.contracts.schema import Column

__all__ = ["FLOAT32_LARGEST", "FLOAT64_LARGEST", "NumberReader", "NumberStyle"]

FLOAT32_LARGEST = 3.4028234663852886e38
FLOAT64_LARGEST = 1.7976931348623157e308

# A mark may be typed in more than one way: the blank of "1 234" is often a no-break blank.
_THOUSANDS = {"": "", ",": ",", ".": r"\.", "'": "['\u2019]", " ": "[ \u00a0\u202f\u2009]", "_": "_"}
_MINUS = "\u2212"


@dataclass(frozen=True)
class NumberStyle:
    """The marks of numbers written as text.

    Parameters
    ----------
    decimal : str, default "."
    thousands : str, default ""
    unit : str, default ""
        A sign that may stand before or after the number: "EUR", "%".

    Examples
    --------
    >>> NumberStyle(decimal=",", thousands=".").parse("1.234,5")
    1234.5
    >>> NumberStyle(unit="$").parse("-$3.50")
    -3.5
    >>> NumberStyle().parse("1,5") is None
    True
    """

    decimal: str = "."
    thousands: str = ""
    unit: str = ""

    @classmethod
    def of(cls, column: Column) -> NumberStyle:
        """Return the style that a column declares."""
        return cls(column.decimal, column.thousands, column.unit.strip(BLANKS))

    @property
    def plain(self) -> bool:
        """Whether numbers look as in a programming language, a unit aside."""
        return self.decimal == "." and not self.thousands

    @cached_property
    def pattern(self) -> str:
        """A regular expression, the same for Python and Polars, without anchors."""
        mark = re.escape(self.decimal)
        whole = "[0-9]+"
        if self.thousands:
            gap = _THOUSANDS[self.thousands]
            # Groups of two digits before the last one are how India writes numbers, with commas.
            inner = f"(?:{gap}[0-9]{{2,3}})*" if self.thousands == "," else f"(?:{gap}[0-9]{{3}})*"
            whole = f"(?:[0-9]{{1,3}}{inner}{gap}[0-9]{{3}}|[0-9]+)"
        return f"[+-]?(?:{whole}(?:{mark}[0-9]*)?|{mark}[0-9]+)(?:[eE][+-]?[0-9]+)?"

    @property
    def gap(self) -> str:
        """A regular expression of the mark between thousands; empty where there is none."""
        return _THOUSANDS[self.thousands]

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    @cached_property
    def _gaps(self) -> re.Pattern[str]:
        return re.compile(self.gap)

    def parse(self, text: str) -> float | None:
        """Return the number that a text without blanks at its ends stands for, or None."""
        if self._expression.fullmatch(text):
            return self._value(text)
        if text.startswith(_MINUS):
            return self.parse(f"-{text[1:]}") if text[1:2].isdigit() else None
        return self._without_unit(text) if self.unit and self.unit in text else None

    def _value(self, text: str) -> float:
        if self.thousands:
            text = self._gaps.sub("", text)
        return float(text.replace(self.decimal, ".") if self.decimal != "." else text)

    def _without_unit(self, text: str) -> float | None:
        sign = text[0] if text[0] in "+-" else ""
        body = text.removeprefix(sign).lstrip(BLANKS)
        rest = body.removeprefix(self.unit) if body.startswith(self.unit) else body.removesuffix(self.unit)
        bare = sign + rest.strip(BLANKS)
        return self._value(bare) if self._expression.fullmatch(bare) else None


class NumberReader:
    """Reads the cells of a number column.

    Parameters
    ----------
    column : Column
    largest : float, default the largest float32
        Numbers beyond it, either side of zero, are bad values.
    """

    def __init__(self, column: Column, largest: float = FLOAT32_LARGEST) -> None:
        self.column = column
        self.style = NumberStyle.of(column)
        self.largest = largest
        self.low = -largest if column.low is None else max(column.low, -largest)
        self.high = largest if column.high is None else min(column.high, largest)
        parsed = [(word.strip(BLANKS), self.style.parse(word.strip(BLANKS))) for word in column.missing]
        self.missing_words = frozenset(word for word, _ in parsed) | {"", "nan", "NaN", "NAN"}
        self.missing_numbers = frozenset(number for _, number in parsed if number is not None)
        self.absent = None if column.nullable else flaw("missing", column.on_missing, "expected a number")

    def read(self, value: object) -> Reading:
        """Return the number, None for missing, or a flaw."""
        number = self._number(value)
        if number is None or number != number:  # noqa: PLR0124 - the quickest test for NaN, on the serving path
            return self.absent if number is not None else self._bad(value)
        if self.low <= number <= self.high and number not in self.missing_numbers:
            return number + 0.0  # turns -0.0 into 0.0
        if number in self.missing_numbers:
            return self.absent
        return self._out_of_range(value, number) if -self.largest <= number <= self.largest else self._bad(value)

    def _number(self, value: object) -> float | None:
        """Return the number, NaN for missing, None for what is no number."""
        if isinstance(value, str):
            text = value.strip(BLANKS)
            return float("nan") if text in self.missing_words else self.style.parse(text)
        value = native(value)
        if value is None:
            return float("nan")
        if isinstance(value, bool) or not isinstance(value, float | int | Decimal):
            return None
        try:
            return float(value)
        except (OverflowError, ValueError):
            return None

    def _bad(self, value: object) -> Flaw | None:
        return flaw("bad", self.column.on_bad, "expected a number", value)

    def _out_of_range(self, value: object, number: float) -> Flaw | None:
        low = "" if self.column.low is None else f" from {self.column.low:g}"
        high = "" if self.column.high is None else f" to {self.column.high:g}"
        return flaw("range", self.column.on_range, f"expected a number{low}{high}, as seen in training", value, number)
