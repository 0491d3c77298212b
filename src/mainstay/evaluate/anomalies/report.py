"""The page of an anomaly detection: what is flagged and what that is worth first, then the rows with their reasons."""

from __future__ import annotations

import shlex
from collections import defaultdict
from typing import TYPE_CHECKING

from mainstay.evaluate.anomalies.sections import anomaly_sections
from mainstay.evaluate.anomalies.verdict import (
    alarm_in_words,
    assumption,
    headline,
    judged_together,
    lead,
    p_values_in_words,
)

if TYPE_CHECKING:
    from mainstay.evaluate.anomalies.report_data import AnomalyReport

__all__ = ["anomaly_report"]

_MANY = 0.5
_ODD = (
    "Odd is not wrong: a flagged row is rare by these columns. Whether it is a fraud, a fault or a rare customer is "
    "for a person to find out."
)


def anomaly_report(report: AnomalyReport, *, drawn: bool = True) -> str:
    """Return the report of an anomaly detection as one HTML page, without scripts and without anything from outside.

    Parameters
    ----------
    report : AnomalyReport
    drawn : bool, default True
        Whether with pictures, which take a second or two.

    Examples
    --------
    >>> from mainstay.contracts.alarms import Alarm
    >>> from mainstay.evaluate.anomalies.report_data import AnomalyReport, MemberAgreement
    >>> alarm, members = Alarm(rule="fdr", amount=0.1), MemberAgreement(names=("knn",), weights=(1.0,))
    >>> made = AnomalyReport(rows=5000, flagged=12, reference="clean", alarm=alarm, members=members)
    >>> page = anomaly_report(made, drawn=False)
    >>> "12 of 5,000 rows are flagged (0.2 %)" in page, "<script" in page
    (True, False)
    """
    from mainstay.evaluate.pictures import section_pictures
    from mainstay.evaluate.report import by_severity, render

    sections = anomaly_sections(report)
    return render(
        "anomalies.html",
        data=report,
        headline=headline(report),
        lead=lead(report),
        assumption=assumption(report),
        alarm=alarm_in_words(report),
        sections=sections,
        pictures=section_pictures(sections) if drawn else defaultdict(str),
        findings=by_severity(report.findings),
        commands=_commands(report),
        limits=_limits(report),
        p_values=p_values_in_words(report),
        together=judged_together(report),
        many=report.rows > 1 and report.flagged > _MANY * report.rows,
    )


def _commands(report: AnomalyReport) -> list[tuple[str, str]]:
    """Return what to type with the bundle, each with what it does; the file's name is quoted for a shell."""
    bundle = shlex.quote(report.bundle)
    return [
        ("Check that the file is whole and answers as it did", f"mainstay verify {bundle}"),
        ("Judge new rows", f"mainstay predict {bundle} new.csv -o judged.csv"),
        ("Answer over HTTP", f"mainstay serve {bundle} --port 8000"),
    ]


def _limits(report: AnomalyReport) -> list[str]:
    """Return what the report can and cannot say, for the case at hand."""
    found = [_ODD, "Anomalies that look usual in these columns are not found by any detector of this kind."]
    if report.series is not None:
        found.append(
            "P-values take stretches of a window's length as independent of each other. Where the memory of the series "
            "is longer, they are too small."
        )
    if report.reference == "contaminated":
        found.append(
            "The detector learned from rows that may hold anomalies: what is frequent counts as usual, so an anomaly "
            "that occurs very often is taken for usual. Clean reference rows give valid p-values."
        )
    else:
        found.append(
            "The p-values hold for new rows of the same kind as the clean reference. Where usual rows change, so do "
            "the false alarms: judge again with rows of then."
        )
    found.append(
        "A reason names the columns that add most to the score. It says what is rare about a row, not what caused it."
    )
    return found
