"""What a run is told: what is refused, in which words, and that every refusal says what to do."""

import pytest

from mainstay.contracts.errors import UsageError
from mainstay.train.candidates import Preparation, portfolio
from mainstay.train.settings import Settings, read_grid


@pytest.mark.parametrize("told", [{"holdout": 0.9}, {"holdout": 0.0}, {"intervals": 20.0}, {"intervals": 100.0}])
def test_a_range_error_says_what_to_give(told):
    with pytest.raises(UsageError) as caught:
        Settings(**told)
    assert caught.value.hint
    assert str(next(iter(told.values()))) in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("ridge = [1.0, 2.0]\n", "'ridge' is not a table"),
        ("[[ridge]]\nalpha = [1.0]\n", "'ridge' is not a table"),
        ("ridge = 3\n", "'ridge' is not a table"),
        ("[ridge]\nalpha = 1.0\n", "'alpha' of 'ridge' has no list"),
        ("[ridge]\nalpha = [[1.0]]\n", "'alpha' of 'ridge' has"),
        ("hello", "could not be read as TOML"),
    ],
)
def test_a_grid_of_a_wrong_shape_gets_our_words(tmp_path, content, words):
    (tmp_path / "g.toml").write_text(content)
    with pytest.raises(UsageError, match=words) as caught:
        read_grid(tmp_path / "g.toml")
    assert caught.value.hint
    assert "Expected `" not in str(caught.value)


def test_a_grid_that_is_no_table_at_all_gets_our_words():
    with pytest.raises(UsageError, match="not a table per learner"):
        read_grid([1, 2])


def test_a_grid_keeps_its_values():
    assert read_grid({"ridge": {"alpha": (1, 2.5)}}) == {"ridge": {"alpha": [1, 2.5]}}


@pytest.mark.parametrize(
    ("task", "model", "other"),
    [("regression", "logistic", "classification"), ("classification", "ridge", "regression")],
)
def test_a_model_of_the_other_task_is_said_to_be_one(task, model, other):
    with pytest.raises(UsageError, match=f"no model '{model}' for {task}; it is for {other}"):
        portfolio(task, Preparation(), models=[model])
    with pytest.raises(UsageError) as caught:
        portfolio(task, Preparation(), models=["magic"])
    assert "it is for" not in str(caught.value)
