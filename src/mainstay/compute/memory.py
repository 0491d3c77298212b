"""How much memory a run takes, over all its processes, and the limit it may not pass.

Shared pages are counted once (the kernel's proportional set size), so that forked workers are not billed for what
they only look at. Where the kernel does not tell (not Linux), the peak of the calling process is all that is known.
"""

from __future__ import annotations

import ctypes
import gc
import os
import re
import resource
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["MemoryWatch", "give_back", "limit_growth", "parse_bytes", "tree_bytes"]

_UNITS = {"": 1, "b": 1, "k": 10**3, "kb": 10**3, "m": 10**6, "mb": 10**6, "g": 10**9, "gb": 10**9, "t": 10**12,
          "tb": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30}  # fmt: skip
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*")


def parse_bytes(size: str | float | None) -> float:
    """Return a size in bytes; None is no limit.

    Raises
    ------
    UsageError
        When it is not a positive size.

    Examples
    --------
    >>> parse_bytes("1.5GB"), parse_bytes(None)
    (1500000000.0, inf)
    """
    if size is None:
        return float("inf")
    match = _SIZE.fullmatch(str(size).lower())
    amount = float(match[1]) * _UNITS[match[2]] if match and match[2] in _UNITS else 0.0
    if amount <= 0:
        raise UsageError(
            f"a memory budget must be a positive size, and {size!r} came",
            where="memory budget",
            hint="Write for example 800MB or 4GB.",
        )
    return amount


def _process_bytes(process: int) -> int:
    """Return the proportional set size of one process; 0 when it is gone."""
    try:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        return 0
    return 0


def _descendants(process: int) -> list[int]:
    found: list[int] = []
    queue = [process]
    while queue:
        parent = queue.pop()
        children = _children(parent)
        found += children
        queue += children
    return found


def _children(process: int) -> list[int]:
    """Return the children that can be seen now; a process or a thread may end while it is being read."""
    found: list[int] = []
    try:
        threads = list(Path(f"/proc/{process}/task").iterdir())
    except OSError:
        return found
    for thread in threads:
        try:
            listing = (thread / "children").read_text(encoding="ascii")
        except OSError:
            continue
        found += [int(word) for word in listing.split()]
    return found


def tree_bytes(process: int | None = None) -> int:
    """Return the memory of a process and all its descendants, shared pages counted once.

    Examples
    --------
    >>> tree_bytes() > 1_000_000
    True
    """
    root = process or os.getpid()
    total = sum(_process_bytes(member) for member in [root, *_descendants(root)])
    return total or _peak_of_self()


def _peak_of_self() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def limit_growth(bytes_more: float) -> None:
    """Let this process allocate at most so many bytes more; beyond, an allocation fails instead of the machine."""
    if not hasattr(resource, "RLIMIT_DATA") or bytes_more == float("inf"):
        return
    status = Path("/proc/self/status")
    if not status.exists():
        return
    for line in status.read_text(encoding="ascii").splitlines():
        if line.startswith("VmData:"):
            ceiling = int(line.split()[1]) * 1024 + max(0, int(bytes_more))
            resource.setrlimit(resource.RLIMIT_DATA, (ceiling, ceiling))


def give_back() -> None:
    """Hand memory that is free back to the system, where the C library keeps it for later (glibc)."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


class MemoryWatch:
    """Samples the memory of this process and its descendants in the background.

    Parameters
    ----------
    interval : float, default 0.25
        Seconds between samples.

    Examples
    --------
    >>> with MemoryWatch() as watch:
    ...     _ = bytearray(1_000_000)
    >>> watch.peak > 1_000_000
    True
    """

    def __init__(self, interval: float = 0.25) -> None:
        self.peak = 0
        self.now = 0
        self._interval = interval
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="memory watch", daemon=True)

    def sample(self) -> int:
        """Measure now, and return the bytes in use."""
        self.now = tree_bytes()
        self.peak = max(self.peak, self.now)
        return self.now

    def _loop(self) -> None:
        while not self._ended.wait(self._interval):
            self.sample()

    def __enter__(self) -> Self:
        self.sample()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sample()
        self._ended.set()
        self._thread.join()
