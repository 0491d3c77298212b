"""Honest evaluation: metrics with intervals, comparison, explanation, charts and the report.

A face only. Import the file that holds what you need; numbers need numpy alone, charts load altair, the report
loads jinja2, each on first use:

    evidence.py      the rows that are judged, checked once
    metrics.py       the table of metrics; metrics_classes, metrics_amounts, ranks compute them
    intervals.py     ``evaluate``: every metric with its 95 % interval; proportions, resample do the statistics
    compare.py       ``compare`` and ``ties``: which candidates cannot be told apart
    curves.py        ROC, precision-recall, calibration, confusion, residuals, as plain records
    importance.py    permutation importance of input columns under a deadline
    charts.py        the same numbers as Altair specifications, and as static SVG
    report.py        one self-contained HTML page; card.py the same as markdown
"""
