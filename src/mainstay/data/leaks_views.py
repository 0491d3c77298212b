"""Looks at columns in other ways than a model would: whether a cell is filled, its last digit, one date from another.

A leak is often not in the value but beside it: a date that is filled in only after the event, a key whose last digit
holds the class, two dates whose distance is the answer, two amounts of which the target is the difference.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from mainstay.contracts.findings import Finding
from mainstay.data.leaks_solo import auc, quantile_bins, score_bins
from mainstay.data.quality_values import as_numbers, present

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contracts.learner import Deadline
    from mainstay.contracts.schema import Column
    from mainstay.data.leaks_solo import Goal

__all__ = ["judge_filled", "judge_hidden", "judge_pairs"]

_LEAST_FILLED = 15
_PURE = 0.99
_LEAST_SHARE_OF_CLASS = 0.15
_APART = 0.97
_HIDDEN = {"roc_auc": 0.95, "r2": 0.9}
_SURE = 0.9995
_MORE = 0.05
_NEARLY = 0.99
_PAIR_COLUMNS = 60
_PAIR_ROWS = 300  # tried first: most pairs tell nothing


def judge_filled(cells: pl.Series, column: Column, goal: Goal, labels: Sequence[str]) -> Finding | None:
    """Return a finding where a column is filled, or is empty, for one class (or for high amounts) only.

    Such a column is filled in once the outcome is known. Wanted are at least 15 rows that are 99 % of one class, hold
    15 % of that class, and are not so by chance; of amounts, filled and empty rows that hardly overlap.
    """
    filled = present(cells, column).is_not_null().to_numpy()
    if min(filled.sum(), (~filled).sum()) < _LEAST_FILLED:
        return None
    if not goal.classes:
        apart = auc(filled, goal.values.astype(np.float64))
        if max(apart, 1 - apart) < _APART:
            return None
        side = "high" if apart > 0.5 else "low"
        share = max(apart, 1 - apart)
        return _filled(column, f"is filled where the target is {side}: of a filled and an empty row the filled one has "
                               f"the {side}er target in {share:.1%} of cases")  # fmt: skip
    for rows, word in ((filled, "filled"), (~filled, "empty")):
        counts = np.bincount(goal.values[rows].astype(np.int64), minlength=goal.classes)
        everywhere = np.bincount(goal.values.astype(np.int64), minlength=goal.classes)
        top = int(counts.argmax())
        share, base = counts[top] / rows.sum(), everywhere[top] / len(rows)
        unlikely = rows.sum() * np.log(max(base, 1e-12)) < np.log(1e-6)
        if share >= _PURE and counts[top] >= _LEAST_SHARE_OF_CLASS * everywhere[top] and unlikely:
            named = labels[top] if top < len(labels) else str(top)
            message = (
                f"is {word} almost only where the target is {named!r}: {share:.1%} of its {rows.sum():,} {word} rows, "
                f"against {base:.1%} of all rows"
            )
            return _filled(column, message)
    return None


def _filled(column: Column, message: str) -> Finding:
    return Finding(
        severity="warning",
        code="leak.filled",
        column=column.name,
        message=message,
        advice="It looks filled in once the outcome was known: leave it out, unless it is known before.",
    )


def judge_hidden(cells: pl.Series, column: Column, goal: Goal, alone: float) -> Finding | None:
    """Return a finding where a part of the cell tells the target and its value does not."""
    for what, bins in _views(cells, column):
        score = score_bins(bins, goal)
        if score >= _HIDDEN[goal.metric] and score - alone >= _MORE:
            said = f"{'ROC-AUC' if goal.classes else 'R2'} {score:.4g}"
            return Finding(
                severity="error" if score >= _SURE else "warning",
                code="leak.hidden",
                column=column.name,
                message=f"{what} tells the target ({said} on rows not seen; its value: {alone:.4g})",
                advice="The target was written into it: leave it out.",
            )
    return None


def _views(cells: pl.Series, column: Column) -> Iterator[tuple[str, NDArray[np.int64]]]:
    import polars as pl

    if column.kind in ("number", "identifier"):
        number = _of_numbers(column)
        values = as_numbers(cells, number)
        whole = np.isfinite(values) & (values == np.floor(values)) & (np.abs(values) < 2**24)
        if whole.mean() > 0.9 and len(np.unique(values[whole])) > 64:
            last = np.where(whole, np.mod(values, 10) + 1, 0)
            yield "its last digit", last.astype(np.int64)
            return
    if column.kind in ("category", "identifier", "text"):
        texts = present(cells, column).cast(pl.String)
        if texts.n_unique() > 64:
            yield "its last letter", _codes(texts.str.slice(-1))
            yield "its first letter", _codes(texts.str.slice(0, 1))
            yield "its length", _codes(texts.str.len_chars())


def _of_numbers(column: Column) -> Column:
    return column if column.kind == "number" else replace(column, kind="number", categories=())


def _codes(part: pl.Series) -> NDArray[np.int64]:
    places = part.rank("dense").fill_null(0).to_numpy().astype(np.int64)
    return np.asarray(np.minimum(places, 255), np.int64)


def judge_pairs(
    numbers: Mapping[str, NDArray[np.float64]],
    dates: Mapping[str, NDArray[np.float64]],
    goal: Goal,
    alone: Mapping[str, float],
    *,
    deadline: Deadline,
) -> tuple[Finding, ...]:
    """Return findings on two columns that tell the target together, by one difference or one ratio, and not alone."""
    found = []
    best = max(alone.values(), default=0.0)
    for first, second in combinations(list(dates)[:6], 2):
        score = score_bins(quantile_bins(dates[second] - dates[first]), goal)
        if score >= _HIDDEN[goal.metric] and score - max(alone.get(first, 0), alone.get(second, 0)) >= _MORE:
            found.append(_pair(second, f"the time from {first!r} to {second!r}", score, goal))
    if goal.classes == 2 and best < _NEARLY:
        truth = goal.values == 1
        for first, second in combinations(list(numbers)[:_PAIR_COLUMNS], 2):
            if deadline.left() <= 0:
                break
            for what, values in _together(numbers[first], numbers[second]):
                some = slice(0, _PAIR_ROWS)
                if _tells(truth[some], values[some]) >= 0.995 and _tells(truth, values) >= _SURE:
                    found.append(_pair(second, what.format(repr(first), repr(second)), _tells(truth, values), goal))
                    break
    return tuple(found)


def _together(first: NDArray[np.float64], second: NDArray[np.float64]) -> Iterator[tuple[str, NDArray[np.float64]]]:
    yield "the difference of {} and {}", first - second
    yield "the sum of {} and {}", first + second
    with np.errstate(divide="ignore", invalid="ignore"):
        yield "the product of {} and {}", first * second


def _tells(truth: NDArray[np.bool_], values: NDArray[np.float64]) -> float:
    known = np.isfinite(values)
    if known.mean() < 0.9 or not 10 <= truth[known].sum() <= known.sum() - 10:
        return 0.5
    area = auc(truth[known], values[known])
    return max(area, 1 - area)


def _pair(column: str, what: str, score: float, goal: Goal) -> Finding:
    said = f"{'ROC-AUC' if goal.classes else 'R2'} {score:.4g}"
    return Finding(
        severity="error" if score >= _SURE else "warning",
        code="leak.pair",
        column=column,
        message=f"{what} tells the target ({said}); neither column does so alone",
        advice="The target was made from the two: leave out the one that is not known when a prediction is made.",
    )
