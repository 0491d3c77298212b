"""Every registered clustering algorithm against every public check."""

import numpy as np
import pytest

from mainstay.contracts.checks import check_cluster_learner as proofs
from mainstay.contracts.clusters import Centres, Clustering
from mainstay.learners.cluster.catalogue import LEARNERS, learner, paths

EVERYTHING = [
    pytest.param(check, id=f"{name}-{label}")
    for name in paths()
    for label, check in proofs.check_cluster_learner(learner(name))
]


def test_the_checks_found_what_there_is():
    assert len(LEARNERS) == 11
    assert set(paths()) >= set(LEARNERS)
    assert len(proofs.CHECKS) == 18
    assert {check.__name__ for check in proofs.CHECKS} == {
        name for name in vars(proofs) if name.startswith("check_")
    } - {"check_cluster_learner"}
    assert len(EVERYTHING) == len(paths()) * 18


@pytest.mark.parametrize("check", EVERYTHING)
def test_cluster_learner_keeps_its_contract(check):
    check()


class Liar:
    """An algorithm that breaks the contract in several ways: the checks must notice each."""

    name = "liar"
    parameters = ()
    finds_k = True
    order_free = True

    def fit(self, points, k, *, seed, deadline, settings=()):
        points.matrix[0] = 0  # touches its input, takes any setting and any k
        body = Centres.of(points.matrix[:2])
        return Clustering(body, np.arange(points.rows) % 2)


@pytest.mark.parametrize(
    "name",
    [
        "inputs_are_untouched",
        "wrong_settings_are_refused",
        "finds_plain_groups",
        "labels_are_those_of_the_body",
        "k_is_honoured",
        "too_many_groups_are_refused",
        "order_of_rows",
        "weights_are_taken",
        "wrong_rows_are_refused",
    ],
)
def test_a_check_can_fail(name):
    checks = dict(proofs.check_cluster_learner(Liar()))
    with pytest.raises((AssertionError, ValueError, IndexError)):
        checks[f"check_{name}"]()
