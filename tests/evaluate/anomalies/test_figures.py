"""The parts of the report from arrays: sums stay sums, peaks stay peaks, strange numbers do no harm."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from mainstay.contracts.errors import UsageError
from mainstay.evaluate.anomalies.figures import alarm_drivers, judged, member_agreement, score_spread, top_cases
from mainstay.evaluate.anomalies.figures_series import flagged_spans, series_figure, series_line, series_windows
from mainstay.evaluate.intervals import Score

FINITE = st.floats(-1e6, 1e6, allow_nan=False)


@given(st.lists(FINITE, min_size=1, max_size=60), FINITE, st.integers(1, 80))
def test_a_spread_counts_every_row_once_and_no_bar_crosses_the_cut(values, cut, bins):
    scores = np.array(values)
    flagged = scores >= cut
    found = score_spread(scores, flagged, cut=cut, bins=bins, truth=flagged)
    assert sum(found.usual) == (~flagged).sum()
    assert sum(found.flagged) == sum(found.anomalies) == flagged.sum()
    assert (np.diff(found.edges) > 0).all()
    assert len(found.usual) == len(found.edges) - 1 <= 2 * bins + 2


def test_a_few_far_scores_leave_room_for_the_others():
    scores = np.concatenate([np.linspace(0, 3, 10_000), [1e9]])
    found = score_spread(scores, scores > 2, cut=2.0)
    assert found.edges[-1] < 6
    assert sum(found.flagged) == (scores > 2).sum()
    assert found.highest == 1e9
    assert found.cut == 2.0
    assert score_spread(scores, scores > 9e9, cut=np.inf).cut is None


def test_rows_without_a_score_are_left_out():
    scores = np.array([0.0, np.nan, 2.0])
    found = score_spread(scores, scores > 1, cut=1.0, truth=np.array([True, True, False]))
    assert sum(found.usual) + sum(found.flagged) == 2
    assert sum(found.anomalies) == 1
    nothing = score_spread(np.array([np.nan]), np.array([False]))
    assert nothing.usual == (0,)
    levels = np.array([[1.0, 2.0], [np.nan, np.nan], [2.0, 3.0], [3.0, 4.0]])
    assert member_agreement(levels, ("a", "b"), (0.5, 0.5)).rows == 3


def test_cases_are_the_oddest_first_and_the_earlier_of_equal_ones():
    frame = pl.DataFrame({"a": [1.5, float("nan"), None, 12345.678], "b": ["x" * 100, "y", "z", "w"]})
    scores = np.array([1.0, 3.0, 3.0, 2.0])
    found = top_cases(
        frame, scores, 10.0**-scores, scores > 2, levels=scores[:, None], reasons=[None, "one", "two", None],
        explained=np.array([1, 2, 0, 3]), shares=np.array([[2.0, 6.0], [1.0, 0.0], [1.0, 3.0], [np.nan, np.inf]]),
        columns=("a", "b"), labels=("", "fraud", "", ""), most=4,
    )  # fmt: skip
    assert [case.row for case in found] == [1, 2, 3, 0]
    assert [case.reason for case in found] == ["one", "two", "", ""]
    assert [case.flagged for case in found] == [True, True, False, False]
    assert found[0].values == {"b": "y", "a": "nan"}
    assert found[0].shares == {"b": 0.75, "a": 0.25}
    assert found[1].values == {"a": ""}
    assert found[2].values == {"b": "w"}
    assert len(found[3].values["b"]) == 60
    assert found[0].label == "fraud"
    assert found[0].levels == (3.0,)


def test_cases_can_be_named_by_who_asks():
    frame = pl.DataFrame({"a": [1, 2, 3]})
    scores = np.array([1.0, 3.0, 2.0])
    found = top_cases(frame, scores, scores, scores > 9, rows=np.array([2, 0]))
    assert [case.row for case in found] == [2, 0]
    assert found[0].values == {}


@given(st.integers(1, 20), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_parts_of_columns_sum_to_one(rows, columns, seed):
    shares = np.random.default_rng(seed).exponential(size=(rows, columns)) * 10.0 ** np.arange(columns)
    found = alarm_drivers(shares, [f"c{at}" for at in range(columns)])
    assert sum(one.share for one in found) == pytest.approx(1)
    assert sum(one.first for one in found) == rows
    assert [one.share for one in found] == sorted((one.share for one in found), reverse=True)


def test_no_flagged_row_has_no_drivers():
    assert alarm_drivers(np.empty((0, 3)), ("a", "b", "c")) == ()
    assert alarm_drivers(np.zeros((4, 2)), ("a", "b")) == ()


def test_agreement_is_spearmans():
    draw = np.random.default_rng(0)
    levels = draw.normal(size=(200, 3)).round(1)
    levels[:, 2] += levels[:, 0]
    found = member_agreement(levels, ("a", "b", "c"), (0.5, 0.25, 0.25))
    assert np.array(found.correlation) == pytest.approx(spearmanr(levels).statistic)
    assert found.rows == 200


def test_a_member_that_says_the_same_of_all_rows_has_no_correlation():
    levels = np.column_stack([np.arange(5.0), np.ones(5)])
    assert member_agreement(levels, ("a", "b"), (1.0, 0.0)).correlation == ((1.0, None), (None, None))
    assert member_agreement(np.empty((0, 1)), ("a",), (1.0,)).correlation == ((None,),)
    with pytest.raises(UsageError, match="levels of 1 members"):
        member_agreement(levels, ("a",), (1.0,))


def test_many_rows_are_drawn_alike_each_time():
    levels = np.random.default_rng(0).normal(size=(3000, 2))
    found = member_agreement(levels, ("a", "b"), (0.5, 0.5), most=500, seed=3)
    assert found.rows == 500
    assert found == member_agreement(levels, ("a", "b"), (0.5, 0.5), most=500, seed=3)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=50))
def test_recall_by_capacity_is_what_counting_gives(pairs):
    truth = np.array([one for one, _ in pairs])
    scores = np.array([float(score) for _, score in pairs])
    found = judged(truth, scores, {})
    if not 0 < truth.sum() < len(truth):
        assert found.roc is found.precision_recall is found.recall_by_capacity is None
        return
    curve = found.recall_by_capacity
    for looked, recall in zip(curve.x[1:], curve.y[1:], strict=True):
        oddest = scores >= np.sort(scores)[-int(looked)]
        assert oddest.sum() == looked
        assert truth[oddest].sum() / truth.sum() == pytest.approx(recall)
    assert (curve.x[-1], curve.y[-1]) == (len(truth), 1.0)


def test_figures_come_as_scores_or_as_plain_data():
    found = judged(np.array([True, False]), np.array([2.0, 1.0]), {"a": Score(0.5), "b": {"value": 0.1}}, capacity=1)
    assert found.metrics == {"a": Score(0.5), "b": Score(0.1)}
    assert found.used == "The labels were not used to find the anomalies."


def test_a_long_line_keeps_its_peaks_and_both_ends():
    values = np.sin(np.arange(100_000) / 500)
    values[77_777], values[12_345] = 50.0, -40.0
    values[5_000:6_000] = np.nan
    line = series_line("load", np.arange(100_000.0), values, most=400)
    assert len(line.times) <= 402
    there = [value for value in line.values if value is not None]
    assert (max(there), min(there)) == (50.0, -40.0)
    assert (line.times[0], line.times[-1]) == (0.0, 99_999.0)
    assert None in line.values
    assert list(line.times) == sorted(line.times)


def test_a_leap_in_time_opens_the_line_once():
    times = np.arange(50).astype("datetime64[m]")
    times[20:] += np.timedelta64(2, "h")
    line = series_line("load", times, np.arange(50.0))
    assert line.values.count(None) == 1
    assert line.times[20] == "1970-01-01T01:19:30"
    assert line.times[0] == "1970-01-01T00:00:00"
    fine = series_line("load", np.array([0, 500], "datetime64[ms]"), np.array([1.0, 2.0]))
    assert fine.times[1] == "1970-01-01T00:00:00.500"


@given(st.lists(st.booleans(), max_size=40), st.integers(0, 3))
def test_spans_hold_every_flag_and_lie_apart(flags, join):
    flagged = np.array(flags, bool)
    spans = flagged_spans(flagged, join=join)
    inside = np.zeros(len(flags), bool)
    for first, last in spans:
        inside[first : last + 1] = True
        assert flagged[first]
        assert flagged[last]
    assert (inside >= flagged).all()
    for (_, last), (first, _) in pairwise(spans):
        assert first - last > join + 1


def test_windows_tell_their_oddest_point():
    times = np.arange(6.0)
    scores = np.array([0, 1, np.nan, 7, 2, np.nan])
    found = series_windows(times, [(1, 4), (5, 5)], scores=scores, p_values=10.0**-scores, reasons=("a", "b"))
    assert (found[0].score, found[0].p_value, found[0].rows, found[0].reason) == (7.0, 1e-7, 4, "a")
    assert (found[1].score, found[1].start, found[1].end) == (None, 5.0, 5.0)
    figure = series_figure(times, {}, time="t", cut=np.inf, windows=found)
    assert figure.cut is None
    assert figure.windows == found


def test_only_columns_with_a_part_in_the_oddness_are_shown_with_few_digits():
    frame = pl.DataFrame({"size": ["0.7363600532206109", "1.5"], "code": ["00012345", "7"], "note": ["a", "b"]})
    case = top_cases(
        frame, np.array([2.0, 0.1]), np.array([0.01, 0.9]), np.array([True, False]),
        explained=np.array([0]), shares=np.array([[0.6, 0.3986, 0.0014]]), columns=("size", "code", "note"), most=1,
    )[0]  # fmt: skip
    assert case.values == {"size": "0.7364", "code": "00012345"}
