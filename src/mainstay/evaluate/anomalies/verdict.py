"""The first sentences of an anomaly detection, the same on the page, on the card and in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.evaluate.words import count, number, percent

if TYPE_CHECKING:
    from mainstay.evaluate.anomalies.report_data import AnomalyReport

__all__ = ["alarm_in_words", "assumption", "for_new_rows", "headline", "judged_together", "lead", "p_values_in_words"]

_MOST, _LEAST = 3, 0.1


def headline(data: AnomalyReport) -> str:
    """Return in one sentence how many rows are flagged.

    Examples
    --------
    >>> from mainstay.contracts.alarms import Alarm
    >>> from mainstay.evaluate.anomalies.report_data import AnomalyReport, MemberAgreement
    >>> alarm, members = Alarm(rule="fdr", amount=0.1), MemberAgreement(names=("knn",), weights=(1.0,))
    >>> headline(AnomalyReport(rows=5000, flagged=12, reference="clean", alarm=alarm, members=members))
    '12 of 5,000 rows are flagged (0.2 %)'
    """
    if data.series is not None:
        return _series_headline(data)
    things = "row" if data.rows == 1 else "rows"
    if data.flagged == 0:
        return f"None of {count(data.rows)} {things} is flagged" if data.rows != 1 else "The one row is not flagged"
    if data.flagged == data.rows:
        return f"All rows ({count(data.rows)}) are flagged" if data.rows != 1 else "The one row is flagged"
    verb = "is" if data.flagged == 1 else "are"
    share = percent(data.flagged / data.rows)
    return f"{count(data.flagged)} of {count(data.rows)} {things} {verb} flagged ({share})"


def _series_headline(data: AnomalyReport) -> str:
    windows = 0 if data.series is None else len(data.series.windows)
    points = f"{count(data.rows)} points in time"
    if windows == 0:
        return f"No window of {points} is flagged"
    named = "1 window is" if windows == 1 else f"{count(windows)} windows are"
    return f"{named} flagged: {count(data.flagged)} of {points} ({percent(data.flagged / max(data.rows, 1))})"


def lead(data: AnomalyReport) -> list[str]:
    """Return the sentences under it: what is promised, what it can find, what the rows are odd in, how good it is."""
    found = [data.guarantee or data.alarm.guarantee, data.power or data.alarm.power, _drivers(data), _measured(data)]
    return [sentence for sentence in found if sentence]


def assumption(data: AnomalyReport) -> str:
    """Return which reference case it is, and whether that was said or assumed."""
    if data.reference == "clean":
        rows = "the rows" if data.reference_rows is None else f"the {count(data.reference_rows)} rows"
        where = f"{rows} of {data.reference_source}" if data.reference_source else "the rows"
        return f"It was told that {where} hold no anomalies, and learned from them what is usual."
    if data.assumed:
        return (
            "Nobody said whether the rows are free of anomalies, so it is assumed that some of them are odd "
            "(reference: contaminated)."
        )
    return "It was told that the rows may hold anomalies (reference: contaminated)."


def alarm_in_words(data: AnomalyReport) -> str:
    """Return the rule by which rows are flagged, as a person asks for it.

    Examples
    --------
    >>> from mainstay.contracts.alarms import Alarm
    >>> from mainstay.evaluate.anomalies.report_data import AnomalyReport, MemberAgreement
    >>> members = MemberAgreement(names=("knn",), weights=(1.0,))
    >>> alarm_in_words(AnomalyReport(
    ...     rows=5, flagged=1, reference="clean", alarm=Alarm(rule="top", amount=1, cut=2.5), members=members))
    'top=1: the oddest row; cut at a score of 2.5'
    """
    alarm = data.alarm
    amount, share = f"{alarm.amount:g}", f"{100 * alarm.amount:.4g} %"
    one, many = ("row", "rows") if data.series is None else ("window", "windows")
    missed = "anomaly" if data.series is None else one
    words = {
        "fdr": f"at most {share} false alarms among the flagged {many}",
        "top": f"the oddest {one}" if alarm.amount == 1 else f"the {count(alarm.amount)} oddest {many}",
        "rate": f"{share} of the usual {many}",
        "cost": f"a missed {missed} costs as much as {amount} false alarms",
    }[alarm.rule]
    cut = "no score is high enough for an alarm" if alarm.cut is None else f"cut at a score of {number(alarm.cut)}"
    if judged_together(data):
        cut = f"judged together; for new rows {cut}"
    return f"{alarm.rule}={amount}: {words}; {cut}"


def judged_together(data: AnomalyReport) -> bool:
    """Return whether the rows of this run were judged as a batch, not one by one by the cut."""
    return bool(data.guarantee) and data.guarantee != data.alarm.guarantee


def p_values_in_words(data: AnomalyReport) -> str:
    """Return how p-values came about: the kind of the calibration in words, other words as they are."""
    known = {
        "tail": "estimated: the spread of the usual rows, from the middle of the scores carried on beyond it",
        "conformal": "split-conformal: the share of clean rows, that no fit has seen, with a score at least as high",
    }
    return known.get(data.p_values, data.p_values)


def for_new_rows(data: AnomalyReport) -> str:
    """Return what holds for single new rows, where the rows of this run were judged together; else nothing."""
    if not judged_together(data) or not data.alarm.guarantee:
        return ""
    return f"The rows were judged together. New rows are judged one by one, by the cut: {data.alarm.guarantee}"


def _drivers(data: AnomalyReport) -> str:
    """Return what the flagged rows are odd in."""
    strong = [one for one in data.drivers[:_MOST] if one.share >= _LEAST]
    if not data.flagged or not strong:
        return ""
    named = ", ".join(f"{one.column} ({percent(one.share, 0)})" for one in strong)
    return f"Flagged rows are odd mostly in {named}." if len(data.drivers) > 1 else ""


def _measured(data: AnomalyReport) -> str:
    if data.judged is None:
        return ""
    names = {"average_precision": "average precision", "roc_auc": "area under the ROC curve"}
    told = [
        f"{title} {data.judged.metrics[name]}"
        for name, title in names.items()
        if name in data.judged.metrics and data.judged.metrics[name].value is not None
    ]
    return f"Against {data.labels or 'the labels'}: {', '.join(told)}." if told else ""
