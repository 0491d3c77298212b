"""Charts for regression: predicted against true, errors over predictions, and how errors are spread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from mainstay.evaluate.theme import ACCENT, FAINT, MAIN, bare, rows_of

if TYPE_CHECKING:
    from mainstay.data.quality_records import Histogram
    from mainstay.evaluate.curves import Errors

__all__ = ["error_histogram_chart", "histogram_chart", "histogram_rows", "predicted_true_chart", "residual_chart"]

_WIDTH, _HEIGHT = 310, 270


def predicted_true_chart(errors: Errors) -> Any:
    """Return predicted over true amounts for a sample of rows, with the line of a perfect answer."""
    rows = [{"true": true, "predicted": told} for true, told in zip(errors.true, errors.predicted, strict=True)]
    ends = [min((*errors.true, *errors.predicted)), max((*errors.true, *errors.predicted))]
    scale = alt.Scale(zero=False, nice=True, domain=ends if ends[0] < ends[1] else [ends[0] - 1, ends[0] + 1])
    line = (
        alt.Chart(rows_of([{"true": end, "predicted": end} for end in ends]))
        .mark_line(color=FAINT, strokeDash=[4, 4], strokeWidth=1.2)
        .encode(x="true:Q", y="predicted:Q")
    )
    dots = (
        alt.Chart(rows_of(rows))
        .mark_circle(color=MAIN, size=26, opacity=0.5)
        .encode(
            x=alt.X("true:Q", scale=scale, title="True", axis=_amount()),
            y=alt.Y("predicted:Q", scale=scale, title="Predicted", axis=_amount()),
        )
    )
    return bare(line + dots, _WIDTH, _HEIGHT)


def residual_chart(errors: Errors) -> Any:
    """Return errors over predictions: a sample of rows, and from all rows the middle and the band of 80 %."""
    points = [
        {"predicted": told, "error": told - true} for true, told in zip(errors.true, errors.predicted, strict=True)
    ]
    bands = [
        {"predicted": band.predicted, "low": band.low, "middle": band.middle, "high": band.high}
        for band in errors.bands
    ]
    scale = alt.Scale(zero=False, nice=True)
    x = alt.X("predicted:Q", scale=scale, title="Predicted", axis=_amount())
    zero = alt.Chart(rows_of([{"error": 0}])).mark_rule(color=FAINT, strokeDash=[4, 4]).encode(y="error:Q")
    dots = (
        alt.Chart(rows_of(points))
        .mark_circle(color=MAIN, size=22, opacity=0.35)
        .encode(x=x, y=alt.Y("error:Q", title="Error (predicted minus true)", axis=_amount()))
    )
    base = alt.Chart(rows_of(bands)).encode(x=x)
    band = base.mark_area(color=ACCENT, opacity=0.15).encode(y="low:Q", y2="high:Q")
    middle = base.mark_line(color=ACCENT, strokeWidth=2).encode(y="middle:Q")
    return bare(band + zero + dots + middle, _WIDTH, _HEIGHT)


def error_histogram_chart(errors: Errors) -> Any:
    """Return how often which error occurs."""
    return histogram_chart(errors.histogram, "Error (predicted minus true)")


def histogram_rows(histogram: Histogram) -> list[dict[str, object]]:
    """Return the bars of a histogram as rows to draw."""
    edges = histogram.edges
    return [
        {"from": low, "to": high, "rows": count}
        for low, high, count in zip(edges[:-1], edges[1:], histogram.counts, strict=True)
    ]


def histogram_chart(histogram: Histogram, title: str, *, width: int = _WIDTH, height: int = _HEIGHT) -> Any:
    """Return a histogram with its counts."""
    chart = (
        alt.Chart(rows_of(histogram_rows(histogram)))
        .mark_bar(color=MAIN, opacity=0.75, stroke="white", strokeWidth=0.5)
        .encode(
            x=alt.X("from:Q", scale=alt.Scale(zero=False, nice=False), title=title, axis=_amount()),
            x2="to:Q",
            y=alt.Y("rows:Q", title="Rows", axis=alt.Axis(tickCount=4, format="~s")),
            y2=alt.Y2Datum(0),
        )
    )
    return bare(chart, width, height)


def _amount() -> Any:
    return alt.Axis(tickCount=5, format="~s", grid=True)
