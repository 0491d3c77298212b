"""The picture of a time series with its windows, as plain data: what ``--time`` adds to the report."""

import msgspec

__all__ = ["SeriesFigure", "SeriesLine", "SeriesWindow"]


class SeriesLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line over time, thinned so that peaks stay: the least and the largest value of every stretch are kept.

    Parameters
    ----------
    name : str
        The column, or "score".
    times : tuple of str or float
        ISO 8601 dates and times without a zone, or numbers; rising.
    values : tuple of float or None
        None where there is a gap.
    """

    name: str
    times: tuple[str | float, ...]
    values: tuple[float | None, ...]


class SeriesWindow(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch of time that is marked.

    Parameters
    ----------
    start, end : str or float
        As the times of the lines; both ends belong to it.
    score, p_value : float, optional
        Of its oddest point; None for windows that somebody labelled.
    rows : int
        How many points are in it.
    reason : str
        The sentence.
    """

    start: str | float
    end: str | float
    score: float | None = None
    p_value: float | None = None
    rows: int = 0
    reason: str = ""


class SeriesFigure(msgspec.Struct, frozen=True, kw_only=True):
    """A series with its windows; ``figures_series.series_figure`` makes it.

    Parameters
    ----------
    time : str
        The name of the column of times.
    lines : tuple of SeriesLine
        One for each column of values.
    score : SeriesLine, optional
    cut : float, optional
        A point is flagged from this score on.
    windows : tuple of SeriesWindow
        What is flagged, in the order of time.
    known : tuple of SeriesWindow
        Windows that labels mark.
    rows : int
        How many points there are before thinning.
    period : str
        In words: "288 points (1 day)", or why there is none.
    notes : tuple of str
        In words: gaps, repeated or uneven times, and what was done about them.
    """

    time: str
    lines: tuple[SeriesLine, ...]
    score: SeriesLine | None = None
    cut: float | None = None
    windows: tuple[SeriesWindow, ...] = ()
    known: tuple[SeriesWindow, ...] = ()
    rows: int = 0
    period: str = ""
    notes: tuple[str, ...] = ()
