"""Fits that cannot be stopped half-way, within a deadline: on few rows first, then on as many as the time allows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.contracts.learner import Deadline

__all__ = ["FIRST", "grown"]

Model = TypeVar("Model")

FIRST = 500
"""Rows of the first fit, whose time tells that of the others."""

_SHARE = 0.6
"""The part of the time left that the next fit is meant to take."""
_WORTH = 1.5
"""How many times more rows make another fit worth while."""


def grown(fit: Callable[[int], Model], rows: int, deadline: Deadline, *, power: float) -> Model:
    """Return the model of as many rows as the deadline allows.

    Without a deadline, or with few rows, there is one fit on all of them.

    Parameters
    ----------
    fit : callable
        Number of rows -> model.
    rows : int
    deadline : Deadline
    power : float
        The time of a fit grows as ``rows ** power``.

    Examples
    --------
    >>> from mainstay.contracts.learner import NoDeadline
    >>> grown(lambda rows: rows, 10_000, NoDeadline(), power=2.0)
    10000
    """
    if deadline.left() == float("inf") or rows <= FIRST:
        return fit(rows)
    size, model, seconds = FIRST, None, 0.0
    while True:
        began = time.perf_counter()
        model = fit(size)
        seconds = time.perf_counter() - began
        affordable = int(size * (_SHARE * deadline.left() / max(seconds, 1e-3)) ** (1.0 / power))
        if size == rows or affordable < _WORTH * size:
            return model
        size = min(rows, affordable)
