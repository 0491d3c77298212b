"""Every registered learner against every public check."""

import pytest

from mainstay.contracts.checks import check_learner as proofs
from mainstay.graph.evaluate_trees import evaluate
from mainstay.learners.catalogue import LEARNERS, absent, learner, paths

EVERYTHING = [
    pytest.param(check, id=f"{name}-{label}", marks=[pytest.mark.skip(absent()[name])] if name in absent() else [])
    for name in paths()
    for label, check in proofs.check_learner(learner(name), evaluate)
]


def test_the_checks_found_what_there_is():
    assert len(LEARNERS) == 20
    assert set(paths()) >= set(LEARNERS)
    assert len(proofs.CHECKS) == 19
    assert {check.__name__ for check in proofs.CHECKS} == {
        name for name in vars(proofs) if name.startswith("check_")
    } - {"check_learner"}
    assert len(EVERYTHING) == len(paths()) * 19


@pytest.mark.parametrize("check", EVERYTHING)
def test_learner_keeps_its_contract(check):
    check()


class Liar:
    """A learner that breaks the contract in several ways: the checks must notice each."""

    name = "liar"
    tasks = ("regression",)
    parameters = ()
    takes_missing = True
    takes_codes = False
    uses_validation = False

    def fit(self, features, target, *, seed, deadline, settings=(), validation=None):
        target.values[:] = 0  # touches its input, and takes any setting
        from mainstay.learners.supervised.baseline import Baseline

        fitted = Baseline().fit(features, target, seed=seed, deadline=deadline)

        class Wrong:
            def predict(self, features):
                return features.matrix.astype("float64").sum(axis=1) + len(features.matrix)

            graph, notes = fitted.graph, fitted.notes

        return Wrong()


@pytest.mark.parametrize(
    "name",
    [
        "inputs_are_untouched",
        "wrong_settings_are_refused",
        "graph_answers_as_predict",
        "rows_are_answered_alone",
        "weights_count",
        "unseen_rows_are_answered_better_than_by_chance",
        "far_and_sparse_rows",
    ],
)
def test_a_check_can_fail(name):
    checks = dict(proofs.check_learner(Liar(), evaluate))
    with pytest.raises((AssertionError, ValueError)):
        checks[f"check_{name}"]()
