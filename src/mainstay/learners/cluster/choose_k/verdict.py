"""One verdict on how many clusters there are: valleys decide, the other criteria say how sure one may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.learner import NoDeadline
from mainstay.learners.cluster.choose_k.criteria import path_evidence
from mainstay.learners.cluster.choose_k.gap import gap_evidence
from mainstay.learners.cluster.choose_k.growing import grown
from mainstay.learners.cluster.choose_k.look import look_at, sampled
from mainstay.learners.cluster.choose_k.mixture import products_of
from mainstay.learners.cluster.choose_k.records import Choice, Evidence
from mainstay.learners.cluster.choose_k.stability import stability_evidence
from mainstay.learners.cluster.choose_k.valleys import valleys_of
from mainstay.learners.cluster.kmeans_path.workers import working

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.contracts.learner import Deadline
    from mainstay.learners.cluster.choose_k.look import Look
    from mainstay.learners.cluster.choose_k.records import Verdict
    from mainstay.learners.cluster.choose_k.valleys import Valley
    from mainstay.learners.cluster.kmeans_path import KMeansPath

    Doubles = NDArray[np.float64]
    Whole = NDArray[np.int64]

__all__ = ["choose_k"]

_LOOKED_AT, _IN_HASTE = 3_000, 800
_HASTE = 2.0  # seconds left, below which fewer rows are looked at
_RESAMPLED = 1_000
_DEEP, _SHALLOW, _ABYSS = 0.6, 0.45, 0.7
"""The fall of density that separates two clusters; what may be one, and what certainly is."""
_MARGIN, _MOST = 2, 4
"""Of the votes of the six other criteria, the knee left out."""
_FEWEST_ROWS = 12
_FEWEST = 0.004
"""Share of the rows below which a hill is a few outliers."""


def choose_k(
    path: KMeansPath,
    X: NDArray[np.floating],
    *,
    sample_weight: Doubles | None = None,
    seed: int = 0,
    deadline: Deadline | None = None,
) -> Choice:
    """Say how many clusters there are, with the evidence of every criterion.

    Parameters
    ----------
    path : KMeansPath
        Of the same rows; the answer lies between 1 and its length.
    X : array of shape (n, d)
    sample_weight : float64 array of shape (n,), optional
        How many rows each one stands for.
    seed : int, default 0
        Draws the sample, the references and the halves.
    deadline : Deadline, optional
        When it is near, fewer rows are looked at, fewer references and halves drawn, and the sentences say so.

    Returns
    -------
    Choice

    Examples
    --------
    >>> from mainstay.learners.cluster.kmeans_path import kmeans_path
    >>> rows = np.random.default_rng(0).normal(size=(300, 2)) + np.repeat([[0, 0], [9, 0], [0, 9]], 100, axis=0)
    >>> choose_k(kmeans_path(rows, 8), rows).k
    3
    """
    clock = deadline or NoDeadline()
    generator = np.random.default_rng([seed, 5])
    rows = _LOOKED_AT if clock.left() > _HASTE else _IN_HASTE
    kept, weight, looked_at = sampled(X, sample_weight, rows, generator)
    look = look_at(kept, weight)
    valleys, owner = _valleys(path, look, clock)
    few = look.few(_RESAMPLED, generator)
    k_max = len(path)
    gap, error = gap_evidence(few, k_max, generator, clock)
    steady = stability_evidence(few, k_max, generator, clock)
    found = _evidence(valleys, k_max)
    evidence = (found, gap, steady, *path_evidence(path))
    plausible = _plausible(found.k or 1, valleys, k_max)
    k, plausible = _voted(found.k or 1, plausible, evidence[1:-1])
    verdict: Verdict = "no structure" if k == 1 else "one clear k" if plausible == (k,) else "several plausible k"
    sentence = _sentence(k, plausible, evidence) if k > 1 else _nothing(look, found)
    hill, depth = _hills(valleys, owner, k)
    return Choice(
        k,
        verdict,
        plausible,
        sentence,
        evidence,
        evidence[-1].k,
        gap.curve,
        error,
        steady.curve,
        looked_at,
        hill,
        depth,
    )


def _valleys(path: KMeansPath, look: Look, deadline: Deadline) -> tuple[list[Valley], Whole]:
    """Return the valleys and the Gaussian of each row."""
    if len(path) < 2 or not look.rows.shape[1]:
        return [], np.zeros(len(look.rows), np.int64)
    sets = [look.place(fit.centres) for fit in path.fits]
    with working(1):  # products of this size gain nothing from threads, which wait for each other on a busy machine
        mixture = grown(look, products_of(look), sets, deadline)
        return valleys_of(mixture, look), mixture.belonging.argmax(axis=1)


def _hills(valleys: list[Valley], owner: Whole, k: int) -> tuple[Whole, float]:
    """Return the hill of each row when the k - 1 deepest valleys part them, and the least of these depths."""
    order = sorted(valleys, key=lambda valley: (valley.share > _FEWEST, valley.depth), reverse=True)
    onto = np.arange(int(owner.max(initial=0)) + 1)
    for valley in order[k - 1 :]:
        low, high = onto[valley.low], onto[valley.high]
        onto[onto == low] = high
    hill = np.unique(onto[owner], return_inverse=True)[1].astype(np.int64)
    return hill, min((valley.depth for valley in order[: k - 1]), default=0.0)


def _count(valleys: list[Valley], depth: float, k_max: int) -> int:
    return min(k_max, 1 + sum(valley.depth >= depth and valley.share > _FEWEST for valley in valleys))


def _evidence(valleys: list[Valley], k_max: int) -> Evidence:
    depths = sorted((valley.depth for valley in valleys if valley.share > _FEWEST), reverse=True)
    curve = np.full(k_max, np.nan)
    curve[1 : 1 + len(depths)] = depths[: k_max - 1]
    k = _count(valleys, _DEEP, k_max)
    if k == 1:
        words = "The density of the rows has one hill: no valley in it is deep enough to part two clusters."
    else:
        words = (
            f"The density of the rows has {k} hills: between any two of them it falls by {curve[k - 1]:.0%} or more of"
            f" the lower one's height."
        )
    return Evidence("valleys", k, words, curve)


def _plausible(k: int, valleys: list[Valley], k_max: int) -> tuple[int, ...]:
    if k == 1:
        return (1,)
    low, high = max(2, _count(valleys, _ABYSS, k_max)), _count(valleys, _SHALLOW, k_max)
    return tuple(range(low, max(k, high) + 1))


def _voted(k: int, plausible: tuple[int, ...], evidence: tuple[Evidence, ...]) -> tuple[int, tuple[int, ...]]:
    """Return the plausible k that clearly more criteria share than that of the valleys, and what stays plausible.

    Where most criteria share it, a number that none of them names is none any more.
    """
    votes = {one: sum(entry.k == one for entry in evidence) for one in plausible}
    first = max(plausible, key=lambda one: (votes[one], one == k))
    k = first if votes[first] - votes[k] >= _MARGIN else k
    if votes[k] >= _MOST:
        plausible = tuple(one for one in plausible if votes[one] or one == k)
    return k, plausible


def _nothing(look: Look, hills: Evidence) -> str:
    """Return why there are no clusters: one value, too few rows to tell, or one cloud."""
    if not look.rows.shape[1]:
        return "All rows hold the same values: there is nothing to tell apart."
    if len(look.rows) < _FEWEST_ROWS:
        return (
            f"{len(look.rows)} rows are too few to tell whether there are clusters: {_FEWEST_ROWS} or more are needed."
        )
    return "There are no clusters in these rows: what K-means would cut is one cloud. " + hills.sentence


def _sentence(k: int, plausible: tuple[int, ...], evidence: tuple[Evidence, ...]) -> str:
    agreeing = [one.name.replace("_", "-") for one in evidence[1:-1] if one.k == k]
    beside = f" {', '.join(agreeing)} say the same." if agreeing else " No other criterion says the same."
    if len(plausible) == 1:
        return f"There are {k} clusters. {evidence[0].sentence}{beside}"
    others = ", ".join(str(one) for one in plausible if one != k)
    return f"{k} clusters are the most plausible, and {others} possible too. {evidence[0].sentence}{beside}"
