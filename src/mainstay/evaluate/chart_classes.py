"""Charts for classifiers: ROC, precision-recall, gain, calibration, confusion matrix, class balance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from mainstay.evaluate.theme import CLASSES, FAINT, INK, MAIN, MUTED, bare, names_axis, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mainstay.evaluate.curves import CalibrationBin, Confusion, Curve

__all__ = [
    "calibration_chart",
    "class_balance_chart",
    "confusion_chart",
    "confusion_rows",
    "curve_rows",
    "gain_chart",
    "precision_recall_chart",
    "roc_chart",
]

_SIDE = 300
_UNIT = alt.Scale(domain=[0, 1], nice=False)


def curve_rows(curves: Sequence[Curve]) -> list[dict[str, object]]:
    """Return the points of curves as rows to draw."""
    return [
        {"class": curve.name, "x": x, "y": y, "order": order}
        for curve in curves
        for order, (x, y) in enumerate(zip(curve.x, curve.y, strict=True))
    ]


def roc_chart(curves: Sequence[Curve]) -> Any:
    """Return hit rate over false alarm rate, with the line of guessing."""
    return _lines(curves, "False alarms (share of the negatives)", "Hits (share of the positives)", ((0, 0), (1, 1)))


def precision_recall_chart(curves: Sequence[Curve], positive_share: float | None = None) -> Any:
    """Return precision over recall; the line of guessing is the share of the positive class."""
    guess = None if positive_share is None else ((0, positive_share), (1, positive_share))
    return _lines(curves, "Recall (share of the positives found)", "Precision (share of alarms that are right)", guess)


def gain_chart(curves: Sequence[Curve]) -> Any:
    """Return the share of a class found over the share of rows taken from the top."""
    return _lines(curves, "Rows taken, highest probability first", "Share of the class found", ((0, 0), (1, 1)))


def calibration_chart(bins: Sequence[CalibrationBin]) -> Any:
    """Return what happened over what was promised, with intervals and the line of a perfect promise."""
    rows = [{"promised": part.promised, "happened": part.happened, "low": part.low, "high": part.high} for part in bins]
    base = alt.Chart(rows_of(rows)).encode(
        x=alt.X("promised:Q", scale=_UNIT, title="Probability promised", axis=_share())
    )
    limits = base.mark_rule(color=MAIN, opacity=0.5, strokeWidth=2).encode(
        y=alt.Y("low:Q", scale=_UNIT, title="Share that happened (95 % interval)", axis=_share()), y2="high:Q"
    )
    line = base.mark_line(color=MAIN, strokeWidth=1.5).encode(y="happened:Q")
    dots = base.mark_circle(color=MAIN, size=55, opacity=1).encode(y="happened:Q")
    return bare(_guess(((0, 0), (1, 1))) + limits + line + dots, _SIDE, _SIDE)


def confusion_rows(confusion: Confusion) -> list[dict[str, object]]:
    """Return each cell with its rows and its share of the true class."""
    found: list[dict[str, object]] = []
    for place, (label, counts) in enumerate(zip(confusion.labels, confusion.counts, strict=True)):
        total = sum(counts)
        for column, (answer, count) in enumerate(zip(confusion.labels, counts, strict=True)):
            share = count / total if total else 0.0
            found.append(
                {"row": place, "column": column, "true": label, "answer": answer, "rows": count, "share": share}
            )
    return found


def confusion_chart(confusion: Confusion) -> Any:
    """Return the confusion matrix, shaded by the share of each true class."""
    classes = len(confusion.labels)
    side = max(28, min(90, 420 // classes))
    order = list(confusion.labels)
    base = alt.Chart(rows_of(confusion_rows(confusion))).encode(
        x=alt.X(
            "answer:N",
            sort=order,
            title="Answered",
            axis=names_axis(order, limit=140, angle=0 if classes < 5 else -40, room=False),
        ),
        y=alt.Y("true:N", sort=order, title="True", axis=names_axis(order, limit=140)),
    )
    shade = alt.Color("share:Q", scale=alt.Scale(domain=[0, 1], range=["#f4f7fa", MAIN]), legend=None)
    cells = base.mark_rect(stroke="white", strokeWidth=2).encode(color=shade)
    ink = alt.condition("datum.share > 0.55", alt.value("white"), alt.value(INK))
    layers = cells
    if classes <= 15:
        layers += base.mark_text(fontSize=13 if side > 50 else 9, dy=-7 if side > 50 else 0).encode(
            text=alt.Text("rows:Q", format=",.0f"), color=ink
        )
    if side > 50:
        layers += base.mark_text(fontSize=11, dy=10).encode(text=alt.Text("share:Q", format=".0%"), color=ink)
    return bare(layers, alt.Step(side), alt.Step(side))


def class_balance_chart(counts: Mapping[str, int]) -> Any:
    """Return a bar per class, most rows first."""
    total = sum(counts.values()) or 1
    rows = [
        {"class": label, "rows": count, "words": f"{count:,} ({count / total:.1%})"}
        for label, count in sorted(counts.items(), key=lambda entry: -entry[1])[:20]
    ]
    base = alt.Chart(rows_of(rows)).encode(
        y=alt.Y("class:N", sort=None, title=None, axis=names_axis(counts, limit=140)),
        x=alt.X("rows:Q", title=None, axis=None, scale=alt.Scale(domainMax=1.3 * max([*counts.values(), 1]))),
    )
    bars = base.mark_bar(color=MAIN, opacity=0.75, height=14)
    words = base.mark_text(align="left", dx=5, color=MUTED, fontSize=11).encode(text="words:N")
    return bare(bars + words, 360, alt.Step(24))


def _lines(
    curves: Sequence[Curve], x: str, y: str, guess: tuple[tuple[float, float], tuple[float, float]] | None
) -> Any:
    several = len(curves) > 1
    colour = alt.Color(
        "class:N",
        sort=None,
        title=None,
        scale=alt.Scale(domain=[curve.name for curve in curves], range=list(CLASSES[: len(curves)])),
        legend=alt.Legend(columns=3) if several else None,
    )
    lines = (
        alt.Chart(rows_of(curve_rows(curves)))
        .mark_line(strokeWidth=2, clip=True)
        .encode(
            x=alt.X("x:Q", scale=_UNIT, title=x, axis=_share()),
            y=alt.Y("y:Q", scale=_UNIT, title=y, axis=_share()),
            color=colour,
            order="order:Q",
        )
    )
    return bare(lines if guess is None else _guess(guess) + lines, _SIDE, _SIDE)


def _guess(ends: tuple[tuple[float, float], tuple[float, float]]) -> Any:
    rows = [{"x": x, "y": y} for x, y in ends]
    return alt.Chart(rows_of(rows)).mark_line(color=FAINT, strokeDash=[4, 4], strokeWidth=1.2).encode(x="x:Q", y="y:Q")


def _share() -> Any:
    return alt.Axis(format=".0%", tickCount=5)
