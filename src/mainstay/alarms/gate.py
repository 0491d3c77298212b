"""The gate between a detector as it was learned and its graph: both score rows alike, or there is no file.

The members' scores are computed in NumPy from the recipe's own features; the graph's are those that become the answers.
Of many rows some are drawn, for the second opinion is slow: how many is said in the report.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.anomaly_scores import detection_scores, rounding_of
from mainstay.contracts.errors import ParityError
from mainstay.graph.parity import Parity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.contracts.anomalies import Detection
    from mainstay.contracts.anomaly_bodies import AnomalyBody
    from mainstay.contracts.arrays import Arrays
    from mainstay.prepare.anomalies import AnomalyRecipe

    Doubles = NDArray[np.float64]
    Floats = NDArray[np.float32]

__all__ = ["LIMIT", "check_detector", "drawn_rows", "member_gaps"]

LIMIT = 1e-6
"""Allowed between a member's score and the graph's, relative to the size of the scores (root mean square).

Beyond it lies only what rounding does to a distance that is small beside the lengths of row and point: about 1e-7 of
the row's length, which is what its features in float32 hold."""

_MOST, _CELLS = 20_000, 400_000


def drawn_rows(scores: NDArray[np.float64], width: int, seed: int) -> NDArray[np.int64]:
    """Return which rows are held against NumPy: all where they are few, else some by chance and the oddest ones.

    Parameters
    ----------
    scores : float64 array of shape (n,)
    width : int
        How many features a row has.
    seed : int
    """
    count = max(1_000, min(_MOST, _CELLS // max(1, width)))
    if len(scores) <= count:
        return np.arange(len(scores))
    oddest = np.argpartition(-scores, count // 10)[: count // 10]
    chosen = np.random.default_rng(seed).choice(len(scores), count - len(oddest), replace=False)
    return np.unique(np.concatenate([oddest, chosen]))


def member_gaps(seen: Sequence[tuple[AnomalyBody, Floats]], ours: Doubles, given: Doubles) -> Doubles:
    """Return how far the graph's scores are from those of NumPy, relative to their size.

    Parameters
    ----------
    seen : sequence of (AnomalyBody, float32 array of shape (n, d))
        Each member, and the rows as it sees them.
    ours, given : float64 array of shape (n, members)

    Returns
    -------
    float64 array of shape (n, members)
        What rounding explains is not counted; infinite where a score is not finite.
    """
    size = np.sqrt(np.square(ours).mean(axis=0))
    scale = np.maximum(np.maximum(np.abs(ours), size), float(np.finfo(np.float32).tiny))
    difference = np.abs(ours - given)
    for member, (body, matrix) in enumerate(seen):
        doubtful = np.flatnonzero(difference[:, member] > LIMIT * scale[:, member])
        if len(doubtful):
            difference[doubtful, member] -= rounding_of(body, matrix[doubtful])
    gap = np.maximum(difference, 0.0) / scale
    gap[~np.isfinite(gap)] = np.inf
    return np.asarray(gap, np.float64)


def check_detector(
    detection: Detection, recipe: AnomalyRecipe, arrays: Arrays, members: NDArray[np.float64], *, where: str
) -> Parity:
    """Hold the graph's scores of some rows to those of NumPy.

    Parameters
    ----------
    detection : Detection
    recipe : AnomalyRecipe
    arrays : Arrays
        The rows, decoded.
    members : float64 array of shape (n, members)
        What the graph says of them.
    where : str
        The method's name, for the message.

    Raises
    ------
    ParityError
        When a score differs by more than :data:`LIMIT`.
    """
    matrix = recipe.transform(arrays)
    ours = detection_scores(detection, matrix, members)
    gap = member_gaps([(member.body, matrix) for member in detection.members], ours, members)
    worst = float(gap.max(initial=0.0))
    if worst > LIMIT:
        row, member = np.unravel_index(int(gap.argmax()), gap.shape)
        raise ParityError(
            f"the graph does not score rows as {detection.members[int(member)].name} does: row {int(row)} of the "
            f"{len(gap):,} compared differs by {worst:.3g} of its size, allowed {LIMIT:g}",
            where=where,
            hint="The model was not written. Please report this with the method and its settings.",
        )
    return Parity(len(gap), worst, 0, LIMIT)
