"""Puts what a clustering run did and found into the record that the report, the card and ``--json`` are made from."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePath
from typing import TYPE_CHECKING

from mainstay.contracts.findings import Finding
from mainstay.data.quality import profile
from mainstay.data.quality_findings import gravest_first
from mainstay.data.quality_values import present
from mainstay.evaluate.clusters.curve import curve_of
from mainstay.evaluate.clusters.report_data import ClusterReport, Method, Methods, TreatedColumn
from mainstay.evaluate.intervals import Score
from mainstay.evaluate.report_data import Stage

if TYPE_CHECKING:
    import polars as pl

    from mainstay.compute.around import Around
    from mainstay.contracts.schema import Column
    from mainstay.data.table import Table
    from mainstay.evaluate.clusters.stability import Stability
    from mainstay.graph.parity import Parity
    from mainstay.prepare.clusters import ColumnNote
    from mainstay.segments.grouping import Compared
    from mainstay.segments.portray import Portrayed
    from mainstay.segments.run import Grouped
    from mainstay.segments.settings import Settings

__all__ = ["report_of", "sentence_of", "verdict_of"]

_PACKAGES = ("mainstay", "numpy", "polars", "scikit-learn", "onnx", "onnxruntime")
_PER_CELL, _PER_TEXT = 1e-6, 1e-3
_ARBITRARY = 0.6
_SURE = 0.75
_SAME, _FEWEST_AGREEING = 0.8, 3
_FOR_QUALITY = 5.0  # seconds that must be left to look for what is odd in the columns


def report_of(
    grouped: Grouped, portrayed: Portrayed, parity: Parity, table: Table, *, settings: Settings, around: Around
) -> ClusterReport:
    """Return everything that is said about a run."""
    chosen, intake, k = grouped.chosen, grouped.intake, grouped.body.clusters
    limited = settings.time_budget != float("inf")
    return ClusterReport(
        k=k,
        verdict="given" if chosen.given else verdict_of(grouped, portrayed.stability),
        sentence=sentence_of(grouped),
        method=grouped.method,
        portraits=portrayed.portraits,
        source=PurePath(table.source).name,
        curve=curve_of(grouped.path, chosen.choice, chosen=k, given=chosen.given),
        methods=_methods(grouped.compared, grouped.method),
        stability=portrayed.stability,
        agreement=portrayed.agreement,
        merges=portrayed.merges,
        labels=settings.labels,
        columns=_columns(grouped, table.frame),
        findings=_findings(grouped, portrayed.stability, table, around, settings.columns),
        stray=0 if grouped.clustering.stray is None else int(grouped.clustering.stray.sum()),
        fits_none=_fits_none(settings),
        measure=grouped.body.measure,
        rows_left_out=table.rows - len(intake.rows),
        seconds=round(around.clock.elapsed(), 2),
        stages=tuple(Stage(name, seconds) for name, seconds in around.stages().items()),
        time_budget_seconds=settings.time_budget if limited else None,
        data_digest=table.digest,
        seed=settings.seed,
        settings=_in_words(settings),
        versions={name: found for name in _PACKAGES if (found := _version(name))},
        parity=_parity_in_words(parity),
        created=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def verdict_of(grouped: Grouped, stability: Stability | None) -> str:
    """Return the verdict of the curve, or where a method found another number by itself, what both come to."""
    chosen, k = grouped.chosen, grouped.body.clusters
    verdict: str = chosen.choice.verdict
    if chosen.given:
        return verdict
    if k == 1:
        return "no structure"
    if grouped.compared is not None and _agree(grouped.compared):
        return "one clear k"
    if k == chosen.k:
        return verdict
    # K-means sees no groups of another shape: where they come back surely, its silence says nothing.
    sure = stability is not None and (stability.agreement.value or 0.0) >= _SURE
    return "one clear k" if verdict == "no structure" and sure else "several plausible k"


def _agree(compared: Compared) -> bool:
    """Say whether the method taken comes back surely, and most others that do so find the same groups."""
    steady = {one.name: one.stability for one in compared.tried}
    sure = [place for place, name in enumerate(compared.names) if (steady.get(name) or 0.0) >= _SURE]
    same = [place for place in sure if compared.agreement[0][place] >= _SAME]
    return 0 in sure and len(same) >= _FEWEST_AGREEING and 2 * len(same) > len(sure)


def sentence_of(grouped: Grouped) -> str:
    """Return what is to say about the number of groups, with what a method found against the curve."""
    chosen, k = grouped.chosen, grouped.body.clusters
    said = chosen.choice.sentence.rstrip(".")
    if chosen.remark:
        return f"{said}; {chosen.remark}."
    if k != chosen.k:
        found = f"{grouped.method} finds {k} groups" if k > 1 else f"{grouped.method} finds no groups"
        reason = grouped.compared.reasons[0] if grouped.compared is not None and grouped.compared.reasons else ""
        return f"{found}. {reason} The curve of K-means by itself says: {said}.".replace("  ", " ")
    several = chosen.choice.verdict == "several plausible k" and not chosen.given
    if several and grouped.compared is not None and _agree(grouped.compared):
        return f"{said}. Methods of several kinds find the same {k} groups, on parts of the rows too."
    if k == 1 and grouped.method == "kmeans" and not chosen.given:
        return f"{said}. Groups of another shape are looked for with --method auto."
    return f"{said}."


def _fits_none(settings: Settings) -> str:
    return (
        "a row fits none of the groups when it lies further from the nearest than all but "
        f"{settings.outliers:.2%} of the rows of that group would, had they been new"
    )


def _methods(compared: Compared | None, taken: str) -> Methods | None:
    if compared is None:
        return None
    methods = tuple(
        Method(
            name=one.name, clusters=one.k, stability=None if one.stability is None else Score(one.stability),
            chosen=one.name == taken, reason=one.note,
        )
        for one in compared.tried
    )  # fmt: skip
    return Methods(methods=methods, names=compared.names, agreement=compared.agreement, words=compared.reasons)


def _columns(grouped: Grouped, frame: pl.DataFrame) -> tuple[TreatedColumn, ...]:
    notes = {note.column: note for note in grouped.recipe.notes}
    return tuple(_column(column, notes.get(column.name), frame) for column in grouped.intake.schema.columns)


def _column(column: Column, note: ColumnNote | None, frame: pl.DataFrame) -> TreatedColumn:
    missing = None
    if column.name in frame.columns:
        missing = present(frame.get_column(column.name), column).null_count() / max(1, frame.height)
    words = column.evidence
    if note is not None:
        words = note.treatment if note.weight == 1 else f"{note.treatment}; weight {note.weight:g}"
    return TreatedColumn(name=column.name, kind=column.kind, role=column.role, words=words, missing=missing)


def _findings(
    grouped: Grouped, stability: Stability | None, table: Table, around: Around, columns: tuple[str, ...] | None
) -> tuple[Finding, ...]:
    """Return what reading, inference and the run have found, and what is odd in the columns where there is time."""
    found = (*grouped.findings, *_unstable(stability))
    texts = sum(column.kind == "text" for column in grouped.intake.schema.columns)
    if around.left() > _FOR_QUALITY + table.rows * (_PER_CELL * len(table.columns) + _PER_TEXT * texts):
        found = profile(table, grouped.intake.schema, findings=found, seed=0).findings
    idle = set() if columns is None else {name for name in table.columns if name not in columns}
    found = tuple(one for one in found if one.column not in idle)
    once = {(one.code, one.column, one.message): one for one in found}
    return gravest_first(once.values())


def _unstable(stability: Stability | None) -> tuple[Finding, ...]:
    """Warn where the groups hardly come back: then their borders say more about the method than about the rows."""
    value = None if stability is None else stability.agreement.value
    if value is None or value >= _ARBITRARY:
        return ()
    finding = Finding(
        severity="warning",
        code="unstable",
        message=f"grouped anew on halves of the rows, the groups come back only in part (agreement {value:.2f} of 1)",
        advice="Their borders are arbitrary to that extent: try fewer groups or fewer columns before you rely on them.",
    )
    return (finding,)


def _in_words(settings: Settings) -> dict[str, str]:
    told = {
        "k": settings.k,
        "method": settings.method,
        "columns": "all that tell something" if settings.columns is None else ", ".join(settings.columns),
        "scale": settings.scale,
        "share that may fit none": f"{settings.outliers:g}",
    }
    if settings.weights:
        told["weights"] = ", ".join(f"{name}={weight:g}" for name, weight in settings.weights.items())
    return told


def _parity_in_words(parity: Parity) -> str:
    return (
        f"the bundle was held against the groups as they were found, on all {parity.rows:,} rows: the largest "
        f"difference of a distance is {parity.largest:.1e} of the rows' size (limit {parity.limit:.0e}), "
        f"{parity.flips} groups differ"
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
