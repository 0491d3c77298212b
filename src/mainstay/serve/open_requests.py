"""Which requests are open and until when each may be: one look a moment ends those that are overdue.

A timer for each request would cost as much as its answer; a table that is looked through costs nothing.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mainstay.serve.limits import Limits

__all__ = ["OpenRequests"]

_BEAT = 0.05


class OpenRequests:
    """The requests that are being read or answered.

    Parameters
    ----------
    limits : Limits

    Attributes
    ----------
    delay : float
        Seconds that the event loop was late at its last beat: what a request waits for its turn.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._until: dict[asyncio.Task[object], float] = {}
        self._overdue: set[asyncio.Task[object]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._due = 0.0
        self.delay = 0.0

    def __len__(self) -> int:
        return len(self._until)

    def begin(self, loop: asyncio.AbstractEventLoop, now: float) -> asyncio.Task[object] | None:
        """Note a request of the running task, which has its body still to come."""
        if loop is not self._loop:
            self._start(loop)
        task = asyncio.current_task(loop)
        if task is not None:
            self._until[task] = now + self._limits.body_seconds
        return task

    def answering(self, task: asyncio.Task[object] | None, now: float) -> None:
        """Note that the body is here."""
        if task is not None:
            self._until[task] = now + self._limits.answer_seconds

    def end(self, task: asyncio.Task[object] | None) -> None:
        """Forget a request that has been answered."""
        if task is not None:
            self._until.pop(task, None)
            self._overdue.discard(task)

    def was_overdue(self, task: asyncio.Task[object] | None) -> bool:
        """Say whether a request was ended for its time, and let its task go on to say so."""
        if task is None or task not in self._overdue:
            return False
        task.uncancel()
        return True

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._due = loop.time() + _BEAT
        loop.call_at(self._due, self._beat, loop)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        self.delay = max(0.0, now - self._due)
        for task, until in list(self._until.items()):
            if until < now and task not in self._overdue:
                self._overdue.add(task)
                task.cancel()
        if not self._until and self.delay < _BEAT:
            self._loop = None  # an idle server has no beat; the next request starts it again
            return
        self._due = now + _BEAT
        loop.call_at(self._due, self._beat, loop)
