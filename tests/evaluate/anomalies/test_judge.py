"""What labels say of scores and flags: scikit-learn's figures, intervals around them, blanks where there is nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from mainstay.contracts.errors import UsageError
from mainstay.evaluate.anomalies.judge import MEANINGS, judge_scores

ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 9), st.booleans()), min_size=4, max_size=60)


def sample(rows=400, seed=0):
    generator = np.random.default_rng(seed)
    labels = (generator.random(rows) < 0.15).astype(np.int64)
    return labels, generator.normal(size=rows) + 1.5 * labels


@given(ROWS)
def test_the_figures_are_those_of_scikit_learn(rows):
    labels, scores, flags = (np.array(column) for column in zip(*rows, strict=True))
    found = judge_scores(labels.astype(np.int64), scores.astype(float), flags, cost=5.0)
    assert list(found) == list(MEANINGS)
    for figure in found.values():
        if figure["low"] is not None:
            assert figure["low"] <= figure["value"] + 1e-12 <= figure["high"] + 2e-12
    if 0 < labels.sum() < len(labels):
        assert found["roc_auc"]["value"] == pytest.approx(roc_auc_score(labels, scores))
        assert found["average_precision"]["value"] == pytest.approx(average_precision_score(labels, scores))
        assert found["cost"]["value"] == pytest.approx(((flags & ~labels) + 5.0 * (labels & ~flags)).mean())
    if flags.any():
        assert found["precision"]["value"] == pytest.approx((labels & flags).sum() / flags.sum())
        assert found["false_discovery_rate"]["value"] == pytest.approx((~labels & flags).sum() / flags.sum())
    else:
        assert found["precision"]["value"] is None


def test_capacity_counts_the_oddest_rows():
    labels, scores = sample()
    found = judge_scores(labels, scores, scores > 2, capacity=20)
    oddest = labels[np.argsort(-scores)[:20]]
    assert found["precision_at_k"]["value"] == pytest.approx(oddest.mean())
    assert found["recall_at_k"]["value"] == pytest.approx(oddest.sum() / labels.sum())
    assert found["precision_at_k"]["low"] < oddest.mean() < found["precision_at_k"]["high"]


def test_equal_scores_at_the_border_count_in_part():
    labels = np.array([1, 0, 0, 0])
    found = judge_scores(labels, np.ones(4), np.zeros(4, bool), capacity=2)
    assert found["precision_at_k"]["value"] == pytest.approx(0.25)
    assert found["recall_at_k"]["value"] == pytest.approx(0.5)


def test_unknown_labels_and_refused_rows_are_left_out():
    labels, scores = sample()
    flags = scores > 1
    more = judge_scores(
        np.concatenate([labels, np.full(50, -1), [1]]),
        np.concatenate([scores, np.full(50, 9.0), [np.nan]]),
        np.concatenate([flags, np.ones(50, bool), [False]]),
    )
    assert more == judge_scores(labels, scores, flags)


def test_without_an_anomaly_what_asks_for_one_is_blank():
    found = judge_scores(np.zeros(10, np.int64), np.arange(10.0), np.arange(10) > 7)
    assert {name for name, figure in found.items() if figure["value"] is not None} == {
        "precision",
        "false_discovery_rate",
    }
    nothing = judge_scores(np.full(3, -1), np.arange(3.0), np.ones(3, bool))
    assert all(figure["value"] is None for figure in nothing.values())


def test_intervals_narrow_with_rows():
    wide, narrow = (judge_scores(*sample(rows), sample(rows)[1] > 1)["roc_auc"] for rows in (100, 5000))
    assert wide["high"] - wide["low"] > 3 * (narrow["high"] - narrow["low"])


def test_arrays_that_do_not_fit_are_a_sentence():
    with pytest.raises(UsageError, match="for each row"):
        judge_scores(np.zeros(3, np.int64), np.zeros(2), np.zeros(3, bool))
