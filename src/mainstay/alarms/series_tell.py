"""Puts what was found in a series into the records that the report, the card and ``--json`` are made from."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from mainstay.bundle.series_reasons import duration
from mainstay.data.quality_findings import gravest_first
from mainstay.data.quality_values import present
from mainstay.evaluate.anomalies.figures import alarm_drivers, judged, member_agreement, score_spread, top_cases
from mainstay.evaluate.anomalies.figures_series import flagged_spans, series_figure, series_windows
from mainstay.evaluate.anomalies.judge import judge_scores
from mainstay.evaluate.anomalies.report_data import AnomalyReport
from mainstay.evaluate.clusters.report_data import TreatedColumn
from mainstay.evaluate.report_data import Stage
from mainstay.learners.series.blocks import block_peaks
from mainstay.learners.series.windows import surprises

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mainstay.alarms.known import Known
    from mainstay.alarms.series_run import SeriesAlarms
    from mainstay.alarms.settings import Settings
    from mainstay.bundle.series import Window
    from mainstay.compute.around import Around
    from mainstay.contracts.findings import Finding
    from mainstay.data.table import Table
    from mainstay.evaluate.anomalies.report_data import Case, Judged, MemberAgreement, ScoreSpread
    from mainstay.evaluate.anomalies.series_data import SeriesFigure, SeriesWindow
    from mainstay.graph.parity import Parity

    Doubles = NDArray[np.float64]

__all__ = ["series_figures", "series_report"]

_CASES = 20
_LINES = 8
_PACKAGES = ("mainstay", "numpy", "polars", "scikit-learn", "onnx", "onnxruntime")
_WORDS = {1: "anomaly", 0: "usual", -1: ""}


def series_report(
    alarms: SeriesAlarms, table: Table, settings: Settings, around: Around, *, known: Known | None
) -> AnomalyReport:
    """Return everything that is said about a run over a series.

    Parameters
    ----------
    alarms : SeriesAlarms
    table : Table
    settings : Settings
    around : Around
    known : Known, optional
    """
    outputs, found = alarms.predictor.outputs, alarms.found
    answers = found.answers
    shares = np.array([one.shares for one in found.windows]).reshape(len(found.windows), len(outputs.columns))
    limited = settings.time_budget != float("inf")
    return AnomalyReport(
        rows=int((~answers.rejected).sum()),
        flagged=int(answers.flagged.sum()),
        reference=settings.reference,
        alarm=outputs.alarm,
        members=_members(alarms, settings),
        source=PurePath(table.source).name,
        detector="series",
        assumed=settings.assumed,
        reference_source=PurePath(settings.reference_source).name,
        reference_rows=outputs.rows if alarms.apart else None,
        p_values=outputs.calibration.kind,
        guarantee=outputs.alarm.guarantee,
        spread=_spread(alarms, known),
        cases=_cases(alarms, table, known),
        drivers=alarm_drivers(shares, outputs.columns),
        explained=len(found.windows),
        judged=_judged(alarms, settings, known),
        labels=settings.labels if known is not None else "",
        series=_series(alarms, known),
        columns=_columns(alarms, table),
        findings=gravest_first([*_about(settings, known), *alarms.findings]),
        rows_left_out=int(answers.rejected.sum()),
        seconds=round(around.clock.elapsed(), 2),
        stages=tuple(Stage(name, seconds) for name, seconds in around.stages().items()),
        time_budget_seconds=settings.time_budget if limited else None,
        data_digest=table.digest,
        seed=settings.seed,
        settings=_in_words(alarms, settings),
        versions={name: version(name) for name in _PACKAGES},
        parity=_parity_in_words(alarms.parity),
        created=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )  # fmt: skip


def _members(alarms: SeriesAlarms, settings: Settings) -> MemberAgreement:
    members = alarms.predictor.outputs.members
    return member_agreement(
        alarms.found.levels, [one.name for one in members], [one.weight for one in members],
        notes=("windows side by side share points, so these correlations rest on fewer cases than points",),
        seed=settings.seed,
    )  # fmt: skip


def _spread(alarms: SeriesAlarms, known: Known | None) -> ScoreSpread:
    answers = alarms.found.answers
    placed = ~answers.rejected
    truth = None if known is None else (known.codes == 1)[placed]
    cut = alarms.predictor.outputs.alarm.cut
    return score_spread(answers.score[placed], answers.flagged[placed], cut=cut, truth=truth)


def _in_words(alarms: SeriesAlarms, settings: Settings) -> dict[str, str]:
    return {
        "reference": settings.reference_source or settings.reference,
        "alarm": settings.alarm,
        "time": settings.time,
        "columns": ", ".join(alarms.predictor.outputs.columns),
    }


def _parity_in_words(parity: Parity) -> str:
    return (
        f"the graph was held against NumPy on {parity.rows:,} windows: the largest difference of a member's score is "
        f"{parity.largest:.1e} of its size (limit {parity.limit:.0e})"
    )


def _about(settings: Settings, known: Known | None) -> tuple[Finding, ...]:
    """Return what was assumed, and how labels were read."""
    from mainstay.contracts.findings import Finding

    labelled = () if known is None else known.findings()
    if not settings.assumed:
        return labelled
    assumed = Finding(
        severity="info",
        code="reference",
        message="assumed: contaminated; anomalies may be in what was learned from, so p-values are estimates",
        advice="Say --reference clean where it is known to hold none, or --reference FILE with a clean series.",
    )
    return (assumed, *labelled)


def _rows_of_points(alarms: SeriesAlarms) -> NDArray[np.int64]:
    """Return for each point a row that stands at it; -1 where it was interpolated."""
    grid = alarms.found.grid
    rows = np.full(grid.points, -1, np.int64)
    placed = np.flatnonzero(grid.point >= 0)[::-1]
    rows[grid.point[placed]] = placed
    return rows


def _surprise(alarms: SeriesAlarms) -> Doubles:
    """Return how far each point is from usual, by column."""
    odd = [surprises(alarms.predictor.outputs.plan, piece) for piece in alarms.found.grid.pieces]
    return np.abs(np.concatenate(odd))


def _cases(alarms: SeriesAlarms, table: Table, known: Known | None) -> tuple[Case, ...]:
    """Return the oddest row of each of the oddest blocks: its neighbours say the same."""
    found, outputs = alarms.found, alarms.predictor.outputs
    lengths = [len(piece) for piece in found.grid.pieces]
    peaks = block_peaks(found.scores, outputs.plan.window, lengths)
    rows = _rows_of_points(alarms)[peaks]
    rows = rows[rows >= 0]
    answers = found.answers
    rows = rows[np.argsort(-answers.score[rows], kind="stable")[:_CASES]]
    names = [name for name in (outputs.time, *outputs.columns) if name in table.frame.columns]
    cases = top_cases(
        table.frame.select(names)[rows],
        answers.score[rows],
        answers.p_value[rows],
        answers.flagged[rows],
        levels=answers.levels[rows],
        reasons=[answers.reason[row] for row in rows.tolist()],
        explained=np.arange(len(rows)),
        shares=_surprise(alarms)[found.grid.point[rows]],
        columns=outputs.columns,
        rows=np.arange(len(rows)),
        labels=() if known is None else [_WORDS[code] for code in known.codes[rows].tolist()],
    )
    return tuple(msgspec.structs.replace(case, row=int(rows[case.row])) for case in cases)


def _judged(alarms: SeriesAlarms, settings: Settings, known: Known | None) -> Judged | None:
    if known is None:
        return None
    answers = alarms.found.answers
    kept = (known.codes >= 0) & ~answers.rejected
    if not kept.any():
        return None
    codes = known.codes[kept].astype(np.int64)
    capacity = int((codes == 1).sum()) or None
    metrics = judge_scores(codes, answers.score[kept], answers.flagged[kept], capacity=capacity, seed=settings.seed)
    shown = {name: one for name, one in metrics.items() if name != "cost" or one["value"] is not None}
    return judged(
        codes == 1, answers.score[kept], shown, capacity=capacity,
        used="The labels were not used to find the anomalies. Rows side by side are alike, so the intervals are too "
        "narrow.",
    )  # fmt: skip


def _moments(alarms: SeriesAlarms, times: Doubles) -> NDArray[Any]:
    """Return times as dates where they are."""
    if not alarms.predictor.dated:
        return times
    return np.round(times * 1e6).astype(np.int64).astype("datetime64[us]")


def _series(alarms: SeriesAlarms, known: Known | None) -> SeriesFigure:
    found, outputs = alarms.found, alarms.predictor.outputs
    times = _moments(alarms, found.grid.times())
    values = np.concatenate([piece.values for piece in found.grid.pieces])
    windows = series_windows(
        times, [(one.stretch.first, one.stretch.last) for one in found.windows], scores=found.scores,
        p_values=outputs.calibration.of(found.scores), reasons=[one.reason for one in found.windows],
    )  # fmt: skip
    plan = outputs.plan
    length = duration(plan.window, plan.step, dated=alarms.predictor.dated)
    period = (
        f"{plan.period:,} points ({duration(plan.period, plan.step, dated=alarms.predictor.dated)})"
        if plan.period > 1
        else "none was found"
    )
    notes = [f"A window has {plan.window:,} points ({length}).", *_notes(alarms)]
    if len(outputs.columns) > _LINES:
        notes.append(f"Drawn are the first {_LINES} of {len(outputs.columns)} columns.")
    return series_figure(
        times, {name: values[:, at] for at, name in enumerate(outputs.columns[:_LINES])}, time=outputs.time,
        scores=found.scores, cut=outputs.alarm.cut, windows=windows, known=_known(alarms, known, times), period=period,
        notes=notes,
    )  # fmt: skip


def _notes(alarms: SeriesAlarms) -> list[str]:
    told = [one.message for one in alarms.findings if one.code.startswith("series.")]
    return [f"{message[:1].upper()}{message[1:]}." for message in told]


def _known_points(alarms: SeriesAlarms, known: Known) -> NDArray[np.bool_]:
    grid = alarms.found.grid
    marked = np.zeros(grid.points, np.bool_)
    marked[grid.point[(grid.point >= 0) & (known.codes == 1)]] = True
    return marked


def _known(alarms: SeriesAlarms, known: Known | None, times: NDArray[Any]) -> tuple[SeriesWindow, ...]:
    return () if known is None else series_windows(times, flagged_spans(_known_points(alarms, known)))


def _columns(alarms: SeriesAlarms, table: Table) -> tuple[TreatedColumn, ...]:
    words = {"time": "the time", "feature": "watched over time"}
    return tuple(
        TreatedColumn(
            name=column.name, kind=column.kind, role=column.role,
            words=words.get(column.role, column.evidence or "not watched"),
            missing=present(table.frame.get_column(column.name), column).null_count() / max(1, table.rows)
            if column.name in table.columns else None,
        )
        for column in alarms.predictor.schema.columns
    )  # fmt: skip


def series_figures(
    alarms: SeriesAlarms, report: AnomalyReport, table: Table, settings: Settings, *, known: Known | None
) -> dict[str, Any]:
    """Return what ``--json`` shows, as for any detection, and the windows.

    Parameters
    ----------
    alarms : SeriesAlarms
    report : AnomalyReport
    table : Table
    settings : Settings
    known : Known, optional
    """
    outputs, plan = alarms.predictor.outputs, alarms.predictor.outputs.plan
    figures = {
        "rows": table.rows,
        "judged": report.rows,
        "refused": report.rows_left_out,
        "flagged": report.flagged,
        "alarm": settings.alarm,
        "guarantee": report.guarantee,
        "power": report.power,
        "cut": outputs.alarm.cut,
        "reference": settings.reference,
        "assumed": settings.assumed,
        "reference_source": settings.reference_source or None,
        "method": "series",
        "members": [{"name": one.name, "weight": one.weight} for one in outputs.members],
        "notes": {},
        "labels": report.labels or None,
        **_labelled(report.judged),
        "taught": None,
        "time": settings.time,
        "period": plan.period if plan.period > 1 else None,
        "window": plan.window,
        "step": plan.step,
        "windows": [_window(alarms, one) for one in alarms.found.windows],
        **({} if known is None else {"windows_known": _compared(alarms, known)}),
        "top": [_case(one) for one in report.cases],
        "columns": report.drivers,
        "ask": [],
        "findings": report.findings,
    }  # fmt: skip
    made: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(figures))
    return made


def _labelled(found: Judged | None) -> dict[str, Any]:
    """Return what the labels say of the scores; nothing without labels."""
    if found is None:
        return {"metrics": {}}
    return {
        "metrics": {name: one.to_dict() for name, one in found.metrics.items()},
        "labelled": {"rows": found.rows, "anomalies": found.anomalies, "k": found.capacity},
        "judged_how": found.used,
    }


def _case(one: Case) -> dict[str, Any]:
    return {
        "row": one.row + 1, "score": one.score, "p_value": one.p_value, "flagged": one.flagged,
        "reason": one.reason or None, "columns": one.shares, "values": one.values, "label": one.label or None,
    }  # fmt: skip


def _window(alarms: SeriesAlarms, one: Window) -> dict[str, Any]:
    start, end, peak = _moments(alarms, np.array([one.start, one.end, one.peak])).tolist()
    shown = [moment.isoformat() if isinstance(moment, datetime) else moment for moment in (start, end, peak)]
    return {
        "start": shown[0], "end": shown[1], "peak": shown[2], "score": one.stretch.score, "p_value": one.p_value,
        "rows": one.rows, "member": one.member, "column": one.column, "reason": one.reason,
    }  # fmt: skip


def _compared(alarms: SeriesAlarms, known: Known) -> dict[str, int]:
    """Return how many windows of the labels were found, how many were missed, and how many flagged ones are false."""
    marked = _known_points(alarms, known)
    spans = flagged_spans(marked)
    flagged = [one.stretch for one in alarms.found.windows]
    found = sum(any(one.first <= last and one.last >= first for one in flagged) for first, last in spans)
    false = sum(not marked[one.first : one.last + 1].any() for one in flagged)
    return {"known": len(spans), "found": found, "missed": len(spans) - found, "false": false}
