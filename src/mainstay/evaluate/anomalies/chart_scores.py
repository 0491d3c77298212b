"""Charts of scores: how they lie around the cut, what the members say of the oddest rows, which columns count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from mainstay.evaluate.clusters.names import shortened
from mainstay.evaluate.theme import ACCENT, CLASSES, FAINT, INK, MAIN, MUTED, bare, names_axis, rows_of
from mainstay.evaluate.words import number, percent

if TYPE_CHECKING:
    from mainstay.evaluate.sections import Plot

__all__ = ["case_parts_chart", "drivers_chart", "score_spread_chart"]

_WIDTH, _HEIGHT, _ROW = 620, 230, 21
_FLOOR = 0.7
"""Where bars of a logarithmic axis begin, so that a single row can be seen."""
_LETTERS = 40
_CASES, _COLUMNS = 25, 20


def score_spread_chart(plot: Plot) -> Any:
    """Return rows by score on a logarithmic axis: bars of ``usual`` and of ``flagged`` from ``left`` to ``right``.

    ``anomalies``, where there, are drawn as a line of short strokes. Option ``cut``: where the upright line stands.
    """
    rows = _rows(plot)
    bars = [
        {"left": row["left"], "right": row["right"], "rows": row[kind], "kind": kind, "floor": _FLOOR}
        for kind in ("usual", "flagged")
        for row in rows
        if row[kind]
    ]
    known = [{**row, "kind": "known anomalies"} for row in rows if row.get("anomalies")]
    most = max([1, *(bar["rows"] for bar in bars)])
    x = alt.X("left:Q", title="Score", scale=alt.Scale(zero=False, nice=False), axis=alt.Axis(tickCount=8, grid=False))
    height = alt.Scale(type="log", domain=[_FLOOR, most * 2.2], nice=False)
    ticks = [10**power for power in range(8) if 10**power <= most * 2.2]
    y = alt.Y("rows:Q", title="Rows (logarithmic)", scale=height, axis=alt.Axis(values=ticks, format="~s"))
    kinds = [kind for kind in ("usual", "flagged") if any(bar["kind"] == kind for bar in bars)]
    kinds += ["known anomalies"] if known else []
    colours = {"usual": MAIN, "flagged": ACCENT, "known anomalies": INK}
    colour = alt.Color(
        "kind:N", title=None, scale=alt.Scale(domain=kinds, range=[colours[kind] for kind in kinds]),
        legend=alt.Legend(symbolType="square"),
    )  # fmt: skip
    layers = [
        alt.Chart(rows_of(bars))
        .mark_rect(opacity=0.75, stroke="white", strokeWidth=0.6)
        .encode(x=x, x2="right:Q", y=y, y2="floor:Q", color=colour)
    ]
    if known:
        strokes = alt.Chart(rows_of(known)).mark_rule(strokeWidth=2.5)
        layers.append(strokes.encode(x=x, x2="right:Q", y=alt.Y("anomalies:Q", scale=height), color=colour))
    if "cut" in plot.options:
        layers += _cut(float(plot.options["cut"]), rows)
    return bare(alt.layer(*layers), _WIDTH, _HEIGHT)


def _cut(cut: float, rows: list[dict[str, Any]]) -> list[Any]:
    """Return the upright line of the cut with its word, on the side where there is room."""
    low, high = rows[0]["left"], rows[-1]["right"]
    if not low <= cut <= high:
        return []
    late = cut > low + 0.8 * (high - low)
    at = alt.Chart(rows_of([{"left": cut, "said": f"cut {number(cut)}"}])).encode(x="left:Q")
    word = at.mark_text(align="right" if late else "left", dx=-6 if late else 6, color=INK, fontSize=11)
    return [
        at.mark_rule(color=INK, strokeDash=[5, 4], strokeWidth=1.4),
        word.encode(y=alt.value(8), text="said:N"),
    ]


def case_parts_chart(plot: Plot) -> Any:
    """Return a bar for each ``row``, made of the ``part`` of each ``member`` in its score.

    Option ``cut``: where the upright line stands.
    """
    rows = _rows(plot)
    names = list(dict.fromkeys(str(row["row"]) for row in rows))[:_CASES]
    rows = [{**row, "order": place} for place, row in enumerate(rows) if row["row"] in names]
    members = list(dict.fromkeys(str(row["member"]) for row in rows))
    colour = alt.Color(
        "member:N", title=None, sort=members,
        scale=alt.Scale(domain=members, range=[CLASSES[at % len(CLASSES)] for at in range(len(members))]),
        legend=alt.Legend(symbolType="square", columns=4) if len(members) > 1 else None,
    )  # fmt: skip
    bars = (
        alt.Chart(rows_of(rows))
        .mark_bar(height=13, opacity=0.8)
        .encode(
            y=alt.Y("row:N", sort=names, title=None, axis=names_axis(names)),
            x=alt.X("part:Q", title="Score", stack="zero", axis=alt.Axis(tickCount=8)),
            color=colour,
            order="order:Q",
        )
    )
    layers = [bars]
    if "cut" in plot.options:
        line = alt.Chart(rows_of([{"cut": float(plot.options["cut"])}])).mark_rule(color=INK, strokeDash=[5, 4])
        layers.append(line.encode(x="cut:Q"))
    return bare(alt.layer(*layers), _WIDTH - 60, alt.Step(_ROW))


def drivers_chart(plot: Plot) -> Any:
    """Return a bar of ``share`` for each ``column``, with in how many rows it is ``first``."""
    rows = _rows(plot)[:_COLUMNS]
    seen: dict[str, int] = {}
    shown = []
    for row in rows:
        name = shortened(str(row["column"]), _LETTERS)
        # Two long names may be cut to the same word; they stay two bars.
        seen[name] = seen.get(name, 0) + 1
        name = name if seen[name] == 1 else f"{name} ({seen[name]})"
        shown.append({**row, "label": name, "said": _said(row)})
    labels = [str(row["label"]) for row in shown]
    most = max([row["share"] for row in shown], default=0.0) or 1.0
    base = alt.Chart(rows_of(shown)).encode(
        y=alt.Y("label:N", sort=labels, title=None, axis=names_axis(labels, limit=280)),
        x=alt.X("share:Q", title=None, axis=None, scale=alt.Scale(domain=[0, 1.75 * most], nice=False)),
    )
    bars = base.mark_bar(height=13, color=MAIN, opacity=0.75)
    words = base.mark_text(align="left", dx=5, color=MUTED, fontSize=11).encode(text="said:N")
    zero = alt.Chart(rows_of([{"at": 0}])).mark_rule(color=FAINT).encode(x=alt.X("at:Q", axis=None))
    return bare(alt.layer(bars, words, zero), 420, alt.Step(_ROW))


def _said(row: dict[str, Any]) -> str:
    first = "" if not row["first"] else f", first in {row['first']:,} row{'' if row['first'] == 1 else 's'}"
    return f"{percent(row['share'])}{first}"


def _rows(plot: Plot) -> list[dict[str, Any]]:
    names = list(plot.data)
    return [dict(zip(names, cells, strict=True)) for cells in zip(*plot.data.values(), strict=True)]
