"""HDBSCAN finds dense places, marks what lies between, and can be cut at a number of groups."""

import sys

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from mainstay.contracts.clusters import Points
from mainstay.contracts.errors import MissingPackageError
from mainstay.contracts.learner import NoDeadline
from mainstay.learners.cluster.hdbscan import HDBSCAN, relative_validity
from mainstay.learners.cluster.spanning_tree import spanning_tree
from sklearn import datasets

MOONS, SIDE = datasets.make_moons(300, noise=0.06, random_state=0)


def fit(rows, k=None, **settings):
    points = Points(np.asarray(rows, np.float32), ("a", "b"))
    return HDBSCAN().fit(points, k, seed=0, deadline=NoDeadline(), settings=settings)


def test_rows_between_are_stray_and_have_a_group_all_the_same():
    noise = np.random.default_rng(0).uniform(-3, 4, (30, 2))
    found = fit(np.concatenate([MOONS, noise]), 2)
    assert adjusted_rand_score(found.labels[:300], SIDE) > 0.95
    assert found.stray is not None
    assert found.stray[300:].mean() > 0.5 > 0.1 > found.stray[:300].mean()
    assert set(found.labels[found.stray].tolist()) <= {0, 1}


@pytest.mark.parametrize("k", [2, 3, 8, 40])
def test_cut_at_any_number(k):
    assert fit(MOONS, k).body.clusters == k


def test_without_a_number_the_most_valid_size_is_taken():
    found = fit(MOONS)
    assert adjusted_rand_score(found.labels, SIDE) > 0.95
    assert found.notes["relative_validity"] > 0


def test_validity_falls_where_groups_are_cut_through():
    tree = spanning_tree(MOONS)
    through = (MOONS[:, 0] > 0.5).astype(np.int64)
    assert relative_validity(tree, SIDE.astype(np.int64)) > 0 > relative_validity(tree, through)
    assert relative_validity(tree, np.zeros(300, np.int64)) == 0


def test_a_missing_engine_is_named_with_the_line_that_installs_it(monkeypatch):
    monkeypatch.setattr("mainstay.learners.cluster.hdbscan.find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match=r"mainstay\[hdbscan\]"):
        fit(MOONS, engine="fast_hdbscan")
    assert fit(MOONS, 2).notes["engine"] == "scikit-learn"


def test_the_fast_engine_is_used_where_it_is_installed(monkeypatch):
    asked = []

    class Fast:
        class HDBSCAN:
            def __init__(self, *, min_cluster_size, min_samples):
                asked.append((min_cluster_size, min_samples))

            def fit(self, points):
                self.labels_ = np.where(points[:, 1] > 0.25, 0, 1)
                return self

    monkeypatch.setitem(sys.modules, "fast_hdbscan", Fast)
    monkeypatch.setattr("mainstay.learners.cluster.hdbscan.find_spec", lambda name: True)
    assert fit(MOONS).notes["engine"] == "scikit-learn", "compiling is not worth it for few rows"
    monkeypatch.setattr("mainstay.learners.cluster.hdbscan._MANY_ROWS", 50)
    found = fit(MOONS)
    assert found.notes["engine"] == "fast_hdbscan"
    assert asked
    assert found.body.clusters == 2
