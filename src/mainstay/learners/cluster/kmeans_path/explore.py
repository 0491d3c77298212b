"""From rows to a first path: walks on small samples, whose best centres of each k go on together on a larger one.

A small sample shows the groups as well as all rows do and costs a hundredth; several of them, each from seeds of its
own, seldom all miss the same group. Between near equal answers the larger sample decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.learners.cluster.kmeans_path.search import Walk
from mainstay.learners.cluster.kmeans_path.seeding import seeds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.learner import Deadline
    from mainstay.learners.cluster.kmeans_path.table import Table

    Doubles = NDArray[np.float64]

__all__ = ["explored"]

_JUDGE = 1 << 14
_FEW = 20
"""Up to so many clusters several walks are cheap; they matter most there, where one wrong merge costs most."""


def explored(
    table: Table, k_max: int, generator: np.random.Generator, deadline: Deadline, *, walks: int, rounds: int
) -> list[Doubles]:
    """Return centres for each k.

    Parameters
    ----------
    table : Table
    k_max : int
    generator : numpy.random.Generator
    deadline : Deadline
    walks : int
        How many small walks are made.
    rounds : int
        How many rounds of exchange each of them makes.
    """
    judge = drawn(table, _JUDGE, generator)
    first = seeds(judge, k_max, generator)
    paths = [[first[:k] for k in range(1, len(first) + 1)]]
    for number in range(walks):
        if deadline.left() <= 0:
            break
        length = len(first) if number == 0 else min(len(first), _FEW)
        small = drawn(judge if number == 0 else table, max(2048, 100 * length), generator)
        chosen = seeds(small, length, generator)
        walk = Walk(small, [[chosen[:k] for k in range(1, len(chosen) + 1)]], generator)
        walk.rounds(rounds, deadline)
        found = [answer.means() for answer in walk.best]
        paths.append(found)
    walk = Walk(judge, paths, generator)
    walk.rounds(2 if judge is not table else rounds, deadline)
    walk.settle(10, 1e-6)
    return [answer.means() for answer in walk.best]


def drawn(table: Table, most: int, generator: np.random.Generator) -> Table:
    """Return the table, or so many of its rows where it has more."""
    if table.rows <= most:
        return table
    rows = np.sort(generator.choice(table.rows, most, replace=False))
    return table.take(rows, None if table.weight is None else table.weight[rows].astype(np.float64))
