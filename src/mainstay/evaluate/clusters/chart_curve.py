"""Charts over k: the elbow with its knee and the choice, and one panel for each criterion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from mainstay.evaluate.theme import ACCENT, FAINT, INK, MAIN, bare, rows_of

if TYPE_CHECKING:
    from mainstay.evaluate.sections import Plot

__all__ = ["criterion_chart", "elbow_chart"]

_WIDTH, _HEIGHT, _PANEL = 560, 260, (360, 170)
_DOTS = 40
"""Up to so many k each gets a dot."""


def elbow_chart(plot: Plot) -> Any:
    """Return ``inertia`` over ``k``; ``mark`` says which k is "chosen", the "knee", "both" or "plausible"."""
    rows = _rows(plot)
    x, y = _over_k(rows), alt.Y("inertia:Q", title="Sum of squared distances", axis=alt.Axis(format="~s", tickCount=5))
    layers = [_marks(rows, x), alt.Chart(rows_of(rows)).mark_line(color=MAIN, strokeWidth=2).encode(x=x, y=y)]
    if len(rows) <= _DOTS:
        layers.append(alt.Chart(rows_of(rows)).mark_circle(color=MAIN, size=28, opacity=1).encode(x=x, y=y))
    marked = [{**row, "said": _SAID[str(row["mark"])].format(row["k"])} for row in rows if row["mark"]]
    spots = alt.Chart(rows_of(marked)).encode(x=x, y=y)
    filled = alt.condition("datum.mark == 'chosen' || datum.mark == 'both'", alt.value(ACCENT), alt.value("white"))
    layers.append(spots.mark_point(size=110, strokeWidth=2, opacity=1, stroke=ACCENT).encode(fill=filled))
    # Words stand above the falling line, right of it, so that they never cross it; two near each other stand apart.
    words = [{**row, "step": place} for place, row in enumerate(row for row in marked if row["mark"] != "plausible")]
    for row in words:
        # The left one stands higher: its dot does too.
        said = alt.Chart(rows_of([row])).mark_text(
            align="left", dx=8, dy=-12 - 18 * (len(words) - 1 - row["step"]), color=INK, fontSize=12, fontWeight="bold"
        )
        layers.append(said.encode(x=x, y=y, text="said:N"))
    return bare(alt.layer(*layers), _WIDTH, _HEIGHT)


_SAID = {"chosen": "chosen: k = {}", "knee": "knee: k = {}", "both": "chosen, and the knee: k = {}", "plausible": ""}


def criterion_chart(plot: Plot) -> Any:
    """Return ``value`` over ``k`` with ``low`` to ``high`` where given; ``mark`` as for the elbow.

    Options: ``y`` (title), ``best`` (the k that it is for).
    """
    rows = [row for row in _rows(plot) if row["value"] is not None]
    x = _over_k(rows)
    y = alt.Y(
        "value:Q", title=plot.options.get("y"), scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=4, format=",~f")
    )
    if rows and max(abs(_number(row["value"])) for row in rows) >= 1000:
        y = y.axis(tickCount=4, format="~s")
    base = alt.Chart(rows_of(rows)).encode(x=x)
    layers = [_marks(rows, x), base.mark_line(color=MAIN, strokeWidth=2).encode(y=y)]
    limits = [row for row in rows if row.get("low") is not None]
    if limits:
        layers.append(
            alt.Chart(rows_of(limits))
            .mark_rule(color=MAIN, strokeWidth=1.4, opacity=0.6)
            .encode(x=x, y="low:Q", y2="high:Q")
        )
    if len(rows) <= _DOTS:
        layers.append(base.mark_circle(color=MAIN, size=26, opacity=1).encode(y=y))
    best = [row for row in rows if str(row["k"]) == plot.options.get("best")]
    if best:
        spot = alt.Chart(rows_of(best)).mark_point(size=110, strokeWidth=2, stroke=ACCENT, fill="white", opacity=1)
        layers.append(spot.encode(x=x, y=y))
    return bare(alt.layer(*layers), *_PANEL)


def _over_k(rows: list[dict[str, Any]]) -> Any:
    last = int(max((row["k"] for row in rows), default=1))
    return alt.X(
        "k:Q",
        title="Number of clusters k",
        scale=alt.Scale(domain=[min((row["k"] for row in rows), default=1), max(last, 2)], nice=False, padding=14),
        axis=alt.Axis(tickMinStep=1, tickCount=min(last, 12), format="d", grid=False),
    )


def _marks(rows: list[dict[str, Any]], x: Any) -> Any:
    """Return a line at the chosen k, on which all panels can be compared."""
    chosen = [{"k": row["k"]} for row in rows if row["mark"] in ("chosen", "both")]
    return alt.Chart(rows_of(chosen)).mark_rule(color=FAINT, strokeDash=[4, 4]).encode(x=x)


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


def _rows(plot: Plot) -> list[dict[str, Any]]:
    names = list(plot.data)
    return [dict(zip(names, cells, strict=True)) for cells in zip(*plot.data.values(), strict=True)]
