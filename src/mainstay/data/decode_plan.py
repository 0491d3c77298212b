"""The one plan of decoding: which column goes where in the arrays, and what reads it.

Both executors follow it. It is derived from the schema and from nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mainstay.contracts.errors import SchemaError
from mainstay.contracts.schema import DATETIME_PARTS, TEXT_PARTS
from mainstay.data.decode_datetime import DatetimeReader
from mainstay.data.decode_number import NumberReader
from mainstay.data.decode_record import Problem
from mainstay.data.decode_text import TextReader
from mainstay.data.decode_word import BooleanReader, CategoryReader, OrderedReader

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mainstay.contracts.schema import Column, Schema
    from mainstay.data.decode_cell import Flaw, Reader

__all__ = ["Plan", "Step", "plan_of", "problems_of", "reader_of"]


@dataclass(frozen=True, slots=True)
class Step:
    """What is done with one column.

    Parameters
    ----------
    name : str
        The column.
    block : {"numbers", "categories"}
        The array that it fills.
    start, width : int
        The positions there: ``start`` to ``start + width``, the end not counted.
    reader : Reader
        What turns a cell into values.
    """

    name: str
    block: Literal["numbers", "categories"]
    start: int
    width: int
    reader: Reader


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps, in the order of the schema, and the names of what they fill; ``texts`` read terms as well."""

    steps: tuple[Step, ...]
    number_names: tuple[str, ...]
    category_names: tuple[str, ...]
    category_levels: tuple[int, ...]
    known: frozenset[str]
    texts: tuple[TextReader, ...] = ()

    @property
    def text_names(self) -> tuple[str, ...]:
        """The columns whose terms are used."""
        return tuple(reader.column.name for reader in self.texts)

    @property
    def text_terms(self) -> tuple[int, ...]:
        """How many terms each of them can have."""
        return tuple(reader.column.terms for reader in self.texts)


def plan_of(schema: Schema) -> Plan:
    """Return the plan of a schema's features.

    Raises
    ------
    SchemaError
        When a feature is of a kind that has no numbers (identifier, image), or two outputs share a name.
    """
    steps: list[Step] = []
    numbers: list[str] = []
    categories: list[Column] = []
    for column in schema.features:
        reader = OrderedReader(column) if column.kind == "category" and column.ordered else reader_of(column)
        if isinstance(reader, CategoryReader):
            steps.append(Step(column.name, "categories", len(categories), 1, reader))
            categories.append(column)
        else:
            names = _number_names(column)
            steps.append(Step(column.name, "numbers", len(numbers), len(names), reader))
            numbers += names
    _check_unique(numbers)
    return Plan(
        tuple(steps),
        tuple(numbers),
        tuple(column.name for column in categories),
        tuple(len(column.categories) for column in categories),
        frozenset(column.name for column in schema.columns),
        tuple(step.reader for step in steps if isinstance(step.reader, TextReader) and step.reader.column.terms),
    )


def reader_of(column: Column) -> Reader:
    """Return what reads a column's cells.

    Raises
    ------
    SchemaError
        When the column's kind has no values for a model, or a datetime format is malformed.
    """
    match column.kind:
        case "number":
            return NumberReader(column)
        case "boolean":
            return BooleanReader(column)
        case "category":
            return CategoryReader(column)
        case "datetime":
            return DatetimeReader(column)
        case "text":
            return TextReader(column)
    raise SchemaError(
        f"column {column.name!r} is a feature of kind {column.kind!r}, which has no values for a model",
        where=column.name,
        hint="Give it the role 'ignored', or the kind 'number', 'category' or 'text'.",
    )


def problems_of(steps: tuple[Step, ...], flaws: Iterable[tuple[int, int, Flaw]]) -> tuple[Problem, ...]:
    """Return flaws, given as row, position of the step and flaw, as problems by row and column."""
    ordered = sorted(flaws, key=lambda found: found[:2])
    return tuple(
        Problem(row, steps[position].name, flaw.code, flaw.message, flaw.action, flaw.came)
        for row, position, flaw in ordered
    )


def _number_names(column: Column) -> list[str]:
    if column.kind == "datetime":
        return [f"{column.name}.{part}" for part in DATETIME_PARTS]
    if column.kind == "text":
        return [f"{column.name}.{part}" for part in TEXT_PARTS]
    return [column.name]


def _check_unique(names: list[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if repeated:
        raise SchemaError(
            f"the name {repeated[0]!r} is that of a column and of a part of another",
            hint="Rename one of the two columns.",
        )
