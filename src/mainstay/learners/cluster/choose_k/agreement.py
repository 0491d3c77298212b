"""How far two labellings of the same rows agree: the adjusted Rand index, without what scikit-learn takes to load."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Labels = NDArray[np.int64]

__all__ = ["agreement"]


def agreement(one: Labels, other: Labels) -> float:
    """Return the adjusted Rand index of two labellings, 1 for the same groups and 0 on average for unrelated ones.

    References
    ----------
    Hubert, Arabie (1985), "Comparing partitions", doi:10.1007/BF01908075.

    Examples
    --------
    >>> agreement(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0]))
    1.0
    """
    width = int(other.max()) + 1
    both = np.bincount(one * width + other, minlength=(int(one.max()) + 1) * width).reshape(-1, width)
    pairs, rows, columns = (_pairs(counts) for counts in (both, both.sum(axis=1), both.sum(axis=0)))
    chance = rows * columns / max(_pairs(np.array([len(one)])), 1.0)
    span = (rows + columns) / 2 - chance
    return float((pairs - chance) / span) if span > 0 else 1.0


def _pairs(counts: Labels) -> float:
    return float((counts * (counts - 1.0)).sum() / 2)
