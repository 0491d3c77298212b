"""Looks at rows in their order and on the sides of a split: copies, time, and values that never overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.findings import Finding
from mainstay.data.leaks_solo import auc, rank_agreement
from mainstay.data.quality_findings import share
from mainstay.data.quality_values import as_numbers
from mainstay.data.split_fingerprints import fingerprints

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contracts.schema import Column, Schema

__all__ = ["is_row_number", "judge_copies", "judge_order", "judge_proxies", "judge_sorted", "rises"]

_NAMED = 5
_SORTED = 0.7


def judge_copies(
    frame: pl.DataFrame, schema: Schema, train: NDArray[np.int64], test: NDArray[np.int64]
) -> tuple[Finding, ...]:
    """Return a finding where rows of the test part have the same inputs as rows of the training part."""
    inputs = [column.name for column in schema.features if column.name in frame.columns]
    if not inputs or not len(test):
        return ()
    marks = fingerprints(frame, inputs)
    copies = np.isin(marks[test], marks[train])
    count = int(copies.sum())
    if not count:
        return ()
    finding = Finding(
        severity="error" if count > 0.05 * len(test) else "warning",
        code="leak.copies",
        message=f"{count:,} of {len(test):,} test rows ({share(count, len(test))}) repeat the inputs of training rows",
        advice="Remove the copies, or split so that equal rows stay on one side (mainstay does so by itself).",
        rows=tuple(int(row) + 1 for row in test[copies][:_NAMED]),
    )
    return (finding,)


def judge_order(frame: pl.DataFrame, schema: Schema, how: str) -> tuple[Finding, ...]:
    """Return advice to split by time where there is a time and the split is by chance."""
    if how != "random":
        return ()
    times = [column for column in schema.columns if column.role == "time" or column.kind == "datetime"]
    times = [column for column in times if column.name in frame.columns]
    times.sort(key=lambda column: column.role != "time")
    if times:
        return (_judge_time(times[0], as_numbers(frame.get_column(times[0].name), times[0])),)
    for column in schema.columns:
        if column.kind == "number" and column.role == "feature" and column.name in frame.columns:
            values = as_numbers(frame.get_column(column.name), column)
            if rises(values) and not is_row_number(values):
                return (_stored_in_order(column),)
    return ()


def judge_sorted(target: NDArray[np.float64], classes: int) -> tuple[Finding, ...]:
    """Return a finding where rows are stored in an order that tells the target.

    ``target`` has class codes or amounts, NaN where missing, in the order of the rows. Over two classes the most
    telling one counts.
    """
    rows = np.flatnonzero(np.isfinite(target))
    if len(rows) < 50:
        return ()
    place = np.arange(float(len(rows)))
    if classes:
        areas = [auc(target[rows] == one, place) for one in np.unique(target[rows])]
        told = max(max(area, 1 - area) for area in areas)
    else:
        told = (1 + rank_agreement(place, target[rows])) / 2
    if told < _SORTED:
        return ()
    message = f"the rows are stored in an order that tells the target (of two rows the later one: {told:.0%} of cases)"
    advice = "A split must draw rows by chance or by time, never first against last; leave out columns that count rows."
    return (Finding(severity="info", code="leak.sorted", message=message, advice=advice),)


def _judge_time(column: Column, values: NDArray[np.float64]) -> Finding:
    ordered = rises(values)
    kept = "; the rows are stored in its order" if ordered else ""
    return Finding(
        severity="warning" if ordered else "info",
        code="leak.time",
        column=column.name,
        message=f"says when a row came about, and the split is by chance, so the test part is no later{kept}",
        advice=f"If the model is to predict later rows, split by time: --split time:{column.name}.",
    )


def _stored_in_order(column: Column) -> Finding:
    return Finding(
        severity="info",
        code="leak.order",
        column=column.name,
        message="rises from the first row to the last, as a clock does",
        advice=f"If it is a time, split by it (--split time:{column.name}); if rows were sorted by it, all is well.",
    )


def rises(values: NDArray[np.float64]) -> bool:
    """Say whether values rise from row to row, but for one step in a thousand, and are not few.

    Examples
    --------
    >>> rises(np.arange(100.0)), rises(np.zeros(100))
    (True, False)
    """
    known = values[np.isfinite(values)]
    if len(known) < 50 or len(known) < 0.9 * len(values):
        return False
    steps = np.diff(known)
    if (steps >= 0).mean() < 0.999 or (steps > 0).sum() < max(20, 0.01 * len(known)):
        return False
    return rank_agreement(np.arange(float(len(known))), known) > 0.99


def is_row_number(values: NDArray[np.float64]) -> bool:
    """Say whether values are whole, all different and as dense as row numbers, in whatever order they stand.

    Examples
    --------
    >>> is_row_number(np.arange(3.0, 60.0)), is_row_number(np.arange(0.0, 5700.0, 100.0))
    (True, False)
    """
    if len(values) < 50 or not np.isfinite(values).all() or (values != np.floor(values)).any():
        return False
    if len(np.unique(values)) < len(values):
        return False
    return bool(rises(values) or values.max() - values.min() < 1.05 * len(values)) and _even_steps(values)


def _even_steps(values: NDArray[np.float64]) -> bool:
    """Row numbers go up by one, save where rows were taken out of the table."""
    steps = np.diff(np.sort(values))
    return bool(np.median(steps) == 1 or (steps == 1).mean() > 0.3)


def judge_proxies(
    frame: pl.DataFrame, schema: Schema, train: NDArray[np.int64], test: NDArray[np.int64], how: str
) -> tuple[Finding, ...]:
    """Return findings on inputs whose values in the test part lie beyond all of the training part."""
    found = []
    for column in schema.features:
        if column.kind != "number" or column.name not in frame.columns or how.endswith(f":{column.name}"):
            continue
        values = as_numbers(frame.get_column(column.name), column)
        early, late = values[train], values[test]
        early, late = early[np.isfinite(early)], late[np.isfinite(late)]
        if min(len(early), len(late)) < 20:
            continue
        apart = auc(np.repeat([False, True], [len(early), len(late)]), np.concatenate([early, late]))
        if max(apart, 1 - apart) >= 0.999:
            message = "tells the training part from the test part: its values do not overlap"
            advice = "Leave it out; a model cannot know what to make of values that it has never seen."
            found.append(
                Finding(severity="warning", code="leak.proxy", column=column.name, message=message, advice=advice)
            )
    return tuple(found)
