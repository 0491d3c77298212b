"""One process that answers: models, log and limits put together behind a socket, from its start to its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING, NamedTuple

from mainstay.bundle.open import open_bundle
from mainstay.serve.access import AccessLog
from mainstay.serve.app import build
from mainstay.serve.metrics.counters import Metrics
from mainstay.serve.names import check_name
from mainstay.serve.processes.connections import Connections
from mainstay.serve.processes.exchanging import prepare, put
from mainstay.serve.processes.http_server import HttpServer, new_loop
from mainstay.serve.processes.listening import room_for
from mainstay.serve.processes.short_way import ShortWay
from mainstay.serve.processes.tokens import read_tokens
from mainstay.serve.proxied import Proxied
from mainstay.serve.serving import Serving
from mainstay.serve.shelf import Shelf

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Coroutine, Mapping
    from typing import Any

    from starlette.types import ASGIApp

    from mainstay.serve.answering.served import ServedModel
    from mainstay.serve.journal import Journal
    from mainstay.serve.log.record import PredictionLog
    from mainstay.serve.settings import ServeSettings

__all__ = ["Among", "Engine"]

_CONNECTIONS_PER_REQUEST = 4
_LOG_SECONDS = 10.0
_LOG_LOOK_SECONDS = 1.0


class Among(NamedTuple):
    """Which of several workers this is.

    Parameters
    ----------
    number : int, default 0
    table : int, optional
        The descriptor of the counters that all share.
    restarted : bool, default False
        Whether it takes the place of one that died, so that nothing outside may keep it from answering.
    """

    number: int = 0
    table: int | None = None
    restarted: bool = False


class Engine:
    """Serves models at a socket with one event loop.

    Parameters
    ----------
    settings : ServeSettings
    models : mapping of name to bytes
    door : socket
        Listening.
    journal : Journal
    among : Among, optional

    Raises
    ------
    BundleError
        When a model file is refused.
    UsageError
        When the tokens cannot be read or the log not opened.

    Attributes
    ----------
    serving : Serving
    """

    def __init__(
        self,
        settings: ServeSettings,
        models: Mapping[str, bytes],
        door: socket.socket,
        journal: Journal,
        among: Among = Among(),  # noqa: B008 - a record that nobody can change
    ) -> None:
        self.settings = settings
        for name in models:
            check_name(name)
        tokens = () if settings.token_file is None else read_tokens(settings.token_file)
        shelf = Shelf({name: open_bundle(data, where=f"model {name}") for name, data in models.items()})
        metrics = Metrics(tuple(shelf.places), table=among.table, worker=among.number)
        log = _open_log(settings, may_be_away=among.restarted)
        self.serving = Serving(
            shelf, settings.limits, metrics, journal, log=log, token_digests=tokens, hosts=settings.hosts
        )
        self._door = door
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Event | None = None

    @property
    def models(self) -> dict[str, str]:
        """The digest of each model that is served now, by name."""
        return {name: place.model.digest for name, place in self.serving.shelf.places.items()}

    @property
    def pids(self) -> list[int]:
        """The process that answers: this one."""
        return [os.getpid()]

    def run(self, beside: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Serve until :meth:`end` is called; returns when all is answered and the log is closed.

        Parameters
        ----------
        beside : async callable
            Begun in the same loop once requests are answered, and ended with the server.
        """
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(self._run(beside))

    def call(self, function: Callable[..., object], *given: object) -> None:
        """Call a function in the thread of the event loop, from any thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(function, *given)

    def end(self) -> None:
        """Begin to end; from any thread."""
        self.serving.draining = True
        if self._ending is not None:
            self.call(self._ending.set)

    def kill(self) -> None:
        """End what was started beside this process: nothing."""

    def prepare(self, name: str, data: bytes) -> ServedModel:
        """Return a model that could be served; see :func:`mainstay.serve.processes.exchanging.prepare`."""
        return prepare(self.serving, name, data, allow_schema_change=self.settings.allow_schema_change)

    def put(self, model: ServedModel, *, count: bool = True) -> None:
        """Serve a model that was prepared; in the thread of the event loop."""
        put(self.serving, model, count=count)

    def refused(self, name: str) -> None:
        """Count a model that could not be served; in the thread of the event loop."""
        self.serving.metrics.swapped(self.serving.shelf[name].number, done=False)

    async def exchange(self, name: str, data: bytes) -> str:
        """Serve other bytes under a name, and return their digest.

        Raises
        ------
        MainstayError
            When they are refused; the old model goes on.
        """
        model = await asyncio.to_thread(self.prepare, name, data)
        self.put(model)
        return model.digest

    async def read_tokens_again(self) -> None:
        """Let in those whose tokens are in the file now.

        Raises
        ------
        UsageError
            When it cannot be read; those that were let in still are.
        """
        if self.settings.token_file is not None:
            self.serving.token_digests = read_tokens(self.settings.token_file)

    async def _run(self, beside: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._loop = asyncio.get_running_loop()
        self.serving.pulse.start(self._loop)
        self._ending = asyncio.Event()
        if self.serving.draining:
            self._ending.set()
        settings = self.settings
        door = build(self.serving)
        connections = Connections(settings.max_body, self.serving.journal)
        if not settings.access_log and settings.max_rate is None:  # both are kept on the usual way only
            connections.short_way = ShortWay(door)
        app: ASGIApp = door
        if settings.access_log:
            app = AccessLog(app, self.serving.journal)
        if settings.behind_proxy:
            app = Proxied(app)
        server = HttpServer(
            app, self._door, connections, most=room_for(_CONNECTIONS_PER_REQUEST * settings.max_open),
        )  # fmt: skip
        loop, tasks = self._loop, [self._loop.create_task(self._mind_log())]
        try:
            await server.run(
                self._ending, settings.drain_seconds, lambda: tasks.append(loop.create_task(beside())),
                delay=settings.drain_delay,
            )  # fmt: skip
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.to_thread(self.serving.close, _LOG_SECONDS)
            self._tell_of_log()

    def _tell_of_log(self) -> None:
        """Say in the journal what the log has kept and lost, once it is closed."""
        if self.serving.log is not None:
            state = self.serving.log.state
            self.serving.journal.event("log closed", written=state.written, lost=state.lost, message=state.message)

    async def _mind_log(self) -> None:
        """Say in the journal when the log cannot be written, and when it can again."""
        log, healthy = self.serving.log, True
        while log is not None:
            await asyncio.sleep(_LOG_LOOK_SECONDS)
            state = log.state
            if state.healthy != healthy:
                healthy = state.healthy
                self.serving.journal.event(
                    "log healthy" if healthy else "log unhealthy", message=state.message, lost=state.lost
                )


def _open_log(settings: ServeSettings, *, may_be_away: bool) -> PredictionLog | None:
    """Return the log that the settings ask for; SQLAlchemy is imported only where they do."""
    if settings.log is None:
        return None
    from mainstay.serve.log.open import open_log
    from mainstay.serve.log.retention import read_retention

    kept = read_retention(settings.log_keep_days, settings.log_max_size)
    return open_log(settings.log, mode=settings.log_mode, retention=kept, may_be_away=may_be_away)
