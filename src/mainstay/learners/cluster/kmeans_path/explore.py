"""From rows to a first path: walks on small samples, whose best centres of each k go on together on a larger one.

A small sample shows the groups as well as all rows do and costs a hundredth; several of them, each from seeds of its
own, seldom all miss the same group. Between near equal answers the larger sample decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.learners.cluster.kmeans_path.search import Walk
from mainstay.learners.cluster.kmeans_path.seeding import seeds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mainstay.contracts.learner import Deadline
    from mainstay.learners.cluster.kmeans_path.drawing import Drawing

    Doubles = NDArray[np.float64]

__all__ = ["explored"]

_JUDGE = 1 << 14
_SMALL = 2048
_FEW = 20
"""Up to so many clusters several walks are cheap; they matter most there, where one wrong merge costs most."""


def explored(drawing: Drawing, k_max: int, deadline: Deadline, *, walks: int, rounds: int) -> list[Doubles]:
    """Return centres for each k.

    Parameters
    ----------
    drawing : Drawing
        Of all rows.
    k_max : int
    deadline : Deadline
    walks : int
        How many small walks are made.
    rounds : int
        How many rounds of exchange each of them makes.
    """
    generator = drawing.generator
    judge = drawing.rows(_JUDGE)
    first = seeds(judge, k_max, generator)
    paths = [[first[:k] for k in range(1, len(first) + 1)]]
    for number in range(walks):
        if deadline.left() <= 0:
            break
        length = len(first) if number == 0 else min(len(first), _FEW)
        small = drawing.rows(max(_SMALL, 100 * length))
        chosen = seeds(small, length, generator)
        walk = Walk(small, [[chosen[:k] for k in range(1, len(chosen) + 1)]], generator)
        walk.rounds(rounds, deadline)
        found = [answer.means() for answer in walk.best]
        paths.append(found)
    walk = Walk(judge, paths, generator)
    walk.rounds(rounds if judge is drawing.table else 4, deadline)
    walk.settle(10, 1e-6)
    return [answer.means() for answer in walk.best]
