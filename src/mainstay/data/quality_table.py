"""Looks at rows as wholes: repeated rows, the target, and whether there are enough rows at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.findings import Finding, Severity
from mainstay.data.quality_columns import count_levels, summarise
from mainstay.data.quality_findings import share
from mainstay.data.quality_records import TargetSummary
from mainstay.data.quality_values import as_codes, as_numbers, present
from mainstay.data.split_fingerprints import fingerprints

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contracts.schema import Column, Schema
    from mainstay.data.quality_records import ColumnProfile

__all__ = ["count_repeats", "find_conflicts", "judge_repeats", "judge_size", "judge_target", "sum_up_target"]

_FEW_ROWS = 200
_RARE = 10
_CLASSES = 200
_NAMED = 5


def count_repeats(frame: pl.DataFrame, columns: tuple[ColumnProfile, ...]) -> NDArray[np.bool_]:
    """Return True for each row that repeats an earlier one; columns that name each row are not compared.

    Examples
    --------
    >>> import polars as pl
    >>> count_repeats(pl.DataFrame({"a": ["x", "y", "x"]}), ()).tolist()
    [False, False, True]
    """
    naming = {about.name for about in columns if about.kind == "identifier" and about.distinct == frame.height}
    compared = [name for name in frame.columns if name not in naming]
    repeats = np.ones(frame.height, np.bool_)
    if not compared:
        return ~repeats
    repeats[np.unique(fingerprints(frame, compared), return_index=True)[1]] = False
    return repeats


def judge_repeats(repeats: NDArray[np.bool_]) -> tuple[Finding, ...]:
    """Return a finding where rows repeat."""
    count, rows = int(repeats.sum()), len(repeats)
    if not count:
        return ()
    finding = Finding(
        severity="warning" if count >= 0.01 * rows else "info",
        code="duplicate_rows",
        message=f"{count:,} of {rows:,} rows ({share(count, rows)}) repeat an earlier row",
        advice="Remove them if they are copies; splits keep equal rows on one side in any case.",
        rows=tuple(int(row) + 1 for row in np.flatnonzero(repeats)[:_NAMED]),
    )
    return (finding,)


def judge_size(rows: int, features: int) -> tuple[Finding, ...]:
    """Return a finding where there are too few rows for the columns."""
    if rows < _FEW_ROWS:
        severity: Severity = "warning" if rows < _FEW_ROWS // 4 else "info"
        message = f"there are only {rows:,} rows"
        advice = "Scores will be uncertain; read their intervals, and collect more rows if you can."
        return (Finding(severity=severity, code="few_rows", message=message, advice=advice),)
    if features > rows:
        message = f"there are {features:,} inputs and only {rows:,} rows"
        advice = "Expect chance finds; prefer simple models, or choose inputs by what is known of them."
        return (Finding(severity="warning", code="wide", message=message, advice=advice),)
    return ()


def sum_up_target(frame: pl.DataFrame, column: Column, schema: Schema) -> TargetSummary:
    """Return the distribution of the target: classes, or amounts where its kind is a number."""
    series = frame.get_column(column.name)
    if column.kind == "number":
        values = as_numbers(series, column)
        known = values[np.isfinite(values)]
        return TargetSummary(
            name=column.name, task="regression", missing=len(values) - len(known), numbers=summarise(known)
        )
    cells = present(series, column)
    return TargetSummary(
        name=column.name,
        task="classification",
        missing=cells.null_count(),
        classes=count_levels(cells.drop_nulls(), _CLASSES),
        conflicts=find_conflicts(frame, column, schema),
    )


def find_conflicts(frame: pl.DataFrame, target: Column, schema: Schema) -> int:
    """Count rows whose inputs equal those of another row with another class."""
    inputs = [column.name for column in schema.features if column.name in frame.columns]
    if not inputs:
        return 0
    codes = as_codes(frame.get_column(target.name), target)[0]
    known = codes >= 0
    units = np.unique(fingerprints(frame, inputs)[known], return_inverse=True)[1]
    first = np.full(int(units.max(initial=-1)) + 1, -1, np.int64)
    first[units] = codes[known]
    mixed = np.zeros(len(first), np.bool_)
    mixed[units[codes[known] != first[units]]] = True
    return int(mixed[units].sum())


def judge_target(target: TargetSummary, rows: int) -> tuple[Finding, ...]:
    """Return what there is to say of the target."""
    found = []
    if target.missing:
        message = f"has no value in {target.missing:,} of {rows:,} rows ({share(target.missing, rows)})"
        advice = "These rows are left out of training and testing; fill them in if you can."
        found.append(_finding(target, "warning", "target.missing", message, advice))
    if target.task == "regression":
        return tuple(found)
    if len(target.classes) < 2:
        message = "has " + ("one class only" if target.classes else "no value") + ", so there is nothing to learn"
        found.append(_finding(target, "error", "target.one_class", message, "Give rows of at least two classes."))
        return tuple(found)
    return (*found, *_judge_balance(target), *_judge_conflicts(target, rows))


def _finding(target: TargetSummary, severity: Severity, code: str, message: str, advice: str) -> Finding:
    return Finding(severity=severity, code=code, column=target.name, message=message, advice=advice)


def _judge_balance(target: TargetSummary) -> list[Finding]:
    found = []
    most, least = target.classes[0], target.classes[-1]
    known = sum(level.rows for level in target.classes)
    even = known / len(target.classes)
    if least.rows < 0.4 * even:
        message = (
            f"is out of balance: {least.value!r} has {least.rows:,} rows ({share(least.rows, known)}) "
            f"and {most.value!r} has {most.rows:,} ({share(most.rows, known)})"
        )
        advice = "Do not judge by accuracy; look at ROC-AUC, average precision and balanced accuracy."
        found.append(
            _finding(target, "warning" if least.rows < 0.1 * even else "info", "target.imbalance", message, advice)
        )
    rare = [level for level in target.classes if level.rows < _RARE]
    if rare:
        names = ", ".join(f"{level.value!r} ({level.rows})" for level in rare[-_NAMED:])
        more = f" and {len(rare) - _NAMED:,} more" if len(rare) > _NAMED else ""
        message = f"has {len(rare):,} classes with fewer than {_RARE} rows: {names}{more}"
        advice = "Collect more of them, or join them to others; they can hardly be learned or tested."
        found.append(_finding(target, "warning", "target.rare_class", message, advice))
    return found


def _judge_conflicts(target: TargetSummary, rows: int) -> list[Finding]:
    if target.conflicts < max(2, 0.01 * rows):
        return []
    message = f"differs between {target.conflicts:,} rows ({share(target.conflicts, rows)}) whose inputs are equal"
    advice = "No model can get all of these right; look for an input that is missing, or for wrong labels."
    return [_finding(target, "info", "target.conflict", message, advice)]
