"""A worker as its parent sees it: started, told, listened to, and gone."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from asyncio.subprocess import PIPE
from typing import TYPE_CHECKING

import msgspec

from mainstay.contracts.errors import WorkerError
from mainstay.serve.processes import messages
from mainstay.serve.processes.messages import LONGEST_LINE, error_of, read_report, written

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable

    from mainstay.serve.processes.messages import Begin

__all__ = ["Child"]

_TELL_SECONDS = 5.0
_MODULE = "mainstay.serve.processes.worker"


class Child:
    """One worker process.

    Attributes
    ----------
    ready : bool
        Whether it answers requests.
    unanswered : int
        How many times in a row its event loop has not said that it turns.
    failure : messages.Failed or None
        Why it could not begin.
    """

    def __init__(self) -> None:
        self.ready = False
        self.unanswered = 0
        self.digests: dict[str, str] = {}
        self.failure: messages.Failed | None = None
        self._process: Process | None = None
        self._waiting: asyncio.Future[object] | None = None
        self._ticket = 0
        self._begun = asyncio.Event()

    @property
    def pid(self) -> int:
        """The number of the process; 0 before there is one."""
        return self._process.pid if self._process is not None else 0

    async def start(self, handles: tuple[int, ...], first: Callable[[], tuple[Begin, list[bytes]]]) -> None:
        """Start the process and hand it what it serves.

        Parameters
        ----------
        handles : tuple of int
            Descriptors that it has as well.
        first : callable
            Returns the first order and the bytes of the models; called once the process is there, for other models may
            have come to be served while it was made.
        """
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", _MODULE, stdin=PIPE, stdout=PIPE, limit=LONGEST_LINE,
            pass_fds=handles, process_group=0,
        )  # fmt: skip
        with contextlib.suppress(ConnectionError):
            begin, models = first()
            await self._send(written(begin), *models)

    async def listen(self) -> int:
        """Take what it says until it has gone, and return its exit code; negative for a signal."""
        process = self._running()
        assert process.stdout is not None
        try:
            while line := await process.stdout.readline():
                self._take(read_report(line))
        except (msgspec.MsgspecError, ValueError):
            self.kill()  # it says what no worker says
        code = await process.wait()
        self.ready = False
        self._begun.set()
        self._answer(WorkerError("the worker has gone"))
        return code

    async def begun(self, seconds: float) -> None:
        """Return when it answers requests, or has gone; it is ended where that takes too long."""
        try:
            async with asyncio.timeout(seconds):
                await self._begun.wait()
        except TimeoutError:
            self.kill()
            await self._begun.wait()

    async def ask(self, order: messages.Prepare | messages.Commit, *data: bytes, seconds: float) -> object:
        """Say something and return what it says to that.

        Raises
        ------
        MainstayError
            What the worker could not do, or that it has gone, or does not answer.
        """
        self._waiting = asyncio.get_running_loop().create_future()
        self._ticket = order.ticket
        try:
            async with asyncio.timeout(seconds):
                await self._send(written(order), *data)
                return await self._waiting
        except (TimeoutError, ConnectionError) as error:
            raise WorkerError(f"worker {self.pid} does not answer") from error
        finally:
            self._waiting = None

    async def tell(self, order: messages.Drop | messages.ReadTokens | messages.Ping | messages.End) -> None:
        """Say something that has no answer, or none that is waited for."""
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(_TELL_SECONDS):
                await self._send(written(order))

    def give_up(self) -> None:
        """Note that the process could not be started."""
        self._begun.set()

    def kill(self) -> None:
        """End the process at once; one that is not there yet is handed what is served when it comes."""
        if self._process is not None:
            self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._running().send_signal(number)

    async def _send(self, *parts: bytes) -> None:
        stream = self._running().stdin
        assert stream is not None
        stream.writelines(parts)
        await stream.drain()

    def _take(
        self, report: messages.Ready | messages.Prepared | messages.Told | messages.Pong | messages.Failed
    ) -> None:
        if isinstance(report, messages.Ready):
            self.digests = report.digests
            self.ready = True
            self._begun.set()
        elif isinstance(report, messages.Pong):
            self.unanswered = 0
        elif isinstance(report, messages.Failed):
            if not report.ticket:
                self.failure = report
            elif report.ticket == self._ticket:
                self._answer(error_of(report))
        elif report.ticket == self._ticket:
            self._answer(report)

    def _answer(self, report: object) -> None:
        if self._waiting is None or self._waiting.done():
            return
        if isinstance(report, Exception):
            self._waiting.set_exception(report)
        else:
            self._waiting.set_result(report)

    def _running(self) -> Process:
        if self._process is None:
            raise WorkerError("the worker has not been started")
        return self._process
