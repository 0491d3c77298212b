"""The target column: whether it holds classes or numbers, and whether anything can be learned from it at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from msgspec.structs import replace

from mainstay.contracts.errors import DataError, UsageError
from mainstay.contracts.findings import Finding
from mainstay.contracts.schema import Schema
from mainstay.data.decode_target import decode_target
from mainstay.data.infer_column import guess_column
from mainstay.data.infer_distinct import distinct_of
from mainstay.data.infer_guess import Ask
from mainstay.data.infer_level import LEVELS_MOST

if TYPE_CHECKING:
    import polars as pl

    from mainstay.contracts.learner import TaskName
    from mainstay.contracts.schema import Column, Kind

__all__ = ["guess_target"]

_MOST_CLASSES = 20
_CLASS_SHARE = 0.1
_RARE = 5


def guess_target(
    series: pl.Series, task: TaskName | None, kind: Kind | None, where: str
) -> tuple[Column, tuple[Finding, ...]]:
    """Return the target column and what is to say about it.

    Parameters
    ----------
    series : polars.Series
    task : {"classification", "regression"}, optional
        Found from the values where it is not given.
    kind : str, optional
        The kind that the user wants: "category" and "boolean" mean classes, "number" means numbers.
    where : str
        The table's name, for messages.

    Raises
    ------
    DataError
        When the column holds no value, one value only, or values that the task cannot have.
    UsageError
        When the kind and the task contradict each other.
    """
    guess = guess_column(series, Ask(keep=True))
    if guess.column.role == "ignored":
        raise DataError(
            f"the target {series.name!r} holds no value in any of {series.len():,} rows",
            where=where,
            hint="Give a target that has values.",
        )
    task, said = _task_of(series, guess.column, task, kind)
    column = _numbers(series, where) if task == "regression" else _classes(series, guess.column, where)
    column = replace(column, role="target", nullable=True, on_missing="warn")
    findings = tuple(finding for finding in guess.findings if finding.code in {"mixed", "infinite", "number.ambiguous"})
    return column, (*findings, *said, *_check(series, column, where))


def _task_of(
    series: pl.Series, column: Column, task: TaskName | None, kind: Kind | None
) -> tuple[TaskName, tuple[Finding, ...]]:
    if task not in {None, "classification", "regression"}:
        raise UsageError(f"there is no task {task!r} with a target", hint="Take 'classification' or 'regression'.")
    wanted: Literal["classification", "regression"] | None = None
    if kind is not None:
        wanted = "regression" if kind == "number" else "classification"
        if kind not in {"number", "category", "boolean"} or (task is not None and task != wanted):
            raise UsageError(
                f"the target {series.name!r} cannot be of kind {kind!r}" + (f" in a {task}" if task else ""),
                hint="Classes are of kind 'category' or 'boolean', numbers of kind 'number'.",
            )
    if task is not None or wanted is not None:
        return task or wanted or "classification", ()
    if column.kind != "number":
        return "classification", ()
    values = _values(series, column)
    different = len(np.unique(values))
    whole = bool((values == np.floor(values)).all())
    if not whole or not (different <= 2 or (different <= _MOST_CLASSES and different <= _CLASS_SHARE * len(values))):
        return "regression", ()
    finding = Finding(
        severity="info",
        code="target.classes",
        column=series.name,
        message=f"{different} different whole numbers in {len(values):,} rows are taken for classes",
        advice="If they are amounts, ask for the task 'regression'.",
    )
    return "classification", (finding,)


def _values(series: pl.Series, column: Column) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    decoded = decode_target(Schema(columns=(replace(column, role="target"),)), series.to_frame())
    return decoded.values[decoded.usable].astype(np.float64)


def _numbers(series: pl.Series, where: str) -> Column:
    column = guess_column(series, Ask(kind="number", keep=True)).column
    if column.kind == "number":
        return column
    examples = ", ".join(map(repr, distinct_of(series).top()))
    raise DataError(
        f"a regression needs numbers, and the target {series.name!r} holds {examples}",
        where=where,
        hint="Take the task 'classification', or another target.",
    )


def _classes(series: pl.Series, column: Column, where: str) -> Column:
    """Return the target with its classes, as they are written."""
    if column.kind == "boolean":
        spellings = len(distinct_of(series)) - len(column.missing)
        # "yes" and "Yes" are one class only to the reader of booleans.
        # A typed column of true and false may come again as words or as 0 and 1.
        keeps = spellings > 2 or str(series.dtype) == "Boolean"
        column = column if keeps else replace(column, kind="category")
    elif column.kind != "category" or len(column.categories) >= LEVELS_MOST:
        column = guess_column(series, Ask(kind="category", keep=True)).column
    different = len(column.categories)
    if different >= LEVELS_MOST or (different > 50 and different > 0.5 * series.len()):
        raise DataError(
            f"the target {series.name!r} has {different:,} or more different values in {series.len():,} rows: "
            "too many to be classes",
            where=where,
            hint="Take the task 'regression' if they are numbers, or another target.",
        )
    return column


def _check(series: pl.Series, column: Column, where: str) -> tuple[Finding, ...]:
    """Refuse a target that has one value only; tell of rows without one and of rare classes."""
    decoded = decode_target(Schema(columns=(column,)), series.to_frame())
    values, counts = np.unique(decoded.values[decoded.usable], return_counts=True)
    if len(values) < 2:
        raise DataError(_one_value(series, column, int(decoded.usable.sum())), where=where, hint=_ONE_HINT)
    findings = []
    missing = np.flatnonzero(~decoded.usable)
    if missing.size:
        findings.append(_missing_rows(series, missing))
    if column.kind != "number" and counts.min() < _RARE:
        rare = [
            f"{column.categories[int(code)]!r} ({count})"
            for code, count in zip(values, counts, strict=True)
            if count < _RARE
        ]
        findings.append(_rare_classes(series.name, rare))
    return tuple(findings)


_ONE_HINT = "There is nothing to tell apart; look whether rows of the other classes were lost, or take another target."


def _one_value(series: pl.Series, column: Column, rows: int) -> str:
    what = "value" if column.kind == "number" else "class"
    seen = ", ".join(map(repr, distinct_of(series).top(2)))
    return f"the target {series.name!r} has one {what} only, {seen}, in {rows:,} rows"


def _missing_rows(series: pl.Series, missing: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Finding:
    count = "1 row has" if missing.size == 1 else f"{missing.size:,} of {series.len():,} rows have"
    return Finding(
        severity="warning",
        code="target.missing",
        column=series.name,
        message=f"{count} no target that can be used",
        advice="These rows are left out of training and of scores.",
        rows=tuple(int(row) + 1 for row in missing[:5]),
    )


def _rare_classes(name: str, rare: list[str]) -> Finding:
    return Finding(
        severity="warning",
        code="target.rare_class",
        column=name,
        message=f"fewer than {_RARE} rows hold {', '.join(rare[:8])}{' and more' if len(rare) > 8 else ''}",
        advice="Such a class cannot be learned or tested. Join it with another, or leave its rows out.",
    )
