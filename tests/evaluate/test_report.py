"""Pages say what the data say, hold nothing that runs or comes from outside, and escape every text."""

import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import numpy as np
import pytest
from tests.evaluate.samples import report_data

from mainstay.contracts.errors import UsageError
from mainstay.contracts.findings import Finding
from mainstay.data.quality_records import ColumnProfile, Level, NumberSummary, Profile, TargetSummary
from mainstay.evaluate.card import model_card
from mainstay.evaluate.compare import Comparison
from mainstay.evaluate.curves import histogram
from mainstay.evaluate.importance import ColumnImportance, Importance
from mainstay.evaluate.intervals import Score
from mainstay.evaluate.report import profile_report, training_report
from mainstay.evaluate.report_data import Candidate, ColumnRow, Member, ReportData, RowCounts, Stage

EVIL = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>{{ 7 * 7 }}"
SHARED = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"


class Page(HTMLParser):
    """Collects tags, attributes and text, and checks that tags close in order."""

    VOID = frozenset({"meta", "br", "img", "link", "input", "hr"})

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.words, self.open = [], [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def check_closed(page):
    """Nothing runs, nothing is fetched."""
    found = Page(page)
    assert not {"script", "img", "link", "iframe", "object", "embed", "foreignobject", "base"} & set(found.tags)
    names = [name for name, _ in found.attributes]
    assert not [name for name in names if name.startswith("on")]
    for name, value in found.attributes:
        if name in {"href", "src", "xlink:href", "action"}:
            assert value.startswith("#")
    assert "default-src 'none'" in page
    assert not re.search(r"@import|url\((?!#)", page)
    identities = [value for name, value in found.attributes if name == "id"]
    assert len(identities) == len(set(identities))
    return found


@pytest.fixture(scope="module", params=["binary", "many", "amounts"])
def sample(request):
    return report_data(request.param)


def test_a_page_is_closed_and_says_its_numbers(sample):
    found = check_closed(training_report(sample))
    assert "rows that no choice has seen" in found.text
    assert str(sample.scores[sample.metric]) in found.text
    for entry in sample.leaderboard:
        assert entry.name in found.text
        assert entry.reason in found.text
    for finding in sample.findings:
        assert finding.message in found.text
        assert finding.advice in found.text
    assert sample.digest in found.text
    assert "mainstay serve diagnosis.mainstay" in found.text
    assert found.tags.count("svg") >= 6
    assert "No model beats the baseline" not in found.text


def test_the_record_survives_json(sample):
    assert msgspec.json.decode(msgspec.json.encode(sample), type=ReportData) == sample


def test_the_same_data_give_the_same_page(sample):
    assert training_report(sample) == training_report(sample)


def test_noise_gets_the_banner():
    data = report_data("binary", noise=True)
    page = check_closed(training_report(data)).text
    assert "No model beats the baseline." in page
    assert "No model beats the baseline" in model_card(data)


ROWS = RowCounts(total=10, train=8, test=2)


def small(**changes):
    values = {
        "task": "regression",
        "target": "y",
        "metric": "mae",
        "scores": {"mae": Score(1.0, 0.5, 2.0)},
        "rows": ROWS,
    }
    return ReportData(**values | changes)


def test_a_page_needs_almost_nothing():
    found = check_closed(training_report(small()))
    assert "svg" not in found.tags
    assert "Nothing was found" in found.text


@pytest.mark.parametrize(
    ("metric", "difference", "tied", "banner"),
    [("mae", -1.0, False, False), ("mae", 1.0, False, True), ("r2", 0.5, False, False), ("r2", 0.5, True, True)],
)
def test_the_banner_stands_where_the_baseline_is_not_beaten(metric, difference, tied, banner):
    verdict = Comparison(difference, difference - 0.1, difference + 0.1, 0.9, tied)
    data = small(metric=metric, scores={metric: Score(0.5)}, baseline=Score(1.0), against_baseline=verdict)
    assert ("No model beats" in training_report(data)) == banner
    assert "better beyond doubt" in training_report(data) or banner


def test_opening_the_test_rows_twice_is_said_aloud():
    assert "were opened 3 times" in training_report(small(test_openings=3))
    assert "opened 3 times" not in training_report(small())
    assert "Held-out rows opened: 3 times" in model_card(small(test_openings=3))


def test_a_metric_that_does_not_apply_is_said_and_not_zero():
    data = small(scores={"mae": Score(None), "mape": Score(None)})
    page = Page(training_report(data)).text
    assert "MAE does not apply to the 2 rows held out" in page
    assert "Does not apply to these rows." in page


def test_every_text_is_escaped():
    data = small(
        task="classification",
        target=EVIL,
        metric="accuracy",
        scores={"accuracy": Score(0.5, 0.4, 0.6), EVIL: Score(0.1)},
        columns=(ColumnRow(name=EVIL, kind="category", detail=EVIL, evidence=EVIL),),
        source=EVIL,
        split=EVIL,
        labels=(EVIL, "b"),
        positive=EVIL,
        threshold=0.3,
        class_counts={EVIL: 3, "b": 1},
        findings=(Finding(severity="error", code=EVIL, message=EVIL, advice=EVIL, column=EVIL),),
        leaderboard=(Candidate(name=EVIL, value=0.5, low=0.4, high=0.6, recipe=EVIL, reason=EVIL, tied=True),),
        leaderboard_rows=EVIL,
        members=(Member(EVIL, 0.5), Member("b", 0.5)),
        importance=Importance("accuracy", 0.5, 2, (ColumnImportance(EVIL, 0.1, 0.0, 0.2, 2),), (EVIL,)),
        stages=(Stage(EVIL, 1.0),),
        bundle=EVIL,
        digest=EVIL,
        data_digest=EVIL,
        settings={EVIL: EVIL},
        versions={EVIL: EVIL},
        parity=EVIL,
        created=EVIL,
    )
    found = check_closed(training_report(data))
    assert found.text.count("<script>alert('x')</script>") >= 20
    assert "49" not in found.text.replace("0.49", "")
    card = model_card(data)
    assert "<script>" not in card
    assert "<img" not in card


def numbers(values):
    array = np.asarray(values, float)
    return NumberSummary(
        minimum=min(values), maximum=max(values), mean=float(array.mean()), median=float(np.median(array)), std=1.0,
        skew=0.0, quantiles={}, zeros=0, negatives=0, outliers=1, outlier_rule="", whole=False, at_minimum=1,
        at_maximum=1, histogram=histogram(array),
    )  # fmt: skip


def profile(name="age"):
    columns = (
        ColumnProfile(
            name=name, kind="number", role="feature", missing=2, missing_share=0.2, unreadable=1, distinct=7,
            evidence=name, numbers=numbers(range(8)),
        ),
        ColumnProfile(
            name="when", kind="datetime", role="feature", missing=0, missing_share=0.0, unreadable=0, distinct=8,
            evidence="", numbers=numbers(range(18_000, 18_008)), first="2019-04-14", last="2019-04-21",
        ),
        ColumnProfile(
            name="y", kind="category", role="target", missing=0, missing_share=0.0, unreadable=0, distinct=2,
            evidence="", levels=(Level(name, 6, 0.75), Level("b", 2, 0.25)),
        ),
    )  # fmt: skip
    finding = Finding(severity="warning", code="gaps", message=f"{name} has gaps", advice="Look.", rows=(1, 2))
    target = TargetSummary(name="y", task="classification", missing=0, classes=columns[2].levels, conflicts=2)
    return Profile(source=name, rows=10, columns=columns, findings=(finding,), target=target, duplicates=1)


def test_a_profile_page_shows_findings_and_columns():
    found = check_closed(profile_report(profile(), seconds=0.4, created="today"))
    for words in (
        "age has gaps",
        "20.0 % missing",
        "1 unreadable",
        "2019-04-14 to 2019-04-21",
        "400 ms",
        "repeated rows",
    ):
        assert words in found.text
    assert found.tags.count("svg") == 5
    assert profile_report(profile().to_dict(), seconds=0.4, created="today") == profile_report(
        profile(), seconds=0.4, created="today"
    )


def test_a_profile_page_escapes_every_text():
    check_closed(profile_report(profile(EVIL)))


def test_an_empty_profile_has_a_page():
    check_closed(profile_report(Profile(source="", rows=0, columns=(), findings=())))


def test_another_shape_has_its_sentence():
    with pytest.raises(UsageError, match="another shape"):
        profile_report({"rows": "many"})


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data are not here")
@pytest.mark.parametrize("path", ["telco_churn/Telco-Customer-Churn.csv", "penguins/penguins_raw.csv"])
def test_profiles_of_real_tables(path):
    from mainstay.data.infer import infer
    from mainstay.data.quality import profile as look
    from mainstay.data.read import read

    table = read(SHARED / path)
    found = check_closed(profile_report(look(table, infer(table).schema)))
    for name in table.frame.columns:
        assert " ".join(name.split()) in found.text


def test_the_card_has_its_sections(sample):
    card = model_card(sample)
    for section in ("What it is", "Scores on the rows held out", "Columns it expects", "What was tried", "Limits"):
        assert f"## {section}" in card
    assert "diagnosis.mainstay" in card
    for line in card.splitlines():
        assert not line.startswith("|") or line.count("|") - line.count("\\|") in (4, 5)
