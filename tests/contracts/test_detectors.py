"""Every registered detector of anomalies against every public check."""

from importlib.util import find_spec

import numpy as np
import pytest

from mainstay.contracts.anomalies import Detection, Member, Scale
from mainstay.contracts.anomaly_bodies import Deviation
from mainstay.contracts.checks import check_detector_learner as proofs
from mainstay.learners.anomaly.catalogue import LEARNERS, learner, paths

OPTIONAL = {"autoencoder": "torch"}
EVERYTHING = [
    pytest.param(
        check,
        id=f"{name}-{label}",
        marks=pytest.mark.skipif(
            name in OPTIONAL and find_spec(OPTIONAL[name]) is None, reason="its package is not installed"
        ),
    )
    for name in paths()
    for label, check in proofs.check_detector_learner(learner(name))
]


def test_the_checks_found_what_there_is():
    assert len(LEARNERS) == 12
    assert set(paths()) >= set(LEARNERS)
    assert all(learner(name).name == name for name in LEARNERS)
    assert len(proofs.CHECKS) == 19
    assert {check.__name__ for check in proofs.CHECKS} == {
        name for name in vars(proofs) if name.startswith("check_")
    } - {"check_detector_learner"}
    assert len(EVERYTHING) == len(paths()) * 19


@pytest.mark.parametrize("check", EVERYTHING)
def test_detector_keeps_its_contract(check):
    check()


class Liar:
    """A detector that breaks the contract in several ways: the checks must notice each."""

    name = "liar"
    parameters = ()

    def fit(self, observations, *, reference, seed, deadline, settings=()):
        observations.matrix[0] = 0  # touches its input, takes any setting and any rows
        body = Deviation(observations.matrix[-1].astype(float), np.ones((observations.matrix.shape[1], 1)))
        return Detection((Member("liar", body, Scale(np.zeros(1), np.full(1, np.nan)), 0.5),))


@pytest.mark.parametrize("name", [check.__name__ for check in proofs.CHECKS])
def test_a_check_can_fail(name):
    if name in {"check_parameters_are_declared", "check_deadline_is_kept", "check_no_time_at_all"}:
        pytest.skip("the liar keeps this one")
    checks = dict(proofs.check_detector_learner(Liar()))
    with pytest.raises((AssertionError, ValueError, IndexError)):
        checks[name]()
