"""Answers as columns of a table, and scores from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.errors import DataError, SchemaError
from mainstay.data.decode import decode_target

if TYPE_CHECKING:
    import polars as pl

    from mainstay.bundle.open import Bundle
    from mainstay.bundle.predict import Answers
    from mainstay.bundle.records import Outputs

__all__ = ["answer_frame", "evaluate_frame", "with_answers"]


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
    taken = {name: f"{name} (input)" for name in answers.columns if name in frame.columns}
    return frame.rename(taken).hstack(answers)


def evaluate_frame(bundle: Bundle, frame: pl.DataFrame, source: str) -> dict[str, Any]:
    """Return ``{task, rows, metrics, left_out, rejected, digest}`` of a bundle on raw rows.

    Rows without a usable target and rows that the schema refuses are left out and counted.

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
    scores = evaluate(outputs.task, target.values[scored], given[scored], labels=labels, predicted=decided)
    return {
        "task": outputs.task,
        "rows": len(scored),
        "metrics": {name: {"value": s.value, "low": s.low, "high": s.high} for name, s in scores.items()},
        "left_out": int((~target.usable).sum()),
        "rejected": int(answers.rejected.sum()),
        "digest": bundle.digest,
    }
