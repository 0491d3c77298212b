"""The gate between the groups as they were found and the graph that is written: every row, or there is no file.

The library's distances are computed in NumPy from the recipe's own features; the graph's are the answers of the very
predictor that will serve. A group may differ only where the two nearest are so near that rounding settles it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.clusters import Centres
from mainstay.contracts.errors import ParityError
from mainstay.graph.parity import Parity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.bundle.clusters import ClusterAnswers
    from mainstay.contracts.clusters import ClusterBody

__all__ = ["LIMIT", "check_groups"]

LIMIT = 1e-6
"""Allowed between a distance and the graph's, relative to the size of the rows (root mean square).

Of a density it is relative to the size of the densities. A row that is itself a point of its group is at distance 0, of
which sums of squares leave about 1e-8 of the row's size.
"""

_BLOCK_CELLS = 16_000_000


def check_groups(body: ClusterBody, matrix: NDArray[np.float32], answers: ClusterAnswers, *, where: str) -> Parity:
    """Hold the graph's answers for all rows to the groups as they were found.

    Parameters
    ----------
    body : Centres or Mixture
    matrix : float32 array of shape (n, d)
        The rows, prepared.
    answers : ClusterAnswers
        Of the same rows.
    where : str
        The method's name, for the message.

    Raises
    ------
    ParityError
        When a distance differs by more than :data:`LIMIT`, or a group where it is no tie.
    """
    scale = _size(body, matrix, answers)
    step = max(1, _BLOCK_CELLS // body.clusters)
    worst, flips, row = 0.0, 0, 0
    for start in range(0, len(matrix), step):
        distances = body.distances(matrix[start : start + step])
        every = np.arange(len(distances))
        said = answers.cluster[start : start + step]
        own = distances[every, said]
        gap = np.abs(own - answers.distance[start : start + step]) / scale
        flipped = own - distances.min(axis=1) > 2 * LIMIT * scale
        gap[~np.isfinite(gap)] = np.inf
        at = int(np.argmax(np.where(flipped, np.inf, gap)))
        row = start + at if gap[at] > worst or flipped[at] else row
        worst, flips = max(worst, float(gap.max(initial=0.0))), flips + int(flipped.sum())
    if worst > LIMIT or flips:
        raise ParityError(
            f"the graph does not answer as the groups were found: row {row} of {len(matrix):,}; the largest difference "
            f"of a distance is {worst:.3g} of the rows' size, allowed {LIMIT:g}; {flips} groups differ",
            where=where,
            hint="The model was not written. Please report this with the method and its settings.",
        )
    return Parity(len(matrix), worst, flips, LIMIT)


def _size(body: ClusterBody, matrix: NDArray[np.float32], answers: ClusterAnswers) -> float:
    """Return how large the rows are as the body sees them, or how large their densities; never 0."""
    square = float(np.square(answers.distance).mean()) if len(matrix) else 1.0
    if isinstance(body, Centres):
        columns = [((matrix[:, i].astype(np.float64) - middle) ** 2).mean() for i, middle in enumerate(body.centre)]
        square = max(square, float(np.sum(columns)))
    return max(float(np.sqrt(square)), float(np.finfo(np.float32).tiny))
