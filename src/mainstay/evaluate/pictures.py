"""Which pictures a page shows: each drawn from the page's own data, or left out where there is nothing to draw."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    from mainstay.evaluate.report_data import ColumnPicture, ProfileData, ReportData

__all__ = ["profile_pictures", "training_pictures"]

Pictures = defaultdict[str, Markup]
"""Pictures by name; an empty text where there is none."""
_COLUMNS = 60
"""Columns of a profile that get a picture; every one more costs 50 ms."""


def training_pictures(data: ReportData) -> Pictures:
    """Return the pictures of a training report by name."""
    from mainstay.evaluate import charts

    drawn: dict[str, tuple[Any, str]] = {}
    if any(entry.value is not None for entry in data.leaderboard):
        drawn["leaderboard"] = (
            charts.leaderboard_chart(data.leaderboard, data.metric),
            "Validation score of each candidate with its 95 % interval.",
        )
    if data.importance is not None and data.importance.columns:
        drawn["importance"] = (
            charts.importance_chart(data.importance),
            "How much worse the metric gets when each column is shuffled.",
        )
    if data.class_counts:
        drawn["balance"] = (charts.class_balance_chart(data.class_counts), "Rows of each class.")
    if data.target_histogram is not None:
        drawn["target"] = (
            charts.histogram_chart(data.target_histogram, data.target, width=360, height=150),
            "Distribution of the target.",
        )
    return _draw(drawn | _curve_pictures(data))


def _curve_pictures(data: ReportData) -> dict[str, tuple[Any, str]]:
    from mainstay.evaluate import charts

    curves = data.curves
    drawn: dict[str, tuple[Any, str]] = {}
    if curves.roc:
        drawn["roc"] = charts.roc_chart(curves.roc), "ROC curve: hits over false alarms."
    if curves.precision_recall:
        drawn["precision_recall"] = (
            charts.precision_recall_chart(curves.precision_recall, curves.positive_share),
            "Precision over recall.",
        )
    if curves.calibration:
        drawn["calibration"] = (
            charts.calibration_chart(curves.calibration),
            "Share that happened over the probability promised.",
        )
    if curves.gain:
        drawn["gain"] = charts.gain_chart(curves.gain), "Share of the class found over the share of rows taken."
    if curves.confusion is not None and len(curves.confusion.labels) <= 40:
        drawn["confusion"] = charts.confusion_chart(curves.confusion), "Confusion matrix: true class against answer."
    if curves.errors is not None:
        drawn["predicted"] = charts.predicted_true_chart(curves.errors), "Predicted over true amounts."
        drawn["residuals"] = charts.residual_chart(curves.errors), "Errors over predictions."
        drawn["errors"] = charts.error_histogram_chart(curves.errors), "How often which error occurs."
    return drawn


def profile_pictures(data: ProfileData) -> Pictures:
    """Return the pictures of a profile: "missing", and one per column under its position."""
    from mainstay.evaluate import charts

    drawn: dict[str, tuple[Any, str]] = {}
    shares = {column.name: column.missing / max(data.rows, 1) for column in data.columns}
    if any(shares.values()):
        drawn["missing"] = charts.missing_chart(shares), "Share of rows without a value, by column."
    for place, column in enumerate(data.columns[:_COLUMNS]):
        picture = _column_picture(column, data.rows)
        if picture is not None:
            drawn[f"column-{place}"] = picture, "Distribution of the column."
    return _draw(drawn)


def _column_picture(column: ColumnPicture, rows: int) -> Any:
    from mainstay.evaluate import charts

    if column.histogram is not None and any(column.histogram.counts):
        return charts.column_histogram_chart(column.histogram, dates=column.kind == "datetime")
    # The most frequent of values that hardly repeat say nothing.
    if column.top and column.top[0].rows > 1:
        return charts.top_values_chart(column.top, rows)
    return None


def _draw(drawn: dict[str, tuple[Any, str]]) -> Pictures:
    from mainstay.evaluate.charts import svg

    # The only place where text enters a page without being escaped: Vega's renderer has escaped what is in a picture.
    pictures = {name: Markup(svg(chart, name=name, words=words)) for name, (chart, words) in drawn.items()}  # noqa: S704
    return defaultdict(Markup, pictures)
