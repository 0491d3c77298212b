"""The gate between a detector and its graph: a graph that scores otherwise is found, whoever is wrong."""

from dataclasses import replace

import numpy as np
import pytest

from mainstay import ParityError
from mainstay.alarms.gate import LIMIT, check_detector, drawn_rows, member_gaps
from mainstay.alarms.judging import write_graph
from mainstay.contracts.anomaly_bodies import Nearest
from mainstay.contracts.arrays import Arrays
from mainstay.contracts.learner import NoDeadline
from mainstay.graph.run import Session
from mainstay.learners.anomaly.catalogue import learner
from mainstay.prepare.anomalies import fit_for_anomalies, observations_of

CHANCE = np.random.default_rng(1)
ROWS = Arrays(CHANCE.normal(size=(300, 4)).astype(np.float32), tuple("abcd"), np.empty((300, 0), np.int64), (), ())


@pytest.fixture(scope="module")
def made():
    recipe = fit_for_anomalies(ROWS)
    seen = observations_of(recipe, ROWS)
    found = learner("robust_mahalanobis").fit(seen, reference="contaminated", seed=0, deadline=NoDeadline())
    members = Session(write_graph(recipe, found, ROWS)).run(ROWS, ("members",))["members"]
    return recipe, found, members


def test_the_graph_scores_as_the_detector_does(made):
    recipe, found, members = made
    parity = check_detector(found, recipe, ROWS, members, where="test")
    assert parity.rows == 300
    assert parity.largest <= LIMIT


@pytest.mark.parametrize("wrong", [1.0001, np.nan, np.inf])
def test_one_wrong_score_is_found_and_its_row_named(made, wrong):
    recipe, found, members = made
    spoilt = members.copy()
    spoilt[17] *= wrong
    with pytest.raises(ParityError, match="row 17 of the 300"):
        check_detector(found, recipe, ROWS, spoilt, where="test")


def test_another_detector_does_not_pass(made):
    recipe, found, members = made
    (member,) = found.members
    other = replace(found, members=(replace(member, body=replace(member.body, centre=member.body.centre + 0.01)),))
    with pytest.raises(ParityError, match="robust_mahalanobis"):
        check_detector(other, recipe, ROWS, members, where="test")


def test_of_many_rows_some_are_drawn_and_the_oddest_are_among_them():
    scores = CHANCE.normal(size=200_000)
    rows = drawn_rows(scores, 10, 0)
    assert len(rows) < 25_000
    assert set(np.argsort(-scores)[:100].tolist()) <= set(rows.tolist())
    assert drawn_rows(scores[:500], 10, 0).tolist() == list(range(500))


@pytest.mark.parametrize("reference", ["clean", "contaminated"])
@pytest.mark.parametrize("method", ["knn", "lof", "kmeans_distance", "one_class_svm"])
def test_tiny_distances_beside_large_values_pass(method, reference):
    chance = np.random.default_rng(0)
    numbers = np.repeat(chance.normal(size=(40, 3)), 20, axis=0) + 1e-6 * chance.normal(size=(800, 3))
    numbers[:3] *= 1e6
    numbers = np.column_stack([numbers, 1e6 + chance.normal(size=800)]).astype(np.float32)
    rows = Arrays(numbers, tuple("abcd"), np.empty((800, 0), np.int64), (), ())
    recipe = fit_for_anomalies(rows)
    detection = learner(method).fit(observations_of(recipe, rows), reference=reference, seed=0, deadline=NoDeadline())
    members = Session(write_graph(recipe, detection, rows)).run(rows, ("members",))["members"]
    assert check_detector(detection, recipe, rows, members, where="test").largest <= LIMIT
    members[5] += 1e-5 * (np.abs(members[5]) + np.sqrt(np.square(members).mean()))
    with pytest.raises(ParityError, match="row 5 of the 800"):
        check_detector(detection, recipe, rows, members, where="test")


def test_rounding_of_long_rows_is_no_difference_and_more_than_that_is():
    body = Nearest(np.zeros(1), np.array([[0.0], [1e4]]), bags=1, count=1, scale=np.ones(2))
    matrix, ours = np.array([[1.0], [1e4]], np.float32), np.array([[1.0], [0.0]])

    def gaps(first, second):
        return member_gaps([(body, matrix)], ours, ours + np.array([[first], [second]]))

    assert gaps(0.0, 9e-4).max() == 0
    assert gaps(0.0, 2e-3).argmax() == 1
    assert gaps(1e-5, 0.0).max() > LIMIT
    assert gaps(0.0, np.nan).max() == np.inf
