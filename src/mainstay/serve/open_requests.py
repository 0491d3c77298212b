"""Which requests are open and until when each may be: one look a moment ends those that are overdue.

A timer for each request would cost as much as its answer; a table that is looked through costs nothing.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.serve.limits import Limits

__all__ = ["OpenRequests", "Task"]

Task = asyncio.Task[Any]

_BEAT = 0.05


class OpenRequests:
    """The requests that are being read or answered.

    Parameters
    ----------
    limits : Limits
    started : callable, optional
        Called with the event loop whenever requests come after a pause.

    Attributes
    ----------
    loop : event loop
        In which the requests run.
    delay : float
        Seconds that the event loop was late at its last beat: what a request waits for its turn.
    """

    def __init__(self, limits: Limits, *, started: Callable[[asyncio.AbstractEventLoop], None] | None = None) -> None:
        self._started = started
        self._body_seconds, self._answer_seconds = limits.body_seconds, limits.answer_seconds
        self._until: dict[Task, float] = {}
        self._read: set[Task] = set()
        self._overdue: set[Task] = set()
        self.loop: asyncio.AbstractEventLoop | None = None
        self._beating = False
        self._due = 0.0
        self.delay = 0.0

    def __len__(self) -> int:
        return len(self._until)

    def begin(self, now: float) -> Task | None:
        """Note a request of the running task, which has its body still to come.

        Parameters
        ----------
        now : float
            The time of ``time.perf_counter``.
        """
        task = asyncio.current_task(self.touch())
        if task is not None:
            self._until[task] = now + self._body_seconds
        return task

    def touch(self) -> asyncio.AbstractEventLoop:
        """Return the loop that runs, and see to it that its delay is measured."""
        # Asking which loop runs is a call into the kernel each time; a loop that still runs is still the one.
        if not self._beating or self.loop is None or not self.loop.is_running():
            self.loop = self._start(asyncio.get_running_loop())
        return self.loop

    def answering(self, task: Task | None, now: float) -> None:
        """Note that the body is here."""
        if task is not None:
            self._until[task] = now + self._answer_seconds
            self._read.add(task)

    def end(self, task: Task | None) -> None:
        """Forget a request that has been answered."""
        if task is not None:
            self._until.pop(task, None)
            self._read.discard(task)
            self._overdue.discard(task)

    def is_read(self, task: Task | None) -> bool:
        """Say whether the body of a request is here."""
        return task in self._read

    def was_overdue(self, task: Task | None) -> bool:
        """Say whether a request was ended for its time, and let its task go on to say so."""
        if task is None or task not in self._overdue:
            return False
        task.uncancel()
        return True

    def _start(self, loop: asyncio.AbstractEventLoop) -> asyncio.AbstractEventLoop:
        self._beating = True
        if self._started is not None:
            self._started(loop)
        self._due = time.perf_counter() + _BEAT
        loop.call_later(_BEAT, self._beat, loop)
        return loop

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        now = time.perf_counter()
        self.delay = max(0.0, now - self._due)
        for task, until in list(self._until.items()):
            if until < now and task not in self._overdue:
                self._overdue.add(task)
                task.cancel()
        if not self._until and self.delay < _BEAT:
            self._beating = False  # an idle server has no beat; the next request starts it again
            return
        self._due = now + _BEAT
        loop.call_later(_BEAT, self._beat, loop)
