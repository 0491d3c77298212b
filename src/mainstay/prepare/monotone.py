"""Directions that answers must keep: read from words, checked against the columns, and told to the learner.

A learner can hold a feature to a direction; the promise is about a column. So the column must reach the learner as
one feature that rises with it, and no other feature may depend on it: then the promise holds for the whole model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.contracts.errors import UsageError
from mainstay.prepare.expression import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.contracts.learner import Target
    from mainstay.prepare.recipe import Recipe
    from mainstay.prepare.step import Names

__all__ = ["check_monotone", "directions", "read_monotone"]

_SIGNS = {"+1": 1, "1": 1, "+": 1, "-1": -1, "-": -1}


def read_monotone(words: Sequence[str]) -> dict[str, int]:
    """Return the direction of each column.

    Parameters
    ----------
    words : sequence of str
        Such as ``"income=+1"``: answers must not fall where income rises; ``"age=-1"``: they must not rise.

    Raises
    ------
    UsageError
        When a word is of another shape, or a column comes with both directions.

    Examples
    --------
    >>> read_monotone(["income=+1", "age=-1"])
    {'income': 1, 'age': -1}
    """
    found: dict[str, int] = {}
    for word in words:
        column, _, sign = (part.strip() for part in word.rpartition("="))
        if not column or sign not in _SIGNS:
            raise UsageError(
                f"a column and a direction were expected, and {word!r} came", where="monotone",
                hint="Write COLUMN=+1 (answers must not fall with it) or COLUMN=-1 (they must not rise).",
            )  # fmt: skip
        if found.setdefault(column, _SIGNS[sign]) != _SIGNS[sign]:
            raise UsageError(f"{column!r} comes with both directions", where="monotone", hint="Name it once.")
    return found


def check_monotone(recipe: Recipe, inputs: Names, target: Target | None = None) -> None:
    """Refuse directions that cannot be kept.

    Parameters
    ----------
    recipe : Recipe
    inputs : Names
        The decoded columns.
    target : Target, optional

    Raises
    ------
    UsageError
        When a column is not one number, another column is made of it, or there are more than two classes.
    """
    if not recipe.monotone:
        return
    if target is not None and target.classes > 2:
        raise UsageError(
            f"directions hold for amounts and for the positive class of two, and there are {target.classes} classes",
            where="monotone",
            hint="Leave monotone out.",
        )
    for column in recipe.monotone:
        _check_column(column, inputs)
        for text in recipe.derive:
            if column in parse(text).columns():
                raise UsageError(
                    f"the column {column!r} must keep its direction, and {text!r} is made of it", where="monotone",
                    hint="Leave one of the two out: nothing says which way the derived column goes.",
                )  # fmt: skip
        if recipe.polynomial > 1 and (not recipe.polynomial_columns or column in recipe.polynomial_columns):
            raise UsageError(
                f"the column {column!r} must keep its direction, and squares and products of it do not",
                where="monotone",
                hint="Use polynomial = 1, or name other columns for it.",
            )


def _check_column(column: str, inputs: Names) -> None:
    if column in inputs.numbers:
        return
    if column in inputs.categories or column in inputs.texts:
        kind = "a category" if column in inputs.categories else "a text"
        message, hint = f"{column!r} is {kind}, which has no order", "Give it the kind number in the schema."
    elif any(name.startswith(f"{column}.") for name in inputs.numbers):
        message = f"{column!r} comes to the learners in parts (such as year and hour), not as one number"
        hint = "Name a number column."
    else:
        message = f"there is no number column {column!r}"
        hint = f"Number columns: {', '.join(inputs.numbers[:10]) or 'none'}."
    raise UsageError(f"answers can follow a number only, and {message}", where="monotone", hint=hint)


def directions(recipe: Recipe, features: tuple[str, ...]) -> tuple[int, ...]:
    """Return the direction of each feature: 1, -1, or 0 for none; nothing at all where no column has one.

    Examples
    --------
    >>> from mainstay.prepare.recipe import Recipe
    >>> directions(Recipe(monotone={"age": -1}), ("income", "age"))
    (0, -1)
    >>> directions(Recipe(), ("income", "age"))
    ()
    """
    return tuple(recipe.monotone.get(name, 0) for name in features) if recipe.monotone else ()
