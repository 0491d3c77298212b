"""What the server says of itself to its operator: one JSON object per line, never a value of a client's row."""

from __future__ import annotations

import sys
import time
import traceback
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

if TYPE_CHECKING:
    from starlette.types import Scope

__all__ = ["Journal"]


class _Stream(Protocol):
    def write(self, text: str, /) -> Any: ...
    def flush(self) -> Any: ...


class Journal:
    """Writes events as lines.

    Parameters
    ----------
    stream : text stream, optional
        Default is standard error.
    """

    def __init__(self, stream: _Stream | None = None) -> None:
        self._stream = stream

    def event(self, name: str, **facts: Any) -> None:
        """Write one event."""
        line = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "event": name, **facts}
        stream = self._stream or sys.stderr
        stream.write(msgspec.json.encode(line, enc_hook=str).decode() + "\n")
        stream.flush()

    def failure(self, scope: Scope, error: Exception) -> None:
        """Write that a request met an error that nobody foresaw, with where it arose."""
        frames = traceback.extract_tb(error.__traceback__)[-6:]
        places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
        self.event("failure", path=scope.get("path"), error=type(error).__name__, message=str(error)[:300], at=places)
