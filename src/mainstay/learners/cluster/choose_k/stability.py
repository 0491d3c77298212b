"""Whether two halves of the rows lead to the same clusters: a k that is too large splits each half in its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.learners.cluster.choose_k.agreement import agreement
from mainstay.learners.cluster.choose_k.records import Evidence
from mainstay.learners.cluster.kmeans_path import quick_path

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.learner import Deadline
    from mainstay.learners.cluster.choose_k.look import Look

    Doubles = NDArray[np.float64]
    Labels = NDArray[np.int64]

__all__ = ["stability_evidence"]

_ROUNDS = 5
_ENOUGH = 0.8
_NEAR = 0.01
"""Of the adjusted Rand index, as Tibshirani and Walther (2005) ask of their prediction strength."""


def stability_evidence(look: Look, k_max: int, generator: np.random.Generator, deadline: Deadline) -> Evidence:
    """Return the k at which clusterings of two halves of the rows agree most, judged on all rows looked at.

    Parameters
    ----------
    look : Look
    k_max : int
    generator : numpy Generator
    deadline : Deadline
        When it is over, no further pair of halves is drawn; the sentence says how many there were.

    References
    ----------
    Ben-Hur, Elisseeff, Guyon (2002), "A stability based method for discovering structure in clustered data";
    Tibshirani, Walther (2005), "Cluster validation by prediction strength", doi:10.1198/106186005X59243.
    """
    if len(look.rows) < 4 or not look.rows.shape[1]:
        return Evidence("stability", None, "There are too few different rows to halve.", np.full(k_max, np.nan))
    drawn: list[Doubles] = []
    while len(drawn) < _ROUNDS and (not drawn or deadline.left() > 0):
        drawn.append(_round(look, k_max, generator))
    curve = np.mean(drawn, axis=0)
    best = float(np.nanmax(curve)) if np.isfinite(curve).any() else 0.0
    steady = np.flatnonzero(curve >= best - _NEAR) if best >= _ENOUGH else np.empty(0, np.int64)
    halves = f"{len(drawn)} pair{'' if len(drawn) == 1 else 's'} of halves"
    if not len(steady):
        words = f"At no k do clusterings of two halves of the rows agree ({halves})."
        return Evidence("stability", None, words, curve)
    k = int(steady[-1]) + 1
    words = (
        f"At k = {k} clusterings of two halves of the rows agree most (adjusted Rand index {curve[k - 1]:.2f},"
        f" {halves})."
    )
    return Evidence("stability", k, words, curve)


def _round(look: Look, k_max: int, generator: np.random.Generator) -> Doubles:
    order = generator.permutation(len(look.rows))
    halves = (order[: len(order) // 2], order[len(order) // 2 :])
    paths = [
        quick_path(look.rows[half], k_max, sample_weight=look.weight[half], seed=int(generator.integers(2**31)))
        for half in halves
    ]
    curve = np.full(k_max, np.nan)
    for k in range(2, min(k_max, *(len(path) for path in paths)) + 1):
        curve[k - 1] = agreement(paths[0].labels(look.rows, k), paths[1].labels(look.rows, k))
    return curve
