"""What all rows show to be wrong with a path: clusters without rows, a curve that does not fall, sums too coarse.

Centres found on samples can lose all their rows, and two answers of neighbouring k can stand in the wrong order. Both
are mended with the rows that are farthest from their centres.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.learners.cluster.kmeans_path.passes import Sums, nearest, sums_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.learners.cluster.kmeans_path.table import Table

    Doubles = NDArray[np.float64]

__all__ = ["mended", "mended_one"]

_COARSE = 2e-2
"""Below this share of the spread an inertia is added up from differences, not from sums of squares; below a tenth of
it where rows are so many that rounding evens out."""

_MANY = 1 << 16

_NEAR = 1e-3
_CELLS = 1 << 20


def mended(table: Table, answers: list[Sums], k_max: int) -> list[Sums]:
    """Return answers for k = 1 up to ``k_max`` or the number of rows, all clusters with rows, the inertia falling."""
    path: list[Sums] = []
    for k in range(1, min(k_max, table.rows) + 1):
        own = _exact(table, answers[k - 1]) if k <= len(answers) else None
        if own is not None and not (own.mass > 0).all():
            own = _exact(table, sums_of(table, [_filled(table, own.means()[own.mass > 0], k)])[0])
        if own is None or not (own.mass > 0).all() or (path and own.inertia > path[-1].inertia):
            # a row added to means leaves no mean without rows, and lowers the inertia
            own = _exact(table, sums_of(table, [_filled(table, path[-1].means(), k)])[0])
        path.append(own if k < table.rows else _rows(table))
    return path


def mended_one(table: Table, answers: list[Sums], k: int) -> Sums:
    """Return the answer for one k, with all clusters given rows; of the farthest rows where there is no answer."""
    own = _exact(table, answers[0]) if answers else None
    for _ in range(k):
        if own is not None and (own.mass > 0).all():
            break
        kept = np.zeros((1, table.width)) if own is None else own.means()[own.mass > 0]
        own = _exact(table, sums_of(table, [_filled(table, kept, k)])[0])
    return _rows(table) if own is None or k == table.rows else own


def _rows(table: Table) -> Sums:
    """Return each row as a cluster of its own."""
    points = table.points.astype(np.float64)
    mass = np.ones(table.rows) if table.weight is None else table.weight.astype(np.float64)
    return Sums(points, points * mass[:, None], mass, 0.0)


def _filled(table: Table, centres: Doubles, k: int) -> Doubles:
    """Return k centres: the given ones, and the rows that are farthest from those before."""
    while len(centres) < k:
        near = nearest(table, [centres])[0].first
        far = int(near.argmax() if near.max() > _NEAR else _differences(table, centres)[1].argmax())
        centres = np.concatenate([centres, table.points[[far]].astype(np.float64)])
    return centres


def _exact(table: Table, answer: Sums) -> Sums:
    """Return the answer, reckoned anew in float64 where its inertia is so small that float32 is too coarse."""
    if answer.inertia > _COARSE * (0.1 if table.rows > _MANY else 1.0) * table.spread:
        return answer
    label, squares = _differences(table, answer.centres)
    weight = np.ones(table.rows) if table.weight is None else table.weight.astype(np.float64)
    k = len(answer.centres)
    mass = np.bincount(label, weight, k)
    sums = np.stack([np.bincount(label, weight * column, k) for column in table.points.T], axis=1)
    return Sums(answer.centres, sums.astype(np.float64), mass.astype(np.float64), float(squares @ weight))


def _differences(table: Table, centres: Doubles) -> tuple[NDArray[np.int64], Doubles]:
    """Return the nearest centre of each row and the squared distance, from differences in float64."""
    label, squares = np.empty(table.rows, np.int64), np.empty(table.rows)
    norms = (centres**2).sum(axis=1)
    step = max(1, _CELLS // (len(centres) + table.width))
    for first in range(0, table.rows, step):
        points = table.points[first : first + step].astype(np.float64)
        own = (norms - 2.0 * (points @ centres.T)).argmin(axis=1)
        apart = points - centres[own]
        label[first : first + step] = own
        squares[first : first + step] = np.einsum("ij,ij->i", apart, apart)
    return label, squares
