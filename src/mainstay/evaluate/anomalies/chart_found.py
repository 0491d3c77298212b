"""Charts of what is found where labels are known: precision over recall, hits over false alarms, recall by capacity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from mainstay.evaluate.theme import ACCENT, FAINT, INK, MAIN, bare, rows_of

if TYPE_CHECKING:
    from mainstay.evaluate.sections import Plot

__all__ = ["found_chart"]

_WIDTH, _HEIGHT = 340, 260
_UNIT = alt.Scale(domain=[0, 1], nice=False)


def found_chart(plot: Plot) -> Any:
    """Return a line of ``y`` over ``x``; ``mark`` says which point is that of the alarm, in a word, or is empty.

    Options: ``x``, ``y`` (titles); ``log`` ("x": rows on a logarithmic axis); ``guess`` (the height of the line of
    guessing, or "diagonal"); ``word`` ("above": where the mark's word stands).
    """
    rows = _rows(plot)
    rows = [{**row, "order": place} for place, row in enumerate(rows)]
    rows_axis = plot.options.get("log") == "x"
    if rows_axis:
        rows = [row for row in rows if row["x"] >= 1]
        last = max([2.0, *(row["x"] for row in rows)])
        ticks = [10**power for power in range(9) if 10**power <= last]
        scale, axis = alt.Scale(type="log", domain=[1, last], nice=False), alt.Axis(format="~s", values=ticks)
    else:
        scale, axis = _UNIT, alt.Axis(format=".0%", tickCount=5)
    x = alt.X("x:Q", title=plot.options.get("x"), scale=scale, axis=axis)
    y = alt.Y("y:Q", title=plot.options.get("y"), scale=_UNIT, axis=alt.Axis(format=".0%", tickCount=5))
    base = alt.Chart(rows_of([row for row in rows if not row["mark"]])).encode(x=x, y=y, order="order:Q")
    layers = [*_guess(plot.options.get("guess", "")), base.mark_line(color=MAIN, strokeWidth=2, clip=True)]
    above = -9 if plot.options.get("word") == "above" else 12
    marked = alt.Chart(rows_of([row for row in rows if row["mark"]])).encode(x=x, y=y)
    layers += [
        marked.mark_point(size=90, strokeWidth=2, stroke=ACCENT, fill="white", opacity=1),
        marked.mark_text(align="left", dx=9, dy=above, color=INK, fontSize=11).encode(text="mark:N"),
    ]
    return bare(alt.layer(*layers), _WIDTH, _HEIGHT)


def _guess(level: str) -> list[Any]:
    """Return the line of guessing."""
    if not level:
        return []
    ends = [(0.0, 0.0), (1.0, 1.0)] if level == "diagonal" else [(0.0, float(level)), (1.0, float(level))]
    line = alt.Chart(rows_of([{"x": x, "y": y} for x, y in ends]))
    return [line.mark_line(color=FAINT, strokeDash=[4, 4], strokeWidth=1.2).encode(x="x:Q", y="y:Q")]


def _rows(plot: Plot) -> list[dict[str, Any]]:
    names = list(plot.data)
    return [dict(zip(names, cells, strict=True)) for cells in zip(*plot.data.values(), strict=True)]
