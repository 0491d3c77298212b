"""The minimum spanning tree of points, on which Genie, HDBSCAN and single linkage stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]
    Whole = NDArray[np.int64]

__all__ = ["SpanningTree", "spanning_tree"]


@dataclass(frozen=True, slots=True)
class SpanningTree:
    """The edges of a tree, the shortest first.

    Parameters
    ----------
    edges : int64 array of shape (m - 1, 2)
    lengths : float64 array of shape (m - 1,)
    """

    edges: Whole
    lengths: Doubles


def spanning_tree(points: Doubles, core: Doubles | None = None) -> SpanningTree:
    """Return the exact Euclidean minimum spanning tree by Prim's algorithm, in O(m^2 d) time and O(m d) memory.

    Parameters
    ----------
    points : float64 array of shape (m, d)
    core : float64 array of shape (m,), optional
        A core distance for each point: the length of an edge is then the largest of the distance and both core
        distances, the mutual reachability of HDBSCAN (Campello, Moulavi, Sander 2013,
        doi 10.1007/978-3-642-37456-2_14).

    Examples
    --------
    >>> spanning_tree(np.array([[0.0], [1.0], [5.0], [3.0]])).lengths.tolist()
    [1.0, 2.0, 2.0]
    """
    count = len(points)
    reach = np.zeros(count) if core is None else core**2
    edges, squares = np.empty((max(0, count - 1), 2), np.int64), np.empty(max(0, count - 1))
    outside, columns, reaches = np.arange(1, count), points[1:].T.copy(order="C"), reach[1:].copy()
    nearest, towards = np.full(len(outside), np.inf), np.zeros(len(outside), np.int64)
    current = 0
    for step in range(count - 1):
        left = len(outside) - step
        away = ((columns[:, :left] - points[current][:, None]) ** 2).sum(axis=0)
        if core is not None:
            away = np.maximum(np.maximum(away, reaches[:left]), reach[current])
        nearer = away < nearest[:left]
        nearest[:left][nearer] = away[nearer]
        towards[:left][nearer] = current
        best = int(nearest[:left].argmin())
        edges[step], squares[step] = (towards[best], outside[best]), nearest[best]
        current = int(outside[best])
        columns[:, best] = columns[:, left - 1]
        for kept in (outside, nearest, towards, reaches):
            kept[best] = kept[left - 1]
    order = np.argsort(squares, kind="stable")
    return SpanningTree(edges[order], np.sqrt(squares[order]))
