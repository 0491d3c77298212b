"""A decision tree as a picture: questions over their answers, boxes at the leaves shaded by what they answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from mainstay.evaluate.theme import FAINT, INK, MAIN, MUTED, bare, rows_of
from mainstay.evaluate.words import percent

if TYPE_CHECKING:
    from mainstay.evaluate.sections import Plot

__all__ = ["tree_chart"]

_LEVEL, _LEAF = 78, 92
_WIDE, _NARROW = 0.72, 0.4
_LONGEST = 24


def tree_chart(plot: Plot) -> Any:
    """Return a tree of nodes at ``x`` and ``depth`` with ``words``, ``share``, ``value``, and lines from ``from_x``."""
    names = list(plot.data)
    rows = [dict(zip(names, cells, strict=True)) for cells in zip(*plot.data.values(), strict=True)]
    nodes = [{**row, "words": _short(str(row["words"])), "said": _said(row["share"])} for row in rows]
    edges = [
        {"x": row["from_x"], "y": -_number(row["depth"]) + 1, "x2": row["x"], "y2": -_number(row["depth"])}
        for row in rows
        if row["from_x"] is not None
    ]
    for node in nodes:
        node["y"] = -_number(node["depth"])
    ways = [
        {"x": (_number(row["from_x"]) + _number(row["x"])) / 2, "y": -_number(row["depth"]) + 0.5, "words": row["way"]}
        for row in rows
        if row["from_x"] is not None
    ]
    x = alt.X("x:Q", axis=None, scale=alt.Scale(padding=60, nice=False, zero=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(padding=26, nice=False, zero=False))
    lines = alt.Chart(rows_of(edges)).mark_rule(color=FAINT, strokeWidth=1.2).encode(x=x, y=y, x2="x2:Q", y2="y2:Q")
    base = alt.Chart(rows_of(nodes)).encode(x=x, y=y)
    questions = _boxes([node for node in nodes if node["value"] is None]).encode(color=alt.value("#ffffff"))
    shade = alt.Color("value:Q", legend=None, scale=alt.Scale(range=["#eaf2f9", "#8fbbdf"]))
    boxes = questions + _boxes([node for node in nodes if node["value"] is not None]).encode(color=shade)
    words = base.mark_text(fontSize=10, color=INK, dy=-5).encode(text="words:N")
    shares = base.mark_text(fontSize=9, color=MUTED, dy=9).encode(text="said:N")
    answers = alt.Chart(rows_of(ways)).mark_text(fontSize=9, color=MUTED).encode(x=x, y=y, text="words:N")
    leaves = 1 + max((_number(row["x"]) for row in rows), default=0)
    deepest = 1 + max((_number(row["depth"]) for row in rows), default=0)
    return bare(lines + boxes + words + shares + answers, max(360, int(leaves * _LEAF)), int(deepest * _LEVEL))


def _boxes(nodes: list[dict[str, Any]]) -> Any:
    rows = [{**node, **_box(node)} for node in nodes]
    edges = {"x": alt.X("left:Q", axis=None), "x2": "right:Q", "y": alt.Y("low:Q", axis=None), "y2": "high:Q"}
    return alt.Chart(rows_of(rows)).mark_rect(stroke=MAIN, strokeWidth=1, cornerRadius=4, opacity=1).encode(**edges)


def _box(node: dict[str, Any]) -> dict[str, float]:
    """Return the edges of a node's box, in units of leaves and levels."""
    wide = _WIDE if node["value"] is None else _NARROW
    return {
        "left": node["x"] - wide, "right": node["x"] + wide, "low": node["y"] - 0.22, "high": node["y"] + 0.22,
    }  # fmt: skip


def _number(cell: object) -> float:
    return float(cell) if isinstance(cell, (int, float)) else 0.0


def _said(share: object) -> str:
    return percent(float(share)) if isinstance(share, (int, float)) else ""


def _short(words: str) -> str:
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "\u2026"
