"""Answers as columns of a table, and scores from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.errors import DataError, SchemaError
from mainstay.data.decode import decode_target
from mainstay.data.quality_values import as_codes, present

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.bundle.open import Bundle
    from mainstay.bundle.predict import Answers
    from mainstay.bundle.records import Outputs

__all__ = ["answer_frame", "evaluate_frame", "with_answers", "with_parts"]


def answer_frame(answers: Answers, outputs: Outputs) -> pl.DataFrame:
    """Return ``prediction`` and ``probability_<label>``; null where a row was refused."""
    import polars as pl

    refused = pl.Series(answers.rejected)
    if outputs.task == "regression":
        amounts = pl.Series("prediction", np.asarray(answers.prediction, np.float64))
        return pl.DataFrame({"prediction": pl.select(pl.when(~refused).then(amounts)).to_series()})
    labels = [None if no else label for label, no in zip(answers.prediction, answers.rejected, strict=True)]
    columns: dict[str, Any] = {"prediction": pl.Series(labels, strict=False)}
    if answers.probabilities is not None:
        for i, label in enumerate(outputs.labels):
            chance = pl.Series(np.asarray(answers.probabilities[:, i], np.float32))
            columns[f"probability_{label}"] = pl.select(pl.when(~refused).then(chance)).to_series()
    return pl.DataFrame(columns)


def with_answers(frame: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with their answers; a column of the input that has an answer's name is kept under another."""
    taken: dict[str, str] = {}
    for name in answers.columns:
        if name in frame.columns:
            taken[name] = _free(f"{name} (input)", {*frame.columns, *answers.columns, *taken.values()})
    return frame.rename(taken).hstack(answers)


def with_parts(frame: pl.DataFrame, train: NDArray[np.int64], test: NDArray[np.int64]) -> pl.DataFrame:
    """Return the rows with a column that says which were learned from: "train", "test" or "left out".

    The answers for rows that were learned from flatter the model, and must not be taken for a test.
    """
    import polars as pl

    parts = np.full(frame.height, "left out", dtype=object)
    parts[train], parts[test] = "train", "test"
    return frame.with_columns(pl.Series(_free("part", set(frame.columns)), parts.tolist(), pl.String))


def _free(name: str, used: set[str]) -> str:
    """Return the name, or the first of its numbered forms that is not used."""
    return next(one for one in (name, *(f"{name} {number}" for number in range(2, len(used) + 3))) if one not in used)


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

    outputs = bundle.outputs
    if outputs.target not in frame.columns:
        raise SchemaError(
            f"the target {outputs.target!r} is not among the columns", where=source,
            hint="To score a model the true answers are needed; use predict for rows without them.",
        )  # fmt: skip
    target = decode_target(bundle.schema, frame)
    answers = bundle.predict_frame(frame)
    scored = np.flatnonzero(target.usable & ~answers.rejected)
    if not len(scored):
        raise DataError(
            f"none of {frame.height:,} rows has both a known target and an answer", where=source,
            hint=f"Check the column {outputs.target!r}: its values must be those of training.",
        )  # fmt: skip
    given = answers.probabilities if answers.probabilities is not None else np.asarray(answers.prediction, np.float64)
    labels = tuple(str(label) for label in outputs.labels)
    decided = None
    if labels:
        places = {label: i for i, label in enumerate(outputs.labels)}
        decided = np.array([places[answers.prediction[row]] for row in scored], np.int64)
    groups = _groups(bundle, frame)
    scores = evaluate(
        outputs.task, target.values[scored], given[scored], labels=labels, predicted=decided,
        groups=None if groups is None else groups[scored],
    )  # fmt: skip
    unknown = present(frame.get_column(outputs.target), bundle.schema[outputs.target]).len() - int(target.usable.sum())
    return {
        "task": outputs.task,
        "rows": len(scored),
        "metrics": {name: {"value": s.value, "low": s.low, "high": s.high} for name, s in scores.items()},
        "left_out": int((~target.usable).sum()),
        "unknown_target": unknown,
        "rejected": int(answers.rejected.sum()),
        "digest": bundle.digest,
    }


def _groups(bundle: Bundle, frame: pl.DataFrame) -> NDArray[np.int64] | None:
    """Return the group of each row, where the model was split by group and the column is there."""
    column = bundle.schema.with_role("group")
    if column is None or column.name not in frame.columns:
        return None
    codes = as_codes(frame.get_column(column.name), column)[0]
    return np.where(codes < 0, codes.max(initial=0) + 1 + np.arange(len(codes)), codes)
