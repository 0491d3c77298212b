"""Charts of data: the distribution of a column, its most frequent values, and where values are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from mainstay.evaluate.chart_amounts import histogram_rows
from mainstay.evaluate.theme import ACCENT, MAIN, MUTED, bare, names_axis, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mainstay.data.quality_records import Histogram, Level

__all__ = ["column_histogram_chart", "missing_chart", "top_values_chart"]

_SMALL = (250, 90)


def column_histogram_chart(histogram: Histogram, *, dates: bool = False) -> Any:
    """Return a small histogram of a column; ``dates`` where its numbers are days since 1970-01-01."""
    rows = histogram_rows(histogram)
    if dates:
        rows = [{**row, "from": _instant(row["from"]), "to": _instant(row["to"])} for row in rows]
    kind = "T" if dates else "Q"
    scale = alt.Undefined if dates else alt.Scale(zero=False, nice=False)
    axis = alt.Axis(tickCount=4, grid=False, **({} if dates else {"format": "~s"}))
    chart = (
        alt.Chart(rows_of(rows))
        .mark_bar(color=MAIN, opacity=0.75, stroke="white", strokeWidth=0.5)
        .encode(
            x=alt.X(f"from:{kind}", scale=scale, title=None, axis=axis),
            x2="to",
            y=alt.Y("rows:Q", title=None, axis=None),
            y2=alt.Y2Datum(0),
        )
    )
    return bare(chart, *_SMALL)


def top_values_chart(levels: Sequence[Level]) -> Any:
    """Return a bar per frequent value with its share of the rows that have a value."""
    values = [{"value": level.value, "rows": level.rows, "words": _percent(level.share)} for level in levels[:5]]
    top = max([level.rows for level in levels] or [1])
    base = alt.Chart(rows_of(values)).encode(
        y=alt.Y("value:N", sort=None, title=None, axis=names_axis((level.value for level in levels[:5]), limit=110)),
        x=alt.X("rows:Q", axis=None, title=None, scale=alt.Scale(domainMax=1.35 * top)),
    )
    bars = base.mark_bar(color=MAIN, opacity=0.75, height=11)
    words = base.mark_text(align="left", dx=4, color=MUTED, fontSize=10).encode(text="words:N")
    return bare(bars + words, 140, alt.Step(18))


def missing_chart(shares: Mapping[str, float]) -> Any:
    """Return a bar per column that lacks values, most first; columns without gaps are left out."""
    found = sorted(((name, share) for name, share in shares.items() if share > 0), key=lambda entry: -entry[1])
    rows = [{"name": name, "share": share, "words": _percent(share)} for name, share in found[:25]]
    base = alt.Chart(rows_of(rows)).encode(
        y=alt.Y("name:N", sort=None, title=None, axis=names_axis(shares)),
        x=alt.X("share:Q", title=None, axis=None, scale=alt.Scale(domain=[0, 1.15])),
    )
    bars = base.mark_bar(color=ACCENT, opacity=0.75, height=12)
    words = base.mark_text(align="left", dx=5, color=MUTED, fontSize=11).encode(text="words:N")
    return bare(bars + words, 420, alt.Step(20))


def _percent(share: float) -> str:
    return "under 0.1 %" if share < 0.001 else f"{100 * share:.1f} %"


def _instant(days: object) -> float:
    """Return days since 1970-01-01 as the milliseconds that charts count in."""
    return float(days) * 86_400_000 if isinstance(days, (int, float)) else 0.0
