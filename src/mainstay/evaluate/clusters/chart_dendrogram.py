"""The hierarchy of clusters as a picture: which groups meet at which distance, the lowest joins left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from mainstay.evaluate.theme import ACCENT, INK, MAIN, MUTED, bare, rows_of

if TYPE_CHECKING:
    from mainstay.evaluate.sections import Plot

__all__ = ["dendrogram_chart"]

_WIDTH, _HEIGHT = 620, 300
_MOST_FLAT = 12


def dendrogram_chart(plot: Plot) -> Any:
    """Return lines from ``x``, ``y`` to ``x2``, ``y2``; ``text`` stands under a leaf (a line of no length).

    Options: ``cut``, the height at which the tree is cut into the clusters.
    """
    names = list(plot.data)
    rows = [dict(zip(names, cells, strict=True)) for cells in zip(*plot.data.values(), strict=True)]
    leaves = [row for row in rows if row["text"]]
    cut = float(plot.options["cut"]) if "cut" in plot.options else None
    lines = [
        {**row, "colour": MUTED if cut is not None and row["y"] > cut and row["y2"] > cut else MAIN}
        for row in rows
        if not row["text"]
    ]
    widest = max([1.0, *(row["x"] for row in leaves)])
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-0.7, widest + 0.7], nice=False))
    y = alt.Y("y:Q", title="Distance at which groups meet", axis=alt.Axis(tickCount=5, format="~s"))
    stems = alt.Chart(rows_of(lines)).mark_rule(strokeWidth=1.6, strokeCap="square")
    layers = [stems.encode(x=x, y=y, x2="x2:Q", y2="y2:Q", color=alt.Color("colour:N", scale=None))]
    flat = len(leaves) <= _MOST_FLAT
    under = alt.Chart(rows_of(leaves)).mark_text(
        angle=0 if flat else 270, align="center" if flat else "right", baseline="middle", color=INK, fontSize=10.5,
        dy=12 if flat else 0, dx=0 if flat else -6,
    )  # fmt: skip
    layers.append(under.encode(x=x, y=y, text="text:N"))
    if cut is not None:
        line = alt.Chart(rows_of([{"cut": cut}])).mark_rule(color=ACCENT, strokeDash=[5, 4], strokeWidth=1.6)
        layers.append(line.encode(y=alt.Y("cut:Q")))
    return bare(alt.layer(*layers), _WIDTH, _HEIGHT).configure_view(clip=False, stroke=None)
