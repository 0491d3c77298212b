"""How many groups: what the curve says, within what was asked for, in one verdict and one sentence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mainstay.learners.cluster.choose_k import choose_k
from mainstay.learners.cluster.dequantise import dequantised, without_circles

if TYPE_CHECKING:
    from mainstay.compute.around import Around
    from mainstay.contracts.clusters import Points
    from mainstay.learners.cluster.choose_k import Choice
    from mainstay.learners.cluster.kmeans_path import KMeansPath
    from mainstay.segments.settings import Settings, Wanted

__all__ = ["Chosen", "choose_groups"]

_SAME = 0.7
"""The adjusted Rand index below which the groups of K-means are not the hills that were counted."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A number of groups and the grounds for it.

    Parameters
    ----------
    k : int
        The number to go on with.
    choice : Choice
        What the curve says, whatever was asked for.
    given : bool
        Whether a person set the number.
    remark : str
        What to say where the number is not the one that the curve speaks for.
    """

    k: int
    choice: Choice
    given: bool
    remark: str = ""


def choose_groups(path: KMeansPath, points: Points, settings: Settings, around: Around) -> Chosen:
    """Judge how many groups there are, and keep to what was asked for.

    Parameters
    ----------
    path : KMeansPath
    points : Points
    settings : Settings
    around : Around
    """
    judged = dequantised(without_circles(points), settings.seed)
    choice = choose_k(path, judged, sample_weight=points.weight, seed=settings.seed, deadline=around)
    if settings.method == "kmeans":
        choice = _held_against(choice, path, points)
    wanted = settings.wanted
    k = _within(choice, path, wanted)
    if k == choice.k:
        return Chosen(k, choice, wanted.given is not None)
    if wanted.given is not None:
        return Chosen(k, choice, True, f"{k} groups were asked for; by itself the curve speaks for {choice.k}")
    return Chosen(
        k, choice, False, f"of {settings.k} groups {k} are best; without a range the curve speaks for {choice.k}"
    )


def _held_against(choice: Choice, path: KMeansPath, points: Points) -> Choice:
    """Return the choice with a warning where K-means, which loves round groups, makes others of the rows."""
    if not 1 < choice.k <= len(path):
        return choice
    alike = choice.same_as(path.labels(points.matrix[choice.looked_at], choice.k))
    if alike >= _SAME:
        return choice
    words = (
        f" K-means with {choice.k} groups makes others than these hills (adjusted Rand index {alike:.2f}): they"
        " differ in shape or size; --method gaussian_mixture or --method auto follow them better."
    )
    return replace(choice, verdict="several plausible k", sentence=choice.sentence + words)


def _within(choice: Choice, path: KMeansPath, wanted: Wanted) -> int:
    """Return the number within the range that the evidence likes best."""
    if wanted.given is not None:
        return wanted.given
    if wanted.low is None or wanted.high is None or wanted.low <= choice.k <= wanted.high:
        return choice.k
    range_ = range(wanted.low, min(wanted.high, len(path)) + 1)
    plausible = [k for k in choice.plausible if k in range_]
    if plausible:
        return min(plausible, key=lambda k: abs(k - choice.k))
    silhouettes = np.array([path[k].silhouette for k in range_])
    return range_[int(np.nanargmax(silhouettes))] if np.isfinite(silhouettes).any() else range_[0]
