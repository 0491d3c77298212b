"""What of a table is grouped, and that everything left out is named."""

import numpy as np
import polars as pl
import pytest

from mainstay.contracts.errors import DataError, UsageError
from mainstay.contracts.schema import Column, Schema
from mainstay.data.read import read
from mainstay.segments.intake import known_groups, schema_for_groups, take_in
from mainstay.segments.settings import Settings


def taken(frame, schema=None, **settings):
    table, told = read(frame), Settings(**settings)
    known, findings = schema_for_groups(table, told, schema)
    intake = take_in(table, known, told)
    return intake, (*findings, *intake.findings)


def people(count=60):
    random = np.random.default_rng(0)
    age, city = random.normal(40, 9, count), random.choice(["Bern", "Rome"], count)
    kind = random.choice(["b", "a", "c"], count)
    return pl.DataFrame({"id": range(1000, 1000 + count), "age": age, "city": city, "unit": "kg", "kind": kind})


def test_identifiers_and_constants_are_left_out_and_named():
    intake, findings = taken(people())
    assert [column.name for column in intake.schema.features] == ["age", "city", "kind"]
    assert {finding.column for finding in findings} >= {"id", "unit"}


def test_named_columns_only():
    intake, findings = taken(people(), columns=("age",))
    assert [column.name for column in intake.schema.features] == ["age"]
    assert not {finding.column for finding in findings} & {"city", "kind"}


def test_known_groups_are_kept_out_and_read():
    intake, _ = taken(people(), labels="kind")
    assert "kind" not in [column.name for column in intake.schema.features]
    assert intake.known.names == ("a", "b", "c")
    assert [intake.known.names[code] for code in intake.known.codes] == people()["kind"].to_list()


def test_numbers_and_gaps_among_known_groups():
    table = read({"x": [1.0, 2.0, 3.0, 4.0], "label": [10, 2, None, 2]})
    known = known_groups(table, None, "label")
    assert known.names == ("2", "10")
    assert known.codes.tolist() == [1, 0, -1, 0]


def test_rows_without_a_value_are_in_no_group_and_named():
    frame = pl.DataFrame({"a": [1.0, None, 3.0, 4.5] * 5, "b": [2.0, None, None, 1.0] * 5})
    intake, findings = taken(frame)
    assert intake.rows.tolist() == [row for row in range(20) if row % 4 != 1]
    (told,) = [finding for finding in findings if finding.code == "rows.empty"]
    assert told.rows[0] == 2
    assert told.message.startswith("5 rows")


def test_rows_that_the_schema_refuses_are_in_no_group():
    schema = Schema(columns=(Column(name="a", kind="number", on_bad="reject"),))
    intake, findings = taken(pl.DataFrame({"a": ["1", "2", "x", "4"]}), schema)
    assert intake.rows.tolist() == [0, 1, 3]
    assert [finding.code for finding in findings] == ["rows.refused"]


def test_the_target_of_a_schema_is_ignored_and_ranges_are_those_of_the_rows():
    schema = Schema(columns=(Column(name="a", kind="number"), Column(name="y", kind="category", role="target")))
    intake, _ = taken(pl.DataFrame({"a": [1.0, 5.0], "y": ["n", "y"]}), schema)
    assert [column.name for column in intake.schema.features] == ["a"]
    assert (intake.schema["a"].low, intake.schema["a"].high) == (1.0, 5.0)


def test_infinities_are_no_values():
    intake, _ = taken(pl.DataFrame({"a": [1.0, float("inf"), 3.0, 2.5], "b": [1.0, 2.0, 3.5, 1.0]}))
    assert np.isnan(intake.arrays.numbers[1, 0])
    assert np.isfinite(intake.arrays.numbers[[0, 2, 3]]).all()


@pytest.mark.parametrize(
    ("settings", "where", "said"),
    [({"columns": ("agee",)}, "columns", "Did you mean 'age'"), ({"labels": "sort"}, "labels", "id, age, city"),
     ({"weights": {"ag": 2.0}}, "weight", "'ag'"), ({"weights": {"id": 2.0}}, "weight", "nothing is grouped by it"),
     ({"weights": {"age": 0.0, "city": 0.0, "kind": 0.0}}, "weight", "all columns")],
)  # fmt: skip
def test_a_name_that_is_none_gets_a_sentence(settings, where, said):
    with pytest.raises(UsageError) as caught:
        taken(people(), **settings)
    assert caught.value.where == where
    assert said in str(caught.value)


def test_nothing_to_tell_rows_apart_gets_a_sentence():
    with pytest.raises(DataError, match="no column is left that tells rows apart: a"):
        taken(pl.DataFrame({"a": [1.0] * 9, "b": ["x"] * 9}))


def test_no_rows_get_a_sentence():
    with pytest.raises(DataError, match="no rows"):
        taken(pl.DataFrame({"a": []}, schema={"a": pl.Float64}))


def test_only_empty_rows_get_a_sentence():
    schema = Schema(columns=(Column(name="a", kind="number"),))
    with pytest.raises(DataError, match="none of 3 rows has a value"):
        taken(pl.DataFrame({"a": ["", "", ""]}), schema)
