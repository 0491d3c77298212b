"""The walk: good centres for every k on a sample, each k taking from its neighbours what is better than its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.learners.cluster.kmeans_path.passes import sums_of
from mainstay.learners.cluster.kmeans_path.seeding import seeds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.learner import Deadline
    from mainstay.learners.cluster.kmeans_path.table import Table

    Doubles = NDArray[np.float64]

__all__ = ["lloyd", "searched"]


def searched(table: Table, k_max: int, generator: np.random.Generator, deadline: Deadline) -> list[Doubles]:
    """Return centres for k = 1 up to ``k_max``, found on the rows of the table."""
    chosen = seeds(table, k_max, generator)
    sets = [chosen[:k] for k in range(1, len(chosen) + 1)]
    return lloyd(table, sets, 60, 1e-5, deadline)


def lloyd(table: Table, sets: list[Doubles], rounds: int, tolerance: float, deadline: Deadline) -> list[Doubles]:
    """Move all sets of centres together until a round lowers the inertia by less than ``tolerance`` of itself."""
    now = list(sets)
    before = [float("inf")] * len(sets)
    moving = list(range(len(sets)))
    for _ in range(rounds):
        if not moving or deadline.left() <= 0:
            break
        answers = sums_of(table, [now[number] for number in moving])
        still = []
        for number, answer in zip(moving, answers, strict=True):
            if answer.inertia < before[number] * (1.0 - tolerance):
                still.append(number)
            if answer.inertia < before[number]:
                before[number], now[number] = answer.inertia, answer.means()
        moving = still
    return now
