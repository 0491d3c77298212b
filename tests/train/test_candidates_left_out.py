"""What a run cannot try is left out by itself, and explained where it was named."""

import pytest

from mainstay.contracts.errors import MissingPackageError, UsageError
from mainstay.learners.catalogue import learner
from mainstay.learners.supervised import optional
from mainstay.train.candidates import Preparation, portfolio

TASKS = ("classification", "regression")


@pytest.mark.parametrize("task", TASKS)
def test_only_learners_that_keep_directions_are_tried(task):
    candidates = portfolio(task, Preparation(monotone={"income": 1}))
    assert candidates[0].learner == "baseline"
    assert len(candidates) > 3
    assert all(learner(one.learner).takes_monotone for one in candidates[1:])
    assert all(one.recipe.monotone == {"income": 1} for one in candidates[1:])
    assert not any(one.recipe.monotone for one in portfolio(task, Preparation()))


def test_a_named_model_that_cannot_keep_them_is_explained():
    with pytest.raises(UsageError, match="random_forest cannot keep directions") as caught:
        portfolio("regression", Preparation(monotone={"income": 1}), models=["random_forest"])
    assert "lightgbm" in caught.value.hint


@pytest.mark.parametrize("task", TASKS)
def test_a_package_that_is_not_there_is_named_with_the_line_that_installs_it(task, monkeypatch):
    found = optional.find_spec
    monkeypatch.setattr(optional, "find_spec", lambda name: None if name == "xgboost" else found(name))
    with pytest.raises(MissingPackageError, match="xgboost needs the package xgboost") as caught:
        portfolio(task, Preparation(), models=["xgboost"])
    assert caught.value.hint == 'Run: pip install "mainstay[boost]"'
