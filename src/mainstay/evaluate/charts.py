"""The face of all charts: build one from plain records, and turn it into a static picture.

A chart is an Altair specification; a notebook shows it as it is, and :func:`svg` draws it without a browser, a script
or a font from outside. The numbers behind each chart are in the records of ``curves.py`` and ``report_data.py``.
"""

from __future__ import annotations

import re
from typing import Any

from mainstay.evaluate.chart_amounts import (
    error_histogram_chart,
    histogram_chart,
    predicted_true_chart,
    residual_chart,
)
from mainstay.evaluate.chart_board import importance_chart, leaderboard_chart
from mainstay.evaluate.chart_classes import (
    calibration_chart,
    class_balance_chart,
    confusion_chart,
    gain_chart,
    precision_recall_chart,
    roc_chart,
)
from mainstay.evaluate.chart_columns import column_histogram_chart, missing_chart, top_values_chart

__all__ = [
    "calibration_chart",
    "class_balance_chart",
    "column_histogram_chart",
    "confusion_chart",
    "error_histogram_chart",
    "gain_chart",
    "histogram_chart",
    "importance_chart",
    "leaderboard_chart",
    "missing_chart",
    "precision_recall_chart",
    "predicted_true_chart",
    "residual_chart",
    "roc_chart",
    "svg",
    "top_values_chart",
]

_IDENTITY = re.compile(r'(\bid="|url\(#|href="#)([^")]+)')


def svg(chart: Any, *, name: str = "chart", words: str = "") -> str:
    """Return a chart as one static ``<svg>`` element that can stand in a page.

    Parameters
    ----------
    chart : altair chart
    name : str, default "chart"
        Letters, digits and hyphens; put before every id inside, so that several charts can share a page.
    words : str
        What the picture shows, for readers who cannot see it.

    Examples
    --------
    >>> picture = svg(class_balance_chart({"No": 3, "Yes": 1}), name="balance", words="Rows of each class.")
    >>> picture.startswith("<svg"), "<script" in picture, 'aria-label="Rows of each class."' in picture
    (True, False, True)
    """
    import vl_convert
    from markupsafe import escape

    # The specification was built by our own code: validating it again would double the time. No address is allowed,
    # so nothing is ever fetched.
    picture = str(vl_convert.vegalite_to_svg(chart.to_dict(validate=False), allowed_base_urls=[]))
    picture = _renamed(picture, name)
    return picture.replace("<svg ", f'<svg role="img" aria-label="{escape(words)}" ', 1)


def _renamed(picture: str, name: str) -> str:
    """Give the ids new numbers: Vega counts on through the life of a process, and one chart must give one picture."""
    known: dict[str, str] = {}

    def rename(found: re.Match[str]) -> str:
        return found[1] + known.setdefault(found[2], f"{name}-{len(known)}")

    return _IDENTITY.sub(rename, picture)
