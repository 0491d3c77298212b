"""A few labels teach a detector which oddness matters, and never turn it around."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from mainstay.contracts.anomalies import TAUGHT, Observations, blended
from mainstay.contracts.anomaly_scores import detection_scores, member_terms
from mainstay.contracts.errors import UsageError
from mainstay.contracts.learner import NoDeadline
from mainstay.learners.anomaly.catalogue import learner
from mainstay.learners.anomaly.feedback import cross_taught, with_labels
from mainstay.learners.anomaly.queries import rows_to_ask

ADBENCH = Path(__file__).parents[4] / "shared" / "data" / "adbench"


def scores_of(detection, matrix):
    weights = np.array([member.weight for member in detection.members])
    return blended(detection_scores(detection, matrix), tuple(one.scale for one in detection.members), weights)


def fitted(rows, name="knn"):
    return learner(name).fit(rows, reference="contaminated", seed=0, deadline=NoDeadline())


@pytest.fixture(scope="module")
def two_kinds():
    """Rows of which one kind of odd ones matters (far along the first feature) and as many others do not."""
    chance = np.random.default_rng(1)
    matrix = chance.normal(size=(1200, 4)).astype(np.float32)
    matrix[:30, 0] += 6.0
    matrix[30:90, 1] -= 8.0
    truth = (np.arange(1200) < 30).astype(np.int64)
    return Observations.of(matrix), truth


def test_a_few_labels_tell_which_oddness_matters(two_kinds):
    rows, truth = two_kinds
    before = fitted(rows)
    labels = np.full(rows.rows, -1)
    labels[[0, 1, 2, 30, 31, 32]] = truth[[0, 1, 2, 30, 31, 32]]
    after = with_labels(before, rows, labels, seed=0, deadline=NoDeadline())
    others = labels < 0
    plain, taught = (
        average_precision_score(truth[others], scores_of(one, rows.matrix)[others]) for one in (before, after)
    )
    assert taught > plain + 0.3
    assert after.members[-1].name == TAUGHT
    assert sum(member.weight for member in after.members) == pytest.approx(1.0)


def test_the_taught_member_blames_the_feature_that_it_learned(two_kinds):
    rows, truth = two_kinds
    labels = np.where(np.arange(rows.rows) % 10 == 0, truth, -1)
    after = with_labels(fitted(rows), rows, labels, seed=0, deadline=NoDeadline())
    before = detection_scores(after, rows.matrix[:30])[:, :-1]
    terms = member_terms(after.members[-1].body, rows.matrix[:30], before)
    assert (terms >= 0).all()
    assert (terms.argmax(axis=1) == 0).mean() > 0.9


def test_a_row_that_all_members_find_odder_is_not_less_odd(two_kinds):
    rows, truth = two_kinds
    labels = np.where(np.arange(rows.rows) < 120, 1 - truth, -1)  # lies: what is odd is called usual
    after = with_labels(fitted(rows), rows, labels, seed=0, deadline=NoDeadline())
    trees = after.members[-1].body.trees
    value = trees.value[:, 0].copy()
    cover = trees.cover
    for node in reversed(range(len(trees.feature))):  # children stand behind their parents
        if trees.feature[node] >= 0:
            left, right = trees.left[node], trees.right[node]
            value[node] = (value[left] * cover[left] + value[right] * cover[right]) / (cover[left] + cover[right])
    asked = np.flatnonzero(trees.feature >= rows.matrix.shape[1])
    assert len(asked)
    assert (value[trees.left[asked]] <= value[trees.right[asked]] + 1e-9).all()


def test_the_same_seed_teaches_the_same(two_kinds):
    rows, truth = two_kinds
    labels = np.where(np.arange(rows.rows) % 20 == 0, truth, -1)
    before = fitted(rows)
    first, second = (with_labels(before, rows, labels, seed=3, deadline=NoDeadline()) for _ in range(2))
    assert scores_of(first, rows.matrix).tobytes() == scores_of(second, rows.matrix).tobytes()


def test_judging_rows_never_saw_their_labels(two_kinds):
    rows, _ = two_kinds
    chance = np.random.default_rng(0)
    nonsense = np.where(chance.random(rows.rows) < 0.15, chance.integers(0, 2, rows.rows), -1)
    scores = cross_taught(fitted(rows), rows, nonsense, seed=0, deadline=NoDeadline())
    assert scores.shape == ((nonsense >= 0).sum(),)
    assert 0.35 < roc_auc_score(nonsense[nonsense >= 0], scores) < 0.65


def test_one_anomaly_cannot_be_judged_and_can_teach(two_kinds):
    rows, _ = two_kinds
    labels = np.full(rows.rows, -1)
    labels[0] = 1
    assert cross_taught(fitted(rows), rows, labels, seed=0, deadline=NoDeadline()) is None
    assert np.isfinite(
        scores_of(with_labels(fitted(rows), rows, labels, seed=0, deadline=NoDeadline()), rows.matrix)
    ).all()


@pytest.mark.parametrize("labels", [np.full(1200, -1), np.zeros(1200), np.ones(7)])
def test_labels_that_teach_nothing_are_refused(two_kinds, labels):
    with pytest.raises(UsageError, match="known anomaly"):
        with_labels(fitted(two_kinds[0]), two_kinds[0], labels, seed=0, deadline=NoDeadline())


def test_every_row_labelled_is_taught_too():
    chance = np.random.default_rng(0)
    rows = Observations.of(chance.normal(size=(60, 2)))
    labels = (np.arange(60) < 6).astype(np.int64)
    assert np.isfinite(
        scores_of(with_labels(fitted(rows), rows, labels, seed=0, deadline=NoDeadline()), rows.matrix)
    ).all()


@pytest.mark.skipif(not ADBENCH.exists(), reason="the data folder is not there")
@pytest.mark.parametrize("name", ["6_cardio", "40_vowels", "38_thyroid"])
def test_one_row_in_a_hundred_labelled_is_worth_ten_points(name):
    data = np.load(ADBENCH / f"{name}.npz")
    matrix, truth = data["X"].astype(np.float32), data["y"].astype(np.int64)
    matrix = (matrix - np.median(matrix, axis=0)) / np.maximum(matrix.std(axis=0), 1e-6)
    chance = np.random.default_rng(0)
    labels = np.full(len(truth), -1)
    some = chance.choice(len(truth), len(truth) // 100, replace=False)
    labels[some] = truth[some]
    labels[chance.choice(np.flatnonzero(truth))] = 1
    rows, others = Observations.of(matrix), labels < 0
    before = fitted(rows, "isolation_forest")
    after = with_labels(before, rows, labels, seed=0, deadline=NoDeadline())
    plain, taught = (average_precision_score(truth[others], scores_of(one, matrix)[others]) for one in (before, after))
    assert taught > plain + 0.1


def test_asked_rows_are_odd_apart_and_not_asked_twice(two_kinds):
    rows, truth = two_kinds
    before = fitted(rows)
    scores = scores_of(before, rows.matrix)
    levels = np.column_stack([scores, np.abs(rows.matrix[:, 2])])
    labels = np.full(rows.rows, -1)
    first = rows_to_ask(rows.matrix, scores, levels, labels, 10)
    assert len(set(first.tolist())) == 10
    assert (scores[first[:7]] > np.quantile(scores, 0.9)).all()
    assert {bool(truth[row]) for row in first[:7]} == {True, False}  # both kinds of odd rows, not ten of one
    labels[first] = truth[first]
    second = rows_to_ask(rows.matrix, scores, levels, labels, 10)
    assert not set(first.tolist()) & set(second.tolist())


def test_no_more_rows_are_asked_than_there_are():
    matrix = np.zeros((3, 1), np.float32)
    labels = np.array([1, -1, -1])
    assert sorted(rows_to_ask(matrix, np.zeros(3), np.zeros((3, 1)), labels, 10).tolist()) == [1, 2]
    assert rows_to_ask(matrix, np.zeros(3), np.zeros((3, 2)), np.zeros(3, np.int64), 10).tolist() == []
