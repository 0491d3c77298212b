"""Distances of rows to points, as NumPy computes them for ``contracts.anomaly_scores``: small ones lose their digits.

A squared distance is |x|^2 - 2xy + |y|^2, which is fast and loses what is small beside the lengths. What is left there
is rounding, and these functions say so in the same way as the graph does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.anomaly_bodies import LocalDensity, Nearest

    Doubles = NDArray[np.float64]
    Places = NDArray[np.int64]

__all__ = [
    "AS_FAR",
    "SAME",
    "density_rounding",
    "density_scores",
    "density_terms",
    "nearest_places",
    "nearest_rounding",
    "nearest_scores",
    "nearest_terms",
    "squared_distances",
]

AS_FAR = 1e-12
"""Squared distances that differ by less are the same, relative to the squared lengths of row and points.

Rounding leaves about a hundredth of it."""

SAME = 1e-14
"""This part of the squared lengths of row and point is taken off their squared distance, and what is below 0 is 0.

|x|^2 - 2xy + |y|^2 leaves about a tenth of it of a row and itself, and features in float32 hold no more: its root is a
distance of 1e-7 of their length. So a row that is a point is at distance 0, and not at the root of rounding."""


def squared_distances(moved: Doubles, points: Doubles, same: float = 0.0) -> Doubles:
    """Return squared distances, float64 of shape (n, m), less a part of the squared lengths; 0 at least.

    Parameters
    ----------
    moved : float64 array of shape (n, d)
    points : float64 array of shape (m, d)
    same : float, default 0
        The part that is taken off.

    Examples
    --------
    >>> squared_distances(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[25.0, 0.0]]
    """
    lengths = (moved**2).sum(axis=1)[:, None] + (points**2).sum(axis=1)
    return np.asarray(np.maximum((1.0 - same) * lengths - 2.0 * (moved @ points.T), 0.0), np.float64)


def _bag_squares(body: Nearest, moved: Doubles) -> Doubles:
    return (squared_distances(moved, body.points, SAME) * body.scale**2).reshape(len(moved), body.bags, -1)


def nearest_scores(body: Nearest, moved: Doubles) -> Doubles:
    """Return what a :class:`Nearest` says of rows with its centre taken off, float64 (n,)."""
    squares = _bag_squares(body, moved)
    if body.count > 1:
        squares = np.partition(squares, body.count - 1, axis=2)[:, :, : body.count]
    else:
        squares = squares.min(axis=2, keepdims=True)
    return np.asarray(np.sqrt(squares).mean(axis=2).mean(axis=1), np.float64)


def nearest_places(body: Nearest, moved: Doubles) -> Places:
    """Return which points are the nearest of all bags, int64 (n, bags * count)."""
    squares = _bag_squares(body, moved)
    found = np.argpartition(squares, body.count - 1, axis=2)[:, :, : body.count]
    places = found + (np.arange(body.bags) * squares.shape[2])[None, :, None]
    return np.asarray(places.reshape(len(moved), -1), np.int64)


def nearest_terms(body: Nearest, moved: Doubles) -> Doubles:
    """Return the mean squared differences to the nearest points, by feature, float64 (n, d)."""
    return _neighbour_terms(body.points, moved, nearest_places(body, moved), body.scale)


def _neighbour_terms(points: Doubles, moved: Doubles, places: Places, scale: Doubles | None = None) -> Doubles:
    """Return the mean squared differences, by feature, to each row's own points."""
    total = np.zeros_like(moved)
    for at in places.T:
        difference = moved - points[at]
        total += (difference if scale is None else difference * scale[at, None]) ** 2
    return np.asarray(total / places.shape[1], np.float64)


def _closest(body: LocalDensity, moved: Doubles, as_far: float = AS_FAR) -> tuple[Doubles, Doubles]:
    """Return squared distances, and the share of each point in the means: 0 where it is not among the nearest."""
    squares = squared_distances(moved, body.points)
    last = np.partition(squares, body.count - 1, axis=1)[:, body.count - 1]
    reach = (moved**2).sum(axis=1) + (body.points**2).sum(axis=1).max()
    near = (squares <= (last + as_far * reach)[:, None]).astype(np.float64)
    return squares, near / near.sum(axis=1, keepdims=True)


def density_scores(body: LocalDensity, moved: Doubles, as_far: float = AS_FAR) -> Doubles:
    """Return the local outlier factor of rows with the centre taken off, float64 (n,)."""
    squares, shares = _closest(body, moved, as_far)
    reached = (shares * np.maximum(body.reach, np.sqrt(squares))).sum(axis=1)
    return np.asarray((shares @ body.density) * reached, np.float64)


def nearest_rounding(body: Nearest, moved: Doubles) -> Doubles:
    """Return how far :func:`nearest_scores` may be off, float64 (n,)."""
    return np.asarray(_lost(moved) * body.scale[nearest_places(body, moved)].mean(axis=1), np.float64)


def density_rounding(body: LocalDensity, moved: Doubles) -> Doubles:
    """Return how far :func:`density_scores` may be off, float64 (n,): by distances, and by which points count."""
    narrow, wide = (density_scores(body, moved, part * AS_FAR) for part in (0.9, 1.1))
    return np.asarray(_lost(moved) * (_closest(body, moved)[1] @ body.density) + np.abs(wide - narrow), np.float64)


def _lost(moved: Doubles) -> Doubles:
    """Return how much of a distance can be rounding."""
    return np.asarray(np.sqrt(SAME * (moved**2).sum(axis=1)), np.float64)


def density_terms(body: LocalDensity, moved: Doubles) -> Doubles:
    """Return the mean squared differences to the points that count, by feature, float64 (n, d)."""
    shares = _closest(body, moved)[1]
    spread = moved**2 - 2.0 * moved * (shares @ body.points) + shares @ body.points**2
    return np.asarray(np.maximum(spread, 0.0), np.float64)
