"""The card of an anomaly detection: the report's answers as markdown, for who reads in a repository or a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.evaluate import words
from mainstay.evaluate.anomalies.members import MEMBERS, title_of
from mainstay.evaluate.anomalies.sections_judged import figure_title
from mainstay.evaluate.anomalies.verdict import alarm_in_words, assumption, headline, lead, p_values_in_words
from mainstay.evaluate.card import markdown_table, plain

if TYPE_CHECKING:
    from mainstay.evaluate.anomalies.report_data import AnomalyReport

__all__ = ["anomaly_card"]

_CASES, _DRIVERS, _WINDOWS = 10, 10, 20


def anomaly_card(report: AnomalyReport) -> str:
    """Return the card of an anomaly detection as markdown.

    Examples
    --------
    >>> from mainstay.contracts.alarms import Alarm
    >>> from mainstay.evaluate.anomalies.report_data import AnomalyReport, MemberAgreement
    >>> alarm, members = Alarm(rule="fdr", amount=0.1), MemberAgreement(names=("knn",), weights=(1.0,))
    >>> card = anomaly_card(AnomalyReport(rows=5000, flagged=12, reference="clean", alarm=alarm, members=members))
    >>> card.splitlines()[2]
    '**12 of 5,000 rows are flagged (0.2 %).**'
    """
    parts = [
        [
            "# Anomalies" + (f" in {plain(report.source)}" if report.source else ""), "",
            f"**{plain(headline(report))}.**",
        ],
        [plain(sentence) for sentence in (assumption(report), *lead(report))],
        _windows(report),
        _cases(report),
        _drivers(report),
        _members(report),
        _judged(report),
        _facts(report),
        _columns(report),
        _findings(report),
        _limits(report),
    ]  # fmt: skip
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _windows(report: AnomalyReport) -> list[str]:
    if report.series is None or not report.series.windows:
        return []
    rows = [
        (str(one.start), str(one.end), words.count(one.rows), words.number(one.score), one.reason)
        for one in report.series.windows[:_WINDOWS]
    ]
    return ["## The windows", "", *markdown_table(("From", "To", "Points", "Score", "Reason"), rows)]


def _cases(report: AnomalyReport) -> list[str]:
    if not report.cases:
        return []
    rows = [
        (
            words.count(case.row + 1), words.number(case.score), f"{case.p_value:.2g}",
            "yes" if case.flagged else "no", case.reason,
        )
        for case in report.cases[:_CASES]
    ]  # fmt: skip
    return ["## The oddest rows", "", *markdown_table(("Row", "Score", "p-value", "Flagged", "Reason"), rows)]


def _drivers(report: AnomalyReport) -> list[str]:
    if not report.drivers:
        return []
    rows = [(one.column, words.percent(one.share), words.count(one.first)) for one in report.drivers[:_DRIVERS]]
    head = ("Column", "Part of the oddness of flagged rows", "Oddest column in so many rows")
    return ["## Which columns drive the alarms", "", *markdown_table(head, rows)]


def _members(report: AnomalyReport) -> list[str]:
    members = report.members
    rows = [
        (title_of(name), words.percent(weight, 0), MEMBERS[name].looks_for if name in MEMBERS else "")
        for name, weight in zip(members.names, members.weights, strict=True)
    ]
    notes = [f"- {plain(note)}" for note in members.notes]
    table = markdown_table(("Member", "Weight", "Looks for"), rows)
    return ["## Members", "", *table, *(["", *notes] if notes else [])]


def _judged(report: AnomalyReport) -> list[str]:
    if report.judged is None:
        return []
    judged = report.judged
    rows = [(figure_title(name, judged), str(one)) for name, one in judged.metrics.items() if one.value is not None]
    title = f"## Against {plain(report.labels)}" if report.labels else "## Against known labels"
    known = f"{words.count(judged.anomalies)} anomalies in {words.count(judged.rows)} rows. {judged.used}"
    return [title, "", plain(known), "", *markdown_table(("Figure", "Value (95 % interval)"), rows)]


def _facts(report: AnomalyReport) -> list[str]:
    facts = {
        "Detector": report.detector.replace("_", " "),
        "Data": report.source,
        "Rows": words.count(report.rows),
        "Reference": report.reference + (f", {report.reference_source}" if report.reference_source else ""),
        "Alarm": alarm_in_words(report),
        "p-values": p_values_in_words(report),
        "Made": report.created,
        "Data digest": report.data_digest,
        "Model digest": report.model_digest,
        "Bundle digest": report.digest,
        "Parity": report.parity,
        "Versions": ", ".join(f"{name} {version}" for name, version in report.versions.items()),
    }
    return ["## What it is", "", *(f"- {name}: {plain(value)}" for name, value in facts.items() if value)]


def _columns(report: AnomalyReport) -> list[str]:
    if not report.columns:
        return []
    rows = [(column.name, column.kind, column.role, column.words) for column in report.columns]
    return ["## Columns", "", *markdown_table(("Column", "Kind", "Role", "What was done to it"), rows)]


def _findings(report: AnomalyReport) -> list[str]:
    if not report.findings:
        return []
    lines = []
    for finding in report.findings:
        column = "" if finding.column is None else f"{plain(finding.column)}: "
        lines.append(f"- **{finding.severity}** {column}{plain(finding.message)} {plain(finding.advice)}")
    return ["## What the data inspection found", "", *lines]


def _limits(report: AnomalyReport) -> list[str]:
    lines = [
        "- Odd is not wrong: a flagged row is rare by these columns; what it is, a person must find out.",
        "- A reason says what is rare about a row, not what caused it.",
        "- Nothing here says what the alarms are meant for, or whom they may harm. That is for a person to add.",
    ]
    if report.reference == "contaminated":
        lines.insert(1, "- It learned from rows that may hold anomalies: what occurs often was taken for usual.")
    return ["## Limits", "", *lines]
