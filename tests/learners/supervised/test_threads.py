import numpy as np
from threadpoolctl import threadpool_info

from mainstay.contracts.arrays import Features
from mainstay.contracts.learner import Target
from mainstay.learners.supervised.logistic import Logistic
from mainstay.learners.supervised.ridge import Ridge


class Witness:
    """A deadline that notes how many threads there are whenever a fit asks for the time."""

    def __init__(self):
        self.threads = []

    def left(self):
        self.threads.append(max((library["num_threads"] for library in threadpool_info()), default=1))
        return 1e6


def test_linear_algebra_uses_one_thread_inside_a_fit():
    features = Features(np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32), ("a", "b", "c"))
    targets = {
        Logistic(): Target("classification", np.arange(50) % 2, 2),
        Ridge(): Target("regression", np.arange(50.0)),
    }
    for learner, target in targets.items():
        witness = Witness()
        before = {library["filepath"]: library["num_threads"] for library in threadpool_info()}
        learner.fit(features, target, seed=0, deadline=witness)
        assert witness.threads[-1] == 1
        after = {library["filepath"]: library["num_threads"] for library in threadpool_info()}
        assert {path: after[path] for path in before} == before
