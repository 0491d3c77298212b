"""The rows that are looked at: a sample, turned to its principal axes, of which a dozen tell clusters apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]
    Whole = NDArray[np.int64]

__all__ = ["Look", "look_at", "sampled"]

_MOST_AXES = 14


@dataclass(frozen=True, slots=True)
class Look:
    """Rows in coordinates of their own.

    Parameters
    ----------
    rows : float64 array of shape (m, q)
        Along the principal axes, the widest first, mean 0, in units of the mean deviation of all axes.
    weight : float64 array of shape (m,)
        With mean 1.
    centre : float64 array of shape (d,)
    axes : float64 array of shape (d, q)
        Takes centred rows to these coordinates.
    """

    rows: Doubles
    weight: Doubles
    centre: Doubles
    axes: Doubles

    def few(self, most: int, generator: np.random.Generator) -> Look:
        """Return a look at ``most`` of the rows, in the same coordinates."""
        rows, weight, _ = sampled(self.rows, self.weight, most, generator)
        return Look(rows, weight, self.centre, self.axes)

    def place(self, points: Doubles) -> Doubles:
        """Return points of the original space in these coordinates."""
        placed: Doubles = (points - self.centre) @ self.axes
        return placed


def sampled(
    X: NDArray[np.floating], weight: Doubles | None, most: int, generator: np.random.Generator
) -> tuple[Doubles, Doubles, Whole]:
    """Return at most ``most`` rows, their weights (mean 1), and their positions; heavy rows are drawn more often."""
    positive = np.arange(len(X)) if weight is None else np.flatnonzero(weight > 0)
    given = np.ones(len(positive)) if weight is None else weight[positive].astype(np.float64)
    if len(positive) <= most:
        return np.asarray(X[positive], np.float64), given / given.mean(), positive
    chance = None if weight is None else given / given.sum()
    rows = np.sort(positive[generator.choice(len(positive), most, replace=False, p=chance)])
    return np.asarray(X[rows], np.float64), np.ones(most), rows


def look_at(rows: Doubles, weight: Doubles) -> Look:
    """Turn rows to their principal axes; axes along which nothing varies are left out."""
    centre = np.average(rows, axis=0, weights=weight)
    moved = rows - centre
    values, vectors = np.linalg.eigh((moved * weight[:, None]).T @ moved / weight.sum())
    values, vectors = values[::-1], vectors[:, ::-1]
    kept = np.flatnonzero(values > 1e-10 * max(float(values.max(initial=0.0)), 1e-300))[:_MOST_AXES]
    unit = np.sqrt(values[kept].mean()) if len(kept) else 1.0
    axes = vectors[:, kept] / unit
    return Look(moved @ axes, weight, centre, axes)
