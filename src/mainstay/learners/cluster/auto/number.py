"""How many groups there are, where two views must be heard: hills of density of any shape, and compact groups.

Hills need no shape, but few rows show small or touching hills poorly; a mixture of compact groups sees those, but
takes one bent group for several. The number of compact groups counts where the hills, cut to that number, are the
same, or where deep valleys part them and a mixture of as many finds itself again. Circles of the time are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.clusters import Points
from mainstay.learners.cluster.auto.candidates import Candidate, stability_of
from mainstay.learners.cluster.catalogue import learner
from mainstay.learners.cluster.density_peaks import peaks_of
from mainstay.learners.cluster.dequantise import dequantised, without_circles
from mainstay.learners.cluster.kmeans_path import kmeans_path
from mainstay.learners.cluster.stand_ins import different_rows

if TYPE_CHECKING:
    from mainstay.contracts.learner import Deadline

__all__ = ["Number", "number_for"]

_ALIKE = 0.75
_STEADY = 0.8
_NEARLY = 0.65
"""The part of what chance explains that a second hill must reach where compact groups alone speak for structure."""
_K_MAX = 60
_ROWS_PER_GROUP = 10


@dataclass(frozen=True, slots=True)
class Number:
    """A number of groups and why.

    Parameters
    ----------
    k : int
    reason : str
        One sentence.
    """

    k: int
    reason: str


def number_for(sample: Points, compact: int | None, *, clear: bool = False, seed: int, deadline: Deadline) -> Number:
    """Return the number of groups of a sample whose rows differ.

    Parameters
    ----------
    sample : Points
    compact : int or None
        How many compact groups there are, where that is known already.
    clear : bool, default False
        Whether that number is the only plausible one, with deep valleys between the groups.
    seed : int
    deadline : Deadline
    """
    sample = _flat(sample)
    rows = sample.matrix.astype(np.float64)
    weight = np.ones(len(rows)) if sample.weight is None else sample.weight
    if len(rows) < 3:
        return Number(1, "there are too few different rows to be grouped")
    if compact is None:
        compact, clear = _compact(sample, seed, deadline)
    if sample.blocks:
        return Number(compact, f"the rows fall into {compact} compact groups" if compact > 1 else _NOTHING)
    peaks = peaks_of(rows, weight)
    hills = peaks.standing_out
    if compact == hills:
        return Number(hills, _NOTHING if hills == 1 else f"compact groups and hills of density are both {hills}")
    if hills == 1 and peaks.prominence.max(initial=0.0) < _NEARLY * peaks.threshold:
        return Number(1, _NOTHING)
    alike = _alike(sample, peaks.labels(compact), compact, seed, deadline) if 1 < compact <= len(rows) // 2 else 0.0
    if compact > hills and alike >= _ALIKE:
        return Number(
            compact,
            f"there are {compact} compact groups, and the {compact} highest hills of density are the same groups "
            f"(adjusted Rand index {alike:.2f})",
        )
    if clear and compact > 1 and _comes_back(sample, compact, seed, deadline):
        return Number(compact, f"there are {compact} compact groups with deep valleys between them")
    if hills == 1:
        return Number(compact, f"{compact} compact groups were found, though no hill of density stands out")
    return Number(hills, f"{hills} hills of density stand out more than chance explains")


_NOTHING = "no hill of density stands out more than chance explains, and no compact groups were found: one group"


def _flat(sample: Points) -> Points:
    """Return the sample without circles; rows that only they told apart become one of their joint weight."""
    flat = without_circles(sample)
    if flat is sample:
        return sample
    rows = different_rows(flat)
    return Points(rows.points.astype(np.float32), sample.names, rows.weight, sample.blocks)


def _compact(sample: Points, seed: int, deadline: Deadline) -> tuple[int, bool]:
    from mainstay.learners.cluster.choose_k import choose_k

    k_max = min(_K_MAX, max(2, sample.rows // _ROWS_PER_GROUP))
    path = kmeans_path(sample.matrix, k_max, sample_weight=sample.weight, seed=seed, deadline=deadline, threads=1)
    choice = choose_k(path, dequantised(sample, seed), sample_weight=sample.weight, seed=seed, deadline=deadline)
    return choice.k, choice.clear


def _comes_back(sample: Points, k: int, seed: int, deadline: Deadline) -> bool:
    """Say whether a mixture of so many Gaussians finds the same groups on other parts of the rows."""
    one = Candidate(
        "gaussian_mixture", learner("gaussian_mixture").fit(sample, k, seed=seed, deadline=deadline), 0.0, 0.0
    )
    return stability_of(one, sample, k, seed=seed, deadline=deadline) >= _STEADY


def _alike(
    sample: Points, hills: np.ndarray[tuple[int], np.dtype[np.int64]], k: int, seed: int, deadline: Deadline
) -> float:
    """Return how alike the hills and a mixture of as many Gaussians are, 1 for the same groups."""
    from sklearn.metrics import adjusted_rand_score

    mixture = learner("gaussian_mixture").fit(sample, k, seed=seed, deadline=deadline)
    return float(adjusted_rand_score(hills, mixture.labels))
