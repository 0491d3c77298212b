"""The target: classes or numbers, and the sentences about targets that nothing can be learned from."""

from __future__ import annotations

import polars as pl
import pytest

from mainstay.contracts.errors import DataError
from mainstay.data.decode import decode_target
from mainstay.data.infer import infer
from mainstay.data.table import Table


def table(values, **columns):
    return Table(
        pl.DataFrame({"x": [str(number / 3) for number in range(len(values))], **columns, "y": values}), "t.csv", ""
    )


def target_of(values, **options):
    found = infer(table(values), target="y", **options)
    assert found.schema.target is not None
    return found.schema.target, {finding.code: finding for finding in found.findings}


@pytest.mark.parametrize(
    ("cells", "categories"),
    [
        (["No", "Yes"], ("No", "Yes")),
        (["yes", "no"], ("no", "yes")),
        (["1", "2"], ("1", "2")),
        (["1.0", "2.0"], ("1.0", "2.0")),
        (["t", "f"], ("f", "t")),
        (["b", "a", "c"], ("a", "b", "c")),
        (["10", "9", "3"], ("3", "9", "10")),
        ([1, 2], ("1", "2")),
        ([2.0, 1.0], ("1", "2")),
        (["<=50K", ">50K", "?"], ("<=50K", ">50K")),
    ],
)
def test_classes_are_the_words_as_written(cells, categories):
    column, _ = target_of(cells * 40)
    assert (column.kind, column.role, column.categories) == ("category", "target", categories)


def test_one_class_in_two_spellings_stays_one_class():
    column, _ = target_of(["yes", "Yes", "yes", "no"] * 20)
    assert (column.kind, column.categories) == ("boolean", ("no", "yes"))


def test_few_whole_numbers_are_classes_and_said():
    column, said = target_of([str(number % 7 + 3) for number in range(300)])
    assert column.categories == ("3", "4", "5", "6", "7", "8", "9")
    assert "regression" in said["target.classes"].advice


@pytest.mark.parametrize(
    "cells",
    [
        [str(number % 25) for number in range(500)],
        [str(number % 7) for number in range(40)],
        [str(number % 3 + 0.5) for number in range(300)],
    ],
)
def test_other_numbers_are_a_regression(cells):
    column, said = target_of(cells)
    assert (column.kind, "target.classes" in said) == ("number", False)


def test_the_task_decides():
    cells = [str(number % 3 + 1) for number in range(300)]
    assert target_of(cells, task="regression")[0].kind == "number"
    assert target_of(cells, overrides={"y": "number"})[0].kind == "number"
    assert target_of(["0", "1"] * 30, task="regression")[0].kind == "number"
    many = [str(number % 25) for number in range(500)]
    assert target_of(many, task="classification")[0].kind == "category"
    assert target_of(many, overrides={"y": "category"})[0].kind == "category"


def test_rows_without_a_target_are_counted():
    cells = [*["1.5", "2.5", "", "?", "abc"], *(str(number / 7) for number in range(95))]
    column, said = target_of(cells)
    assert said["target.missing"].message.startswith("3 of 100 rows have")
    assert said["target.missing"].rows == (3, 4, 5)
    assert said["mixed"].rows == (5,)
    decoded = decode_target(infer(table(cells), target="y").schema, table(cells).frame)
    assert decoded.usable.sum() == 97
    assert column.nullable


def test_rare_classes_are_said():
    _, said = target_of(["a"] * 50 + ["b"] * 50 + ["c"] * 2)
    assert "'c' (2)" in said["target.rare_class"].message


@pytest.mark.parametrize(
    ("values", "options", "parts"),
    [
        (["Yes"] * 30, {}, ["'y' has one class only", "'Yes'", "30 rows"]),
        (["Yes"] * 29 + [""], {}, ["one class only", "29 rows"]),
        (["1.5"] * 30, {}, ["one value only"]),
        ([""] * 30, {}, ["no value in any of 30 rows"]),
        ([None] * 30, {}, ["no value in any of 30 rows"]),
        (["NA"] * 30, {}, ["no value"]),
        (["a", "b"] * 15, {"task": "regression"}, ["regression needs numbers", "'a', 'b'"]),
        ([f"word{number}" for number in range(90)], {}, ["too many to be classes", "90"]),
        ([str(number / 7) for number in range(90)], {"task": "classification"}, ["too many to be classes"]),
    ],
)
def test_targets_that_cannot_be_learned_are_refused(values, options, parts):
    with pytest.raises(DataError) as caught:
        infer(table(values), target="y", **options)
    message = str(caught.value)
    assert message.startswith("t.csv: ")
    assert caught.value.hint
    for part in parts:
        assert part in message


def test_a_target_that_is_not_there_is_answered_with_near_names():
    frame = table(["1"] * 3, Churn=["a"] * 3)
    with pytest.raises(DataError, match="Did you mean 'Churn'"):
        infer(frame, target="churn")
    with pytest.raises(DataError, match="The columns are: x, Churn, y"):
        infer(frame, target="something else")


def test_a_role_may_name_the_target():
    found = infer(table(["a", "b"] * 10), roles={"y": "target"})
    assert found.schema.target is not None
    assert found.schema.target.name == "y"


def test_the_target_is_never_ignored_as_an_identifier_or_a_constant():
    values = [str(number) for number in range(100)]
    assert target_of(values)[0].kind == "number"
    frame = Table(pl.DataFrame({"x": values, "user_id": [str(number % 3) for number in range(100)]}), "t.csv", "")
    assert infer(frame, target="user_id").schema["user_id"].role == "target"


def test_a_typed_boolean_stays_one_so_that_words_and_figures_name_its_classes_too():
    column, _ = target_of([True, False] * 40)
    assert (column.kind, column.role, column.categories) == ("boolean", "target", ("false", "true"))
