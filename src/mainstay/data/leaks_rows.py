"""Looks for what ties rows together: copies on both sides of a split, order in time, and things that come back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.findings import Finding
from mainstay.data.leaks_solo import auc, rank_agreement
from mainstay.data.quality_findings import share
from mainstay.data.quality_values import as_codes, as_numbers
from mainstay.data.split_fingerprints import fingerprints

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contracts.schema import Column, Schema

__all__ = ["is_row_number", "judge_copies", "judge_groups", "judge_order", "judge_proxies", "rises"]

_NAMED = 5
_ID_NAME = re.compile(r"(?:^|[_\s.-])(?i:id|nbr|no|number|nr|key|uuid|guid)$|(?<=[a-z])(?:ID|Id|No|Nbr|Key)$")
_LEAST_GROUPS = 20
_AGREEMENT_ROWS = 20_000


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


def judge_groups(
    frame: pl.DataFrame, schema: Schema, target: NDArray[np.generic] | None, how: str
) -> tuple[Finding, ...]:
    """Return advice to split by group where things come back in several rows.

    ``target`` has class codes (negative where missing) or amounts (NaN where missing) for each row of the table.
    """
    if how.startswith("group:"):
        return ()
    found = []
    for column in schema.columns:
        if column.role == "target" or column.name not in frame.columns or not _names_things(column):
            continue
        codes, levels = as_codes(frame.get_column(column.name), column)
        known = int((codes >= 0).sum())
        if len(levels) < _LEAST_GROUPS or known < 1.05 * len(levels) or len(levels) < 0.001 * known:
            continue
        found.append(_judge_group(column, codes, len(levels), target))
    return tuple(found)


def _names_things(column: Column) -> bool:
    if column.kind == "identifier" or column.role == "group":
        return True
    return column.kind in ("number", "category") and _ID_NAME.search(column.name) is not None


def _judge_group(column: Column, codes: NDArray[np.int64], groups: int, target: NDArray[np.generic] | None) -> Finding:
    known = int((codes >= 0).sum())
    several = int((np.bincount(codes[codes >= 0], minlength=groups) > 1).sum())
    message = f"names {groups:,} things in {known:,} rows, and {several:,} of them come back in several rows"
    alike = None if target is None else _agreement(codes, target)
    if alike is not None:
        message += f"; two rows of one share the target in {alike[0]:.0%} of cases, two others in {alike[1]:.0%}"
    tied = alike is not None and abs(alike[0] - alike[1]) > 0.02
    return Finding(
        severity="warning" if tied or alike is None else "info",
        code="leak.group",
        column=column.name,
        message=message,
        advice=f"If new rows will be of other ones, split by group: --split group:{column.name}.",
    )


def _agreement(codes: NDArray[np.int64], target: NDArray[np.generic]) -> tuple[float, float] | None:
    """Return how often two rows of one group, and any two rows, have the same class (or half of the amounts)."""
    if np.issubdtype(target.dtype, np.floating):
        amounts = target.astype(np.float64)
        values = np.where(np.isnan(amounts), -1, amounts > np.nanmedian(amounts)).astype(np.int64)
    else:
        values = target.astype(np.int64)
    rows = np.flatnonzero((codes >= 0) & (values >= 0))
    order = rows[np.argsort(codes[rows], kind="stable")]
    same = codes[order][1:] == codes[order][:-1]
    if same.sum() < 20:
        return None
    agree = values[order][1:] == values[order][:-1]
    shares = np.bincount(values[rows]) / len(rows)
    return float(agree[same].mean()), float((shares**2).sum())
