"""Reading booleans and categories: words that stand for a value, however they were typed or stored."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mainstay.data.decode_cell import BLANKS, Flaw, Reading, canonical, cell_text, flaw, native

if TYPE_CHECKING:
    from mainstay.contracts.schema import Column

__all__ = ["FALSE_WORDS", "TRUE_WORDS", "BooleanReader", "CategoryReader", "OrderedReader"]

FALSE_WORDS = ("false", "f", "no", "n", "0", "off")
TRUE_WORDS = ("true", "t", "yes", "y", "1", "on")
_STORED = {"true": ("True", "TRUE", "1"), "false": ("False", "FALSE", "0")}


class BooleanReader:
    """Reads the cells of a boolean column as 0.0 or 1.0.

    Its own two words come first; where these are of the usual kind, or none are given, every usual word is known.

    Parameters
    ----------
    column : Column
    """

    def __init__(self, column: Column) -> None:
        self.column = column
        self.absent = None if column.nullable else flaw("missing", column.on_missing, "expected true or false")
        self.table = _boolean_table(column)

    def read(self, value: object) -> Reading:
        """Return 0.0, 1.0, None for missing, or a flaw."""
        value = native(value)
        if value is None:
            return self.absent
        if isinstance(value, bool):
            return 1.0 if value else 0.0
        text = cell_text(value)
        if text is None:
            return self._bad(value)
        for key in (text, text.casefold(), canonical(text)):
            found = self.table.get(key)
            if found is not None:
                return found if found >= 0.0 else self.absent
        return self._bad(value)

    def _bad(self, value: object) -> Flaw | None:
        words = " or ".join(repr(word) for word in self.column.categories) or "true or false"
        return flaw("bad", self.column.on_bad, f"expected {words}", value)


def _boolean_table(column: Column) -> dict[str, float]:
    """Return what each word stands for: 0.0, 1.0, or -1.0 for missing."""
    table = {"": -1.0} | {word.strip(BLANKS): -1.0 for word in column.missing}
    own = [word.strip(BLANKS) for word in column.categories]
    for keys in (own, [word.casefold() for word in own], [canonical(word) for word in own]):
        for position, key in enumerate(keys[:2]):
            table.setdefault(key, float(position))
    if all(word.casefold() in FALSE_WORDS + TRUE_WORDS for word in map(canonical, own)):
        for usual, stands in ((FALSE_WORDS, 0.0), (TRUE_WORDS, 1.0)):
            for word in usual:
                table.setdefault(word, stands)
    table.setdefault("nan", -1.0)
    return table


class CategoryReader:
    """Reads the cells of a category column as codes.

    Parameters
    ----------
    column : Column
    """

    def __init__(self, column: Column) -> None:
        self.column = column
        self.levels = len(column.categories)
        self.absent = None if column.nullable else flaw("missing", column.on_missing, "expected a category")
        self.table = _category_table(column)

    def read(self, value: object) -> Reading:
        """Return the code, None for missing, or a flaw."""
        value = native(value)
        if value is None:
            return self.absent
        text = cell_text(value)
        if text is None:
            return flaw("bad", self.column.on_bad, "expected a category, written as a text or a number", value)
        code = self.table.get(text)
        if code is None:
            code = self.table.get(canonical(text))
        if code is None:
            found = flaw("unseen", self.column.on_unseen, self._expected(), value, self.levels)
            return None if found is None else replace(found, came=text)
        return code if code >= 0 else self.absent

    def _expected(self) -> str:
        if self.levels > 8:
            return f"expected one of the {self.levels} categories seen in training"
        return f"expected one of {', '.join(repr(word) for word in self.column.categories)}"


class OrderedReader:
    """Reads the cells of an ordered category as its place in the order: 0.0, 1.0, ...; an unseen word as missing.

    Parameters
    ----------
    column : Column
    """

    def __init__(self, column: Column) -> None:
        self.column = column
        self._words = CategoryReader(column)
        self.absent = self._words.absent
        self.table = {word: float(code) for word, code in self._words.table.items()}

    def read(self, value: object) -> Reading:
        """Return the place, None for missing, or a flaw."""
        reading = self._words.read(value)
        if isinstance(reading, Flaw):
            if reading.code != "unseen":
                return reading
            message = reading.message.replace("read as an unknown category", "read as missing")
            return Flaw(reading.code, message, reading.action)
        if reading is None or reading == self._words.levels:  # an unseen word that the policy silences has that code
            return None
        return float(reading) if isinstance(reading, int) else None


def _category_table(column: Column) -> dict[str, int]:
    """Return the code of each text; -1 for missing. Words as they are written come before numbers of equal value."""
    table = {"": -1}
    words = [word.strip(BLANKS) for word in column.missing]
    levels = [word.strip(BLANKS) for word in column.categories]
    table.update(dict.fromkeys(words, -1))
    for code, level in enumerate(levels):
        table.setdefault(level, code)
    for word in words:
        table.setdefault(canonical(word), -1)
    for code, level in enumerate(levels):
        table.setdefault(canonical(level), code)
    for stored, written in _STORED.items():
        known = next((word for word in written if word in table), None)
        if known is not None:
            table.setdefault(stored, table[known])
    return table
