"""Draws the plots of a report's sections: a table of kinds, each with the function that draws it.

A new kind is one function in a ``chart_*.py`` and one line in :data:`PLOTS`; lines, bars and points suit most needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from mainstay.evaluate.sections import Plot

__all__ = ["PLOTS", "draw_plot"]

PLOTS: dict[str, str] = {
    "alarm_drivers": "mainstay.evaluate.anomalies.chart_scores:drivers_chart",
    "anomaly_series": "mainstay.evaluate.anomalies.chart_series:series_chart",
    "bars": "mainstay.evaluate.chart_general:bars_chart",
    "case_parts": "mainstay.evaluate.anomalies.chart_scores:case_parts_chart",
    "cells": "mainstay.evaluate.clusters.chart_cells:cells_chart",
    "cluster_heat": "mainstay.evaluate.clusters.chart_cells:heat_chart",
    "cluster_map": "mainstay.evaluate.clusters.chart_rows:cluster_map_chart",
    "cluster_sizes": "mainstay.evaluate.clusters.chart_cells:sizes_chart",
    "criterion": "mainstay.evaluate.clusters.chart_curve:criterion_chart",
    "dendrogram": "mainstay.evaluate.clusters.chart_dendrogram:dendrogram_chart",
    "dots": "mainstay.evaluate.chart_general:dots_chart",
    "elbow": "mainstay.evaluate.clusters.chart_curve:elbow_chart",
    "found": "mainstay.evaluate.anomalies.chart_found:found_chart",
    "lines": "mainstay.evaluate.chart_general:lines_chart",
    "points": "mainstay.evaluate.chart_general:points_chart",
    "pushes": "mainstay.evaluate.chart_contributions:pushes_chart",
    "score_spread": "mainstay.evaluate.anomalies.chart_scores:score_spread_chart",
    "silhouettes": "mainstay.evaluate.clusters.chart_rows:silhouette_chart",
    "single_rows": "mainstay.evaluate.chart_general:single_rows_chart",
    "tree": "mainstay.evaluate.chart_tree:tree_chart",
}


def draw_plot(plot: Plot) -> Any:
    """Return a plot as an Altair chart.

    Raises
    ------
    UsageError
        When the kind is unknown.

    Examples
    --------
    >>> from mainstay.evaluate.sections import Plot
    >>> plot = Plot(kind="lines", title="Learning", data={"x": [10, 20], "y": [0.5, 0.7]})
    >>> type(draw_plot(plot)).__name__
    'LayerChart'
    """
    if plot.kind not in PLOTS:
        raise UsageError(f"there is no plot of kind {plot.kind!r}", where="plot", hint=f"Known: {', '.join(PLOTS)}.")
    module, _, function = PLOTS[plot.kind].partition(":")
    return getattr(import_module(module), function)(plot)
