"""Directions reach the learner for the right column, and what would break them is refused with a sentence."""

import numpy as np
import pytest

from mainstay.contracts.arrays import Arrays
from mainstay.contracts.errors import UsageError
from mainstay.contracts.learner import Target
from mainstay.prepare.fitted import fit, from_json
from mainstay.prepare.monotone import read_monotone
from mainstay.prepare.recipe import Recipe


def rows():
    chance = np.random.default_rng(0)
    numbers = chance.normal(size=(60, 4)).astype(np.float32)
    numbers[::7, 0] = np.nan
    codes = chance.integers(0, 3, (60, 1))
    return Arrays(numbers, ("age", "income", "joined.year", "joined.month"), codes, ("city",), (3,))


@pytest.mark.parametrize("scale", ["none", "standard", "minmax", "robust"])
def test_the_column_and_no_other_has_its_direction(scale):
    arrays = rows()
    fitted = fit(Recipe(scale=scale, monotone={"income": 1, "age": -1}), arrays)
    features = fitted.transform(arrays)
    found = dict(zip(features.names, features.monotone, strict=True))
    assert {name: sign for name, sign in found.items() if sign} == {"income": 1, "age": -1}
    assert features.take(slice(0, 3)).monotone == features.monotone
    assert from_json(fitted.to_json()).transform(arrays).monotone == features.monotone
    order = np.argsort(arrays.numbers[:, 1])
    assert (np.diff(features.matrix[order, features.names.index("income")]) >= 0).all()


def test_without_directions_there_are_none():
    arrays = rows()
    assert fit(Recipe(), arrays).transform(arrays).monotone == ()


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        ({"monotone": {"city": 1}}, "'city' is a category"),
        ({"monotone": {"joined": 1}}, "in parts"),
        ({"monotone": {"salary": 1}}, r"no number column 'salary'.*age"),
        ({"monotone": {"age": 1}, "derive": ("ratio = income / age",)}, "made of it"),
        ({"monotone": {"age": 1}, "polynomial": 2}, "squares and products"),
        ({"monotone": {"age": 1}, "polynomial": 2, "polynomial_columns": ("age",)}, "squares and products"),
    ],
)
def test_what_cannot_be_kept_is_refused(recipe, message):
    with pytest.raises(UsageError, match=message):
        fit(Recipe(**recipe), rows())


def test_columns_that_are_not_constrained_may_be_derived_and_multiplied():
    arrays = rows()
    recipe = Recipe(
        monotone={"age": 1}, derive=("double = income * 2",), polynomial=2, polynomial_columns=("income", "double")
    )
    features = fit(recipe, arrays).transform(arrays)
    assert sum(map(abs, features.monotone)) == 1


def test_many_classes_have_no_direction():
    target = Target("classification", np.arange(60) % 3, 3)
    with pytest.raises(UsageError, match="there are 3 classes"):
        fit(Recipe(monotone={"age": 1}), rows(), target)
    fit(Recipe(monotone={"age": 1}), rows(), Target("classification", np.arange(60) % 2, 2))


def test_words_are_read_or_refused():
    assert read_monotone(["a=+1", "b = -1", "x=y=1", "a=+1"]) == {"a": 1, "b": -1, "x=y": 1}
    for wrong in ("a", "a=2", "=+1", "a=up"):
        with pytest.raises(UsageError, match="a column and a direction"):
            read_monotone([wrong])
    with pytest.raises(UsageError, match="both directions"):
        read_monotone(["a=+1", "a=-1"])
    with pytest.raises(UsageError, match="1 or -1"):
        Recipe(monotone={"a": 2})
