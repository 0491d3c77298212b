"""Scores of very many rows by a forest, eight rows to a byte: some four times faster than a walk down each tree.

A walk guesses at every split which way the row goes, and a processor guesses wrong at every third; that is most of its
time. Here no row walks. Each split is asked of a whole block of rows at once, its answers are packed into bits, and
which rows reach a node is the answers above it joined by AND. Leaf values are whole numbers of a small unit, so that
they can be added up as bits too, and the sum is the very one of any other way to add: the same bits as the model graph.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.anomaly_bodies import Directions, TreeSum
    from mainstay.contracts.model import Trees

    Bits = NDArray[np.uint64]
    Doubles = NDArray[np.float64]
    Places = NDArray[np.int64]

__all__ = ["packed_scores"]

_BLOCK, _BLOCK_OF_SEVERAL = 1 << 13, 1 << 14
"""Rows worked on at once, by one thread and by several: these take turns at Python, and longer steps need fewer."""

_TREES = 25
"""Trees whose masks are held at once: they fit into the cache nearest to a core."""

_QUESTIONS = 128
_UNIT = 2.0**-20
_EVEN = 8
"""So many units are a split in an isolation forest."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Some trees, laid out for a block of rows.

    No row comes by node 0; then the roots, then level by level all left children of a level and all right ones.
    ``asked`` has for each feature its thresholds and where their answers go; ``levels`` has for each level the nodes
    that split, where their answers begin, and where their children do; ``planes`` has for each bit of a leaf's number
    the nodes that have it, one column per tree, filled up with node 0.
    """

    nodes: int
    first: int
    end: int
    splits: int
    asked: tuple[tuple[int, NDArray[np.floating], Places], ...]
    levels: tuple[tuple[Places, int, int], ...]
    planes: tuple[Places, ...]


def packed_scores(body: TreeSum, matrix: NDArray[np.float32], *, threads: int = 1) -> Doubles:
    """Return the scores of an isolation forest, the same bits as those of ``member_scores``.

    Parameters
    ----------
    body : TreeSum
        With one output, children of a node side by side and nodes in the order of levels (as forests and steps have).
    matrix : float32 array of shape (n, d)
        Finite.
    threads : int, default 1
        How many blocks of rows are worked on at the same time.

    Returns
    -------
    float64 array of shape (n,)

    Raises
    ------
    UsageError
        When the trees have several outputs or another layout, or their values are no whole numbers of a unit.

    Examples
    --------
    >>> from mainstay.contracts.anomaly_scores import member_scores
    >>> from mainstay.learners.anomaly.isolation_forest import fit_isolation_forest
    >>> rows = np.random.default_rng(0).normal(size=(1000, 3)).astype(np.float32)
    >>> body = fit_isolation_forest(rows, seed=0)
    >>> bool((packed_scores(body, rows) == member_scores(body, rows)).all())
    True
    """
    trees = body.trees
    owner = _owners(trees)
    numbers, unit, least = _numbers(trees, owner)
    numbers = _raised(trees, numbers)
    groups = [
        _group(trees, owner, numbers, first, min(first + _TREES, len(trees.roots)), width=matrix.shape[1])
        for first in range(0, len(trees.roots), _TREES)
    ]
    offset = float(least.sum()) * unit

    block = _BLOCK if threads == 1 else _BLOCK_OF_SEVERAL

    def answer(first: int) -> Doubles:
        rows = matrix[first : first + block]
        return _added_up(groups, body, rows) * unit + (offset + float(trees.base[0]))

    starts = range(0, len(matrix), block)
    if threads == 1 or len(starts) < 2:
        parts = [answer(first) for first in starts]
    else:
        with ThreadPoolExecutor(threads) as pool:
            parts = list(pool.map(answer, starts))
    return np.concatenate(parts) if parts else np.empty(0)


def _owners(trees: Trees) -> Places:
    """Return the tree of each node, after a look at whether the layout is the one expected."""
    inner = np.flatnonzero(trees.feature >= 0)
    count = len(trees.roots)
    lefts = count + 2 * np.arange(len(inner))
    alike = np.array_equal(trees.roots, np.arange(count)) and np.array_equal(trees.left[inner], lefts)
    if trees.value.shape[1] != 1 or not alike or not np.array_equal(trees.right[inner], lefts + 1):
        raise UsageError("trees of one output, with nodes in the order of levels, were expected", where="packed trees")
    owner = np.arange(len(trees.feature))
    first, end = 0, count
    while end < len(owner):  # a level later owns what its parents own
        parents = inner[(inner >= first) & (inner < end)]
        owner[end : end + 2 * len(parents)] = np.repeat(owner[parents], 2)
        first, end = end, end + 2 * len(parents)
    return owner


def _numbers(trees: Trees, owner: Places) -> tuple[Places, float, Places]:
    """Return leaf values as whole numbers of a unit above the least of their tree, the unit, and those least in it."""
    exact = trees.value[:, 0] / _UNIT
    whole = np.rint(exact).astype(np.int64)
    if (whole != exact).any():
        raise UsageError("leaf values must be multiples of 2^-20", where="packed trees")
    leaf = trees.feature < 0
    shared = int(np.bitwise_or.reduce(whole[leaf], initial=0))
    step = shared & -shared if shared else 1
    least = np.full(len(trees.roots), np.iinfo(np.int64).max)
    np.minimum.at(least, owner[leaf], whole[leaf] // step)
    least = least // _EVEN * _EVEN  # most leaves are then even numbers of splits, and have few bits
    return np.where(leaf, whole // step - least[owner], 0), step * _UNIT, least


def _raised(trees: Trees, numbers: Places) -> Places:
    """Return numbers of nodes, of which a leaf's number is the OR on the way to it: fewer bits than at the leaves."""
    inner, raised = np.flatnonzero(trees.feature >= 0), numbers.copy()
    levels = [(0, len(trees.roots))]
    while levels[-1][1] > levels[-1][0]:
        first, end = levels[-1]
        levels.append((end, end + 2 * int(np.count_nonzero(trees.feature[first:end] >= 0))))
    for first, end in reversed(levels):
        parents = inner[(inner >= first) & (inner < end)]
        left, right = trees.left[parents], trees.right[parents]
        shared = raised[left] & raised[right]
        raised[parents] = shared
        raised[left] ^= shared
        raised[right] ^= shared
    return raised


def _group(trees: Trees, owner: Places, numbers: Places, first: int, end: int, *, width: int) -> _Group:
    nodes = np.flatnonzero((owner >= first) & (owner < end))
    place, slot = np.zeros(len(owner), np.int64), np.zeros(len(owner), np.int64)
    place[nodes[: end - first]] = np.arange(1, 1 + end - first)
    levels, level, start, splits = [], nodes[: end - first], 1 + end - first, 0
    while len(level := level[trees.feature[level] >= 0]):
        count = len(level)
        slot[level] = np.arange(splits, splits + count)
        levels.append((place[level], splits, start))
        children = np.concatenate([trees.left[level], trees.right[level]])
        place[children] = np.arange(start, start + 2 * count)
        level, start, splits = children, start + 2 * count, splits + count
    planes = []
    for bit in range(int(numbers.max(initial=0)).bit_length()):
        having = nodes[(numbers[nodes] >> bit) & 1 == 1]
        planes.append(_columns(place[having], owner[having] - first, end - first))
    return _Group(start, first, end, splits, _asked(trees, nodes, slot, width), tuple(levels), tuple(planes))


def _asked(
    trees: Trees, nodes: Places, slot: Places, width: int
) -> tuple[tuple[int, NDArray[np.floating], Places], ...]:
    """Return the splits by feature, a few at a time: the feature, the thresholds, and where the answers go."""
    inner = nodes[trees.feature[nodes] >= 0]
    found = []
    for feature in np.unique(trees.feature[inner]):
        having = inner[trees.feature[inner] == feature]
        for at in range(0, len(having), _QUESTIONS):
            some = having[at : at + _QUESTIONS]
            thresholds = trees.threshold[some].astype(np.float32 if feature < width else np.float64)
            found.append((int(feature), thresholds[:, None], slot[some]))
    return tuple(found)


def _columns(having: Places, owners: Places, trees: int) -> Places:
    """Return the nodes of each tree as a column, with 0 below those of fewer nodes."""
    order = np.argsort(owners, kind="stable")
    counts = np.bincount(owners, minlength=trees)
    rank = np.arange(len(having)) - np.repeat(counts.cumsum() - counts, counts)
    table = np.zeros((int(counts.max(initial=0)), trees), np.int64)
    table[rank, owners[order]] = having[order]
    return table


def _added_up(groups: list[_Group], body: TreeSum, rows: NDArray[np.float32]) -> Doubles:
    """Return the sum of the leaves' numbers of each row."""
    count, padded = len(rows), -(-len(rows) // 64) * 64
    columns = np.zeros((rows.shape[1], padded), np.float32)
    columns[:, :count] = rows.T
    sums: NDArray[np.floating] = columns
    if body.directions is not None:
        sums = _sums(body.directions, columns)
    room = _Room(groups, padded)
    for group in groups:
        reached = _reached(group, columns, sums, room)
        for plane, leaves in zip(room.planes, group.planes, strict=True):
            having = reached.take(leaves.ravel(), axis=0, out=room.leaves[: leaves.size], mode="clip")
            side_by_side = having.reshape(len(leaves), leaves.shape[1] * reached.shape[1])
            np.bitwise_or.reduce(side_by_side, axis=0, out=plane[group.first : group.end].reshape(-1))
    numbers = np.zeros(padded)
    for bit, plane in enumerate(_folded(room.planes)):
        numbers += np.unpackbits(plane[0].view(np.uint8), bitorder="little") * 2.0**bit
    return numbers[:count]


def _sums(directions: Directions, columns: NDArray[np.float32]) -> Doubles:
    """Return the sums of two features, the same bits as those of ``Directions.values``, a column at a time."""
    sums = columns[directions.first] * directions.first_weight[:, None]
    sums += columns[directions.second] * directions.second_weight[:, None]
    return sums


class _Room:
    """Memory for one block of rows, taken once: fresh pages for every step would cost as much as the work."""

    def __init__(self, groups: list[_Group], rows: int) -> None:
        words = rows // 64
        widest = max((len(parents) for group in groups for parents, _, _ in group.levels), default=0)
        most = max((leaves.size for group in groups for leaves in group.planes), default=0)
        self.told = np.empty(_QUESTIONS * rows, np.bool_)
        self.answers = np.empty((max(group.splits for group in groups), words), np.uint64)
        self.reached = np.empty((max(group.nodes for group in groups), words), np.uint64)
        self.above = np.empty((widest, words), np.uint64)
        self.leaves = np.empty((most, words), np.uint64)
        self.planes = [np.empty((groups[-1].end, words), np.uint64) for _ in groups[-1].planes]


def _reached(group: _Group, columns: NDArray[np.float32], sums: NDArray[np.floating], room: _Room) -> Bits:
    """Return for each node which rows come by, 64 to a number."""
    rows = columns.shape[1]
    for feature, limits, slots in group.asked:
        values = columns[feature] if feature < len(columns) else sums[feature - len(columns)]
        told = room.told[: len(limits) * rows]
        np.less_equal(values, limits, out=told.reshape(len(limits), rows))
        room.answers[slots] = np.packbits(told, bitorder="little").view(np.uint64).reshape(len(limits), -1)
    words, reached = room.answers, room.reached
    reached[0] = 0
    reached[1 : 1 + group.end - group.first] = ~np.uint64(0)
    for parents, asked, start in group.levels:
        middle, end = start + len(parents), start + 2 * len(parents)
        above = reached.take(parents, axis=0, out=room.above[: len(parents)], mode="clip")
        lefts = np.bitwise_and(above, words[asked : asked + len(parents)], out=reached[start:middle])
        np.bitwise_xor(above, lefts, out=reached[middle:end])
    return reached


def _folded(planes: list[Bits]) -> list[Bits]:
    """Return the sum over trees of numbers in bits, by halves."""
    while planes and len(planes[0]) > 1:
        half = len(planes[0]) // 2
        odd = [plane[2 * half :] for plane in planes]
        planes = _sum([plane[:half] for plane in planes], [plane[half : 2 * half] for plane in planes])
        if len(odd[0]):
            rest = odd + [np.zeros_like(odd[0])] * (len(planes) - len(odd))
            planes = [np.concatenate(pair) for pair in zip(planes, rest, strict=True)]
    return planes


def _sum(one: list[Bits], other: list[Bits]) -> list[Bits]:
    """Return the sum of two numbers in bits, the lowest first; either may be shorter."""
    if not one or not other:
        return one or other
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    found, carry = [longer[0] ^ shorter[0]], longer[0] & shorter[0]
    for bit in range(1, len(longer)):
        differ = longer[bit] ^ shorter[bit] if bit < len(shorter) else longer[bit]
        found.append(differ ^ carry)
        carry = differ & carry
        if bit < len(shorter):
            carry |= longer[bit] & shorter[bit]
    return [*found, carry] if carry.any() else found
