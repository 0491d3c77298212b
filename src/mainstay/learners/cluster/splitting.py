"""Groups parted further until there are as many as were asked for, where a method finds fewer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]
    Whole = NDArray[np.int64]

__all__ = ["split_up_to"]


def split_up_to(points: Doubles, labels: Whole, k: int) -> Whole:
    """Return labels 0 to k - 1: the widest group is halved along its longest direction until there are k.

    Parameters
    ----------
    points : float64 array of shape (m, d)
        All different; m is at least k.
    labels : int64 array of shape (m,)
        Of at most k groups.
    k : int

    Examples
    --------
    >>> split_up_to(np.array([[0.0], [1.0], [9.0]]), np.array([0, 0, 0]), 2).tolist()
    [0, 0, 1]
    """
    labels = np.unique(labels, return_inverse=True)[1].astype(np.int64)
    for new in range(int(labels.max()) + 1, k):
        spread = [_spread(points[labels == group]) for group in range(new)]
        rows = np.flatnonzero(labels == int(np.argmax(spread)))
        moved = points[rows] - points[rows].mean(axis=0)
        along = moved @ np.linalg.svd(moved, full_matrices=False)[2][0]
        far = along > 0
        if not far.any() or far.all():  # points so near that their difference is lost
            far = np.arange(len(rows)) == int(along.argmax())
        # which side is new must not hang on the sign of a direction
        far = far if rows[far].mean() > rows[~far].mean() else ~far
        labels[rows[far]] = new
    return labels


def _spread(points: Doubles) -> float:
    """Return the sum of squares around the mean, a little more than nothing where there are several points."""
    if len(points) < 2:
        return -1.0
    return float(((points - points.mean(axis=0)) ** 2).sum())
