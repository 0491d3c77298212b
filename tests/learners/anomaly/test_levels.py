"""Levels: minus the logarithm of the share of rows at least as odd, whatever the scores are like."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mainstay.contracts.errors import UsageError
from mainstay.learners.anomaly.levels import levels_of, scale_of

ANY = hnp.arrays(np.float64, st.integers(1, 60), elements=st.floats(allow_nan=False))


def test_the_oddest_hundredth_has_level_two():
    scores = np.random.default_rng(0).lognormal(0, 3, 10_000)
    at = np.quantile(scores, [0.5, 0.9, 0.99, 0.999])
    np.testing.assert_allclose(scale_of(scores).level(at), [0.301, 1, 2, 3], atol=0.03)


@settings(max_examples=200, deadline=None)
@given(ANY)
def test_levels_are_finite_and_rise_with_the_scores(scores):
    scale = scale_of(scores)
    levels = scale.level(np.sort(np.clip(scores, -1e100, 1e100)))
    assert np.isfinite(levels).all()
    assert (np.diff(levels) >= 0).all()
    assert len(scale.scores) <= 210


@settings(max_examples=50, deadline=None)
@given(hnp.arrays(np.float64, st.integers(1, 60), elements=st.integers(-50, 50).map(float)))
def test_the_scale_gives_reference_rows_their_levels(scores):
    np.testing.assert_allclose(scale_of(scores).level(scores), levels_of(scores), rtol=1e-12)


def test_equal_scores_have_one_level_everywhere():
    scale = scale_of(np.full(100, 7.0))
    assert len(set(scale.level(np.array([-1.0, 7.0, 1e30])).tolist())) == 1


def test_ties_share_the_middle_of_their_ranks():
    levels = levels_of(np.array([0.0, 5.0, 5.0, 9.0]))
    assert levels[1] == levels[2] == pytest.approx(-np.log10(0.5))


def test_beyond_the_oddest_row_levels_go_on_at_the_pace_of_the_tail():
    scores = np.append(np.linspace(0, 1, 1000), 1.0 + 1e-8)
    scale = scale_of(scores)
    top = scale.level(np.array([1.0, 1.1, 2.0]))
    assert top[0] < top[1] < top[2] < top[0] + 30


def test_few_points_stand_for_many_rows():
    scores = np.random.default_rng(1).normal(size=50_000)
    small, exact = scale_of(scores, points=100), levels_of(scores)
    assert len(small.scores) <= 102
    assert np.abs(small.level(scores) - exact).max() < 0.1


@pytest.mark.parametrize("bad", [np.array([]), np.array([1.0, np.nan])])
def test_scores_that_are_no_numbers_are_named(bad):
    with pytest.raises(UsageError, match="all of them numbers"):
        scale_of(bad)


def test_softened_levels_keep_the_order_and_flatten_the_top():
    scores = np.arange(10_000.0)
    plain, soft = scale_of(scores), scale_of(scores, softness=0.2)
    steps = np.diff(soft.level(np.array([0.0, 5_000.0, 9_000.0, 9_900.0, 9_990.0, 20_000.0])))
    assert (steps > 0).all()
    assert steps[3] < 0.1 * np.diff(plain.level(np.array([9_900.0, 9_990.0])))[0]


def test_levels_rise_without_end_with_the_reach_of_a_score_and_usual_ones_stay():
    chance = np.random.default_rng(2)
    scores = np.append(chance.gamma(9, size=2000), [300.0, 3_000.0, 30_000.0])
    usual = np.arange(len(scores)) < 2000
    plain, reaching = scale_of(scores, softness=0.2), scale_of(scores, softness=0.2, usual=usual)
    np.testing.assert_allclose(reaching.level(scores[usual]), plain.level(scores[usual]), atol=0.05)
    steps = np.diff(reaching.level(np.array([300.0, 3_000.0, 30_000.0, 300_000.0])))
    assert ((steps > 1.9) & (steps < 2.2)).all()


@settings(max_examples=200, deadline=None)
@given(ANY, st.integers(0, 60))
def test_levels_with_reach_are_finite_and_rise(scores, first):
    scale = scale_of(scores, softness=0.2, usual=np.arange(len(scores)) >= first)
    levels = scale.level(np.sort(np.clip(scores, -1e100, 1e100)))
    assert np.isfinite(levels).all()
    assert (np.diff(levels) >= 0).all()


def test_where_usual_rows_are_all_alike_the_reach_is_measured_from_the_farthest():
    scores = np.append(np.zeros(99), 50.0)
    levels = scale_of(scores, softness=0.2, usual=scores == 0).level(np.array([0.0, 50.0, 5_000.0, 50_000.0]))
    assert (np.diff(levels) > 0).all()
    assert levels[3] - levels[2] == pytest.approx(2, abs=0.2)
