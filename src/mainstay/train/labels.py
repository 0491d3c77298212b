"""Which class is the positive one, and in which order classes are numbered.

Every score of two classes is about the positive one, so it must be named and never guessed twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from mainstay.bundle.records import Label
    from mainstay.contracts.schema import Column

__all__ = ["order_classes", "own_labels"]

_POSITIVE = ("yes", "true", "y", "t", "positive", "pos", "on", "bad", "fraud", "spam", "default", "churned")
_NEGATIVE = ("no", "false", "0", "-1", "n", "f", "negative", "neg", "off", "good", "normal", "ham")


def order_classes(column: Column, counts: Mapping[str, int], positive: str | None = None) -> Column:
    """Return the target column with its classes in the order of their codes.

    Of two classes the second is the positive one: the one that the user names; else the one whose word says so
    ("yes", "spam", or the opposite of "no", "0", "-1", "ham"); else the rarer one, as 2 of 1 and 2
    may be. More than two keep their order.

    Parameters
    ----------
    column : Column
        The target.
    counts : mapping from class to int
        How many rows each has.
    positive : str, optional

    Raises
    ------
    UsageError
        When the named class does not exist, or there are more than two.

    Examples
    --------
    >>> from mainstay.contracts.schema import Column
    >>> column = Column(name="churn", kind="category", role="target", categories=("Yes", "No"))
    >>> order_classes(column, {"Yes": 3, "No": 9}).categories
    ('No', 'Yes')
    """
    classes = column.categories
    if positive is not None and positive not in classes:
        raise UsageError(
            f"the positive class must be one of the target's, and {positive!r} came",
            where="positive",
            hint=f"The classes are: {', '.join(classes)}.",
        )
    if len(classes) != 2:
        if positive is not None:
            raise UsageError(
                f"a positive class is named where there are two, and there are {len(classes)}", where="positive"
            )
        return column
    chosen = positive or _by_word(classes) or min(classes, key=lambda name: (counts.get(name, 0), classes.index(name)))
    other = classes[0] if chosen == classes[1] else classes[1]
    return msgspec.structs.replace(column, categories=(other, chosen))


def _by_word(classes: tuple[str, ...]) -> str | None:
    words = [name.strip().lower().rstrip(".") for name in classes]
    for name, word, other in zip(classes, words, reversed(words), strict=True):
        if word in _POSITIVE or other in _NEGATIVE:
            return name
    return None


def own_labels(classes: tuple[str, ...], cells: pl.Series) -> tuple[Label, ...]:
    """Return the classes in the user's own type, for the answers.

    Whole numbers stay whole numbers, also where they came as text without leading zeros or signs; booleans stay
    booleans; everything else is words.

    Parameters
    ----------
    classes : tuple of str
        As in the schema.
    cells : polars.Series
        The raw target column.

    Examples
    --------
    >>> import polars as pl
    >>> own_labels(("0", "1"), pl.Series([0, 1])), own_labels(("01", "02"), pl.Series(["01", "02"]))
    ((0, 1), ('01', '02'))
    """
    import polars as pl

    if cells.dtype == pl.Boolean:
        return tuple(name.lower() in ("true", "1") for name in classes)
    if cells.dtype.is_float():
        return tuple(float(name) for name in classes)
    if all(_is_whole(name) for name in classes):
        return tuple(int(name) for name in classes)
    return classes


def _is_whole(name: str) -> bool:
    digits = name.removeprefix("-")
    return digits.isascii() and digits.isdecimal() and str(int(name)) == name
