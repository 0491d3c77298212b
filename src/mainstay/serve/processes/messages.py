"""What the parent of workers and a worker say to each other: one JSON object a line, of these shapes and no other.

The bytes of a model follow the line that announces how many there are. What a worker says is input like any other: what
is none of these ends the worker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mainstay.contracts import errors
from mainstay.contracts.errors import MainstayError, WorkerError
from mainstay.serve.settings import ServeSettings  # noqa: TC001 - read from a line, so needed as it runs

if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "LONGEST_LINE",
    "Begin",
    "Commit",
    "Drop",
    "End",
    "Failed",
    "Ping",
    "Pong",
    "Prepare",
    "Prepared",
    "ReadTokens",
    "Ready",
    "Told",
    "error_of",
    "read_order",
    "read_report",
    "refusal",
    "written",
]

LONGEST_LINE = 1_000_000


class _Message(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """One line."""


class Begin(_Message, frozen=True):
    """Serve these models; the bytes of each follow, in this order."""

    settings: ServeSettings
    door: int
    table: int
    number: int
    restarted: bool
    sizes: dict[str, int]


class Prepare(_Message, frozen=True):
    """Make ready to serve other bytes under a name; they follow."""

    ticket: int
    name: str
    size: int


class Commit(_Message, frozen=True):
    """Serve what was prepared by this ticket; one of the workers counts it."""

    ticket: int
    count: bool


class Drop(_Message, frozen=True):
    """Forget what was prepared; one of the workers counts the refusal."""

    name: str
    count: bool


class ReadTokens(_Message, frozen=True):
    """Read the file of tokens again."""


class Ping(_Message, frozen=True):
    """Say that the event loop turns."""


class End(_Message, frozen=True):
    """Answer what is open, and end."""


class Ready(_Message, frozen=True):
    """Requests are answered, by these digests."""

    digests: dict[str, str]


class Prepared(_Message, frozen=True):
    """What was to be prepared is."""

    ticket: int
    digest: str


class Told(_Message, frozen=True):
    """What was prepared is served."""

    ticket: int


class Pong(_Message, frozen=True):
    """The event loop turns."""


class Failed(_Message, frozen=True):
    """What was asked could not be done; ticket 0 is the beginning."""

    ticket: int
    kind: str
    code: str
    message: str
    where: str
    hint: str


_Order = Begin | Prepare | Commit | Drop | ReadTokens | Ping | End
_Report = Ready | Prepared | Told | Pong | Failed
_order: msgspec.json.Decoder[_Order] = msgspec.json.Decoder(_Order)
_report: msgspec.json.Decoder[_Report] = msgspec.json.Decoder(_Report)


def written(message: _Message) -> bytes:
    r"""Return a message as a line.

    Examples
    --------
    >>> written(Prepare(1, "churn", 3))
    b'{"type":"Prepare","ticket":1,"name":"churn","size":3}\n'
    """
    return msgspec.json.encode(message) + b"\n"


def read_order(line: bytes) -> Begin | Prepare | Commit | Drop | ReadTokens | Ping | End:
    """Return what a parent says.

    Raises
    ------
    msgspec.MsgspecError
    """
    return _order.decode(line)


def read_report(line: bytes) -> Ready | Prepared | Told | Pong | Failed:
    """Return what a worker says.

    Raises
    ------
    msgspec.MsgspecError
    """
    return _report.decode(line)


def refusal(error: MainstayError, ticket: int = 0) -> Failed:
    """Return an error as a message."""
    return Failed(ticket, type(error).__name__, error.code, error.message, error.where, error.hint)


def error_of(failed: Failed) -> MainstayError:
    """Return the error of a message, of the kind that it was.

    Examples
    --------
    >>> from mainstay.contracts.errors import UsageError
    >>> error_of(refusal(UsageError("no such file", where="a.mainstay")))
    UsageError('no such file')
    """
    kind: Any = getattr(errors, failed.kind, None) if failed.kind in errors.__all__ else None
    return (kind or WorkerError)(failed.message, where=failed.where, hint=failed.hint, code=failed.code)
