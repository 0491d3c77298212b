"""The detector of a series: what is usual, four members that look at windows in different ways, and how they blend.

The blend is the root of the mean squared level: between a mean, in which three calm members silence one that is sure,
and a maximum, in which the noisiest member has the word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.anomaly_bodies import Nearest
from mainstay.contracts.anomaly_scores import member_scores
from mainstay.contracts.errors import DataError
from mainstay.contracts.learner import NoDeadline
from mainstay.learners.series.grid import Piece
from mainstay.learners.series.levels import series_scale
from mainstay.learners.series.members import fit_components, fit_groups, fit_neighbours, fit_own, left_out_scores
from mainstay.learners.series.usual import plan_of
from mainstay.learners.series.windows import point_rows, spread_over, view_places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.contracts.anomalies import Scale
    from mainstay.contracts.anomaly_bodies import Deviation
    from mainstay.contracts.learner import Deadline
    from mainstay.contracts.series import SeriesPlan
    from mainstay.learners.series.grid import Grid

    Doubles = NDArray[np.float64]
    Floats = NDArray[np.float32]

__all__ = [
    "SeriesDetection",
    "SeriesMember",
    "blend_levels",
    "learn_series",
    "long_enough",
    "point_levels",
    "raw_scores",
    "some_of",
]

_LEARNED = 5_000
"""So many windows are enough to learn from; more of them only overlap more."""

_POINTS, _LEAST_POINTS = 2_048, 256
"""Windows that neighbours are sought among; fewer for long series, for each point asks all of them."""

_RULED = 3.0
"""Scores at edges that vary so much more than others are ruled by the rhythm; by noise it is 1 to 2 times."""

_LOOKED_AT, _PARTS = 60_000, 12
"""Of longer series as many points are looked at, in so many parts from the first to the last."""


@dataclass(frozen=True, slots=True)
class SeriesMember:
    """One detector of windows.

    Parameters
    ----------
    name : str
        "seasonal_residual", "sub_pca", "kmeans_distance" or "matrix_profile".
    view : str
        What it sees: one of :data:`mainstay.learners.series.windows.VIEWS`.
    body : Deviation or Nearest
        Over the numbers of that view.
    scale : Scale
        From its scores of points to levels.
    weight : float
        Its part of the blend; the weights sum to 1.
    """

    name: str
    view: str
    body: Deviation | Nearest
    scale: Scale
    weight: float


@dataclass(frozen=True, slots=True)
class SeriesDetection:
    """What was learned of a series.

    Parameters
    ----------
    plan : SeriesPlan
    members : tuple of SeriesMember
    """

    plan: SeriesPlan
    members: tuple[SeriesMember, ...]


def long_enough(pieces: Sequence[Piece], window: int) -> tuple[Piece, ...]:
    """Return the pieces that hold a window."""
    return tuple(piece for piece in pieces if len(piece) >= window)


def some_of(pieces: Sequence[Piece], window: int, most: int = _LOOKED_AT) -> tuple[Piece, ...]:
    """Return the pieces, or where they have more points than ``most`` stretches from all parts of them.

    Parameters
    ----------
    pieces : sequence of Piece
        Each as long as a window at least.
    window : int
    most : int, default 60,000
        About so many points.

    Examples
    --------
    >>> long = [Piece(0, np.zeros((1000, 1)))]
    >>> [(one.first, len(one)) for one in some_of(long, 10, 240)][:3]
    [(0, 20), (89, 20), (178, 20)]
    """
    total = sum(len(piece) for piece in pieces)
    if total <= most:
        return tuple(pieces)
    share = most / total
    found: list[Piece] = []
    for piece in pieces:
        wanted = max(window, int(share * len(piece)))
        parts = max(1, min(_PARTS, wanted // window))
        size = max(window, wanted // parts)
        starts = np.unique(np.linspace(0, len(piece) - size, parts).astype(np.int64)).tolist()
        found += [Piece(piece.first + start, piece.values[start : start + size]) for start in starts]
    return tuple(found)


def learn_series(
    grid: Grid, *, clean: bool = False, seed: int = 0, deadline: Deadline | None = None, window: int | None = None
) -> SeriesDetection:
    """Learn what is usual of a series with one or many columns.

    Parameters
    ----------
    grid : Grid
        From :func:`mainstay.learners.series.grid.regular_grid`.
    clean : bool, default False
        Whether it is known to hold no anomaly.
    seed : int, default 0
    deadline : Deadline, optional
    window : int, optional
        How many points a window has, about; the shortest period where None.

    Returns
    -------
    SeriesDetection

    Raises
    ------
    DataError
        When the series is too short, or does not move at all.

    Examples
    --------
    >>> from mainstay.learners.series.grid import regular_grid
    >>> wave = np.sin(np.arange(800) * 2 * np.pi / 40)
    >>> wave[400:440] = 0.0
    >>> grid = regular_grid(np.arange(800.0), wave[:, None] + np.random.default_rng(0).normal(0, 0.1, (800, 1)))
    >>> found = learn_series(grid)
    >>> rows = point_rows(found.plan, grid.pieces)
    >>> levels = point_levels(found, raw_scores(found, rows), [len(rows)])
    >>> bool(400 <= blend_levels(levels, [member.weight for member in found.members]).argmax() < 440)
    True
    """
    if all((piece.values == grid.pieces[0].values[:1]).all() for piece in grid.pieces):
        raise DataError(
            "the series never moves: all values are the same, and nothing can be odd", where="series",
            hint="Name a column whose values change.",
        )  # fmt: skip
    plan = plan_of(grid, window=window)
    pieces = some_of(long_enough(grid.pieces, plan.window), plan.window)
    lengths = [len(piece) for piece in pieces]
    matrix = point_rows(plan, pieces)
    many = int(_POINTS * min(1.0, _LOOKED_AT / grid.points))
    bodies, drawn = _bodies(
        plan,
        matrix,
        lengths,
        clean=clean,
        seed=seed,
        deadline=deadline or NoDeadline(),
        points=max(_LEAST_POINTS, many),
    )
    members = []
    for name, (view, body) in bodies.items():
        seen = matrix[:, view_places(plan, view)]
        if clean and name == "matrix_profile" and isinstance(body, Nearest):
            raw = left_out_scores(body, drawn, seen, plan.window)
        else:
            raw = member_scores(body, seen)
        scale = series_scale(_to_be_ranked(raw, view, plan.window, lengths))
        members.append(SeriesMember(name, view, body, scale, 1.0 / len(bodies)))
    return SeriesDetection(plan, tuple(members))


def _bodies(
    plan: SeriesPlan,
    matrix: Floats,
    lengths: Sequence[int],
    *,
    clean: bool,
    seed: int,
    deadline: Deadline,
    points: int,
) -> tuple[dict[str, tuple[str, Deviation | Nearest]], NDArray[np.int64]]:
    """Return the bodies by name, each with what it sees, and the rows that neighbours are sought among."""
    starts = np.concatenate([[0], np.cumsum(lengths)])[:-1]
    begins = np.concatenate(
        [start + np.arange(length - plan.window + 1) for start, length in zip(starts, lengths, strict=True)]
    )
    apart = max(1, plan.stride, -(-len(begins) // _LEARNED))
    learned = begins[::apart]
    seen = {view: matrix[learned][:, view_places(plan, view)] for view in ("left over", "movement", "shape")}
    own = matrix[:, view_places(plan, "own")]
    overlapping = max(1, plan.window // apart)
    neighbours, chosen = fit_neighbours(seen["shape"], overlapping, clean=clean, seed=seed, points=points)
    bodies: dict[str, tuple[str, Deviation | Nearest]] = {
        "seasonal_residual": ("own", fit_own(own, clean=clean)),
        "sub_pca": ("left over", fit_components(seen["left over"], clean=clean)),
        "kmeans_distance": ("movement", fit_groups(seen["movement"], clean=clean, seed=seed, deadline=deadline)),
        "matrix_profile": ("shape", neighbours),
    }
    return bodies, learned[chosen]


def _to_points(scores: Doubles, view: str, window: int, lengths: Sequence[int]) -> Doubles:
    return scores if view == "own" else spread_over(scores, window, lengths)


def _to_be_ranked(raw: Doubles, view: str, window: int, lengths: Sequence[int]) -> Doubles:
    """Return the scores of points that levels are made from: those of points, or where a rhythm rules them of edges.

    A point at an edge lies in few windows. Where noise is small, the scores of windows depend on where in the rhythm
    they begin; a whole window of them has always the same mean, and a few of them are far from it for no fault at all.
    """
    scores = _to_points(raw, view, window, lengths)
    few = max(1, window // 8)
    starts = np.concatenate([[0], np.cumsum(lengths)])[:-1].tolist()
    counts = [length - window + 1 for length in lengths]
    means = [
        spread_over(raw[start : start + count], few, [count])
        for start, count in zip(starts, counts, strict=True)
        if count >= window
    ]
    if view == "own" or not means:
        return scores
    edges = np.concatenate(means)
    wide, usual = (float(np.subtract(*np.quantile(one, (0.9, 0.5)))) for one in (edges, scores))
    return edges if wide > _RULED * usual else scores


def raw_scores(detection: SeriesDetection, matrix: Floats) -> Doubles:
    """Return what each member says of each row of :func:`point_rows`, by NumPy alone, float64 (points, members).

    Parameters
    ----------
    detection : SeriesDetection
    matrix : float32 array of shape (points, width)
    """
    each = [member_scores(one.body, matrix[:, view_places(detection.plan, one.view)]) for one in detection.members]
    return np.stack(each, axis=1)


def point_levels(detection: SeriesDetection, raw: Doubles, lengths: Sequence[int]) -> Doubles:
    """Return the level of each point by each member: a point's score is the mean over the windows it lies in.

    Parameters
    ----------
    detection : SeriesDetection
    raw : float64 array of shape (points, members)
        From :func:`raw_scores`, or from the model graph.
    lengths : sequence of int
        How many points each piece has.
    """
    levels = np.empty(raw.shape)
    for at, member in enumerate(detection.members):
        levels[:, at] = member.scale.level(_to_points(raw[:, at], member.view, detection.plan.window, lengths))
    return levels


def blend_levels(levels: Doubles, weights: Sequence[float]) -> Doubles:
    """Return the score of each point: the root of the weighted mean of squared levels.

    Parameters
    ----------
    levels : float64 array of shape (points, members)
    weights : sequence of float

    Examples
    --------
    >>> blend_levels(np.array([[0.0, 2.0], [1.0, 1.0]]), [0.5, 0.5]).round(3).tolist()
    [1.414, 1.0]
    """
    total = np.zeros(len(levels))
    for column, weight in zip(levels.T, weights, strict=True):
        total += weight * column * column
    return np.sqrt(total)
