"""The executor for plain rows: dictionaries in, arrays out, without Polars. This is the serving path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.arrays import Arrays
from mainstay.contracts.errors import SchemaError
from mainstay.data.decode_cell import Flaw, shown
from mainstay.data.decode_plan import problems_of
from mainstay.data.decode_record import Decoded
from mainstay.data.decode_terms import terms_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.contracts.arrays import Terms
    from mainstay.data.decode_plan import Plan

__all__ = ["decode_rows"]

_NAN = float("nan")


def decode_rows(plan: Plan, rows: Sequence[Mapping[str, object]]) -> Decoded:
    """Return rows as arrays.

    Raises
    ------
    SchemaError
        When a row is not a mapping from column names to values.
    """
    numbers: list[Any] = []
    codes: list[Any] = []
    flaws: list[tuple[int, int, Flaw]] = []
    extra: dict[str, None] = {}
    steps = [
        (position, step.name, step.reader.read, 0 if step.block == "categories" else step.width)
        for position, step in enumerate(plan.steps)
    ]
    for index, row in enumerate(rows):
        _check_row(index, row)
        for position, name, read, width in steps:
            reading: Any = read(row.get(name))
            if type(reading) is Flaw:
                flaws.append((index, position, reading))
                reading = reading.value
            if width == 1:
                numbers.append(_NAN if reading is None else reading)
            elif width == 0:
                codes.append(-1 if reading is None else reading)
            else:
                numbers.extend((_NAN,) * width if reading is None else reading)
        if not row.keys() <= plan.known:
            extra.update(dict.fromkeys(name for name in row if name not in plan.known))
    texts = tuple(
        terms_of((reader.text(row.get(reader.column.name)) for row in rows), reader.column.terms)
        for reader in plan.texts
    )
    return _decoded(plan, (numbers, codes, texts), flaws, len(rows), tuple(extra))


def _check_row(index: int, row: object) -> None:
    if type(row) is not dict and not isinstance(row, Mapping):
        raise SchemaError(
            f"a row is an object of names and values, and {shown(row)} came",
            where=f"row {index + 1}",
            hint='Give each row as {"column": value, ...}.',
        )


def _decoded(
    plan: Plan,
    cells: tuple[list[float], list[int], tuple[Terms, ...]],
    flaws: list[tuple[int, int, Flaw]],
    rows: int,
    extra: tuple[str, ...],
) -> Decoded:
    # Numbers are read as float64 and rounded once, here as in the column executor.
    numbers = np.array(cells[0], dtype=np.float64).reshape(rows, len(plan.number_names)).astype(np.float32)
    numbers += 0.0  # what is too small for float32 has become 0, which has one sign
    codes = np.array(cells[1], dtype=np.int64).reshape(rows, len(plan.category_names))
    rejected = np.zeros(rows, dtype=np.bool_)
    for index, _, flaw in flaws:
        rejected[index] |= flaw.action == "reject"
    arrays = Arrays(
        numbers, plan.number_names, codes, plan.category_names, plan.category_levels,
        cells[2], plan.text_names, plan.text_terms,
    )  # fmt: skip
    return Decoded(arrays, problems_of(plan.steps, flaws), rejected, extra)
