"""Paired comparisons see small differences, and call a tie a tie."""

import numpy as np
import pytest

from mainstay.contracts.errors import UsageError
from mainstay.evaluate.compare import compare, ties


def rows(n, seed, effect=0.0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    shared = rng.normal(size=n) + y
    first = 1 / (1 + np.exp(-shared - 0.2 * rng.normal(size=n)))
    second = 1 / (1 + np.exp(-shared + effect * rng.normal(size=n)))
    return y, np.stack([1 - first, first], 1), np.stack([1 - second, second], 1)


@pytest.mark.parametrize("name", ["roc_auc", "average_precision", "log_loss", "accuracy", "f1"])
def test_a_clear_winner_wins(name):
    y, first, second = rows(2000, 0, effect=3.0)
    verdict = compare("classification", name, y, first, second)
    assert not verdict.tied
    assert verdict.probability_better > 0.99
    assert (verdict.difference > 0) == (name != "log_loss")
    back = compare("classification", name, y, second, first)
    assert back.difference == -verdict.difference
    assert back.low == pytest.approx(-verdict.high, abs=1e-9)
    assert back.probability_better == pytest.approx(1 - verdict.probability_better)


@pytest.mark.parametrize(("name", "least"), [("roc_auc", 0.9), ("log_loss", 0.9), ("accuracy", 0.9)])
def test_equal_models_tie_nineteen_times_of_twenty(name, least):
    """Two models of the same quality: called different in about 5 % of draws."""
    tied = []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        y = rng.integers(0, 2, 200)
        chance = 1 / (1 + np.exp(-(rng.normal(size=(200, 2)) * 0.5 + rng.normal(size=(200, 1)) + y[:, None])))
        answers = [np.stack([1 - chance[:, k], chance[:, k]], 1) for k in (0, 1)]
        tied.append(compare("classification", name, y, *answers, seed=seed).tied)
    assert least <= np.mean(tied) <= 0.995


def test_a_model_ties_with_itself():
    y, first, _ = rows(100, 1)
    verdict = compare("classification", "roc_auc", y, first, first)
    assert (verdict.difference, verdict.low, verdict.high, verdict.probability_better) == (0, 0, 0, 0.5)
    assert verdict.tied


def test_blank_where_the_metric_does_not_apply():
    verdict = compare("classification", "roc_auc", [0, 0], [[0.9, 0.1]] * 2, [[0.8, 0.2]] * 2)
    assert (verdict.difference, verdict.probability_better, verdict.tied) == (None, None, True)


@pytest.mark.parametrize("name", ["rmse", "mae", "r2", "median_absolute_error"])
def test_a_leaderboard_with_ties(name):
    rng = np.random.default_rng(0)
    y = 10 + rng.normal(size=800)
    shared = rng.normal(size=800)
    answers = {
        "far": y + 3 * shared,
        "near": y + shared,
        "twin": y + shared + 0.01 * rng.normal(size=800),
        "none": np.full(800, 30.0),
    }
    ranking = ties("regression", name, y, answers)
    assert ranking.best in {"near", "twin"}
    assert set(ranking.tied) == {"near", "twin"}
    assert list(ranking.comparisons)[-1] == "none"
    assert ranking.tied[0] == ranking.best


def test_groups_widen_the_difference():
    y, first, second = rows(300, 2, effect=1.0)
    groups = np.repeat(np.arange(300), 6)
    grown = [np.repeat(part, 6, axis=0) for part in (y, first, second)]
    wide = compare("classification", "log_loss", *grown, groups=groups)
    narrow = compare("classification", "log_loss", *grown)
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_no_candidate_with_a_value_has_its_sentence():
    with pytest.raises(UsageError, match="no candidate has a roc_auc"):
        ties("classification", "roc_auc", [0, 0], {"a": [[0.9, 0.1]] * 2})
