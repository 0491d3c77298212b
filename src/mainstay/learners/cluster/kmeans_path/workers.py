"""Threads over blocks of rows: each block's answer is the same whoever computes it, and they are joined in order.

So results do not depend on the number of threads. BLAS is held to one thread meanwhile: its own threads would split
sums by their number, and stand in each other's way.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["over_blocks", "threads_of", "working"]

Answer = TypeVar("Answer")

_threads: ContextVar[int] = ContextVar("threads", default=1)


def threads_of(asked: int | None) -> int:
    """Return how many threads to use: as many as asked for, else as many as this process may run on."""
    if asked is not None:
        return max(1, asked)
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not every system tells
        return os.cpu_count() or 1


@contextmanager
def working(threads: int) -> Iterator[None]:
    """Let :func:`over_blocks` use so many threads inside, and BLAS one in each."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    mark = _threads.set(threads)
    try:
        with threadpool_limits(limits=1):
            yield
    finally:
        _threads.reset(mark)


def over_blocks(part: Callable[[int, int], Answer], rows: int, step: int) -> list[Answer]:
    """Return ``part(first, last)`` for each block of ``step`` rows, in order."""
    cuts = [(first, min(first + step, rows)) for first in range(0, rows, step)]
    threads = min(_threads.get(), len(cuts))
    if threads <= 1:
        return [part(*cut) for cut in cuts]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda cut: part(*cut), cuts))
