"""What ``--json`` shows of a detection, the same in Python: plain data, every number that does not exist as None."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from mainstay.alarms.tell import untaught

if TYPE_CHECKING:
    from mainstay.alarms.judging import Alarms
    from mainstay.alarms.run import Learned
    from mainstay.alarms.settings import Settings
    from mainstay.evaluate.anomalies.report_data import AnomalyReport, Case, Judged

__all__ = ["figures_of"]


def figures_of(learned: Learned, alarms: Alarms, report: AnomalyReport, settings: Settings) -> dict[str, Any]:
    """Return the figures of a run, without what only the caller knows: files, digest, seconds.

    Parameters
    ----------
    learned : Learned
    alarms : Alarms
    report : AnomalyReport
    settings : Settings
    """
    outputs = alarms.predictor.outputs
    before = untaught(learned, alarms, settings)
    figures = {
        "rows": learned.intake.judged.table.rows,
        "judged": report.rows,
        "refused": report.rows_left_out,
        "flagged": report.flagged,
        "alarm": settings.alarm,
        "guarantee": alarms.guarantee,
        "power": report.power,
        "cut": outputs.alarm.cut,
        "reference": settings.reference,
        "assumed": settings.assumed,
        "reference_source": settings.reference_source or None,
        "method": settings.method,
        "members": [{"name": one.name, "weight": one.weight} for one in outputs.members],
        "notes": dict(learned.detection.notes),
        "labels": report.labels or None,
        **_judged(report),
        "taught": None if learned.taught is None else learned.detection.notes.get("taught_by", "labels"),
        **({} if before is None else {"metrics_untaught": _scores(before)}),
        "top": [_case(one) for one in report.cases],
        "columns": report.drivers,
        "ask": [_case(one) for one in report.ask],
        "findings": report.findings,
    }
    made: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(figures))
    return made


def _judged(report: AnomalyReport) -> dict[str, Any]:
    """Return what the labels say of the scores; no metrics without labels."""
    found = report.judged
    if found is None:
        return {"metrics": {}}
    return {
        "metrics": _scores(found),
        "labelled": {"rows": found.rows, "anomalies": found.anomalies, "k": found.capacity},
        "judged_how": found.used,
    }


def _scores(found: Judged) -> dict[str, Any]:
    return {name: one.to_dict() for name, one in found.metrics.items()}


def _case(one: Case) -> dict[str, Any]:
    return {
        "row": one.row + 1,
        "score": one.score,
        "p_value": one.p_value,
        "flagged": one.flagged,
        "reason": one.reason or None,
        "columns": one.shares,
        "values": one.values,
        "label": one.label or None,
    }
