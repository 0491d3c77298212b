"""The cut that a few labels speak for."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mainstay.contracts.alarms import Alarm
from mainstay.evaluate.anomalies.label_cut import by_labels, cut_by_labels


@given(st.lists(st.tuples(st.floats(-5, 5), st.integers(0, 1)), min_size=1, max_size=60), st.floats(0.01, 0.5))
def test_labels_at_or_above_the_cut_keep_the_rate(rows, rate):
    scores, labels = (np.array(part) for part in zip(*rows, strict=True))
    cut = cut_by_labels(scores, labels, rate)
    if cut is not None:
        above = labels[scores >= cut]
        assert (above == 0).sum() <= rate * len(above)
        assert cut in scores[labels == 1]


def test_the_rate_is_about_kept_on_rows_without_a_label():
    chance, shares = np.random.default_rng(0), []
    for _ in range(200):
        truth = chance.random(4000) < 0.1
        scores = chance.normal(size=4000) + 2.5 * truth
        known = chance.random(4000) < 0.1
        cut = cut_by_labels(scores[known], truth[known].astype(int), 0.1)
        flagged = ~known & (scores >= (np.inf if cut is None else cut))
        if flagged.any():
            shares.append((~truth[flagged]).mean())
    assert len(shares) > 150
    assert np.mean(shares) < 0.13


def test_a_lower_cut_without_labels_stays():
    labels, scores = np.array([1] * 9 + [0] * 9), np.arange(18.0)[::-1]
    lower, none = Alarm(rule="fdr", amount=0.1, cut=2.0), Alarm(rule="fdr", amount=0.1)
    assert by_labels(lower, scores, labels) == lower
    found = by_labels(none, scores, labels)
    assert found.cut == 9.0
    assert "9 are anomalies and 0 usual" in found.guarantee
