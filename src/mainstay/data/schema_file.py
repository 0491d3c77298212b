"""The schema as a text file, so that a person can read it, edit it and keep it under version control.

One ``[[column]]`` table for each column; fields that have their default are left out. What comes back is checked
field by field, because a schema that a person wrote is where mistakes are made.
"""

from __future__ import annotations

import math
import re
import tomllib
from difflib import get_close_matches
from typing import Any, get_args

import msgspec

from mainstay.contracts.errors import SchemaError
from mainstay.contracts.schema import Column, Kind, Policy, Role, Schema
from mainstay.data.decode_cell import BLANKS
from mainstay.data.decode_plan import plan_of

__all__ = ["from_toml", "to_toml"]

_HEADER = "# The input contract: one [[column]] for each column, in the order of the table.\n\n"
_FIELDS = Column.__struct_fields__
_CHOICES = {"kind": get_args(Kind), "role": get_args(Role)} | {
    name: get_args(Policy) for name in _FIELDS if name.startswith("on_")
}
_DECIMALS = (".", ",")
_THOUSANDS = ("", ",", ".", "'", " ", "_")
_FEWEST_TERMS, _MOST_TERMS = 1024, 1 << 22
_WIDTH = 110
_ARRAY = re.compile(r"^(\w+) = \[\n((?:    .*\n)*)\]$", re.MULTILINE)


def to_toml(schema: Schema) -> str:
    """Return a schema as TOML.

    Examples
    --------
    >>> print(to_toml(Schema(columns=(Column(name="age", kind="number", low=18, high=90),))))
    # The input contract: one [[column]] for each column, in the order of the table.
    <BLANKLINE>
    [[column]]
    name = "age"
    kind = "number"
    low = 18.0
    high = 90.0
    <BLANKLINE>
    """
    import tomli_w

    if not schema.columns:
        return _HEADER + "column = []\n"
    tables = [_ARRAY.sub(_folded, tomli_w.dumps(_table(column))) for column in schema.columns]
    return _HEADER + "\n".join(f"[[column]]\n{table}" for table in tables)


def _table(column: Column) -> dict[str, Any]:
    fields = msgspec.to_builtins(column)
    for bound in ("low", "high"):
        if fields.get(bound) is not None:
            fields[bound] = float(fields[bound])
    return {name: fields[name] for name in _FIELDS if fields.get(name) is not None}


def _folded(found: re.Match[str]) -> str:
    """Return an array with several items on a line; in a line there is one whole item, for quotes are escaped."""
    items = [line.strip() for line in found[2].strip().split("\n")]
    short = " ".join(items).rstrip(",")
    if len(short) + len(found[1]) < _WIDTH:
        return f"{found[1]} = [{short}]"
    lines = [""]
    for item in items:
        if len(lines[-1]) + len(item) > _WIDTH:
            lines.append("")
        lines[-1] += f" {item}" if lines[-1] else f"  {item}"
    return f"{found[1]} = [\n" + "\n".join(lines) + "\n]"


def from_toml(text: str, where: str = "") -> Schema:
    r"""Return the schema that a TOML text describes.

    Parameters
    ----------
    text : str
    where : str, default ""
        The file's name, for messages.

    Raises
    ------
    SchemaError
        When the text is no TOML, or a field is unknown, missing, of the wrong type or out of its range; the message
        names the column and the field.

    Examples
    --------
    >>> from_toml('[[column]]\nname = "age"\nkind = "nmber"')
    Traceback (most recent call last):
    mainstay.contracts.errors.SchemaError: column 1 ('age'), kind: 'nmber' is not known. Did you mean 'number'?
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SchemaError(f"this is not TOML: {error}", where=where, hint="Mend the line that is named.") from None
    unknown = sorted(set(content) - {"column"})
    tables = content.get("column")
    if unknown or not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        came = f"{unknown[0]!r} came" if unknown else "there is none"
        raise SchemaError(
            f"a schema is a list of [[column]] tables and nothing else, and {came}",
            where=where,
            hint='Begin each column with [[column]], then name = "..." and kind = "...".',
        )
    columns = tuple(_column(table, position, where) for position, table in enumerate(tables, start=1))
    return _schema(columns, where)


def _schema(columns: tuple[Column, ...], where: str) -> Schema:
    """Return the columns as a schema that can be decoded."""
    try:
        schema = Schema(columns=columns)
        plan_of(schema)
    except SchemaError as error:
        place = f"{where}: {error.where}" if where and error.where else where or error.where
        raise SchemaError(error.message, where=place, hint=error.hint) from None
    return schema


class _Place:
    """Where in the file a field stands, for messages."""

    def __init__(self, table: dict[str, Any], position: int, where: str) -> None:
        name = table.get("name")
        column = f"column {position} ({name!r})" if isinstance(name, str) else f"column {position}"
        self.text = f"{where}: {column}" if where else column

    def error(self, field: str, message: str, hint: str) -> SchemaError:
        return SchemaError(message, where=f"{self.text}, {field}", hint=hint)


def _column(table: dict[str, Any], position: int, where: str) -> Column:
    place = _Place(table, position, where)
    for field in table:
        if field not in _FIELDS:
            raise place.error(field, "there is no such field", _near(field, _FIELDS))
    for field in ("name", "kind"):
        if field not in table:
            raise place.error(field, "it is missing", f'Add {field} = "...".')
    for field, known in _CHOICES.items():
        if field in table and table[field] not in known:
            raise place.error(field, f"{table[field]!r} is not known", _near(str(table[field]), known))
    try:
        column = msgspec.convert(table, Column)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        field = path.rstrip("`") or "field"
        raise place.error(field, message[:1].lower() + message[1:], "Correct its type.") from None
    _check(column, place)
    return column


def _near(word: str, known: tuple[str, ...]) -> str:
    match = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"Did you mean {match[0]!r}?" if match else f"Known are: {', '.join(known)}."


def _check(column: Column, place: _Place) -> None:
    """Refuse values that the types allow and that mean nothing."""
    if not column.name:
        raise place.error("name", "it is empty", "Give the name as in the header of the table.")
    if column.decimal not in _DECIMALS:
        raise place.error("decimal", f"{column.decimal!r} is no decimal mark", "Take '.' or ','.")
    if column.thousands not in _THOUSANDS or column.thousands == column.decimal:
        marks = ", ".join(repr(mark) for mark in _THOUSANDS if mark != column.decimal)
        raise place.error("thousands", f"{column.thousands!r} cannot stand between thousands", f"Take one of {marks}.")
    for field in ("low", "high"):
        bound = getattr(column, field)
        if bound is not None and not math.isfinite(bound):
            raise place.error(field, f"{bound} is no bound", "Leave the field out where there is no bound.")
    if column.low is not None and column.high is not None and column.low > column.high:
        raise place.error("low", f"{column.low:g} is above high, which is {column.high:g}", "Exchange the two.")
    if column.terms and not (column.kind == "text" and _FEWEST_TERMS <= column.terms <= _MOST_TERMS):
        raise place.error(
            "terms",
            f"{column.terms} came for a column of kind {column.kind!r}",
            f"Only a text has terms: 0 for none, or {_FEWEST_TERMS} to {_MOST_TERMS:,}.",
        )
    if column.ordered and (column.kind != "category" or len(column.categories) < 2):
        raise place.error(
            "ordered",
            f"the column is of kind {column.kind!r} with {len(column.categories)} categories",
            'Only a category with its levels in their order, categories = ["low", "medium", "high"], is ordered.',
        )
    _check_categories(column, place)


def _check_categories(column: Column, place: _Place) -> None:
    levels = [level.strip(BLANKS) for level in column.categories]
    repeated = sorted({level for level in levels if levels.count(level) > 1}) if len(set(levels)) < len(levels) else []
    if repeated:
        raise place.error(
            "categories", f"{repeated[0]!r} is there more than once", "Keep one of each; blanks do not count."
        )
    if "" in levels:
        raise place.error("categories", "one of them is empty", "An empty cell is a missing value, not a category.")
    if column.kind == "boolean" and len(levels) not in {0, 2}:
        raise place.error(
            "categories", f"a boolean has two words, and {len(levels)} came", "Give the false word, then the true word."
        )
