"""Puts what a detection run did and found into the record that the report, the card and ``--json`` are made from."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.anomalies import blended
from mainstay.data.quality import profile
from mainstay.data.quality_findings import gravest_first
from mainstay.data.quality_values import present
from mainstay.evaluate.anomalies.alarm import read_alarm
from mainstay.evaluate.anomalies.figures import alarm_drivers, judged, member_agreement, score_spread, top_cases
from mainstay.evaluate.anomalies.judge import judge_scores
from mainstay.evaluate.anomalies.promises import power_of
from mainstay.evaluate.anomalies.report_data import AnomalyReport
from mainstay.evaluate.clusters.report_data import TreatedColumn
from mainstay.evaluate.report_data import Stage

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from mainstay.alarms.feedback_file import Asked
    from mainstay.alarms.judging import Alarms
    from mainstay.alarms.run import Learned
    from mainstay.alarms.settings import Settings
    from mainstay.compute.around import Around
    from mainstay.contracts.findings import Finding
    from mainstay.contracts.schema import Column
    from mainstay.evaluate.anomalies.report_data import Case, Judged
    from mainstay.graph.parity import Parity
    from mainstay.prepare.clusters_columns import ColumnNote

__all__ = ["labels_judge", "report_of", "untaught", "without_labels"]

_PACKAGES = ("mainstay", "numpy", "polars", "scikit-learn", "onnx", "onnxruntime")
_PER_CELL, _PER_TEXT = 1e-6, 1e-3
_FOR_QUALITY = 5.0  # seconds that must be left to look for what is odd in the columns
_SPREAD = 200_000
_OF_FLAGS = ("precision", "recall", "false_discovery_rate", "cost")
_UNSEEN = (
    "The detector was taught by these labels; the figures are of labels hidden in turn from a detector taught by the "
    "others."
)
_NOT_JUDGED = "Too few labels to judge what they taught: the figures are of the detector before it was taught."
_WORDS = {1: "anomaly", 0: "usual", -1: ""}


def report_of(
    learned: Learned, alarms: Alarms, asked: Asked | None, settings: Settings, around: Around
) -> AnomalyReport:
    """Return everything that is said about a run.

    Parameters
    ----------
    learned : Learned
    alarms : Alarms
    asked : Asked, optional
        The rows to be labelled; positions in the table.
    settings : Settings
    around : Around
    """
    intake, outputs = learned.intake, alarms.predictor.outputs
    table = intake.judged.table
    limited = settings.time_budget != float("inf")
    oddest = np.isin(alarms.explained, np.flatnonzero(alarms.flagged))
    calibrated = intake.fit if intake.calibrate is None else intake.calibrate
    found = labels_judge(learned, alarms, settings)
    return AnomalyReport(
        rows=len(alarms.scores),
        flagged=int(alarms.flagged.sum()),
        reference=settings.reference,
        alarm=outputs.alarm,
        members=_members(learned, alarms, settings.seed),
        source=PurePath(table.source).name,
        detector=settings.method,
        assumed=settings.assumed,
        reference_source=PurePath(settings.reference_source).name,
        reference_rows=None if intake.calibrate is None else len(intake.fit) + len(calibrated),
        p_values=outputs.calibration.kind,
        guarantee=alarms.guarantee,
        power=power_of(outputs.alarm, alarms.scores, outputs.calibration, settings.reference),
        spread=_spread(learned, alarms),
        cases=_cases(learned, alarms, None),
        drivers=alarm_drivers(alarms.shares[oddest], outputs.columns),
        explained=int(oddest.sum()),
        judged=found,
        labels=settings.labels if found is not None else "",
        ask=() if asked is None else _cases(learned, alarms, asked.rows),
        columns=_columns(learned, table.frame),
        findings=_findings(learned, around, settings),
        rows_left_out=table.rows - len(alarms.scores),
        seconds=round(around.clock.elapsed(), 2),
        stages=tuple(Stage(name, seconds) for name, seconds in around.stages().items()),
        time_budget_seconds=settings.time_budget if limited else None,
        data_digest=table.digest,
        seed=settings.seed,
        settings=_in_words(settings),
        versions={name: known for name in _PACKAGES if (known := _version(name))},
        parity=_parity_in_words(alarms.parity, len(alarms.scores)),
        created=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def labels_judge(learned: Learned, alarms: Alarms, settings: Settings) -> Judged | None:
    """Return what labels say of the scores; of a taught detector, what labels that it has not seen say of it."""
    known, taught = learned.intake.known, learned.taught
    if known is None:
        return None
    codes = known.codes[learned.intake.judged.places].astype(np.int64)
    if taught is None:
        return _against(codes, alarms.scores, alarms.flagged, settings)
    if taught.scores is None:
        return _against(taught.codes, without_labels(learned, alarms)[taught.rows], None, settings, used=_NOT_JUDGED)
    flagged = alarms.predictor.outputs.alarm.flagged(taught.scores)
    return _against(taught.codes, taught.scores, flagged, settings, used=_UNSEEN)


def without_labels(learned: Learned, alarms: Alarms) -> NDArray[np.float64]:
    """Return the scores of all rows as the detector gave them before it was taught."""
    if learned.taught is None:
        return alarms.scores
    members = learned.taught.before.members
    return blended(
        alarms.members[:, : len(members)],
        tuple(one.scale for one in members),
        np.array([one.weight for one in members]),
    )


def untaught(learned: Learned, alarms: Alarms, settings: Settings) -> Judged | None:
    """Return what the same labels say of the scores that no label has taught; None where none has."""
    taught = learned.taught
    if taught is None:
        return None
    return _against(taught.codes, without_labels(learned, alarms)[taught.rows], None, settings)


def _against(
    codes: NDArray[np.int64],
    scores: NDArray[np.float64],
    flagged: NDArray[np.bool_] | None,
    settings: Settings,
    *,
    used: str = "",
) -> Judged | None:
    """Return the figures of scores against labels; without flags only those of the order of rows."""
    told = codes >= 0
    if not told.any():
        return None
    capacity = int((codes == 1).sum()) or None
    flags = np.zeros(len(codes), np.bool_) if flagged is None else flagged
    metrics = judge_scores(codes, scores, flags, capacity=capacity, seed=settings.seed, cost=_cost(settings))
    if flagged is None:
        metrics = {name: one for name, one in metrics.items() if name not in _OF_FLAGS}
    shown = {name: one for name, one in metrics.items() if name != "cost" or one["value"] is not None}
    return judged(codes[told] == 1, scores[told], shown, capacity=capacity, used=used)


def _cost(settings: Settings) -> float | None:
    wish = read_alarm(settings.alarm)
    return wish.amount if wish.rule == "cost" else None


def _members(learned: Learned, alarms: Alarms, seed: int) -> Any:
    members = learned.detection.members
    rows = alarms.members
    if len(rows) > _SPREAD:
        rows = rows[np.random.default_rng(seed).choice(len(rows), _SPREAD, replace=False)]
    levels = np.stack([one.scale.level(rows[:, at]) for at, one in enumerate(members)], axis=1)
    return member_agreement(
        levels, [one.name for one in members], [one.weight for one in members], notes=_notes(learned), seed=seed
    )


def _notes(learned: Learned) -> tuple[str, ...]:
    return tuple(
        value if isinstance(value, str) and " " in value else f"{name.replace('_', ' ')}: {value}"
        for name, value in learned.detection.notes.items()
    )


def _spread(learned: Learned, alarms: Alarms) -> Any:
    known = learned.intake.known
    truth = None if known is None else known.codes[learned.intake.judged.places] == 1
    cut = alarms.predictor.outputs.alarm.cut
    return score_spread(alarms.scores, alarms.flagged, cut=None if learned.intake.apart else cut, truth=truth)


def _cases(learned: Learned, alarms: Alarms, wanted: NDArray[np.int64] | None) -> tuple[Case, ...]:
    """Return the oddest rows, or those that are wanted, as positions in the table."""
    intake = learned.intake
    places = intake.judged.places
    if wanted is None:
        rows = alarms.explained[np.argsort(-alarms.scores[alarms.explained], kind="stable")[:20]]
    else:
        rows = np.searchsorted(places, wanted)
    reasons = dict(zip(alarms.explained.tolist(), alarms.reasons, strict=True))
    known = intake.known
    cases = top_cases(
        intake.judged.table.frame[places[rows]],
        alarms.scores[rows],
        alarms.p_values[rows],
        alarms.flagged[rows],
        levels=_levels(learned, alarms, rows),
        reasons=[reasons.get(row) for row in rows.tolist()],
        explained=np.arange(len(rows)),
        shares=_shares(alarms, rows),
        columns=alarms.predictor.outputs.columns,
        rows=np.arange(len(rows)),
        labels=() if known is None else [_WORDS[code] for code in known.codes[places[rows]].tolist()],
    )
    return tuple(_placed(case, int(places[row])) for case, row in zip(cases, rows.tolist(), strict=True))


def _placed(case: Case, row: int) -> Case:
    from msgspec import structs

    return structs.replace(case, row=row)


def _levels(learned: Learned, alarms: Alarms, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    raw = alarms.members[rows]
    members = learned.detection.members
    return np.stack([one.scale.level(raw[:, at]) for at, one in enumerate(members)], axis=1)


def _shares(alarms: Alarms, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the shares of rows; zeros where a row was not explained."""
    found = np.zeros((len(rows), alarms.shares.shape[1]))
    at = np.searchsorted(alarms.explained, rows).clip(0, len(alarms.explained) - 1)
    there = alarms.explained[at] == rows
    found[there] = alarms.shares[at[there]]
    return found


def _columns(learned: Learned, frame: pl.DataFrame) -> tuple[TreatedColumn, ...]:
    notes = {note.column: note for note in learned.recipe.notes}
    return tuple(_column(column, notes.get(column.name), frame) for column in learned.intake.schema.columns)


def _column(column: Column, note: ColumnNote | None, frame: pl.DataFrame) -> TreatedColumn:
    missing = None
    if column.name in frame.columns:
        missing = present(frame.get_column(column.name), column).null_count() / max(1, frame.height)
    words = column.evidence if note is None else note.treatment
    return TreatedColumn(name=column.name, kind=column.kind, role=column.role, words=words, missing=missing)


def _findings(learned: Learned, around: Around, settings: Settings) -> tuple[Finding, ...]:
    """Return what reading, inference and the run have found, and what is odd in the columns where there is time."""
    found, table = learned.findings, learned.intake.learned.table
    texts = sum(column.kind == "text" for column in learned.intake.schema.columns)
    seconds = table.rows * (_PER_CELL * len(table.columns) + _PER_TEXT * texts)
    if seconds < _FOR_QUALITY and around.left() > _FOR_QUALITY + seconds:
        found = profile(table, learned.intake.schema, findings=found, seed=0).findings
    columns = settings.columns
    idle = set() if columns is None else {name for name in table.columns if name not in columns}
    once = {(one.code, one.column, one.message): one for one in found if one.column not in idle}
    return gravest_first(once.values())


def _in_words(settings: Settings) -> dict[str, str]:
    return {
        "reference": settings.reference_source or settings.reference,
        "alarm": settings.alarm,
        "method": settings.method,
        "columns": "all that tell something" if settings.columns is None else ", ".join(settings.columns),
        **({"labels": settings.labels} if settings.labels else {}),
    }


def _parity_in_words(parity: Parity, rows: int) -> str:
    which = f"all {rows:,} rows" if parity.rows == rows else f"{parity.rows:,} of {rows:,} rows, the oddest among them"
    return (
        f"the graph was held against the detector as it was learned, on {which}: the largest difference of a member's "
        f"score is {parity.largest:.1e} of its size (limit {parity.limit:.0e})"
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
