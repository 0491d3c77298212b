"""A first audit for leaks: what would make a model look good in the test and fail in use.

Strong is not the same as leaking: on easy data one column may honestly tell the target. So the audit grades. An error
is near certain (a copy of the target, a formula for it), a warning stands out from all other columns, and
what is merely strong is information.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contracts.findings import Finding, Severity
from mainstay.data.leaks_model import losses_without
from mainstay.data.leaks_rows import is_row_number, judge_copies, judge_groups, judge_order, judge_proxies
from mainstay.data.leaks_solo import Goal, SoloScore, bin_column, rank_agreement, score_bins, score_line
from mainstay.data.leaks_sums import find_formula
from mainstay.data.quality import choose_target
from mainstay.data.quality_findings import gravest_first
from mainstay.data.quality_values import as_numbers

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contracts.schema import Column, Schema
    from mainstay.data.table import Table

__all__ = ["Audit", "SoloScore", "audit"]

_SAMPLE_ROWS = 10_000
_MODEL_ROWS = 5_000
_LEAST_ROWS = 30
_SURE_ROWS = 200
_SCORED_KINDS = ("number", "boolean", "category", "datetime", "identifier")
_PERFECT = {"roc_auc": 0.9995, "r2": 0.9995}
_STRONG = {"roc_auc": 0.95, "r2": 0.9}
_INFORMED = {"roc_auc": 0.6, "r2": 0.1}
_RATIO = 1.25
_MODEL_CLASSES = 1  # the most frequent class against all others: many classes take long and scatter more
_MODEL_LEAST_ROWS = 1000


class Audit(msgspec.Struct, frozen=True):
    """What an audit has found.

    Parameters
    ----------
    findings : tuple of Finding
        The gravest first.
    solo : tuple of SoloScore
        How well each column tells the target by itself, the best first.
    without : dict
        From column to how many times as large the loss of a model becomes without it, for the most used columns.
    """

    findings: tuple[Finding, ...]
    solo: tuple[SoloScore, ...] = ()
    without: dict[str, float] = {}

    def to_dict(self) -> dict[str, object]:
        """Return the audit as plain dictionaries, lists, texts and numbers, for JSON."""
        plain: dict[str, object] = msgspec.to_builtins(self)
        return plain


@dataclass(frozen=True, slots=True)
class _Until:
    """A deadline at a moment of the clock."""

    moment: float

    def left(self) -> float:
        return max(0.0, self.moment - perf_counter())


def audit(
    table: Table,
    schema: Schema,
    *,
    target: str | None = None,
    how: str = "random",
    train: NDArray[np.int64] | None = None,
    test: NDArray[np.int64] | None = None,
    seed: int = 0,
    seconds: float = 5.0,
) -> Audit:
    """Look for columns and rows that give the target away.

    Parameters
    ----------
    table : Table with n rows
    schema : Schema
    target : str, optional
        The column to be predicted; the schema's own target by default. Without one only rows are looked at.
    how : str, default "random"
        How the rows are split; advice that is followed already is not given.
    train, test : int64 array, optional
        Row positions of a split. Columns are then scored on training rows only, so the test stays unseen.
    seed : int, default 0
        Draws the rows that columns are scored on: at most 10,000, and 5,000 for models.
    seconds : float, default 5
        No further column is scored after that; what was left out is said.

    Returns
    -------
    Audit

    Raises
    ------
    SchemaError
        When the target is not in the schema.

    Examples
    --------
    >>> import polars as pl
    >>> from mainstay.contracts.schema import Column, Schema
    >>> from mainstay.data.table import Table
    >>> frame = pl.DataFrame({"paid": [0, 1] * 150, "late": ["yes", "no"] * 150})
    >>> late = Column(name="late", kind="category", role="target", categories=("no", "yes"))
    >>> schema = Schema(columns=(Column(name="paid", kind="number"), late))
    >>> found = audit(Table(frame, source="loans", digest=""), schema)
    >>> found.findings[0].severity, found.findings[0].column, found.solo[0].score
    ('error', 'paid', 1.0)
    """
    deadline = _Until(perf_counter() + seconds)
    schema = choose_target(schema, target)
    frame = table.frame
    values = _target_values(frame, schema)
    found: list[Finding] = []
    columns = _Columns((), {}, {}, {})
    if values is not None:
        rows = _rows_to_score(values, train, seed)
        if len(rows) >= _LEAST_ROWS:
            columns = _score_columns(frame, schema, values[rows], rows=rows, seed=seed, deadline=deadline)
            found += _judge_columns(columns, schema, len(rows))
    if train is not None and test is not None:
        found += judge_copies(frame, schema, train, test)
        found += judge_proxies(frame, schema, train, test, how)
    found += judge_order(frame, schema, how)
    found += judge_groups(frame, schema, values if train is None else _only_rows(values, train), how)
    return Audit(gravest_first(found), columns.solo, {name: round(ratio, 4) for name, ratio in columns.without.items()})


def _target_values(frame: pl.DataFrame, schema: Schema) -> NDArray[np.int64] | NDArray[np.float64] | None:
    """Return codes or amounts for all rows; None without a target to score against."""
    from mainstay.data.quality_values import as_codes

    goal = schema.target
    if goal is None or goal.name not in frame.columns or goal.kind not in ("number", "category", "boolean"):
        return None
    series = frame.get_column(goal.name)
    return as_numbers(series, goal) if goal.kind == "number" else as_codes(series, goal)[0]


def _only_rows(
    values: NDArray[np.int64] | NDArray[np.float64] | None, rows: NDArray[np.int64]
) -> NDArray[np.int64] | NDArray[np.float64] | None:
    """Return the target with all other rows missing, so that nothing is learned of the test part."""
    if values is None:
        return None
    kept = np.full_like(values, np.nan if np.issubdtype(values.dtype, np.floating) else -1)
    kept[rows] = values[rows]
    return kept


def _rows_to_score(
    values: NDArray[np.int64] | NDArray[np.float64], train: NDArray[np.int64] | None, seed: int
) -> NDArray[np.int64]:
    usable = np.isfinite(values) if np.issubdtype(values.dtype, np.floating) else values >= 0
    rows = np.flatnonzero(usable) if train is None else train[usable[train]]
    if len(np.unique(values[rows])) < 2:
        return rows[:0]
    if len(rows) <= _SAMPLE_ROWS:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, _SAMPLE_ROWS, replace=False))


@dataclass(frozen=True)
class _Columns:
    """What was found out about columns."""

    solo: tuple[SoloScore, ...]
    without: dict[str, float]
    agreement: dict[str, float]
    row_numbers: dict[str, bool]
    formula: str = ""
    formula_columns: tuple[str, ...] = ()
    formula_exact: bool = False
    unscored: int = 0


def _score_columns(
    frame: pl.DataFrame,
    schema: Schema,
    values: NDArray[np.int64] | NDArray[np.float64],
    *,
    rows: NDArray[np.int64],
    seed: int,
    deadline: _Until,
) -> _Columns:
    goal = Goal.of(values, seed=seed)
    wanted = [column for column in schema.columns if _is_scored(column) and column.name in frame.columns]
    bins: dict[str, NDArray[np.int64]] = {}
    numbers: dict[str, NDArray[np.float64]] = {}
    solo, agreement, row_numbers = [], {}, {}
    for column in wanted:
        if deadline.left() <= 0:
            break
        series = frame.get_column(column.name)
        cells = series.gather(rows)
        bins[column.name] = bin_column(cells, column)
        score = score_bins(bins[column.name], goal)
        if column.kind == "number":
            some = numbers[column.name] = as_numbers(cells, column)
            different = len(np.unique(some)) == len(some)
            row_numbers[column.name] = different and is_row_number(as_numbers(series, column))
            score = max(score, score_line(some, goal))
            agreement[column.name] = _agreement(some, goal)
        solo.append(SoloScore(column.name, round(score, 4), goal.metric))
    solo.sort(key=lambda one: -one.score)
    features = {column.name for column in wanted if column.role == "feature"}
    formula = None if goal.classes else find_formula(_only(numbers, features), values.astype(np.float64))
    few = np.sort(np.random.default_rng(seed).permutation(len(rows))[:_MODEL_ROWS])
    small = Goal.of(values[few], seed=seed, most_classes=_MODEL_CLASSES)
    binned = {name: codes[few] for name, codes in bins.items() if name in features}
    return _Columns(
        tuple(solo),
        losses_without(binned, small, seed=seed, deadline=deadline),
        agreement,
        row_numbers,
        formula.text() if formula else "",
        tuple(name for name, _ in formula.terms) if formula else (),
        formula.exact if formula else False,
        len(wanted) - len(solo),
    )


def _only(numbers: dict[str, NDArray[np.float64]], names: set[str]) -> dict[str, NDArray[np.float64]]:
    return {name: values for name, values in numbers.items() if name in names}


def _is_scored(column: Column) -> bool:
    return column.kind in _SCORED_KINDS and (column.role in ("feature", "group", "time") or column.kind == "identifier")


def _agreement(values: NDArray[np.float64], goal: Goal) -> float:
    """Return how well a number and an amount agree in rank: 1 for a copy on any rising scale."""
    if goal.classes or not np.isfinite(values).all():
        return 0.0
    return rank_agreement(values, goal.values.astype(np.float64))


def _judge_columns(columns: _Columns, schema: Schema, rows: int) -> list[Finding]:
    found = [*_judge_formula(columns, schema)]
    for one in columns.solo:
        finding = _judge_solo(one, columns, schema[one.column], rows)
        if finding is not None:
            found.append(finding)
    perfect = {finding.column for finding in found if finding.severity == "error"}
    found += _judge_irreplaceable(columns, rows, perfect)
    if columns.unscored:
        message = f"{columns.unscored:,} columns were not looked at, for want of time"
        advice = "Give the audit more seconds to see them all."
        found.append(Finding(severity="info", code="leak.unfinished", message=message, advice=advice))
    return found


def _judge_formula(columns: _Columns, schema: Schema) -> list[Finding]:
    goal = schema.target
    if not columns.formula or goal is None:
        return []
    word = "is" if columns.formula_exact else "is, but for a small rest,"
    named = ", ".join(repr(name) for name in columns.formula_columns)
    message = f"{word} {columns.formula}, so it is known where these columns are: {named}"
    advice = "Leave out those that are not known when a prediction is made."
    return [Finding(severity="error", code="leak.formula", column=goal.name, message=message, advice=advice)]


def _said(one: SoloScore) -> str:
    return f"{'ROC-AUC' if one.metric == 'roc_auc' else 'R2'} {one.score:.4g}"


def _judge_solo(one: SoloScore, columns: _Columns, column: Column, rows: int) -> Finding | None:
    """Grade how well one column tells the target alone."""
    perfect = one.score >= _PERFECT[one.metric] or columns.agreement.get(one.column, 0) >= 0.9999
    names_rows = column.kind == "identifier" or columns.row_numbers.get(one.column, False)
    if names_rows and one.score >= _INFORMED[one.metric]:
        message = f"names rows and still tells the target ({_said(one)} alone): the rows are stored in a telling order"
        advice = "Leave it out; new rows will have other numbers."
        severity: Severity = "error" if perfect else "warning"
        return Finding(severity=severity, code="leak.identifier", column=one.column, message=message, advice=advice)
    if perfect:
        message = f"tells the target almost perfectly by itself ({_said(one)} on rows not seen)"
        advice = "It is the target under another name, or is only known afterwards: leave it out, unless you are sure."
        severity = "error" if rows >= _SURE_ROWS else "warning"
        return Finding(severity=severity, code="leak.solo", column=one.column, message=message, advice=advice)
    if one.score >= _STRONG[one.metric]:
        message = f"tells much of the target by itself ({_said(one)} on rows not seen)"
        advice = "Make sure that it is known when a prediction is made."
        return Finding(severity="info", code="leak.strong", column=one.column, message=message, advice=advice)
    return None


def _judge_irreplaceable(columns: _Columns, rows: int, perfect: set[str | None]) -> list[Finding]:
    """Find one column, or two, that a model needs far more than any other."""
    ranked = sorted(((ratio, name) for name, ratio in columns.without.items()), reverse=True)
    if len(ranked) < 2 or rows < _MODEL_LEAST_ROWS or perfect:
        return []
    for count in (1, 2):
        rest = ranked[count][0] - 1 if len(ranked) > count else 0.0
        if ranked[count - 1][0] >= _RATIO and ranked[count - 1][0] - 1 >= 2 * rest:
            return [_suspect(name, ratio, rest, columns) for ratio, name in ranked[:count]]
    return []


def _suspect(name: str, ratio: float, rest: float, columns: _Columns) -> Finding:
    score = next(one for one in columns.solo if one.column == name)
    message = (
        f"is needed far more than other columns: without it the error of a model is {ratio - 1:.0%} larger "
        f"(others: {max(rest, 0):.0%} at most; alone: {_said(score)})"
    )
    advice = "Ask whether it is known when a prediction is made, or only afterwards; if afterwards, leave it out."
    return Finding(severity="warning", code="leak.suspect", column=name, message=message, advice=advice)
