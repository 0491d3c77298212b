"""The user's own held-out rows are the held-out part, all of them, and nothing is learned from them."""

import numpy as np
import pytest

import mainstay
from mainstay.contracts.errors import DataError
from mainstay.data.infer import infer
from mainstay.data.read import read
from mainstay.train.given import join_test
from mainstay.train.intake import take_in


def table(rows, seed=0, shift=0.0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows) + shift
    return {"x": x, "c": rng.choice(["a", "b"], rows).tolist(), "y": (x + rng.normal(size=rows) > 0).astype(int)}


def taken(train, test, how="random"):
    known = read(train)
    schema = infer(known, target="y").schema
    both = join_test(known, read(test), schema)
    return take_in(
        both, schema, how=how, positive=None, seed=0, cells_per_second=1.0, given=both.rows - known.rows
    )  # fmt: skip


def test_all_given_rows_are_held_out_and_all_others_learned_from():
    intake = taken(table(200), table(50, seed=1))
    assert intake.train.tolist() == list(range(200))
    assert intake.test.tolist() == list(range(200, 250))


def test_what_only_the_held_out_rows_have_is_not_in_the_contract():
    test = table(50, seed=1)
    test["c"] = ["new"] * 50
    intake = taken(table(200), test)
    assert set(intake.schema["c"].categories) == {"a", "b"}


def test_a_missing_column_is_named():
    test = table(50)
    del test["c"]
    with pytest.raises(DataError, match="no column 'c'"):
        taken(table(200), test)


def test_held_out_rows_without_a_target_are_refused():
    test = table(50)
    test["y"] = [None] * 50
    with pytest.raises(DataError, match="0 held-out rows have a target"):
        taken(table(200), test)


def test_folds_keep_equal_rows_together_unless_the_held_out_rows_repeat_them_too():
    train = {"x": np.repeat(np.arange(100.0), 2), "y": np.repeat(np.random.default_rng(0).normal(size=100), 2)}
    fresh = {"x": np.arange(1000.0, 1050.0), "y": np.zeros(50)}
    again = {"x": np.arange(50.0), "y": np.zeros(50)}

    def split_pairs(test):
        folds = taken(train, test).material.folds
        return sum(len(np.unique(fold.validation // 2)) * 2 != len(fold.validation) for fold in folds)

    assert split_pairs(fresh) == 0
    assert split_pairs(again) > 0


def test_the_public_verb_scores_the_rows_it_is_given(tmp_path):
    import polars as pl

    held = tmp_path / "held.csv"
    pl.DataFrame(table(60, seed=2)).write_csv(held)
    run = mainstay.train(table(200), target="y", test=held, models=["logistic"], time_budget=30)
    assert run.to_dict()["rows"] == {"train": 200, "test": 60, "left_out": 0}
