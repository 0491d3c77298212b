"""One clustering run, from a table to groups that are not yet written: prepare, walk the curve, choose k, group.

The order is the promise: how many groups there are is judged on the curve before any method is asked to find them, and
a method that sees no groups says so. Every loop asks the clock; after an interruption each ends with its best so far.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.clusters import assign
from mainstay.contracts.errors import UsageError
from mainstay.contracts.findings import Finding
from mainstay.learners.cluster.kmeans_path import kmeans_path
from mainstay.prepare.clusters import fit_for_clusters, points_of
from mainstay.segments.choosing import Chosen, choose_groups
from mainstay.segments.grouping import group_points
from mainstay.segments.intake import schema_for_groups, take_in
from mainstay.segments.numbering import by_falling_size

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.compute.around import Around
    from mainstay.contracts.clusters import ClusterBody, Clustering, Points
    from mainstay.contracts.schema import Schema
    from mainstay.data.table import Table
    from mainstay.learners.cluster.kmeans_path import KMeansPath
    from mainstay.prepare.clusters import ClusterRecipe
    from mainstay.segments.grouping import Compared
    from mainstay.segments.intake import Intake
    from mainstay.segments.settings import Settings

__all__ = ["MOST_WALKED", "Grouped", "for_the_walk", "group_rows", "longest_walk"]

MOST_WALKED = 100
"""Up to so many groups the curve is walked for a number that was given; beyond, only that number is fitted."""

_LEAST, _MOST = 10, 64
_LEAST_WALKED, _PER_GROUP = 4_000, 100  # rows of a curve, where time is short
_WALKED_A_SECOND = 5e7  # rows by columns by groups in a second: measured at 1e8 on two busy cores, and half for polish
_TO_JUDGE, _TO_JUDGE_IN_HASTE = 3.0, 1.0
"""Seconds that the judgement of k has in any case: with less it sees no groups where there are some."""


@dataclass(frozen=True, slots=True)
class Grouped:
    """Groups that were found, and on what grounds.

    Parameters
    ----------
    intake : Intake
    recipe : ClusterRecipe
    points : Points
    path : KMeansPath
    chosen : Chosen
        How many groups the curve speaks for.
    method : str
        The learner that found the groups.
    compared : Compared, optional
        Where several methods were compared.
    clustering : Clustering
    body : Centres or Mixture
        Numbered by falling size.
    labels : int64 array of shape (m,)
        What the body says of the rows that were grouped.
    findings : tuple of Finding
    """

    intake: Intake
    recipe: ClusterRecipe
    points: Points
    path: KMeansPath
    chosen: Chosen
    method: str
    compared: Compared | None
    clustering: Clustering
    body: ClusterBody
    labels: NDArray[np.int64]
    findings: tuple[Finding, ...]


def group_rows(table: Table, settings: Settings, around: Around, *, schema: Schema | None = None) -> Grouped:
    """Find the groups of a table's rows.

    Parameters
    ----------
    table : Table
    settings : Settings
    around : Around
    schema : Schema, optional
        The user's own; inferred where None.

    Raises
    ------
    MainstayError
        A sentence for everything that can go wrong: see the errors of each step.
    """
    known, findings = schema_for_groups(table, settings, schema)
    intake = take_in(table, known, settings)
    around.begin("prepare")
    recipe = fit_for_clusters(intake.arrays, seed=settings.seed, scale=settings.scale, weights=settings.weights or None)  # type: ignore[arg-type]
    points = points_of(recipe, intake.arrays, weight=intake.weight)
    ahead = around.before(_for_the_end(points, settings.time_budget))
    longest = longest_walk(settings, points.rows)
    walked = for_the_walk(points, longest, settings.seed, 0.5 * ahead.left())
    around.begin("curve")
    path = kmeans_path(
        walked.matrix, longest, sample_weight=walked.weight, seed=settings.seed, deadline=ahead.part(0.5)
    )
    _check_wanted(settings, path, table)
    around.begin("choose")
    chosen = choose_groups(path, walked, settings, ahead.part(0.5).at_least(_to_judge(settings.time_budget)))
    around.begin("group")
    found = group_points(points, path, chosen, settings, ahead)
    body = by_falling_size(found.clustering.body, found.clustering.labels)
    return Grouped(
        intake, recipe, points, path, chosen, found.method, found.compared, found.clustering, body,
        assign(body, points.matrix),
        (*table.notes, *findings, *intake.findings, *found.findings, *_cut_short(path, points)),
    )  # fmt: skip


def _for_the_end(points: Points, budget: float) -> float:
    """Return the seconds kept for all that comes after the groups, as measured; six tenths of the budget at most."""
    return min(0.6 * budget, 8.0 + 1e-6 * points.matrix.size) if budget != float("inf") else 0.0


def _to_judge(budget: float) -> float:
    return min(_TO_JUDGE, max(_TO_JUDGE_IN_HASTE, 0.2 * budget))


def longest_walk(settings: Settings, rows: int) -> int:
    """Return to how many groups the curve is walked: as far as asked, else to the root of the rows, 10 to 64.

    Examples
    --------
    >>> from mainstay.segments.settings import Settings
    >>> [longest_walk(Settings(), rows) for rows in (5, 200, 7500)], longest_walk(Settings(k="2..30"), 200)
    ([10, 14, 64], 30)
    """
    usual = min(_MOST, max(_LEAST, math.isqrt(rows)))
    wanted = settings.wanted
    if wanted.high is None:
        return usual
    if wanted.given is not None:
        return max(usual, wanted.given) if wanted.given <= MOST_WALKED else usual
    return wanted.high


def for_the_walk(points: Points, longest: int, seed: int, seconds: float) -> Points:
    """Return the rows that the curve is walked on: all, or as many drawn ones as the time is likely to suffice for.

    Examples
    --------
    >>> from mainstay.contracts.clusters import Points
    >>> points = Points(np.zeros((200_000, 20), np.float32), tuple(f"x{i}" for i in range(20)))
    >>> for_the_walk(points, 64, 0, 60.0).rows, for_the_walk(points, 64, 0, 0.0).rows
    (200000, 6400)
    """
    per_row = longest * max(1, points.matrix.shape[1])
    enough = max(_LEAST_WALKED, _PER_GROUP * longest, int(min(seconds, 1e6) * _WALKED_A_SECOND / per_row))
    if points.rows <= enough:
        return points
    return points.take(np.sort(np.random.default_rng([seed, 17]).choice(points.rows, enough, replace=False)))


def _cut_short(path: KMeansPath, points: Points) -> tuple[Finding, ...]:
    """Say what was done with fewer rows, or less thoroughly, than without a budget."""
    if path.finished and path.rows == points.rows:
        return ()
    if path.rows < points.rows:
        message = (
            f"the time did not suffice for the curve of all rows: it is that of {path.rows:,} of {points.rows:,}, "
            "drawn by chance; every row has its group"
        )
    else:
        message = "the time did not suffice to polish the curve: each number of groups could be divided a little better"
    finding = Finding(
        severity="warning",
        code="time",
        message=message,
        advice="Give a larger time budget, or a smaller range of k.",
    )
    return (finding,)


def _check_wanted(settings: Settings, path: KMeansPath, table: Table) -> None:
    """Refuse more groups than there are different rows: the path ends where rows do."""
    low = settings.wanted.low
    different = len(path)
    if low is not None and low > different and (low <= MOST_WALKED or different < longest_walk(settings, path.rows)):
        rows = f"{path.rows:,} rows, " if path.rows != different else ""
        raise UsageError(
            f"{settings.k} groups are asked for, and the columns hold {rows}{different:,} of them different",
            where=table.source, hint=f"Ask for at most {different:,}, or leave k to be found.",
        )  # fmt: skip
