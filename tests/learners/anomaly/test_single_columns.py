"""Histogram, ECOD and COPOD: against counts made by hand, beyond the range seen, reasons, and input of any kind."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mainstay.contracts.anomalies import Observations
from mainstay.contracts.anomaly_scores import member_scores, member_terms
from mainstay.contracts.errors import UsageError
from mainstay.contracts.learner import NoDeadline
from mainstay.learners.anomaly.copod import fit_copod
from mainstay.learners.anomaly.ecod import fit_ecod
from mainstay.learners.anomaly.histogram import HistogramDetector, fit_histogram
from mainstay.learners.anomaly.packed_trees import packed_scores
from mainstay.learners.anomaly.step_trees import step_trees

ANY = st.floats(allow_nan=False, allow_infinity=False, width=32)
FITS = [fit_histogram, fit_ecod, fit_copod]
CLOUD = np.random.default_rng(0).normal(size=(800, 3)).astype(np.float32)


def test_ecod_is_the_larger_tail_of_each_column():
    rows = CLOUD[:300]
    by_hand = np.zeros(300)
    for column in rows.T:
        below = (column[:, None] >= column).sum(axis=1)
        above = (column[:, None] <= column).sum(axis=1)
        by_hand += -np.log((np.minimum(below, above) + 0.5) / 300.5)
    found = member_scores(fit_ecod(rows, seed=0), rows)
    assert found == pytest.approx(by_hand, abs=0.05)


def test_copod_counts_the_longer_side_in_full():
    rows = np.random.default_rng(0).exponential(size=(400, 1)).astype(np.float32)
    column = rows[:, 0]
    below, above = (column[:, None] >= column).sum(axis=1), (column[:, None] <= column).sum(axis=1)
    left, right = -np.log((below + 0.5) / 400.5), -np.log((above + 0.5) / 400.5)
    assert member_scores(fit_copod(rows, seed=0), rows) == pytest.approx(
        np.maximum(right, (left + right) / 2), abs=0.05
    )


def test_a_histogram_says_how_much_less_dense_a_value_is():
    values = np.concatenate(
        [np.random.default_rng(0).uniform(0, 1, 9000), np.random.default_rng(1).uniform(1, 2, 1000)]
    )
    body = fit_histogram(values[:, None].astype(np.float32), bins=20, seed=0)
    dense, thin = member_scores(body, np.array([[0.5], [1.5]], np.float32))
    assert thin - dense == pytest.approx(np.log(9), abs=0.2)


def share_named(fit, sides, seeds=range(10)):
    """How often a value far out in one of ten columns has the largest term of its row."""
    named = []
    for seed in seeds:
        chance = np.random.default_rng(seed)
        rows = chance.normal(size=(2000, 10)).astype(np.float32)
        planted = chance.integers(10, size=20)
        rows[np.arange(20), planted] = chance.choice(sides, size=20)
        named.append(member_terms(fit(rows, seed=0), rows[:20]).argmax(axis=1) == planted)
    return np.mean(named)


@pytest.mark.parametrize("fit", FITS)
def test_a_planted_column_comes_out_first(fit):
    assert share_named(fit, [8]) >= 0.95


def test_copod_alone_names_another_column_at_times():
    """It counts a value on its column's shorter side by half, and one of the nine others is rarer now and then."""
    assert min(share_named(fit_histogram, [-8, 8]), share_named(fit_ecod, [-8, 8])) >= 0.95
    assert share_named(fit_copod, [-8, 8]) >= 0.85


def test_what_is_further_out_is_odder():
    far = np.array([[0.0, 0, at] for at in (0, 3, 4, 8, 20, 100, 1000)], np.float32)
    scores = member_scores(fit_histogram(CLOUD, seed=0), far)
    assert (np.diff(scores) > 0).all()


def test_another_value_of_a_constant_column_is_odd():
    rows = np.concatenate([CLOUD, np.full((800, 1), 7, np.float32)], axis=1)
    for fit in FITS:
        body = fit(rows, seed=0)
        other = rows[:1].copy()
        other[0, 3] = 7.5
        assert member_scores(body, other)[0] > member_scores(body, rows[:1])[0] + 0.3
        assert member_terms(body, rows[:1])[0, 3] == 0


@pytest.mark.parametrize("fit", FITS)
@settings(max_examples=20, deadline=None)
@given(rows=arrays(np.float32, st.tuples(st.integers(1, 60), st.integers(1, 4)), elements=ANY))
@example(rows=np.full((1, 1), np.finfo(np.float32).min))
@example(rows=np.array([[np.finfo(np.float32).min], [np.finfo(np.float32).max]]))
def test_any_finite_rows(fit, rows):
    body = fit(rows, seed=0)
    scores, terms = member_scores(body, rows), member_terms(body, rows)
    assert np.isfinite(scores).all()
    assert (terms >= 0).all()
    assert scores == pytest.approx(terms.sum(axis=1), rel=1e-5, abs=1e-4)
    assert (packed_scores(body, rows) == scores).all()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-50, 50), min_size=0, max_size=40, unique=True), st.integers(-60, 60))
def test_step_trees_find_the_step(edges, value):
    edges = np.array(sorted(edges), np.float64)
    steps = np.arange(len(edges) + 1.0)[:, None]
    body = step_trees([edges], [steps], combined="sum")
    assert member_scores(body, np.array([[value]], np.float32))[0] == np.searchsorted(edges, value, side="left")


def test_more_rows_than_are_counted_change_little():
    rows = np.random.default_rng(0).normal(size=(60_000, 2)).astype(np.float32)
    whole, part = (member_scores(fit_histogram(rows, most=most, seed=0), rows[:500]) for most in (60_000, 5000))
    assert np.corrcoef(whole, part)[0, 1] > 0.9


def test_missing_numbers_are_refused():
    rows = CLOUD.copy()
    rows[3, 1] = np.nan
    with pytest.raises(UsageError, match="row 3"):
        HistogramDetector().fit(Observations.of(rows), reference="clean", seed=0, deadline=NoDeadline())
