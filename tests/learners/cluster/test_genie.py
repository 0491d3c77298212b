"""Genie is single linkage where inequality is allowed, and holds the groups even where it is not."""

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.metrics import adjusted_rand_score

from mainstay.contracts.clusters import Points
from mainstay.contracts.learner import NoDeadline
from mainstay.learners.cluster.genie import Genie, genie_labels
from mainstay.learners.cluster.spanning_tree import spanning_tree

POINTS = np.random.default_rng(0).normal(size=(150, 2))


def test_without_a_limit_it_is_single_linkage():
    tree = spanning_tree(POINTS)
    for k in (1, 2, 9, 150):
        theirs = fcluster(linkage(POINTS, "single"), k, "maxclust")
        assert adjusted_rand_score(genie_labels(tree, np.ones(150), k, 1.0), theirs) == 1.0


def test_a_limit_keeps_sizes_even():
    tree = spanning_tree(POINTS)

    def largest(threshold):
        return np.bincount(genie_labels(tree, np.ones(150), 5, threshold)).max()

    assert largest(1.0) > 140
    assert largest(0.1) < 60


def test_each_merge_keeps_the_rule():
    # a slow reading of the paper: the shortest edge of all, or of those at a smallest group where Gini is above g
    points, g = POINTS[:60], 0.3
    tree = spanning_tree(points)
    group, left = np.arange(60), list(range(59))
    while len(set(group.tolist())) > 6:
        sizes = np.unique(group, return_counts=True)[1]
        gini = np.abs(sizes[:, None] - sizes).sum() / 2 / ((len(sizes) - 1) * 60)
        count = {one: int((group == one).sum()) for one in group.tolist()}
        allowed = [
            edge for edge in left if gini <= g or min(count[group[a]] for a in tree.edges[edge]) == min(count.values())
        ]
        a, b = tree.edges[allowed[0]]
        left.remove(allowed[0])
        group[group == group[b]] = group[a]
    assert adjusted_rand_score(group, genie_labels(tree, np.ones(60), 6, g)) == 1.0


def test_bent_groups_are_found_without_their_number():
    chance = np.random.default_rng(0)
    angle = np.concatenate([np.linspace(0, 2 * np.pi, 100), np.linspace(0, 2 * np.pi, 300)])
    rings = np.column_stack([np.cos(angle), np.sin(angle)]) * np.repeat([1.0, 3.0], [100, 300])[:, None]
    rings += chance.normal(0, 0.1, rings.shape)
    found = Genie().fit(Points(rings.astype(np.float32), ("a", "b")), None, seed=0, deadline=NoDeadline())
    assert adjusted_rand_score(found.labels, np.repeat([0, 1], [100, 300])) > 0.98
