"""Mixtures: BIC names k and the kind of covariance, tiny groups keep some width, and weights count."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture as Library

from mainstay.contracts.clusters import Points
from mainstay.contracts.learner import NoDeadline
from mainstay.learners.cluster.gaussian_mixture import COVARIANCES, GaussianMixture


def fit(rows, k=None, weight=None, **settings):
    rows = np.asarray(rows, np.float32)
    points = Points(rows, tuple(f"x{one}" for one in range(rows.shape[1])), weight)
    return GaussianMixture().fit(points, k, seed=0, deadline=NoDeadline(), settings=settings)


def askew(seed=0):
    chance = np.random.default_rng(seed)
    parts = [chance.normal(size=(150, 2)) @ np.array([[3, 0], [0, 0.3]]) + [0, 3 * one] for one in range(3)]
    return np.concatenate(parts), np.repeat([0, 1, 2], 150)


def test_bic_finds_the_number_and_the_kind():
    rows, truth = askew()
    found = fit(rows)
    assert found.notes["k"] == 3
    assert found.notes["covariance"] in {"diag", "tied"}
    assert adjusted_rand_score(found.labels, truth) > 0.98


@pytest.mark.parametrize("kind", COVARIANCES)
def test_the_body_is_the_librarys_density(kind):
    rows, _ = askew()
    found = fit(rows, 3, covariance=kind)
    assert found.body.precision_roots.shape == (3, 2, 2)
    total = -np.log(np.exp(-found.body.distances(rows.astype(np.float32))).sum(axis=1))
    theirs = Library(3, covariance_type=kind, means_init=found.body.means, random_state=0).fit(rows)
    assert np.abs(total + theirs.score_samples(rows)).mean() < 0.05


def test_a_group_of_equal_rows_does_not_collapse():
    rows = np.concatenate([np.random.default_rng(0).normal(size=(200, 2)), np.full((50, 2), 9.0)])
    found = fit(rows, 2)
    assert np.bincount(found.labels).tolist() == [200, 50]
    assert np.isfinite(found.body.distances(rows.astype(np.float32))).all()


def test_weights_are_rows():
    rows = np.random.default_rng(0).normal(size=(300, 1))
    weight = np.where(rows[:, 0] > 0, 9.0, 1.0)
    assert fit(rows, 1, weight).body.means[0, 0] > fit(rows, 1).body.means[0, 0] + 0.3


def test_chance_is_one_group():
    found = [fit(np.random.default_rng(seed).normal(size=(150, 2))).notes["k"] for seed in range(10)]
    assert found.count(1) >= 9


def test_yes_and_no_columns_are_not_bought_needles():
    chance = np.random.default_rng(0)
    clouds = np.concatenate([chance.normal(0, 1, (150, 2)), chance.normal(7, 1, (150, 2))])
    marks = chance.integers(0, 2, (300, 3))
    found = fit(np.column_stack([clouds, marks]))
    assert found.notes["k"] == 2
    assert adjusted_rand_score(found.labels, np.repeat([0, 1], 150)) > 0.95
