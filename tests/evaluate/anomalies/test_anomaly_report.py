"""The page, the card and the charts of a detection: the verdict first, every figure in its place, no text that runs."""

import re

import msgspec
import pytest
from tests.evaluate.anomalies.report_samples import NASTY, minimal, report, series

from mainstay.contracts.alarms import Alarm
from mainstay.contracts.errors import UsageError
from mainstay.evaluate.anomalies.card import anomaly_card
from mainstay.evaluate.anomalies.charts import anomaly_chart, anomaly_plots, anomaly_table
from mainstay.evaluate.anomalies.report import anomaly_report
from mainstay.evaluate.anomalies.report_data import AnomalyReport, Judged, MemberAgreement
from mainstay.evaluate.anomalies.sections import anomaly_sections
from mainstay.evaluate.anomalies.verdict import alarm_in_words, assumption, headline
from mainstay.evaluate.plots import PLOTS
from mainstay.evaluate.sections import Section


@pytest.fixture(scope="module")
def data():
    return report()


@pytest.fixture(scope="module")
def page(data):
    return anomaly_report(data)


def test_what_is_flagged_comes_first_and_every_part_is_there(page, data):
    order = ["53 of 2,000 rows are flagged (2.6 %)", "an estimated 10 % at most", 'id="cases"', 'id="scores"',
             'id="drivers"', 'id="labels"', 'id="ask"', 'id="members"', 'id="columns"', 'id="findings"', 'id="use"',
             'id="limits"', "ab" * 32, "cd" * 32]  # fmt: skip
    places = [page.index(words) for words in order]
    assert places == sorted(places)
    assert page.count("<svg") == 7
    for words in ("amount (50 %)", "fdr=0.1: at most 10 % false alarms among the flagged rows; cut at a score of 2.",
                  "average precision 0.910 (0.850-0.960)", "12 rows that say the same count once.",
                  "mainstay predict &#39;my detector.mainstay&#39; new.csv"):  # fmt: skip
        assert words in page
    reasons = [case.reason for case in data.cases]
    assert all(reasons)
    assert all(reason in page for reason in reasons)
    assert "33 more flagged rows are in the answers" in page


def test_nothing_in_the_page_runs_or_is_fetched(page):
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "default-src 'none'" in page


def test_every_link_of_the_page_leads_to_a_part_of_it(page):
    links = set(re.findall(r"<nav.*?</nav>", page, re.DOTALL)[0].split('href="#')[1:])
    assert len(links) == 9
    assert all(f'id="{link.split(chr(34))[0]}"' in page for link in links)


def test_the_record_is_json_both_ways(data):
    for one in (data, minimal(), series()):
        assert msgspec.json.decode(msgspec.json.encode(one), type=AnomalyReport) == one


def test_every_chart_is_data_first_and_can_be_drawn(data):
    plots = anomaly_plots(data)
    assert list(plots) == [
        "scores", "drivers", "precision_recall", "recall_by_capacity", "roc", "members", "cases",
    ]  # fmt: skip
    for name, plot in (plots | anomaly_plots(series())).items():
        assert plot.kind in PLOTS
        assert len({len(column) for column in plot.data.values()}) == 1, name
        assert plot.words
    for name in plots:
        assert anomaly_chart(data, name).to_dict()["config"]
        assert anomaly_table(data, name) == plots[name].data
    assert anomaly_table(data, "ROC curve") == plots["roc"].data
    with pytest.raises(UsageError, match="no picture 'pie'") as raised:
        anomaly_chart(data, "pie")
    assert "scores, drivers" in raised.value.hint


def test_the_table_of_scores_adds_up_to_the_rows_and_the_flagged(data):
    table = anomaly_table(data, "scores")
    assert sum(table["usual"]) + sum(table["flagged"]) == data.rows
    assert sum(table["flagged"]) == data.flagged
    assert sum(table["anomalies"]) == data.judged.anomalies
    # No bar is on both sides of the cut.
    assert not any(usual and flagged for usual, flagged in zip(table["usual"], table["flagged"], strict=True))


def test_the_parts_of_a_case_add_up_to_its_score(data):
    table = anomaly_table(data, "cases")
    for case in data.cases:
        parts = [part for row, part in zip(table["row"], table["part"], strict=True) if row == f"row {case.row + 1:,}"]
        assert sum(parts) == pytest.approx(case.score)


def test_the_alarm_stands_on_its_curve(data):
    curve = anomaly_table(data, "recall_by_capacity")
    assert curve["mark"].count("the alarm") == 1
    at = curve["mark"].index("the alarm")
    assert (curve["x"][at], curve["y"][at]) == (round(0.9 * 30 / 0.8), 0.9)


def test_a_page_without_pictures_has_all_the_words(data, page):
    plain = anomaly_report(data, drawn=False)
    assert "<svg" not in plain
    without = re.sub(r'<div class="charts">.*?</div>', "", page, flags=re.DOTALL)
    assert plain.count("<table") == without.count("<table")
    assert "What the members say" not in plain


def test_the_least_that_a_report_can_hold_makes_a_page_and_a_card():
    for one in (minimal(), minimal(rows=1), minimal(rows=1, flagged=1), minimal(rows=0)):
        page = anomaly_report(one)
        assert headline(one) in page
        assert headline(one) in anomaly_card(one)
        assert "Nothing was found that a person should know." in page
        assert [section.key for section in anomaly_sections(one)] == ["members"]
    assert headline(minimal()) == "None of 100 rows is flagged"
    assert headline(minimal(rows=1)) == "The one row is not flagged"
    assert alarm_in_words(minimal()) == "rate=0.01: 1 % of the usual rows; no score is high enough for an alarm"


def test_no_flagged_row_and_all_flagged():
    none = report(cut=None, labels=False)
    assert none.flagged == 0
    page = anomaly_report(none)
    assert "None of 2,000 rows is flagged" in page
    assert "Which columns drive the alarms" not in page
    assert "more flagged rows" not in page
    assert "odd mostly" not in page
    everything = report(cut=-1.0, labels=False)
    page = anomaly_report(everything)
    assert "All rows (2,000) are flagged" in page
    assert "Most rows are flagged." in page
    assert "Most rows are flagged." not in anomaly_report(none, drawn=False)


def test_which_reference_it_is_is_said():
    assert "Nobody said" in assumption(minimal(reference="contaminated", assumed=True))
    assert "may hold anomalies" in assumption(minimal(reference="contaminated"))
    clean = minimal(reference_source="good.csv", reference_rows=1200)
    assert "the 1,200 rows of good.csv hold no anomalies" in assumption(clean)
    assert "Clean reference rows give valid p-values" in anomaly_report(report(), drawn=False)
    assert "the same kind as the clean reference" in anomaly_report(clean, drawn=False)


def test_rows_that_were_judged_together_have_a_guarantee_of_their_own():
    alarm = Alarm(rule="fdr", amount=0.1, cut=2.0, guarantee="By the cut.", power="Some.", notes=("Two are equal.",))
    alone = report(alarm=alarm, power="")
    page = anomaly_report(alone, drawn=False)
    assert "By the cut." in page
    assert "Some." in page
    assert "Two are equal." in page
    assert "judged together" not in page
    together = report(alarm=alarm, guarantee="All together.")
    page = anomaly_report(together, drawn=False)
    assert "judged together; for new rows cut at a score of 2." in page
    assert "cut for new rows" in page
    assert "cut" not in anomaly_plots(together)["cases"].options
    assert "cut" in anomaly_plots(alone)["cases"].options
    assert page.index("All together.") < page.index("New rows are judged one by one, by the cut: By the cut.")


def test_a_case_names_what_its_reason_does_not_name(data):
    table = next(section for section in anomaly_sections(data) if section.key == "cases").tables[0]
    assert table.columns[-1] == "Also odd in"
    assert all("amount" in row[-2] and "amount" not in row[-1] and "country NG" in row[-1] for row in table.rows)


def test_how_p_values_came_about_is_said_in_words():
    for kind, words in (("tail", "estimated: "), ("conformal", "split-conformal: "), ("by hand", "by hand")):
        made = minimal(p_values=kind)
        assert f"<dt>p-values</dt><dd>{words}" in anomaly_report(made, drawn=False)
        assert f"- p-values: {words}" in anomaly_card(made)


def test_labels_of_one_kind_only_have_no_curves():
    one = minimal(judged=Judged(metrics={}, rows=50, anomalies=0), labels="fraud")
    page = anomaly_report(one)
    assert "fraud is known for 50 rows, of which 0 (0 %) are anomalies" in page
    assert "most figures do not apply" in page
    assert list(anomaly_plots(one)) == []


def test_members_that_agree_with_nobody_are_told():
    members = MemberAgreement(
        names=("knn", "lof", "my_own"), weights=(0.5, 0.5, 0.0), rows=9,
        correlation=((1.0, 0.05, None), (0.05, 1.0, None), (None, None, None)),
    )  # fmt: skip
    table = anomaly_sections(minimal(members=members))[0].tables[0]
    assert [row[0] for row in table.rows] == ["Nearest neighbours", "Local outlier factor", "My own"]
    assert table.rows[0][2] == "0.05, with nobody"
    assert table.rows[2][2] == "says the same of all rows"
    cells = anomaly_table(minimal(members=members), "members")
    assert cells["text"].count("") == 5


def test_the_card_says_the_same_in_markdown(data):
    card = anomaly_card(data)
    assert "**53 of 2,000 rows are flagged (2.6 %).**" in card
    assert "<script" not in card
    assert "\\*\\*bold\\*\\*" in card
    lines = card.splitlines()
    tables = [line for line in lines if line.startswith("|")]
    assert len(tables) > 30
    assert [line for line in lines if line.startswith("## ")] == [
        "## The oddest rows", "## Which columns drive the alarms", "## Members", "## Against Class", "## What it is",
        "## Columns", "## What the data inspection found", "## Limits",
    ]  # fmt: skip
    assert "| Area under the ROC curve | 0.990 (0.980-1.000) |" in card


def test_a_series_has_its_windows_on_page_card_and_chart():
    made = series()
    page = anomaly_report(made, drawn=False)
    assert "2 windows are flagged: 161 of 5,000 points in time (3.2 %)" in page
    assert "The period: 288 points (1 day)." in page
    assert "12 repeated times" in page
    assert "2026-01-07 21:50<" in page
    assert "usual stretches, each" not in page
    assert "| 2026-01-07T21:50:00 |" in anomaly_card(made)
    table = anomaly_table(made, "series")
    assert {"value", "score", "window", "known"} == set(table["what"])
    assert len(anomaly_chart(made, "series").to_dict()["vconcat"]) == 3
    assert "No window of 5,000 points" in headline(series(series=msgspec.structs.replace(made.series, windows=())))


def test_further_sections_stand_behind_ours_and_are_called_by_their_place():
    extra = Section(key="cost", title="What it costs", text=(NASTY,), plots=(anomaly_plots(report())["drivers"],))
    made = report(sections=(extra,))
    assert anomaly_sections(made)[-1] is extra
    assert "cost-0" in anomaly_plots(made)
    assert "What it costs" in anomaly_report(made, drawn=False)


@pytest.mark.parametrize(
    ("rule", "amount", "words"),
    [
        ("fdr", 0.05, "fdr=0.05: at most 5 % false alarms among the flagged rows"),
        ("top", 20, "top=20: the 20 oddest rows"),
        ("rate", 0.005, "rate=0.005: 0.5 % of the usual rows"),
        ("cost", 50, "cost=50: a missed anomaly costs as much as 50 false alarms"),
    ],
)
def test_an_alarm_is_told_as_it_is_asked_for(rule, amount, words):
    said = alarm_in_words(minimal(alarm=Alarm(rule=rule, amount=amount, cut=3.25)))
    assert said == f"{words}; cut at a score of 3.25"


def test_a_series_counts_windows_and_points():
    made = series()
    assert alarm_in_words(made) == "fdr=0.1: at most 10 % false alarms among the flagged windows; cut at a score of 2.5"
    page = anomaly_report(made, drawn=False)
    assert "A point in time is judged by all windows that it lies in." in page
    assert "P-values take stretches" in page
    assert "weighted mean of its members" not in page
    assert "weighted mean of its members" in anomaly_report(report(), drawn=False)
