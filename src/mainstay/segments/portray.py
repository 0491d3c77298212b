"""What is found out about finished groups: who they are, how surely they come back, how far they meet known ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainstay.contracts.clusters import Centres, assign
from mainstay.contracts.errors import UsageError
from mainstay.evaluate.clusters.agreement import Agreement, agreement
from mainstay.evaluate.clusters.describe import describe_clusters
from mainstay.evaluate.clusters.report_data import Merge
from mainstay.evaluate.clusters.stability import Stability, resampled_labels, stability
from mainstay.learners.cluster.kmeans_path import quick_path

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.bundle.clusters import ClusterAnswers
    from mainstay.compute.around import Around
    from mainstay.contracts.clusters import ClusterBody, Points
    from mainstay.data.table import Table
    from mainstay.evaluate.clusters.records import ClusterPortraits, Portrait
    from mainstay.segments.intake import Known
    from mainstay.segments.run import Grouped
    from mainstay.segments.settings import Settings

    Labels = NDArray[np.int64]

__all__ = ["Portrayed", "compare_with_known", "portray"]

_DRAWS = 12
_ROWS_OF_PATH, _ROWS = 8_000, 2_000


@dataclass(frozen=True, slots=True)
class Portrayed:
    """What is known about finished groups.

    Parameters
    ----------
    portraits : ClusterPortraits
    stability : Stability, optional
        None for one group, or where time or rows are too few.
    agreement : Agreement, optional
        With known groups.
    merges : tuple of Merge, default ()
        Ward's hierarchy, where Ward made the groups.
    """

    portraits: ClusterPortraits
    stability: Stability | None
    agreement: Agreement | None
    merges: tuple[Merge, ...] = ()


def portray(grouped: Grouped, answers: ClusterAnswers, table: Table, settings: Settings, around: Around) -> Portrayed:
    """Describe the groups as the bundle answers them.

    Parameters
    ----------
    grouped : Grouped
    answers : ClusterAnswers
        For the rows that were grouped.
    table : Table
    settings : Settings
    around : Around
    """
    intake = grouped.intake
    portraits = describe_clusters(
        table.frame[intake.rows], intake.schema, answers.cluster, grouped.points, seed=settings.seed
    )
    portraits = msgspec.structs.replace(portraits, portraits=_with_nearest(portraits, answers, intake.rows))
    known = None
    if intake.known is not None:
        known = compare_with_known(answers.cluster, intake.known, intake.rows, settings.seed)
    steady = _stability(grouped, answers.cluster, settings, around.part(0.5))
    return Portrayed(portraits, steady, known, _hierarchy(grouped, settings, around))


def _hierarchy(grouped: Grouped, settings: Settings, around: Around) -> tuple[Merge, ...]:
    """Return Ward's tree for the dendrogram; other methods have none, and without time it is left out."""
    if grouped.method != "ward" or grouped.points.rows < 2 or around.left() <= 0:
        return ()
    from mainstay.learners.cluster.ward import dendrogram

    tree = dendrogram(grouped.points, seed=settings.seed, deadline=around)
    steps = zip(tree.merges.tolist(), tree.heights.tolist(), tree.sizes.tolist(), strict=True)
    return tuple(Merge(first, second, height, rows) for (first, second), height, rows in steps)


def _with_nearest(portraits: ClusterPortraits, answers: ClusterAnswers, rows: Labels) -> tuple[Portrait, ...]:
    """Add the group that is second choice for most rows, and the place of the typical row in the whole table."""
    made = []
    for one in portraits.portraits:
        second = answers.second[answers.cluster == one.cluster]
        nearest = int(np.bincount(second).argmax()) if len(second) and second.min() >= 0 else None
        made.append(msgspec.structs.replace(one, nearest=nearest, typical_row=int(rows[one.typical_row])))
    return tuple(made)


def compare_with_known(labels: Labels, known: Known, rows: Labels, seed: int) -> Agreement | None:
    """Return how far groups agree with known ones; None where no row has one.

    Parameters
    ----------
    labels : int64 array of shape (m,)
    known : Known
        Of all rows of the table.
    rows : int64 array of shape (m,)
        The positions of the labelled rows in the table.
    seed : int
    """
    codes = known.codes[rows]
    if not (codes >= 0).any():
        return None
    return agreement(labels, [known.names[code] if code >= 0 else None for code in codes], seed=seed)


def _stability(grouped: Grouped, labels: Labels, settings: Settings, around: Around) -> Stability | None:
    """Group halves of the rows anew, in the same way and into as many groups, and see what comes back."""
    clusters = grouped.body.clusters
    if clusters < 2 or grouped.points.rows < 2 * clusters or around.left() <= 0:
        return None
    most = _ROWS_OF_PATH if grouped.method == "kmeans" else _ROWS
    rows = np.arange(grouped.points.rows)
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(settings.seed).choice(rows, most, replace=False))
    points = grouped.points.take(rows)

    def again(some: Labels, seed: int) -> Labels:
        body = _grouped_again(grouped.method, points.take(some), clusters, seed=seed, around=around)
        return np.full(points.rows, -1) if body is None else assign(body, points.matrix)

    found = resampled_labels(again, points.rows, draws=_DRAWS, seed=settings.seed, deadline=around)
    found = [one for one in found if (one >= 0).any()]
    return stability(labels[rows], found) if len(found) > 1 else None


def _grouped_again(method: str, points: Points, clusters: int, *, seed: int, around: Around) -> ClusterBody | None:
    """Return the groups of some rows; None where they hold too few different ones."""
    if method == "kmeans":
        path = quick_path(points.matrix, clusters, sample_weight=points.weight, seed=seed)
        return Centres.of(path[clusters].centres) if len(path) >= clusters else None
    from mainstay.learners.cluster.catalogue import learner

    try:
        return learner(method).fit(points, clusters, seed=seed, deadline=around).body
    except UsageError:
        return None
