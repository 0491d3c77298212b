"""Finds things that come back in several rows: patients, customers, addresses that carry their target along.

A model that has met the thing in training knows its target in the test. An identifier shows it by its name or its kind;
any other column by its values: rows of the same value agree in the target, rows of the next value do not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.findings import Finding
from mainstay.data.quality_values import as_codes

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contracts.schema import Column, Schema

__all__ = ["judge_groups"]

_ID_NAME = re.compile(r"(?:^|[_\s.-])(?i:id|nbr|no|number|nr|key|uuid|guid)$|(?<=[a-z])(?:ID|Id|No|Nbr|Key)$")
_LEAST_GROUPS = 20
_LEAST_PAIRS = 30
_MOST_OF_ONE = 50
_TIED = 0.5
_SURE = 5.0


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
        named = _names_things(column)
        if column.role == "target" or column.name not in frame.columns or not (named or _may_name(column)):
            continue
        codes, levels = as_codes(frame.get_column(column.name), column)
        known = int((codes >= 0).sum())
        if len(levels) < _LEAST_GROUPS or known < 1.05 * len(levels) or len(levels) < 0.001 * known:
            continue
        if named or (known < _MOST_OF_ONE * len(levels) and target is not None and _carries(codes, target)):
            found.append(_judge_group(column, codes, len(levels), target))
    return tuple(found)


def _names_things(column: Column) -> bool:
    if column.kind == "identifier" or column.role == "group":
        return True
    return column.kind in ("number", "category") and _ID_NAME.search(column.name) is not None


def _may_name(column: Column) -> bool:
    return column.role == "feature" and column.kind in ("number", "category")


def _carries(codes: NDArray[np.int64], target: NDArray[np.generic]) -> bool:
    """Say whether rows of one value share the target as rows of the next value do not.

    A measure has no such edge: its neighbours are as alike as its equals. Wanted is half of the way from the agreement
    of neighbours to full agreement, and five standard errors.
    """
    values = _halves(target)
    rows = np.flatnonzero((codes >= 0) & (values >= 0))
    order = rows[np.lexsort((np.random.default_rng(0).random(len(rows)), codes[rows]))]
    same = codes[order][1:] == codes[order][:-1]
    agree = values[order][1:] == values[order][:-1]
    if min(same.sum(), (~same).sum()) < _LEAST_PAIRS:
        return False
    inside, outside = float(agree[same].mean()), float(agree[~same].mean())
    shares = np.bincount(values[rows]) / len(rows)
    outside = max(outside, float((shares**2).sum()))
    error = np.sqrt(outside * (1 - outside) * (1 / same.sum() + 1 / (~same).sum()))
    return bool(inside - outside > max(_TIED * (1 - outside), _SURE * error))


def _halves(target: NDArray[np.generic]) -> NDArray[np.int64]:
    """Return class codes, or the tenth of amounts into which each row falls; -1 where missing."""
    if not np.issubdtype(target.dtype, np.floating):
        return target.astype(np.int64)
    amounts = target.astype(np.float64)
    known = np.isfinite(amounts)
    tenths = np.searchsorted(np.quantile(amounts[known], np.arange(1, 10) / 10), amounts, side="right")
    return np.where(known, tenths, -1).astype(np.int64)


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
