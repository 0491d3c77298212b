"""The walk: good centres for every k on a sample, each k taking from its neighbours what is better than its own.

In each round k is offered the centres of k - 1 and one more where the error is high, those of k + 1 with the two merged
that lose least (Ward), and its own with some moved to other places; what is better after a few steps of Lloyd's
algorithm is taken. So a start that missed a group is mended, as in FLS++ (Conrads and others 2024, "Local search
k-means++ with foresight") and breathing K-means (Fritzke 2020, arXiv:2006.15666), but for all k at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.learners.cluster.kmeans_path.passes import augmented, nearest, sums_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.contracts.learner import Deadline
    from mainstay.learners.cluster.kmeans_path.passes import Near, Sums
    from mainstay.learners.cluster.kmeans_path.table import Table

    Doubles = NDArray[np.float64]

__all__ = ["Walk"]

_DRAWN = 8
"""Rows that are tried as a place for one more centre."""

_STEPS = 3
"""Steps of Lloyd's algorithm that a candidate is given after the first choice."""

_PATIENCE = 2
"""Rounds without a change in itself or a neighbour after which k is left alone."""

_TRIFLE = 1e-4
"""A lowering of the inertia by less, relative to itself, is no reason to go on."""


class Walk:
    """The best centres so far of every k on the rows of a table.

    Parameters
    ----------
    table : Table
    starts : sequence of sequences of float64 arrays
        One or more paths of centres, each for k = 1, 2, ...; the best of each k is kept.
    generator : numpy.random.Generator
    """

    def __init__(self, table: Table, starts: Sequence[Sequence[Doubles]], generator: np.random.Generator) -> None:
        self.table = table
        self.generator = generator
        answers = sums_of(table, [centres for path in starts for centres in path])
        for _ in range(_STEPS + 3):
            answers = sums_of(table, [answer.means() for answer in answers])
        of_k: dict[int, Sums] = {}
        for answer in sorted(answers, key=_inertia):
            of_k.setdefault(len(answer.centres), answer)
        self.best: list[Sums] = [of_k[k] for k in range(1, len(of_k) + 1)]

    def settle(self, rounds: int, trifle: float = _TRIFLE) -> list[int]:
        """Step towards the means until that is a trifle; return the numbers of those that still move."""
        moving = list(range(len(self.best)))
        for _ in range(rounds):
            if not moving:
                break
            answers = sums_of(self.table, [self.best[number].means() for number in moving])
            moving = [
                number for number, answer in zip(moving, answers, strict=True) if self._offer(number, answer, trifle)
            ]
        return moving

    def rounds(self, most: int, deadline: Deadline) -> None:
        """Offer candidates to all k, and again to those whose neighbourhood changed."""
        active = set(range(1, len(self.best)))
        idle = dict.fromkeys(active, 0)
        for count in range(most):
            if not active or deadline.left() <= 0:
                break
            changed = self._round(sorted(active), several=count % 2 == 1)
            for number in active:
                idle[number] += 1
            for number in changed:
                for neighbour in (number - 1, number, number + 1):
                    idle[neighbour] = 0
            active = {number for number in range(1, len(self.best)) if idle[number] < _PATIENCE}

    def _round(self, numbers: list[int], *, several: bool) -> list[int]:
        """Offer each of some k its candidates; return those that took one."""
        wanted = sorted({near for number in numbers for near in (number - 1, number)})
        now = [self.best[number].means() for number in wanted]
        grown = {
            number: self._more(centres, seen, max(1, len(centres) // 12) if several else 1)
            for number, centres, seen in zip(wanted, now, nearest(self.table, now), strict=True)
        }
        owners, candidates = [], []
        for number in numbers:
            offered = [_fewer(*grown[number], number + 1)]
            if not several:
                offered.append(grown[number - 1][0])
            if number + 1 < len(self.best):
                above = self.best[number + 1]
                offered.append(_fewer(above.means(), above.mass, number + 1))
            owners += [number] * len(offered)
            candidates += offered
        chosen: dict[int, Sums] = {}
        for number, answer in zip(owners, sums_of(self.table, candidates), strict=True):
            if number not in chosen or answer.ahead() < chosen[number].ahead():
                chosen[number] = answer
        kept = list(chosen.values())
        for _ in range(_STEPS):
            kept = sums_of(self.table, [answer.means() for answer in kept])
        return [number for number, answer in zip(chosen, kept, strict=True) if self._offer(number, answer, _TRIFLE)]

    def _offer(self, number: int, answer: Sums, trifle: float) -> bool:
        """Take the centres where they are better; say whether by more than a trifle."""
        before = self.best[number].inertia
        if answer.inertia < before:
            self.best[number] = answer
        return answer.inertia < before * (1.0 - trifle)

    def _more(self, centres: Doubles, seen: Near, count: int) -> tuple[Doubles, Doubles]:
        """Return the centres and ``count`` more, each the best of some places drawn by error, and the masses."""
        table = self.table
        label, first = seen.label.copy(), seen.first
        for _ in range(count):
            places, gains = self._places(centres, label, first)
            gain = gains.sum(axis=1) if table.weight is None else gains @ table.weight
            best = int(gain.argmax())
            label[gains[best] > 0] = len(centres)
            first = first - gains[best]
            centres = np.concatenate([centres, places[[best]]])
        return centres, np.bincount(label, table.weight, len(centres)).astype(np.float64)

    def _places(
        self, centres: Doubles, label: NDArray[np.int32], first: NDArray[np.float32]
    ) -> tuple[Doubles, NDArray[np.float32]]:
        """Draw rows by their error, and points half way to their centre; return them and what each row would gain."""
        table = self.table
        total = np.cumsum(first if table.weight is None else first * table.weight, dtype=np.float64)
        drawn = np.searchsorted(total, self.generator.random(_DRAWN) * total[-1])
        drawn = np.minimum(drawn, table.rows - 1)
        rows = table.points[drawn].astype(np.float64)
        places = np.concatenate([rows, 0.5 * (rows + centres[label[drawn]])])
        return places, np.maximum(first - augmented(places) @ table.augmented.T, np.float32(0.0))


def _fewer(centres: Doubles, mass: Doubles, k: int) -> Doubles:
    """Merge the two centres whose merging raises the inertia least until k are left."""
    points, heavy = centres.copy(), np.maximum(mass, 1e-300)
    squares = (points**2).sum(axis=1)
    apart = np.maximum(squares[:, None] + squares - 2.0 * (points @ points.T), 0.0)
    cost = apart / (1.0 / heavy[:, None] + 1.0 / heavy)
    np.fill_diagonal(cost, np.inf)
    alive = np.ones(len(points), bool)
    for _ in range(len(points) - k):
        first, second = divmod(int(cost.argmin()), len(points))
        together = heavy[first] + heavy[second]
        points[first] = (heavy[first] * points[first] + heavy[second] * points[second]) / together
        heavy[first] = together
        alive[second] = False
        cost[second], cost[:, second] = np.inf, np.inf
        away = ((points - points[first]) ** 2).sum(axis=1) / (1.0 / heavy + 1.0 / together)
        away[~alive] = np.inf
        away[first] = np.inf
        cost[first], cost[:, first] = away, away
    return points[alive]


def _inertia(answer: Sums) -> float:
    return answer.inertia
