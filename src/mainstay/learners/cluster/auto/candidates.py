"""The methods that are compared, run one after the other on the sample, and how stable each is."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.clusters import assign
from mainstay.contracts.errors import MainstayError
from mainstay.learners.cluster.catalogue import learner
from mainstay.learners.cluster.links import cut_share
from mainstay.learners.cluster.stand_ins import different_rows

if TYPE_CHECKING:
    from mainstay.contracts.clusters import Clustering, Points
    from mainstay.contracts.learner import Deadline
    from mainstay.learners.cluster.links import Links

__all__ = ["METHODS", "MIXED_METHODS", "Candidate", "run_methods", "stability_of"]

METHODS = ("kmeans", "gaussian_mixture", "genie", "density_peaks", "hdbscan", "ward", "spectral")
"""What is tried on numbers, the ones with a rule of their own for new rows first."""

MIXED_METHODS = ("kmeans", "k_prototypes", "ward", "genie")
"""What is tried where some columns are categories: rows that share a category lie on top of each other."""

_PART, _PARTS, _PART_ROWS = 0.8, 2, 1_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A method's groups on the sample.

    Parameters
    ----------
    name : str
    clustering : Clustering
    cut : float
        See :func:`mainstay.learners.cluster.links.cut_share`.
    seconds : float
    """

    name: str
    clustering: Clustering
    cut: float
    seconds: float


def run_methods(
    sample: Points, k: int, links: Links, *, seed: int, deadline: Deadline
) -> tuple[list[Candidate], list[str]]:
    """Return the candidates of k groups, and why others are missing; the first method is always run."""
    found: list[Candidate] = []
    missing: list[str] = []
    for name in MIXED_METHODS if sample.blocks else METHODS:
        if found and deadline.left() < 2 * max(one.seconds for one in found):
            missing.append(f"{name}: no time was left for it")
            continue
        began = time.monotonic()
        try:
            clustering = learner(name).fit(sample, k, seed=seed, deadline=deadline)
        except (MainstayError, ImportError, ValueError, np.linalg.LinAlgError) as error:
            missing.append(f"{name}: {error}")
            continue
        cut = cut_share(links, clustering.labels)
        found.append(Candidate(name, clustering, cut, time.monotonic() - began))
    return found, missing


def stability_of(one: Candidate, sample: Points, k: int, *, seed: int, deadline: Deadline) -> float:
    """Return how alike the groups found on random parts of the sample are, as rows of all of it are assigned by them.

    The mean adjusted Rand index over pairs of parts; NaN where the time does not allow two fits.
    """
    from sklearn.metrics import adjusted_rand_score

    generator = np.random.default_rng([seed, 11])
    size = min(int(_PART * sample.rows), _PART_ROWS)
    labels = []
    for _ in range(_PARTS):
        part = sample.take(np.sort(generator.choice(sample.rows, size, replace=False)))
        if deadline.left() < 2 * one.seconds or len(different_rows(part).points) < k:
            return float("nan")
        try:
            body = learner(one.name).fit(part, k, seed=seed, deadline=deadline).body
        except (MainstayError, ValueError, np.linalg.LinAlgError):
            return float("nan")
        labels.append(assign(body, sample.matrix))
    return float(adjusted_rand_score(labels[0], labels[1]))
