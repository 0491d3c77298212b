"""Each kind of planted leak is found, and what only looks like it passes."""

import numpy as np
import polars as pl
import pytest

from mainstay.contracts.schema import Column, Schema
from mainstay.data.leaks import audit
from mainstay.data.table import Table

ROWS = 1500


@pytest.fixture(scope="module")
def honest():
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(size=(3, ROWS))
    chance = 1 / (1 + np.exp(-(a + b)))
    return {"a": a, "b": b, "c": c, "y": np.where(rng.random(ROWS) < chance, "yes", "no")}


COLUMNS = (
    Column(name="a", kind="number"),
    Column(name="b", kind="number"),
    Column(name="c", kind="number"),
    Column(name="y", kind="category", role="target"),
)


def warned(cells, *more, **options):
    columns = (*COLUMNS, *more)
    found = audit(Table(pl.DataFrame(cells), source="t", digest=""), Schema(columns=columns), seconds=60, **options)
    return {(one.code, one.column) for one in found.findings if one.severity != "info"}


def test_filled_for_one_class_only(honest):
    rng = np.random.default_rng(1)
    late = np.where((honest["y"] == "yes") & (rng.random(ROWS) < 0.5), rng.normal(size=ROWS), np.nan)
    column = Column(name="late", kind="number", nullable=True)
    assert ("leak.filled", "late") in warned(honest | {"late": late}, column)
    by_chance = np.where(rng.random(ROWS) < 0.5, rng.normal(size=ROWS), np.nan)
    assert warned(honest | {"late": by_chance}, column) == set()


def test_the_last_digit_tells(honest):
    code = np.random.default_rng(1).permutation(10_000)[:ROWS] * 10 + np.where(honest["y"] == "yes", 3, 8)
    assert ("leak.hidden", "code") in warned(honest | {"code": code}, Column(name="code", kind="number"))


def test_two_columns_whose_difference_tells(honest):
    rng = np.random.default_rng(1)
    first = rng.gamma(4, 25, ROWS)
    second = first + np.where(honest["y"] == "yes", 1, -1) * rng.uniform(1, 9, ROWS)
    columns = (Column(name="from", kind="number"), Column(name="to", kind="number"))
    assert ("leak.pair", "to") in warned(honest | {"from": first, "to": second}, *columns)


def test_a_mean_of_the_target_over_its_own_rows(honest):
    rng = np.random.default_rng(1)
    level = rng.integers(0, 120, ROWS)
    goal = (honest["y"] == "yes").astype(float)
    means = np.bincount(level, goal) / np.bincount(level)
    column = Column(name="mean", kind="number")
    assert ("leak.encoded", "mean") in warned(honest | {"mean": means[level]}, column)
    other = np.bincount(level, rng.permutation(goal)) / np.bincount(level)
    assert warned(honest | {"mean": other[level]}, column) == set()


def test_a_mean_that_leaves_out_its_own_row(honest):
    level = np.random.default_rng(1).integers(0, 60, ROWS)
    goal = (honest["y"] == "yes").astype(float)
    mean = (np.bincount(level, goal)[level] - goal) / (np.bincount(level)[level] - 1)
    cells = honest | {"level": [f"k{one}" for one in level], "mean": mean}
    columns = (Column(name="level", kind="category"), Column(name="mean", kind="number"))
    assert any(column == "mean" for _, column in warned(cells, *columns))


def test_the_targets_of_later_rows(honest):
    goal = (honest["y"] == "yes").astype(float)
    days = pl.date_range(pl.date(2020, 1, 1), pl.date(2030, 1, 1), eager=True).head(ROWS)
    columns = (Column(name="day", kind="datetime"), Column(name="next", kind="number"))
    later = honest | {"day": days, "next": np.append(goal[1:], 0.0)}
    assert ("leak.later", "next") in warned(later, *columns, how="time:day")
    earlier = honest | {"day": days, "next": np.append(0.0, goal[:-1])}
    assert not any(code == "leak.later" for code, _ in warned(earlier, *columns, how="time:day"))


def test_things_without_a_name_that_carry_their_target(honest):
    order = np.argsort(honest["y"], kind="stable")
    thing = np.empty(ROWS, int)
    thing[order] = np.random.default_rng(1).permutation(9000)[np.arange(ROWS) // 5]
    assert ("leak.group", "thing") in warned(honest | {"thing": thing}, Column(name="thing", kind="number"))
    age = np.random.default_rng(1).integers(18, 90, ROWS)
    assert warned(honest | {"thing": age}, Column(name="thing", kind="number")) == set()


def test_rows_that_come_back_slightly_changed(honest):
    rng = np.random.default_rng(1)
    again = {name: values[:200] for name, values in honest.items()}
    for name in "abc":
        again[name] = again[name] + 1e-3 * rng.normal(size=200)
    cells = {name: np.concatenate([values, again[name]]) for name, values in honest.items()}
    assert ("leak.near_copies", None) in warned(cells)
    order = rng.permutation(ROWS + 200)
    assert ("leak.near_copies", None) in warned(cells, train=np.sort(order[:1360]), test=np.sort(order[1360:]))


def test_a_test_part_from_elsewhere(honest):
    test = np.arange(0, ROWS, 5)
    train = np.setdiff1d(np.arange(ROWS), test)
    moved = honest["c"] + 1.5 * np.isin(np.arange(ROWS), test)
    assert ("leak.apart", "c") in warned(honest | {"c": moved}, train=train, test=test)
    assert warned(honest, train=train, test=test) == set()


def test_an_honest_cause_that_is_needed_most_is_no_leak():
    rng = np.random.default_rng(0)
    hour, heat, free = rng.integers(0, 24, ROWS), rng.normal(size=ROWS), rng.integers(0, 2, ROWS)
    riders = 100 * np.exp(-0.5 * ((hour - 17) / 3) ** 2) * (1 + 0.5 * free) + 20 * heat + 5 * rng.normal(size=ROWS)
    cells = {"hour": hour, "heat": heat, "free": free, "riders": riders}
    columns = (*(Column(name=name, kind="number") for name in ("hour", "heat", "free")),
               Column(name="riders", kind="number", role="target"))  # fmt: skip
    found = audit(Table(pl.DataFrame(cells), source="t", digest=""), Schema(columns=columns), seconds=60)
    assert [one for one in found.findings if one.severity != "info"] == []
    assert found.ties["hour"] > 0.05
