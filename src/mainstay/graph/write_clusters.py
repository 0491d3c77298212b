"""The distances of rows to clusters into graph nodes, a group of points at a time.

Points of one cluster stand side by side, so that the nearest of them is one minimum over a table of equal columns; a
cluster of fewer points than its neighbours in the table repeats its first one, which changes no minimum. A minimum
rounds nothing, whatever its order; sums are products with a column of ones (see ``graph.steady``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mainstay.contracts.clusters import Mixture
from mainstay.contracts.errors import UsageError
from mainstay.contracts.model import Constant, ModelGraph
from mainstay.graph.write import as_double, write_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mainstay.contracts.clusters import Centres, ClusterBody
    from mainstay.graph.builder import GraphBuilder

__all__ = ["GROUP", "write_clusters"]

GROUP = 512
"""Points that are compared at once: 16 MB for a block of 4,096 rows."""


class _Group(NamedTuple):
    """Points that are compared at once: of one part of a cluster, or of several whole clusters.

    Parameters
    ----------
    first : int
        The first cluster.
    clusters : int
    points : array of shape (clusters * most, d)
        Equally many of each cluster.
    """

    first: int
    clusters: int
    points: NDArray[np.float64]


def write_clusters(builder: GraphBuilder, body: ClusterBody, features: str, width: int) -> str:
    """Write how far each row is from each cluster.

    Parameters
    ----------
    builder : GraphBuilder
    body : Centres or Mixture
    features : str
        The feature matrix, float32 of shape (n, width); ignored where the width is 0.
    width : int

    Returns
    -------
    str
        A float64 tensor of shape (n, clusters): what ``body.distances`` returns, up to rounding. A row has the same
        bits in every batch. Where neither the features nor the graph have a column, its shape is (1, clusters).

    Raises
    ------
    UsageError
        When the body's arrays do not fit each other or the width, or are not finite.

    Examples
    --------
    >>> from mainstay.contracts.clusters import Centres
    >>> from mainstay.graph.builder import GraphBuilder
    >>> builder = GraphBuilder(2, 0)
    >>> distances = write_clusters(builder, Centres.of(np.array([[0.0, 0.0], [3.0, 4.0]])), "numbers", 2)
    >>> len(builder.build({"distances": distances})) > 0
    True
    """
    _check(body, width)
    if not width:
        same = body.distances(np.empty((1, 0), np.float32))[0]
        return write_model(builder, ModelGraph(Constant(same)), features, 0)
    values = as_double(builder, features, width)
    return _mixture(builder, body, values) if isinstance(body, Mixture) else _centres(builder, body, values)


def _check(body: ClusterBody, width: int) -> None:
    arrays: tuple[NDArray[np.float64], ...]
    if isinstance(body, Mixture):
        k = len(body.offset)
        fits = body.means.shape == (k, width) and body.precision_roots.shape == (k, width, width) and k > 0
        arrays = (body.means, body.precision_roots, body.offset)
    else:
        owners = body.owner
        fits = body.points.shape == (len(owners), width) and body.centre.shape == (width,) and len(owners) > 0
        # Sorted, from 0 on, none left out: so the points of a cluster stand side by side.
        fits = fits and owners[0] == 0 and bool(np.isin(np.diff(owners), (0, 1)).all())
        arrays = (body.centre, body.points)
    if not fits or not all(np.isfinite(array).all() for array in arrays):
        raise UsageError(
            f"the clusters do not fit each other or {width} features: points must be finite, of that many columns, and "
            f"sorted by their clusters 0, 1, ...; a mixture needs as many means, matrices and offsets",
            where="cluster graph",
        )


def _mixture(builder: GraphBuilder, body: Mixture, values: str) -> str:
    """Write ``offset + 0.5 * |(x - mean) @ root|^2``, a column for each cluster."""
    halves = builder.constant(np.full((body.means.shape[1], 1), 0.5))
    columns = []
    for mean, root in zip(body.means, body.precision_roots, strict=True):
        moved = builder.node("Sub", [values, builder.constant(mean[None, :].astype(np.float64))])
        turned = builder.node("MatMul", [moved, builder.constant(root.astype(np.float64))])
        columns.append(builder.node("MatMul", [builder.node("Mul", [turned, turned]), halves]))
    return builder.node(
        "Add", [_side_by_side(builder, columns), builder.constant(body.offset[None, :].astype(np.float64))]
    )


def _centres(builder: GraphBuilder, body: Centres, values: str) -> str:
    """Write the root of ``|z|^2 - 2 z.p + |p|^2``, of the nearest point of each cluster."""
    moved = builder.node("Sub", [values, builder.constant(body.centre[None, :].astype(np.float64))])
    ones = builder.constant(np.ones((body.points.shape[1], 1)))
    lengths = builder.node("MatMul", [builder.node("Mul", [moved, moved]), ones])
    columns: list[str] = []
    before = -1
    for group in _groups(body):
        nearest = _nearest(builder, group, moved, lengths)
        if group.first == before:  # one more part of the last cluster
            columns[-1] = builder.node("Min", [columns[-1], nearest])
        else:
            columns.append(nearest)
        before = group.first
    squares = _side_by_side(builder, columns)
    # Rounding may leave the square of a distance a little below 0.
    return builder.node("Sqrt", [builder.node("Max", [squares, builder.constant(np.array(0.0))])])


def _nearest(builder: GraphBuilder, group: _Group, moved: str, lengths: str) -> str:
    """Return the squared distances of a group, shape (n, clusters)."""
    points = group.points.astype(np.float64)
    products = builder.node("MatMul", [moved, builder.constant(-2.0 * points.T)])
    own = builder.constant((points * points).sum(axis=1)[None, :])
    squares = builder.node("Add", [builder.node("Add", [lengths, products]), own])
    most = len(points) // group.clusters
    if most == 1:
        return squares
    table = builder.constant(np.array([0, group.clusters, most], np.int64))
    by_cluster = builder.node("Reshape", [squares, table])
    return builder.node("ReduceMin", [by_cluster, builder.constant(np.array([2], np.int64))], keepdims=0)


def _groups(body: Centres) -> Iterator[_Group]:
    """Yield the clusters in their order, several small ones or a part of a big one at a time."""
    starts = np.append(np.searchsorted(body.owner, np.arange(body.clusters)), len(body.owner))
    first = 0
    while first < body.clusters:
        end, most = first, 0
        while end < body.clusters:
            wider = max(most, int(starts[end + 1] - starts[end]))
            if end > first and (end + 1 - first) * wider > GROUP:
                break
            end, most = end + 1, wider
        if end == first + 1:
            for begin in range(int(starts[first]), int(starts[end]), GROUP):
                yield _Group(first, 1, body.points[begin : min(begin + GROUP, int(starts[end]))])
        else:
            offset = np.arange(most)[None, :]
            counts = np.diff(starts[first : end + 1])[:, None]
            rows = starts[first:end, None] + np.where(offset < counts, offset, 0)
            yield _Group(first, end - first, body.points[rows.ravel()])
        first = end


def _side_by_side(builder: GraphBuilder, columns: list[str]) -> str:
    return columns[0] if len(columns) == 1 else builder.node("Concat", columns, axis=1)
