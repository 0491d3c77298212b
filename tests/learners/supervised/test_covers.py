"""Every tree learner says how many training rows reached each node; explanations depend on it."""

import numpy as np
import pytest

from mainstay.contracts.arrays import Features
from mainstay.contracts.learner import NoDeadline, Target
from mainstay.contracts.model import ModelGraph, Trees, from_arrays, to_arrays
from mainstay.graph.evaluate_trees import leaves_reached
from mainstay.learners.catalogue import learner

COUNTED = ["decision_tree", "extra_trees", "lightgbm"]
"""Learners whose trees see every row once, without weights and with default settings."""


def table(rows=400, seed=3):
    chance = np.random.default_rng(seed)
    matrix = chance.normal(size=(rows, 4)).astype(np.float32)
    matrix[chance.random(matrix.shape) < 0.1] = np.nan
    signal = np.nan_to_num(matrix[:, 0]) + np.nan_to_num(matrix[:, 1]) ** 2 + 0.3 * chance.normal(size=rows)
    return Features(matrix, tuple("abcd")), signal


def trees_of(name, task, weight=None):
    features, signal = table()
    values = signal if task == "regression" else np.digitize(signal, [0.3, 1.2])
    target = Target(task, values, 0 if task == "regression" else 3, weight)
    settings = {"n_estimators": 6} if any(one.name == "n_estimators" for one in learner(name).parameters) else {}
    body = learner(name).fit(features, target, seed=1, deadline=NoDeadline(), settings=settings).graph().body
    return body, features


@pytest.mark.parametrize("name", ["decision_tree", "extra_trees", "random_forest", "lightgbm"])
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_covers_of_children_add_up(name, task):
    body, _ = trees_of(name, task)
    assert isinstance(body, Trees)
    assert body.cover.shape == body.feature.shape
    inner = np.flatnonzero(body.feature >= 0)
    assert len(inner)
    np.testing.assert_allclose(body.cover[body.left[inner]] + body.cover[body.right[inner]], body.cover[inner])
    assert (body.cover > 0).all()


@pytest.mark.parametrize("name", COUNTED)
def test_a_cover_is_the_number_of_rows_that_came(name):
    body, features = trees_of(name, "regression")
    for root in body.roots:
        leaves, counts = np.unique(leaves_reached(body, int(root), features.matrix), return_counts=True)
        np.testing.assert_array_equal(body.cover[leaves], counts)


def test_covers_cross_the_border_between_processes():
    body, _ = trees_of("decision_tree", "regression")
    again = from_arrays(to_arrays(ModelGraph(body))).body
    np.testing.assert_array_equal(again.cover, body.cover)
