"""Accepts connections, one at a turn of the event loop, and ends without losing a request that has come.

Workers share one listening socket. Who accepts all that waits at once leaves nothing to the others; one at a turn lets
each take its part, and the number of open connections is bounded here as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import time
from email.utils import formatdate
from typing import TYPE_CHECKING

import uvicorn

from mainstay.serve.processes.connections import Connection, Connections, look_after

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp

__all__ = ["HttpServer", "new_loop"]

_LOOK_SECONDS = 1.0
_LINGER_SECONDS = 0.5
"""How long idle connections stay open when the server ends: a request that is on its way still gets its answer."""


def new_loop() -> asyncio.AbstractEventLoop:
    """Return the fastest event loop that is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.SelectorEventLoop() if sys.platform == "win32" else asyncio.new_event_loop()
    return uvloop.new_event_loop()


class HttpServer:
    """Speaks HTTP for an application at a listening socket.

    Parameters
    ----------
    app : ASGI application
    door : socket
        Listening and not blocking; closed at the end.
    state : Connections
    most : int
        How many connections may be open; more wait until one has gone.
    """

    def __init__(self, app: ASGIApp, door: socket.socket, state: Connections, *, most: int) -> None:
        self._door = door
        self._state = state
        self._most = most
        self._accepting = False
        self._coming: set[asyncio.Task[object]] = set()
        self._config = uvicorn.Config(
            app, http=Connection, ws="none", lifespan="off", interface="asgi3", log_config=None, server_header=False,
            proxy_headers=False,
        )  # fmt: skip
        self._config.load()

    async def run(
        self, ending: asyncio.Event, drain_seconds: float, ready: Callable[[], None], *, delay: float = 0.0
    ) -> None:
        """Serve until the event is set, then answer what is open and end.

        Parameters
        ----------
        ending : Event
        drain_seconds : float
            How long the end may take.
        ready : callable
            Called once connections are accepted.
        delay : float, default 0
            Seconds for which all goes on after the event is set.
        """
        self._loop = asyncio.get_running_loop()
        self._set_date()
        self._accept_more()
        looking = self._loop.create_task(self._look_after())
        ready()
        try:
            await ending.wait()
            await asyncio.sleep(delay)
            await self._drain(drain_seconds)
        finally:
            looking.cancel()
            self._stop_accepting()
            self._door.close()

    def _connection(self) -> Connection:
        return Connection(self._config, self._state, self._loop)

    def _accept_more(self) -> None:
        if not self._accepting:
            self._loop.add_reader(self._door.fileno(), self._accept)
            self._accepting = True

    def _stop_accepting(self) -> None:
        if self._accepting:
            self._loop.remove_reader(self._door.fileno())
            self._accepting = False

    def _accept(self) -> bool:
        """Accept one connection, and say whether there was one."""
        if len(self._state.connections) + len(self._coming) >= self._most and not self._make_room():
            self._stop_accepting()
            return False
        try:
            found, _ = self._door.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return False
        except OSError:
            # No handle or no memory is left: what waits outside is taken when something has been given back.
            self._stop_accepting()
            return False
        found.setblocking(False)
        with contextlib.suppress(OSError):
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = self._loop.create_task(self._take(found))
        self._coming.add(task)
        task.add_done_callback(self._coming.discard)
        return True

    async def _take(self, found: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._connection, found)
        except OSError:
            found.close()

    def _make_room(self) -> bool:
        """Close the connection that has been idle for longest, and say whether there was one."""
        idle = [one for one in self._state.all if one.stage == "idle"]
        idle = [one for one in idle if one.waiting and not one.in_head and not one.transport.is_closing()]
        if not idle:
            return False
        min(idle, key=lambda one: one.since).transport.close()
        return True

    async def _look_after(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            self._set_date()
            look_after(self._state, self._loop.time())
            if not self._state.ending:
                self._accept_more()

    def _set_date(self) -> None:
        self._state.default_headers = [(b"date", formatdate(time.time(), usegmt=True).encode())]

    async def _drain(self, seconds: float) -> None:
        """Answer what has come, for at most so long."""
        until = self._loop.time() + seconds
        self._state.ending = True
        for connection in self._state.all:
            if connection.cycle is not None:
                connection.cycle.keep_alive = False
        self._stop_accepting()
        while self._accept():
            pass  # what the system has accepted for us is answered too
        self._door.close()
        linger = min(until, self._loop.time() + _LINGER_SECONDS)
        while self._busy() and self._loop.time() < until:
            if self._loop.time() >= linger:
                for connection in self._state.all:
                    connection.end_when_idle()
            await asyncio.sleep(0.02)
        for connection in self._state.all:
            connection.transport.abort()
        for task in list(self._state.tasks):
            task.cancel()

    def _busy(self) -> bool:
        return bool(self._state.connections or self._state.tasks or self._coming)
