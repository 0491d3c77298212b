"""What is wished for in preparation, as data: it travels in candidates, bundles and TOML files."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from mainstay.contracts.errors import UsageError

__all__ = ["Encode", "ManyLevels", "Missing", "Recipe", "Scale", "Text"]

Missing = Literal["none", "mean", "median", "most_frequent", "constant", "drop"]
Scale = Literal["none", "standard", "minmax", "robust"]
Encode = Literal["none", "ordinal", "one_hot", "codes", "target"]
ManyLevels = Literal["same", "target", "both"]
Text = Literal["none", "linear", "svd", "both"]


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How decoded rows become features. The defaults suit any learner.

    The steps run in this order: derive, cyclic, missing, scale, polynomial, rare, encode, text.

    Parameters
    ----------
    derive : tuple of str, default ()
        New number columns, such as ``"total = monthly * tenure"``; see :mod:`mainstay.prepare.expression`.
    cyclic : bool, default False
        Whether datetimes get sine and cosine of the hour of the day, the day of the week and the day of the year.
    missing : {"median", "mean", "most_frequent", "constant", "drop", "none"}, default "median"
        What stands in for a missing number. "drop" leaves rows with a missing number out of training and fills with
        the median in prediction; "none" leaves NaN to the learner in columns that had some in training, and the median
        stands in elsewhere.
    fill_value : float, default 0.0
        The number that stands in with "constant".
    indicator : bool, default True
        Whether a column that had missing numbers in training gets a second one that says where (0 or 1). Without
        effect with "none" and "drop".
    scale : {"standard", "minmax", "robust", "none"}, default "standard"
        Mean 0 and deviation 1; the range seen to 0..1 (values outside go beyond it); median 0 and quartiles 1 apart
        (deviation 1 where the quartiles are equal).
    polynomial : int, default 1
        2 adds squares and pairwise products of number columns, after scaling, each factor held to the range seen in
        training; 1 adds nothing.
    polynomial_columns : tuple of str, default ()
        The columns to multiply; none named means all, as far as ``polynomial_limit`` allows.
    polynomial_limit : int, default 200
        With all columns: the most columns to add; those most related to the target are multiplied first.
    encode : {"one_hot", "ordinal", "codes", "target", "none"}, default "one_hot"
        One column of 0 and 1 per frequent level, one for rare and unseen levels and one for missing; the code as a
        number (missing -1, unseen one above the last); the code for a learner that splits codes (unseen one above
        the last, missing two above); the target's mean per level, cross-fitted on the training rows and drawn towards
        that of all rows, the more the fewer rows a level has; or no categories at all.
    min_count : int, default 5
        Levels with fewer rows are rare, with "one_hot".
    max_levels : int, default 40
        The most levels with a column of their own, with "one_hot": 80,000 rows of 40 such columns stay below
        540 MB of float32.
    rare : int, default 0
        Levels with fewer training rows than this are taken as unseen, whatever the encoding; 0 takes none.
    many_levels : {"same", "target", "both"}, default "same"
        What columns of more than ``max_levels`` levels become: the same as the others, the target's mean per level, or
        both.
    text : {"linear", "svd", "both", "none"}, default "linear"
        What the words and letter groups of a text column become, beside its five counts: the scores of a linear
        model of them, one per class, cross-fitted on the training rows; their main components; both; or nothing.
        Without a target "linear" becomes "svd". See :mod:`mainstay.prepare.text`.
    components : int, default 16
        How many main components, with "svd".
    vocabulary : int, default 16384
        The most terms of a text column that are used: those in most rows. At least two rows must have a term.
    monotone : dict of str to int, default {}
        Number columns with which answers must not fall (1) or not rise (-1); see :mod:`mainstay.prepare.monotone`.

    Raises
    ------
    UsageError
        When a word is not one of the choices or a number is out of range.

    Examples
    --------
    >>> Recipe(scale="none").missing
    'median'
    """

    derive: tuple[str, ...] = ()
    cyclic: bool = False
    missing: str = "median"
    fill_value: float = 0.0
    indicator: bool = True
    scale: str = "standard"
    polynomial: int = 1
    polynomial_columns: tuple[str, ...] = ()
    polynomial_limit: int = 200
    encode: str = "one_hot"
    min_count: int = 5
    max_levels: int = 40
    rare: int = 0
    many_levels: str = "same"
    text: str = "linear"
    components: int = 16
    vocabulary: int = 16_384
    monotone: dict[str, int] = {}

    def __post_init__(self) -> None:
        for name, allowed in (
            ("missing", Missing),
            ("scale", Scale),
            ("encode", Encode),
            ("text", Text),
            ("many_levels", ManyLevels),
        ):
            _check_word(name, getattr(self, name), get_args(allowed))
        if self.polynomial not in (1, 2):
            raise UsageError(f"polynomial must be 1 (off) or 2, and {self.polynomial!r} came", where="recipe")
        for name, low in (
            ("min_count", 1), ("max_levels", 1), ("polynomial_limit", 1), ("components", 1), ("vocabulary", 1),
            ("rare", 0),
        ):  # fmt: skip
            if getattr(self, name) < low:
                raise UsageError(f"{name} must be at least {low}, and {getattr(self, name)!r} came", where="recipe")
        if not set(self.monotone.values()) <= {-1, 1}:
            raise UsageError(f"a direction is 1 or -1, and {self.monotone!r} came", where="recipe")
        if not abs(self.fill_value) < 3.4e38:
            raise UsageError(f"fill_value must be a finite number, and {self.fill_value!r} came", where="recipe")


def _check_word(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UsageError(f"{name} must be one of {', '.join(allowed)}, and {value!r} came", where="recipe")
