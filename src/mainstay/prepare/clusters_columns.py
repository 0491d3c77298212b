"""Which features belong to one column of the table: a date and a text become several numbers, and count as one column.

Decoded arrays know names only; parts of a column are told by theirs, which decoding writes (``"column.part"``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from mainstay.contracts.schema import DATETIME_PARTS, TEXT_PARTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.prepare.step import Names

__all__ = ["ColumnNote", "Source", "SourceKind", "coordinates_in", "sources_of"]

SourceKind = Literal["number", "datetime", "category", "text"]


_AXIS = re.compile(
    r"(?:(?P<before>.*)[ _.-])?(?P<axis>[xyz]|lat(?:itude)?|lon(?:g|gitude)?|lng)(?:[ _.-](?P<after>.*))?"
)
_NUMBERED = re.compile(r"([a-z_. -]*?)[ _.-]*([1-3])")
_MOST_NUMBERED = 3


class ColumnNote(msgspec.Struct, frozen=True):
    """What was done with one column, for people.

    Parameters
    ----------
    column : str
    kind : str
        "number", "yes or no", "datetime", "category" or "text".
    treatment : str
        In words: "logarithm, then scaled to deviation 1".
    features : tuple of str
        What it became; none where it is left out.
    weight : float
        How much it counts, where a standardised number counts 1: the weight asked for, less what it shares with
        columns that say the same, 0 where it is left out.
    """

    column: str
    kind: str
    treatment: str
    features: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Source:
    """A column of the table, and what decoding made of it.

    Parameters
    ----------
    name : str
    kind : {"number", "datetime", "category", "text"}
    numbers : tuple of int
        Its number columns.
    place : int, default -1
        Which category column or text column it is.
    """

    name: str
    kind: SourceKind
    numbers: tuple[int, ...]
    place: int = -1


def sources_of(names: Names) -> list[Source]:
    """Return the columns of decoded rows: numbers and what counts as such first, then categories.

    Examples
    --------
    >>> from mainstay.prepare.step import Names
    >>> parts = tuple(f"when.{part}" for part in DATETIME_PARTS)
    >>> [(one.name, one.kind, len(one.numbers)) for one in sources_of(Names(("age", *parts), ("city",), (3,)))]
    [('age', 'number', 1), ('when', 'datetime', 6), ('city', 'category', 0)]
    """
    found, place = [], 0
    while place < len(names.numbers):
        one = _at(names, place)
        found.append(one)
        place += len(one.numbers)
    read = {one.name for one in found if one.kind == "text"}
    found += [Source(name, "text", (), at) for at, name in enumerate(names.texts) if name not in read]
    return found + [Source(name, "category", (), at) for at, name in enumerate(names.categories)]


def _at(names: Names, first: int) -> Source:
    wholes: tuple[tuple[SourceKind, tuple[str, ...]], ...] = (("datetime", DATETIME_PARTS), ("text", TEXT_PARTS))
    for kind, parts in wholes:
        column = names.numbers[first].removesuffix(f".{parts[0]}")
        if names.numbers[first : first + len(parts)] == tuple(f"{column}.{part}" for part in parts):
            place = names.texts.index(column) if kind == "text" and column in names.texts else -1
            return Source(column, kind, tuple(range(first, first + len(parts))), place)
    return Source(names.numbers[first], "number", (first,))


def coordinates_in(names: Sequence[str]) -> list[list[int]]:
    """Return the positions of columns whose names say that they are the coordinates of one place.

    "x" and "y", "home_x" and "home_y", "latitude" and "longitude"; "x1" and "x2" where there are no others.

    Examples
    --------
    >>> coordinates_in(["age", "start lat", "end lat", "start lon", "end lon", "index"])
    [[1, 3], [2, 4]]
    >>> coordinates_in(["x1", "x2"]), coordinates_in(["x", "weight"])
    ([[0, 1]], [])
    """
    groups: dict[tuple[str, ...], list[int]] = {}
    for place, name in enumerate(names):
        found = _AXIS.fullmatch(name.strip().casefold())
        if found:
            kind = "plane" if found["axis"] in "xyz" else "globe"
            groups.setdefault((kind, found["before"] or "", found["after"] or ""), []).append(place)
    if not groups and 2 <= len(names) <= _MOST_NUMBERED:
        found_all = [_NUMBERED.fullmatch(name.strip().casefold()) for name in names]
        if all(found_all) and len({found[1] for found in found_all if found}) == 1:
            return [list(range(len(names)))]
    return [places for places in groups.values() if len(places) > 1]
