"""auto finds bent groups and round ones, says why, and finds nothing where there is nothing."""

import time

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from mainstay.contracts.clusters import Points, assign
from mainstay.contracts.errors import UsageError
from mainstay.contracts.learner import NoDeadline
from mainstay.learners.cluster.auto import choose_method
from mainstay.learners.cluster.auto.number import number_for
from sklearn import datasets


class Countdown:
    def __init__(self, seconds):
        self.end = time.monotonic() + seconds

    def left(self):
        return max(0.0, self.end - time.monotonic())


def points_of(rows, **told):
    rows = np.asarray(rows)
    return Points(rows.astype(np.float32), tuple(f"x{one}" for one in range(rows.shape[1])), **told)


def choose(points, k, **told):
    return choose_method(points, k, seed=0, deadline=NoDeadline(), **told)


MOONS, SIDE = datasets.make_moons(300, noise=0.06, random_state=0)
BLOBS, GROUP = datasets.make_blobs(300, centers=[[0, 0], [4, 0], [0, 4]], cluster_std=1.0, random_state=0)


@pytest.mark.parametrize(("rows", "truth", "least"), [(MOONS, SIDE, 0.97), (BLOBS, GROUP, 0.8)])
def test_groups_of_any_shape_given_their_number(rows, truth, least):
    found = choose(points_of(rows), len(set(truth)))
    assert adjusted_rand_score(found.clustering.labels, truth) > least
    assert found.compared[0].name == found.name
    assert found.agreement.shape == (len(found.compared),) * 2
    assert np.allclose(np.diag(found.agreement), 1)
    assert np.allclose(found.agreement, found.agreement.T)
    assert all(sentence.endswith(".") and len(sentence.split()) > 4 for sentence in found.reasons)
    assert any(found.name in sentence for sentence in found.reasons)
    assert found.stability[found.name] > 0.8


@pytest.mark.parametrize(("rows", "truth", "compact", "least"), [(MOONS, SIDE, 5, 0.97), (BLOBS, GROUP, 3, 0.8)])
def test_their_number_where_compact_groups_are_known(rows, truth, compact, least):
    found = choose(points_of(rows), None, compact_k=compact)
    assert adjusted_rand_score(found.clustering.labels, truth) > least


def test_number_is_found_alone():
    assert choose(points_of(BLOBS), None).clustering.body.clusters == 3


@pytest.mark.parametrize("rows", [60, 200])
def test_chance_is_one_group(rows):
    wrong = []
    for seed in range(20):
        chance = np.random.default_rng(seed)
        for kind, drawn in (("square", chance.random((rows, 2))), ("bell", chance.normal(size=(rows, 3)))):
            if number_for(points_of(drawn), 1, seed=0, deadline=NoDeadline()).k > 1:
                wrong.append((kind, seed))
    assert len(wrong) <= 2, wrong


def test_labels_are_those_of_the_body_on_more_rows_than_are_compared():
    chance = np.random.default_rng(0)
    truth = chance.integers(0, 3, 12_000)
    points = points_of(np.array([[0, 0], [9, 0], [0, 9]])[truth] + chance.normal(size=(12_000, 2)))
    found = choose(points, 3)
    assert np.array_equal(found.clustering.labels, assign(found.clustering.body, points.matrix))
    assert adjusted_rand_score(found.clustering.labels, truth) > 0.99


def test_categories_have_methods_of_their_own():
    chance = np.random.default_rng(0)
    truth = chance.integers(0, 2, 200)
    level = np.where(chance.random(200) < 0.9, truth, 2)
    rows = np.column_stack([chance.normal(6 * truth, 1), *(level == one for one in range(3))])
    found = choose(points_of(rows, blocks=((1, 4),)), 2)
    assert {one.name for one in found.compared} <= {"kmeans", "k_prototypes", "ward", "genie"}
    assert adjusted_rand_score(found.clustering.labels, truth) > 0.9


def test_no_time_still_gives_an_answer():
    began = time.monotonic()
    found = choose_method(points_of(BLOBS), 3, seed=0, deadline=Countdown(0))
    assert time.monotonic() - began < 5
    assert found.clustering.body.clusters == 3
    assert found.skipped


@pytest.mark.parametrize("k", [1, 2, None])
def test_hardly_any_rows(k):
    found = choose(points_of([[0.0, 0.0], [1.0, 5.0]]), k)
    assert len(found.clustering.labels) == 2


def test_more_groups_than_rows_are_refused():
    with pytest.raises(UsageError, match="only 2"):
        choose(points_of([[0.0], [1.0], [1.0]]), 3)


def test_same_answer_twice_and_in_another_order():
    order = np.random.default_rng(0).permutation(len(MOONS))
    one, two, other = choose(points_of(MOONS), 2), choose(points_of(MOONS), 2), choose(points_of(MOONS[order]), 2)
    assert np.array_equal(one.clustering.labels, two.clustering.labels)
    assert one.name == other.name
    assert adjusted_rand_score(other.clustering.labels, one.clustering.labels[order]) == 1.0


def test_groups_that_do_not_come_back_are_barred_and_deep_valleys_count():
    chance = np.random.default_rng(0)
    truth = np.repeat(np.arange(9), 40)
    rows = np.column_stack([8 * (truth % 3), 8 * (truth // 3), 0 * truth]) + chance.normal(size=(360, 3))
    found = choose(points_of(rows * [0.15, 0.15, 1.0]), None, compact_k=9, clear=True)
    assert adjusted_rand_score(found.clustering.labels, truth) > 0.8
    steady = [value for value in found.stability.values() if np.isfinite(value)]
    assert found.stability[found.name] >= max(steady) - 0.25


def test_circles_of_the_time_are_no_hills():
    chance = np.random.default_rng(0)
    angle = chance.integers(0, 7, 400) * 2 * np.pi / 7
    rows = np.column_stack([chance.random(400), np.sin(angle), np.cos(angle)])
    dates = Points(rows.astype(np.float32), ("when.days", "when.weekday sine", "when.weekday cosine"))
    assert number_for(dates, 1, seed=0, deadline=NoDeadline()).k == 1
