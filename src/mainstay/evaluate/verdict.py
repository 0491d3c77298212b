"""What a run comes to, in sentences: the score, and whether anything was learned at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.evaluate.metrics import METRICS
from mainstay.evaluate.words import NOTHING, count, number

if TYPE_CHECKING:
    from mainstay.evaluate.report_data import ReportData

__all__ = ["beats_baseline", "headline", "standing"]


def headline(data: ReportData) -> str:
    """Return the answer in one sentence: "ROC-AUC 0.846 (0.823-0.868) on 1,409 rows that no choice has seen"."""
    score = data.scores.get(data.metric)
    title = METRICS[data.metric].title
    if data.packed and not data.scores:
        return "Not scored: no true answers were given"
    if data.packed:
        return f"{title} {score} on {count(data.rows.test)} {data.packed}"
    if score is None or score.value is None:
        return f"{title} does not apply to the {count(data.rows.test)} rows held out"
    return f"{title} {score} on {count(data.rows.test)} rows that no choice has seen"


def beats_baseline(data: ReportData) -> bool | None:
    """Return whether the model is better than the baseline beyond doubt; None where that is not known."""
    verdict = data.against_baseline
    if verdict is None or verdict.difference is None:
        return None
    better = verdict.difference > 0 if METRICS[data.metric].greater_is_better else verdict.difference < 0
    return better and not verdict.tied


def standing(data: ReportData) -> str:
    """Return in one sentence how the model stands to the baseline; empty where that is not known."""
    known, against = beats_baseline(data), data.against_baseline
    if known is None or against is None or data.baseline is None:
        return ""
    if against.difference == 0:
        return f"A baseline that ignores the columns gets {number(data.baseline.value)}, and so does the model."
    gap = f"{_signed(against.difference)} ({_signed(against.low)} to {_signed(against.high)})"
    level = f"A baseline that ignores the columns gets {number(data.baseline.value)}"
    if known:
        return f"{level}; the model differs by {gap}, better beyond doubt."
    return f"{level}; the difference, {gap}, could be chance."


def _signed(value: float | None) -> str:
    return NOTHING if value is None else ("+" if value > 0 else "") + number(value)
