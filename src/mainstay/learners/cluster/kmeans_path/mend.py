"""What all rows show to be wrong with a path: clusters without rows, a curve that does not fall, sums too coarse.

Centres found on samples can lose all their rows, and two answers of neighbouring k can stand in the wrong order. Both
are mended with the rows that are farthest from their centres.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mainstay.learners.cluster.kmeans_path.passes import nearest, sums_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.learners.cluster.kmeans_path.passes import Sums
    from mainstay.learners.cluster.kmeans_path.table import Table

    Doubles = NDArray[np.float64]

__all__ = ["mended"]

_COARSE = 2e-3
"""Below this share of the spread an inertia is added up from differences, not from sums of squares."""

_BLOCK = 1 << 14


def mended(table: Table, answers: list[Sums], k_max: int) -> list[Sums]:
    """Return answers for k = 1 up to ``k_max`` or the number of rows, all clusters with rows, the inertia falling."""
    path: list[Sums] = []
    for k in range(1, min(k_max, table.rows) + 1):
        answer = answers[k - 1] if k <= len(answers) else None
        if answer is not None:
            answer = _exact(table, answer)
        if answer is None or not (answer.mass > 0).all() or (path and answer.inertia > path[-1].inertia):
            kept = path[-1].centres if path else np.zeros((0, table.width))
            grown = _exact(table, sums_of(table, [_filled(table, kept, k)])[0])
            if answer is not None and answer.inertia < grown.inertia:
                filled = answer.centres[answer.mass > 0]
                grown = _exact(table, sums_of(table, [_filled(table, filled, k)])[0])
            answer = grown
        path.append(answer)
    return path


def _filled(table: Table, centres: Doubles, k: int) -> Doubles:
    """Return k centres: the given ones, and the rows that are farthest from those before."""
    while len(centres) < k:
        far = _far(table, centres) if len(centres) else 0
        centres = np.concatenate([centres, table.points[[far]].astype(np.float64)])
    return centres


def _far(table: Table, centres: Doubles) -> int:
    """Return the row farthest from its centre; among rows that rounding cannot tell apart, by exact differences."""
    near = nearest(table, [centres])[0]
    far = int(near.first.argmax())
    if near.first[far] > 1e-3:
        return far
    return int(_differences(table, centres, near.label).argmax())


def _differences(table: Table, centres: Doubles, label: NDArray[np.int32]) -> Doubles:
    """Return the squared distance of each row to its centre, taken from differences in float64."""
    squares = np.empty(table.rows)
    for first in range(0, table.rows, _BLOCK):
        apart = table.points[first : first + _BLOCK] - centres[label[first : first + _BLOCK]]
        squares[first : first + _BLOCK] = np.einsum("ij,ij->i", apart, apart)
    return squares


def _exact(table: Table, answer: Sums) -> Sums:
    """Return the answer with its inertia taken from differences where the sums of squares are too coarse."""
    if answer.inertia > _COARSE * table.spread:
        return answer
    squares = _differences(table, answer.centres, nearest(table, [answer.centres])[0].label)
    return replace(answer, inertia=float(squares.sum() if table.weight is None else squares @ table.weight))
