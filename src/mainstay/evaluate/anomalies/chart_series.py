"""The chart of a time series: its values, its score, and the windows that are marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from mainstay.evaluate.clusters.names import shortened
from mainstay.evaluate.theme import ACCENT, INK, MAIN, MUTED, bare, rows_of, stacked

if TYPE_CHECKING:
    from mainstay.evaluate.sections import Plot

__all__ = ["series_chart"]

_WIDTH, _ONE, _SEVERAL, _SCORE = 880, 210, 110, 90
_LINES = 8


def series_chart(plot: Plot) -> Any:
    """Return one panel for each ``line`` of ``value`` over ``time``, with windows from ``time`` to ``end`` behind.

    ``what`` is "value", "score", "window" (flagged) or "known" (labelled). Options: ``x`` (title), ``cut`` (of the
    score), ``temporal`` ("yes" where times are dates).
    """
    rows = _rows(plot)
    kind = "T" if plot.options.get("temporal") else "Q"
    names = list(dict.fromkeys(str(row["line"]) for row in rows if row["what"] == "value"))[:_LINES]
    panels = [_panel(plot, rows, name, kind=kind, last=False, height=_ONE if len(names) == 1 else _SEVERAL)
              for name in names]  # fmt: skip
    if any(row["what"] == "score" for row in rows):
        panels.append(_panel(plot, rows, "score", kind=kind, last=True, height=_SCORE))
    return panels[0] if len(panels) == 1 else stacked(panels)


def _panel(plot: Plot, rows: list[dict[str, Any]], name: str, *, kind: str, last: bool, height: int) -> Any:
    score = name == "score" and last
    line = [row for row in rows if row["what"] == ("score" if score else "value") and (score or row["line"] == name)]
    x = alt.X(
        f"time:{kind}", title=plot.options.get("x") if last else None, scale=alt.Scale(nice=False, zero=False),
        axis=alt.Axis(tickCount=8, grid=False, labelFlush=True),
    )  # fmt: skip
    y = alt.Y(
        "value:Q", title=shortened(name, 24), scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=3, format="~s")
    )
    layers = [*_windows(rows, kind, height)]
    layers.append(alt.Chart(rows_of(line)).mark_line(color=MUTED if score else MAIN, strokeWidth=1.1).encode(x=x, y=y))
    alone = _lonely(line)
    if alone:
        layers.append(alt.Chart(rows_of(alone)).mark_circle(color=MAIN, size=14).encode(x=x, y=y))
    if score and "cut" in plot.options:
        cut = alt.Chart(rows_of([{"value": float(plot.options["cut"])}])).mark_rule(color=INK, strokeDash=[5, 4])
        layers.append(cut.encode(y="value:Q"))
    return bare(alt.layer(*layers), _WIDTH, height)


def _windows(rows: list[dict[str, Any]], kind: str, height: int) -> list[Any]:
    """Return the windows: flagged ones over the whole height, labelled ones as a bar along the top."""
    layers = []
    for what, colour, opacity, reach in (("window", ACCENT, 0.22, height), ("known", INK, 0.75, 5)):
        some = [row for row in rows if row["what"] == what]
        if some:
            # The stroke keeps a window of one point among thousands in sight.
            marks = alt.Chart(rows_of(some)).mark_rect(
                color=colour, fillOpacity=opacity, stroke=colour, strokeOpacity=0.6, strokeWidth=1
            )
            layers.append(marks.encode(x=f"time:{kind}", x2=f"end:{kind}", y=alt.value(0), y2=alt.value(reach)))
    return layers


def _lonely(line: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return points between two gaps: a line alone would not show them."""
    there = [row["value"] is not None for row in line]
    return [
        row
        for place, row in enumerate(line)
        if there[place] and not any(there[max(0, place - 1) : place]) and not any(there[place + 1 : place + 2])
    ]


def _rows(plot: Plot) -> list[dict[str, Any]]:
    names = list(plot.data)
    return [dict(zip(names, cells, strict=True)) for cells in zip(*plot.data.values(), strict=True)]
