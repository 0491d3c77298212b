"""A running server as a person holds it: where it listens, what it serves, and how it is stopped."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Self

from mainstay.serve.journal import Journal
from mainstay.serve.processes.engine import Engine
from mainstay.serve.processes.listening import address_of, listen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mainstay.serve.app import Source
    from mainstay.serve.settings import ServeSettings

__all__ = ["Server"]


class Server:
    """Models that are being served.

    Parameters
    ----------
    models : mapping of name to bundle or path
    settings : ServeSettings
    journal : Journal, optional

    Raises
    ------
    MainstayError
        When a model file is refused, the port is taken, or a setting cannot work.
    """

    def __init__(self, models: Mapping[str, Source], settings: ServeSettings, journal: Journal | None = None) -> None:
        self._journal = journal or Journal()
        with ExitStack() as undo:
            door = undo.enter_context(listen(settings.host, settings.port))
            self.url = address_of(door)
            self._engine = Engine(settings, models, door, self._journal)
            undo.pop_all()
        self.pid = os.getpid()
        self._listening = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="mainstay-serve", daemon=True)

    def __repr__(self) -> str:
        return f"<Server at {self.url}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def models(self) -> list[dict[str, str]]:
        """Name and digest of each model that is served now."""
        return self._engine.models

    def to_dict(self) -> dict[str, Any]:
        """Return ``{url, models: [{name, digest}], pid}``."""
        return {"url": self.url, "models": self.models, "pid": self.pid}

    def note(self, event: str) -> None:
        """Write an event with all that :meth:`to_dict` says into the journal."""
        self._journal.event(event, **self.to_dict())

    def start(self) -> Self:
        """Begin to serve, and return once requests are answered."""
        self._thread.start()
        self._listening.wait()
        self._raise_failure()
        return self

    def stop(self) -> None:
        """Answer what is open, close the log, and end."""
        self._engine.end()
        self.wait()

    def wait(self) -> None:
        """Return when the server has ended."""
        while self._thread.is_alive():
            self._thread.join(1.0)
        self._raise_failure()
        self._journal.event("stopped", pid=self.pid)

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Let SIGTERM and Ctrl-C end the server in order; a second one raises KeyboardInterrupt.

        Does nothing outside the main thread, where Python has no signals.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._signalled) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _signalled(self, number: int, frame: object) -> None:
        del frame
        for again in (signal.SIGTERM, signal.SIGINT):
            signal.signal(again, signal.default_int_handler)
        self._journal.event("stopping", signal=signal.Signals(number).name)
        self._engine.end()

    def _run(self) -> None:
        try:
            self._engine.run(self._listening.set)
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that asked
            self._failure = error
        finally:
            self._listening.set()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure
