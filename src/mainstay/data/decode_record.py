"""The records that decoding hands out, kept apart so that both executors and the face can name them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Arrays

__all__ = ["Decoded", "DecodedTarget", "Problem"]


class Problem(msgspec.Struct, frozen=True):
    """One cell that broke the contract, and what was done about it.

    Parameters
    ----------
    row : int
        The row's position, from 0.
    column : str
        The column's name.
    code : {"bad", "missing", "unseen", "range"}
        "bad": the value cannot be read as the column's kind; "missing": there is none where one is required;
        "unseen": a category that training did not know; "range": a number outside the range seen.
    message : str
        What was expected, what came, and what was done.
    action : {"reject", "warn"}
        "reject": the row is refused; "warn": it is answered all the same.
    came : str, default ""
        The word itself, where it is an unseen category.
    """

    row: int
    column: str
    code: str
    message: str
    action: Literal["reject", "warn"]
    came: str = ""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Rows as arrays, with what was wrong with them.

    Parameters
    ----------
    arrays : Arrays
        Every row, the refused ones included, so that positions stay those of the input.
    problems : tuple of Problem
        By row, then by the column's place in the schema.
    rejected : bool array of shape (n,)
        True for rows that a policy refuses: give no answer for them.
    extra_columns : tuple of str, default ()
        Columns that came and that the schema does not know; they are not used.
    """

    arrays: Arrays
    problems: tuple[Problem, ...]
    rejected: NDArray[np.bool_]
    extra_columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DecodedTarget:
    """The target column as an array.

    Parameters
    ----------
    values : int64 or float64 array of shape (n,)
        Class codes (positions in the column's ``categories``; -1 missing or unknown), or numbers (NaN missing).
    usable : bool array of shape (n,)
        True where there is a value to learn from or to compare with.
    """

    values: NDArray[np.int64] | NDArray[np.float64]
    usable: NDArray[np.bool_]
