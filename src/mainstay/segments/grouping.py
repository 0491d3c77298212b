"""The grouping itself: K-means from the curve, a method by its name, or the one that several methods speak for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mainstay.contracts.clusters import Centres, Clustering, assign
from mainstay.contracts.errors import UsageError
from mainstay.contracts.findings import Finding

if TYPE_CHECKING:
    from mainstay.compute.around import Around
    from mainstay.contracts.clusters import Points
    from mainstay.learners.cluster.auto import MethodChoice
    from mainstay.learners.cluster.kmeans_path import KMeansPath
    from mainstay.segments.choosing import Chosen
    from mainstay.segments.settings import Settings

__all__ = ["Compared", "Found", "Tried", "check_method", "group_points"]


@dataclass(frozen=True, slots=True)
class Tried:
    """One method beside others.

    Parameters
    ----------
    name : str
    k : int or None
        How many groups it found; None where it failed.
    stability : float or None
        The mean adjusted Rand index of its groups on parts of the rows.
    note : str
        Why it failed or was left out.
    """

    name: str
    k: int | None
    stability: float | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """Several methods on the same rows.

    Parameters
    ----------
    tried : tuple of Tried
    names : tuple of str
        The methods of the agreement matrix.
    agreement : tuple of tuple of float
        The adjusted Rand index between each two of them.
    reasons : tuple of str
        Why one was taken.
    """

    tried: tuple[Tried, ...]
    names: tuple[str, ...]
    agreement: tuple[tuple[float, ...], ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """Groups, and the method that found them.

    Parameters
    ----------
    method : str
    clustering : Clustering
    compared : Compared, optional
    findings : tuple of Finding
    """

    method: str
    clustering: Clustering
    compared: Compared | None = None
    findings: tuple[Finding, ...] = ()


def check_method(name: str) -> None:
    """Refuse a method that there is not, before anything is read.

    Raises
    ------
    UsageError
        With the names that there are.
    """
    from mainstay.learners.cluster.catalogue import paths

    if name != "auto" and name not in paths():
        raise UsageError(
            f"there is no method {name!r}", where="method", hint=f"Take auto, or one of: {', '.join(paths())}."
        )


def group_points(points: Points, path: KMeansPath, chosen: Chosen, settings: Settings, around: Around) -> Found:
    """Group the rows by the method that was asked for.

    Parameters
    ----------
    points : Points
    path : KMeansPath
    chosen : Chosen
    settings : Settings
    around : Around

    Raises
    ------
    UsageError
        When the method cannot find so many groups.
    """
    if settings.method == "auto":
        return _compared(points, chosen, settings, around)
    if settings.method == "kmeans" and chosen.k <= len(path):
        return Found("kmeans", _of_path(points, path, chosen.k))
    from mainstay.learners.cluster.catalogue import learner

    method = learner(settings.method)
    k = None if method.finds_k and settings.k == "auto" else chosen.k
    clustering = method.fit(points, k, seed=settings.seed, deadline=around)
    return Found(settings.method, clustering, findings=_noise(clustering, settings.method))


def _of_path(points: Points, path: KMeansPath, k: int) -> Clustering:
    """Return the groups of the curve itself, so that its inertia is theirs."""
    body = Centres.of(path[k].centres)
    return Clustering(body, assign(body, points.matrix))


def _noise(clustering: Clustering, method: str) -> tuple[Finding, ...]:
    """Tell of rows that the method itself called noise: they have a group all the same."""
    if clustering.stray is None or not clustering.stray.any():
        return ()
    count = int(clustering.stray.sum())
    finding = Finding(
        severity="info",
        code="rows.noise",
        message=f"{method} called {count:,} rows noise ({count / len(clustering.stray):.1%}); each is given to the "
        "nearest group",
        advice="Look at fits_none in the written rows: it marks most of them.",
    )
    return (finding,)


def _compared(points: Points, chosen: Chosen, settings: Settings, around: Around) -> Found:
    """Let several methods speak, and take the one that they and its stability speak for."""
    from mainstay.learners.cluster.auto import choose_method

    k = None if settings.k == "auto" else chosen.k
    made = choose_method(
        points, k, seed=settings.seed, deadline=around, compact_k=chosen.choice.k, clear=chosen.choice.clear
    )
    compared = _comparison(made) if len(made.compared) > 1 else None
    return Found(made.name, made.clustering, compared, _noise(made.clustering, made.name))


def _comparison(made: MethodChoice) -> Compared:
    tried = [
        Tried(one.name, one.k, _number(one.stability), f"its groups lose {one.cut:.1%} of near links")
        for one in made.compared
    ]
    tried += [Tried(name, None, None, reason.strip()) for name, _, reason in (_.partition(":") for _ in made.skipped)]
    agreement = tuple(tuple(row) for row in made.agreement.tolist())
    return Compared(tuple(tried), tuple(one.name for one in made.compared), agreement, made.reasons)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
