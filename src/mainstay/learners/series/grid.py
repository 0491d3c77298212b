"""From times as they come to a regular grid: windows, periods and seasons count points, and clocks do not keep step.

Repeated times are averaged, short gaps filled along a straight line, uneven times moved to the grid; where a gap is
long the series is divided, and no window reaches across.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import DataError, UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]
    Places = NDArray[np.int64]

__all__ = ["Grid", "Piece", "regular_grid", "usual_step"]

_EVEN = 0.05
"""A time that is further than this part of a step from the grid is uneven."""

_FARTHEST = 2.0**52
"""Points of a grid are counted from its origin in float64, exactly up to here."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the grid without a long gap.

    Parameters
    ----------
    first : int
        The number of its first point, counted in steps from the origin of the grid.
    values : float64 array of shape (n, columns)
        Finite, at every point.
    """

    first: int
    values: Doubles

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Grid:
    """A series at even times.

    Parameters
    ----------
    step, origin : float
        Point k is at ``origin + k * step``.
    pieces : tuple of Piece
        In the order of time; points are numbered through all pieces from 0.
    point : int64 array of shape (rows,)
        For each row as it came the point of the grid next to it; -1 where it has no time, or no value there.
    repeated : int
        Rows whose time came before already.
    uneven : int
        Times that lie off the grid by more than a twentieth of a step, or share a point with another time.
    gaps : int
        Places where times are missing.
    filled : int
        Points that were interpolated there.
    missing : int
        Rows without a time, or without any value.
    unsorted : bool
        Whether the rows did not come in the order of time.
    longest_gap : int
        Up to so many points in a row were interpolated.
    """

    step: float
    origin: float
    pieces: tuple[Piece, ...]
    point: Places
    repeated: int = 0
    uneven: int = 0
    gaps: int = 0
    filled: int = 0
    missing: int = 0
    unsorted: bool = False
    longest_gap: int = 5

    @property
    def points(self) -> int:
        """How many points the grid has."""
        return sum(len(piece) for piece in self.pieces)

    @property
    def starts(self) -> Places:
        """The number of the first point of each piece, among all points."""
        return np.concatenate([[0], np.cumsum([len(piece) for piece in self.pieces])])[:-1].astype(np.int64)

    def times(self) -> Doubles:
        """Return the time of each point."""
        counted = [piece.first + np.arange(len(piece), dtype=np.float64) for piece in self.pieces]
        return np.asarray(self.origin + self.step * np.concatenate([np.empty(0), *counted]), np.float64)


def usual_step(times: Doubles) -> float:
    """Return the usual time between two points: the difference that occurs most often, else the one in the middle.

    Parameters
    ----------
    times : float64 array of shape (n,)
        In any order; NaN where there is none.

    Raises
    ------
    DataError
        When there are fewer than two different times.

    Examples
    --------
    >>> usual_step(np.array([0.0, 5.0, 10.0, 10.0, 15.0, 40.0]))
    5.0
    """
    known = np.unique(times[np.isfinite(times)])
    if len(known) < 2:
        raise DataError(
            f"a series has two different times at least, and {len(known)} came", where="time",
            hint="Name the column that tells when each row was measured.",
        )  # fmt: skip
    differences = np.diff(known)
    # Clocks tremble: differences that agree to a part in a hundred are the same one.
    middle = float(np.median(differences))
    cells, counts = np.unique(np.round(differences / middle, 2), return_counts=True)
    most = int(np.argmax(counts))
    if counts[most] * 2 >= len(differences) and cells[most] > 0:
        return float(np.median(differences[np.round(differences / middle, 2) == cells[most]]))
    return middle


def regular_grid(
    times: Doubles, values: Doubles, *, step: float | None = None, origin: float | None = None, longest_gap: int = 5
) -> Grid:
    """Lay a series out at even times.

    Parameters
    ----------
    times : float64 array of shape (n,)
        In any order and unit; NaN where there is none.
    values : float64 array of shape (n, columns)
        NaN where missing.
    step : float, optional
        The time between two points; :func:`usual_step` where None.
    origin : float, optional
        A time of the grid; the first one where None.
    longest_gap : int, default 5
        Up to so many points in a row are interpolated.

    Returns
    -------
    Grid

    Raises
    ------
    DataError
        When no row has a time and a value, or there are fewer than two times and no step is given.
    UsageError
        When the shapes do not fit, or the step is not above 0.

    Examples
    --------
    >>> grid = regular_grid(np.array([0.0, 1.0, 1.0, 2.0, 4.0, 9.0]), np.arange(6.0)[:, None], longest_gap=1)
    >>> [(piece.first, piece.values[:, 0].tolist()) for piece in grid.pieces]
    [(0, [0.0, 1.5, 3.0, 3.5, 4.0]), (9, [5.0])]
    >>> grid.point.tolist(), grid.repeated, grid.gaps, grid.filled
    ([0, 1, 1, 2, 4, 5], 1, 2, 1)
    """
    if values.ndim != 2 or times.shape != values.shape[:1]:
        raise UsageError(f"times and values of a series fit: {times.shape}, {values.shape} came", where="series")
    usable = np.isfinite(times) & np.isfinite(values).any(axis=1)
    if not usable.any():
        raise DataError("no row of the series has a time and a value", where="time")
    rows = np.flatnonzero(usable)
    step = usual_step(times[rows]) if step is None else step
    if not 0 < step < np.inf:
        raise UsageError(f"the step of a series is a number above 0, and {step} came", where="series")
    origin = float(times[rows].min()) if origin is None else origin
    steps = (times[rows] - origin) / step
    if np.abs(steps).max() > _FARTHEST:
        raise DataError("times lie too far apart for their usual step", where="time", hint="Look at the first rows.")
    counted = np.round(steps)
    cells, place = np.unique(counted, return_inverse=True)
    at, means = _averaged(steps, values[rows], place, len(cells))
    pieces, numbers, filled, gaps = _pieces(cells, at, means, longest_gap)
    point = np.full(len(times), -1, np.int64)
    point[rows] = numbers[place]
    different = len(np.unique(times[rows]))
    off = np.unique(times[rows][np.abs(steps - counted) > _EVEN])
    return Grid(
        step, origin, pieces, point, repeated=len(rows) - different, uneven=max(len(off), different - len(cells)),
        gaps=gaps, filled=filled, missing=len(times) - len(rows), unsorted=bool((np.diff(times[rows]) < 0).any()),
        longest_gap=longest_gap,
    )  # fmt: skip


def _averaged(steps: Doubles, values: Doubles, place: Places, cells: int) -> tuple[Doubles, Doubles]:
    """Return the mean time and the mean values of the rows next to each point; NaN where a column has none."""
    known = np.isfinite(values)
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(cells))
    counts = np.add.reduceat(known[order].astype(np.float64), starts)
    sums = np.add.reduceat(np.where(known, values, 0.0)[order], starts)
    at = np.add.reduceat(steps[order], starts) / np.bincount(place, minlength=cells)
    return at, np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)


def _pieces(
    cells: Doubles, at: Doubles, means: Doubles, longest_gap: int
) -> tuple[tuple[Piece, ...], Places, int, int]:
    """Return the pieces, the number of the point of each cell, how many points were filled, and how many gaps."""
    breaks = np.diff(cells) > longest_gap + 1
    bounds = [0, *(np.flatnonzero(breaks) + 1).tolist(), len(cells)]
    pieces: list[Piece] = []
    numbers = np.full(len(cells), -1, np.int64)
    filled, points = 0, 0
    for start, end in pairwise(bounds):
        first = int(cells[start])
        offsets = (cells[start:end] - first).astype(np.int64)
        laid, known = _laid_out(offsets, at[start:end] - first, means[start:end], longest_gap)
        filled += int(known.sum() - known[offsets].sum())
        edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
        for begin, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            pieces.append(Piece(first + begin, laid[begin:stop]))
            inside = (offsets >= begin) & (offsets < stop)
            numbers[start:end][inside] = points + offsets[inside] - begin
            points += stop - begin
    return tuple(pieces), numbers, filled, int((np.diff(cells) > 1).sum())


def _laid_out(offsets: Places, at: Doubles, means: Doubles, longest_gap: int) -> tuple[Doubles, NDArray[np.bool_]]:
    """Return the values of every point, and where all columns are known or near enough to what is known."""
    wanted = np.arange(int(offsets[-1]) + 1, dtype=np.float64)
    laid = np.empty((len(wanted), means.shape[1]))
    known = np.ones(len(wanted), np.bool_)
    for column in range(means.shape[1]):
        there = np.flatnonzero(np.isfinite(means[:, column]))
        if not len(there):
            return laid, np.zeros(len(wanted), np.bool_)
        laid[:, column] = np.interp(wanted, at[there], means[there, column])
        places = offsets[there]
        after = np.searchsorted(places, wanted)
        before = np.searchsorted(places, wanted, side="right") - 1
        inside = (after < len(places)) & (before >= 0)
        width = places[np.minimum(after, len(places) - 1)] - places[np.maximum(before, 0)]
        known &= inside & (width <= longest_gap + 1)
    return laid, known
