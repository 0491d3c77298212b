"""Scores of a model file on raw rows: which rows can be scored, what the model says of them, and how good that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.errors import DataError, SchemaError
from mainstay.data.decode import decode_target
from mainstay.data.quality_values import as_codes, present

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.bundle.open import Bundle

__all__ = ["Scored", "evaluate_frame", "scored_rows"]


@dataclass(frozen=True, slots=True)
class Scored:
    """The rows that a model can be scored on, and what it says of them.

    Parameters
    ----------
    rows : int64 array of shape (m,)
        Their positions in the table.
    target : array of shape (m,)
        The true class codes or amounts.
    answers : float64 array of shape (m, classes) or (m,)
        Probabilities or amounts.
    decided : int64 array of shape (m,), optional
        The class codes answered; None for amounts.
    groups : int64 array of shape (m,), optional
        Rows that are not independent.
    left_out, rejected, unknown_target : int
        Rows without a usable target, rows that the schema refuses, and rows whose target is no class of the model.
    """

    rows: NDArray[np.int64]
    target: NDArray[Any]
    answers: NDArray[np.float64]
    decided: NDArray[np.int64] | None
    groups: NDArray[np.int64] | None
    left_out: int
    rejected: int
    unknown_target: int


def scored_rows(bundle: Bundle, frame: pl.DataFrame, source: str) -> Scored:
    """Answer raw rows and return those that can be scored.

    Raises
    ------
    SchemaError
        When the target column is not there.
    DataError
        When no row is left to be scored.
    """
    outputs = bundle.outputs
    if outputs.target not in frame.columns:
        raise SchemaError(
            f"the target {outputs.target!r} is not among the columns", where=source,
            hint="To score a model the true answers are needed; use predict for rows without them.",
        )  # fmt: skip
    target = decode_target(bundle.schema, frame)
    answers = bundle.predict_frame(frame)
    rows = np.flatnonzero(target.usable & ~answers.rejected)
    if not len(rows):
        raise DataError(
            f"none of {frame.height:,} rows has both a known target and an answer", where=source,
            hint=f"Check the column {outputs.target!r}: its values must be those of training.",
        )  # fmt: skip
    given = answers.probabilities if answers.probabilities is not None else np.asarray(answers.prediction, np.float64)
    decided = None
    if outputs.labels:
        places = {label: i for i, label in enumerate(outputs.labels)}
        decided = np.array([places[answers.prediction[row]] for row in rows], np.int64)
    groups = _groups(bundle, frame)
    known = present(frame.get_column(outputs.target), bundle.schema[outputs.target]).len()
    return Scored(
        rows=rows, target=target.values[rows], answers=np.asarray(given[rows], np.float64), decided=decided,
        groups=None if groups is None else groups[rows], left_out=int((~target.usable).sum()),
        rejected=int(answers.rejected.sum()), unknown_target=known - int(target.usable.sum()),
    )  # fmt: skip


def evaluate_frame(bundle: Bundle, frame: pl.DataFrame, source: str) -> dict[str, Any]:
    """Return ``{task, rows, metrics, left_out, rejected, digest}`` of a bundle on raw rows.

    Rows without a usable target and rows that the schema refuses are left out and counted; ``unknown_target`` counts
    those whose target is there and is none that the model knows.

    Raises
    ------
    SchemaError
        When the target column is not there.
    DataError
        When no row is left to be scored.
    """
    from mainstay.evaluate.intervals import evaluate

    scored = scored_rows(bundle, frame, source)
    scores = evaluate(
        bundle.outputs.task, scored.target, scored.answers, labels=tuple(str(label) for label in bundle.outputs.labels),
        predicted=scored.decided, groups=scored.groups,
    )  # fmt: skip
    return {
        "task": bundle.outputs.task,
        "rows": len(scored.rows),
        "metrics": {name: {"value": s.value, "low": s.low, "high": s.high} for name, s in scores.items()},
        "left_out": scored.left_out,
        "unknown_target": scored.unknown_target,
        "rejected": scored.rejected,
        "digest": bundle.digest,
    }


def _groups(bundle: Bundle, frame: pl.DataFrame) -> NDArray[np.int64] | None:
    """Return the group of each row, where the model was split by group and the column is there."""
    column = bundle.schema.with_role("group")
    if column is None or column.name not in frame.columns:
        return None
    codes = as_codes(frame.get_column(column.name), column)[0]
    return np.where(codes < 0, codes.max(initial=0) + 1 + np.arange(len(codes)), codes)
