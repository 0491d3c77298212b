"""Samples of rows in which every cluster is seen, so that half a million rows are described as fast as a few thousand.

Big clusters give more rows, small ones all they have; whoever computes from a sample weights its clusters by their
sizes in the whole table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["row_weights", "stratified"]


def stratified(labels: Ints, most: int, seed: int) -> Ints:
    """Return the positions of at most ``most`` rows (and two per cluster), in rising order, every cluster among them.

    Half of the places are dealt out by size and half evenly.

    Examples
    --------
    >>> labels = np.repeat([0, 1], [9_000, 10])
    >>> rows = stratified(labels, 100, seed=0)
    >>> len(rows), int((labels[rows] == 1).sum())
    (84, 10)
    """
    if len(labels) <= most:
        return np.arange(len(labels))
    sizes = np.bincount(labels)
    places = np.maximum((most / 2 * (sizes / sizes.sum() + 1 / (sizes > 0).sum())).astype(np.int64), 2)
    places = np.minimum(places, sizes)
    generator = np.random.default_rng(seed)
    # A random order, then by cluster: the first rows of each cluster are its sample.
    shuffled = generator.permutation(len(labels))
    order = shuffled[np.argsort(labels[shuffled], kind="stable")]
    within = np.arange(len(labels)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.sort(order[within < np.repeat(places, sizes)])


def row_weights(labels: Ints, sizes: Ints) -> Floats:
    """Return how many rows of the table each row of a sample stands for.

    Examples
    --------
    >>> row_weights(np.array([0, 0, 1]), np.array([10, 1])).tolist()
    [5.0, 5.0, 1.0]
    """
    seen = np.bincount(labels, minlength=len(sizes))
    weights: Floats = (sizes / np.maximum(seen, 1))[labels]
    return weights
