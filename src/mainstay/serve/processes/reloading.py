"""When models are exchanged: on SIGHUP, and where asked for whenever another file stands at the path."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from mainstay.contracts.errors import MainstayError, WorkerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mainstay.bundle.open import Bundle
    from mainstay.serve.journal import Journal
    from mainstay.serve.processes.files import ModelFile

__all__ = ["Exchanging", "Reloader"]

_TRIES = 3
_PAUSE = 0.5


class Exchanging(Protocol):
    """What serves models, and can serve others in their place."""

    @property
    def models(self) -> Mapping[str, str]:
        """The digest of each model that is served now, by name."""
        ...

    async def exchange(self, name: str, data: bytes) -> str:
        """Serve other bytes under a name, and return their digest; MainstayError where the old model stays."""
        ...

    def refused(self, name: str) -> None:
        """Count a model that could not be served."""
        ...


class Reloader:
    """Looks at model files, and has those exchanged that are others now.

    Parameters
    ----------
    files : sequence of ModelFile
    processes : Exchanging
    journal : Journal
    """

    def __init__(self, files: Sequence[ModelFile], processes: Exchanging, journal: Journal) -> None:
        self._files = {file.name: file for file in files}
        self._processes = processes
        self._journal = journal
        self._one_at_a_time = asyncio.Lock()

    async def look(self, *, now: bool = True) -> None:
        """Look at every file once, and exchange what is another; what is refused is said in the journal.

        Parameters
        ----------
        now : bool, default True
            Whether also a file counts that may still be being written.
        """
        for file in self._files.values():
            try:
                async with self._one_at_a_time:
                    data = await asyncio.to_thread(file.look_now if now else file.look)
                    if data is not None:
                        await self._take(file, data)
            except MainstayError as error:
                self._say_refused(file, **error.to_dict())
            except Exception as error:  # noqa: BLE001 - whatever it is, the old model serves and the next look comes
                self._say_refused(file, code="internal", message=type(error).__name__)

    async def watch(self, seconds: float) -> None:
        """Look again and again, so many seconds apart."""
        while True:
            await asyncio.sleep(seconds)
            await self.look(now=False)

    async def swap(self, name: str, data: bytes, source: Bundle | str | Path) -> str:
        """Serve other bytes under a name, and return their digest.

        Raises
        ------
        MainstayError
            When they are refused; the old model goes on.
        """
        async with self._one_at_a_time:
            file = self._files[name]
            digest = await self._take(file, data)
            file.take(data, source)
            return digest

    async def _take(self, file: ModelFile, data: bytes) -> str:
        before = self._processes.models[file.name]
        digest = await self._exchange(file.name, data)
        file.take(data)
        if digest != before:
            self._journal.event("swapped", model=file.name, digest=digest, before=before)
        return digest

    async def _exchange(self, name: str, data: bytes) -> str:
        """Serve other bytes; a worker that dies meanwhile is no fault of theirs, so it is tried again."""
        for _ in range(_TRIES - 1):
            try:
                return await self._processes.exchange(name, data)
            except WorkerError:
                await asyncio.sleep(_PAUSE)
        return await self._processes.exchange(name, data)

    def _say_refused(self, file: ModelFile, **why: str) -> None:
        self._processes.refused(file.name)
        self._journal.event("swap refused", model=file.name, file=file.path, **why)
