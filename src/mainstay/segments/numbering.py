"""Groups are numbered by falling size before anything is written, so that group 0 is the largest in every face."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.clusters import Centres

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.clusters import ClusterBody

__all__ = ["by_falling_size"]


def by_falling_size(body: ClusterBody, labels: NDArray[np.int64]) -> ClusterBody:
    """Return the body with its clusters by falling size; clusters without a row are left out.

    Parameters
    ----------
    body : Centres or Mixture
    labels : int64 array of shape (n,)
        What the body says of the rows.

    Examples
    --------
    >>> body = Centres.of(np.array([[0.0], [10.0], [20.0]]))
    >>> by_falling_size(body, np.array([1, 1, 0])).distances(np.array([[9.0]], np.float32)).tolist()
    [[1.0, 9.0]]
    """
    sizes = np.bincount(labels, minlength=body.clusters)
    order = np.argsort(-sizes, kind="stable")[: int((sizes > 0).sum())]
    if not isinstance(body, Centres):
        return replace(
            body, means=body.means[order], precision_roots=body.precision_roots[order], offset=body.offset[order]
        )
    rank = np.full(body.clusters, -1, np.int64)
    rank[order] = np.arange(len(order))
    owner = rank[body.owner]
    places = np.argsort(owner, kind="stable")
    places = places[owner[places] >= 0]
    return replace(body, points=body.points[places], owner=owner[places])
