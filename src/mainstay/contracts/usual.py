"""What is usual of a column, kept in a bundle so that an alarm can say what of a row is not; plain data only."""

from __future__ import annotations

from typing import Literal

import msgspec

from mainstay.contracts.errors import UsageError

__all__ = ["UsualColumn", "UsualKind", "UsualPart"]

UsualKind = Literal["number", "boolean", "category", "datetime", "text"]


class UsualPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is usual of one number of a column.

    Parameters
    ----------
    name : str
        Of the array: the column's own name, or ``"column.part"`` of a datetime or text.
    low, high : float
        The central 98 % of the usual rows, rounded outwards to few digits; 0 and 0 where there was no value.
    middle : float
        The median.
    levels : tuple of float, default ()
        The values, rising, where there are few: a flag, a code, a count.
    shares : tuple of float, default ()
        The share of the usual rows with each of them.
    """

    name: str
    low: float
    high: float
    middle: float
    levels: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not self.low <= self.high or len(self.levels) != len(self.shares):
            raise UsageError("a usual range must rise, and each level needs its share", where=self.name)


class UsualColumn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is usual of one column of the table.

    Parameters
    ----------
    name : str
        As in the table.
    kind : {"number", "boolean", "category", "datetime", "text"}
    unit : str, default ""
        For people: "EUR".
    missing : float, default 0
        The share of usual rows without a value.
    parts : tuple of UsualPart, default ()
        The numbers that the column is decoded to; none for a category.
    levels : tuple of str, default ()
        Of a category (the two words of a boolean): its known levels in the order of their codes.
    shares : tuple of float, default ()
        The share of the usual rows with each level.
    terms : int, default 0
        Of a text: how many numbers its words and letter groups may have; 0 where they were not looked at.
    known_terms : bytes, default b""
        Of a text: one bit for each number, set where a usual row has it, the first in the highest bit.

    Raises
    ------
    UsageError
        When levels and shares, or terms and bits, do not fit each other.

    Examples
    --------
    >>> amount = UsualPart(name="amount", low=3.0, high=120.0, middle=25.0)
    >>> UsualColumn(name="amount", kind="number", unit="EUR", parts=(amount,)).missing
    0.0
    """

    name: str
    kind: UsualKind
    unit: str = ""
    missing: float = 0.0
    parts: tuple[UsualPart, ...] = ()
    levels: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    terms: int = 0
    known_terms: bytes = b""

    def __post_init__(self) -> None:
        if len(self.levels) != len(self.shares) or not 0 <= self.missing <= 1:
            raise UsageError("each level needs its share, and shares lie between 0 and 1", where=self.name)
        if len(self.known_terms) != -(-self.terms // 8):
            raise UsageError("there is one bit for each term of a text", where=self.name)
