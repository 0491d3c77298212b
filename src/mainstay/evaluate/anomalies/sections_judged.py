"""The part of the report that holds scores and flags against known labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.evaluate.anomalies.judge import MEANINGS
from mainstay.evaluate.sections import Grid, Plot, Section
from mainstay.evaluate.words import count, percent

if TYPE_CHECKING:
    from mainstay.evaluate.anomalies.report_data import Judged
    from mainstay.evaluate.curves import Curve
    from mainstay.evaluate.sections import Cell

__all__ = ["figure_title", "judged_section"]

_TITLES = {
    "roc_auc": "Area under the ROC curve",
    "average_precision": "Average precision",
    "precision": "Precision of the alarms",
    "recall": "Recall of the alarms",
    "false_discovery_rate": "False alarms among the flagged",
    "precision_at_k": "Precision at {k}",
    "recall_at_k": "Recall at {k}",
    "cost": "Cost per row",
}


def judged_section(judged: Judged, labels: str, *, flagged: int = 0) -> Section:
    """Return how good the scores are where labels are known, as figures and as curves."""
    share = judged.anomalies / judged.rows if judged.rows else 0.0
    anomalies = f"{count(judged.anomalies)} ({percent(share)}) are anomalies"
    text = [f"{labels or 'The label'} is known for {count(judged.rows)} rows, of which {anomalies}. {judged.used}"]
    if not 0 < judged.anomalies < judged.rows:
        text.append("With one kind of rows alone, most figures do not apply.")
    rows = tuple(
        (figure_title(name, judged), str(score), MEANINGS.get(name, ""))
        for name, score in judged.metrics.items()
        if score.value is not None
    )
    table = Grid(columns=("Figure", "Value (95 % interval)", "What it says"), rows=rows)
    return Section(
        key="labels", title="Against known labels", text=tuple(text), tables=(table,), plots=_plots(judged, flagged)
    )


def figure_title(name: str, judged: Judged) -> str:
    """Return a figure's name for people, with the k that it is for."""
    k = "k" if judged.capacity is None else count(judged.capacity)
    return _TITLES.get(name, name.replace("_", " ")).format(k=k)


def _plots(judged: Judged, flagged: int) -> tuple[Plot, ...]:
    share = judged.anomalies / judged.rows if judged.rows else 0.0
    found = []
    if judged.precision_recall is not None:
        found.append(_plot(
            judged.precision_recall, "Precision over recall", _alarm_point(judged),
            words="What share of the alarms is right, over what share of the anomalies is found. "
            "The dashed line is guessing.",
            options={"x": "Recall", "y": "Precision", "guess": repr(share), "word": "above"},
        ))  # fmt: skip
    if judged.recall_by_capacity is not None:
        found.append(_plot(
            judged.recall_by_capacity, "Recall by capacity", _capacity_point(judged, flagged),
            words="What share of the anomalies is found by who looks at so many rows, the oddest first.",
            options={"x": "Rows looked at (logarithmic)", "y": "Share of the anomalies found", "log": "x"},
        ))  # fmt: skip
    if judged.roc is not None:
        found.append(_plot(
            judged.roc, "ROC curve", None,
            words="Hits over false alarms. The dashed line is guessing.",
            options={"x": "False alarms (share of the usual rows)", "y": "Hits (share of the anomalies)",
                     "guess": "diagonal"},
        ))  # fmt: skip
    return tuple(found)


def _plot(curve: Curve, title: str, point: tuple[float, float] | None, *, words: str, options: dict[str, str]) -> Plot:
    x: list[Cell] = list(curve.x)
    y: list[Cell] = list(curve.y)
    mark: list[Cell] = [""] * len(x)
    if point is not None:
        x, y, mark = [*x, point[0]], [*y, point[1]], [*mark, "the alarm"]
    return Plot(kind="found", title=title, data={"x": x, "y": y, "mark": mark}, words=words, options=options)


def _alarm_point(judged: Judged) -> tuple[float, float] | None:
    recall, precision = judged.metrics.get("recall"), judged.metrics.get("precision")
    if recall is None or precision is None or recall.value is None or precision.value is None:
        return None
    return recall.value, precision.value


def _capacity_point(judged: Judged, flagged: int) -> tuple[float, float] | None:
    """Return where the alarm stands, where the flagged rows are all among the labelled ones."""
    recall, precision = judged.metrics.get("recall"), judged.metrics.get("precision")
    if recall is None or precision is None or not recall.value or not precision.value:
        return None
    looked = recall.value * judged.anomalies / precision.value
    return None if flagged and looked > flagged + 0.5 else (round(looked), recall.value)
