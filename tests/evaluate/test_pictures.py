"""One picture of a report by its name: what a notebook asks for."""

import msgspec
import pytest

from mainstay.contracts.errors import UsageError
from mainstay.evaluate.charts import svg
from mainstay.evaluate.intervals import Score
from mainstay.evaluate.pictures import training_chart
from mainstay.evaluate.report_data import Candidate, ReportData, RowCounts
from mainstay.evaluate.sections import Plot, Section

BARS = Plot(kind="bars", title="Weights", data={"name": ["a"], "value": [1.0], "low": [0.5], "high": [1.5]})
LINES = Plot(kind="lines", title="Learning", data={"x": [10, 20], "y": [0.5, 0.7]})
DATA = ReportData(
    task="regression", target="y", metric="rmse", scores={"rmse": Score(1.0, 0.5, 1.5)},
    rows=RowCounts(total=50, train=40, test=10), leaderboard=(Candidate(name="ridge", value=1.0, low=0.5, high=1.5),),
    sections=(Section(key="inside", title="Inside", plots=(BARS, BARS)), Section(key="learning-curve", title="L",
              plots=(LINES,)), Section(key="words", title="Words only")),
)  # fmt: skip


def test_a_picture_of_its_own_and_one_of_a_section():
    assert "ridge" in svg(training_chart(DATA, "leaderboard"))
    assert svg(training_chart(DATA, "learning-curve")) == svg(training_chart(DATA, "learning-curve-0"))


def test_the_plots_of_a_section_are_stacked_in_the_house_look():
    one, both = training_chart(DATA, "inside-0"), training_chart(DATA, "inside")
    assert svg(both).count(">a<") == 2 * svg(one).count(">a<") > 0
    assert both.to_dict()["config"] == one.to_dict()["config"]
    assert "config" in one.to_dict()  # the parts stay whole


@pytest.mark.parametrize("name", ["words", "roc", "learning", "", "0"])
def test_what_is_not_there_gets_a_sentence_with_what_is(name):
    with pytest.raises(UsageError, match="leaderboard, inside, learning-curve"):
        training_chart(DATA, name)


def test_a_report_that_came_from_a_file_draws_the_same():
    again = msgspec.json.decode(msgspec.json.encode(DATA), type=ReportData)
    assert svg(training_chart(again, "inside")) == svg(training_chart(DATA, "inside"))
