"""How many Gaussians describe the rows best: along the K-means path by BIC, then by splitting what looks double."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.learners.cluster.choose_k.mixture import fitted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.contracts.learner import Deadline
    from mainstay.learners.cluster.choose_k.look import Look
    from mainstay.learners.cluster.choose_k.mixture import Family, Gaussians, Products

    Doubles = NDArray[np.float64]

__all__ = ["grown"]

_FAMILIES: tuple[Family, ...] = ("round", "aligned", "alike", "free")
_ROWS_EACH = 6
"""Fewer rows than this for each Gaussian tell nothing."""
_GLANCE, _CARE = 8, 40
_PATIENCE = 6
_ROWS_A_COLUMN = 2
_MOST_SPLITS = 6


def grown(look: Look, products: Products, sets: Sequence[Doubles], deadline: Deadline) -> Gaussians:
    """Return the mixture of the lowest BIC.

    Parameters
    ----------
    look : Look
    products : Products
        Of the look.
    sets : sequence of float64 arrays of shape (k, q)
        The centres of the K-means path, in the coordinates of the look.
    deadline : Deadline
        Asked before each split only: a path that is walked in part would hide clusters.
    """
    best = _along(look, products, sets)
    for _ in range(_MOST_SPLITS):
        split = _split(look, products, best) if deadline.left() > 0 else None
        if split is None:
            break
        best = split
    return best


def _along(look: Look, products: Products, sets: Sequence[Doubles]) -> Gaussians:
    """Glance at every k until some in a row bring nothing; then look with care at the best few."""
    seen: list[Gaussians] = []
    least, worse = np.inf, 0
    for centres in sets:
        if len(centres) * _ROWS_EACH > max(len(look.rows), _ROWS_EACH) or worse >= _PATIENCE:
            break
        belonging = _hard(look.rows, centres)
        found = [fitted(products, belonging, family, _GLANCE) for family in _FAMILIES]
        seen += found
        bic = min(one.bic for one in found)
        least, worse = (bic, 0) if bic < least else (least, worse + 1)
    seen.sort(key=lambda one: one.bic)
    again = [fitted(products, one.belonging, one.family, _CARE) for one in seen[:4]]
    return min(again, key=lambda one: one.bic)


def _hard(rows: Doubles, centres: Doubles) -> Doubles:
    squares = (centres**2).sum(axis=1) - 2.0 * (rows @ centres.T)
    belonging = np.zeros(squares.shape)
    belonging[np.arange(len(rows)), squares.argmin(axis=1)] = 1.0
    return belonging[:, belonging.any(axis=0)]


def _split(look: Look, products: Products, mixture: Gaussians) -> Gaussians | None:
    """Return a better mixture with one Gaussian more, or None.

    At the log of all rows for each parameter, as BIC has it, a small cluster with a free covariance is never worth its
    price: 90 rows in 12 dimensions were left in their neighbour seven deviations away.
    """
    owner = mixture.belonging.argmax(axis=1)
    candidates = []
    for cluster in range(mixture.k):
        rows = np.flatnonzero(owner == cluster)
        part = _halved(look.rows[rows], mixture.means[cluster], mixture.precisions[cluster])
        if part is not None:
            candidates.append((part[0], cluster, rows[part[1]]))
    for _, _cluster, rows in sorted(candidates, key=lambda one: one[0])[:3]:
        belonging = np.zeros((len(owner), mixture.k + 1))
        belonging[np.arange(len(owner)), owner] = 1.0
        belonging[rows] = 0.0
        belonging[rows, -1] = 1.0
        found = [fitted(products, belonging, family, _CARE) for family in sorted({mixture.family, "free"})]
        best = min(found, key=lambda one: one.bic)
        if best.bic < mixture.bic:
            return best
        freest = min(found, key=lambda one: one.lenient)
        enough = freest.belonging.sum(axis=0).min() >= _ROWS_A_COLUMN * look.rows.shape[1]
        if mixture.family == freest.family == "free" and enough and freest.lenient < mixture.lenient:
            return freest
    return None


def _halved(rows: Doubles, mean: Doubles, precision: Doubles) -> tuple[float, NDArray[np.bool_]] | None:
    """Cut rows in two; return the kurtosis along the line of the halves, which is low where they stand apart."""
    if len(rows) < 2 * _ROWS_EACH:
        return None
    round_ = (rows - mean) @ np.linalg.cholesky(precision)
    round_ = round_ - round_.mean(axis=0)
    axes = np.linalg.svd(round_, full_matrices=False)[2]
    along = round_ @ axes.T
    upper = along[:, _kurtosis(along).argmin()] > 0
    for _ in range(15):
        if upper.all() or not upper.any():
            return None
        high, low = round_[upper].mean(axis=0), round_[~upper].mean(axis=0)
        moved = (round_ - (high + low) / 2) @ (high - low) > 0
        if (moved == upper).all():
            break
        upper = moved
    if min(upper.sum(), (~upper).sum()) < _ROWS_EACH:
        return None
    line = round_ @ (round_[upper].mean(axis=0) - round_[~upper].mean(axis=0))
    return float(_kurtosis(line[:, None])[0]), upper


def _kurtosis(columns: Doubles) -> Doubles:
    moved = columns - columns.mean(axis=0)
    deviation = np.maximum(moved.std(axis=0), 1e-12)
    kurtosis: Doubles = ((moved / deviation) ** 4).mean(axis=0)
    return kurtosis
