"""From a stretch of rows to alarms: windows are made in NumPy, the graph judges them, rows get what their points get.

The unit of an answer is a stretch, not a row: a row is judged by all windows that it lies in. So the same rows get the
same bits, as a table, as plain rows and served, in any order; fewer of them may get others.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import structs

from mainstay.bundle.detectors import DetectorAnswers, DetectorPredictor, merged_terms
from mainstay.bundle.series_reasons import Moment, duration, stretch_reason
from mainstay.bundle.series_times import time_column, times_of_frame, times_of_rows
from mainstay.contracts.arrays import Arrays
from mainstay.contracts.errors import DataError, UsageError
from mainstay.data.decode import Problem
from mainstay.learners.series.grid import Piece, regular_grid
from mainstay.learners.series.learn import blend_levels, long_enough
from mainstay.learners.series.stretches import flagged_stretches
from mainstay.learners.series.windows import point_rows, spread_over, surprises

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from mainstay.bundle.series_outputs import SeriesOutputs
    from mainstay.contracts.alarms import Alarm
    from mainstay.contracts.schema import Schema
    from mainstay.data.decode import Decoded
    from mainstay.learners.series.grid import Grid
    from mainstay.learners.series.stretches import Stretch

    Doubles = NDArray[np.float64]

__all__ = ["SeriesFound", "SeriesPredictor", "Window"]

_AT_ONCE = 8_192
"""So many windows are laid out at a time: a long series must not fill the memory."""

_NO_TIME = "the row has no time or no value at it, so it has no place in the series; it is refused"
_TOO_SHORT = "the stretch between two gaps is shorter than a window, so nothing can be said of it; the row is refused"


@dataclass(frozen=True, slots=True)
class Window:
    """A flagged stretch of time.

    Parameters
    ----------
    stretch : Stretch
        Points of the grid.
    start, end, peak : float
        Times.
    p_value : float
        Of the peak.
    rows : int
        How many rows lie in it.
    member : str
        That finds the peak oddest.
    column : str
        That has the largest part in it.
    shares : tuple of float
        The part of each column; they sum to 1.
    reason : str
    """

    stretch: Stretch
    start: float
    end: float
    peak: float
    p_value: float
    rows: int
    member: str
    column: str
    shares: tuple[float, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class SeriesFound:
    """What a series detector says of a stretch of rows, point by point.

    Parameters
    ----------
    grid : Grid
        With the pieces that hold a window; ``grid.point`` is -1 for rows that are in none.
    scores : float64 array of shape (points,)
    levels : float64 array of shape (points, members)
    windows : tuple of Window
        In the order of time.
    answers : DetectorAnswers
        By row, in the order of the rows.
    """

    grid: Grid
    scores: Doubles
    levels: Doubles
    windows: tuple[Window, ...]
    answers: DetectorAnswers


class SeriesPredictor(DetectorPredictor):
    """A schema, a plan of windows and a graph, ready to judge stretches of rows.

    Parameters
    ----------
    schema : Schema
    outputs : SeriesOutputs
    model : bytes
        The ONNX graph; one that came from elsewhere must have passed :func:`mainstay.bundle.audit.audit_graph`.
    threads : int, default 1
        How many blocks of windows may be computed at the same time; the answers are the same bits.

    Raises
    ------
    BundleError
        When the graph does not load, or lacks the outputs "members" and "terms".
    SchemaError
        When the schema cannot be decoded, or has no column of times.
    """

    outputs: SeriesOutputs

    def __init__(self, schema: Schema, outputs: SeriesOutputs, model: bytes, *, threads: int = 1) -> None:
        super().__init__(schema, outputs, model, threads=threads)
        self._time = time_column(schema, outputs.time)

    @property
    def dated(self) -> bool:
        """Whether times are dates, in seconds since 1970."""
        return self._time.kind == "datetime"

    def predict_arrays(self, arrays: Arrays) -> DetectorAnswers:
        """Refuse arrays, for they have no times.

        Raises
        ------
        UsageError
            Always.
        """
        raise UsageError(
            f"this asks about {arrays.rows:,} rows by themselves, and a series is judged in stretches", where="series",
            hint="Ask with mainstay predict: the reason of each alarm names the column, the value and what is usual.",
        )  # fmt: skip

    def predict_rows(self, rows: Sequence[Mapping[str, object]]) -> DetectorAnswers:
        """Judge plain rows, together.

        Raises
        ------
        DataError
            When they hold no window.
        SchemaError
            When a row is not a mapping.
        """
        return self._found(self.decoder.from_rows(rows), times_of_rows(rows, self._time)).answers

    def predict_frame(self, frame: pl.DataFrame) -> DetectorAnswers:
        """Judge a table, all rows together.

        Raises
        ------
        DataError
            When it holds no window.
        SchemaError
            When a column is not there.
        """
        return self.judge_frame(frame).answers

    def judge_frame(self, frame: pl.DataFrame) -> SeriesFound:
        """Judge a table, and return points and windows too.

        Raises
        ------
        DataError
            When it holds no window.
        SchemaError
            When a column is not there.
        """
        return self._found(self.decoder.from_frame(frame), times_of_frame(frame, self._time))

    def with_alarm(self, alarm: Alarm) -> SeriesPredictor:
        """Return a predictor with the same graph and another cut."""
        other = copy(self)
        other.outputs = structs.replace(self.outputs, alarm=alarm)
        return other

    def rejudged(self, found: SeriesFound) -> SeriesFound:
        """Return what another predictor with the same graph found, with the calibration and the cut of this one."""
        return self._judged(found.grid, found.levels, found.answers)

    def raw(self, matrix: NDArray[np.float32]) -> Doubles:
        """Return what the graph says of rows of :func:`mainstay.learners.series.windows.point_rows`."""
        return np.asarray(self._run(matrix)["members"], np.float64)

    def _members_of(self, pieces: Sequence[Piece]) -> Doubles:
        """Return what the graph says of each point and the window that begins there, some windows at a time."""
        overlap = self.outputs.plan.window - 1
        parts = []
        for piece in pieces:
            windows = len(piece) - overlap
            for start in range(0, windows, _AT_ONCE):
                end = min(start + _AT_ONCE, windows)
                some = Piece(piece.first + start, piece.values[start : end + overlap])
                said = self.raw(point_rows(self.outputs.plan, [some]))
                parts.append(said if end == windows else said[: end - start])
        return np.concatenate(parts)

    def scores_of(self, pieces: Sequence[Piece]) -> Doubles:
        """Return the scores of the points of pieces that hold a window each."""
        levels = self._levels(self._members_of(pieces), [len(piece) for piece in pieces])
        return blend_levels(levels, self.outputs.weights)

    def _found(self, decoded: Decoded, times: Doubles) -> SeriesFound:
        grid = self._grid(decoded, times)
        levels = self._levels(self._members_of(grid.pieces), [len(piece) for piece in grid.pieces])
        told = [
            Problem(int(row), self.outputs.time, "series", _TOO_SHORT if grid.point[row] == -2 else _NO_TIME, "reject")
            for row in np.flatnonzero((grid.point < 0) & ~decoded.rejected)
        ]
        problems = tuple(sorted((*decoded.problems, *told), key=lambda problem: problem.row))
        extra = tuple(name for name in decoded.extra_columns if name != self.outputs.time)
        nothing = np.empty(0)
        bare = DetectorAnswers(nothing, nothing, grid.point < 0, (), levels, problems, grid.point < 0, extra)
        return self._judged(grid, levels, bare)

    def _judged(self, grid: Grid, levels: Doubles, bare: DetectorAnswers) -> SeriesFound:
        scores = blend_levels(levels, self.outputs.weights)
        windows = self._windows(grid, levels, scores)
        return SeriesFound(grid, scores, levels, windows, self._by_row(bare, grid, levels, scores, windows=windows))

    def _grid(self, decoded: Decoded, times: Doubles) -> Grid:
        """Return the grid of the pieces that hold a window."""
        plan = self.outputs.plan
        values = decoded.arrays.numbers.astype(np.float64)
        values[decoded.rejected] = np.nan
        usable = np.isfinite(times) & np.isfinite(values).any(axis=1)
        if not usable.any():
            raise DataError("no row has a time and a value", where=self.outputs.time)
        grid = regular_grid(times, values, step=plan.step, origin=plan.origin, longest_gap=plan.longest_gap)
        kept = long_enough(grid.pieces, plan.window)
        if not kept:
            longest = max((len(piece) for piece in grid.pieces), default=0)
            raise DataError(
                f"this model judges stretches of {plan.window:,} points at least "
                f"({duration(plan.window, plan.step, dated=self.dated)}, without a long gap), and the longest of these "
                f"{len(times):,} rows has {longest:,}",
                where=self.outputs.time,
                hint="Send the rows before them too: the last rows are judged by what came before.",
            )
        return _only(grid, kept)

    def _run(self, matrix: NDArray[np.float32], outputs: tuple[str, ...] = ("members",)) -> dict[str, NDArray[Any]]:
        names = tuple(f"number {at}" for at in range(matrix.shape[1]))
        arrays = Arrays(matrix, names, np.empty((len(matrix), 0), np.int64), (), ())
        given = self._session.run(arrays, outputs)
        for name in outputs:
            self._check(name, given[name], len(matrix))
        return given

    def _levels(self, raw: Doubles, lengths: Sequence[int]) -> Doubles:
        spread = np.empty(raw.shape)
        for at, view in enumerate(self.outputs.views):
            spread[:, at] = raw[:, at] if view == "own" else spread_over(raw[:, at], self.outputs.plan.window, lengths)
        return self.levels(spread)

    def _windows(self, grid: Grid, levels: Doubles, scores: Doubles) -> tuple[Window, ...]:
        cut = self.outputs.alarm.cut
        lengths = [len(piece) for piece in grid.pieces]
        stretches = (
            flagged_stretches(scores, cut, window=self.outputs.plan.window, lengths=lengths) if cut is not None else ()
        )
        if not stretches:
            return ()
        odd = np.concatenate([surprises(self.outputs.plan, piece) for piece in grid.pieces])
        driven = self._drivers(grid, levels, stretches)
        rows = np.sort(grid.point[grid.point >= 0])
        return tuple(
            self._window(grid, one, levels, odd, driver=driver, rows=rows)
            for one, driver in zip(stretches, driven, strict=True)
        )

    def _drivers(self, grid: Grid, levels: Doubles, stretches: Sequence[Stretch]) -> list[tuple[int, Doubles]]:
        """Return for each stretch the member that drives it, and the part of each column in that."""
        member = levels[[one.peak for one in stretches]].argmax(axis=1)
        asked = np.concatenate([self._window_around(grid, one.peak) for one in stretches])
        terms = self._run(asked, ("terms",))["terms"]
        parts = terms.reshape(len(stretches), len(self.outputs.views), -1)[np.arange(len(stretches)), member]
        return list(zip(member.tolist(), merged_terms(parts, np.ones((len(parts), 1)), (1.0,)), strict=True))

    def _window_around(self, grid: Grid, peak: int) -> NDArray[np.float32]:
        """Return a row with the surprise of a point and the window that it is in the middle of, as far as there is."""
        plan = self.outputs.plan
        at = int(np.searchsorted(grid.starts, peak, side="right")) - 1
        piece, inside = grid.pieces[at], peak - int(grid.starts[at])
        begin = min(max(inside - plan.window // 2, 0), len(piece) - plan.window)
        around = Piece(piece.first + begin, piece.values[begin : begin + plan.window])
        return point_rows(plan, [around])[inside - begin : inside - begin + 1]

    def _window(
        self,
        grid: Grid,
        one: Stretch,
        levels: Doubles,
        odd: Doubles,
        *,
        driver: tuple[int, Doubles],
        rows: NDArray[np.int64],
    ) -> Window:
        plan, outputs, (member, shares) = self.outputs.plan, self.outputs, driver
        column = int(shares.argmax())
        reach = slice(min(one.first, one.peak), max(one.last, one.peak) + 1)
        at = reach.start + int(np.abs(odd[reach, column]).argmax())
        counted, value = _point(grid, at)
        phase = counted % plan.period
        usual = plan.season[column][phase] + plan.slope[column] * counted
        moment = Moment(outputs.columns[column], float(value[column]), usual, plan.spread[column][phase])
        said = dict(zip((each.name for each in outputs.members), levels[one.peak].tolist(), strict=True))
        named = outputs.columns[column]
        reason = stretch_reason(plan, moment, said, columns=plan.columns, dated=self.dated, named=named)
        start, end, peak = (
            float(plan.origin + plan.step * _point(grid, k)[0]) for k in (one.first, one.last, one.peak)
        )
        held = np.searchsorted(rows, one.last, side="right") - np.searchsorted(rows, one.first)
        p_value = float(outputs.calibration.of(np.array([one.score]))[0])
        return Window(
            one,
            start,
            end,
            peak,
            p_value,
            int(held),
            outputs.members[member].name,
            named,
            tuple(shares.tolist()),
            reason,
        )

    def _by_row(
        self, bare: DetectorAnswers, grid: Grid, levels: Doubles, scores: Doubles, *, windows: tuple[Window, ...]
    ) -> DetectorAnswers:
        count, placed = len(grid.point), grid.point >= 0
        score = np.full(count, np.nan)
        score[placed] = scores[grid.point[placed]]
        each = np.full((count, levels.shape[1]), np.nan)
        each[placed] = levels[grid.point[placed]]
        flagged = self.outputs.alarm.flagged(score)
        reason: list[str | None] = [None] * count
        firsts = np.array([one.stretch.first for one in windows], np.int64)
        for row in np.flatnonzero(flagged).tolist():
            reason[row] = windows[int(np.searchsorted(firsts, grid.point[row], side="right")) - 1].reason
        p_value = self.outputs.calibration.of(score)
        return replace(bare, score=score, p_value=p_value, flagged=flagged, reason=tuple(reason), levels=each)


def _only(grid: Grid, kept: tuple[Piece, ...]) -> Grid:
    """Return the grid of some of its pieces; rows in others have the point -2."""
    if len(kept) == len(grid.pieces):
        return grid
    numbers, found = np.full(grid.points, -2, np.int64), 0
    held = {id(piece) for piece in kept}
    for start, piece in zip(grid.starts.tolist(), grid.pieces, strict=True):
        if id(piece) in held:
            numbers[start : start + len(piece)] = found + np.arange(len(piece))
            found += len(piece)
    point = np.where(grid.point >= 0, numbers[np.maximum(grid.point, 0)], -1)
    return replace(grid, pieces=kept, point=point)


def _point(grid: Grid, at: int) -> tuple[int, Doubles]:
    """Return the number of steps from the origin and the values of a point."""
    piece = int(np.searchsorted(grid.starts, at, side="right")) - 1
    inside = at - int(grid.starts[piece])
    return grid.pieces[piece].first + inside, grid.pieces[piece].values[inside]
