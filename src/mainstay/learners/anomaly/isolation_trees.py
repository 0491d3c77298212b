"""Grows all trees of an isolation forest at once, level by level: a loop over nodes in Python would take seconds.

The rows of all trees stand in one long array, those of a node side by side; a level draws one split for every node and
puts the rows that go left before the others. Nothing is drawn row by row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.model import Trees

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.anomaly_bodies import Directions

    Doubles = NDArray[np.float64]
    Floats = NDArray[np.float32]
    Places = NDArray[np.int64]

__all__ = ["EXACT", "GrownForest", "expected_depth", "grown_forest"]

EXACT = 2.0**-20
"""Leaf values are multiples of it: sums of them are exact, so that the order of adding changes no bit."""

_SPLIT = 0.125
"""Ways are rounded to eighths of a split: leaf values are then numbers of eight bits, which can be added as bits."""

_ATTEMPTS = 6
"""Draws of a feature for a node before all features are looked at for one that is not constant there."""

_COLUMNS = 64


@dataclass(frozen=True, slots=True)
class GrownForest:
    """Trees, and for each leaf how much which feature shortened the way to it.

    Parameters
    ----------
    trees : Trees
        With one output: how much shorter than expected a row's way is in whole splits, summed over the trees and
        divided by the power of two that is not below their number.
    path_features : int32 array of shape (nodes, longest)
    path_values : float32 array of shape (nodes, longest)
    """

    trees: Trees
    path_features: NDArray[np.int32]
    path_values: Floats


@dataclass(slots=True)
class _Level:
    """The nodes of one depth: where the rows of each begin, how many they are, and the ways that led to them."""

    starts: Places
    sizes: Places
    path_features: NDArray[np.int32]
    path_values: Floats


@dataclass(slots=True)
class _Splits:
    """One split for each node: the feature or direction asked (-1 makes a leaf), and the threshold."""

    asked: Places
    threshold: Doubles


def expected_depth(rows: NDArray[np.integer]) -> Doubles:
    """Return the mean depth at which a tree of random splits isolates one of so many different rows.

    Examples
    --------
    >>> expected_depth(np.array([0, 1, 2, 256])).round(4).tolist()
    [0.0, 0.0, 1.0, 10.2487]
    """
    sizes = np.asarray(rows, np.int64)
    harmonic = np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, max(2, int(sizes.max(initial=1)) + 1)))])
    ways = 2.0 * harmonic[np.maximum(sizes - 1, 0)] - 2.0 * (sizes - 1) / np.maximum(sizes, 1)
    return np.asarray(np.where(sizes > 1, ways, 0.0), np.float64)


def grown_forest(
    matrix: Floats,
    drawn: Places,
    *,
    directions: Directions | None,
    two_features: float,
    chance: np.random.Generator,
) -> GrownForest:
    """Return a forest in which each tree isolates the rows that were drawn for it.

    Parameters
    ----------
    matrix : float32 array of shape (n, d)
    drawn : int64 array of shape (trees, m)
        The rows of each tree.
    directions : Directions, optional
    two_features : float
        The share of nodes that ask a direction.
    chance : numpy.random.Generator
    """
    growth = _Growth(matrix, drawn.ravel().copy(), directions, two_features, chance)
    count, rows = drawn.shape
    level = _Level(
        np.arange(count) * rows, np.full(count, rows), np.empty((count, 0), np.int32), np.empty((count, 0), np.float32)
    )
    deepest = max(1, int(np.ceil(np.log2(max(rows, 2)))))
    grown: list[tuple[_Level, _Splits]] = []
    for depth in range(deepest + 1):
        splits = growth.leaves(level) if depth == deepest else growth.splits(level)
        grown.append((level, splits))
        if not (splits.asked >= 0).any():
            break
        level = growth.next_level(level, splits)
    return _joined(grown, count, rows)


class _Growth:
    """The rows in the order of their nodes, and what is drawn."""

    def __init__(
        self,
        matrix: Floats,
        order: Places,
        directions: Directions | None,
        two_features: float,
        chance: np.random.Generator,
    ) -> None:
        self._matrix, self._order, self._directions = matrix, order, directions
        self._share, self._chance = two_features if directions is not None else 0.0, chance

    def leaves(self, level: _Level) -> _Splits:
        """Return no split for any node."""
        return _Splits(np.full(len(level.sizes), -1), np.zeros(len(level.sizes)))

    def splits(self, level: _Level) -> _Splits:
        """Draw a feature that is not constant for each node, and a threshold between its least and largest value."""
        found = self.leaves(level)
        open_nodes = np.flatnonzero(level.sizes > 1)
        for _ in range(_ATTEMPTS):
            if not len(open_nodes):
                return found
            asked = self._drawn(len(open_nodes))
            open_nodes = self._settled(level, found, open_nodes, asked)
        if len(open_nodes):
            asked = self._varying(level, open_nodes)
            self._settled(level, found, open_nodes[asked >= 0], asked[asked >= 0])
        return found

    def _drawn(self, count: int) -> Places:
        asked = self._chance.integers(self._matrix.shape[1], size=count)
        if self._directions is None or self._share <= 0:
            return asked
        directed = self._chance.random(count) < self._share
        which = self._matrix.shape[1] + self._chance.integers(len(self._directions.first), size=count)
        return np.where(directed, which, asked)

    def _settled(self, level: _Level, found: _Splits, nodes: Places, asked: Places) -> Places:
        """Write the splits of nodes where what is asked varies, and return the others."""
        places, starts = _rows_of(level.starts[nodes], level.sizes[nodes])
        values = self._values(self._order[places], np.repeat(asked, level.sizes[nodes]))
        low, high = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
        threshold = low + self._chance.random(len(nodes)) * (high - low)
        plain = asked < self._matrix.shape[1]
        threshold[plain] = _float32_below(threshold[plain])
        threshold = np.where(threshold < high, np.maximum(threshold, low), low)
        good = low < high
        found.asked[nodes[good]], found.threshold[nodes[good]] = asked[good], threshold[good]
        return nodes[~good]

    def _varying(self, level: _Level, nodes: Places) -> Places:
        """Return for each node one of the features that are not constant there, each as likely; -1 where all are."""
        places, starts = _rows_of(level.starts[nodes], level.sizes[nodes])
        rows = self._order[places]
        best, asked = np.full(len(nodes), -1.0), np.full(len(nodes), -1)
        for first in range(0, self._matrix.shape[1], _COLUMNS):
            block = self._matrix[rows, first : first + _COLUMNS]
            varies = np.minimum.reduceat(block, starts, axis=0) < np.maximum.reduceat(block, starts, axis=0)
            lots = np.where(varies, self._chance.random(varies.shape), -1.0)
            highest = lots.argmax(axis=1)
            won = lots[np.arange(len(nodes)), highest]
            asked = np.where(won > best, first + highest, asked)
            best = np.maximum(best, won)
        return asked

    def _values(self, rows: Places, asked: Places) -> Doubles:
        """Return what each row answers; the bits of a direction are those of ``Directions.values``."""
        width = self._matrix.shape[1]
        if self._directions is None:
            return np.asarray(self._matrix[rows, asked], np.float64)
        values = self._matrix[rows, np.minimum(asked, width - 1)].astype(np.float64)
        directed = np.flatnonzero(asked >= width)
        which, places = asked[directed] - width, rows[directed]
        ways = self._directions
        left = self._matrix[places, ways.first[which]].astype(np.float64) * ways.first_weight[which]
        right = self._matrix[places, ways.second[which]].astype(np.float64) * ways.second_weight[which]
        values[directed] = left + right
        return np.asarray(values, np.float64)

    def next_level(self, level: _Level, splits: _Splits) -> _Level:
        """Return the children of all nodes that split, in pairs, and put their rows in order."""
        nodes = np.flatnonzero(splits.asked >= 0)
        places, starts = _rows_of(level.starts[nodes], level.sizes[nodes])
        owner = np.repeat(np.arange(len(nodes)), level.sizes[nodes])
        rows, asked = self._order[places], splits.asked[nodes]
        right = self._values(rows, asked[owner]) > splits.threshold[nodes][owner]
        self._order[places] = rows[np.argsort(owner * 2 + right, kind="stable")]
        rights = np.add.reduceat(right.astype(np.int64), starts)
        sizes = np.stack([level.sizes[nodes] - rights, rights], axis=1)
        begin = level.starts[nodes]
        child_starts = np.stack([begin, begin + sizes[:, 0]], axis=1).ravel()
        gain = expected_depth(level.sizes[nodes])[:, None] - 1.0 - expected_depth(sizes)
        children = _Level(child_starts, sizes.ravel(), *_ways_on(level, nodes))
        # Many splits save a little by chance; one that saves much is the reason, so each split saved counts double.
        features, values = self._terms(children, np.repeat(asked, 2), 2.0 ** np.maximum(gain, 0.0).ravel() - 1.0)
        children.path_features = np.concatenate([children.path_features, features], axis=1)
        children.path_values = np.concatenate([children.path_values, values], axis=1)
        return children

    def _terms(self, children: _Level, asked: Places, gain: Doubles) -> tuple[NDArray[np.int32], Floats]:
        """Return which features shortened the way by the last split, and by how much each.

        A direction gives to its two features by how far the rows of the child lie from those of its sibling in each.
        """
        width = self._matrix.shape[1]
        if self._directions is None:
            return asked.astype(np.int32)[:, None], gain.astype(np.float32)[:, None]
        ways, directed = self._directions, np.flatnonzero(asked >= width)
        features = np.stack([asked, np.full(len(asked), -1)], axis=1)
        values = np.stack([gain, np.zeros(len(gain))], axis=1)
        which = asked[directed] - width
        features[directed] = np.stack([ways.first[which], ways.second[which]], axis=1)
        places, starts = _rows_of(children.starts[directed], children.sizes[directed])
        if len(directed):
            rows, owner = self._order[places], np.repeat(which, children.sizes[directed])
            moved = [
                np.add.reduceat(self._matrix[rows, part[owner]] * weight[owner], starts) / children.sizes[directed]
                for part, weight in ((ways.first, ways.first_weight), (ways.second, ways.second_weight))
            ]
            apart = [np.abs(mean - mean.reshape(-1, 2)[:, ::-1].ravel()) for mean in moved]
            total = apart[0] + apart[1]
            share = np.divide(apart[0], total, out=np.full(len(total), 0.5), where=total > 0)
            values[directed] = np.stack([share, 1.0 - share], axis=1) * gain[directed, None]
        return features.astype(np.int32), values.astype(np.float32)


def _ways_on(level: _Level, nodes: Places) -> tuple[NDArray[np.int32], Floats]:
    return np.repeat(level.path_features[nodes], 2, axis=0), np.repeat(level.path_values[nodes], 2, axis=0)


def _rows_of(starts: Places, sizes: Places) -> tuple[Places, Places]:
    """Return the places of the rows of these nodes, one node after the other, and where each node begins in them."""
    begins = np.cumsum(sizes) - sizes
    return np.arange(int(sizes.sum())) + np.repeat(starts - begins, sizes), begins


def _float32_below(values: Doubles) -> Doubles:
    near = values.astype(np.float32)
    with np.errstate(over="ignore"):
        below = np.nextafter(near, np.float32(-np.inf))
    return np.where(near > values, below, near).astype(np.float64)


def _joined(grown: list[tuple[_Level, _Splits]], count: int, rows: int) -> GrownForest:
    """Put the levels behind each other into one pool of nodes."""
    asked = np.concatenate([splits.asked for _, splits in grown])
    sizes = np.concatenate([level.sizes for level, _ in grown])
    depth = np.repeat(np.arange(len(grown)), [len(level.sizes) for level, _ in grown])
    inner = asked >= 0
    left = np.where(inner, count + 2 * (np.cumsum(inner) - 1), -1)
    shorter = np.rint(expected_depth(np.array([rows]))) - depth - expected_depth(sizes)
    share = 2.0 ** -int(np.ceil(np.log2(count)))
    value = np.where(inner, 0.0, np.rint(shorter / _SPLIT) * _SPLIT * share)
    trees = Trees(
        roots=np.arange(count),
        feature=asked.astype(np.int32),
        threshold=np.concatenate([splits.threshold for _, splits in grown]),
        missing_left=np.zeros(len(asked), np.bool_),
        left=left.astype(np.int32),
        right=np.where(inner, left + 1, -1).astype(np.int32),
        value=value[:, None],
        base=np.zeros(1),
        cover=sizes.astype(np.float64),
    )
    return GrownForest(trees, *_paths(grown, inner))


def _paths(grown: list[tuple[_Level, _Splits]], inner: NDArray[np.bool_]) -> tuple[NDArray[np.int32], Floats]:
    """Return the ways to the leaves, each as long as the longest; inner nodes have none."""
    longest = max(level.path_features.shape[1] for level, _ in grown)
    features = np.full((len(inner), longest), -1, np.int32)
    values = np.zeros((len(inner), longest), np.float32)
    first = 0
    for level, _ in grown:
        nodes, length = level.path_features.shape
        features[first : first + nodes, :length] = level.path_features
        values[first : first + nodes, :length] = level.path_values
        first += nodes
    features[inner], values[inner] = -1, 0.0
    values[features < 0] = 0.0
    return features, values
