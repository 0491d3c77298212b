"""The gate between a detector and its graph: a graph that scores otherwise is found, whoever is wrong."""

from dataclasses import replace

import numpy as np
import pytest

from mainstay import ParityError
from mainstay.alarms.gate import LIMIT, check_detector, drawn_rows
from mainstay.alarms.judging import write_graph
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
