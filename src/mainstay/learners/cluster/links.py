"""Links between near neighbours: how few of them a grouping cuts says how good it is, whatever the shape of the groups.

A centre, a density or a shape is not asked for, so that groups of any method can be compared with each other. The
links are self-tuned (Zelnik-Manor, Perona 2004, Self-tuning spectral clustering): sparse groups have links as strong as
dense ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Links = Any  # scipy.sparse.csr_array of shape (m, m), symmetric, no diagonal

__all__ = ["cut_share", "least_cut", "links_between", "neighbours"]

NEIGHBOURS = 5
"""So many neighbours each point is linked to: few, so that narrow gaps are seen."""

_TREE_WIDTH = 12
_TINY = 1e-300

Key = TypeVar("Key")


def neighbours(points: Doubles, count: int) -> tuple[Doubles, Whole]:
    """Return the distances to the nearest other points and their positions, both (m, count), the nearest first."""
    from sklearn.neighbors import NearestNeighbors

    method = "kd_tree" if points.shape[1] <= _TREE_WIDTH else "brute"
    searcher = NearestNeighbors(n_neighbors=count, algorithm=method).fit(points)
    distances, positions = searcher.kneighbors()
    return distances, positions.astype(np.int64)


def links_between(points: Doubles, count: int = NEIGHBOURS) -> Links:
    """Return the symmetric links of each point to its nearest ones, with strengths from 0 to 1.

    Parameters
    ----------
    points : float64 array of shape (m, d)
        All different.
    count : int, default 5
    """
    from scipy.sparse import csr_array

    rows = len(points)
    count = min(count, rows - 1)
    if count < 1:
        return csr_array((rows, rows))
    distances, positions = neighbours(points, count)
    own = np.maximum(distances[:, -1], _TINY)
    strength = np.exp(-(distances**2) / (own[:, None] * own[positions]))
    source = np.repeat(np.arange(rows), count)
    one_way = csr_array((np.maximum(strength.ravel(), _TINY), (source, positions.ravel())), shape=(rows, rows))
    return one_way.maximum(one_way.T).tocsr()


def cut_share(links: Links, labels: Whole) -> float:
    """Return the part of its links that a group loses to others, the mean over the groups; 0 for one group.

    This is the normalised cut (Shi, Malik 2000, doi 10.1109/34.868688) per group.
    """
    pairs = links.tocoo()
    groups = int(labels.max()) + 1
    source, target = labels[pairs.coords[0]], labels[pairs.coords[1]]
    whole = np.bincount(source, pairs.data, groups)
    kept = np.bincount(source[source == target], pairs.data[source == target], groups)
    shares = 1.0 - kept / np.maximum(whole, _TINY)
    return float(shares[np.bincount(labels, minlength=groups) > 0].mean())


def least_cut(links: Links, found: Mapping[Key, Whole]) -> Key:
    """Return the name of the grouping that cuts the fewest links; the first of equal ones."""
    shares = {name: cut_share(links, labels) for name, labels in found.items()}
    return min(shares, key=lambda name: shares[name])
