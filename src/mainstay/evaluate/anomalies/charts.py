"""The pictures of an anomaly report by name, and the numbers behind each as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mainstay.evaluate.anomalies.sections import anomaly_sections

if TYPE_CHECKING:
    from mainstay.evaluate.anomalies.report_data import AnomalyReport
    from mainstay.evaluate.sections import Cell, Plot

__all__ = ["anomaly_chart", "anomaly_plots", "anomaly_table"]

_NAMES = {
    "score_spread": "scores",
    "case_parts": "cases",
    "alarm_drivers": "drivers",
    "cells": "members",
    "anomaly_series": "series",
}
_FOUND = {"Precision over recall": "precision_recall", "Recall by capacity": "recall_by_capacity", "ROC curve": "roc"}


def anomaly_plots(data: AnomalyReport) -> dict[str, Plot]:
    """Return the pictures of a report as data, by name.

    Names are "scores", "cases", "drivers", "members", "series", "precision_recall", "recall_by_capacity" and "roc", as
    far as the report has them; those of further sections are called by their place, "section-0".
    """
    found: dict[str, Plot] = {}
    for section in anomaly_sections(data):
        for place, plot in enumerate(section.plots):
            ours = _FOUND.get(plot.title) if plot.kind == "found" else _NAMES.get(plot.kind)
            name = f"{section.key}-{place}" if ours is None or ours in found else ours
            found[name] = plot
    return found


def anomaly_chart(data: AnomalyReport, name: str) -> Any:
    """Return one picture of the report as an Altair chart.

    Parameters
    ----------
    data : AnomalyReport
    name : str
        One of :func:`anomaly_plots`, or the title of a picture.

    Raises
    ------
    UsageError
        When the report has no such picture; the hint names those that it has.
    """
    from mainstay.evaluate.plots import draw_plot

    return draw_plot(_plot(data, name))


def anomaly_table(data: AnomalyReport, name: str) -> dict[str, list[Cell]]:
    """Return the numbers behind a picture as columns of equal length.

    Parameters
    ----------
    data : AnomalyReport
    name : str
        As for :func:`anomaly_chart`.

    Raises
    ------
    UsageError
        When the report has no such picture.

    Examples
    --------
    >>> from mainstay.contracts.alarms import Alarm
    >>> from mainstay.evaluate.anomalies.report_data import AnomalyReport, Driver, MemberAgreement
    >>> drivers = (Driver(column="age", share=0.75), Driver(column="sex", share=0.25))
    >>> made = AnomalyReport(rows=9, flagged=1, reference="clean", alarm=Alarm(rule="top", amount=1, cut=2.0),
    ...     members=MemberAgreement(names=("knn",), weights=(1.0,)), drivers=drivers)
    >>> anomaly_table(made, "drivers")
    {'column': ['age', 'sex'], 'share': [0.75, 0.25], 'first': [0, 0]}
    """
    return {column: list(cells) for column, cells in _plot(data, name).data.items()}


def _plot(data: AnomalyReport, name: str) -> Plot:
    from mainstay.contracts.errors import UsageError

    known = anomaly_plots(data)
    if name in known:
        return known[name]
    for plot in known.values():
        if plot.title.lower() == name.lower():
            return plot
    has = f"It has: {', '.join(known)}." if known else "It has no pictures."
    raise UsageError(f"there is no picture {name!r} in this report", where="picture", hint=has)
