"""Functions of single features that are constant between edges, as balanced trees: histograms and tails in one body.

A model graph then needs one operator for them, and the row's way to its bin is a dozen comparisons at most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.anomaly_bodies import TreeSum
from mainstay.contracts.model import Trees
from mainstay.learners.anomaly.isolation_trees import EXACT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]
    Places = NDArray[np.int64]

__all__ = ["edge_below", "float32_edges", "step_trees"]

_LARGEST = float(np.finfo(np.float32).max)


def edge_below(value: float) -> float:
    """Return the largest float32 value below; the least of all is its own.

    Examples
    --------
    >>> least = float(np.finfo(np.float32).min)
    >>> 0.9999 < edge_below(1.0) < 1.0, edge_below(least) == least
    (True, True)
    """
    with np.errstate(over="ignore"):
        below = np.nextafter(np.float32(value), np.float32(-np.inf))
    return max(float(below), -float(_LARGEST))


def float32_edges(edges: Doubles) -> Doubles:
    """Return edges as the float32 values at or below them, so that features in float32 keep their side; all finite.

    Examples
    --------
    >>> bool(float32_edges(np.array([0.1]))[0] <= 0.1), float(float32_edges(np.array([1e300]))[0]) < 4e38
    (True, True)
    """
    bounded = np.clip(edges, -_LARGEST, _LARGEST)
    near = bounded.astype(np.float32)
    with np.errstate(over="ignore"):
        below = np.nextafter(near, np.float32(-np.inf))
    return np.where(near > bounded, below, near).astype(np.float64)


def step_trees(edges: Sequence[Doubles], steps: Sequence[Doubles], *, combined: Literal["sum", "largest"]) -> TreeSum:
    """Return the sum over features of what each says at its value.

    Parameters
    ----------
    edges : sequence of d float64 arrays
        Rising float32 values; a value belongs to the first edge that is not below it, or to what lies above all.
    steps : sequence of d float64 arrays, each of shape (edges + 1, outputs)
        What is said between the edges, 0 or more; rounded to multiples of 2^-20.
    combined : {"sum", "largest"}
        What becomes of several outputs.

    Returns
    -------
    TreeSum
        The term of a feature is the largest of its outputs.

    Examples
    --------
    >>> from mainstay.contracts.anomaly_scores import member_scores
    >>> body = step_trees([np.array([0.0, 1.0])], [np.array([[2.0], [0.5], [3.0]])], combined="sum")
    >>> member_scores(body, np.array([[-1.0], [0.0], [0.5], [1.5]], np.float32)).tolist()
    [2.0, 2.0, 0.5, 3.0]
    """
    bounds, said = np.concatenate([*edges, np.empty(0)]), np.concatenate(steps)
    bins = np.array([len(step) for step in steps])
    first_bin, first_edge = np.cumsum(bins) - bins, np.cumsum(bins - 1) - (bins - 1)
    feature, low, high = np.arange(len(bins)), np.zeros(len(bins), np.int64), bins.copy()
    levels: list[tuple[Places, Places, Places]] = []
    while len(feature):
        levels.append((feature, low, high))
        inner, middle = high - low > 1, (low + high) // 2
        pairs = np.stack([low, middle], axis=1)[inner].ravel(), np.stack([middle, high], axis=1)[inner].ravel()
        feature, low, high = np.repeat(feature[inner], 2), *pairs
    feature, low, high = (np.concatenate(part) for part in zip(*levels, strict=True))
    inner, middle = high - low > 1, (low + high) // 2
    left = np.where(inner, len(bins) + 2 * (np.cumsum(inner) - 1), -1)
    values = np.where(inner[:, None], 0.0, np.rint(said[first_bin[feature] + low] / EXACT) * EXACT)
    asked = first_edge[feature] + middle - 1
    trees = Trees(
        roots=np.arange(len(bins)),
        feature=np.where(inner, feature, -1).astype(np.int32),
        threshold=np.where(inner, bounds[np.where(inner, asked, 0)] if len(bounds) else 0.0, 0.0),
        missing_left=np.zeros(len(feature), np.bool_),
        left=left.astype(np.int32),
        right=np.where(inner, left + 1, -1).astype(np.int32),
        value=values,
        base=np.zeros(values.shape[1]),
    )
    ways = np.where(inner, -1, feature).astype(np.int32)[:, None]
    return TreeSum(trees, None, combined, ways, values.max(axis=1).astype(np.float32)[:, None])
