"""Charts of clusters against something else, as shaded cells or bars: columns, labels, other methods, sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np

from mainstay.evaluate.clusters.names import shortened
from mainstay.evaluate.clusters.palette import colour_of
from mainstay.evaluate.theme import ACCENT, FAINT, INK, MAIN, MUTED, bare, names_axis, rows_of
from mainstay.evaluate.words import percent

if TYPE_CHECKING:
    from mainstay.evaluate.sections import Plot

__all__ = ["cells_chart", "heat_chart", "sizes_chart"]

_WIDE, _ROW = 560, 22
_SHORT = 12
_MOST_ROWS = 40
_LEVELS, _NARROW = 34, 20


def heat_chart(plot: Plot) -> Any:
    """Return ``effect`` (-1 to 1) of each ``column`` in each ``cluster``, with ``text`` where there is room."""
    rows = _rows(plot)
    rows = [{**row, "column": shortened(str(row["column"]), _LEVELS)} for row in rows]
    names = list(dict.fromkeys(str(row["column"]) for row in rows))[:_MOST_ROWS]
    rows = [row for row in rows if row["column"] in names]
    clusters = sorted({int(row["cluster"]) for row in rows})
    step = int(np.clip(_WIDE // max(len(clusters), 1), 13, 84))
    numbers = names_axis([], room=False)
    numbers.labelFontSize = 12 if step >= _NARROW else 9
    x = alt.X("cluster:O", title="Cluster", axis=numbers)
    base = alt.Chart(rows_of(rows)).encode(
        x=x, y=alt.Y("column:N", sort=names, title=None, axis=names_axis(names, limit=_LEVELS * 7))
    )
    colours = alt.Scale(domain=[-1, -0.15, 0.15, 1], range=[ACCENT, "#f7f3ef", "#eff4f7", MAIN], interpolate="rgb")
    legend = alt.Legend(
        title=None, orient="bottom", gradientLength=220, gradientThickness=9, values=[-1, 0, 1],
        labelExpr="datum.value == 0 ? 'like the others' : datum.value > 0 ? 'more' : 'less'",
    )  # fmt: skip
    cells = base.mark_rect(stroke="white", strokeWidth=1.5).encode(
        color=alt.Color("effect:Q", scale=colours, legend=legend)
    )
    layers = [cells]
    if step >= 46:
        ink = alt.condition("abs(datum.effect) > 0.6", alt.value("white"), alt.value(INK))
        layers.append(base.mark_text(fontSize=10.5, limit=step - 6).encode(text="text:N", color=ink))
    return bare(alt.layer(*layers), alt.Step(step), alt.Step(_ROW if len(names) <= 30 else 18))


def cells_chart(plot: Plot) -> Any:
    """Return cells of ``row`` and ``column``, shaded by ``value`` (0 to 1), with ``text`` where there is room.

    Options: ``x``, ``y`` (titles).
    """
    rows = _rows(plot)
    down, across = (list(dict.fromkeys(str(row[name]) for row in rows)) for name in ("row", "column"))
    step = int(np.clip(_WIDE // max(len(across), 1), 13, 76))
    height = int(np.clip(620 // max(len(down), 1), 13, 40))
    longest = max((len(name) for name in across), default=0)
    # Names that are wider than a cell would run into each other.
    angle = 0 if longest * 6.5 <= step else -40 if step >= 18 else -90
    base = alt.Chart(rows_of(rows)).encode(
        x=alt.X(
            "column:N",
            sort=across,
            title=plot.options.get("x"),
            axis=names_axis(across, limit=140, angle=angle, room=False),
        ),
        y=alt.Y("row:N", sort=down, title=plot.options.get("y"), axis=names_axis(down, limit=160)),
    )
    shade = alt.Color("value:Q", scale=alt.Scale(domain=[0, 1], range=["#f4f7fa", MAIN], clamp=True), legend=None)
    layers = [base.mark_rect(stroke="white", strokeWidth=1.5).encode(color=shade)]
    if step >= 30 and height >= 15:
        ink = alt.condition("datum.value > 0.55", alt.value("white"), alt.value(INK))
        layers.append(base.mark_text(fontSize=11 if step >= 44 else 9.5).encode(text="text:N", color=ink))
    return bare(alt.layer(*layers), alt.Step(step), alt.Step(height))


def sizes_chart(plot: Plot) -> Any:
    """Return a bar of ``rows`` for each ``cluster`` with its ``name`` and ``share``."""
    rows = [
        {
            **row,
            "label": f"{row['cluster']}  {shortened(str(row['name']), 44)}",
            "colour": colour_of(int(row["cluster"])),
            "said": f"{row['rows']:,} ({percent(row['share'])})",
        }
        for row in _rows(plot)
    ]
    labels = [str(row["label"]) for row in rows]
    most = max((row["rows"] for row in rows), default=1)
    base = alt.Chart(rows_of(rows)).encode(
        y=alt.Y("label:N", sort=labels, title=None, axis=names_axis(labels, limit=300)),
        x=alt.X("rows:Q", title=None, axis=None, scale=alt.Scale(domain=[0, 1.35 * most], nice=False)),
    )
    small = len(rows) > _SHORT
    bars = base.mark_bar(height=10 if small else 14).encode(color=alt.Color("colour:N", scale=None))
    words = base.mark_text(align="left", dx=5, color=MUTED, fontSize=10 if small else 11).encode(text="said:N")
    zero = alt.Chart(rows_of([{"at": 0}])).mark_rule(color=FAINT).encode(x=alt.X("at:Q", axis=None))
    return bare(alt.layer(bars, words, zero), 300, alt.Step(17 if small else 24))


def _rows(plot: Plot) -> list[dict[str, Any]]:
    names = list(plot.data)
    return [dict(zip(names, cells, strict=True)) for cells in zip(*plot.data.values(), strict=True)]
