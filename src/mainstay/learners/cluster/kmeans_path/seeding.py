"""Greedy k-means++ once for the whole path: the first k of its seeds are a seeding for every k."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.learners.cluster.kmeans_path.table import Table

    Doubles = NDArray[np.float64]

__all__ = ["seeds"]


def seeds(table: Table, k_max: int, generator: np.random.Generator) -> Doubles:
    """Return up to ``k_max`` rows far from each other, (k, d); fewer where there are not so many different rows.

    Of some rows drawn by their squared distance to the seeds so far, the one that lowers the inertia most is next
    (Arthur, Vassilvitskii 2007, "k-means++: the advantages of careful seeding", with trials).
    """
    weight = np.ones(table.rows, np.float32) if table.weight is None else table.weight
    trials = 2 + int(np.log(max(k_max, 1)))
    first = int(generator.choice(table.rows, p=_shares(weight)))
    chosen = [first]
    nearest = _distances(table, np.array([first]))[0]
    nearest[first] = 0.0
    while len(chosen) < k_max:
        potential = np.cumsum(nearest.astype(np.float64) * weight)
        if not potential[-1] > 1e-7 * table.spread:
            break
        drawn = np.searchsorted(potential, generator.random(trials) * potential[-1])
        drawn = np.minimum(drawn, table.rows - 1)
        lowered = np.minimum(_distances(table, drawn), nearest)
        lowered[np.arange(trials), drawn] = 0.0
        best = int((lowered @ weight).argmin())
        chosen.append(int(drawn[best]))
        nearest = lowered[best]
    return table.points[chosen].astype(np.float64)


def _shares(weight: NDArray[np.float32]) -> Doubles:
    double = weight.astype(np.float64)
    shares: Doubles = double / double.sum()
    return shares


def _distances(table: Table, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the squared distances from some rows to all, (rows, n)."""
    picked = table.augmented[rows]
    stacked = np.concatenate([-2.0 * picked[:, :-2], picked[:, -1:], picked[:, -2:-1]], axis=1)
    squares: NDArray[np.float32] = np.maximum(stacked @ table.augmented.T, 0.0)
    return squares
