"""Once a second a worker says how it is, so that another worker can tell of it when it is asked."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from mainstay.serve.metrics.counters import Metrics, Present

__all__ = ["Pulse", "resident_bytes"]

_SECONDS = 1.0


class Pulse:
    """Tells the counters how the worker is.

    Parameters
    ----------
    metrics : Metrics
    look : callable
        Returns how the worker is now.
    """

    def __init__(self, metrics: Metrics, look: Callable[[], Present]) -> None:
        self._metrics, self._look = metrics, look
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Tell it from now on, for as long as the loop runs; a second call does nothing."""
        if loop is not self._loop:
            self._loop = loop
            self._beat(loop)

    def tell(self) -> None:
        """Tell it now."""
        self._metrics.present(self._look())

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
        import resource  # not there on every system

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
    return pages * os.sysconf("SC_PAGE_SIZE")
