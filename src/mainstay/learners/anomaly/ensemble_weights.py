"""How much each member of the default detector counts: what benchmarks say of the case, and whether members agree.

The tables of 57 data sets (Livernoche et al. 2023, arXiv 2305.18593) say that no member is safe alone. With anomalies
among the reference rows the members that see the bulk from afar are best; with clean rows the nearest neighbours are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.learners.anomaly.levels import levels_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.contracts.anomalies import Reference

    Doubles = NDArray[np.float64]

__all__ = ["agreement", "trust", "usual_weights"]

_CONTAMINATED = {
    "isolation_forest": 1.5,
    "robust_mahalanobis": 1.5,
    "kmeans_distance": 1.0,
    "histogram": 1.0,
    "nearest": 1.0,
    "knn": 1.0,
}
_CLEAN = {"knn": 2.0, "nearest": 2.0, "isolation_forest": 0.5, "robust_mahalanobis": 0.5, "histogram": 0.5}
_LEAST = 0.05
"""A member is trusted so much at least: alone against all it may be the only one that sees."""


def usual_weights(reference: Reference) -> Mapping[str, float]:
    """Return the members of the default detector, each with its weight before they were heard.

    Parameters
    ----------
    reference : {"contaminated", "clean"}
    """
    return _CLEAN if reference == "clean" else _CONTAMINATED


def agreement(raw: Doubles) -> Doubles:
    """Return the rank correlation of each two members, float64 of shape (members, members).

    A member that finds all rows alike agrees with none.

    Examples
    --------
    >>> agreement(np.array([[1.0, 1.0, 3.0], [2.0, 8.0, 2.0], [3.0, 9.0, 1.0]])).round(1).tolist()
    [[1.0, 1.0, -1.0], [1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]]
    """
    ranks = np.stack([-(10.0 ** -levels_of(column)) for column in raw.T])
    ranks -= ranks.mean(axis=1, keepdims=True)
    length = np.sqrt((ranks**2).sum(axis=1))
    units = ranks / np.where(length > 0, length, 1.0)[:, None]
    found = np.asarray(units @ units.T, np.float64)
    np.fill_diagonal(found, 1.0)
    return found


def trust(agreed: Doubles) -> Doubles:
    """Return how far each member is trusted, 0.05 to 1: less where its ranks are unlike those of the others.

    The square of its mean rank correlation with the others, over that of the member that agrees best. Members that
    agree are kept in the manner of SELECT (Rayana and Akoglu 2016, doi:10.1145/2890508).

    Parameters
    ----------
    agreed : float64 array of shape (members, members)
        As :func:`agreement` returns it.

    Examples
    --------
    >>> trust(np.array([[1.0, 0.6, 0.1], [0.6, 1.0, -0.1], [0.1, -0.1, 1.0]])).round(2).tolist()
    [1.0, 0.51, 0.05]
    """
    count = len(agreed)
    if count < 3:  # of two who disagree nobody knows which is wrong
        return np.ones(count)
    mean = (agreed.sum(axis=1) - 1) / (count - 1)
    best = float(mean.max())
    if best <= 0:
        return np.ones(count)
    return np.asarray(np.clip(np.maximum(mean, 0.0) / best, _LEAST**0.5, 1.0) ** 2, np.float64)
