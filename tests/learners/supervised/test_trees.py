"""Trees and forests: size, deadlines, and what is read of scikit-learn's structures."""

import numpy as np
import pytest

from mainstay.contracts.arrays import Features
from mainstay.contracts.learner import NoDeadline, Target
from mainstay.graph.evaluate_trees import evaluate
from mainstay.learners.supervised import forest
from mainstay.learners.supervised.decision_tree import DecisionTree
from mainstay.learners.supervised.extra_trees import ExtraTrees
from mainstay.learners.supervised.random_forest import RandomForest

FORESTS = [RandomForest(), ExtraTrees()]


class Countdown:
    """A deadline that loses the same time at every question."""

    def __init__(self, seconds, each):
        self.seconds, self.each = seconds, each

    def left(self):
        self.seconds -= self.each
        return max(0.0, self.seconds)


def table(rows, width=6, seed=0):
    chance = np.random.default_rng(seed)
    matrix = chance.normal(size=(rows, width)).astype(np.float32)
    signal = matrix[:, 0] * matrix[:, 1] + matrix[:, 2] + 0.3 * chance.normal(size=rows)
    return Features(matrix, tuple("abcdef"[:width])), signal


def test_a_tree_finds_the_split_and_is_small():
    features, signal = table(2000)
    target = Target("regression", np.where(features.matrix[:, 3] > 0.25, 5.0, 1.0))
    fitted = DecisionTree().fit(features, target, seed=0, deadline=NoDeadline())
    assert fitted.notes()["leaves"] == 2
    body = fitted.graph().body
    assert body.feature[0] == 3
    assert body.threshold[0] == pytest.approx(0.25, abs=0.01)
    deep = DecisionTree().fit(features, Target("regression", signal), seed=0, deadline=NoDeadline())
    assert deep.notes()["leaves"] <= 64


def test_a_tree_is_less_deep_where_time_is_short():
    features, signal = table(3000)
    fitted = DecisionTree().fit(features, Target("regression", signal), seed=0, deadline=Countdown(1e-5, 0))
    assert fitted.notes()["depth"] == 1
    assert fitted.notes()["cut_short"]


@pytest.mark.parametrize("learner", FORESTS, ids=lambda one: one.name)
def test_a_forest_stops_with_the_trees_it_has(learner):
    features, signal = table(500)
    target = Target("classification", (signal > 0).astype(np.int64), 2)
    fitted = learner.fit(features, target, seed=0, deadline=Countdown(100.0, 30.0), settings={"n_estimators": 10_000})
    assert 1 <= fitted.notes()["trees"] < 10_000
    assert fitted.notes()["cut_short"]
    assert np.abs(evaluate(fitted.graph(), features.matrix) - fitted.predict(features)).max() < 1e-12


@pytest.mark.parametrize("learner", FORESTS, ids=lambda one: one.name)
def test_the_steps_of_growth_change_nothing(learner):
    features, signal = table(300)
    target = Target("regression", signal)
    at_once = learner.fit(features, target, seed=5, deadline=NoDeadline(), settings={"n_estimators": 30})
    in_steps = learner.fit(features, target, seed=5, deadline=Countdown(1e6, 0), settings={"n_estimators": 30})
    assert np.array_equal(at_once.predict(features), in_steps.predict(features))


@pytest.mark.parametrize("learner", FORESTS, ids=lambda one: one.name)
@pytest.mark.parametrize("classes", [0, 2, 5])
def test_a_forest_stays_small(learner, classes, monkeypatch):
    monkeypatch.setattr(forest, "LEAVES", 2_000)
    features, signal = table(2_000)
    codes = np.digitize(signal, np.quantile(signal, np.arange(1, classes) / classes)) if classes else signal
    target = Target("classification" if classes else "regression", codes, classes)
    given = {"n_estimators": 10, "min_samples_leaf": 1}
    fitted = learner.fit(features, target, seed=0, deadline=NoDeadline(), settings=given)
    assert fitted.notes()["leaves"] * (classes if classes > 2 else 1) <= max(2_000, 10 * 64 * classes)
    own = learner.fit(features, target, seed=0, deadline=NoDeadline(), settings=given | {"max_leaf_nodes": 50})
    assert own.notes()["leaves"] <= 10 * 50


def test_missing_values_go_the_way_that_training_found():
    chance = np.random.default_rng(0)
    matrix = chance.normal(size=(400, 1)).astype(np.float32)
    matrix[:200] = np.nan
    target = Target("regression", np.where(np.isnan(matrix[:, 0]), 10.0, 0.0))
    features = Features(matrix, ("x",))
    for learner in (DecisionTree(), *FORESTS):
        given = {} if learner.name == "decision_tree" else {"n_estimators": 10, "max_features": 1.0}
        fitted = learner.fit(features, target, seed=0, deadline=NoDeadline(), settings=given)
        assert np.abs(fitted.predict(features) - target.values).mean() < 1.5
        assert np.abs(evaluate(fitted.graph(), matrix)[:, 0] - fitted.predict(features)).max() < 1e-9
