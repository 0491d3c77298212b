"""A number as golden rows keep it, and the error for an answer that is not the one kept: of clusters and of alarms."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mainstay.contracts.errors import ReplayError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["another_answer", "stored_number"]


def stored_number(value: np.float64) -> float | None:
    """Return a number as JSON can hold it: none where it is missing or infinite."""
    return float(value) if math.isfinite(value) else None


def another_answer(what: str, was: object, now: object, place: str) -> ReplayError:
    """Return the error for an answer that is another than on the day when the bundle was written.

    Parameters
    ----------
    what : str
        Such as "the score of golden row 3".
    was, now : object
        The stored answer and the new one.
    place : str
        Where the bundle came from.
    """
    return ReplayError(
        f"the model does not answer as it did when it was written: {what} was {was!s}, and is {now!s} now",
        where=place,
        hint="Do not use it here; open it with the versions that its manifest names and compare.",
    )
