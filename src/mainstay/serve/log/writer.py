"""The log itself: a bounded queue that the event loop fills, and one thread that empties it into a store.

What must hold: the loop never waits, every entry is counted once as queued, written or lost, and the thread outlives
whatever the store does. There is no lock on the way of an answer: each counter has one thread that changes it, and a
deque takes and gives under Python's own lock.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from contextlib import suppress
from random import random
from typing import TYPE_CHECKING

import msgspec

from mainstay.contracts.errors import MainstayError
from mainstay.serve.log.record import LogState
from mainstay.serve.log.waiting import WaitingLine

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from mainstay.serve.log.record import Entry, LogMode
    from mainstay.serve.log.retention import Retention
    from mainstay.serve.log.store import Store

__all__ = ["LogSettings", "QueuedLog"]

# A statement holds Python's lock while it is put together; more at a time would be felt by those who wait.
_PIECE = 1000
_PIECE_BYTES = 4_000_000
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_TIDY_SECONDS = 0.05
_REMEMBERED = 10_000


class LogSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a log is written.

    Parameters
    ----------
    queue : int, default 100_000
        How many entries may wait; what comes when so many do is lost and counted.
    queue_bytes : int, default 256_000_000
        The same in bytes of inputs and outputs, so that big requests cannot fill the memory.
    flush_seconds : float, default 0.2
        In batched mode: how long an entry waits at most while the store keeps up.
    flush_entries : int, default 500
        In batched mode: how many entries end the wait early.
    patience : float, default 2.0
        In durable mode: after how many seconds an answer goes out whose entry is not kept yet.
    tidy_seconds : float, default 60.0
        How long between two looks for entries that are too old or too many.
    """

    queue: int = 100_000
    queue_bytes: int = 256_000_000
    flush_seconds: float = 0.2
    flush_entries: int = 500
    patience: float = 2.0
    tidy_seconds: float = 60.0


class QueuedLog:
    """A prediction log over a store; see :class:`mainstay.serve.log.record.PredictionLog` for what it promises.

    In mode "batched" an answer never waits. A process that is killed loses what waits in memory: at most the entries
    of the last ``flush_seconds`` while the store keeps up, and at most ``queue`` entries when it does not;
    ``state.queued`` says how many these are. In mode "durable" an answer waits until its entry is committed, together
    with all others that wait; what was promised survives a kill, and with a disk that keeps its word a power cut.

    Parameters
    ----------
    store : Store
        Opened, or closed where it may be away at first.
    mode : {"batched", "durable"}
    settings : LogSettings
    retention : Retention
    """

    def __init__(self, store: Store, mode: LogMode, settings: LogSettings, retention: Retention) -> None:
        self._store = store
        self._mode: LogMode = mode
        self._settings = settings
        self._retention = retention
        self._queue: deque[Entry] = deque()
        self._line = WaitingLine(settings.patience)
        # Of the loop's thread.
        self._taken = 0
        self._taken_bytes = 0
        self._overflowed = 0
        self._final: LogState | None = None
        # Of the writer's thread; a pair is exchanged as one, so that a reader never sees half of a change.
        self._flight: list[Entry] = []
        self._done_bytes = 0
        self._progress = (0, 0)
        self._refused: tuple[int, ...] = ()
        self._trouble = ""
        self._failing_since: float | None = None
        self._tidy_trouble = ""
        # Several workers share one log: they look at it at different times.
        self._next_tidy = time.monotonic() + settings.tidy_seconds * random()  # noqa: S311 - no secret
        self._wake = threading.Event()
        self._end = threading.Event()
        self._deadline = float("inf")
        self._thread = threading.Thread(target=self._run, name="prediction log", daemon=True)
        self._thread.start()

    @property
    def mode(self) -> LogMode:
        """Whether an answer waits until it is kept."""
        return self._mode

    def record(self, entries: Sequence[Entry]) -> None:
        """Take entries for the next batch; where the queue is full they are lost and counted."""
        self._take(entries)
        if len(self._queue) >= self._settings.flush_entries and not self._wake.is_set():
            self._wake.set()

    def keep(self, entries: Sequence[Entry]) -> Awaitable[bool]:
        """Take entries and say when they are kept.

        False after ``patience`` seconds, and at once while the store has failed for longer than that; the entries
        stay queued then and may still be written. False at once where the queue is full: those are lost.
        """
        first = self._taken + 1
        if self._take(entries) < len(entries):
            return _told(kept=False)
        if not entries:
            return _told(kept=True)
        if not self._wake.is_set():
            self._wake.set()
        failing = self._failing_since
        if failing is not None and time.monotonic() - failing > self._settings.patience:
            return _told(kept=False)
        answer = self._line.join(first, self._taken)
        if self._progress[0] >= self._taken:
            # The writer was quicker than this thread, and may not have known that somebody waits.
            self._tell()
        return answer

    @property
    def state(self) -> LogState:
        """How it fares now."""
        if self._final is not None:
            return msgspec.structs.replace(self._final, lost=self._final.lost + self._overflowed)
        done, refused = self._progress
        return LogState(
            healthy=self._failing_since is None,
            queued=self._taken - done,
            written=done - refused,
            lost=self._overflowed + refused,
            message=self._trouble or self._tidy_trouble,
        )

    def close(self, seconds: float) -> None:
        """Write what waits, for at most so long, and end; what is left is lost and counted. May block.

        A batch that is under way when time is up counts as lost, though the store may turn out to have it.
        """
        if self._final is not None:
            return
        self._deadline = time.monotonic() + seconds
        self._end.set()
        self._wake.set()
        self._thread.join(seconds + 0.05)
        ended = self.state
        self._final = msgspec.structs.replace(ended, queued=0, lost=ended.lost - self._overflowed + ended.queued)
        self._line.confirm(self._progress[0], self._refused)
        self._line.give_up()

    def _take(self, entries: Sequence[Entry]) -> int:
        """Queue what fits, count the rest as lost, and return how many were taken."""
        count, size = len(entries), _size(entries)
        if not self._has_room(count, size):
            entries, size = self._fitting(entries)
            self._overflowed += count - len(entries)
            count = len(entries)
        # Counted first: the writer must never be ahead of these numbers.
        self._taken += count
        self._taken_bytes += size
        self._queue.extend(entries)
        return count

    def _fitting(self, entries: Sequence[Entry]) -> tuple[Sequence[Entry], int]:
        """Return the first entries that still fit, and their size."""
        size = 0
        for count, entry in enumerate(entries):
            more = size + _size((entry,))
            if not self._has_room(count + 1, more):
                return entries[:count], size
            size = more
        return entries, size

    def _has_room(self, count: int, size: int) -> bool:
        settings = self._settings
        return (
            self._final is None
            and self._taken - self._progress[0] + count <= settings.queue
            and self._taken_bytes - self._done_bytes + size <= settings.queue_bytes
        )

    # From here on: the writer's thread.

    def _run(self) -> None:
        while not self._over():
            self._wake.wait(self._settings.flush_seconds)
            self._wake.clear()
            try:
                self._drain()
                self._tidy()
            except Exception as error:  # noqa: BLE001 - this thread must live, whatever a driver does
                self._failed(f"the log met an unexpected {type(error).__name__}")
                self._end.wait(_FIRST_PAUSE)
        self._store.close()

    def _over(self) -> bool:
        if not self._end.is_set():
            return False
        return time.monotonic() >= self._deadline or not (self._queue or self._flight)

    def _drain(self) -> None:
        """Write what waits now; in batched mode what comes meanwhile is left for the next batch, to keep that big."""
        left = len(self._queue) + len(self._flight)
        while left > 0 and (self._queue or self._flight):
            if not self._flight:
                self._board()
            size = len(self._flight)
            if not self._write():
                return
            left = left - size if self._mode == "batched" else len(self._queue)

    def _board(self) -> None:
        """Take the next batch from the queue."""
        size = 0
        while self._queue and len(self._flight) < _PIECE and size < _PIECE_BYTES:
            entry = self._queue.popleft()
            self._flight.append(entry)
            size += len(entry.inputs) + len(entry.output)

    def _write(self) -> bool:
        """Write the batch in flight, as often as it takes; False where the end came first."""
        pause = _FIRST_PAUSE
        while True:
            try:
                refused = self._send(self._flight)
            except Exception as error:  # noqa: BLE001 - whatever it is, the entries are kept and tried again
                self._failed(error.message if isinstance(error, MainstayError) else self._store.in_words(error))
                self._store.close()
            else:
                self._confirmed(refused)
                return True
            self._end.wait(pause)
            remaining = self._deadline - time.monotonic()
            if remaining <= 0:
                return False
            if self._end.is_set():
                time.sleep(min(_FIRST_PAUSE, remaining))
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _send(self, entries: list[Entry]) -> list[int]:
        """Write entries and return the places of those that no store could keep, found by halving."""
        try:
            self._store.write(entries)
        except Exception as error:
            if not self._store.blames_entries(error):
                raise
            if len(entries) == 1:
                return [0]
            half = len(entries) // 2
            return [*self._send(entries[:half]), *(half + place for place in self._send(entries[half:]))]
        return []

    def _confirmed(self, refused: list[int]) -> None:
        done, all_refused = self._progress
        self._refused = (*self._refused, *(done + place + 1 for place in refused))[-_REMEMBERED:]
        self._progress = (done + len(self._flight), all_refused + len(refused))
        self._done_bytes += _size(self._flight)
        self._flight = []
        self._failing_since = None
        self._trouble = f"{len(refused)} entries hold text that the store cannot keep" if refused else ""
        loop = self._line.loop
        if loop is not None:
            # A loop that has ended has nobody who waits.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._tell)

    def _failed(self, words: str) -> None:
        self._trouble = words
        if self._failing_since is None:
            self._failing_since = time.monotonic()

    def _tidy(self) -> None:
        """Delete what is too old or too much, in small steps and only while nothing waits to be written."""
        if not self._retention.limits or time.monotonic() < self._next_tidy or self._end.is_set():
            return
        until = time.monotonic() + _TIDY_SECONDS
        try:
            more = True
            while more and not self._wake.is_set() and time.monotonic() < until:
                more = self._store.shrink(self._retention, time.time_ns())
            self._tidy_trouble = ""
        except Exception as error:  # noqa: BLE001 - a log that cannot shrink can still be written
            self._tidy_trouble = f"old entries were not deleted: {self._store.in_words(error)}"
            more = False
        if not more:
            self._next_tidy = time.monotonic() + self._settings.tidy_seconds

    def _tell(self) -> None:
        """In the loop's thread: wake those whose entries are done."""
        self._line.confirm(self._progress[0], self._refused)


def _size(entries: Sequence[Entry]) -> int:
    return sum([len(entry.inputs) + len(entry.output) for entry in entries])


def _told(*, kept: bool) -> Awaitable[bool]:
    answer = asyncio.get_running_loop().create_future()
    answer.set_result(kept)
    return answer
