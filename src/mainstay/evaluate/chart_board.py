"""Charts of rows against an amount with its interval: the leaderboard and the importance of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from mainstay.evaluate.metrics import METRICS
from mainstay.evaluate.theme import ACCENT, FAINT, INK, MAIN, bare, names_axis, rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.evaluate.importance import Importance
    from mainstay.evaluate.report_data import Candidate

__all__ = ["importance_chart", "importance_rows", "leaderboard_chart", "leaderboard_rows"]

_ROW = 22
_BOARD, _COLUMNS = 25, 20
"""The most rows that are drawn; tables beside the charts hold all."""


def leaderboard_rows(candidates: Sequence[Candidate], metric: str) -> list[dict[str, object]]:
    """Return the candidates that have a score, best first, as rows to draw."""
    scored = [entry for entry in candidates if entry.value is not None]
    scored.sort(key=lambda entry: entry.value or 0.0, reverse=METRICS[metric].greater_is_better)
    return [
        {
            "name": entry.name,
            "value": entry.value,
            "low": entry.value if entry.low is None else entry.low,
            "high": entry.value if entry.high is None else entry.high,
            "place": "baseline" if entry.baseline else "best, or tied with it" if entry.tied else "worse",
        }
        for entry in scored
    ]


def leaderboard_chart(candidates: Sequence[Candidate], metric: str) -> Any:
    """Return one dot per candidate with its 95 % interval, best on top."""
    rows = leaderboard_rows(candidates, metric)
    # The baseline stays in the picture however many candidates there are.
    kept = rows[:_BOARD] + [row for row in rows[_BOARD:] if row["place"] == "baseline"]
    colour = alt.Color(
        "place:N",
        title=None,
        scale=alt.Scale(domain=["best, or tied with it", "worse", "baseline"], range=[MAIN, FAINT, ACCENT]),
        legend=alt.Legend(symbolType="circle"),
    )
    better = "greater is better" if METRICS[metric].greater_is_better else "less is better"
    base = alt.Chart(rows_of(kept)).encode(
        y=alt.Y("name:N", sort=None, title=None, axis=names_axis(str(row["name"]) for row in kept)), color=colour
    )
    scale = alt.Scale(zero=False, nice=False, padding=10)
    title = f"{METRICS[metric].title}, 95 % interval ({better})"
    bars = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", scale=scale, title=title, axis=alt.Axis(tickCount=6)), x2="high:Q"
    )
    dots = base.mark_circle(size=70, opacity=1).encode(x=alt.X("value:Q", scale=scale))
    return bare(bars + dots, 620, alt.Step(_ROW))


def importance_rows(importance: Importance) -> list[dict[str, object]]:
    """Return the columns as rows to draw, most important first."""
    return [
        {
            "name": entry.column,
            "loss": entry.loss,
            "low": entry.loss if entry.low is None else entry.low,
            "high": entry.loss if entry.high is None else entry.high,
        }
        for entry in importance.columns
    ]


def importance_chart(importance: Importance) -> Any:
    """Return a bar per column with its 95 % interval."""
    base = alt.Chart(rows_of(importance_rows(importance)[:_COLUMNS])).encode(
        y=alt.Y(
            "name:N", sort=None, title=None, axis=names_axis(entry.column for entry in importance.columns[:_COLUMNS])
        )
    )
    title = f"How much worse {METRICS[importance.metric].title} gets when the column is shuffled"
    bars = base.mark_bar(color=MAIN, opacity=0.75, height=12).encode(
        x=alt.X("loss:Q", title=title, axis=alt.Axis(tickCount=6))
    )
    limits = base.mark_rule(color=INK, strokeWidth=1.2).encode(x="low:Q", x2="high:Q")
    return bare(bars + limits, 620, alt.Step(_ROW))
