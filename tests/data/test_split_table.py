"""A table is split by its own columns, read by the marks of its schema."""

import numpy as np
import polars as pl
import pytest

from mainstay.contracts.errors import DataError, UsageError
from mainstay.contracts.schema import Column, Schema
from mainstay.data.split_table import find_ties, split_table
from mainstay.data.table import Table

SCHEMA = Schema(
    columns=(
        Column(name="id", kind="identifier", role="ignored"),
        Column(name="day", kind="datetime", formats=("%d/%m/%Y",)),
        Column(name="week", kind="category", role="ignored"),
        Column(name="shop", kind="category"),
        Column(name="sold", kind="number", role="target"),
    )
)


def shops(rows=60):
    return Table(
        pl.DataFrame(
            {
                "id": [str(row) for row in range(rows)],
                "day": [f"{row % 28 + 1:02d}/{row // 28 + 1:02d}/2020" for row in range(rows)],
                "week": [f"2020-W{row // 7:02d}" for row in range(rows)],
                "shop": [None if row == 5 else f"shop {row % 6}" for row in range(rows)],
                "sold": ["1"] * rows,
            }
        ),
        source="shops",
        digest="",
    )


def test_times_are_read_by_their_format_and_not_by_their_text():
    answer = split_table(shops(), SCHEMA, np.ones(60), how="time:day")
    assert answer.test.tolist() == list(range(48, 60))


def test_a_time_that_is_a_word_is_ordered_by_its_text():
    answer = split_table(shops(), SCHEMA, np.ones(60), how="time:week")
    assert answer.test.min() > answer.train.max()


def test_groups_stay_whole_and_rows_without_one_stand_alone():
    table = shops()
    answer = split_table(table, SCHEMA, np.ones(60), how="group:shop")
    names = table.frame["shop"].to_numpy()
    assert not set(names[answer.train].tolist()) & set(names[answer.test].tolist()) - {None}


def test_rows_without_a_target_are_on_neither_side():
    codes = np.tile([0, 1, -1], 20)
    answer = split_table(shops(), SCHEMA, codes)
    assert sorted([*answer.train, *answer.test]) == np.flatnonzero(codes >= 0).tolist()
    amounts = np.where(codes < 0, np.nan, 1.0)
    assert len(split_table(shops(), SCHEMA, amounts).train) == 32


def test_copies_with_another_id_stay_together():
    table = shops()
    doubled = Table(pl.concat([table.frame, table.frame.with_columns(id="x" + pl.col("id"))]), source="", digest="")
    answer = split_table(doubled, SCHEMA, np.ones(120))
    assert not set((answer.train % 60).tolist()) & set((answer.test % 60).tolist())


def test_ties_are_taken_along_to_the_folds():
    ties = find_ties(shops(), SCHEMA, how="time:day")
    rows = np.arange(10, 50)
    made = ties.take(rows).folds(np.ones(40), count=4)
    assert [fold.validation.tolist() for fold in made] == np.arange(40).reshape(4, 10).tolist()
    with pytest.raises(DataError, match="at least 7 groups"):
        find_ties(shops(), SCHEMA, how="group:shop").take(np.arange(6, 60)).folds(np.ones(54), count=7)


def test_unknown_columns_are_refused():
    with pytest.raises(UsageError, match="Did you mean 'shop'"):
        split_table(shops(), SCHEMA, np.ones(60), how="group:shops")


def test_a_group_beats_any_row_order():
    table = shops()
    order = np.random.default_rng(0).permutation(60)
    shuffled = Table(table.frame[order], source="", digest="")
    once = split_table(table, SCHEMA, np.ones(60), seed=4)
    again = split_table(shuffled, SCHEMA, np.ones(60), seed=4)
    assert set(once.test.tolist()) == set(order[again.test].tolist())
