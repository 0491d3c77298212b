"""Looks for leaks before training: what would make a model look good in the test and fail in use.

Every finding carries its evidence. The parts are in files of their own: columns alone (``leaks_solo``), in other views
(``leaks_views``), beside the others (``leaks_model``), as formulas (``leaks_sums``) and as computed from the target
(``leaks_encoded``); rows in their order (``leaks_rows``), rows that are nearly the same (``leaks_near``), things that
come back (``leaks_groups``) and the two sides of a split (``leaks_apart``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contracts.findings import Finding
from mainstay.data.leaks_apart import Apart, judge_apart
from mainstay.data.leaks_encoded import judge_encoded, judge_later, judge_left_out
from mainstay.data.leaks_groups import judge_groups
from mainstay.data.leaks_judge import Columns, judge_columns, replaced
from mainstay.data.leaks_model import losses_without, ties_given_target
from mainstay.data.leaks_near import judge_near_copies
from mainstay.data.leaks_rows import is_row_number, judge_copies, judge_order, judge_proxies, judge_sorted, rises
from mainstay.data.leaks_solo import Goal, SoloScore, bin_column, rank_agreement, score_column
from mainstay.data.leaks_sums import find_formula
from mainstay.data.leaks_views import judge_filled, judge_hidden, judge_pairs
from mainstay.data.quality import choose_target
from mainstay.data.quality_findings import gravest_first
from mainstay.data.quality_values import as_codes, as_numbers

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.contracts.schema import Column, Schema
    from mainstay.data.table import Table

    Codes = NDArray[np.int64] | NDArray[np.float64]

__all__ = ["Audit", "SoloScore", "audit"]

_SAMPLE_ROWS = 10_000
_MODEL_ROWS = 5_000
_LEAST_ROWS = 30
_SCORED_KINDS = ("number", "boolean", "category", "datetime", "identifier")
_STRONG = {"roc_auc": 0.85, "r2": 0.7}
_MOST_ASKED = 5
_MODEL_CLASSES = 1  # the most frequent class against all others: many classes take long and scatter more


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
    ties : dict
        From column to what other columns tell of it beyond the target: 0 for what was made from the target.
    apart : Apart, optional
        How well the test part is told from the training part.
    rows : int, default 0
        On how many rows columns were scored.
    """

    findings: tuple[Finding, ...]
    solo: tuple[SoloScore, ...] = ()
    without: dict[str, float] = {}
    ties: dict[str, float] = {}
    apart: Apart | None = None
    rows: int = 0

    def to_dict(self) -> dict[str, object]:
        """Return the audit as plain dictionaries, lists, texts and numbers, for JSON."""
        plain: dict[str, object] = msgspec.to_builtins(self)
        return plain


@dataclass(frozen=True, slots=True)
class _Until:
    """A deadline at a moment of the clock, and what was skipped for it."""

    moment: float
    skipped: list[str] = field(default_factory=list)

    def left(self) -> float:
        return max(0.0, self.moment - perf_counter())

    def allows(self, what: str) -> bool:
        """Say whether there is time left for a part; where there is none it is noted as skipped."""
        if self.left() > 0:
            return True
        if what not in self.skipped:
            self.skipped.append(what)
        return False


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
        Nothing further is begun after that; what was left out is said, in a finding ``leak.unfinished``.

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
    seen = values if values is None or train is None else _only_rows(values, train)
    found: list[Finding] = []
    columns: Columns | None = None
    if values is not None:
        rows = _rows_to_score(values, train, seed)
        if len(rows) >= _LEAST_ROWS:
            columns = _measure(frame, schema, values[rows], rows=rows, seed=seed, deadline=deadline)
            found += _judge_views(frame, schema, columns, deadline)
    if values is not None and columns is not None:
        found += _judge_made(frame, schema, values, columns, how=how)
        columns = _ask_model(columns, schema, seed=seed, deadline=deadline)
        found += judge_columns(columns, schema)
    apart = None
    if train is not None and test is not None:
        found += judge_copies(frame, schema, train, test)
        found += judge_proxies(frame, schema, train, test, how)
        if deadline.allows("how the two sides of the split differ"):
            apart, told = judge_apart(frame, schema, train, test, how=how, seed=seed)
            found += told
    found += judge_order(frame, schema, how)
    found += judge_groups(frame, schema, seen, how)
    if deadline.allows("rows that are nearly the same"):
        found += judge_near_copies(frame, schema, _amounts(values), train=train, test=test, seed=seed)
    return _audit([*found, *_unfinished(deadline)], columns, apart)


def _unfinished(deadline: _Until) -> list[Finding]:
    """Return a finding that names what was not looked at, so that silence is no proof of innocence."""
    if not deadline.skipped:
        return []
    finding = Finding(
        severity="info",
        code="leak.unfinished",
        message=f"not looked at, for want of time: {'; '.join(deadline.skipped)}",
        advice="Give the audit more seconds to see everything, or look again when the machine is less busy.",
    )
    return [finding]


def _audit(found: list[Finding], columns: Columns | None, apart: Apart | None) -> Audit:
    once = {(one.code, one.column): one for one in reversed(found)}
    findings = gravest_first([one for one in found if once[one.code, one.column] is one])
    if columns is None:
        return Audit(findings, apart=apart)
    without = {name: round(ratio, 4) for name, ratio in columns.without.items()}
    ties = {name: round(tie, 4) for name, tie in columns.ties.items()}
    return Audit(findings, columns.solo, without, ties, apart, len(columns.rows))


def _amounts(values: Codes | None) -> NDArray[np.float64] | None:
    """Return codes or amounts as float64, NaN where missing."""
    if values is None or np.issubdtype(values.dtype, np.floating):
        return None if values is None else values.astype(np.float64)
    return np.where(values < 0, np.nan, values).astype(np.float64)


def _target_values(frame: pl.DataFrame, schema: Schema) -> Codes | None:
    """Return codes or amounts for all rows; None without a target to score against."""
    goal = schema.target
    if goal is None or goal.name not in frame.columns or goal.kind not in ("number", "category", "boolean"):
        return None
    series = frame.get_column(goal.name)
    return as_numbers(series, goal) if goal.kind == "number" else as_codes(series, goal)[0]


def _only_rows(values: Codes | None, rows: NDArray[np.int64]) -> Codes | None:
    """Return the target with all other rows missing, so that nothing is learned of the test part."""
    if values is None:
        return None
    kept = np.full_like(values, np.nan if np.issubdtype(values.dtype, np.floating) else -1)
    kept[rows] = values[rows]
    return kept


def _rows_to_score(values: Codes, train: NDArray[np.int64] | None, seed: int) -> NDArray[np.int64]:
    usable = np.isfinite(values) if np.issubdtype(values.dtype, np.floating) else values >= 0
    rows = np.flatnonzero(usable) if train is None else train[usable[train]]
    if len(np.unique(values[rows])) < 2:
        return rows[:0]
    if len(rows) <= _SAMPLE_ROWS:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, _SAMPLE_ROWS, replace=False))


def _measure(
    frame: pl.DataFrame, schema: Schema, values: Codes, *, rows: NDArray[np.int64], seed: int, deadline: _Until
) -> Columns:
    """Score columns alone, look for a formula, and ask a model what it needs."""
    goal = Goal.of(values, seed=seed)
    wanted = [column for column in schema.columns if _is_scored(column) and column.name in frame.columns]
    columns = Columns(goal, rows)
    solo: list[SoloScore] = []
    for column in wanted:
        if deadline.left() <= 0:
            deadline.skipped.append(f"{len(wanted) - len(solo):,} columns by themselves")
            break
        solo.append(_measure_one(frame, column, columns))
    solo.sort(key=lambda one: -one.score)
    features = {column.name for column in wanted if column.role == "feature"}
    numbers = {name: some for name, some in columns.numbers.items() if name in features}
    formula = None if goal.classes else find_formula(numbers, values.astype(np.float64))
    return replace(columns, solo=tuple(solo), formula=formula)


def _measure_one(frame: pl.DataFrame, column: Column, columns: Columns) -> SoloScore:
    name, series = column.name, frame.get_column(column.name)
    cells = series.gather(columns.rows)
    columns.bins[name] = bin_column(cells, column)
    if column.kind != "number":
        return score_column(name, columns.bins[name], None, columns.goal)
    some = columns.numbers[name] = as_numbers(cells, column)
    different = len(np.unique(some)) == len(some)
    columns.row_numbers[name] = different and is_row_number(as_numbers(series, column))
    columns.agreement[name] = _agreement(some, columns.goal)
    return score_column(name, columns.bins[name], some, columns.goal)


def _ask_model(columns: Columns, schema: Schema, *, seed: int, deadline: _Until) -> Columns:
    """Ask a model which columns it needs, and what hangs on the target alone."""
    features = {column.name for column in schema.features} - replaced(columns)
    few = np.sort(np.random.default_rng(seed).permutation(len(columns.rows))[:_MODEL_ROWS])
    small = Goal.of(columns.goal.values[few], seed=seed, most_classes=_MODEL_CLASSES)
    binned = {name: codes[few] for name, codes in columns.bins.items() if name in features}
    without = losses_without(binned, small, seed=seed, deadline=deadline)
    deadline.allows("what a model loses without each column")
    strong = [one.column for one in columns.solo if one.column in binned and one.score >= _STRONG[one.metric]]
    needed = [name for name, ratio in sorted(without.items(), key=lambda pair: -pair[1])[:3] if ratio > 1.2]
    asked = list(dict.fromkeys([*needed, *strong[:_MOST_ASKED]])) if len(binned) > 1 else []
    whole = Goal(columns.goal.values[few], columns.goal.classes, small.folds)
    ties = ties_given_target(binned, whole, asked, seed=seed, deadline=deadline)
    if len(ties) < len(asked):
        deadline.allows("what hangs on the target alone")
    return replace(columns, without=without, ties=ties)


def _judge_views(frame: pl.DataFrame, schema: Schema, columns: Columns, deadline: _Until) -> list[Finding]:
    """Look at columns by what is filled, by digits and letters, and in pairs."""
    found: list[Finding | None] = []
    alone = {one.column: one.score for one in columns.solo}
    labels = _labels(frame, schema, columns)
    dates: dict[str, NDArray[np.float64]] = {}
    for column in schema.columns:
        if column.name not in frame.columns or column.role not in ("feature", "time"):
            continue
        if not deadline.allows("what is filled, and digits and letters"):
            break
        cells = frame.get_column(column.name).gather(columns.rows)
        if column.nullable or cells.null_count():
            found.append(judge_filled(cells, column, columns.goal, labels))
        found.append(judge_hidden(cells, column, columns.goal, alone.get(column.name, 0.0)))
        if column.kind == "datetime":
            dates[column.name] = as_numbers(cells, column)
    features = {column.name for column in schema.features}
    numbers = {name: values for name, values in columns.numbers.items() if name in features}
    found += judge_pairs(numbers, dates, columns.goal, alone, deadline=deadline)
    if len(numbers) > 1:
        deadline.allows("pairs of columns")
    return [one for one in found if one is not None]


def _labels(frame: pl.DataFrame, schema: Schema, columns: Columns) -> tuple[str, ...]:
    """Return the labels in the order in which the goal numbers them: the most frequent first."""
    target = schema.target
    if not columns.goal.classes or target is None:
        return ()
    codes, levels = as_codes(frame.get_column(target.name), target)
    first = {int(place): int(code) for code, place in zip(codes[columns.rows], columns.goal.values, strict=True)}
    return tuple(str(levels[first[place]]) for place in sorted(first))


def _judge_made(frame: pl.DataFrame, schema: Schema, values: Codes, columns: Columns, *, how: str) -> list[Finding]:
    """Look for columns that were computed from the target of all rows.

    Only all rows show it exactly. What is asked is where a column comes from, and not how well it predicts.
    """
    target, classes = _amounts(values), columns.goal.classes
    if target is None:
        return []
    features = [one for one in schema.features if one.name in frame.columns]
    gone = {one.column for one in columns.solo if columns.is_perfect(one)}
    numbers = {
        one.name: as_numbers(frame.get_column(one.name), one)
        for one in features
        if one.kind == "number" and one.name not in gone
    }
    codes = {one.name: as_codes(frame.get_column(one.name), one)[0] for one in features if one.kind == "category"}
    found = [*judge_encoded(numbers, target, classes), *judge_left_out(numbers, codes, target, classes)]
    order = _order(frame, schema, how)
    if order is not None and classes <= 2:
        found += judge_later(numbers, target, order)
    return [*found, *judge_sorted(target, classes)]


def _order(frame: pl.DataFrame, schema: Schema, how: str) -> NDArray[np.int64] | None:
    """Return the rows in the order of time: by the column that is split by, or by one that rises from row to row."""
    for column in schema.columns:
        if column.name not in frame.columns or column.kind not in ("number", "datetime"):
            continue
        chosen = how == f"time:{column.name}" or column.role == "time"
        if chosen or column.kind == "datetime":
            values = as_numbers(frame.get_column(column.name), column)
            if chosen or rises(values):
                return np.argsort(values, kind="stable")
    return np.arange(frame.height) if how.startswith("time") else None


def _is_scored(column: Column) -> bool:
    return column.kind in _SCORED_KINDS and (column.role in ("feature", "group", "time") or column.kind == "identifier")


def _agreement(values: NDArray[np.float64], goal: Goal) -> float:
    """Return how well a number and an amount agree in rank: 1 for a copy on any rising scale."""
    if goal.classes or not np.isfinite(values).all():
        return 0.0
    return rank_agreement(values, goal.values.astype(np.float64))
