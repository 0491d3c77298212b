"""From rows to a first path: walks on small samples, whose best centres of each k go on together on a larger one.

A small sample shows the groups as well as all rows do and costs a hundredth; several of them, each from seeds of its
own, seldom all miss the same group. Between near equal answers the larger sample decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.learners.cluster.kmeans_path.search import Walk
from mainstay.learners.cluster.kmeans_path.seeding import seeds

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from mainstay.contracts.learner import Deadline
    from mainstay.learners.cluster.kmeans_path.drawing import Drawing
    from mainstay.learners.cluster.kmeans_path.table import Table

    Doubles = NDArray[np.float64]

__all__ = ["explored"]

_JUDGE = 1 << 14
_SMALL = 2048
_STARTS, _FEWEST = 4, 5
"""More starts for the sets of fewest centres: they cost nothing there, and an exchange of one centre mends least."""

_LAST = 2
"""Rounds of exchange on the larger sample."""

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
    paths = []
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
    plain = [first[:k] for k in range(1, len(first) + 1)]
    rest = plain[_FEW:] if paths else plain
    walk = Walk(judge, [*paths, rest, *_fresh(judge, min(k_max, _FEWEST), generator)], generator)
    walk.rounds(_LAST, deadline)
    walk.settle(10, 1e-6)
    return [answer.means() for answer in walk.best]


def _fresh(judge: Table, most: int, generator: np.random.Generator) -> Iterator[list[Doubles]]:
    for _ in range(_STARTS):
        centres = seeds(judge, most, generator)
        yield [centres[:k] for k in range(2, len(centres) + 1)]
