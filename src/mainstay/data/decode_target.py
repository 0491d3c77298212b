"""Decoding the target: the one column that is an answer, not an input, and so has rules of its own.

A row without a usable target is left out of training and of scores; it is never refused and never an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from mainstay.contracts.errors import SchemaError
from mainstay.data.decode_number import FLOAT64_LARGEST, NumberReader
from mainstay.data.decode_plan import reader_of
from mainstay.data.decode_record import DecodedTarget

if TYPE_CHECKING:
    import polars as pl

    from mainstay.contracts.schema import Schema
    from mainstay.data.decode_cell import Reader

__all__ = ["decode_target"]


def decode_target(schema: Schema, frame: pl.DataFrame) -> DecodedTarget:
    """Return the target column as class codes or numbers.

    Parameters
    ----------
    schema : Schema
        With a target of kind "category" or "boolean" (classes) or "number".
    frame : polars.DataFrame
        With the target column, as text or typed.

    Returns
    -------
    DecodedTarget
        Codes int64, -1 where missing or not among the known classes; or numbers float64, NaN where missing or not
        a number.

    Raises
    ------
    SchemaError
        When the schema has no target, its kind cannot be one, or the frame has no such column.

    Examples
    --------
    >>> import polars as pl
    >>> from mainstay.contracts.schema import Column, Schema
    >>> target = Column(name="churn", kind="category", role="target", categories=("No", "Yes"))
    >>> decoded = decode_target(Schema(columns=(target,)), pl.DataFrame({"churn": ["Yes", "No", None, "Maybe"]}))
    >>> decoded.values.tolist(), decoded.usable.tolist()
    ([1, 0, -1, -1], [True, True, False, False])
    """
    from mainstay.data.decode_columns import read_column

    reader = _target_reader(schema)
    name = reader.column.name
    if name not in frame.columns:
        raise SchemaError(
            f"the target column {name!r} is not in the table",
            hint=f"The columns are: {', '.join(map(repr, frame.columns))}.",
        )
    values = read_column(reader, frame.get_column(name))[0][:, 0]
    if reader.column.kind == "number":
        return DecodedTarget(values, ~np.isnan(values))
    if reader.column.kind == "boolean":
        values = np.where(np.isnan(values), -1, values).astype(np.int64)
    return DecodedTarget(values, values >= 0)


def _target_reader(schema: Schema) -> Reader:
    column = schema.target
    if column is None:
        raise SchemaError("the schema has no target", hint='Give one column role = "target".')
    if column.kind not in {"category", "boolean", "number"}:
        raise SchemaError(
            f"the target {column.name!r} is of kind {column.kind!r}",
            where=column.name,
            hint="A target is a category, a boolean or a number.",
        )
    free = replace(
        column, nullable=True, low=None, high=None, on_bad="missing", on_missing="missing", on_unseen="missing"
    )
    return NumberReader(free, largest=FLOAT64_LARGEST) if column.kind == "number" else reader_of(free)
