"""The line of answers that wait until they are kept; it lives in the thread of the event loop and is never locked.

Entries go into the store in the order in which they came, so that one number, how many are done, says for every one
that waits whether it is kept: a commit wakes the loop once, however many answers it held.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["WaitingLine"]


class _Waiting(NamedTuple):
    first: int
    last: int
    deadline: float
    answer: asyncio.Future[bool]


class WaitingLine:
    """Answers that wait, the first come first.

    Parameters
    ----------
    patience : float
        After how many seconds one is told that its entries are not kept yet.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._line: deque[_Waiting] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self.loop: asyncio.AbstractEventLoop | None = None

    def join(self, first: int, last: int) -> asyncio.Future[bool]:
        """Return a promise for the entries numbered first to last, counted from 1 over the life of the log."""
        loop = asyncio.get_running_loop()
        if loop is not self.loop:
            self._forget()
            self.loop = loop
        answer = loop.create_future()
        self._line.append(_Waiting(first, last, loop.time() + self._patience, answer))
        if self._timer is None:
            self._timer = loop.call_later(self._patience, self._expire)
        return answer

    def confirm(self, done: int, refused: Collection[int]) -> None:
        """Tell all whose entries are done; False to those that have one among the refused."""
        while self._line and self._line[0].last <= done:
            one = self._line.popleft()
            kept = not refused or not any(one.first <= number <= one.last for number in refused)
            _tell(one.answer, kept=kept)

    def give_up(self) -> None:
        """Tell all that wait that it came to nothing; for the end."""
        while self._line:
            _tell(self._line.popleft().answer, kept=False)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self._timer = None
        if self.loop is None:
            return
        now = self.loop.time()
        while self._line and self._line[0].deadline <= now:
            _tell(self._line.popleft().answer, kept=False)
        if self._line:
            self._timer = self.loop.call_at(self._line[0].deadline, self._expire)

    def _forget(self) -> None:
        """Leave those of a loop that has ended; nobody waits there any more."""
        self._line.clear()
        self._timer = None


def _tell(answer: asyncio.Future[bool], *, kept: bool) -> None:
    # A client that went away has cancelled its own.
    if not answer.done():
        answer.set_result(kept)
