"""Which pictures a page shows: each drawn from the page's own data, or left out where there is nothing to draw."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.data.quality_records import ColumnProfile, Profile
    from mainstay.evaluate.report_data import ReportData
    from mainstay.evaluate.sections import Section

__all__ = ["profile_pictures", "section_pictures", "training_chart", "training_pictures"]

Pictures = defaultdict[str, Markup]
"""Pictures by name; an empty text where there is none."""
_COLUMNS = 60
"""Columns of a profile that get a picture; every one more costs 50 ms."""


def training_pictures(data: ReportData) -> Pictures:
    """Return the pictures of a training report by name."""
    return _draw(_training_charts(data))


def training_chart(data: ReportData, name: str) -> Any:
    """Return one picture of a training report as an Altair chart.

    Parameters
    ----------
    data : ReportData
    name : str
        Such as "importance" or "roc", or the key of a section, whose plots are then stacked.

    Raises
    ------
    UsageError
        When the report has no such picture; the hint names those that it has.
    """
    drawn = _training_charts(data)
    found = [chart for key, (chart, _) in drawn.items() if name in (key, _section_of(key))]
    if not found:
        known = dict.fromkeys(_section_of(key) for key in drawn)
        raise UsageError(
            f"there is no picture {name!r} in this report", where="picture", hint=f"It has: {', '.join(known)}."
        )
    if len(found) == 1:
        return found[0]
    from mainstay.evaluate.theme import stacked

    return stacked(found)


def _section_of(key: str) -> str:
    """Return the section of a plot that is named by section and position, or the name itself."""
    section, _, place = key.rpartition("-")
    return section if section and place.isdecimal() else key


def _training_charts(data: ReportData) -> dict[str, tuple[Any, str]]:
    """Return the charts of a training report by name, each with what it shows."""
    from mainstay.evaluate import charts

    drawn: dict[str, tuple[Any, str]] = {}
    if any(entry.value is not None for entry in data.leaderboard):
        drawn["leaderboard"] = (
            charts.leaderboard_chart(data.leaderboard, data.metric),
            "Score of each candidate with its 95 % interval.",
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
    return drawn | _curve_pictures(data) | _section_plots(data.sections)


def section_pictures(sections: Sequence[Section]) -> Pictures:
    """Return the pictures of sections that stand by themselves."""
    return _draw(_section_plots(sections))


def _section_plots(sections: Sequence[Section]) -> dict[str, tuple[Any, str]]:
    """Return the plots of the sections, named by section and position."""
    from mainstay.evaluate.plots import draw_plot

    return {
        f"{section.key}-{place}": (draw_plot(plot), plot.words or plot.title)
        for section in sections
        for place, plot in enumerate(section.plots)
    }


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


def profile_pictures(profile: Profile) -> Pictures:
    """Return the pictures of a profile: "missing", "target", and one per column, named by its position."""
    from mainstay.evaluate import charts

    drawn: dict[str, tuple[Any, str]] = {}
    if any(column.missing for column in profile.columns):
        shares = {column.name: column.missing_share for column in profile.columns}
        drawn["missing"] = charts.missing_chart(shares), "Share of rows without a value, by column."
    target = profile.target
    if target is not None and target.classes:
        counts = {level.value: level.rows for level in target.classes}
        drawn["target"] = charts.class_balance_chart(counts), "Rows of each class."
    elif target is not None and target.numbers is not None:
        drawn["target"] = (
            charts.histogram_chart(target.numbers.histogram, target.name, width=360, height=150),
            "Distribution of the target.",
        )
    for place, column in enumerate(profile.columns[:_COLUMNS]):
        picture = _column_picture(column)
        if picture is not None:
            drawn[f"column-{place}"] = picture, f"Distribution of {column.name}."
    return _draw(drawn)


def _column_picture(column: ColumnProfile) -> Any:
    from mainstay.evaluate import charts

    if column.numbers is not None and any(column.numbers.histogram.counts):
        return charts.column_histogram_chart(column.numbers.histogram, dates=column.kind == "datetime")
    # The most frequent of values that hardly repeat say nothing.
    if column.levels and column.levels[0].rows > 1 and column.kind != "identifier":
        return charts.top_values_chart(column.levels)
    return None


def _draw(drawn: dict[str, tuple[Any, str]]) -> Pictures:
    from mainstay.evaluate.charts import svg

    # The only place where text enters a page without being escaped: Vega's renderer has escaped what is in a picture.
    pictures = {name: Markup(svg(chart, name=name, words=words)) for name, (chart, words) in drawn.items()}  # noqa: S704
    return defaultdict(Markup, pictures)
