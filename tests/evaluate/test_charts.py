"""Charts draw the records and nothing else, as valid Altair specifications and as static pictures."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from mainstay.data.quality_records import Level
from mainstay.evaluate import charts
from mainstay.evaluate.curves import curves_of, histogram
from mainstay.evaluate.evidence import gather
from mainstay.evaluate.importance import ColumnImportance, Importance
from mainstay.evaluate.report_data import Candidate
from mainstay.evaluate.theme import CLASSES

RNG = np.random.default_rng(0)
CHANCE = np.clip(RNG.random(80), 0.05, 0.95)
BINARY = curves_of(gather("classification", (RNG.random(80) < CHANCE).astype(int), np.stack([1 - CHANCE, CHANCE], 1)))
MANY = curves_of(gather("classification", np.arange(60) % 12, RNG.dirichlet(np.ones(12), 60)))
AMOUNTS = curves_of(gather("regression", RNG.normal(size=90), RNG.normal(size=90))).errors
BOARD = (
    Candidate(name="a", value=0.8, low=0.7, high=0.9, tied=True),
    Candidate(name="b", value=0.5, baseline=True),
    Candidate(name="c", status="failed", reason="no"),
)
IMPORTANCE = Importance(
    "roc_auc", 0.8, 10, (ColumnImportance("x", 0.1, 0.05, 0.15, 5), ColumnImportance("y", 0, None, None, 1))
)

CHARTS = {
    "leaderboard": lambda: charts.leaderboard_chart(BOARD, "roc_auc"),
    "importance": lambda: charts.importance_chart(IMPORTANCE),
    "roc": lambda: charts.roc_chart(BINARY.roc),
    "roc of many": lambda: charts.roc_chart(MANY.roc),
    "precision_recall": lambda: charts.precision_recall_chart(BINARY.precision_recall, 0.5),
    "precision_recall of many": lambda: charts.precision_recall_chart(MANY.precision_recall),
    "gain": lambda: charts.gain_chart(BINARY.gain),
    "calibration": lambda: charts.calibration_chart(BINARY.calibration),
    "confusion": lambda: charts.confusion_chart(BINARY.confusion),
    "confusion of many": lambda: charts.confusion_chart(MANY.confusion),
    "balance": lambda: charts.class_balance_chart({"No": 3, "Yes": 1}),
    "predicted": lambda: charts.predicted_true_chart(AMOUNTS),
    "residuals": lambda: charts.residual_chart(AMOUNTS),
    "errors": lambda: charts.error_histogram_chart(AMOUNTS),
    "histogram": lambda: charts.column_histogram_chart(histogram(RNG.normal(size=50))),
    "dates": lambda: charts.column_histogram_chart(histogram(18_000 + 100 * RNG.random(50)), dates=True),
    "top": lambda: charts.top_values_chart((Level("a", 3, 0.75), Level("b", 1, 0.25))),
    "missing": lambda: charts.missing_chart({"a": 0.5, "b": 0.0, "c": 0.0001}),
}


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_is_valid_and_draws(name):
    chart = CHARTS[name]()
    chart.to_dict(validate=True)
    picture = charts.svg(chart, name="one", words='what "it" shows')
    root = ET.fromstring(picture)
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == 'what "it" shows'
    assert "<script" not in picture
    marks = [part for part in root.iter() if part.tag.endswith(("path", "line", "rect", "circle"))]
    assert len(marks) > 3
    assert "NaN" not in picture


def words_of(chart):
    root = ET.fromstring(charts.svg(chart))
    return [part.text for part in root.iter() if part.tag.endswith("text") and part.text]


def test_the_leaderboard_is_best_first_and_leaves_out_what_has_no_score():
    words = words_of(charts.leaderboard_chart(BOARD, "roc_auc"))
    assert [word for word in words if word in "abc"] == ["a", "b"]
    swapped = words_of(charts.leaderboard_chart(BOARD, "log_loss"))
    assert [word for word in swapped if word in "abc"] == ["b", "a"]


def test_text_of_users_is_escaped_in_pictures():
    evil = "<script>alert(1)</script>"
    picture = charts.svg(charts.class_balance_chart({evil: 3, 'a" onload="x': 1}), words=evil)
    assert "<script" not in picture
    names = [name for part in ET.fromstring(picture).iter() for name in part.attrib]
    assert not [name for name in names if name.startswith("on")]
    field = charts.svg(
        charts.importance_chart(Importance("mae", 1.0, 5, (ColumnImportance("a.b[c]'d", 0.1, 0, 1, 1),)))
    )
    assert "a.b[c]" in field


def test_identities_are_unique_in_a_page():
    chart = CHARTS["roc"]()
    first, second = charts.svg(chart, name="first"), charts.svg(chart, name="second")
    found = {part.split('"')[0] for part in first.split(' id="')[1:]}
    assert found
    assert not found & {part.split('"')[0] for part in second.split(' id="')[1:]}
    assert all(f"#{identity})" in first for identity in found)


def test_nothing_is_fetched():
    import altair as alt

    chart = alt.Chart(alt.UrlData("http://localhost:9/data.csv")).mark_point().encode(x="a:Q")
    with pytest.raises(ValueError, match=r"(?i)url|denied|allowed"):
        charts.svg(chart)


def luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_colours_stand_out_from_white():
    """At least 3 to 1 for graphics (WCAG 2.1, 1.4.11)."""
    for colour in CLASSES:
        assert 1.05 / (luminance(colour) + 0.05) >= 3, colour
