"""How well rows sit in their clusters: the silhouette of a sample, exact within it, and how sure its mean is.

The full silhouette compares every two rows; half a million rows would take days. A sample in which every cluster is
seen, with clusters weighted back to their sizes, gives the same mean to a hundredth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.evaluate.clusters.records import ClusterSilhouette, Silhouettes
from mainstay.evaluate.clusters.sample import stratified
from mainstay.evaluate.intervals import Score
from mainstay.evaluate.proportions import Z

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["silhouettes"]

_MOST = 5_000
_PLACES = 4


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
    from sklearn.metrics import silhouette_samples

    rows = stratified(labels, most, seed)
    mine = labels[rows]
    if len(rows) <= (sizes > 0).sum():
        return None
    # Far offsets would cost the digits that tell near rows apart.
    sampled = np.asarray(matrix[rows], np.float64)
    values = np.nan_to_num(silhouette_samples(sampled - sampled.mean(axis=0), mine))
    clusters = tuple(_of_cluster(place, values[mine == place]) for place in np.flatnonzero(sizes).tolist())
    order = np.lexsort((-values, mine))
    return Silhouettes(
        mean=_mean(values, mine, sizes),
        clusters=clusters,
        cluster=tuple(mine[order].tolist()),
        value=tuple(np.round(values[order], _PLACES).tolist()),
        rows=len(labels),
        sampled=len(rows),
    )


def _of_cluster(place: int, values: Floats) -> ClusterSilhouette:
    doubtful = float((values < 0).mean())
    return ClusterSilhouette(place, len(values), _interval(float(values.mean()), _error(values)), doubtful)


def _error(values: Floats) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")


def _mean(values: Floats, labels: Ints, sizes: Ints) -> Score:
    """Return the mean over all rows of the table: clusters weighted by size, variances of their means added."""
    seen = np.flatnonzero(sizes)
    share = sizes[seen] / sizes.sum()
    parts = [values[labels == place] for place in seen]
    value = float(sum(weight * part.mean() for weight, part in zip(share, parts, strict=True)))
    errors = [weight * _error(part) for weight, part in zip(share, parts, strict=True) if len(part) > 1]
    # Which cluster a row falls into is chance too.
    between = sum(weight * (part.mean() - value) ** 2 for weight, part in zip(share, parts, strict=True))
    return _interval(value, float(np.sqrt(np.square(errors).sum() + between / sizes.sum())))


def _interval(value: float, error: float) -> Score:
    if not np.isfinite(error) or error <= 0:
        return Score(value)
    return Score(value, max(value - Z * error, -1.0), min(value + Z * error, 1.0))
