"""Levels whose order everybody knows: low, medium, high; S, M, L; 20-29, 30-39, 40 and over.

Only what leaves no doubt: every level must be in one of the lists, or be a band of numbers with a place of its own.
Months and weekdays are not here: they go round, and December is next to January.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["known_order"]

_ORDERS = (
    "very low|low|medium low|medium|medium high|high|very high|extreme",
    "very low|low|moderate|high|very high|critical",
    "low|mid|high",
    "very small|small|medium|large|very large|extra large",
    "xxs|xs|s|m|l|xl|xxl|xxxl",
    "very poor|poor|fair|average|good|very good|excellent|outstanding",
    "very bad|bad|poor|ok|good|very good|excellent",
    "poor|typical|good",
    "fair|good|very good|premium|ideal",
    "never|rarely|sometimes|often|usually|always",
    "never|seldom|sometimes|often|always",
    "none|mild|moderate|severe|critical",
    "none|low|medium|high|very high",
    "minor|major|critical|blocker",
    "strongly disagree|disagree|neutral|agree|strongly agree",
    "strongly disagree|disagree|neither agree nor disagree|agree|strongly agree",
    "very dissatisfied|dissatisfied|neutral|satisfied|very satisfied",
    "very unlikely|unlikely|neutral|likely|very likely",
    "bronze|silver|gold|platinum|diamond",
    "beginner|intermediate|advanced|expert",
    "junior|mid|senior",
    "first|second|third|fourth|fifth",
    "daily|weekly|monthly|quarterly|yearly",
)  # fmt: skip
_FEWEST = 3
_NUMBER = r"[$\u20ac\u00a3]?([0-9]{1,9}(?:\.[0-9]{1,4})?)\s*(?:k|years?|yrs?|%)?"
_BAND = re.compile(rf"[\[(]?{_NUMBER}\s*(?:-|\u2013|\u2014|to|,|\.\.)\s*{_NUMBER}[\])]?")
_BELOW = re.compile(rf"(?:<=?|under|below|less than|up to)\s*{_NUMBER}")
_ABOVE = re.compile(
    rf"(?:>=?|over|above|more than|at least)\s*{_NUMBER}"
    rf"|{_NUMBER}\s*(?:\+|and over|and above|or more)\s*(?:k|years?|yrs?|%)?"
)


def known_order(levels: Sequence[str]) -> tuple[str, ...]:
    """Return the levels in their order, or nothing where it is not known.

    Examples
    --------
    >>> known_order(["High", "Low", "Medium"])
    ('Low', 'Medium', 'High')
    >>> known_order(["60+", "20-39", "under 20", "40-59"])
    ('under 20', '20-39', '40-59', '60+')
    >>> known_order(["red", "low", "high"])
    ()
    """
    if len(levels) < _FEWEST:
        return ()
    plain = {re.sub(r"[\s_-]+", " ", level.strip().casefold()): level for level in levels}
    for order in _ORDERS:
        words = order.split("|")
        if len(plain) == len(levels) and set(plain) <= set(words):
            return tuple(plain[word] for word in words if word in plain)
    return _bands(levels)


def _bands(levels: Sequence[str]) -> tuple[str, ...]:
    """Order bands of numbers that do not overlap."""
    found = []
    for level in levels:
        ends = _ends(level.strip().casefold())
        if ends is None:
            return ()
        found.append((*ends, level))
    found.sort()
    closed = sum(low > float("-inf") and high < float("inf") for low, high, _ in found)
    apart = all(one[1] <= two[0] for one, two in pairwise(found))
    return tuple(level for _, _, level in found) if apart and closed >= len(found) - 2 and closed else ()


def _ends(level: str) -> tuple[float, float] | None:
    band = _BAND.fullmatch(level)
    if band:
        low, high = float(band[1]), float(band[2])
        return (low, high) if low < high else None
    below, above = _BELOW.fullmatch(level), _ABOVE.fullmatch(level)
    if below:
        return float("-inf"), float(below[1])
    return (float(above[1] or above[2]), float("inf")) if above else None
