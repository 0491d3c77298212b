"""What is kept of an answer, and what the server asks of a log; the stores and writers beside this file keep it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

__all__ = ["Entry", "LogMode", "LogState", "PredictionLog"]

LogMode = Literal["batched", "durable"]


class Entry(NamedTuple):
    """One answer to one row.

    Parameters
    ----------
    id : str
        The prediction's own: ``<run>-<sequence>``, 16 hexadecimal digits that are new for every start of a worker and
        10 that count from 0 without a gap, so that what is missing can be told afterwards.
    time_ns : int
        When the request came, in nanoseconds since 1970-01-01 UTC.
    model, digest : str
        The name under which the model is served, and which bytes it was.
    inputs : bytes
        The row as the client sent it: a JSON object.
    output : bytes
        The answer, a JSON object with prediction, probabilities and the like, without id, model and digest.
    latency_us : int
        From the first byte of the request to the answer, in microseconds.
    """

    id: str
    time_ns: int
    model: str
    digest: str
    inputs: bytes
    output: bytes
    latency_us: int


class LogState(msgspec.Struct, frozen=True, kw_only=True):
    """How a log fares.

    Parameters
    ----------
    healthy : bool
        Whether the last attempt to write succeeded.
    queued, written, lost : int
        Entries that wait, that are in the store, and that were given up since this worker began.
    message : str, default ""
        What is wrong, in a sentence for an operator; without addresses or passwords.
    """

    healthy: bool
    queued: int
    written: int
    lost: int
    message: str = ""


class PredictionLog(Protocol):
    """Where answers go. All methods are called in the thread of the event loop and none may block it."""

    @property
    def mode(self) -> LogMode:
        """Whether an answer waits until it is kept."""
        ...

    def record(self, entries: Sequence[Entry]) -> None:
        """Take entries for the next batch; where the queue is full they are lost and counted."""
        ...

    def keep(self, entries: Sequence[Entry]) -> Awaitable[bool]:
        """Take entries and say when they are kept: True once the store has confirmed them, False where it could not."""
        ...

    @property
    def state(self) -> LogState:
        """How it fares now; cheap enough to be asked at any time."""
        ...

    def close(self, seconds: float) -> None:
        """Write what waits, for at most so long, and end; what is left is lost and counted. May block."""
        ...
