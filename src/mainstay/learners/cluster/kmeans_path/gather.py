"""Rows in runs that lie close together, so that a pass need not look at centres that are far from a whole run.

Where rows form groups, or columns are few, most centres are out of reach of most blocks of rows: those that are farther
from the middle of a block than the nearest one by more than its diameter (the triangle inequality, as in Elkan 2003,
"Using the triangle inequality to accelerate k-means", for rows in blocks).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.learners.cluster.kmeans_path.passes import nearest, sums_of
from mainstay.learners.cluster.kmeans_path.seeding import seeds
from mainstay.learners.cluster.kmeans_path.table import finished

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.learners.cluster.kmeans_path.table import Table

__all__ = ["gathered"]

_MANY = 1 << 15
_CELLS = 64
_LOOK = 1 << 13

_REACHED = 0.5
"""Where more of the centres than this are within reach of a run on average, its rows may as well be anywhere."""


def gathered(table: Table, generator: np.random.Generator) -> Table:
    """Return the table with its rows in another order, in runs around some rows; a short one as it is."""
    if table.rows < _MANY:
        return table
    rows = np.sort(generator.choice(table.rows, _LOOK, replace=False))
    some = table.take(rows, None if table.weight is None else table.weight[rows].astype(np.float64))
    centres = seeds(some, _CELLS, generator)
    for _ in range(3):
        centres = sums_of(some, [centres])[0].means()
    if not _apart(some, centres):
        return table
    label = nearest(table, [centres])[0].label.astype(np.uint8)
    order = np.argsort(label, kind="stable")
    counts = np.cumsum(np.bincount(label, minlength=len(centres)))
    weight = None if table.weight is None else table.weight[order].astype(np.float64)
    cuts = tuple(counts[:-1].tolist())
    return finished(table.augmented[order], weight, table.centre, table.scale, cuts=cuts)


def _apart(table: Table, centres: NDArray[np.float64]) -> bool:
    near = nearest(table, [centres])[0]
    radius = np.zeros(len(centres))
    np.maximum.at(radius, near.label, np.sqrt(near.first.astype(np.float64)))
    apart = np.sqrt(((centres[:, None] - centres) ** 2).sum(axis=2))
    return bool((apart <= 2.0 * radius[:, None]).mean() < _REACHED)
