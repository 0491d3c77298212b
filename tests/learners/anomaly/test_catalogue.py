"""The catalogue of detectors names them without loading anything of weight."""

import pytest

from mainstay.contracts.errors import UsageError
from mainstay.learners.anomaly.catalogue import LEARNERS, learner


def test_the_default_stands_first():
    assert next(iter(LEARNERS)) == "ensemble"


def test_an_unknown_name_is_answered_with_those_that_are_there():
    with pytest.raises(UsageError, match=r"no detector 'iforest'.*isolation_forest"):
        learner("iforest")
