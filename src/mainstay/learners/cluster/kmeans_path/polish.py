"""Polishing all sets of centres on all rows: steps with momentum on fresh batches, then whole passes.

Where rows form no clear groups Lloyd's algorithm creeps, and centres found on a sample fit that sample. Heavy-ball
momentum on batches that are drawn anew goes several times as far per row read, and ends lower.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.learners.cluster.kmeans_path.passes import sums_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from mainstay.contracts.learner import Deadline
    from mainstay.learners.cluster.kmeans_path.passes import Sums
    from mainstay.learners.cluster.kmeans_path.table import Table

    Doubles = NDArray[np.float64]

__all__ = ["lloyd", "moving", "rested", "stirred"]

_MOMENTUM = 0.9
_RATE = 0.3
_BATCH = 1 << 14
_STEPS = 192
"""Steps of sets of 24 and more centres in 16 and more columns; fewer where there are fewer columns or rows."""

_LEAST = 48
_READ = 40
"""How often each row is read on average, at most, where that is more than the least number of steps."""

_LARGEST = 1 << 15
_FRESH = 1 << 16
_REST = 1e-6
_SHIFT = 2e-5
"""Centres that move less than this, squared and relative to the variance of a column, are at rest: a fifth of what
scikit-learn's default tolerance allows."""


def stirred(table: Table, sets: list[Doubles], *, generator: np.random.Generator, deadline: Deadline) -> list[Doubles]:
    """Return the sets after steps with momentum on batches of rows; each no worse on a batch of its own.

    Sets of few centres are given more steps, for they cost less, and smaller batches first, whose noise is averaged out
    by the later ones; those of many larger batches throughout, for their rows are shared out to more.
    """
    batches = [_BATCH << max(0, int(np.ceil(np.log2(len(centres) / 32.0)))) for centres in sets]
    moved = list(sets)
    for batch in sorted(set(batches)):
        members = [number for number, own in enumerate(batches) if own == batch]
        size = min(batch, _LARGEST)
        rolled = _rolled(table, [sets[number] for number in members], size, generator=generator, deadline=deadline)
        for number, centres in zip(members, rolled, strict=True):
            moved[number] = centres
    return moved


def _rolled(
    table: Table, sets: list[Doubles], batch: int, *, generator: np.random.Generator, deadline: Deadline
) -> list[Doubles]:
    batches = _batches(table, batch, generator)
    judge = next(batches)
    first = [_batches(table, batch >> less, generator) for less in ((2, 1) if batch == _BATCH else (0, 0))]
    most = max(_LEAST, _READ * table.rows // batch)
    steps = [min(most, _steps(centres)) for centres in sets]
    rate = _RATE if table.rows > batch else 1.0
    drops = [_Drop(centres, own, rate) for centres, own in zip(sets, steps, strict=True)]
    for left in range(max(steps), 0, -1):
        if deadline.left() <= 0:
            break
        moving = [drop for drop in drops if drop.steps >= left]
        part = left / max(steps)
        source = first[0] if part > 0.5 else first[1] if part > 0.25 else batches
        for drop, answer in zip(moving, sums_of(next(source), [drop.centres for drop in moving]), strict=True):
            drop.step(answer, left)
    before, after = sums_of(judge, sets), sums_of(judge, [drop.centres for drop in drops])
    return [b.centres if b.inertia <= a.inertia else a.centres for a, b in zip(after, before, strict=True)]


def moving(table: Table, sets: list[Doubles], generator: np.random.Generator) -> list[int]:
    """Return the numbers of the sets that do not come to rest within three steps on rows drawn anew."""
    fresh = next(_batches(table, _FRESH, generator))
    before = sums_of(fresh, lloyd(fresh, sets, 2))
    after = sums_of(fresh, [answer.means() for answer in before])
    return [
        number
        for number, (old, new) in enumerate(zip(before, after, strict=True))
        if old.inertia - new.inertia > max(_REST * old.inertia, _SHIFT * fresh.spread / old.centres.size)
    ]


def _steps(centres: Doubles) -> int:
    k, d = centres.shape
    return max(_LEAST, int(np.clip(24 / k, 1, 4) * min(1.0, d / 16) * _STEPS))


class _Drop:
    """One set of centres rolling downhill."""

    def __init__(self, centres: Doubles, steps: int, rate: float) -> None:
        self.rate = rate
        self.centres = centres
        self.steps = steps
        self.speed = np.zeros_like(centres)
        self.mass: Doubles | None = None

    def step(self, answer: Sums, left: int) -> None:
        """Go on by momentum and by what a batch says; slower in the second half, so that batches average out."""
        self.mass = answer.mass if self.mass is None else 0.8 * self.mass + 0.2 * answer.mass
        rate = self.rate * min(1.0, 2.0 * left / self.steps)
        heavy = np.maximum(self.mass, 1e-3 * answer.mass.sum() / len(answer.mass))
        pull = answer.sums - answer.mass[:, None] * answer.centres
        self.speed = _MOMENTUM * self.speed + rate * pull / heavy[:, None]
        self.centres = self.centres + self.speed


def lloyd(table: Table, sets: list[Doubles], rounds: int) -> list[Doubles]:
    """Move all sets to their means, several times."""
    for _ in range(rounds if sets else 0):
        sets = [answer.means() for answer in sums_of(table, sets)]
    return sets


def rested(table: Table, sets: list[Doubles], rounds: int, deadline: Deadline) -> list[Doubles]:
    """Move all sets to their means until a pass over the rows lowers no inertia any more."""
    before = [float("inf")] * len(sets)
    for _ in range(rounds):
        answers = sums_of(table, sets)
        if all(answer.inertia >= old * (1.0 - 1e-8) for answer, old in zip(answers, before, strict=True)):
            break
        before = [answer.inertia for answer in answers]
        sets = [answer.means() for answer in answers]
        if deadline.left() <= 0:
            break
    return sets


def _batches(table: Table, batch: int, generator: np.random.Generator) -> Iterator[Table]:
    if table.rows <= batch:
        while True:
            yield table
    while True:
        order = generator.permutation(table.rows)
        for first in range(0, table.rows - batch + 1, batch):
            rows = np.sort(order[first : first + batch])
            yield table.take(rows, None if table.weight is None else table.weight[rows].astype(np.float64))
