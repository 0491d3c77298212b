"""Differences over folds: the corrected test keeps its promise where the plain one does not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainstay.contracts.errors import UsageError
from mainstay.evaluate.resampled import compare_folds

SCORES = st.lists(st.floats(-1, 1, allow_nan=False), min_size=2, max_size=12)


def correlated_folds(rng, folds=10):
    """Fold differences of zero mean that share their training rows: correlation 1 / folds."""
    shared = rng.normal() * np.sqrt(1 / folds)
    return shared + rng.normal(size=folds) * np.sqrt(1 - 1 / folds)


def test_equal_models_are_told_apart_in_about_five_of_a_hundred_draws():
    rng = np.random.default_rng(0)
    corrected = plain = 0
    for _ in range(2000):
        difference = correlated_folds(rng)
        found = compare_folds(difference, np.zeros(10))
        corrected += not found.low <= 0 <= found.high
        uncorrected = compare_folds(difference, np.zeros(10), test_share=0.0)
        plain += not uncorrected.low <= 0 <= uncorrected.high
    assert corrected / 2000 <= 0.07
    assert plain / 2000 > 0.08


@given(first=SCORES, margin=st.floats(0, 0.5))
def test_the_two_directions_mirror_each_other(first, margin):
    second = list(reversed(first))
    forward, backward = compare_folds(first, second, margin=margin), compare_folds(second, first, margin=margin)
    assert forward.difference == pytest.approx(-backward.difference, abs=1e-12)
    assert forward.probability_alike == pytest.approx(backward.probability_alike, abs=1e-9)
    total = forward.probability_better + backward.probability_better + forward.probability_alike
    assert total == pytest.approx(1.0, abs=1e-9)


def test_one_fold_says_no_more_than_its_difference():
    found = compare_folds([0.8], [0.7])
    assert (round(found.difference, 9), found.low, found.probability_better) == (0.1, None, None)


def test_folds_that_do_not_match_are_refused():
    with pytest.raises(UsageError, match="same folds"):
        compare_folds([0.8, 0.9], [0.7])
