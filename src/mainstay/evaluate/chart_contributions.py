"""The cloud of contributions: a point per row and column, coloured by how high the row's value is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from mainstay.evaluate.theme import ACCENT, FAINT, MAIN, bare, names_axis, rows_of

if TYPE_CHECKING:
    from mainstay.evaluate.sections import Plot

__all__ = ["pushes_chart"]

_ROW = 30


def pushes_chart(plot: Plot) -> Any:
    """Return the points of ``value`` for each ``name``, moved up or down by ``offset``, coloured by ``level``.

    Examples
    --------
    >>> from mainstay.evaluate.sections import Plot
    >>> data = {"name": ["age", "age"], "value": [0.1, -0.2], "offset": [0, 0.5], "level": [0.9, None]}
    >>> type(pushes_chart(Plot(kind="pushes", title="", data=data))).__name__
    'LayerChart'
    """
    rows = [dict(zip(plot.data, row, strict=True)) for row in zip(*plot.data.values(), strict=True)]
    names = list(dict.fromkeys(str(name) for name in plot.data["name"]))
    colour = alt.Color(
        "level:Q",
        title="value",
        scale=alt.Scale(domain=[0, 1], range=[MAIN, "#c9c9c9", ACCENT]),
        legend=alt.Legend(values=[0, 1], labelExpr="datum.value > 0.5 ? 'high' : 'low'", gradientLength=60),
    )
    zero = alt.Chart(rows_of([{"x": 0}])).mark_rule(color=FAINT).encode(x="x:Q")
    plain = _points([row for row in rows if row["level"] is None], names, plot).encode(color=alt.value(FAINT))
    ordered = [row for row in rows if row["level"] is not None]
    layers = [zero, plain, _points(ordered, names, plot).encode(color=colour)] if ordered else [zero, plain]
    return bare(alt.layer(*layers), 560, alt.Step(_ROW))


def _points(rows: list[dict[str, object]], names: list[str], plot: Plot) -> Any:
    return (
        alt.Chart(rows_of(rows))
        .mark_circle(size=14, opacity=0.75)
        .encode(
            x=alt.X("value:Q", title=plot.options.get("x"), axis=alt.Axis(tickCount=6)),
            y=alt.Y("name:N", sort=names, scale=alt.Scale(domain=names), title=None, axis=names_axis(names)),
            yOffset=alt.YOffset("offset:Q", scale=alt.Scale(domain=[-1.2, 1.2])),
        )
    )
