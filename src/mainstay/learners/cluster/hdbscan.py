"""HDBSCAN: groups are what stays dense while the demand on density rises; all else is noise, here marked as stray.

Campello, Moulavi, Sander 2013, doi 10.1007/978-3-642-37456-2_14. ``fast_hdbscan`` finds them where it is installed,
scikit-learn otherwise. Several sizes are tried, and the grouping of the highest relative validity is kept (after
Moulavi et al. 2014, Density-based clustering validation, doi 10.1137/1.9781611973440.96).
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import MissingPackageError
from mainstay.contracts.learner import Parameter
from mainstay.learners.cluster.admission import admit, closed
from mainstay.learners.cluster.links import neighbours
from mainstay.learners.cluster.spanning_tree import SpanningTree, spanning_tree
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

__all__ = ["HDBSCAN", "INSTALL", "relative_validity"]

INSTALL = 'pip install "mainstay[hdbscan]"'
_SAMPLES = 5
_MANY_ROWS = 4_000


class HDBSCAN:
    """Groups are dense places that persist; the rows between them are stray.

    Examples
    --------
    >>> from mainstay.contracts.clusters import Points
    >>> from mainstay.contracts.learner import NoDeadline
    >>> chance = np.random.default_rng(0)
    >>> rows = np.concatenate([chance.normal(0, 1, (80, 2)), chance.normal(9, 1, (50, 2))]).astype(np.float32)
    >>> HDBSCAN().fit(Points(rows, ("a", "b")), None, seed=0, deadline=NoDeadline()).body.clusters
    2
    """

    name = "hdbscan"
    finds_k = True
    order_free = True
    parameters: tuple[Parameter, ...] = (
        Parameter("min_cluster_size", 0, "The fewest rows of a group; 0 tries several.", low=0, high=1_000_000_000),
        Parameter("min_samples", _SAMPLES, "How many neighbours make a place dense.", low=1, high=1000, search=(3, 30)),
        Parameter(
            "engine", "any", "The package that finds the groups.", choices=("any", "fast_hdbscan", "scikit-learn")
        ),
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
        """Return the dense groups; where k is given, those of k when the tree is cut at one height for all."""
        checked = admit(self, points, k, settings)
        rows = stand_ins(points, seed=seed, deadline=deadline)
        engine = _engine(str(checked["engine"]), len(rows.points))
        samples = min(int(checked["min_samples"]), len(rows.points) - 1)
        notes: dict[str, Value] = {"engine": engine}
        if not rows.exact or points.weight is not None:
            notes["weights"] = "each point counts once, however many rows it stands for"
        if samples < 1:
            return closed(points, rows, np.zeros(1, np.int64), notes)
        core = neighbours(rows.points, samples)[0][:, -1]
        tree = spanning_tree(rows.points, core)
        sizes = _sizes(len(rows.points), int(checked["min_cluster_size"]))
        if k is not None:
            labels = _cut(rows.points, tree, k, sizes)
            return closed(points, rows, labels, notes | {"k": k})
        found: dict[int, Whole] = {}
        with quiet(notes):
            for size in sizes:
                if not found or deadline.left() > 0:
                    found[size] = _groups(engine, rows.points, size, samples)
        validity = {size: relative_validity(tree, labels) for size, labels in found.items()}
        best = max(found, key=lambda size: validity[size])
        notes |= {"min_cluster_size": best, "relative_validity": validity[best]}
        return closed(points, rows, found[best], notes | {"k": max(1, int(found[best].max()) + 1)})


def relative_validity(tree: SpanningTree, labels: Whole) -> float:
    """Return how much farther groups are apart than their own rows are, from -1 to 1; 0 where there are not two groups.

    Parameters
    ----------
    tree : SpanningTree
        By mutual reachability.
    labels : int64 array of shape (m,)
        -1 for noise, which lowers the validity by its share.
    """
    groups = int(labels.max()) + 1
    if groups < 2:
        return 0.0
    one, two = labels[tree.edges[:, 0]], labels[tree.edges[:, 1]]
    inside, across = (one == two) & (one >= 0), (one != two)
    widest, narrowest = np.zeros(groups), np.full(groups, tree.lengths.max())
    np.maximum.at(widest, one[inside], tree.lengths[inside])
    for ends in (one, two):
        counted = across & (ends >= 0)
        np.minimum.at(narrowest, ends[counted], tree.lengths[counted])
    size = np.bincount(labels[labels >= 0], minlength=groups)
    larger = np.maximum(np.maximum(widest, narrowest), 1e-300)
    return float(((narrowest - widest) / larger * size).sum() / len(labels))


def _engine(asked: str, rows: int) -> str:
    """Return the package to use; compiling fast_hdbscan takes a minute once, which few rows do not pay back."""
    if asked == "fast_hdbscan" and find_spec("fast_hdbscan") is None:
        raise MissingPackageError(
            "this engine needs the package fast_hdbscan, which is not installed",
            where="hdbscan",
            hint=f"Run: {INSTALL}",
        )
    if asked == "any":
        return "fast_hdbscan" if rows > _MANY_ROWS and find_spec("fast_hdbscan") is not None else "scikit-learn"
    return asked


def _sizes(rows: int, given: int) -> tuple[int, ...]:
    """Return the least sizes of a group to try: from few rows to a twentieth of all, fewer of them for many rows."""
    if given:
        return (max(2, min(given, rows)),)
    tried = {max(5, round(rows * share)) for share in (0.005, 0.01, 0.02, 0.05)} | {max(5, round(rows**0.5 / 2))}
    return tuple(sorted(min(size, max(2, rows // 2)) for size in tried))


def _groups(engine: str, points: Doubles, size: int, samples: int) -> Whole:
    if len(points) <= max(size, samples):
        return np.zeros(len(points), np.int64)
    if engine == "fast_hdbscan":
        import fast_hdbscan  # type: ignore[import-not-found]

        fast = fast_hdbscan.HDBSCAN(min_cluster_size=size, min_samples=samples).fit(points)
        return np.asarray(fast.labels_, np.int64)
    from sklearn import cluster

    # scikit-learn counts the point itself among its neighbours
    fitted = cluster.HDBSCAN(min_cluster_size=size, min_samples=min(samples + 1, len(points)), copy=True).fit(points)
    return np.asarray(fitted.labels_, np.int64)


def _cut(points: Doubles, tree: SpanningTree, k: int, sizes: tuple[int, ...]) -> Whole:
    """Return k groups: the longest edges that part groups of enough points are cut, the largest such size first."""
    if k == 1:
        return np.zeros(len(points), np.int64)
    for size in sorted({*sizes, 2, 1}, reverse=True):
        labels = _parted(tree, len(points), k, size)
        if int(labels.max()) + 1 == k:
            return labels
    return split_up_to(points, labels, k)


def _parted(tree: SpanningTree, count: int, k: int, size: int) -> Whole:
    """Return the groups of at least ``size`` points at the first height where there are k; crumbs beside are noise."""
    kept = _edges_kept(tree, count, k, size)
    return _components(tree, np.arange(len(tree.edges)) < kept, count, size)


def _edges_kept(tree: SpanningTree, count: int, k: int, size: int) -> int:
    """Return how many of the shortest edges leave k groups of at least ``size``, the most there are; 0 if none do."""
    parent, weight = list(range(count)), [1] * count
    large, kept = count if size <= 1 else 0, 0
    for place, (one, two) in enumerate(tree.edges.tolist()):
        if large == k:
            kept = place
        left, right = _root(parent, one), _root(parent, two)
        whole = weight[left] + weight[right]
        large += (whole >= size) - (weight[left] >= size) - (weight[right] >= size)
        parent[right], weight[left] = left, whole
    return kept


def _root(parent: list[int], point: int) -> int:
    while parent[point] != point:
        parent[point] = parent[parent[point]]
        point = parent[point]
    return point


def _components(tree: SpanningTree, kept: NDArray[np.bool_], count: int, size: int) -> Whole:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    edges = tree.edges[kept]
    graph = csr_array((np.ones(len(edges), np.int8), (edges[:, 0], edges[:, 1])), shape=(count, count))
    part = connected_components(graph, directed=False)[1]
    large = np.flatnonzero(np.bincount(part) >= size)
    place = np.full(int(part.max()) + 1, -1)
    place[large] = np.arange(len(large))
    labels: Whole = place[part].astype(np.int64)
    return labels
