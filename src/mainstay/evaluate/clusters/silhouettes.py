"""How well rows sit in their clusters: the silhouette of a sample, exact within it, and how sure its mean is.

The full silhouette compares every two rows; half a million rows would take days. A sample in which every cluster is
seen, with clusters weighted back to their sizes, gives the same mean to a hundredth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluate.clusters.records import ClusterSilhouette, Silhouettes
from mainstay.evaluate.clusters.sample import stratified
from mainstay.evaluate.intervals import Score

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["silhouettes"]

_MOST = 5_000
_PLACES = 4
_PARTS, _CELLS = 20, 5_000_000


def silhouettes(matrix: NDArray[np.floating], labels: Ints, *, seed: int = 0, most: int = _MOST) -> Silhouettes | None:
    """Return the silhouette of each row of a stratified sample, with the mean of each cluster and of all.

    Parameters
    ----------
    matrix : array of shape (n, d)
        Prepared rows, without missing values.
    labels : int64 array of shape (n,)
        Clusters from 0.
    seed : int, default 0
        Of the sample.
    most : int, default 5000
        Rows of the sample; time grows with its square.

    Returns
    -------
    Silhouettes or None
        None where there is one cluster only, or no cluster has two rows.

    Examples
    --------
    >>> found = silhouettes(np.array([[0.0], [0.1], [9.0], [9.1]]), np.array([0, 0, 1, 1]))
    >>> round(found.mean.value, 2), [part.rows for part in found.clusters]
    (0.99, [2, 2])
    """
    sizes = np.bincount(labels)
    if (sizes > 0).sum() < 2 or sizes.max() < 2:
        return None
    rows = stratified(labels, most, seed)
    mine = labels[rows]
    if len(rows) <= (sizes > 0).sum():
        return None
    # Far offsets would cost the digits that tell near rows apart.
    sampled = np.asarray(matrix[rows], np.float64)
    parts = _sums_by_part(sampled - sampled.mean(axis=0), mine, _dealt(mine, len(sizes), seed), len(sizes))
    values = _values(parts.sums.sum(axis=0), np.bincount(mine, minlength=len(sizes)), mine)
    without = parts.values_without(mine, len(sizes))
    clusters = tuple(_of_cluster(place, values, without, mine) for place in np.flatnonzero(sizes).tolist())
    order = np.lexsort((-values, mine))
    return Silhouettes(
        mean=_interval(_weighted(values, mine, sizes), [_weighted(some, mine, sizes) for some in without]),
        clusters=clusters,
        cluster=tuple(mine[order].tolist()),
        value=tuple(np.round(values[order], _PLACES).tolist()),
        rows=len(labels),
        sampled=len(rows),
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """Sums of distances of each row to the rows of each cluster, apart for each part of the sample.

    Parameters
    ----------
    sums : float64 array of shape (parts, m, clusters)
    part : int64 array of shape (m,)
        The part of each row.
    """

    sums: Floats
    part: Ints

    def values_without(self, labels: Ints, clusters: int) -> list[Floats]:
        """Return the silhouettes as they would be without each part; NaN for its own rows."""
        whole, found = self.sums.sum(axis=0), []
        for place, sums in enumerate(self.sums):
            kept = self.part != place
            values = _values(whole - sums, np.bincount(labels[kept], minlength=clusters), labels)
            found.append(np.where(kept, values, np.nan))
        return found


def _dealt(labels: Ints, clusters: int, seed: int) -> Ints:
    """Deal the rows of each cluster into parts of equal size."""
    parts = int(np.clip(_CELLS // (len(labels) * clusters), 5, _PARTS))
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    order = shuffled[np.argsort(labels[shuffled], kind="stable")]
    part = np.empty(len(labels), np.int64)
    part[order] = np.arange(len(labels)) % parts
    return part


def _sums_by_part(matrix: Floats, labels: Ints, part: Ints, clusters: int) -> _Parts:
    squares = np.square(matrix).sum(axis=1)
    sums = np.zeros((int(part.max()) + 1, len(matrix), clusters))
    for place in range(len(sums)):
        some = np.flatnonzero(part == place)
        some = some[np.argsort(labels[some], kind="stable")]
        distance = squares[:, None] + squares[some] - 2 * (matrix @ matrix[some].T)
        distance = np.sqrt(np.maximum(distance, 0.0))
        distance[some, np.arange(len(some))] = 0.0
        seen, first = np.unique(labels[some], return_index=True)
        sums[place][:, seen] = np.add.reduceat(distance, first, axis=1)
    return _Parts(sums, part)


def _values(sums: Floats, counts: Ints, labels: Ints) -> Floats:
    """Return the silhouette of each row from its sums of distances; 0 for a row that is alone."""
    rows = np.arange(len(labels))
    own = counts[labels]
    inside = sums[rows, labels] / np.maximum(own - 1, 1)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    means[rows, labels] = np.inf
    next_to = means.min(axis=1)
    larger = np.maximum(inside, next_to)
    known = (own > 1) & np.isfinite(larger) & (larger > 0)
    return np.where(known, (next_to - inside) / np.where(known, larger, 1.0), 0.0)


def _of_cluster(place: int, values: Floats, without: list[Floats], labels: Ints) -> ClusterSilhouette:
    mine = labels == place
    others = [float(np.nanmean(some[mine])) for some in without if np.isfinite(some[mine]).any()]
    mean = _interval(float(values[mine].mean()), others)
    return ClusterSilhouette(place, int(mine.sum()), mean, float((values[mine] < 0).mean()))


def _weighted(values: Floats, labels: Ints, sizes: Ints) -> float:
    """Return the mean over all rows of the table: the means of the clusters, weighted by their sizes."""
    known = np.isfinite(values)
    rows = np.bincount(labels[known], minlength=len(sizes))
    sums = np.bincount(labels[known], values[known], minlength=len(sizes))
    weight = np.where(rows > 0, sizes, 0)
    return float((weight * sums / np.maximum(rows, 1)).sum() / weight.sum())


def _interval(value: float, others: list[float]) -> Score:
    """Return a mean with its 95 % interval by the jackknife over parts.

    A row counts twice, as one whose silhouette is taken and as one that others are measured against; leaving whole
    parts out moves both, which the spread of the silhouettes alone would miss.
    """
    from scipy.special import stdtrit

    parts = len(others)
    error = (
        float(np.sqrt((parts - 1) / parts * np.square(np.array(others) - np.mean(others)).sum())) if parts > 1 else 0.0
    )
    if error <= 0:
        return Score(value)
    reach = float(stdtrit(parts - 1, 0.975)) * error
    return Score(value, max(value - reach, -1.0), min(value + reach, 1.0))
