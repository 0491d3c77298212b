"""Turns what was measured of columns into findings, graded by how sure they are.

Strong is not the same as leaking: on easy data one column may honestly tell the target. An error is near certain (a
copy of the target, a formula for it), a warning has two kinds of evidence, and what is merely strong is information.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mainstay.contracts.findings import Finding, Severity

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mainstay.contracts.schema import Column, Schema
    from mainstay.data.leaks_solo import Goal, SoloScore
    from mainstay.data.leaks_sums import Formula

__all__ = ["Columns", "judge_columns", "replaced"]

_SURE_ROWS = 200
_PERFECT = {"roc_auc": 0.9995, "r2": 0.9995}
_STRONG = {"roc_auc": 0.95, "r2": 0.9}
_INFORMED = {"roc_auc": 0.6, "r2": 0.1}
_RATIO, _RATIO_OF_FEW = 1.25, 1.6
_MANY_ROWS = 1000
_FIRM = {"roc_auc": 0.85, "r2": 0.7}
_FIRM_RATIO, _FIRM_RATIO_OF_FEW = 1.15, 1.4
_UNTIED = 0.07


@dataclass(frozen=True)
class Columns:
    """What was measured of columns.

    Parameters
    ----------
    goal : Goal
    rows : int64 array
        The rows that were looked at.
    solo : tuple of SoloScore
        The best first.
    bins : dict by column
    numbers : dict by column
    agreement : dict by column
        Rank correlation with an amount.
    row_numbers : dict by column
        Whether it only counts rows.
    formula : Formula, optional
    without : dict by column
        How many times as large the loss is without it.
    ties : dict by column
        What others tell of it beyond the target.
    """

    goal: Goal
    rows: NDArray[np.int64]
    solo: tuple[SoloScore, ...] = ()
    bins: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    numbers: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    agreement: dict[str, float] = field(default_factory=dict)
    row_numbers: dict[str, bool] = field(default_factory=dict)
    formula: Formula | None = None
    without: dict[str, float] = field(default_factory=dict)
    ties: dict[str, float] = field(default_factory=dict)

    def is_perfect(self, one: SoloScore) -> bool:
        """Say whether a column is the target, on whatever scale."""
        return one.score >= _PERFECT[one.metric] or self.agreement.get(one.column, 0) >= 0.9999


def replaced(columns: Columns) -> set[str]:
    """Return the columns that are the target or parts of it: beside them no model says anything of the others."""
    gone = {one.column for one in columns.solo if columns.is_perfect(one)}
    return gone | {name for name, _ in (columns.formula.terms if columns.formula else ())}


def judge_columns(columns: Columns, schema: Schema) -> list[Finding]:
    """Return the findings on single columns and on formulas."""
    found = _judge_formula(columns, schema)
    suspects = _judge_suspects(columns, schema)
    told = {one.column for one in suspects}
    for one in columns.solo:
        finding = _judge_solo(one, columns, schema[one.column])
        if finding is not None and not (finding.code == "leak.strong" and one.column in told):
            found.append(finding)
    found += suspects
    return found


def _judge_formula(columns: Columns, schema: Schema) -> list[Finding]:
    """Return a finding for the target and one for each part, so that each shows where its column is looked at."""
    goal, formula = schema.target, columns.formula
    if formula is None or goal is None:
        return []
    word = "is" if formula.exact else "is, but for a small rest,"
    named = ", ".join(repr(name) for name, _ in formula.terms)
    message = f"{word} {formula.text()}, so it is known where these columns are: {named}"
    advice = "Leave out those that are not known when a prediction is made."
    found = [Finding(severity="error", code="leak.formula", column=goal.name, message=message, advice=advice)]
    for name, _ in formula.terms:
        part = f"is a part of the target: {goal.name} {word} {formula.text()}"
        found.append(Finding(severity="error", code="leak.part", column=name, message=part, advice=advice))
    return found


def _said(one: SoloScore) -> str:
    """Return a score with its name."""
    return f"{'ROC-AUC' if one.metric == 'roc_auc' else 'R2'} {one.score:.4g}"


def _judge_solo(one: SoloScore, columns: Columns, column: Column) -> Finding | None:
    """Grade how well one column tells the target alone."""
    perfect = columns.is_perfect(one)
    names_rows = column.kind == "identifier" or columns.row_numbers.get(one.column, False)
    if names_rows and one.score >= _INFORMED[one.metric]:
        message = f"names rows and still tells the target ({_said(one)} alone): the rows are stored in a telling order"
        advice = "Leave it out; new rows will have other numbers."
        severity: Severity = "error" if perfect else "warning"
        return Finding(severity=severity, code="leak.identifier", column=one.column, message=message, advice=advice)
    if perfect:
        message = f"tells the target almost perfectly by itself ({_said(one)} on rows not seen)"
        advice = "It is the target under another name, or is only known afterwards: leave it out, unless you are sure."
        severity = "error" if len(columns.rows) >= _SURE_ROWS else "warning"
        return Finding(severity=severity, code="leak.solo", column=one.column, message=message, advice=advice)
    if one.score >= _STRONG[one.metric]:
        message = f"tells much of the target by itself ({_said(one)} on rows not seen)"
        advice = "Make sure that it is known when a prediction is made."
        return Finding(severity="info", code="leak.strong", column=one.column, message=message, advice=advice)
    return None


def _judge_suspects(columns: Columns, schema: Schema) -> list[Finding]:
    """Find columns that a model needs far more than any other, or that are strong, and that hang on nothing else.

    One of the two signs alone is no more than a reason to ask: the hour of the day is needed for the riders of a
    bicycle, and the strongest of many honest measures may well be very strong.
    """
    gone = replaced(columns)
    found: list[Finding] = []
    needed = _needed(columns)
    for one in columns.solo:
        name = one.column
        if name in gone or name not in columns.ties or columns.row_numbers.get(name, False):
            continue
        alone = columns.ties[name] <= _UNTIED
        appended = _is_appended(schema[name], schema)
        if name in needed and (alone or appended):
            found.append(_suspect(one, columns, needed[name], appended=appended and not alone))
        elif name in needed:
            found.append(_needed_only(one, columns, needed[name]))
        elif alone and (one.score >= _STRONG[one.metric] or _is_firm(one, columns)):
            found.append(_strong_alone(one, columns))
    return found


def _is_firm(one: SoloScore, columns: Columns) -> bool:
    """Say whether a column tells much and is not to be replaced, where others are needed as well."""
    least = _FIRM_RATIO if len(columns.rows) >= _MANY_ROWS else _FIRM_RATIO_OF_FEW
    return one.score >= _FIRM[one.metric] and columns.without.get(one.column, 1.0) >= least


def _needed(columns: Columns) -> dict[str, float]:
    """Return the one or two columns that a model needs far more than any other, with what the next one is worth."""
    ranked = sorted(((ratio, name) for name, ratio in columns.without.items()), reverse=True)
    least = _RATIO if len(columns.rows) >= _MANY_ROWS else _RATIO_OF_FEW
    for count in (1, 2, 3):
        rest = ranked[count][0] - 1 if len(ranked) > count else 0.0
        if len(ranked) >= count + 1 and ranked[count - 1][0] >= least and ranked[count - 1][0] - 1 >= 2 * rest:
            return {name: max(rest, 0.0) for _, name in ranked[:count]}
    return {}


def _is_appended(column: Column, schema: Schema) -> bool:
    """Say whether it is the one column behind the target: what is added to a finished table was often made from it."""
    names = [one.name for one in schema.columns]
    goal = schema.target
    return goal is not None and names[-1] == column.name and len(names) > 5 and names[-2] == goal.name


def _suspect(one: SoloScore, columns: Columns, rest: float, *, appended: bool) -> Finding:
    more = "it stands behind the target, as if added later" if appended else (
        f"and given the target, the others tell {columns.ties[one.column]:.0%} of it, as if it was made from the target"
    )  # fmt: skip
    message = f"{_needs(one, columns, rest)}; {more}"
    advice = "Ask whether it is known when a prediction is made, or only afterwards; if afterwards, leave it out."
    return Finding(severity="warning", code="leak.suspect", column=one.column, message=message, advice=advice)


def _needs(one: SoloScore, columns: Columns, rest: float) -> str:
    more = columns.without[one.column] - 1
    return (
        f"is needed far more than other columns: without it the error of a model is {more:.0%} larger "
        f"(others: {rest:.0%} at most; alone: {_said(one)})"
    )


def _needed_only(one: SoloScore, columns: Columns, rest: float) -> Finding:
    message = f"{_needs(one, columns, rest)}; it hangs together with them as an honest cause does"
    advice = "Make sure that it is known when a prediction is made."
    return Finding(severity="info", code="leak.strong", column=one.column, message=message, advice=advice)


def _strong_alone(one: SoloScore, columns: Columns) -> Finding:
    message = (
        f"tells much of the target by itself ({_said(one)} on rows not seen), and given the target, the others tell "
        f"{columns.ties[one.column]:.0%} of it, as if it was made from the target"
    )
    advice = "Ask whether it is known when a prediction is made, or only afterwards; if afterwards, leave it out."
    return Finding(severity="warning", code="leak.suspect", column=one.column, message=message, advice=advice)
