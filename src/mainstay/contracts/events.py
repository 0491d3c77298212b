"""What work tells the world while it runs. Work emits these records and never prints; faces listen."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

__all__ = ["CandidateScored", "Event", "Listener", "Note", "StageBegun", "StageEnded", "silent"]


class StageBegun(msgspec.Struct, frozen=True, tag=True):
    """A stage of the work begins.

    Parameters
    ----------
    stage : str
        "read", "schema", "split", "search", "blend", "pack", "evaluate" or "report".
    left : float
        Seconds left in the budget.
    """

    stage: str
    left: float


class StageEnded(msgspec.Struct, frozen=True, tag=True):
    """A stage has ended, after so many seconds."""

    stage: str
    seconds: float


class CandidateScored(msgspec.Struct, frozen=True, tag=True):
    """A candidate has a score, or has failed.

    Parameters
    ----------
    name : str
    status : str
        "done", "running", "failed", "stopped" or "skipped".
    value : float or None
        The validation score in the metric's own direction.
    best : float or None
        The best validation score so far.
    left : float
        Seconds left in the budget.
    reason : str
        Why it failed, was stopped or was skipped.
    """

    name: str
    status: str
    value: float | None
    best: float | None
    left: float
    reason: str = ""


class Note(msgspec.Struct, frozen=True, tag=True):
    """A sentence for a person."""

    message: str


Event = StageBegun | StageEnded | CandidateScored | Note
Listener = Callable[[Event], None]


def silent(event: Event) -> None:
    """Listen to nothing."""
    del event
