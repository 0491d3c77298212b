"""Puts what a run did and found into the record that reports, cards and ``--json`` are made from."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np

from mainstay.data.quality_values import present
from mainstay.evaluate.curves import histogram
from mainstay.evaluate.report_data import ColumnRow, Member, ReportData, RowCounts
from mainstay.train.shipped import decides

if TYPE_CHECKING:
    import polars as pl

    from mainstay.contracts.findings import Finding
    from mainstay.contracts.schema import Column
    from mainstay.data.quality_records import Histogram
    from mainstay.data.table import Table
    from mainstay.graph.parity import Parity
    from mainstay.train.judge import Judgement
    from mainstay.train.settings import Settings
    from mainstay.train.trained import Surroundings, Trained

__all__ = ["describe"]

_PACKAGES = ("mainstay", "numpy", "polars", "scikit-learn", "lightgbm", "onnx", "onnxruntime")
_SPLITS = {
    "random": "by chance, stratified by the target; equal rows on one side",
    "time": "by time, the last rows held out",
    "group": "by group, no group on both sides",
}


def describe(
    trained: Trained,
    judgement: Judgement,
    parity: Parity,
    *,
    table: Table,
    settings: Settings,
    around: Surroundings,
    findings: tuple[Finding, ...],
) -> ReportData:
    """Return everything that is said about a run."""
    intake = trained.intake
    target = intake.schema.target
    way = settings.split.partition(":")[0]
    limited = settings.memory_budget != float("inf")
    return ReportData(
        task=intake.task,
        target=target.name if target else "",
        metric=trained.steering.name,
        scores=judgement.scores,
        rows=_counts(trained, table.frame.height),
        columns=tuple(_column(column, table.frame) for column in intake.schema.columns),
        source=PurePath(table.source).name,
        split=f"{settings.split}: {_SPLITS[way]}",
        labels=intake.labels,
        positive=intake.labels[1] if len(intake.labels) == 2 else None,
        threshold=trained.decision.threshold if len(intake.labels) == 2 else None,
        baseline=judgement.baseline,
        against_baseline=judgement.against_baseline,
        class_counts=_class_counts(trained),
        target_histogram=_target_histogram(trained),
        findings=findings,
        leaderboard=judgement.leaderboard,
        leaderboard_rows=_leaderboard_rows(trained),
        members=tuple(Member(name, weight) for name, weight in trained.choice.weights.items()),
        curves=judgement.curves,
        importance=judgement.importance,
        seconds=round(around.clock.elapsed(), 2),
        time_budget_seconds=settings.time_budget if settings.time_budget != float("inf") else None,
        peak_memory_mb=round(around.watch.peak / 1e6, 1),
        memory_budget_mb=settings.memory_budget / 1e6 if limited else None,
        data_digest=table.digest,
        seed=settings.seed,
        settings=_in_words(settings, trained),
        versions={name: found for name in _PACKAGES if (found := _version(name))},
        parity=_parity_in_words(parity),
        created=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def _counts(trained: Trained, total: int) -> RowCounts:
    train, test = len(trained.intake.train), len(trained.intake.test)
    return RowCounts(total=total, train=train, test=test, left_out=total - train - test)


def _leaderboard_rows(trained: Trained) -> str:
    """Say what the leaderboard was measured on, and by which rule classes were answered where that matters."""
    rows = "the held-out rows, which no choice has seen"
    if not decides(trained):
        return rows
    rule = trained.decision.rule or "the most probable class"
    at = f", from {trained.decision.threshold:.3g} on" if len(trained.intake.labels) == 2 else ""
    return f"{rows}, each candidate answering by the rule of the bundle ({rule}{at})"


def _parity_in_words(parity: Parity) -> str:
    return (
        f"the bundle was held against the training libraries on {parity.rows:,} held-out rows: the largest "
        f"difference is {parity.largest:.1e} (limit {parity.limit:.0e}), {parity.flips} answers differ"
    )


def _column(column: Column, frame: pl.DataFrame) -> ColumnRow:
    missing = None
    if column.name in frame.columns:
        missing = present(frame.get_column(column.name), column).null_count() / max(1, frame.height)
    return ColumnRow(
        name=column.name,
        kind=column.kind,
        role=column.role,
        missing=missing,
        detail=_detail(column),
        evidence=column.evidence,
    )


def _detail(column: Column) -> str:
    if column.categories:
        shown = ", ".join(column.categories[:6])
        more = len(column.categories) - 6
        return f"{shown} and {more:,} more" if more > 0 else shown
    if column.kind == "number" and column.low is not None and column.high is not None:
        return f"{column.low:g} to {column.high:g}" + (f" {column.unit}" if column.unit else "")
    return ""


def _class_counts(trained: Trained) -> dict[str, int]:
    intake = trained.intake
    if intake.task != "classification":
        return {}
    both = np.concatenate([intake.material.target.values, intake.test_target]).astype(np.int64)
    counts = np.bincount(both, minlength=len(intake.labels))
    return {label: int(count) for label, count in zip(intake.labels, counts, strict=True)}


def _target_histogram(trained: Trained) -> Histogram | None:
    intake = trained.intake
    if intake.task != "regression":
        return None
    return histogram(np.concatenate([intake.material.target.values, intake.test_target]).astype(np.float64))


def _in_words(settings: Settings, trained: Trained) -> dict[str, str]:
    preparation = settings.preparation
    words = {
        "folds": str(len(trained.intake.material.folds)),
        "missing": preparation.missing,
        "scale": preparation.scale,
        "encode": preparation.encode,
    }
    if preparation.polynomial != 1:
        words["polynomial"] = str(preparation.polynomial)
    if preparation.derive:
        words["derive"] = "; ".join(preparation.derive)
    if settings.models is not None:
        words["models"] = ", ".join(settings.models)
    decision = trained.decision
    if intake_classes := trained.intake.labels:
        words["calibration"] = f"{decision.calibration.kind}: {decision.calibration.reason}"
        words["answers"] = decision.rule + (f", from {decision.threshold:.3g} on" if len(intake_classes) == 2 else "")
    if settings.class_weight != "none":
        words["class weights"] = settings.class_weight
    if settings.cost:
        words["costs"] = settings.cost
    if settings.intervals is not None:
        words["intervals"] = f"{settings.intervals:g} %"
    if trained.interrupted:
        words["ended"] = "early, by Ctrl-C"
    if len(trained.choice.tied) > 1:
        words["tied on the training rows"] = ", ".join(trained.choice.tied) + "; the cheapest was shipped"
    return words


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
