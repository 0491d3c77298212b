"""The influence of a row is the slope of the metric in the weight of that row."""

import numpy as np
import pytest

from mainstay.evaluate.ranks import average_precision, roc_auc


@pytest.mark.parametrize("rank", [roc_auc, average_precision])
@pytest.mark.parametrize("ties", [False, True])
def test_influence_is_the_slope_in_the_weight(rank, ties):
    rng = np.random.default_rng(1)
    true = rng.random(40) < 0.4
    score = rng.normal(size=40) + true
    score = np.round(score) if ties else score
    weight = rng.random(40) + 0.5
    _, influence = rank(true, score, weight)
    if rank is roc_auc:  # without the factor of sample variances
        many, few = true.sum(), (~true).sum()
        influence = influence / np.where(true, np.sqrt(many / (many - 1)), np.sqrt(few / (few - 1)))
    step = 1e-6
    for row in range(40):
        change = np.zeros(40)
        change[row] = step
        slope = (rank(true, score, weight + change)[0] - rank(true, score, weight - change)[0]) / (2 * step)
        assert influence[row] / weight.sum() == pytest.approx(slope, abs=1e-7)
    assert np.average(influence, weights=weight) == pytest.approx(0, abs=1e-12)


def test_one_class_has_no_ranks():
    assert roc_auc(np.ones(3, bool), np.arange(3.0), np.ones(3)) is None
    assert average_precision(np.zeros(3, bool), np.arange(3.0), np.ones(3)) is None
