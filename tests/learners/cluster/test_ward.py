"""Ward's tree is SciPy's, and weights stand for repeated points."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy.cluster.hierarchy import fcluster, linkage

from mainstay.contracts.clusters import Points
from mainstay.contracts.learner import NoDeadline
from mainstay.learners.cluster.ward import Ward, dendrogram, ward_tree


def same(one, two):
    pairs = set(zip(one.tolist(), two.tolist(), strict=True))
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


@given(some.integers(2, 60), some.integers(1, 4), some.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_tree_is_scipys(rows, columns, seed):
    points = np.random.default_rng(seed).normal(size=(rows, columns))
    ours, theirs = ward_tree(points, np.ones(rows)), linkage(points, "ward")
    assert np.allclose(ours.heights, theirs[:, 2])
    assert np.allclose(np.sort(ours.sizes), np.sort(theirs[:, 3]))
    for k in {1, 2, rows // 2, rows} - {0}:
        assert same(ours.labels(k), fcluster(theirs, k, "maxclust"))


def test_a_weight_is_as_good_as_repeated_points():
    points = np.random.default_rng(0).normal(size=(40, 2))
    weight = np.random.default_rng(1).integers(1, 5, 40)
    repeated = np.repeat(np.arange(40), weight)
    whole = fcluster(linkage(points[repeated], "ward"), 6, "maxclust")
    assert same(ward_tree(points, weight.astype(float)).labels(6)[repeated], whole)


def test_the_top_of_a_tree_is_a_tree():
    points = np.random.default_rng(0).normal(size=(40, 2))
    tree = ward_tree(points, np.ones(40))
    top = tree.top(7)
    assert len(top.merges) == 6
    assert sorted(top.merges.ravel().tolist()) == list(range(12))
    assert top.heights[-1] == tree.heights[-1]
    assert top.sizes[-1] == 40
    assert tree.top(100) is tree


@pytest.mark.parametrize("rows", [3_000, 9_000])
def test_any_number_of_rows(rows):
    chance = np.random.default_rng(0)
    truth = chance.integers(0, 4, rows)
    matrix = (np.array([[0, 0], [9, 0], [0, 9], [9, 9]])[truth] + chance.normal(size=(rows, 2))).astype(np.float32)
    points = Points(matrix, ("a", "b"))
    found = Ward().fit(points, 4, seed=0, deadline=NoDeadline())
    # a group is one of the true ones but for the few rows between two
    table = np.zeros((4, 4))
    np.add.at(table, (truth, found.labels), 1)
    assert table.max(axis=1).sum() > 0.999 * rows
    assert ("micro_clusters" in found.notes) == (rows > 4_000)
    assert dendrogram(points, seed=0, deadline=NoDeadline()).sizes[-1] == rows
