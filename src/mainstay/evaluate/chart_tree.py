"""A decision tree as a picture: questions over their answers, boxes at the leaves shaded by what they answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from mainstay.evaluate.theme import CLASSES, FAINT, INK, MAIN, MUTED, bare, rows_of
from mainstay.evaluate.words import percent

if TYPE_CHECKING:
    from mainstay.evaluate.sections import Plot

__all__ = ["tree_chart"]

_LEVEL, _LEAF, _MARGIN = 84, 84, 62
"""Pixels from question to answer, from leaf to leaf, and from the outermost leaf to the edge."""
_WIDE, _NARROW, _HIGH = 0.92, 0.46, 0.3
"""Half a question's and a leaf's width, in leaves, and half their height, in levels."""
_LONGEST, _LONGEST_ANSWER = 26, 13


def tree_chart(plot: Plot) -> Any:
    """Return a tree of nodes at ``x`` and ``depth`` with ``words``, ``share``, ``value``, and lines from ``from_x``.

    Leaves are shaded by ``value``, or where ``class`` is known, coloured by it.
    """
    names = list(plot.data)
    rows = [dict(zip(names, cells, strict=True)) for cells in zip(*plot.data.values(), strict=True)]
    asking = {(row["from_x"], _number(row["depth"]) - 1) for row in rows if row["from_x"] is not None}
    rows = [{**row, "asks": (row["x"], _number(row["depth"])) in asking} for row in rows]
    nodes = [{**row, "y": -_number(row["depth"]), "lines": _in_lines(row), "said": _said(row["share"])} for row in rows]
    ends = [row for row in nodes if row["from_x"] is not None]
    edges = [{"x": row["from_x"], "y": row["y"] + 1, "x2": row["x"], "y2": row["y"]} for row in ends]
    ways = [
        {"x": (_number(row["from_x"]) + _number(row["x"])) / 2, "y": row["y"] + 0.5, "words": row["way"]}
        for row in ends
    ]
    x = alt.X("x:Q", axis=None, scale=alt.Scale(padding=_MARGIN, nice=False, zero=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(padding=30, nice=False, zero=False))
    lines = alt.Chart(rows_of(edges)).mark_rule(color=FAINT, strokeWidth=1.2).encode(x=x, y=y, x2="x2:Q", y2="y2:Q")
    base = alt.Chart(rows_of(nodes)).encode(x=x, y=y)
    words = base.mark_text(fontSize=10, color=INK, dy=-12, lineBreak="\n", lineHeight=12).encode(text="lines:N")
    shares = base.mark_text(fontSize=9, color=MUTED, dy=15).encode(text="said:N")
    answers = alt.Chart(rows_of(ways)).mark_text(fontSize=9, color=MUTED, stroke="white", strokeWidth=3)
    said = (answers + answers.mark_text(fontSize=9, color=MUTED)).encode(x=x, y=y, text="words:N")
    widest = max((_number(row["x"]) for row in rows), default=0)
    deepest = max((_number(row["depth"]) for row in rows), default=0)
    width, height = int(widest * _LEAF + 2 * _MARGIN), int(deepest * _LEVEL + 2 * 30)
    return bare(lines + _all_boxes(nodes) + words + shares + said, width, height)


def _all_boxes(nodes: list[dict[str, Any]]) -> Any:
    """Return white boxes for questions, and leaves in the colour of their class or shaded by their amount."""
    leaves = [node for node in nodes if node["value"] is not None]
    classes = sorted({str(node["class"]) for node in leaves if node.get("class") is not None})
    if classes and len(classes) <= len(CLASSES):
        colours = alt.Scale(domain=classes, range=list(CLASSES[: len(classes)]))
        answers = _boxes(leaves).encode(
            color=alt.Color("class:N", legend=None, scale=colours), fillOpacity=alt.value(0.3)
        )
    else:
        shade = alt.Color("value:Q", legend=None, scale=alt.Scale(range=["#eaf2f9", "#8fbbdf"]))
        answers = _boxes(leaves).encode(color=shade)
    ground = _boxes(nodes).encode(color=alt.value("#ffffff"))
    return ground + answers


def _boxes(nodes: list[dict[str, Any]]) -> Any:
    rows = [{**node, **_box(node)} for node in nodes]
    edges = {"x": alt.X("left:Q", axis=None), "x2": "right:Q", "y": alt.Y("low:Q", axis=None), "y2": "high:Q"}
    return alt.Chart(rows_of(rows)).mark_rect(stroke=MAIN, strokeWidth=1, cornerRadius=4, opacity=1).encode(**edges)


def _box(node: dict[str, Any]) -> dict[str, float]:
    """Return the edges of a node's box, in units of leaves and levels; what has nothing below has a leaf's place."""
    wide = _WIDE if node["asks"] else _NARROW
    return {
        "left": node["x"] - wide, "right": node["x"] + wide, "low": node["y"] - _HIGH, "high": node["y"] + _HIGH,
    }  # fmt: skip


def _number(cell: object) -> float:
    return float(cell) if isinstance(cell, (int, float)) else 0.0


def _said(share: object) -> str:
    return percent(float(share)) if isinstance(share, (int, float)) else ""


def _in_lines(row: dict[str, Any]) -> str:
    """Return a question or an answer on two lines: what it is about, then the limit, the levels or the share."""
    words, longest = str(row["words"]), _LONGEST if row["asks"] else _LONGEST_ANSWER
    for mark in (" <= ", ": "):
        about, found, limit = words.rpartition(mark)
        if found:
            return f"{_short(about, longest)}\n{_short((mark + limit).strip(' :'), longest)}"
    return _short(words, longest)


def _short(words: str, longest: int) -> str:
    return words if len(words) <= longest else words[: longest - 1] + "\u2026"
