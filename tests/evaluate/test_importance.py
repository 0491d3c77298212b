"""Permutation importance ranks what the model uses, by the user's columns, and stops in time."""

import time

import numpy as np
import pytest

from mainstay.contracts.arrays import Arrays
from mainstay.contracts.schema import Column, Schema
from mainstay.evaluate.importance import column_places, permutation_importance


class Clock:
    def __init__(self, seconds):
        self.end = time.perf_counter() + seconds

    def left(self):
        return max(0.0, self.end - time.perf_counter())


def table(n=800, seed=0):
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(n, 4)).astype(np.float32)
    categories = rng.integers(-1, 3, size=(n, 2)).astype(np.int64)
    return Arrays(numbers, ("strong", "when.year", "when.hour", "idle"), categories, ("city", "spare"), (3, 3))


SCHEMA = Schema(
    columns=(
        Column(name="strong", kind="number"),
        Column(name="when", kind="datetime"),
        Column(name="idle", kind="number"),
        Column(name="city", kind="category"),
        Column(name="spare", kind="category"),
    )
)


def amounts(arrays):
    numbers = arrays.numbers.astype(float)
    return 3 * numbers[:, 0] + numbers[:, 1] - numbers[:, 2] + 0.5 * arrays.categories[:, 0]


def chances(arrays):
    chance = 1 / (1 + np.exp(-amounts(arrays)))
    return np.stack([1 - chance, chance], axis=1)


def test_columns_rank_by_their_use_and_parts_move_together():
    arrays = table()
    y = amounts(arrays) + np.random.default_rng(1).normal(size=800)
    before = arrays.numbers.copy()
    found = permutation_importance(amounts, arrays, y, task="regression", schema=SCHEMA)
    assert [entry.column for entry in found.columns][:3] == ["strong", "when", "city"]
    by_name = {entry.column: entry for entry in found.columns}
    assert by_name["idle"].loss == 0
    assert by_name["strong"].low > by_name["when"].high
    assert all(entry.low <= entry.loss <= entry.high for entry in found.columns)
    assert found.unreached == ()
    assert found.metric == "rmse"
    assert (arrays.numbers == before).all()


@pytest.mark.parametrize("name", ["roc_auc", "log_loss", "accuracy", "f1", "average_precision"])
def test_a_loss_is_above_zero_for_every_direction(name):
    arrays = table()
    y = (np.random.default_rng(2).random(800) < chances(arrays)[:, 1]).astype(int)
    found = permutation_importance(
        chances, arrays, y, task="classification", schema=SCHEMA, metric_name=name, labels=("No", "Yes"), repeats=3
    )
    assert found.columns[0].column == "strong"
    assert found.columns[0].low > 0
    assert all(entry.repeats == 3 for entry in found.columns)


def test_the_interval_holds_the_loss_on_endless_rows():
    big = table(60_000, 9)
    y_big = amounts(big) + np.random.default_rng(3).normal(size=60_000)
    real = permutation_importance(amounts, big, y_big, task="regression", schema=SCHEMA, rows=60_000, repeats=2)
    real_loss = {entry.column: entry.loss for entry in real.columns}
    held = []
    for seed in range(60):
        arrays = table(200, seed + 100)
        y = amounts(arrays) + np.random.default_rng(seed).normal(size=200)
        found = permutation_importance(amounts, arrays, y, task="regression", schema=SCHEMA, seed=seed)
        used = [entry for entry in found.columns if entry.loss]
        held += [entry.low <= real_loss[entry.column] <= entry.high for entry in used]
    assert np.mean(held) >= 0.9


def test_a_deadline_stops_it_and_names_what_was_not_reached():
    def slow(arrays):
        time.sleep(0.05)
        return amounts(arrays)

    arrays = table(100)
    began = time.perf_counter()
    found = permutation_importance(slow, arrays, amounts(arrays) + 1, task="regression", deadline=Clock(0.22))
    assert time.perf_counter() - began < 0.4
    assert found.unreached
    assert len(found.columns) + len(found.unreached) == 6


def test_rows_are_limited():
    seen = []

    def watch(arrays):
        seen.append(arrays.rows)
        return amounts(arrays)

    arrays = table(800)
    found = permutation_importance(watch, arrays, amounts(arrays), task="regression", rows=150, repeats=1)
    assert set(seen) == {150}
    assert found.rows == 150


def test_blank_where_the_metric_does_not_apply():
    arrays = table(10)
    found = permutation_importance(
        chances, arrays, np.zeros(10, int), task="classification", metric_name="roc_auc", labels=("No", "Yes")
    )
    assert (found.value, found.columns) == (None, ())


def test_same_seed_same_answer():
    arrays = table(200)
    y = amounts(arrays) + 1
    assert permutation_importance(amounts, arrays, y, task="regression", seed=4) == permutation_importance(
        amounts, arrays, y, task="regression", seed=4
    )


def test_a_dot_in_a_name_is_not_a_part():
    arrays = Arrays(np.zeros((1, 2), np.float32), ("a.year", "b.year"), np.zeros((1, 0), np.int64), (), ())
    schema = Schema(columns=(Column(name="a.year", kind="number"), Column(name="b", kind="datetime")))
    assert column_places(arrays, schema) == {"a.year": ([0], []), "b": ([1], [])}
