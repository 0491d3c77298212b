"""Spectral clustering on self-tuned links between near neighbours, for groups of any shape that are joined inside.

Zelnik-Manor, Perona 2004, Self-tuning spectral clustering; the groups are read from the eigenvectors by a pivoted QR
factorisation (Damle, Minden, Ying 2019, doi 10.1093/imaiai/iay008), which needs no start and no luck.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.learner import Parameter
from mainstay.learners.cluster.admission import admit, closed
from mainstay.learners.cluster.links import links_between
from mainstay.learners.cluster.number_of_groups import number_of_groups
from mainstay.learners.cluster.spanning_tree import spanning_tree
from mainstay.learners.cluster.splitting import split_up_to
from mainstay.learners.cluster.stand_ins import stand_ins
from mainstay.learners.quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.clusters import Clustering, Points
    from mainstay.contracts.learner import Deadline, Value

    Doubles = NDArray[np.float64]
    Whole = NDArray[np.int64]

__all__ = ["Spectral", "spectral_labels"]

_MOST = 5_000
_DENSE = 600
_BRIDGE = 1e-6
"""The strength of the links that keep all parts of the graph joined, too weak to draw them together."""


class Spectral:
    """Groups are what few links between near neighbours leave.

    Examples
    --------
    >>> from mainstay.contracts.clusters import Points
    >>> from mainstay.contracts.learner import NoDeadline
    >>> rows = np.array([[0.0], [0.1], [9.0], [9.1], [9.2]], np.float32)
    >>> Spectral().fit(Points(rows, ("a",)), 2, seed=0, deadline=NoDeadline()).labels.tolist()
    [1, 1, 0, 0, 0]
    """

    name = "spectral"
    finds_k = True
    order_free = True
    parameters: tuple[Parameter, ...] = (
        Parameter("neighbours", 10, "How many neighbours each row is linked to.", low=1, high=200, search=(5, 30)),
    )

    def fit(
        self,
        points: Points,
        k: int | None,
        *,
        seed: int,
        deadline: Deadline,
        settings: Mapping[str, Value] = {},
    ) -> Clustering:
        """Part the links into k groups, or as many as the density of the rows shows."""
        checked = admit(self, points, k, settings)
        rows = stand_ins(points, seed=seed, deadline=deadline, most=_MOST)
        count = number_of_groups(rows.points, rows.weight) if k is None else k
        notes: dict[str, Value] = {"k": count}
        with quiet(notes):
            labels = spectral_labels(rows.points, count, neighbours=int(checked["neighbours"]), seed=seed)
        return closed(points, rows, labels, notes)


def spectral_labels(points: Doubles, k: int, *, neighbours: int = 10, seed: int = 0) -> Whole:
    """Return k groups of points that all differ.

    Parameters
    ----------
    points : float64 array of shape (m, d)
    k : int
    neighbours : int, default 10
    seed : int, default 0
        For the start of the search for eigenvectors.
    """
    if k == 1:
        return np.zeros(len(points), np.int64)
    if k >= len(points):
        return np.arange(len(points))
    vectors = _eigenvectors(points, k, neighbours, seed)
    return split_up_to(points, _read(vectors, k), k)


def _eigenvectors(points: Doubles, k: int, neighbours: int, seed: int) -> Doubles:
    """Return the k leading eigenvectors of the links, each divided by the root of both ends' sums, shape (m, k)."""
    from scipy.sparse import csr_array, diags_array
    from scipy.sparse.linalg import ArpackNoConvergence, eigsh

    links = links_between(points, neighbours)
    edges = spanning_tree(points).edges
    bridge = csr_array((np.full(len(edges), _BRIDGE), (edges[:, 0], edges[:, 1])), shape=links.shape)
    links = links + bridge + bridge.T
    root = diags_array(1.0 / np.sqrt(np.asarray(links.sum(axis=1)).ravel()))
    scaled = root @ links @ root
    if len(points) > max(_DENSE, 3 * k):
        start = np.random.default_rng(seed).uniform(-1, 1, len(points))
        try:
            found: Doubles = eigsh(scaled, k, which="LA", v0=start, tol=1e-9, ncv=min(len(points), 3 * k + 20))[1]
        except ArpackNoConvergence as error:
            found = error.eigenvectors
            if found.shape[1] < k:
                return _dense(scaled, k)
        return found
    return _dense(scaled, k)


def _dense(scaled: object, k: int) -> Doubles:
    from scipy.linalg import eigh

    whole = scaled.toarray()  # type: ignore[attr-defined]
    vectors: Doubles = eigh(whole, subset_by_index=(len(whole) - k, len(whole) - 1))[1]
    return vectors


def _read(vectors: Doubles, k: int) -> Whole:
    """Return the group of each row of the eigenvectors: the axis it lies along once k unlike rows are made the axes."""
    from scipy.linalg import qr, svd

    pivots = qr(vectors.T, pivoting=True, mode="r")[1][:k]
    left, _, right = svd(vectors[pivots].T)
    along = np.abs(vectors @ (left @ right))
    labels: Whole = along.argmax(axis=1).astype(np.int64)
    return labels
