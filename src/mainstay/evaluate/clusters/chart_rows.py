"""Charts of rows and clusters: the map in two dimensions, and the silhouette plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np

from mainstay.evaluate.clusters.palette import colour_of, shape_of
from mainstay.evaluate.theme import FAINT, INK, MUTED, bare, rows_of

if TYPE_CHECKING:
    from mainstay.evaluate.sections import Plot

__all__ = ["cluster_map_chart", "silhouette_chart"]

_WIDTH, _LOWEST, _HIGHEST = 620, 260, 520
_ROW, _TALLEST = 12, 900
_FAR = 2.0
_MANY, _CROWD = 800, 20


def cluster_map_chart(plot: Plot) -> Any:
    """Return ``x``, ``y`` of rows and, with ``what`` "centre", of middles, by ``cluster``.

    Options: ``x`` and ``y`` (titles). Both axes have one scale as far as the page allows. A few far rows may lie beyond
    the edges.
    """
    rows = _rows(plot)
    seen = [{**row, "colour": colour_of(row["cluster"]), "shape": shape_of(row["cluster"])} for row in rows]
    width, height, domains = _frame(rows)
    x, y = (
        alt.X("x:Q", title=plot.options.get("x"), scale=alt.Scale(domain=domains[0], nice=False), axis=_plain_axis()),
        alt.Y("y:Q", title=plot.options.get("y"), scale=alt.Scale(domain=domains[1], nice=False), axis=_title_above()),
    )
    many, crowded = len(rows) > _MANY, sum(row["what"] == "centre" for row in rows) > _CROWD
    layers = []
    for shape in sorted({str(row["shape"]) for row in seen}):
        some = [row for row in seen if row["what"] == "row" and row["shape"] == shape]
        dots = alt.Chart(rows_of(some)).mark_point(
            shape=shape, filled=True, size=14 if many else 26, opacity=0.45 if many else 0.6, clip=True
        )
        layers.append(dots.encode(x=x, y=y, color=alt.Color("colour:N", scale=None)))
    centres = alt.Chart(rows_of([{**row, "said": str(row["cluster"])} for row in seen if row["what"] == "centre"]))
    layers += [
        centres.mark_circle(size=170 if crowded else 300, opacity=1, stroke="white", strokeWidth=2, clip=True).encode(
            x=x, y=y, color=alt.Color("colour:N", scale=None)
        ),
        centres.mark_text(color="white", fontSize=9 if crowded else 11, fontWeight="bold", clip=True).encode(
            x=x, y=y, text="said:N"
        ),
    ]
    return bare(alt.layer(*layers), width, height)


def _plain_axis() -> Any:
    return alt.Axis(tickCount=5, format=",~f", titleLimit=_WIDTH)


def _title_above() -> Any:
    """Return an axis whose title lies above the picture: it is too long to stand beside it."""
    return alt.Axis(
        tickCount=5, format=",~f", titleAngle=0, titleAlign="left", titleAnchor="start", titleX=-24, titleY=-12,
        titleLimit=_WIDTH,
    )  # fmt: skip


def _frame(rows: list[dict[str, Any]]) -> tuple[int, int, list[list[float]]]:
    """Return the size of the picture and what it shows: all, or without the few rows that would squeeze the rest."""
    places = np.array([[row["x"], row["y"]] for row in rows], np.float64).reshape(-1, 2)
    centres = places[[row["what"] == "centre" for row in rows]]
    domains = []
    for axis in (0, 1):
        values = places[:, axis] if len(places) else np.zeros(1)
        low, high = np.quantile(values, [0.005, 0.995])
        reach = max(high - low, 1e-9)
        edges = [max(values.min(), low - (_FAR - 1) * reach / 2), min(values.max(), high + (_FAR - 1) * reach / 2)]
        if len(centres):
            edges = [min(edges[0], centres[:, axis].min()), max(edges[1], centres[:, axis].max())]
        room = 0.04 * (edges[1] - edges[0]) or 1.0
        domains.append([float(edges[0] - room), float(edges[1] + room)])
    spans = [end - start for start, end in domains]
    height = int(np.clip(_WIDTH * spans[1] / spans[0], _LOWEST, _HIGHEST))
    return _WIDTH, height, domains


def silhouette_chart(plot: Plot) -> Any:
    """Return the silhouettes: bars from 0 to ``value`` by ``cluster``.

    ``low`` and ``high`` are the edges of a bar, places from the top, 0 to 1.
    Option ``mean``: where the dashed line stands.
    """
    rows = [{**row, "colour": colour_of(row["cluster"]), "zero": 0} for row in _rows(plot)]
    clusters = list(dict.fromkeys(row["cluster"] for row in rows))
    height = int(np.clip(_ROW * len(clusters), 240, _TALLEST))
    lowest = min([0.0, *(row["value"] for row in rows)])
    scale = alt.Scale(domain=[max(-1.0, lowest - 0.14), 1], nice=False)
    x = alt.X("zero:Q", title="Silhouette", scale=scale, axis=alt.Axis(tickCount=8, format=",~f"))
    y = alt.Y("low:Q", axis=None, scale=alt.Scale(reverse=True, nice=False, domain=[0, 1]))
    bars = (
        alt.Chart(rows_of(rows))
        .mark_rect(opacity=1, strokeWidth=0.6)
        .encode(
            x=x,
            x2="value:Q",
            y=y,
            y2="high:Q",
            color=alt.Color("colour:N", scale=None),
            stroke=alt.Stroke("colour:N", scale=None),
        )
    )
    ends = [
        {"at": (min(part) + max(last)) / 2, "said": str(cluster), "left": max(-1.0, lowest - 0.14)}
        for cluster in clusters
        for part, last in [_extent(rows, cluster)]
    ]
    names = alt.Chart(rows_of(ends)).mark_text(align="left", dx=4, color=INK, fontSize=11)
    layers = [bars, names.encode(x=alt.X("left:Q", scale=scale), y=alt.Y("at:Q", axis=None), text="said:N")]
    if "mean" in plot.options:
        line = alt.Chart(rows_of([{"mean": float(plot.options["mean"])}])).mark_rule(color=INK, strokeDash=[5, 4])
        layers.append(line.encode(x=alt.X("mean:Q", scale=scale)))
    zero = alt.Chart(rows_of([{"at": 0}])).mark_rule(color=MUTED).encode(x=alt.X("at:Q", scale=scale))
    return bare(alt.layer(*layers, zero), 520, height).configure_axisX(gridColor=FAINT, gridOpacity=0.3)


def _extent(rows: list[dict[str, Any]], cluster: int) -> tuple[list[float], list[float]]:
    mine = [row for row in rows if row["cluster"] == cluster]
    return [row["low"] for row in mine], [row["high"] for row in mine]


def _rows(plot: Plot) -> list[dict[str, Any]]:
    names = list(plot.data)
    return [dict(zip(names, cells, strict=True)) for cells in zip(*plot.data.values(), strict=True)]
