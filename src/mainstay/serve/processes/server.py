"""A running server as a person holds it: where it listens, what it serves, how that is exchanged, how it is stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Self

from mainstay.contracts.errors import MainstayError, UsageError
from mainstay.serve.journal import Journal
from mainstay.serve.processes.files import ModelFile, bytes_of
from mainstay.serve.processes.listening import address_of, listen
from mainstay.serve.processes.reloading import Reloader
from mainstay.serve.processes.tokens import readable_by_others

if TYPE_CHECKING:
    import socket
    from collections.abc import Coroutine, Iterator, Mapping, Sequence
    from pathlib import Path

    from mainstay.bundle.open import Bundle
    from mainstay.serve.processes.engine import Engine
    from mainstay.serve.processes.supervisor import Supervisor
    from mainstay.serve.settings import ServeSettings

__all__ = ["Server"]

_HANGUP = getattr(signal, "SIGHUP", None)


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

    Attributes
    ----------
    url : str
        Where it listens: ``http://127.0.0.1:8000``.
    pid : int
        The process that takes signals.
    """

    def __init__(
        self, models: Mapping[str, Bundle | str | Path], settings: ServeSettings, journal: Journal | None = None
    ) -> None:
        self._settings = settings
        self._journal = journal or Journal()
        with ExitStack() as undo:
            door = undo.enter_context(listen(settings.host, settings.port))
            self.url = address_of(door)
            files = [ModelFile(name, source) for name, source in models.items()]
            if not files:
                raise UsageError("a server needs a model", where="serve", hint="Give a .mainstay file.")
            self._processes = _processes(settings, files, door, self._journal)
            undo.pop_all()
        self._reloader = Reloader(files, self._processes, self._journal)
        self.pid = os.getpid()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._look_first = False
        self._listening = threading.Event()
        self._failure: BaseException | None = None
        self._in_terminal = sys.stderr is not None and sys.stderr.isatty()
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
        return [{"name": name, "digest": digest} for name, digest in self._processes.models.items()]

    @property
    def workers(self) -> list[int]:
        """The processes that answer."""
        return self._processes.pids

    def to_dict(self) -> dict[str, Any]:
        """Return ``{url, models: [{name, digest}], pid}``."""
        return {"url": self.url, "models": self.models, "pid": self.pid}

    def note(self, event: str) -> None:
        """Write an event with all that :meth:`to_dict` says into the journal."""
        self._journal.event(event, **self.to_dict())

    def start(self) -> Self:
        """Begin to serve, and return once requests are answered.

        Raises
        ------
        MainstayError
            What kept a worker from beginning.
        """
        token_file = self._settings.token_file
        if token_file is not None and readable_by_others(token_file):
            self._journal.event(
                "warning", message="the file of tokens can be read by other users", where=token_file,
                hint=f"chmod 600 {token_file}",
            )  # fmt: skip
        self._thread.start()
        self._listening.wait()
        self._raise_failure()
        return self

    def swap(self, name: str, source: Bundle | str | Path | Any) -> str:
        """Serve another model under a name, and return its digest; no request is dropped, none is answered by both.

        Parameters
        ----------
        name : str
        source : Model or path

        Raises
        ------
        MainstayError
            When it is refused; the old model goes on.
        """
        if name not in self._processes.models:
            raise UsageError(f"there is no model {name!r}", where="swap", hint="Give one of those in .models.")
        found = getattr(source, "bundle", source)
        return str(self._ask(self._reloader.swap(name, bytes_of(found), found)))

    def reload(self) -> None:
        """Look at the model files and the tokens again, and serve what is there now, as on SIGHUP."""
        self._ask(self._look())

    def stop(self) -> None:
        """Answer what is open, close the log, and end."""
        self._processes.end()
        self.wait()

    def kill(self) -> None:
        """End at once the processes that were started; nothing is waited for."""
        self._processes.kill()

    def wait(self) -> None:
        """Return when the server has ended.

        Raises
        ------
        MainstayError
            When it ended by a fault.
        """
        while self._thread.is_alive():
            self._thread.join(1.0)
        self._raise_failure()

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Let SIGTERM and Ctrl-C end the server in order, a second one at once, and SIGHUP look at the files again.

        Does nothing outside the main thread, where Python has no signals.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = [signal.SIGTERM, signal.SIGINT, *([_HANGUP] if _HANGUP else [])]
        before = {number: signal.signal(number, self._signalled) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _signalled(self, number: int, frame: object) -> None:
        del frame
        if number == _HANGUP and not (self._in_terminal and not sys.stderr.isatty()):
            self._look_first = True  # one worker may answer already while another is still beginning
            if self._loop is not None:
                asyncio.run_coroutine_threadsafe(self._look(), self._loop)
            return
        for again in (signal.SIGTERM, signal.SIGINT):
            signal.signal(again, signal.default_int_handler)
        threading.Thread(target=self._journal.event, args=("stopping",)).start()
        self._processes.end()

    def _ask(self, asked: Coroutine[Any, Any, Any]) -> Any:
        if self._loop is None or not self._thread.is_alive():
            asked.close()
            raise UsageError("the server is not running", where="serve")
        return asyncio.run_coroutine_threadsafe(asked, self._loop).result()

    async def _look(self) -> None:
        try:
            await self._processes.read_tokens_again()
        except MainstayError as error:
            self._journal.event("tokens refused", **error.to_dict())
        await self._reloader.look()

    async def _beside(self) -> None:
        """Run beside what serves: only now there is a loop to ask."""
        self._loop = asyncio.get_running_loop()
        self._listening.set()
        if self._look_first:
            await self._look()
        if self._settings.watch is not None:
            await self._reloader.watch(self._settings.watch)

    def _run(self) -> None:
        try:
            self._processes.run(self._beside)
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that asked
            self._failure = error
        finally:
            self._listening.set()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure


def _processes(
    settings: ServeSettings, files: Sequence[ModelFile], door: socket.socket, journal: Journal
) -> Engine | Supervisor:
    """Return what serves: this process, or several that it starts and that load what it never does."""
    models = {file.name: file.data for file in files}
    if settings.workers == 1:
        from mainstay.serve.processes.engine import Engine

        return Engine(settings, models, door, journal)
    if os.name != "posix":
        raise UsageError(
            "several workers need a system that hands a socket on", where="workers",
            hint="Serve with one worker here, several times if need be, behind a proxy.",
        )  # fmt: skip
    from mainstay.serve.processes.supervisor import Supervisor

    return Supervisor(settings, models, door, journal)
