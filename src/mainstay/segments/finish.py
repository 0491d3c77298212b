"""From groups to a bundle that has been proved and described: the labels that anyone sees are the bundle's own answers.

The graph is written first. The code that serves a bundle answers all rows with it; these answers are the labels, pass
the gate, set the limits of "fits none", and are what profiles, rules and the report are made from (law 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from mainstay.bundle.clusters import ClusterPredictor
from mainstay.bundle.kept_rows import background, golden_rows
from mainstay.bundle.pack import seal
from mainstay.bundle.records import BundleContent, ClusterOutputs
from mainstay.bundle.replay import record_golden
from mainstay.evaluate.clusters.limits import calibrate_limits
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.write_clusters import write_clusters
from mainstay.segments.figures import figures_of, plain
from mainstay.segments.gate import check_groups
from mainstay.segments.golden import reference
from mainstay.segments.portray import portray
from mainstay.segments.tell import report_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.bundle.clusters import ClusterAnswers
    from mainstay.bundle.open import Bundle
    from mainstay.compute.around import Around
    from mainstay.data.table import Table
    from mainstay.evaluate.clusters.report_data import ClusterReport
    from mainstay.segments.run import Grouped
    from mainstay.segments.settings import Settings

__all__ = ["Finished", "finish"]

_CALIBRATED = 50_000
_FOR_PICTURES = 9.0  # seconds; measured: the first picture starts a drawing engine, and the packing comes after it


@dataclass(frozen=True, slots=True)
class Finished:
    """A bundle, and what it says of the rows it was made from.

    Parameters
    ----------
    bundle : Bundle
        As it opens: read back from its bytes, audited, its golden rows replayed.
    labels : int64 array of shape (n,)
        The group of each row of the table; -1 where it is in none.
    figures : dict
        What ``--json`` shows, without what only the caller knows.
    """

    bundle: Bundle
    labels: NDArray[np.int64]
    figures: dict[str, Any]


def finish(grouped: Grouped, table: Table, settings: Settings, around: Around) -> Finished:
    """Write, prove, describe and pack.

    Parameters
    ----------
    grouped : Grouped
    table : Table
    settings : Settings
    around : Around

    Raises
    ------
    ParityError
        When the graph does not answer as the groups were found.
    """
    model = _graph(grouped)
    outputs = ClusterOutputs(names=tuple(f"group {i}" for i in range(grouped.body.clusters)), measure=_measure(grouped))
    predictor = ClusterPredictor(grouped.intake.schema, outputs, model, threads=2)
    answers = predictor.predict_arrays(grouped.intake.arrays)
    parity = check_groups(grouped.body, grouped.points.matrix, answers, where=grouped.method)
    around.begin("describe")
    portrayed = portray(grouped, answers, table, settings, around)
    outputs = msgspec.structs.replace(
        outputs, names=portrayed.portraits.names, limits=_limits(grouped, answers, settings), level=settings.outliers,
        rows=tuple(np.bincount(answers.cluster, minlength=outputs.clusters).tolist()),
    )  # fmt: skip
    predictor = ClusterPredictor(grouped.intake.schema, outputs, model, threads=2)
    around.begin("report")
    report = report_of(grouped, portrayed, parity, table, settings=settings, around=around)
    content = _content(grouped, predictor, report, table, settings=settings, drawn=around.left() > _FOR_PICTURES)
    around.begin("pack")
    bundle = seal(content)
    labels = _labels(predictor, answers, grouped, table)
    return Finished(bundle, labels, figures_of(grouped, portrayed, report, labels))


def _graph(grouped: Grouped) -> bytes:
    builder = GraphBuilder.over(grouped.intake.arrays)
    features = grouped.recipe.write(builder)
    distances = write_clusters(builder, grouped.body, features, len(grouped.recipe.names))
    return builder.build({"distances": distances})


def _measure(grouped: Grouped) -> Any:
    return grouped.body.measure


def _limits(grouped: Grouped, answers: ClusterAnswers, settings: Settings) -> tuple[float, ...]:
    """Return how far is too far, from the rows that the method did not call noise; of many, from some."""
    stray = grouped.clustering.stray
    rows = np.arange(grouped.points.rows) if stray is None or stray.all() else np.flatnonzero(~stray)
    if len(rows) > _CALIBRATED:
        rows = np.sort(np.random.default_rng(settings.seed).choice(rows, _CALIBRATED, replace=False))
    limits = calibrate_limits(
        grouped.body, grouped.points.matrix[rows], answers.cluster[rows], level=settings.outliers,
        weight=None if grouped.points.weight is None else grouped.points.weight[rows],
    )  # fmt: skip
    return tuple(limits.tolist())


def _labels(predictor: ClusterPredictor, answers: ClusterAnswers, grouped: Grouped, table: Table) -> NDArray[np.int64]:
    """Return the bundle's answer for every row of the table, those that were not grouped too; -1 where it has none."""
    labels = np.full(table.rows, -1, np.int64)
    labels[grouped.intake.rows] = answers.cluster
    others = np.delete(np.arange(table.rows), grouped.intake.rows)
    if len(others):
        labels[others] = predictor.predict_frame(table.frame[others]).cluster
    return labels


def _content(
    grouped: Grouped,
    predictor: ClusterPredictor,
    report: ClusterReport,
    table: Table,
    *,
    settings: Settings,
    drawn: bool,
) -> BundleContent[ClusterOutputs]:
    from mainstay.evaluate.clusters.card import cluster_card
    from mainstay.evaluate.clusters.report import cluster_report

    schema, seed = grouped.intake.schema, settings.seed
    frame = table.frame[grouped.intake.rows]
    answers = predictor.predict_arrays(grouped.intake.arrays)
    plain = msgspec.to_builtins(report)
    return BundleContent(
        schema=schema, model=predictor.model, outputs=predictor.outputs, recipe=_recipe(grouped, table, settings),
        evaluation={**plain, "scores": _scores(report), "model_digest": predictor.model_digest},
        golden=record_golden(predictor, golden_rows(schema, frame, answers.cluster, seed)),
        reference=reference(grouped.intake.arrays, answers, predictor.outputs.names)
        | {"background": background(schema, frame, seed)},
        report=cluster_report(report, drawn=drawn), card=cluster_card(report),
    )  # fmt: skip


def _scores(report: ClusterReport) -> dict[str, Any]:
    """Return what ``inspect`` shows as metrics."""
    found: dict[str, Any] = {}
    if report.portraits.silhouettes is not None:
        found["silhouette_score"] = report.portraits.silhouettes.mean.to_dict()
    if report.stability is not None:
        found["stability"] = report.stability.agreement.to_dict()
    return found


def _recipe(grouped: Grouped, table: Table, settings: Settings) -> dict[str, Any]:
    """Return all that it takes to run it again; TOML knows no null, so what is not set is left out."""
    told, columns = (plain(one) for one in (settings, grouped.recipe.notes))
    return {
        "data": {"source": table.source, "digest": table.digest, "rows": table.rows},
        "settings": {name: value for name, value in told.items() if value is not None},
        "method": grouped.method,
        "k": grouped.body.clusters,
        "grouped_rows": len(grouped.intake.rows),
        "columns": columns,
    }
