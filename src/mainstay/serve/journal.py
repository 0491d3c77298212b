"""What the server says of itself to its operator: one JSON object per line, never a value of a client's row.

Writing must not end what it tells of: a full disk or a closed terminal loses the line, not the server. A failure that
comes again and again is written a few times a minute and counted beyond.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import MutableMapping

__all__ = ["Journal"]

_SAME_PER_MINUTE = 5
_KINDS = 200


class _Stream(Protocol):
    def write(self, text: str, /) -> Any: ...
    def flush(self) -> Any: ...


class Journal:
    """Writes events as lines.

    Parameters
    ----------
    stream : text stream, optional
        Default is standard error.
    **always
        What stands in every line, such as the number of a worker.

    Examples
    --------
    >>> from io import StringIO
    >>> journal = Journal(StringIO(), worker=1)
    >>> journal.event("swapped", model="churn")
    """

    def __init__(self, stream: _Stream | None = None, **always: Any) -> None:
        self._stream = stream
        self._always = always
        self._lock = threading.Lock()
        self._minute = 0
        self._same: dict[str, int] = {}

    def event(self, name: str, **facts: Any) -> None:
        """Write one event."""
        now = time.time()
        stamp = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now))}.{int(now * 1000) % 1000:03d}Z"
        line = msgspec.json.encode({"time": stamp, "event": name, **self._always, **facts}, enc_hook=str)
        stream = self._stream or sys.stderr
        with self._lock, contextlib.suppress(OSError, ValueError):
            stream.write(line.decode() + "\n")
            stream.flush()

    def failure(self, scope: MutableMapping[str, Any], error: Exception) -> None:
        """Write that a request met an error that nobody foresaw, and where; the same one a few times a minute only.

        What the error says is left out, for it may say a value of the request.
        """
        frames = traceback.extract_tb(error.__traceback__)[-6:]
        places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
        if self._often(f"{type(error).__name__} {places[-1:]}"):
            return
        path = str(scope.get("path"))[:200]
        self.event("failure", path=path, error=type(error).__name__, at=places)

    def _often(self, kind: str) -> bool:
        """Count a failure, and say whether it has been written often enough in this minute."""
        minute = int(time.monotonic() // 60)
        if minute != self._minute:
            left_out = sum(max(0, count - _SAME_PER_MINUTE) for count in self._same.values())
            self._minute, self._same = minute, {}
            if left_out:
                self.event("failures left out", count=left_out)
        if kind not in self._same and len(self._same) >= _KINDS:
            kind = "others"
        self._same[kind] = self._same.get(kind, 0) + 1
        return self._same[kind] > _SAME_PER_MINUTE
