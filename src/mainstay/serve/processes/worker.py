"""A worker process: ``python -m mainstay.serve.processes.worker``, started by the parent and told on standard input.

It ends when it is told to, when it gets SIGTERM, or when its parent is gone.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, BinaryIO

from mainstay.contracts.errors import MainstayError, WorkerError
from mainstay.serve.journal import Journal
from mainstay.serve.processes import messages
from mainstay.serve.processes.messages import LONGEST_LINE, read_order, refusal, written

if TYPE_CHECKING:
    from mainstay.serve.answering.served import ServedModel
    from mainstay.serve.processes.engine import Engine
    from mainstay.serve.processes.messages import Begin, Prepare

__all__ = ["Worker", "main"]


class Worker:
    """Does what a parent says, and reports.

    Parameters
    ----------
    orders, reports : binary streams
    """

    def __init__(self, orders: BinaryIO, reports: BinaryIO) -> None:
        self._orders = orders
        self._reports = reports
        self._writing = threading.Lock()
        self._reading: asyncio.Future[None] | None = None
        self._prepared: dict[int, ServedModel] = {}

    def run(self) -> int:
        """Serve from the first order to the last, and return the exit code."""
        begin = read_order(self._orders.readline(LONGEST_LINE))
        if not isinstance(begin, messages.Begin):
            return 1
        try:
            engine = self._engine(begin)
        except MainstayError as error:
            self._report(refusal(error))
            return 1
        signal.signal(signal.SIGTERM, lambda *_: engine.end())
        threading.Thread(target=self._listen, args=(engine,), name="orders", daemon=True).start()

        async def ready() -> None:
            self._report(messages.Ready(engine.models))

        engine.run(ready)
        return 0

    def _engine(self, begin: Begin) -> Engine:
        from mainstay.serve.processes.engine import Among, Engine
        from mainstay.serve.processes.listening import listening_again

        models = {name: self._bytes(size) for name, size in begin.sizes.items()}
        among = Among(begin.number, begin.table, begin.restarted)
        return Engine(begin.settings, models, listening_again(begin.door), Journal(worker=begin.number), among)

    def _bytes(self, size: int) -> bytes:
        data = self._orders.read(size)
        if len(data) < size:
            raise WorkerError("the parent has gone")
        return data

    def _listen(self, engine: Engine) -> None:
        """Follow orders; where there are no more the parent is gone, and so is the reason to serve."""
        try:
            self._follow_all(engine)
        finally:
            engine.end()

    def _follow_all(self, engine: Engine) -> None:
        while line := self._orders.readline(LONGEST_LINE):
            order = read_order(line)
            if isinstance(order, messages.Prepare):
                data = self._bytes(order.size)
                threading.Thread(target=self._prepare, args=(engine, order, data), daemon=True).start()
            elif isinstance(order, messages.End):
                return
            else:
                engine.call(self._follow, engine, order)

    def _prepare(self, engine: Engine, order: Prepare, data: bytes) -> None:
        try:
            model = engine.prepare(order.name, data)
        except MainstayError as error:
            self._report(refusal(error, order.ticket))
        except Exception as error:  # noqa: BLE001 - a fault in one file must not end what serves another
            found = WorkerError(f"the model could not be prepared ({type(error).__name__}: {error})")
            self._report(refusal(found, order.ticket))
        else:
            self._prepared = {order.ticket: model}
            self._report(messages.Prepared(order.ticket, model.digest))

    def _follow(self, engine: Engine, order: object) -> None:
        """Do what takes no time, in the thread of the event loop."""
        if isinstance(order, messages.Ping):
            self._report(messages.Pong())
        elif isinstance(order, messages.Commit):
            engine.put(self._prepared.pop(order.ticket), count=order.count)
            self._report(messages.Told(order.ticket))
        elif isinstance(order, messages.Drop):
            self._prepared.clear()
            if order.count:
                engine.refused(order.name)
        elif isinstance(order, messages.ReadTokens):
            self._reading = asyncio.ensure_future(self._read_tokens(engine))

    async def _read_tokens(self, engine: Engine) -> None:
        try:
            await engine.read_tokens_again()
        except MainstayError as error:
            engine.serving.journal.event("tokens refused", **error.to_dict())

    def _report(self, message: object) -> None:
        with self._writing:
            self._reports.write(written(message))  # type: ignore[arg-type]
            self._reports.flush()


def main() -> int:
    """Serve as a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is for the parent, which tells
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    reports = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library might print must not stand between the reports
    try:
        return Worker(sys.stdin.buffer, reports).run()
    except BrokenPipeError:
        return 1


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # a thread still waits for orders on standard input, which Python does not end with
