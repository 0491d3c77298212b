"""When models are exchanged: on SIGHUP, and where asked for whenever another file stands at the path."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mainstay.contracts.errors import MainstayError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from mainstay.bundle.open import Bundle
    from mainstay.serve.journal import Journal
    from mainstay.serve.processes.files import ModelFile

    Exchange = Callable[[str, bytes], Awaitable[str]]

__all__ = ["Reloader"]


class Reloader:
    """Looks at model files, and has those exchanged that are others now.

    Parameters
    ----------
    files : sequence of ModelFile
    exchange : async callable
        Takes a name and bytes, serves them, and returns the digest; raises MainstayError where the old model stays.
    refused : callable
        Takes the name of a model whose file could not be served.
    journal : Journal
    """

    def __init__(
        self, files: Sequence[ModelFile], exchange: Exchange, refused: Callable[[str], None], journal: Journal
    ) -> None:
        self._files = {file.name: file for file in files}
        self._exchange = exchange
        self._refused = refused
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
                self._refused(file.name)
                self._journal.event("swap refused", model=file.name, file=file.path, **_why(error))

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
        digest = await self._exchange(file.name, data)
        file.take(data)
        self._journal.event("swapped", model=file.name, digest=digest)
        return digest


def _why(error: MainstayError) -> dict[str, str]:
    return {"code": error.code, "message": error.message, "where": error.where, "hint": error.hint}
