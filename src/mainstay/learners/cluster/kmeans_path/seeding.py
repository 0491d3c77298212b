"""Greedy k-means++ once for the whole path: the first k of its seeds are a seeding for every k."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.learners.cluster.kmeans_path.passes import augmented

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.learners.cluster.kmeans_path.table import Table

    Doubles = NDArray[np.float64]

__all__ = ["seeds"]


def seeds(table: Table, k_max: int, generator: np.random.Generator) -> Doubles:
    """Return up to ``k_max`` rows far from each other, (k, d); fewer where the rest is too near to tell apart.

    Of some rows drawn by their squared distance to the seeds so far, the one that lowers the inertia most is next
    (Arthur, Vassilvitskii 2007, "k-means++: the advantages of careful seeding", with trials).
    """
    weight = np.ones(table.rows, np.float32) if table.weight is None else table.weight
    trials = 2 + int(np.log(max(k_max, 1)))
    chosen = [_draw(np.cumsum(weight, dtype=np.float64), generator.random(1))[0]]
    near = _distances(table, np.array(chosen))[0]
    while len(chosen) < k_max:
        near[chosen[-1]] = 0.0
        potential = np.cumsum(near * weight, dtype=np.float64)
        if not potential[-1] > 1e-6 * table.spread:
            break
        drawn = _draw(potential, generator.random(trials))
        lowered = np.minimum(_distances(table, drawn), near)
        best = int((lowered @ weight).argmin())
        chosen.append(drawn[best])
        near = lowered[best]
    return table.points[chosen].astype(np.float64)


def _draw(cumulated: Doubles, shares: Doubles) -> NDArray[np.int64]:
    """Return the positions that the shares of the sum fall on."""
    places = np.searchsorted(cumulated, shares * cumulated[-1], side="right")
    within: NDArray[np.int64] = np.minimum(places, len(cumulated) - 1)
    return within


def _distances(table: Table, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the squared distances from some rows to all, (rows, n)."""
    squares: NDArray[np.float32] = augmented(table.points[rows].astype(np.float64)) @ table.augmented.T
    return np.maximum(squares, np.float32(0.0), out=squares)
