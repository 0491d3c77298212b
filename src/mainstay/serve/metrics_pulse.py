"""Once a second a worker says how it is, so that another worker can tell of it when it is asked."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mainstay.serve.metrics import Present

if TYPE_CHECKING:
    import asyncio

    from mainstay.serve.serving import Serving

__all__ = ["Pulse", "resident_bytes"]

_SECONDS = 1.0


class Pulse:
    """Tells the counters how the worker is.

    Parameters
    ----------
    serving : Serving
    """

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Tell it from now on, for as long as the loop runs; a second call does nothing."""
        if loop is not self._loop:
            self._loop = loop
            self._beat(loop)

    def tell(self) -> None:
        """Tell it now."""
        serving = self._serving
        serving.metrics.present(
            Present(
                open=len(serving.open_requests),
                delay=serving.open_requests.delay,
                memory=resident_bytes(),
                log=None if serving.log is None else serving.log.state,
                digests={place.number: place.model.digest for place in serving.shelf.places.values()},
            )
        )

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        if loop is self._loop:
            self.tell()
            loop.call_later(_SECONDS, self._beat, loop)


def resident_bytes() -> int:
    """Return the memory that this process has now; where that cannot be read, the most that it ever had.

    Examples
    --------
    >>> resident_bytes() > 1_000_000
    True
    """
    try:
        pages = int(Path("/proc/self/statm").read_bytes().split()[1])
    except (OSError, IndexError, ValueError):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
    return pages * os.sysconf("SC_PAGE_SIZE")
