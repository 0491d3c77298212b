"""One process that answers: models, log and limits put together behind a socket, from its start to its end."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from mainstay.serve.app import build, open_models
from mainstay.serve.metrics import Metrics
from mainstay.serve.processes.connections import Connections
from mainstay.serve.processes.http_server import HttpServer, new_loop
from mainstay.serve.processes.tokens import read_tokens
from mainstay.serve.serving import Serving
from mainstay.serve.shelf import Shelf

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping

    from mainstay.serve.app import Source
    from mainstay.serve.journal import Journal
    from mainstay.serve.log.record import PredictionLog
    from mainstay.serve.settings import ServeSettings

__all__ = ["Engine", "open_settings_log"]

_CONNECTIONS_PER_REQUEST = 4
_LOG_SECONDS = 10.0


class Engine:
    """Serves models at a socket with one event loop.

    Parameters
    ----------
    settings : ServeSettings
    models : mapping of name to bundle or path
    door : socket
        Listening.
    journal : Journal

    Raises
    ------
    BundleError
        When a model file is refused.
    UsageError
        When a file cannot be read.

    Attributes
    ----------
    serving : Serving
    """

    def __init__(
        self, settings: ServeSettings, models: Mapping[str, Source], door: socket.socket, journal: Journal
    ) -> None:
        self.settings = settings
        shelf = Shelf(open_models(models))
        tokens = () if settings.token_file is None else read_tokens(settings.token_file)
        self.serving = Serving(
            shelf, settings.limits, Metrics(tuple(shelf.places)), journal, log=open_settings_log(settings),
            token_digests=tokens, hosts=settings.hosts,
        )  # fmt: skip
        self._door = door
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Event | None = None

    @property
    def models(self) -> list[dict[str, str]]:
        """Name and digest of what is served now."""
        return [{"name": name, "digest": place.model.digest} for name, place in self.serving.shelf.places.items()]

    def run(self, ready: Callable[[], None]) -> None:
        """Serve until :meth:`end` is called; returns when all is answered and the log is closed.

        Parameters
        ----------
        ready : callable
            Called in the event loop once connections are accepted.
        """
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(self._run(ready))

    def end(self) -> None:
        """Begin to end; from any thread."""
        if self._loop is not None and self._ending is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        self.serving.draining = True
        if self._ending is not None:
            self._ending.set()

    async def _run(self, ready: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._ending = asyncio.Event()
        settings = self.settings
        server = HttpServer(
            build(self.serving), self._door, Connections(settings.max_body),
            most=_CONNECTIONS_PER_REQUEST * settings.max_open, behind_proxy=settings.behind_proxy,
        )  # fmt: skip
        try:
            await server.run(self._ending, settings.drain_seconds, ready)
        finally:
            await asyncio.to_thread(self.serving.close, _LOG_SECONDS)


def open_settings_log(settings: ServeSettings, *, may_be_away: bool = False) -> PredictionLog | None:
    """Return the log that the settings ask for; SQLAlchemy is imported only where they do.

    Raises
    ------
    UsageError
        When its address cannot be used.
    """
    if settings.log is None:
        return None
    from mainstay.serve.log.open import open_log
    from mainstay.serve.log.retention import read_retention

    kept = read_retention(settings.log_keep_days, settings.log_max_size)
    return open_log(settings.log, mode=settings.log_mode, retention=kept, may_be_away=may_be_away)
