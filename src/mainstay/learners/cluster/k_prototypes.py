"""K-prototypes: K-means in which a category column has a mode instead of a mean, on the kernel of the K-means path.

A centre of K-means lies between the levels of a category, where no row is; a prototype is a row that could be: means
of numbers, and the most frequent level of each category (Huang 1998, doi:10.1023/A:1009769707641). Levels are columns
of which one is set, so that the sums which K-means needs anyway are weighted counts of levels, and the distance to a
prototype is that of its numbers and a constant for each level that differs: Huang's gamma. How much that is has been
decided by the preparation, where every column has a weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.clusters import Centres
from mainstay.contracts.errors import UsageError
from mainstay.contracts.learner import Parameter
from mainstay.learners.cluster.admission import admit, by_size
from mainstay.learners.cluster.kmeans_path.passes import nearest, sums_of
from mainstay.learners.cluster.kmeans_path.seeding import seeds
from mainstay.learners.cluster.kmeans_path.table import table_of
from mainstay.learners.cluster.kmeans_path.workers import working

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.clusters import Clustering, Points
    from mainstay.contracts.learner import Deadline, Value
    from mainstay.learners.cluster.kmeans_path.passes import Sums
    from mainstay.learners.cluster.kmeans_path.table import Table

    Doubles = NDArray[np.float64]

__all__ = ["KPrototypes"]

_SAMPLE = 8_192
_TRIFLE = 1e-6


class KPrototypes:
    """Groups rows of numbers and categories around prototypes; without categories it is K-means.

    Examples
    --------
    >>> from mainstay.contracts.clusters import Points
    >>> from mainstay.contracts.learner import NoDeadline
    >>> rows = np.float32([[0, 1, 0], [0.2, 1, 0], [4, 0, 1], [4.2, 0, 1], [4.4, 1, 0]])
    >>> points = Points(rows, ("size", "colour = 0", "colour = 1"), blocks=((1, 3),))
    >>> found = KPrototypes().fit(points, 2, seed=0, deadline=NoDeadline())
    >>> found.labels.tolist(), (found.body.points + found.body.centre).round(2).tolist()
    ([1, 1, 0, 0, 0], [[4.2, 0.0, 1.0], [0.1, 1.0, 0.0]])
    """

    name = "k_prototypes"
    finds_k = False
    parameters: tuple[Parameter, ...] = (
        Parameter("n_init", 10, "How many starts there are; the best counts.", low=1, high=1000),
        Parameter("max_iter", 100, "The most steps of each start.", low=1, high=100_000),
    )

    def fit(
        self,
        points: Points,
        k: int | None,
        *,
        seed: int,
        deadline: Deadline,
        settings: Mapping[str, Value] = {},
    ) -> Clustering:
        """Group the rows into k clusters; stop before the deadline with the best so far.

        Raises
        ------
        UsageError
            When a setting does not fit, k is None, or k is more than there are different rows.
        """
        if k is None:
            raise UsageError("k_prototypes needs the number of clusters", where=self.name, hint="Give k, such as 5.")
        wanted = admit(self, points, k, settings)
        values = [float(points.matrix[:, first:last].max()) for first, last in points.blocks]
        with working(1):
            table = table_of(points.matrix, points.weight)
            search = _Search(table, points.blocks, values, np.random.default_rng(seed), deadline)
            best, steps = search.best(k, int(wanted["n_init"]), int(wanted["max_iter"]))
        body = Centres.of(search.in_place(best.centres))
        cost = best.inertia * search.table.scale**2
        return by_size(points, body, {"cost": cost, "iterations": steps, "categories": len(points.blocks)})


@dataclass(slots=True)
class _Search:
    """Prototypes of a table, in its centred and scaled place.

    Parameters
    ----------
    table : Table
    blocks : tuple of (int, int)
    values : list of float
        What the columns of each category hold where they are set.
    generator : numpy.random.Generator
    deadline : Deadline
    """

    table: Table
    blocks: tuple[tuple[int, int], ...]
    values: list[float]
    generator: np.random.Generator
    deadline: Deadline

    def best(self, k: int, starts: int, steps: int) -> tuple[Sums, int]:
        """Return the best of several starts, found on a sample where there are many rows and ended on all of them."""
        sample = self._sample()
        sets = [self._start(sample, k) for _ in range(starts)]
        found, count = self._walk(sample, sets, steps)
        best = min(found, key=_inertia)
        if sample is self.table:
            return best, count
        ended, more = self._walk(self.table, [best.centres], steps)
        return ended[0], count + more

    def _sample(self) -> Table:
        rows, weight = self.table.rows, self.table.weight
        if rows <= _SAMPLE:
            return self.table
        chosen = np.sort(self.generator.choice(rows, _SAMPLE, replace=False))
        return self.table.take(chosen, None if weight is None else weight[chosen].astype(np.float64))

    def _start(self, table: Table, k: int) -> Doubles:
        """Return rows far from each other; drawn at random where the seeding finds no more."""
        chosen = seeds(table, k, self.generator)
        drawn = table.points[self.generator.choice(table.rows, k - len(chosen))].astype(np.float64)
        return self._prototypes(np.concatenate([chosen, drawn]))

    def _walk(self, table: Table, sets: list[Doubles], steps: int) -> tuple[list[Sums], int]:
        """Assign and take prototypes in turn, all starts at once, until none falls by more than a trifle."""
        best = sums_of(table, sets)
        moving = list(range(len(best)))
        for step in range(1, steps + 1):
            if self.deadline.left() <= 0:
                return best, step
            answers = sums_of(table, [self._next(table, best[place]) for place in moving])
            better = []
            for place, answer in zip(moving, answers, strict=True):
                before = best[place].inertia
                if answer.inertia < before:
                    best[place] = answer
                if answer.inertia < before * (1.0 - _TRIFLE):
                    better.append(place)
            moving = better
            if not moving:
                return best, step
        return best, steps

    def _next(self, table: Table, seen: Sums) -> Doubles:
        """Return the prototypes of each cluster's rows; one without rows moves to the row farthest from its own."""
        made = self._prototypes(seen.means())
        empty = np.flatnonzero(seen.mass <= 0)
        if len(empty):
            far = np.argsort(-nearest(table, [seen.centres])[0].first, kind="stable")[: len(empty)]
            made[empty[: len(far)]] = self._prototypes(table.points[far].astype(np.float64))
        return made

    def _prototypes(self, means: Doubles) -> Doubles:
        """Put the largest column of each category to its value and the others to 0."""
        made = self.in_place(means)
        for (first, last), value in zip(self.blocks, self.values, strict=True):
            block = made[:, first:last]
            levels = block.argmax(axis=1)
            block[:] = 0.0
            block[np.arange(len(block)), levels] = value
        return (made - self.table.centre) / self.table.scale

    def in_place(self, centres: Doubles) -> Doubles:
        """Return centres in the place and units of the features."""
        placed: Doubles = centres * self.table.scale + self.table.centre
        return placed


def _inertia(answer: Sums) -> float:
    return answer.inertia
