"""The part of the report that shows a time series with its windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.evaluate.sections import Grid, Plot, Section
from mainstay.evaluate.words import count, number

if TYPE_CHECKING:
    from mainstay.evaluate.anomalies.series_data import SeriesFigure, SeriesWindow
    from mainstay.evaluate.sections import Cell

__all__ = ["series_section"]

_WINDOWS = 60
_COLUMNS = ("line", "what", "time", "end", "value")


def series_section(series: SeriesFigure) -> Section:
    """Return the series, its score and the windows that are marked."""
    text = []
    if series.period:
        text.append(f"The period: {series.period}.")
    text.extend(series.notes)
    tables = (_windows(series),) if series.windows else ()
    return Section(key="series", title="The series", text=tuple(text), plots=(_plot(series),), tables=tables)


def _plot(series: SeriesFigure) -> Plot:
    rows: list[tuple[Cell, ...]] = []
    lines = [*((line, "value") for line in series.lines), *([] if series.score is None else [(series.score, "score")])]
    for line, what in lines:
        rows += [(line.name, what, time, None, value) for time, value in zip(line.times, line.values, strict=True)]
    for what, windows in (("window", series.windows), ("known", series.known)):
        rows += [("", what, window.start, window.end, None) for window in windows]
    data = {name: [row[at] for row in rows] for at, name in enumerate(_COLUMNS)}
    options = {"wide": "yes", "x": series.time}
    if series.cut is not None:
        options["cut"] = repr(series.cut)
    if any(isinstance(row[2], str) for row in rows):
        options["temporal"] = "yes"
    return Plot(
        kind="anomaly_series", title="The series with its windows", data=data, words=_words(series), options=options
    )


def _words(series: SeriesFigure) -> str:
    shown = max((sum(value is not None for value in line.values) for line in series.lines), default=0)
    words = "Flagged windows are shaded." if series.windows else "No window is flagged."
    if series.known:
        words += " Dark bars along the top are the windows that the labels mark."
    if series.score is not None and series.cut is not None:
        words += " The lowest panel is the score with its cut."
    if shown < series.rows:
        words += f" Drawn with {count(shown)} of {count(series.rows)} points, peaks kept."
    return words


def _windows(series: SeriesFigure) -> Grid:
    shown = series.windows[:_WINDOWS]
    rest = len(series.windows) - len(shown)
    return Grid(
        columns=("From", "To", "Points", "Score", "p-value", "Reason"),
        rows=tuple(_window(window) for window in shown),
        title="The windows",
        note=f"And {count(rest)} more windows." if rest else "",
    )


def _window(window: SeriesWindow) -> tuple[Cell, ...]:
    p_value = "" if window.p_value is None else f"{window.p_value:.1e}"
    score = "" if window.score is None else number(window.score)
    return (_moment(window.start), _moment(window.end), count(window.rows), score, p_value, window.reason)


def _moment(time: str | float) -> str:
    """Return a time as it is read: without seconds that are none."""
    return time.replace("T", " ").removesuffix(":00") if isinstance(time, str) else number(time)
