"""Anomalies in a stream: memory that does not grow, and what is usual follows the stream window by window.

Trees are drawn before any row is seen, and all have the same shape, so that a block of rows goes down all of them level
by level. What a leaf says is worked out once for each window; a row costs a look-up for each tree. What is learned
changes at ends of windows alone, so that answers do not depend on how a caller cuts the stream into batches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

__all__ = ["HalfSpaceTrees", "StreamAnswers"]

_RANGE = (0.01, 0.99)
_MARGIN = 0.15
"""Ranges reach so far beyond the middle 98 percent of a window, as a part of it."""

_SMALL = 0.1
"""A node with less than this part of a window is not looked into further (Tan et al. 2011)."""

_BLOCK = 2048


@dataclass(frozen=True, slots=True)
class StreamAnswers:
    """What is said of each row of a batch.

    Parameters
    ----------
    score : float64 array of shape (n,)
        Higher is odder; 0 until the first window is full.
    p_value : float64 array of shape (n,)
        The share of recent rows that were at least as odd; 1 until there are any.
    flagged : bool array of shape (n,)
        Where the p-value is at most the rate.
    """

    score: Doubles
    p_value: Doubles
    flagged: NDArray[np.bool_]


class HalfSpaceTrees:
    """Half-space trees (Tan, Ting and Liu 2011, IJCAI): how many of the last window lie where a row lies.

    Parameters
    ----------
    trees : int, default 25
    height : int, default 8
        Of each tree, 1 to 15.
    window : int, default 250
        So many rows are what is usual; the next window takes their place.
    rate : float, default 0.01
        The share of rows to flag while nothing changes.
    recent : int, default 5000
        So many of the last scores say what p-value a score has.
    seed : int, default 0

    Raises
    ------
    UsageError
        When a number is outside what is allowed.

    Examples
    --------
    >>> import numpy as np
    >>> from mainstay import HalfSpaceTrees
    >>> chance = np.random.default_rng(0)
    >>> stream = HalfSpaceTrees(window=200, rate=0.01)
    >>> for _ in range(10):
    ...     _ = stream.update(chance.normal(size=(100, 3)))
    >>> stream.score(np.array([[0.0, 0.0, 0.0], [9.0, 9.0, 9.0]])).argmax().item()
    1
    """

    def __init__(
        self,
        *,
        trees: int = 25,
        height: int = 8,
        window: int = 250,
        rate: float = 0.01,
        recent: int = 5000,
        seed: int = 0,
    ) -> None:
        limits = {"trees": (trees, 1, 1000), "height": (height, 1, 15), "window": (window, 2, 1_000_000)}
        limits |= {"recent": (recent, 1, 10_000_000), "seed": (seed, 0, 2**53)}
        for name, (given, low, high) in limits.items():
            if not low <= given <= high:
                raise UsageError(f"{name} must be from {low} to {high}, and {given!r} came", where="half-space trees")
        if not 0.0 < rate < 1.0:
            raise UsageError(f"rate must be above 0 and below 1, and {rate!r} came", where="half-space trees")
        self._trees, self._height, self._window, self._rate = trees, height, window, rate
        self._most_recent, self._seed = recent, seed
        self._width: int | None = None
        self._seen = 0
        self._table: Doubles | None = None
        self._recent = np.empty(0)
        self._buffer, self._new, self._low, self._high = np.empty((0, 0)), np.empty(0), np.empty(0), np.empty(0)
        self._feature, self._threshold = np.empty(0, np.int64), np.empty(0)
        self._counts: NDArray[np.int64] | None = None

    @property
    def rows_seen(self) -> int:
        """How many rows it learned from."""
        return self._seen

    def score(self, batch: NDArray[np.floating]) -> Doubles:
        """Return how odd each row is, without learning from it: 0 for all until the first window is full.

        Raises
        ------
        UsageError
            When a row has another width than those before, or holds a missing or infinite number.
        """
        return self._scores(self._admitted(batch))

    def answers(self, batch: NDArray[np.floating]) -> StreamAnswers:
        """Return score, p-value and flag of each row, without learning from it."""
        return self._answered(self._scores(self._admitted(batch)))

    def update(self, batch: NDArray[np.floating]) -> StreamAnswers:
        """Return score, p-value and flag of each row, and then learn from it: as row by row, whatever the batch.

        Raises
        ------
        UsageError
            When a row has another width than those before, or holds a missing or infinite number; nothing is learned.
        """
        rows = self._admitted(batch)
        self._begin(rows.shape[1])
        parts, first = [], 0
        while first < len(rows):
            end = min(len(rows), first + self._window - self._seen % self._window)
            part = rows[first:end]
            scores = self._learned(part)
            parts.append(self._answered(scores))
            place = self._seen % self._window
            self._buffer[place : place + len(part)], self._new[place : place + len(part)] = part, scores
            self._seen += len(part)
            if self._seen % self._window == 0:
                self._turn()
            first = end
        if not parts:
            return self._answered(np.empty(0))
        return StreamAnswers(
            np.concatenate([part.score for part in parts]),
            np.asarray(np.concatenate([part.p_value for part in parts]), np.float64),
            np.concatenate([part.flagged for part in parts]),
        )

    def _learned(self, rows: Doubles) -> Doubles:
        """Return the scores of rows of one window, and count where they are."""
        if self._table is None:
            return np.zeros(len(rows))
        leaves = self._leaves(rows)
        if self._counts is not None:
            self._counts += np.bincount(leaves.ravel(), minlength=len(self._counts))
        return self._halvings(self._table.take(leaves).sum(axis=1))

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return everything it knows as named arrays, for ``numpy.savez``; no Python objects.

        Examples
        --------
        >>> stream = HalfSpaceTrees(window=10)
        >>> _ = stream.update(np.arange(30.0).reshape(15, 2))
        >>> again = HalfSpaceTrees.from_arrays(stream.to_arrays())
        >>> bool((again.score(np.ones((1, 2))) == stream.score(np.ones((1, 2)))).all())
        True
        """
        settings = [self._trees, self._height, self._window, self._rate, self._most_recent, self._seed, self._seen]
        state: dict[str, NDArray[np.generic]] = {"settings": np.array(settings, np.float64), "recent": self._recent}
        if self._width is not None:
            state |= {"buffer": self._buffer, "new": self._new, "low": self._low, "high": self._high}
        if self._table is not None:
            state["table"] = self._table
        return state

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> HalfSpaceTrees:
        """Return the detector that :meth:`to_arrays` described.

        Raises
        ------
        UsageError
            When the arrays are not those of a detector.
        """
        try:
            trees, height, window, rate, recent, seed, seen = np.asarray(arrays["settings"], np.float64).tolist()
            made = cls(
                trees=int(trees), height=int(height), window=int(window), rate=rate, recent=int(recent), seed=int(seed)
            )
            made._recent = np.array(arrays["recent"], np.float64)
            if "buffer" in arrays:
                made._restore(arrays, int(seen))
        except (KeyError, ValueError, TypeError) as error:
            raise UsageError(
                f"the state of half-space trees was expected, and other arrays came ({error})", where="half-space trees"
            ) from error
        return made

    def _restore(self, arrays: Mapping[str, NDArray[np.generic]], seen: int) -> None:
        self._begin(np.asarray(arrays["buffer"]).shape[1])
        shapes = {
            "buffer": self._buffer.shape,
            "new": self._new.shape,
            "low": self._low.shape,
            "high": self._high.shape,
        }
        if any(np.asarray(arrays[name]).shape != shape for name, shape in shapes.items()):
            raise ValueError("their shapes do not fit each other")
        self._buffer, self._new = np.array(arrays["buffer"], np.float64), np.array(arrays["new"], np.float64)
        self._low, self._high = np.array(arrays["low"], np.float64), np.array(arrays["high"], np.float64)
        self._seen = seen
        if "table" in arrays:
            table = np.array(arrays["table"], np.float64)
            if table.shape != (self._trees << self._height,):
                raise ValueError("the table has another size")
            self._table = table

    def _admitted(self, batch: NDArray[np.floating]) -> Doubles:
        rows = np.asarray(batch, np.float64)
        wanted = "any number of" if self._width is None else str(self._width)
        if rows.ndim != 2 or not rows.shape[1] or (self._width is not None and rows.shape[1] != self._width):
            raise UsageError(
                f"rows of {wanted} numbers were expected, and shape {rows.shape} came", where="half-space trees"
            )
        if not np.isfinite(rows).all():
            row = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
            raise UsageError(
                "finite numbers were expected, and a missing or infinite one came",
                where=f"half-space trees, row {row} of the batch",
                hint="Fill missing values first.",
            )
        return rows

    def _begin(self, width: int) -> None:
        """Draw the trees when the first rows say how wide they are."""
        if self._width is not None:
            return
        self._width = width
        self._buffer, self._new = np.zeros((self._window, width)), np.zeros(self._window)
        self._low, self._high = np.full(width, np.inf), np.full(width, -np.inf)
        self._feature, self._threshold = _drawn_trees(self._trees, self._height, width, self._seed)

    def _turn(self) -> None:
        """Take the window that has become full as what is usual."""
        low, high = np.quantile(self._buffer, _RANGE, axis=0)
        margin = _MARGIN * (high - low)
        wider = bool((low < self._low).any() or (high > self._high).any())
        if wider:  # what was counted was counted between other ends
            self._low, self._high = np.minimum(self._low, low - margin), np.maximum(self._high, high + margin)
        if self._table is not None:
            self._recent = np.concatenate([self._recent, self._new])[-self._most_recent :]
        counts = self._counts
        if wider or counts is None:
            counts = np.bincount(self._leaves(self._buffer).ravel(), minlength=self._trees << self._height)
        table = _said_by_leaves(counts.reshape(self._trees, -1), self._height, _SMALL * self._window)
        self._table, self._counts = table.ravel(), np.zeros(table.size, np.int64)
        if not len(self._recent):
            self._recent = self._scores(self._buffer)[-self._most_recent :]

    def _leaves(self, rows: Doubles) -> NDArray[np.int64]:
        """Return the leaf of each row in each tree, numbered through all trees."""
        spread = self._high - self._low
        scaled = (rows - self._low) / np.where(spread > 0, spread, 1.0)
        flat, width = scaled.ravel(), scaled.shape[1]
        start = (np.arange(len(rows)) * width)[:, None]
        inner = (1 << self._height) - 1
        roots = np.arange(self._trees) * inner
        node = np.zeros((len(rows), self._trees), np.int64)
        for _ in range(self._height):
            place = node + roots
            node = 2 * node + 1 + (flat.take(start + self._feature.take(place)) > self._threshold.take(place))
        return node - inner + (np.arange(self._trees) << self._height)

    def _scores(self, rows: Doubles) -> Doubles:
        """Return how much thinner than a whole window the last one lies about each row, in halvings."""
        if self._table is None or not len(rows):
            return np.zeros(len(rows))
        blocks = [self._leaves(rows[first : first + _BLOCK]) for first in range(0, len(rows), _BLOCK)]
        return self._halvings(np.concatenate([self._table.take(leaves).sum(axis=1) for leaves in blocks]))

    def _halvings(self, mass: Doubles) -> Doubles:
        most = float(self._trees * self._window * 2.0**self._height)
        return np.asarray(np.log2((most + 1.0) / (mass + 1.0)), np.float64)

    def _answered(self, scores: Doubles) -> StreamAnswers:
        known = np.sort(self._recent)
        beyond = len(known) - np.searchsorted(known, scores, side="left")
        p_values = (1.0 + beyond) / (1.0 + len(known))
        return StreamAnswers(scores, np.asarray(p_values, np.float64), np.asarray(p_values <= self._rate, np.bool_))


def _drawn_trees(trees: int, height: int, width: int, seed: int) -> tuple[NDArray[np.int64], Doubles]:
    """Return feature and threshold of each inner node: each halves its part of a range drawn about the features'."""
    chance = np.random.default_rng([seed, 0x457])
    centre = chance.random((trees, width))
    reach = 2.0 * np.maximum(centre, 1.0 - centre)
    low, high = (centre - reach)[:, None, :], (centre + reach)[:, None, :]
    features, thresholds = [], []
    for level in range(height):
        nodes = 1 << level
        asked = chance.integers(width, size=(trees, nodes))
        at = asked[:, :, None]
        middle = (np.take_along_axis(low, at, 2) + np.take_along_axis(high, at, 2)) / 2.0
        features.append(asked)
        thresholds.append(middle[:, :, 0])
        low, high = np.repeat(low, 2, axis=1), np.repeat(high, 2, axis=1)
        pair = np.repeat(at, 2, axis=1)
        is_left = (np.arange(2 * nodes) % 2 == 0)[None, :, None]
        both = np.repeat(middle, 2, axis=1)
        np.put_along_axis(high, pair, np.where(is_left, both, np.take_along_axis(high, pair, 2)), 2)
        np.put_along_axis(low, pair, np.where(is_left, np.take_along_axis(low, pair, 2), both), 2)
    return np.concatenate(features, axis=1).ravel(), np.concatenate(thresholds, axis=1).ravel()


def _said_by_leaves(counts: NDArray[np.int64], height: int, small: float) -> Doubles:
    """Return for each leaf the mass of the first node on the way to it that is small, times 2 to its depth."""
    levels = [counts.astype(np.float64)]
    for _ in range(height):
        levels.append(levels[-1].reshape(len(counts), -1, 2).sum(axis=2))
    said = np.repeat(levels[-1], counts.shape[1], axis=1)
    settled = said < small
    for depth in range(1, height + 1):
        mass = np.repeat(levels[height - depth], 1 << (height - depth), axis=1)
        said = np.where(settled, said, mass * 2.0**depth)
        settled |= mass < small
    return said
