"""Scores of a model file on raw rows: which rows can be scored, what the model says of them, and how good that is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import structs, to_builtins

from mainstay.contracts.errors import DataError, SchemaError, UsageError
from mainstay.contracts.schema import Schema
from mainstay.data.decode import Decoder, decode_target
from mainstay.data.quality_values import as_codes, present

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from mainstay.bundle.open import Bundle
    from mainstay.bundle.predict import Answers
    from mainstay.bundle.records import Outputs
    from mainstay.evaluate.evidence import Evidence
    from mainstay.evaluate.intervals import Score

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
    weight : float64 array of shape (m,), optional
        The weight of each row, where the schema has a column for it and the rows have it.
    inside : bool array of shape (m,), optional
        Whether the true answer is in the row's prediction set or interval, where the model has them.
    width : float64 array of shape (m,), optional
        How wide its interval is, or how many classes its set has.
    left_out, rejected, unknown_target : int
        Rows without a usable target or, where rows have weights, without one above 0; rows that the schema refuses;
        and rows whose target is no class of the model.
    """

    rows: NDArray[np.int64]
    target: NDArray[Any]
    answers: NDArray[np.float64]
    decided: NDArray[np.int64] | None
    groups: NDArray[np.int64] | None
    left_out: int
    rejected: int
    unknown_target: int
    weight: NDArray[np.float64] | None = None
    inside: NDArray[np.bool_] | None = None
    width: NDArray[np.float64] | None = None


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
    weight = _weights(bundle, frame)
    counted = np.ones(frame.height, np.bool_) if weight is None else weight > 0
    rows = np.flatnonzero(target.usable & ~answers.rejected & counted)
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
    known = present(frame.get_column(outputs.target), bundle.schema[outputs.target]).drop_nulls().len()
    return Scored(
        rows=rows, target=target.values[rows], answers=np.asarray(given[rows], np.float64), decided=decided,
        groups=None if groups is None else groups[rows],
        left_out=int((~target.usable | ~(counted | answers.rejected)).sum()),
        rejected=int(answers.rejected.sum()), unknown_target=known - int(target.usable.sum()),
        weight=None if weight is None else weight[rows], **_held(answers, target.values, rows),
    )  # fmt: skip


def _held(answers: Answers, target: NDArray[Any], rows: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Return whether sets or intervals hold the truth, and how wide they are; nothing where the model has none."""
    true = target[rows]
    if answers.members is not None:
        sets = answers.members[rows]
        return {"inside": sets[np.arange(len(rows)), true], "width": sets.sum(axis=1).astype(np.float64)}
    if answers.low is None or answers.high is None:
        return {}
    low, high = answers.low[rows], answers.high[rows]
    return {"inside": (low <= true) & (true <= high), "width": high - low}


def evaluate_frame(
    bundle: Bundle, frame: pl.DataFrame, source: str, *, cost: str = "", at_k: Sequence[str | float] = ()
) -> dict[str, Any]:
    """Return ``{task, rows, metrics, left_out, rejected, digest}`` of a bundle on raw rows.

    Rows without a usable target or weight and rows that the schema refuses are left out and counted;
    ``unknown_target`` counts those whose target is there and is none that the model knows. Where they apply also
    ``unweighted`` (the metrics with every row counted once), ``cost`` (expected per row), ``at_k`` and ``coverage`` (of
    sets or intervals).

    Parameters
    ----------
    bundle : Bundle
    frame : polars.DataFrame
    source : str
        Where the rows come from, for messages.
    cost : str, default ""
        What errors cost, as in training; default is what the bundle was trained for.
    at_k : sequence of str or float
        Numbers or shares of rows for precision and recall among the most probable.

    Raises
    ------
    SchemaError
        When the target column is not there.
    DataError
        When no row is left to be scored.
    UsageError
        When costs or k are asked for where they do not apply.
    """
    from mainstay.evaluate.evidence import gather
    from mainstay.evaluate.intervals import score_evidence

    scored = scored_rows(bundle, frame, source)
    outputs = bundle.outputs
    labels = tuple(str(label) for label in outputs.labels)
    positive = None if outputs.positive is None else str(outputs.positive)
    evidence = gather(
        outputs.task, scored.target, scored.answers, labels=labels, positive=positive, predicted=scored.decided,
        weight=scored.weight,
    )  # fmt: skip
    plain = None if scored.weight is None else replace(evidence, weight=np.ones(evidence.rows))
    return {
        "task": outputs.task,
        "rows": len(scored.rows),
        "metrics": _shown(score_evidence(evidence, groups=scored.groups)),
        **({} if plain is None else {"unweighted": _shown(score_evidence(plain, groups=scored.groups))}),
        **_decisions(evidence, scored, outputs, cost=cost, at_k=at_k),
        "left_out": scored.left_out,
        "unknown_target": scored.unknown_target,
        "rejected": scored.rejected,
        "digest": bundle.digest,
    }


def _shown(scores: Mapping[str, Score]) -> dict[str, dict[str, float | None]]:
    return {name: score.to_dict() for name, score in scores.items()}


def _decisions(
    evidence: Evidence, scored: Scored, outputs: Outputs, *, cost: str, at_k: Sequence[str | float]
) -> dict[str, Any]:
    """Return what the answers are worth: their cost, the first k, and what sets or intervals held."""
    from mainstay.evaluate.conformal import measure_coverage
    from mainstay.evaluate.costs import read_costs
    from mainstay.evaluate.decisions import at_k as first
    from mainstay.evaluate.decisions import cost_of, read_k

    if (cost or at_k) and evidence.task == "regression":
        raise UsageError("costs and the first k are about classes, and the target is a number", where="evaluate")
    if at_k and evidence.positive is None:
        raise UsageError("the first k rows are those of a positive class, of two", where="at_k")
    found: dict[str, Any] = {}
    costs = read_costs(cost, evidence.labels, evidence.positive) if cost else outputs.known_costs
    if costs is not None:
        found["cost"] = cost_of(evidence, costs, groups=scored.groups).to_dict()
    if at_k:
        counted = [first(evidence, read_k(k, evidence.rows), groups=scored.groups) for k in at_k]
        found["at_k"] = [to_builtins(one) for one in counted if one is not None]
    if scored.inside is not None and scored.width is not None and outputs.uncertainty:
        held = measure_coverage(scored.inside, scored.width, weight=scored.weight, groups=scored.groups)
        level = outputs.uncertainty.level
        found["coverage"] = {"level": level, "share": held.share.to_dict(), "width": held.width.to_dict()}
    return found


def _weights(bundle: Bundle, frame: pl.DataFrame) -> NDArray[np.float64] | None:
    """Return the weight of each row, where the schema has a column for it and the rows have it; nothing counts 0."""
    column = bundle.schema.with_role("weight")
    if column is None or column.name not in frame.columns:
        return None
    alone = Schema(columns=(structs.replace(column, role="feature"),))
    weight = Decoder(alone).from_frame(frame.select(column.name)).arrays.numbers[:, 0].astype(np.float64)
    return np.where(np.isfinite(weight) & (weight > 0), weight, 0.0)


def _groups(bundle: Bundle, frame: pl.DataFrame) -> NDArray[np.int64] | None:
    """Return the group of each row, where the model was split by group and the column is there."""
    column = bundle.schema.with_role("group")
    if column is None or column.name not in frame.columns:
        return None
    codes = as_codes(frame.get_column(column.name), column)[0]
    return np.where(codes < 0, codes.max(initial=0) + 1 + np.arange(len(codes)), codes)
