"""The rows on which methods are compared: few enough for all of them, drawn so that dense places stay dense."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.clusters import Points
from mainstay.learners.cluster.stand_ins import different_rows, drawn_rows

if TYPE_CHECKING:
    from mainstay.contracts.learner import Deadline

__all__ = ["is_whole", "sample_of"]

_MOST = 5_000
_MANY_ROWS = 100_000
_MOST_OF_MANY = 2_000
_HURRIED = 600
_SHORT = 8.0


def sample_of(points: Points, *, seed: int, deadline: Deadline) -> Points:
    """Return up to 5,000 different rows with their weights; 2,000 of a large table, whose rows are many to assign."""
    rows = different_rows(points)
    most = _MOST if points.rows <= _MANY_ROWS else _MOST_OF_MANY
    if deadline.left() < _SHORT:
        most = _HURRIED
    some = drawn_rows(rows, most, seed)
    weight = rows.weight[some]
    # rows drawn by their weight stand for their weight already
    even = len(some) < len(rows.points) or bool((weight == weight[0]).all())
    matrix = rows.points[some].astype(np.float32)
    return Points(matrix, points.names, None if even else weight, points.blocks)


def is_whole(sample: Points, points: Points) -> bool:
    """Say whether every different row is in the sample."""
    return sample.rows == len(different_rows(points).points)
