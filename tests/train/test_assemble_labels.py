"""Joined trees answer the mean of the parts; classes are numbered so that the positive one is known."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from mainstay.contracts.arrays import Features
from mainstay.contracts.errors import UsageError
from mainstay.contracts.learner import NoDeadline, Target
from mainstay.contracts.model import ModelGraph
from mainstay.contracts.schema import Column
from mainstay.graph.evaluate_trees import evaluate
from mainstay.learners.catalogue import learner
from mainstay.train.assemble import join_trees
from mainstay.train.intake import fold_count
from mainstay.train.labels import order_classes, own_labels


def test_joined_trees_answer_the_mean():
    rng = np.random.default_rng(0)
    features = Features(rng.normal(size=(200, 4)).astype(np.float32), ("a", "b", "c", "d"))
    parts = []
    for seed in range(3):
        target = Target("regression", rng.normal(size=200))
        fitted = learner("random_forest").fit(
            features, target, seed=seed, deadline=NoDeadline(), settings={"n_estimators": 5}
        )
        parts.append(fitted.graph().body)
    each = [evaluate(ModelGraph(part), features.matrix) for part in parts]
    joined = evaluate(ModelGraph(join_trees(parts)), features.matrix)
    np.testing.assert_array_equal(join_trees(parts).cover, np.concatenate([part.cover for part in parts]))
    assert not len(join_trees([parts[0], replace(parts[1], cover=np.empty(0))]).cover)
    np.testing.assert_allclose(joined, np.mean(each, axis=0), rtol=0, atol=1e-12)


def target(*classes):
    return Column(name="y", kind="category", role="target", categories=classes)


@pytest.mark.parametrize(
    ("classes", "counts", "positive"),
    [
        (("Yes", "No"), {}, "Yes"),
        (("ham", "spam"), {}, "spam"),
        (("1", "2"), {"1": 70, "2": 30}, "2"),
        (("0", "1"), {"0": 30, "1": 70}, "1"),
        (("-1", "1"), {"-1": 30, "1": 70}, "1"),
        (("a", "b"), {"a": 5, "b": 95}, "a"),
        (("a", "b"), {"a": 95, "b": 5}, "b"),
        (("<=50K.", ">50K."), {"<=50K.": 70, ">50K.": 30}, ">50K."),
    ],
)
def test_the_positive_class_is_the_second(classes, counts, positive):
    assert order_classes(target(*classes), counts).categories[1] == positive


def test_the_user_decides_which_class_is_positive():
    assert order_classes(target("Yes", "No"), {}, "No").categories == ("Yes", "No")
    with pytest.raises(UsageError, match="must be one of the target's"):
        order_classes(target("Yes", "No"), {}, "Maybe")
    with pytest.raises(UsageError, match="there are 3"):
        order_classes(target("a", "b", "c"), {}, "a")


def test_labels_come_back_in_the_users_type():
    assert own_labels(("1", "2"), pl.Series([1, 2])) == (1, 2)
    assert own_labels(("1", "2"), pl.Series(["1", "2"])) == (1, 2)
    assert own_labels(("-1", "1"), pl.Series([-1, 1])) == (-1, 1)
    assert own_labels(("false", "true"), pl.Series([True, False])) == (False, True)
    assert own_labels(("007", "1"), pl.Series(["007", "1"])) == ("007", "1")
    assert own_labels(("+1", "1"), pl.Series(["+1", "1"])) == ("+1", "1")


def test_fewer_folds_where_time_is_short():
    assert [fold_count(1_000, 10.0), fold_count(30_000, 10.0), fold_count(100_000, 100_000.0)] == [8, 5, 3]
