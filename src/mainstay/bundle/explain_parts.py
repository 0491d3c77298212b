"""What a part of a model adds for each raw column: trees, weighted sums, links, and parts that can only be asked.

Shapley values of a sum are the sums of Shapley values, so a blend is taken apart and each part is explained in its own
way. A link (sigmoid, softmax, a calibration map) turns contributions to its inputs into contributions to its outputs
along the straight line from the base to the row (Aumann-Shapley; for one input this is the rescaling by
``(answer - base) / (input - base)``), and what is added up stays exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mainstay.bundle.explain_asked import Asking
    from mainstay.bundle.explain_origins import Origin
    from mainstay.bundle.explain_trees import TreeSum
    from mainstay.contracts.arrays import Arrays
    from mainstay.graph.run import Session

__all__ = ["Affine", "Asked", "Constant", "Given", "Link", "Part", "Scaled", "Situation", "Sum", "TreePart"]

_SEGMENTS = 8
_STEP = 1e-4


@dataclass(slots=True)
class Situation:
    """The rows that are explained, with all that is known of them.

    Parameters
    ----------
    arrays : Arrays
    values : mapping of str to array
        The tensors that the parts need, for these rows.
    background : mapping of str to array
        The same for the background rows.
    raw : int
        How many raw columns there are.
    """

    arrays: Arrays
    values: Mapping[str, NDArray[np.float64]]
    background: Mapping[str, NDArray[np.float64]]
    raw: int

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self.arrays.rows


@dataclass(frozen=True, slots=True)
class Given:
    """An explanation of a part.

    Parameters
    ----------
    base : float64 array of shape (outputs,)
    pushes : float64 array of shape (outputs, raw columns, n)
    variance : the same shape, or None
        Of the pushes, where they are estimated.
    """

    base: NDArray[np.float64]
    pushes: NDArray[np.float64]
    variance: NDArray[np.float64] | None = None


class Part(Protocol):
    """A part of a model that can be explained."""

    @property
    def width(self) -> int:
        """How many outputs it has."""
        ...

    @property
    def needs(self) -> frozenset[str]:
        """The tensors that must be known."""
        ...

    @property
    def methods(self) -> frozenset[str]:
        """How it is explained: "constant", "trees", "linear", "link", "sampling"."""
        ...

    def explain(self, now: Situation) -> Given:
        """Return base and pushes."""
        ...


@dataclass(frozen=True, slots=True)
class Constant:
    """The same for every row."""

    value: NDArray[np.float64]

    @property
    def width(self) -> int:
        """How many outputs."""
        return len(self.value)

    needs = frozenset[str]()
    methods = frozenset[str]()

    def explain(self, now: Situation) -> Given:
        """Push nothing."""
        return Given(self.value, np.zeros((len(self.value), now.raw, now.rows)))


@dataclass(frozen=True, slots=True)
class Scaled:
    """A part times a constant, output by output."""

    part: Part
    factor: NDArray[np.float64]

    @property
    def width(self) -> int:
        """How many outputs."""
        return len(np.broadcast_to(self.factor, np.broadcast_shapes(self.factor.shape, (self.part.width,))))

    @property
    def needs(self) -> frozenset[str]:
        """Those of the part."""
        return self.part.needs

    @property
    def methods(self) -> frozenset[str]:
        """Those of the part."""
        return self.part.methods

    def explain(self, now: Situation) -> Given:
        """Multiply."""
        given, factor = self.part.explain(now), self.factor
        variance = None if given.variance is None else given.variance * np.square(factor)[:, None, None]
        return Given(given.base * factor, given.pushes * factor[:, None, None], variance)


@dataclass(frozen=True, slots=True)
class Sum:
    """Parts of the same width, added up."""

    parts: Sequence[Part]

    @property
    def width(self) -> int:
        """How many outputs."""
        return max(part.width for part in self.parts)

    @property
    def needs(self) -> frozenset[str]:
        """Those of all parts."""
        return frozenset().union(*(part.needs for part in self.parts))

    @property
    def methods(self) -> frozenset[str]:
        """Those of all parts."""
        return frozenset().union(*(part.methods for part in self.parts))

    def explain(self, now: Situation) -> Given:
        """Add."""
        base = np.zeros(self.width)
        pushes = np.zeros((self.width, now.raw, now.rows))
        variance: NDArray[np.float64] | None = None
        for part in self.parts:
            given = part.explain(now)
            base += given.base
            if not isinstance(part, Constant):
                pushes += given.pushes
            if given.variance is not None:
                variance = given.variance if variance is None else variance + given.variance
        return Given(base, pushes, variance)


@dataclass(frozen=True, slots=True)
class TreePart:
    """A sum of trees over features that come from raw columns."""

    trees: TreeSum
    tensor: str
    origin: Origin
    methods = frozenset({"trees"})

    @property
    def width(self) -> int:
        """How many outputs."""
        return len(self.trees.base)

    @property
    def needs(self) -> frozenset[str]:
        """The features."""
        return frozenset({self.tensor})

    def explain(self, now: Situation) -> Given:
        """Return exact path-dependent Shapley values, summed up by raw column."""
        pushes = np.zeros((self.width, now.raw, now.rows))
        shares = self.origin.shares
        for feature, given in self.trees.contributions(now.values[self.tensor]).items():
            for column in np.flatnonzero(shares[feature]):
                share = shares[feature, column]
                pushes[:, column] += given if share == 1 else share * given
        return Given(self.trees.base, pushes)


@dataclass(frozen=True, slots=True)
class Affine:
    """Features times coefficients: the exact Shapley values are coefficient times distance from the mean."""

    tensor: str
    coefficients: NDArray[np.float64]
    origin: Origin
    methods = frozenset({"linear"})

    @property
    def width(self) -> int:
        """How many outputs."""
        return int(self.coefficients.shape[1])

    @property
    def needs(self) -> frozenset[str]:
        """The features."""
        return frozenset({self.tensor})

    def explain(self, now: Situation) -> Given:
        """Compare each feature with its mean over the background rows."""
        centre = now.background[self.tensor].mean(axis=0)
        away = now.values[self.tensor] - centre
        shares = self.origin.shares
        pushes = np.empty((self.width, now.raw, now.rows))
        for column in range(now.raw):
            used = np.flatnonzero(shares[:, column])
            weights = self.coefficients[used] * shares[used, column][:, None]
            pushes[:, column] = (away[:, used] @ weights).T
        return Given(centre @ self.coefficients, pushes)


@dataclass(frozen=True, slots=True)
class Link:
    """A function of the outputs of some parts.

    Parameters
    ----------
    parts : mapping of str to Part
        By the tensor where the function begins.
    session : Session
        The function as a graph.
    """

    parts: Mapping[str, Part]
    session: Session
    width: int

    @property
    def needs(self) -> frozenset[str]:
        """Those of the parts."""
        return frozenset().union(*(part.needs for part in self.parts.values()))

    @property
    def methods(self) -> frozenset[str]:
        """Those of the parts, and the link's own."""
        return frozenset({"link"}).union(*(part.methods for part in self.parts.values()))

    def explain(self, now: Situation) -> Given:
        """Turn contributions to the inputs into contributions to the outputs."""
        inner = [part.explain(now) for part in self.parts.values()]
        base = np.concatenate([given.base for given in inner])
        pushes = np.concatenate([given.pushes for given in inner])
        here = base[:, None] + pushes.sum(axis=1)
        slopes = self._slopes(base, here)
        answer = np.einsum("kdn,dcn->kcn", slopes, pushes)
        variance = None
        if any(given.variance is not None for given in inner):
            parts = [np.zeros_like(one.pushes) if one.variance is None else one.variance for one in inner]
            variance = np.einsum("kdn,dcn->kcn", np.square(slopes), np.concatenate(parts))
        return Given(self.answers(base[:, None])[:, 0], answer, variance)

    def answers(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the function's outputs, shape (outputs, n), for inputs of shape (inputs, n)."""
        ends = np.cumsum([part.width for part in self.parts.values()])
        feeds = {
            name: np.ascontiguousarray(values[end - part.width : end].T)
            for (name, part), end in zip(self.parts.items(), ends, strict=True)
        }
        (given,) = self.session.run_tensors(feeds).values()
        return np.asarray(given, np.float64).T

    def _slopes(self, base: NDArray[np.float64], here: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how much of each output one unit of each input makes, on the way from the base: (outputs, inputs, n).

        On each stretch of the way the inputs are moved one after the other, and once more in the opposite order:
        the changes add up to the whole, whatever the function does between.
        """
        away = here - base[:, None]
        moving = np.flatnonzero(np.abs(away).max(axis=1, initial=0) > 0)
        stretches = 1 if len(moving) < 2 else _SEGMENTS
        orders = (moving,) if len(moving) < 2 else (moving, moving[::-1])
        change = np.zeros((self.width, len(base), here.shape[1]))
        for order in orders:
            at = np.tile(base[:, None], (1, here.shape[1]))
            before = self.answers(at)
            for stretch in range(1, stretches + 1):
                for place in order:
                    at[place] = here[place] if stretch == stretches else base[place] + away[place] * stretch / stretches
                    after = self.answers(at)
                    change[:, place] += after - before
                    before = after
        change /= len(orders)
        return self._divided(change, away, here, moving)

    def _divided(
        self,
        change: NDArray[np.float64],
        away: NDArray[np.float64],
        here: NDArray[np.float64],
        moving: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """Divide changes by distances; where a distance is next to nothing, the slope at the row takes its place."""
        slopes = np.zeros_like(change)
        for place in moving:
            least = 1e-9 * (1 + np.abs(here[place]))
            close = np.abs(away[place]) < least
            slopes[:, place] = change[:, place] / np.where(close, 1.0, away[place])
            if close.any():
                there = here[:, close].copy()
                there[place] += _STEP
                slopes[:, place, close] = (self.answers(there) - self.answers(here[:, close])) / _STEP
        return slopes


@dataclass(frozen=True, slots=True)
class Asked:
    """A part that is explained by asking it about mixtures of the row and background rows."""

    asking: Asking
    tensor: str
    width: int
    columns: tuple[int, ...]
    methods = frozenset({"sampling"})

    @property
    def needs(self) -> frozenset[str]:
        """Its own answers."""
        return frozenset({self.tensor})

    def explain(self, now: Situation) -> Given:
        """Return estimated (with few columns: exact) Shapley values against the background rows."""
        base, pushes, variance = self.asking.explain(now.arrays, self.tensor, self.columns, raw=now.raw)
        return Given(base, pushes, variance)
