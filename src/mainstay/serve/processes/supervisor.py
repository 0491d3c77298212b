"""Several workers behind one socket: started, kept alive, told together, and ended together.

The parent itself answers nothing and loads no model; it keeps the bytes that are served, so that a worker that takes
the place of one that died serves the same as the others, whatever lies on the disk by then.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import TYPE_CHECKING

from mainstay.contracts.errors import WorkerError
from mainstay.serve.metrics.table import shared_table
from mainstay.serve.names import check_name
from mainstay.serve.processes import messages
from mainstay.serve.processes.child import Child
from mainstay.serve.processes.messages import error_of

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Coroutine, Mapping
    from typing import Any

    from mainstay.serve.journal import Journal
    from mainstay.serve.settings import ServeSettings

__all__ = ["Supervisor"]

_BEGIN_SECONDS = 120.0
_PREPARE_SECONDS = 120.0
_COMMIT_SECONDS = 10.0
_PING_SECONDS = 5.0
_SILENT_PINGS = 6
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 30.0
_LONG_ENOUGH = 60.0
"""A worker that lived so long was no part of a row of failures."""
_AFTER_DRAINING = 15.0


class Supervisor:
    """Keeps workers running.

    Parameters
    ----------
    settings : ServeSettings
    models : mapping of name to bytes
    door : socket
        Listening.
    journal : Journal
    """

    def __init__(
        self, settings: ServeSettings, models: Mapping[str, bytes], door: socket.socket, journal: Journal
    ) -> None:
        for name in models:
            check_name(name)
        self.settings = settings
        self.models: dict[str, str] = {}
        self._data = dict(models)
        self._door = door
        self._journal = journal
        self._table = shared_table(tuple(models), settings.workers)
        self._children: dict[int, Child] = {}
        self._ticket = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Event | None = None
        self._asked_to_end = False

    @property
    def pids(self) -> list[int]:
        """The processes that answer."""
        return [child.pid for child in self._children.values() if child.ready]

    def run(self, beside: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run the workers until :meth:`end` is called.

        Parameters
        ----------
        beside : async callable
            Begun in the parent's loop once all workers answer, and ended with them.

        Raises
        ------
        MainstayError
            What kept a worker from beginning.
        """
        with asyncio.Runner() as runner:
            runner.run(self._run(beside))

    def call(self, function: Callable[..., object], *given: object) -> None:
        """Call a function in the thread of the event loop, from any thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(function, *given)

    def end(self) -> None:
        """Begin to end; from any thread."""
        self._asked_to_end = True
        if self._ending is not None:
            self.call(self._ending.set)

    def kill(self) -> None:
        """End every worker at once; from any thread."""
        for child in list(self._children.values()):
            if child.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGKILL)

    async def exchange(self, name: str, data: bytes) -> str:
        """Let all workers serve other bytes under a name: first all make ready, then all take them.

        Raises
        ------
        MainstayError
            When any worker refuses them; then all stay with the old ones.
        """
        workers = [child for child in self._children.values() if child.ready]
        self._ticket += 1
        order = messages.Prepare(self._ticket, name, len(data))
        found = await asyncio.gather(
            *(child.ask(order, data, seconds=_PREPARE_SECONDS) for child in workers), return_exceptions=True
        )
        errors = [one for one in found if isinstance(one, BaseException)]
        if errors or not workers:
            for child in workers:
                await child.tell(messages.Drop(name, count=False))
            raise errors[0] if errors else WorkerError("no worker is there to make ready")
        self._data[name] = data
        await self._commit(workers)
        digest = found[0].digest if isinstance(found[0], messages.Prepared) else ""
        self.models[name] = digest
        for child in self._children.values():
            if child not in workers:
                child.kill()  # it began with the old bytes; the one in its place begins with the new
        return digest

    async def _commit(self, workers: list[Child]) -> None:
        """Let workers take what they prepared; one that does not is ended, and begins again with it."""
        asked = [
            child.ask(messages.Commit(self._ticket, count=child is workers[0]), seconds=_COMMIT_SECONDS)
            for child in workers
        ]
        found = await asyncio.gather(*asked, return_exceptions=True)
        for child, one in zip(workers, found, strict=True):
            if isinstance(one, BaseException):
                child.kill()

    def refused(self, name: str) -> None:
        """Have one worker count a model that could not be served."""
        child = next((child for child in self._children.values() if child.ready), None)
        if child is not None and self._loop is not None:
            self._loop.create_task(child.tell(messages.Drop(name, count=True)))

    async def read_tokens_again(self) -> None:
        """Let every worker read the file of tokens again."""
        for child in list(self._children.values()):
            if child.ready:
                await child.tell(messages.ReadTokens())

    async def _run(self, beside: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._loop = asyncio.get_running_loop()
        self._ending = asyncio.Event()
        if self._asked_to_end:
            self._ending.set()
        keepers = [self._loop.create_task(self._keep(number)) for number in range(self.settings.workers)]
        others = [self._loop.create_task(self._ping())]
        try:
            if not self._ending.is_set():
                await self._all_begin()
            others.append(self._loop.create_task(beside()))
            await self._ending.wait()
        finally:
            self._ending.set()
            for task in others:
                task.cancel()
            await self._end_all(keepers)
            os.close(self._table)

    async def _all_begin(self) -> None:
        """Return when all workers answer.

        Raises
        ------
        MainstayError
            When one of them cannot begin: so it is with the next.
        """
        await asyncio.sleep(0)  # each keeper has made its child when it first waits
        children = list(self._children.values())
        await asyncio.gather(*(child.begun(_BEGIN_SECONDS) for child in children))
        for child in children:
            if child.failure is not None:
                raise error_of(child.failure)
            if not child.ready:
                raise WorkerError("a worker ended before it answered", hint="Standard error says more.")
        self.models = dict(children[0].digests)

    async def _keep(self, number: int) -> None:
        """Keep one worker running: where it dies another takes its place, after a pause that grows."""
        assert self._loop is not None
        assert self._ending is not None
        failures, restarted = 0, False
        while not self._ending.is_set():
            child = self._children[number] = Child()
            began = self._loop.time()
            code = await self._one_life(child, number, restarted=restarted)
            if self._ending.is_set() or not (restarted or child.digests):
                return
            failures = 0 if self._loop.time() - began > _LONG_ENOUGH else failures + 1
            restarted = True
            pause = min(_FIRST_PAUSE * 2 ** (failures - 1), _LONGEST_PAUSE) if failures else 0.0
            why = {} if child.failure is None else {"message": str(error_of(child.failure))}
            self._journal.event("worker died", worker=number, pid=child.pid, code=code, again_in_seconds=pause, **why)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._ending.wait()

    async def _one_life(self, child: Child, number: int, *, restarted: bool) -> int:
        """Start a worker, and return its exit code when it has gone."""
        try:
            handles = (self._door.fileno(), self._table)
            await child.start(handles, lambda: self._begin(handles, number, restarted=restarted))
        except OSError as error:
            child.give_up()
            self._journal.event("worker not started", worker=number, message=str(error))
            return -1
        if self._ending is not None and self._ending.is_set():
            child.kill()  # it came too late to be told
        limit = asyncio.create_task(child.begun(_BEGIN_SECONDS))
        try:
            return await child.listen()
        finally:
            limit.cancel()

    def _begin(self, handles: tuple[int, int], number: int, *, restarted: bool) -> tuple[messages.Begin, list[bytes]]:
        """Return the first order to a worker, and the bytes whose sizes it says."""
        sizes = {name: len(data) for name, data in self._data.items()}
        begin = messages.Begin(self.settings, *handles, number, restarted, sizes)
        return begin, list(self._data.values())

    async def _ping(self) -> None:
        """End a worker whose event loop has stood still for long; another takes its place."""
        while True:
            await asyncio.sleep(_PING_SECONDS)
            for child in list(self._children.values()):
                if child.ready and child.unanswered >= _SILENT_PINGS:
                    self._journal.event("worker silent", pid=child.pid, seconds=_SILENT_PINGS * _PING_SECONDS)
                    child.kill()
                elif child.ready:
                    child.unanswered += 1
                    await child.tell(messages.Ping())

    async def _end_all(self, keepers: list[asyncio.Task[None]]) -> None:
        """Tell all to end, wait for as long as they may take, and end those that take longer."""
        self._door.close()  # first: while any process has it open, the system accepts for nobody
        for child in list(self._children.values()):
            if child.ready:
                await child.tell(messages.End())
            elif child.pid:
                child.kill()
        patience = self.settings.drain_delay + self.settings.drain_seconds + _AFTER_DRAINING
        _, late = await asyncio.wait(keepers, timeout=patience)
        if late:
            self.kill()
            await asyncio.wait(late, timeout=_AFTER_DRAINING)
