"""The true answers that come beside a model from elsewhere, and what is said when they or the rows do not fit it.

An answer that the model does not know cannot be scored. To leave such rows out without a word would report a score of
other rows than the caller means, or none at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.errors import DataError, UsageError
from mainstay.contracts.findings import Finding
from mainstay.data.decode import decode_target

if TYPE_CHECKING:
    import polars as pl

    from mainstay.contracts.schema import Column, Schema
    from mainstay.data.decode import Decoded, DecodedTarget

__all__ = ["every_row_refused", "true_answers"]


def true_answers(given: Any, schema: Schema, rows: int) -> tuple[DecodedTarget | None, tuple[Finding, ...]]:
    """Return the true answers as codes or amounts, and what is wrong with some; None where none were given.

    Raises
    ------
    UsageError
        When they are not one answer for each row, or the model knows none of them.
    """
    target = schema.target
    if given is None or target is None:
        return None, ()
    cells = _column(given, rows)
    found = decode_target(schema, cells.alias(target.name).to_frame())
    present = ~cells.is_null().to_numpy() & ~np.array([cell != cell for cell in cells.to_list()], bool)  # noqa: PLR0124
    strange = np.flatnonzero(present & ~found.usable)
    if not len(strange):
        return found, ()
    came = ", ".join(list(dict.fromkeys(repr(cells[int(at)]) for at in strange[:200]))[:5])
    if not found.usable.any():
        raise UsageError(f"y holds {came}, and {_known(target)}", where="y", hint=_hint(target))
    return found, (
        Finding(
            severity="warning",
            code="pack.answers",
            message=f"{len(strange):,} of {rows:,} answers in y, such as {came}, are none that the model gives: "
            f"{_known(target)}; these rows were not scored",
            advice=_hint(target),
            rows=tuple(int(at) + 1 for at in strange[:5]),
        ),
    )


def every_row_refused(decoded: Decoded) -> DataError:
    """Return the error for rows of which the model takes none, with the reason of the first."""
    first = decoded.problems[0] if decoded.problems else None
    return DataError(
        "the model answers none of the rows of X", where="X",
        hint=""
        if first is None
        else f"The first, row {first.row + 1}, column {first.column!r}: {first.message}. Give rows that the model "
        "takes, or put what fills missing cells into the model (a pipeline) before it is packed.",
    )  # fmt: skip


def _column(given: Any, rows: int) -> pl.Series:
    import polars as pl

    if isinstance(given, pl.Series):
        cells = given
    else:
        array = np.asarray(given)
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if array.ndim != 1:
            raise UsageError(
                f"one answer for each row was expected, and {type(given).__name__} of shape {array.shape} came",
                where="y", hint="Give a list, an array or a column with as many values as X has rows.",
            )  # fmt: skip
        cells = pl.Series(array.tolist(), strict=False)
    if len(cells) != rows:
        raise UsageError(f"there are {rows} rows and {len(cells)} answers", where="y")
    return cells


def _known(target: Column) -> str:
    if target.kind == "number":
        return "the model answers with numbers"
    words = [repr(word) for word in target.categories]
    more = f" and {len(words) - 8} more" if len(words) > 8 else ""
    return f"the classes of the model are {', '.join(words[:8])}{more}"


def _hint(target: Column) -> str:
    if target.kind == "number":
        return "Give the amounts as numbers."
    return "Give y in the words of the model's classes, or name the classes of a booster in its order: labels=[...]."
