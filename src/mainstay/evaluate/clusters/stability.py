"""How stable clusters are without any labels: whether other rows of the same kind would give the same groups.

The clustering is run again on resampled rows; clusters that come back are there, clusters that dissolve are not. How
often a cluster comes back is its mean Jaccard index with its best counterpart (Hennig 2007,
doi:10.1016/j.csda.2006.11.025); how alike whole clusterings are is the adjusted Rand index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contracts.errors import UsageError
from mainstay.evaluate.intervals import Score

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mainstay.contracts.learner import Deadline

    Ints = NDArray[np.int64]
    Refit = Callable[[Ints, int], Ints]

__all__ = ["ClusterStability", "Stability", "resampled_labels", "stability"]

_STABLE, _PATTERN = 0.75, 0.6


class ClusterStability(msgspec.Struct, frozen=True):
    """How surely one cluster comes back.

    Parameters
    ----------
    cluster : int
    jaccard : Score
        The mean over the resamplings, 0 to 1, of the best match with a cluster found there.
    words : str
        "stable" from 0.75, "a pattern, not sharply bounded" from 0.6, otherwise "doubtful".
    """

    cluster: int
    jaccard: Score
    words: str


class Stability(msgspec.Struct, frozen=True, kw_only=True):
    """How stable a clustering is under resampling.

    Parameters
    ----------
    agreement : Score
        Mean adjusted Rand index with the clusterings of the resampled rows.
    clusters : tuple of ClusterStability
    each : tuple of float
        The index of each resampling.
    words : str
        The verdict in a sentence.
    """

    agreement: Score
    clusters: tuple[ClusterStability, ...]
    each: tuple[float, ...]
    words: str


def stability(reference: Ints, resamples: Sequence[Ints]) -> Stability:
    """Summarise how far clusterings of resampled rows agree with the one at hand.

    Parameters
    ----------
    reference : int64 array of shape (n,)
        Clusters, from 0.
    resamples : sequence of int64 arrays of shape (n,)
        For each resampling the cluster of each row, -1 for rows that it has nothing to say of. Numbers of clusters
        need not match.

    Raises
    ------
    UsageError
        When there are no resamplings or their lengths differ.

    Examples
    --------
    >>> reference = np.array([0, 0, 1, 1])
    >>> found = stability(reference, [np.array([1, 1, 0, 0]), np.array([1, -1, 0, 0])])
    >>> found.agreement.value, found.clusters[0].words
    (1.0, 'stable')
    """
    if not len(resamples) or any(len(labels) != len(reference) for labels in resamples):
        raise UsageError(
            "stability needs clusterings of resampled rows, each as long as the one at hand",
            where="resamples",
            hint="Give one label for each row, -1 where there is none.",
        )
    clusters = int(reference.max()) + 1
    each, overlaps = [], np.full((len(resamples), clusters), np.nan)
    for place, labels in enumerate(resamples):
        table, whole = _table(reference, np.asarray(labels, np.int64), clusters)
        each.append(_adjusted_rand(table))
        union = whole[:, None] + table.sum(axis=0) - table
        overlaps[place, whole > 0] = (table / np.maximum(union, 1)).max(axis=1)[whole > 0]
    agreement = _mean(np.array(each), low=-1.0)
    parts = tuple(_of_cluster(cluster, overlaps[:, cluster]) for cluster in range(clusters))
    return Stability(agreement=agreement, clusters=parts, each=tuple(each), words=_words(parts))


def resampled_labels(
    refit: Refit, rows: int, *, draws: int = 20, seed: int, deadline: Deadline | None = None
) -> list[Ints]:
    """Return the clusterings of halves of the rows, for :func:`stability`.

    Parameters
    ----------
    refit : callable (rows, seed) -> int64 array of shape (n,)
        Clusters the rows at the given positions and answers for all n rows.
    rows : int
        n.
    draws : int, default 20
    seed : int
    deadline : Deadline, optional
        Asked between draws; at least two are made.

    Examples
    --------
    >>> values = np.array([0.0, 0.1, 0.2, 9.0, 9.1, 9.2])
    >>> found = resampled_labels(lambda some, seed: (values > values[some].mean()).astype(np.int64), 6, draws=3, seed=0)
    >>> len(found), found[0].shape
    (3, (6,))
    """
    generator = np.random.default_rng(seed)
    found: list[Ints] = []
    for draw in range(draws):
        if draw >= 2 and deadline is not None and deadline.left() <= 0:
            break
        some = np.sort(generator.choice(rows, size=max(rows // 2, min(rows, 2)), replace=False))
        found.append(np.asarray(refit(some, seed + draw), np.int64))
    return found


def _table(reference: Ints, labels: Ints, clusters: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the counts of clusters by clusters over the rows that both speak of, and the sizes of the first."""
    known = (labels >= 0) & (reference >= 0)
    first, second = reference[known], labels[known]
    width = int(second.max(initial=0)) + 1
    table = np.bincount(first * width + second, minlength=clusters * width).reshape(clusters, width)
    return table.astype(np.float64), table.sum(axis=1).astype(np.float64)


def _adjusted_rand(table: NDArray[np.float64]) -> float:
    together, first, second, every = (
        float((counts * (counts - 1) / 2).sum())
        for counts in (table, table.sum(axis=1), table.sum(axis=0), np.array([table.sum()]))
    )
    chance = first * second / every if every > 0 else 0.0
    room = (first + second) / 2 - chance
    return (together - chance) / room if abs(room) > 1e-12 else 1.0


def _mean(values: NDArray[np.float64], low: float = 0.0) -> Score:
    """Return the mean with Student's interval over the resamplings."""
    from scipy.special import stdtrit

    known = values[np.isfinite(values)]
    if not len(known):
        return Score(None)
    value = float(known.mean())
    if len(known) < 2:
        return Score(value)
    reach = float(stdtrit(len(known) - 1, 0.975) * known.std(ddof=1) / np.sqrt(len(known)))
    return Score(value, max(value - reach, low), min(value + reach, 1.0))


def _of_cluster(cluster: int, overlaps: NDArray[np.float64]) -> ClusterStability:
    score = _mean(overlaps)
    value = score.value or 0.0
    words = "stable" if value >= _STABLE else "a pattern, not sharply bounded" if value >= _PATTERN else "doubtful"
    return ClusterStability(cluster, score, words)


def _words(parts: Sequence[ClusterStability]) -> str:
    doubtful = [str(part.cluster) for part in parts if part.words == "doubtful"]
    stable = sum(part.words == "stable" for part in parts)
    told = f"{stable} of {len(parts)} clusters come back when the rows are resampled"
    return f"{told}; doubtful: {', '.join(doubtful)}." if doubtful else f"{told}."
