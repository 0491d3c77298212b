"""What a cell of each column may be, as JSON Schema: what the decoder takes, for it is the decoder that is asked.

A document that is stricter than the server turns clients away from values that work; one that is laxer promises what
is refused. So every branch that depends on a policy is tried on the decoder of the column before it is written down.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from mainstay.contracts.schema import Column, Schema
from mainstay.data.decode import Decoder
from mainstay.serve.describe import is_required

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["cell_schema", "row_schema"]

Document = dict[str, Any]

_LARGEST = 3.4028234663852886e38
_SCALARS = ("string", "number", "boolean", "null")
_NONSENSE = "\u2603 no value of any column"
_SHOWN_LEVELS = 20
_BLANK = "[ \\t\\n\\r\\v\\f\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff]*"
_KINDS = {
    "number": "A number, or a text that is one",
    "boolean": "true or false, or one of their words",
    "category": "A category",
    "datetime": "A date with or without a time, as text",
    "text": "Free text",
}
_POLICIES = {
    "reject": "refused",
    "warn": "answered with a warning",
    "missing": "read as missing",
}


def row_schema(schema: Schema, example: Document) -> Document:
    """Return one row as JSON Schema.

    Parameters
    ----------
    schema : Schema
    example : dict
        A row that is accepted.

    Examples
    --------
    >>> row = row_schema(Schema(columns=(Column(name="age", kind="number", low=18, high=90),)), {"age": 31})
    >>> row["properties"]["age"]["type"], row["additionalProperties"]
    (['number', 'string', 'boolean', 'null'], False)
    """
    unused = [column.name for column in schema.columns if column.role != "feature"]
    row: Document = {
        "type": "object",
        "description": "One row: a value for each column.",
        "properties": {
            column.name: cell_schema(column) if column.role == "feature" else _unused(column)
            for column in schema.columns
        },
        "additionalProperties": False,
        "examples": [example],
    }
    required = [column.name for column in schema.features if is_required(column)]
    if required:
        row["required"] = required
    elif schema.features:
        row["minProperties"] = 1
        if unused:  # a row needs a column that is used; this refuses one that has only others
            row["not"] = {"propertyNames": {"enum": unused}}
    return row


def _unused(column: Column) -> Document:
    if column.role == "time":
        words = "The time of the row: a model of a series needs it, any other does not use it."
        return {"type": list(_SCALARS), "description": words}
    return {"type": list(_SCALARS), "description": f"May come and is not used: its role is {column.role}."}


def cell_schema(column: Column) -> Document:
    """Return what a feature's cell may be, as JSON Schema with words for people.

    Parameters
    ----------
    column : Column
        A feature.

    Examples
    --------
    >>> cell = cell_schema(Column(name="age", kind="number", on_bad="reject", on_range="reject", low=18, high=90))
    >>> cell["minimum"], cell["maximum"], cell["type"]
    (18, 90, ['number', 'string', 'null'])
    """
    probe = _Probe(column)
    match column.kind:
        case "number":
            found = _number(column, probe)
        case "boolean":
            found = _boolean(column, probe)
        case "category":
            found = _category(column, probe)
        case "datetime":
            found = _datetime(column, probe)
        case _:
            found = {"type": _types(["string"], takes_any=True, takes_none=probe.takes(None))}
    return {"description": _words(column), **found, **_never_missing(column, probe), "x-column": _facts(column)}


def _never_missing(column: Column, probe: _Probe) -> Document:
    """Return what keeps out the texts and numbers that mean "no value", where a value is needed."""
    if probe.takes(None):
        return {}
    words = list(dict.fromkeys(["", "nan", "NaN", "NAN", "NaT", *(word.strip() for word in column.missing)]))
    refused = [word for word, taken in zip(words, probe.taken(words), strict=True) if not taken]
    more = {"number": "*", "category": "+", "boolean": "+"}.get(column.kind, "")
    ways = "|".join(_escaped(word) + (_zeros(word, more) if more else "") for word in refused)
    never: list[Document] = [{"type": "string", "pattern": f"^{_BLANK}(?:{ways}){_BLANK}$"}] if refused else []
    numbers = [number for number in _missing_numbers(column) if not probe.takes(number)]
    never += [{"enum": numbers}] if numbers else []
    return {"not": {"anyOf": never} if never[1:] else never[0]} if never else {}


class _Probe:
    """Asks the decoder of one column."""

    def __init__(self, column: Column) -> None:
        self._name = column.name
        self._decoder = Decoder(Schema(columns=(column,)))

    def takes(self, value: object) -> bool:
        """Return whether a row with this value is answered."""
        return self.taken([value]) == [True]

    def taken(self, values: Sequence[object]) -> list[bool]:
        """Return the same for several values."""
        found: list[bool] = (~self._decoder.from_rows([{self._name: value} for value in values]).rejected).tolist()
        return found


def _number(column: Column, probe: _Probe) -> Document:
    takes_any, takes_none = probe.takes(_NONSENSE), probe.takes(None)
    low, high = _bounds(column, takes_any)
    found: Document = {"type": _types(["number", "string"], takes_any, takes_none)}
    if low is not None:
        found["minimum"] = low
    if high is not None:
        found["maximum"] = high
    if not takes_any:
        found["pattern"] = _number_pattern(column, missing=takes_none)
    beyond = [number for number in _missing_numbers(column) if takes_none and not _within(number, low, high)]
    others: list[Document] = [{"enum": beyond}] if beyond else []
    if takes_any and (low is not None or high is not None):
        # No number of the model's own kind: read as missing, as any other bad value is.
        others += [{"type": "number", "exclusiveMinimum": _LARGEST}, {"type": "number", "exclusiveMaximum": -_LARGEST}]
    return {"anyOf": [found, *others]} if others else found


def _types(types: list[str], takes_any: bool, takes_none: bool) -> list[str]:
    """Return JSON types: the usual ones first, then those that are answered all the same."""
    further = [kind for kind in _SCALARS if kind not in types and kind != "null"] if takes_any else []
    return [*types, *further, *(["null"] if takes_none else [])]


def _bounds(column: Column, takes_any: bool) -> tuple[float | None, float | None]:
    low, high = (-_LARGEST, _LARGEST) if not takes_any else (None, None)
    if column.on_range == "reject":
        low = low if column.low is None or not math.isfinite(column.low) else column.low
        high = high if column.high is None or not math.isfinite(column.high) else column.high
    return low, high


def _within(number: float, low: float | None, high: float | None) -> bool:
    return (low is None or number >= low) and (high is None or number <= high)


def _missing_numbers(column: Column) -> list[float]:
    numbers = []
    for word in column.missing:
        try:
            number = float(word.strip())
        except ValueError:
            continue
        if math.isfinite(number):
            numbers.append(int(number) if number.is_integer() else number)
    return numbers


def _number_pattern(column: Column, *, missing: bool) -> str:
    """Return what a number written as text looks like, in the regular expressions of JSON Schema."""
    whole = "[0-9]+"
    if column.thousands:
        gap = f"[{_in_class(column.thousands)}]"
        whole = f"(?:[0-9]{{1,3}}(?:{gap}[0-9]{{2,3}})*{gap}[0-9]{{3}}|[0-9]+)"
    mark = _escaped(column.decimal)
    body = f"(?:{whole}(?:{mark}[0-9]*)?|{mark}[0-9]+)(?:[eE][+-]?[0-9]{{1,2}})?"
    if column.unit.strip():
        unit = _escaped(column.unit.strip())
        body = f"(?:{unit}{_BLANK})?{body}(?:{_BLANK}{unit})?"
    words = ["", "nan", "NaN", "NAN", *column.missing] if missing else []
    ways = "|".join([f"[+-]?{body}", *(_escaped(word.strip()) for word in words)])
    return f"^{_BLANK}(?:{ways}){_BLANK}$"


def _escaped(text: str) -> str:
    """Escape what regular expressions of Python and of JavaScript both give a meaning to, and nothing else."""
    return re.sub(r"[\\^$.*+?()\[\]{}|/]", r"\\\g<0>", text)


def _in_class(mark: str) -> str:
    return {"'": "'\u2019", " ": " \u00a0\u202f\u2009"}.get(mark, mark)


def _boolean(column: Column, probe: _Probe) -> Document:
    takes_none = probe.takes(None)
    if probe.takes(_NONSENSE):
        return {"type": _types(["boolean", "string"], takes_any=True, takes_none=takes_none)}
    words = ["false", "f", "no", "n", "0", "off", "true", "t", "yes", "y", "1", "on", *column.categories]
    known = [word for word, taken in zip(words, probe.taken(words), strict=True) if taken]
    empty = ["", "nan", *column.missing] if takes_none else []
    pattern = "|".join(_caseless(word.strip()) + _zeros(word, "+") for word in dict.fromkeys([*known, *empty]))
    numbers = [number for word in column.categories if (number := _as_number(word.strip())) is not None]
    others = [0, 1, None, *numbers, *_missing_numbers(column)]
    plain = [value for value, taken in zip(others, probe.taken(others), strict=True) if taken]
    ways: list[Document] = [{"type": "boolean"}, {"type": "string", "pattern": f"^{_BLANK}(?:{pattern}){_BLANK}$"}]
    return {"anyOf": [*ways, {"enum": _distinct(plain)}] if plain else ways}


def _zeros(word: str, more: str) -> str:
    """Return what may follow a whole number without changing it: "-9.0" means what "-9" means."""
    return f"(?:\\.0{more})?" if word.strip().lstrip("-").isdigit() else ""


def _caseless(word: str) -> str:
    pairs = ((letter.lower(), letter.upper()) for letter in word)
    return "".join(
        f"[{low}{high}]" if low != high and len(low + high) == 2 else _escaped(letter)
        for letter, (low, high) in zip(word, pairs, strict=True)
    )


def _category(column: Column, probe: _Probe) -> Document:
    takes_none = probe.takes(None)
    if probe.takes(_NONSENSE):
        return {
            "type": _types(["string"], takes_any=True, takes_none=takes_none),
            "examples": list(column.categories[:_SHOWN_LEVELS]),
        }
    words: list[Any] = list(dict.fromkeys(word.strip() for word in column.categories))
    numbers = [number for word in words if (number := _as_number(word)) is not None] + _missing_numbers(column)
    others = ["", *(word.strip() for word in column.missing), None, True, False]
    asked = [*words, *numbers, *others]
    taken = [value for value, known in zip(asked, probe.taken(asked), strict=True) if known]
    return {"enum": _distinct(taken)}


def _distinct(values: list[Any]) -> list[Any]:
    """Return each value once; in JSON 1 and true are two values, and 1 and 1.0 are one."""
    return list({(isinstance(value, bool), type(value) is str, value): value for value in values}.values())


def _as_number(word: str) -> float | None:
    if not re.fullmatch(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?", word):
        return None
    number = float(word)
    return int(number) if number.is_integer() else number


def _datetime(column: Column, probe: _Probe) -> Document:
    takes_none = probe.takes(None)
    if probe.takes(_NONSENSE):
        return {"type": _types(["string"], takes_any=True, takes_none=takes_none)}
    numbers = any(probe.taken([20240131, 1_706_000_000, 2024]))
    found: Document = {"type": ["string", *(["number"] if numbers else []), *(["null"] if takes_none else [])]}
    missing = [number for number in _missing_numbers(column) if probe.takes(number)]
    return {"anyOf": [found, {"enum": missing}]} if missing and not numbers else found


def _words(column: Column) -> str:
    """Return what a person should know of a column, in a line."""
    parts = [_KINDS.get(column.kind, column.kind)]
    if column.kind == "category" and column.categories:
        parts = [f"{'Ordered: one' if column.ordered else 'One'} of {_listed(column.categories)}"]
    elif column.kind == "boolean" and len(column.categories) == 2:
        parts = [f"{column.categories[1]} or {column.categories[0]}, or true or false"]
    elif column.kind == "datetime" and column.formats:
        parts.append(f"as {' or '.join(column.formats)}, or as 2024-12-31 or 2024-12-31 23:59:59")
    if column.unit:
        parts.append(f"in {column.unit}")
    if column.kind == "number" and (column.low is not None or column.high is not None):
        parts.append(_range_words(column))
    return f"{', '.join(parts)}. {_rules(column)}".strip()


def _rules(column: Column) -> str:
    """Return what happens to values that do not fit, in a sentence for each policy."""
    flaws = {
        "out of range": column.on_range
        if column.kind == "number" and (column.low, column.high) != (None, None)
        else "",
        "unknown": column.on_unseen if column.kind == "category" else "",
        "unreadable": column.on_bad if column.kind in ("number", "boolean", "datetime") else "",
        "missing": "missing" if column.nullable else column.on_missing,
    }
    found = []
    for policy, done in _POLICIES.items():
        named = [flaw for flaw, what in flaws.items() if what == policy and (policy != "missing" or flaw != "missing")]
        if named:
            listed = " or ".join([", ".join(named[:-1]), named[-1]] if named[1:] else named)
            found.append(f"{listed[0].upper()}{listed[1:]}: {done}.")
    if flaws["missing"] == "missing":
        found.append("May be missing.")
    return " ".join(found)


def _range_words(column: Column) -> str:
    low = "" if column.low is None else f" from {column.low:g}"
    return f"seen{low}" + ("" if column.high is None else f" to {column.high:g}")


def _listed(words: Sequence[str]) -> str:
    shown = ", ".join(words[:_SHOWN_LEVELS])
    more = len(words) - _SHOWN_LEVELS
    return f"{shown} and {more:,} more" if more > 0 else shown


def _facts(column: Column) -> Document:
    """Return what the page of documentation shows of a column."""
    return {
        "kind": column.kind,
        "low": column.low if column.low is not None and math.isfinite(column.low) else None,
        "high": column.high if column.high is not None and math.isfinite(column.high) else None,
        "unit": column.unit,
        "levels": list(column.categories[:_SHOWN_LEVELS]),
        "more_levels": max(0, len(column.categories) - _SHOWN_LEVELS),
        "formats": list(column.formats),
        "nullable": column.nullable,
        "required": is_required(column),
        "rules": _rules(column),
    }
