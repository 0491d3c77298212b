"""Charts for any section: lines with bands, bars with intervals, points. What they show is in the plot's data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from mainstay.evaluate.theme import ACCENT, FAINT, INK, MAIN, bare, names_axis, rows_of

if TYPE_CHECKING:
    from mainstay.evaluate.sections import Plot

__all__ = ["bars_chart", "dots_chart", "lines_chart", "points_chart", "single_rows_chart"]

_WIDTH, _HEIGHT, _ROW = 360, 240, 22
_MOST_BARS = 25
_COLOURS = (MAIN, ACCENT, INK, FAINT)


def lines_chart(plot: Plot) -> Any:
    """Return lines of ``y`` over ``x``; of each ``series`` one, with a band from ``low`` to ``high`` where given.

    Options: ``x``, ``y`` (titles of the axes), ``log`` ("x": a logarithmic axis).
    """
    scale = alt.Scale(type="log") if plot.options.get("log") == "x" else alt.Scale(zero=False, nice=False)
    x = alt.X("x:Q", title=plot.options.get("x"), scale=scale, axis=alt.Axis(tickCount=6))
    y = alt.Y("y:Q", title=plot.options.get("y"), scale=alt.Scale(zero=False))
    base = alt.Chart(rows_of(_rows(plot))).encode(x=x, **_coloured(plot))
    layers = [base.mark_line(strokeWidth=2).encode(y=y), base.mark_circle(size=28, opacity=1).encode(y=y)]
    if "low" in plot.data:
        band = base.mark_area(opacity=0.18).encode(y=alt.Y("low:Q", title=plot.options.get("y")), y2="high:Q")
        layers.insert(0, band)
    return bare(alt.layer(*layers), _WIDTH, _HEIGHT)


def points_chart(plot: Plot) -> Any:
    """Return a point for each ``x`` and ``y``, coloured by ``series`` where given; option ``diagonal`` draws x = y."""
    rows = _rows(plot)
    base = alt.Chart(rows_of(rows)).encode(
        x=alt.X("x:Q", title=plot.options.get("x"), scale=alt.Scale(zero=False)),
        y=alt.Y("y:Q", title=plot.options.get("y"), scale=alt.Scale(zero=False)),
        **_coloured(plot),
    )
    chart = base.mark_circle(size=40, opacity=0.7)
    if plot.options.get("diagonal"):
        numbers = [value for row in rows for value in (row["x"], row["y"]) if isinstance(value, (int, float))]
        ends = [{"x": end, "y": end} for end in (min(numbers, default=0), max(numbers, default=1))]
        line = alt.Chart(rows_of(ends)).mark_line(strokeDash=[4, 4], color=FAINT).encode(x="x:Q", y="y:Q")
        return bare(line + chart, _WIDTH, _HEIGHT)
    return bare(alt.layer(chart), _WIDTH, _HEIGHT)


def bars_chart(plot: Plot) -> Any:
    """Return a bar of ``value`` for each ``name``, with the interval from ``low`` to ``high`` where given."""
    rows = _rows(plot)[:_MOST_BARS]
    names = [str(row["name"]) for row in rows]
    base = alt.Chart(rows_of(rows)).encode(y=alt.Y("name:N", sort=None, title=None, axis=names_axis(names)))
    bars = base.mark_bar(color=MAIN, opacity=0.75, height=12).encode(
        x=alt.X("value:Q", title=plot.options.get("x"), axis=alt.Axis(tickCount=6))
    )
    layers = [bars]
    if "low" in plot.data:
        layers.append(base.mark_rule(color=INK, strokeWidth=1.2).encode(x="low:Q", x2="high:Q"))
    return bare(alt.layer(*layers), 620, alt.Step(_ROW))


def dots_chart(plot: Plot) -> Any:
    """Return a dot at ``value`` for each ``name`` on a scale that need not begin at zero, with ``low`` to ``high``."""
    rows = _rows(plot)[:_MOST_BARS]
    names = [str(row["name"]) for row in rows]
    base = alt.Chart(rows_of(rows)).encode(y=alt.Y("name:N", sort=None, title=None, axis=names_axis(names)))
    scale = alt.Scale(zero=False, nice=False, padding=10)
    title = plot.options.get("x")
    layers = [base.mark_circle(size=70, opacity=1, color=MAIN).encode(x=alt.X("value:Q", scale=scale, title=title))]
    if "low" in plot.data:
        reach = alt.X("low:Q", scale=scale, title=title, axis=alt.Axis(tickCount=6))
        layers.insert(0, base.mark_rule(strokeWidth=2, color=MAIN).encode(x=reach, x2="high:Q"))
    return bare(alt.layer(*layers), 620, alt.Step(_ROW))


def single_rows_chart(plot: Plot) -> Any:
    """Return a thin line of ``y`` over ``x`` for each ``row``, and a thick one for the row "mean"."""
    every = _rows(plot)
    x = alt.X("x:Q", title=plot.options.get("x"), scale=alt.Scale(zero=False, nice=False), axis=alt.Axis(tickCount=6))
    y = alt.Y("y:Q", title=plot.options.get("y"), scale=alt.Scale(zero=False))
    thin = alt.Chart(rows_of([row for row in every if row["row"] != "mean"])).mark_line(
        strokeWidth=0.8, opacity=0.45, color=FAINT
    )
    thick = alt.Chart(rows_of([row for row in every if row["row"] == "mean"])).mark_line(strokeWidth=3, color=MAIN)
    return bare(alt.layer(thin.encode(x=x, y=y, detail="row:N"), thick.encode(x=x, y=y)), _WIDTH, _HEIGHT)


def _rows(plot: Plot) -> list[dict[str, object]]:
    names = list(plot.data)
    return [dict(zip(names, row, strict=True)) for row in zip(*plot.data.values(), strict=True)]


def _coloured(plot: Plot) -> dict[str, Any]:
    """Colour by series where there is one."""
    if "series" not in plot.data:
        return {"color": alt.value(MAIN)}
    kinds = list(dict.fromkeys(str(value) for value in plot.data["series"]))
    scale = alt.Scale(domain=kinds, range=list(_COLOURS)) if len(kinds) <= len(_COLOURS) else alt.Scale(domain=kinds)
    return {"color": alt.Color("series:N", title=None, scale=scale, legend=alt.Legend(symbolType="circle"))}
