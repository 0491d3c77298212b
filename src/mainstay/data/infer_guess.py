"""What the inference of one column hands on: the column, what to say about it, and what it proves about others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mainstay.contracts.findings import Finding
    from mainstay.contracts.schema import Column, Kind

__all__ = ["ROWS_PER_CODE", "Ask", "DateOrder", "Guess", "also", "cells", "times"]

DateOrder = Literal["day", "month"]

ROWS_PER_CODE = 50
"""From so many rows for each value on, a column named as an identifier is worth learning from, as a category."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What is known about a column before looking.

    Parameters
    ----------
    kind : str, optional
        The kind that the user wants.
    keep : bool, default False
        Whether the user wants it as a feature (or target), so that it may not be an identifier.
    order : {"day", "month"}, optional
        The order of day and month that other columns prove.
    """

    kind: Kind | None = None
    keep: bool = False
    order: DateOrder | None = None


@dataclass(frozen=True, slots=True)
class Guess:
    """A column with its findings.

    Parameters
    ----------
    column : Column
    findings : tuple of Finding, default ()
    proves : {"day", "month"}, optional
        The order of day and month that its cells prove.
    ambiguous : bool, default False
        Whether its dates can be read in either order.
    few_whole : int, default 0
        How many different values, where it is a number with few whole values.
    """

    column: Column
    findings: tuple[Finding, ...] = ()
    proves: DateOrder | None = None
    ambiguous: bool = False
    few_whole: int = 0


def cells(count: int) -> str:
    """Return a count of cells in words.

    Examples
    --------
    >>> cells(1), cells(7043)
    ('1 cell', '7,043 cells')
    """
    return "1 cell" if count == 1 else f"{count:,} cells"


def times(count: int) -> str:
    """Return how often something was seen, in words.

    Examples
    --------
    >>> times(1), times(5174)
    ('once', '5,174 times')
    """
    return "once" if count == 1 else f"{count:,} times"


def also(evidence: str, base: Column) -> str:
    """Return the evidence for a kind, with what was said before of missing cells."""
    rest = base.evidence.partition("; ")[2]
    return f"{evidence}; {rest}" if rest else evidence
