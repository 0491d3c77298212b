"""The tree is the one that SciPy finds from all distances, with and without core distances."""

import numpy as np
import pytest
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist

from mainstay.learners.cluster.spanning_tree import spanning_tree


@pytest.mark.parametrize(("rows", "columns"), [(2, 1), (50, 1), (120, 2), (90, 9)])
@pytest.mark.parametrize("with_core", [False, True])
def test_tree_is_as_short_as_scipys(rows, columns, with_core):
    points = np.random.default_rng(rows).normal(size=(rows, columns))
    core = np.random.default_rng(1).uniform(0.1, 1.0, rows) if with_core else None
    distances = cdist(points, points)
    if core is not None:
        distances = np.maximum(distances, np.maximum(core[:, None], core[None]))
    ours = spanning_tree(points, core)
    theirs = np.sort(minimum_spanning_tree(distances).data)
    assert np.allclose(ours.lengths, theirs)
    assert (np.diff(ours.lengths) >= 0).all()
    assert np.allclose(distances[ours.edges[:, 0], ours.edges[:, 1]], ours.lengths)


def test_one_point_has_no_edges():
    assert spanning_tree(np.zeros((1, 3))).edges.shape == (0, 2)
