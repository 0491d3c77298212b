"""The gap statistic: how much tighter the rows gather than uniform ones do; the common criterion that can answer 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.learners.cluster.choose_k.records import Evidence
from mainstay.learners.cluster.kmeans_path import quick_path

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.learner import Deadline
    from mainstay.learners.cluster.choose_k.look import Look

    Doubles = NDArray[np.float64]

__all__ = ["gap_evidence"]

_REFERENCES = 10


def gap_evidence(
    look: Look, k_max: int, generator: np.random.Generator, deadline: Deadline
) -> tuple[Evidence, Doubles]:
    """Return what the gap says, and its standard errors at k = 1, 2, ...

    References are uniform in the box along the principal axes. The smallest k is taken whose gap is at least that of
    k + 1 less one standard error.

    Parameters
    ----------
    look : Look
    k_max : int
    generator : numpy Generator
    deadline : Deadline
        When it is over, no further reference is drawn; the sentence says how many there were.

    References
    ----------
    Tibshirani, Walther, Hastie (2001), "Estimating the number of clusters in a data set via the gap statistic",
    doi:10.1111/1467-9868.00293.
    """
    drawn = [_heights(look.rows, look.weight, k_max, generator)] if look.rows.shape[1] else []
    low, high = look.rows.min(axis=0), look.rows.max(axis=0)
    while drawn and len(drawn) <= _REFERENCES and (len(drawn) < 3 or deadline.left() > 0):
        drawn.append(_heights(generator.uniform(low, high, look.rows.shape), look.weight, k_max, generator))
    gap, error = np.full((2, k_max), np.nan)
    known = min((len(curve) for curve in drawn), default=0)
    if known < 2:
        return Evidence(
            "gap", None, "The gap statistic needs at least two different rows and two clusters.", gap
        ), error
    references = np.array([curve[:known] for curve in drawn[1:]])
    gap[:known] = references.mean(axis=0) - drawn[0][:known]
    error[:known] = references.std(axis=0) * np.sqrt(1.0 + 1.0 / len(references))
    k = _one_error(gap[:known], error[:known])
    sentence = (
        f"The gap to uniform rows ({len(references)} references) is {gap[k - 1]:.3f} at k = {k}, the smallest k that"
        f" the next does not beat by a standard error."
    )
    return Evidence("gap", k, sentence, gap), error


def _one_error(gap: Doubles, error: Doubles) -> int:
    enough = np.flatnonzero(gap[:-1] >= gap[1:] - error[1:])
    return int(enough[0] if len(enough) else gap.argmax()) + 1


def _heights(rows: Doubles, weight: Doubles, k_max: int, generator: np.random.Generator) -> Doubles:
    path = quick_path(rows, k_max, sample_weight=weight, seed=int(generator.integers(2**31)))
    heights: Doubles = np.log(np.maximum(path.inertia, 1e-12 * max(float(path.inertia[0]), 1e-300)))
    return heights
