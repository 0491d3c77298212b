"""The picture of a time series made from arrays: lines thinned so that peaks stay, and windows from flags."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluate.anomalies.series_data import SeriesFigure, SeriesLine, SeriesWindow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Times = NDArray[np.datetime64] | Floats
    Spans = Sequence[tuple[int, int]]

__all__ = ["flagged_spans", "series_figure", "series_line", "series_windows"]

_MOST, _GAP = 1_600, 3.5


def series_figure(
    times: Times,
    values: Mapping[str, Floats],
    *,
    time: str,
    scores: Floats | None = None,
    cut: float | None = None,
    windows: Sequence[SeriesWindow] = (),
    known: Sequence[SeriesWindow] = (),
    period: str = "",
    notes: Sequence[str] = (),
    most: int = _MOST,
) -> SeriesFigure:
    """Return a series with its windows, ready for the report.

    Parameters
    ----------
    times : datetime64 or float64 array of shape (n,)
        Rising; the same for all lines.
    values : mapping of str to float64 array of shape (n,)
        NaN where there is no value.
    time : str
        The name of the column of times.
    scores : float64 array of shape (n,), optional
        NaN where there is none.
    cut : float, optional
    windows, known : sequence of SeriesWindow
        What is flagged, and what labels mark; see :func:`series_windows`.
    period : str
        In words.
    notes : sequence of str
        Gaps, repeated or uneven times, in words.
    most : int, default 1,600
        The most points of a line.

    Examples
    --------
    >>> found = series_figure(np.arange(4.0), {"load": np.array([1.0, 2.0, 9.0, 2.0])}, time="hour")
    >>> found.lines[0].values, found.rows
    ((1.0, 2.0, 9.0, 2.0), 4)
    """
    return SeriesFigure(
        time=time,
        lines=tuple(series_line(name, times, column, most=most) for name, column in values.items()),
        score=None if scores is None else series_line("score", times, scores, most=most),
        cut=None if cut is None or not np.isfinite(cut) else float(cut),
        windows=tuple(windows),
        known=tuple(known),
        rows=len(times),
        period=period,
        notes=tuple(notes),
    )


def series_line(name: str, times: Times, values: Floats, *, most: int = _MOST) -> SeriesLine:
    """Return a line of at most ``most`` points, and a point without a value wherever time leaps.

    Of each of ``most / 2`` stretches of like length the least and the largest value are kept, so that no peak is lost.

    Examples
    --------
    >>> line = series_line("load", np.array([0.0, 1.0, 2.0, 9.0, 10.0]), np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    >>> line.times, line.values
    ((0.0, 1.0, 2.0, 5.5, 9.0, 10.0), (1.0, 2.0, 3.0, None, 4.0, 5.0))
    """
    keep = _peaks(values, most)
    stamps, numbers = _stamps(times), values.tolist()
    leaps = _leaps(times)
    told: list[tuple[str | float, float | None]] = []
    last = -1
    for at in keep.tolist():
        leap = leaps[(leaps > last) & (leaps <= at)]
        if last >= 0 and len(leap):
            told.append((_between(times, int(leap[0])), None))
        told.append((stamps[at], numbers[at] if np.isfinite(numbers[at]) else None))
        last = at
    return SeriesLine(name=name, times=tuple(time for time, _ in told), values=tuple(value for _, value in told))


def _peaks(values: Floats, most: int) -> NDArray[np.int64]:
    """Return the positions to keep, rising: both ends, and the least and the largest value of each stretch."""
    rows = len(values)
    if rows <= most:
        return np.arange(rows)
    stretch = -(-rows // max(1, most // 2 - 1))
    padded = np.full(stretch * -(-rows // stretch), np.nan)
    padded[:rows] = np.where(np.isfinite(values), values, np.nan)
    parts = padded.reshape(-1, stretch)
    known = np.isfinite(parts)
    least = np.where(known, parts, np.inf).argmin(axis=1)
    largest = np.where(known, parts, -np.inf).argmax(axis=1)
    start = np.arange(len(parts)) * stretch
    return np.unique(np.concatenate([[0], start + least, start + largest, [rows - 1]]))


def _leaps(times: Times) -> NDArray[np.int64]:
    """Return the positions before which time leaps by more than three usual steps."""
    if len(times) < 3:
        return np.empty(0, np.int64)
    steps = np.diff(times).astype(np.float64)
    forward = steps[steps > 0]
    usual = float(np.median(forward)) if len(forward) else np.inf
    return np.asarray(np.flatnonzero(steps > _GAP * usual) + 1, np.int64)


def _stamps(times: Times) -> list[str | float]:
    """Return times as a chart reads them: to the second, or finer only where they are."""
    if not np.issubdtype(times.dtype, np.datetime64):
        return [float(time) for time in times.tolist()]
    whole = times.astype("datetime64[ms]")
    fine = (whole != whole.astype("datetime64[s]")).any()
    return [str(time) for time in (whole if fine else whole.astype("datetime64[s]"))]


def _between(times: Times, at: int) -> str | float:
    """Return the middle between a time and the one before it."""
    if not np.issubdtype(times.dtype, np.datetime64):
        return float(times[at - 1 : at + 1].astype(np.float64).mean())
    pair = times[at - 1 : at + 1].astype("datetime64[ms]").astype(np.int64)
    return _stamps(np.array([pair.sum() // 2]).astype("datetime64[ms]"))[0]


def flagged_spans(flagged: NDArray[np.bool_], *, join: int = 0) -> list[tuple[int, int]]:
    """Return runs of flagged points as first and last position; runs at most ``join`` points apart become one.

    Examples
    --------
    >>> flagged_spans(np.array([True, True, False, True, False, False]), join=1)
    [(0, 3)]
    """
    places = np.flatnonzero(flagged)
    if not len(places):
        return []
    ends = np.flatnonzero(np.diff(places) > join + 1)
    first = places[np.concatenate([[0], ends + 1])]
    last = places[np.concatenate([ends, [len(places) - 1]])]
    return list(zip(first.tolist(), last.tolist(), strict=True))


def series_windows(
    times: Times,
    spans: Spans,
    *,
    scores: Floats | None = None,
    p_values: Floats | None = None,
    reasons: Sequence[str] = (),
) -> tuple[SeriesWindow, ...]:
    """Return stretches of points as windows, each with its highest score and its least p-value.

    Parameters
    ----------
    times : datetime64 or float64 array of shape (n,)
    spans : sequence of (first, last)
        Positions; both ends belong to the window. See :func:`flagged_spans`.
    scores, p_values : float64 array of shape (n,), optional
    reasons : sequence of str
        One for each span, or none at all.

    Examples
    --------
    >>> found = series_windows(np.arange(5.0), [(1, 3)], scores=np.array([0.0, 2.0, 5.0, 2.0, 0.0]))
    >>> found[0].start, found[0].end, found[0].score, found[0].rows
    (1.0, 3.0, 5.0, 3)
    """
    stamps = _stamps(times)
    return tuple(
        SeriesWindow(
            start=stamps[first],
            end=stamps[last],
            score=_of(scores, first, last, largest=True),
            p_value=_of(p_values, first, last, largest=False),
            rows=last - first + 1,
            reason=reasons[place] if len(reasons) else "",
        )
        for place, (first, last) in enumerate(spans)
    )


def _of(values: Floats | None, first: int, last: int, *, largest: bool) -> float | None:
    if values is None:
        return None
    part = values[first : last + 1]
    part = part[np.isfinite(part)]
    return None if not len(part) else float(part.max() if largest else part.min())
