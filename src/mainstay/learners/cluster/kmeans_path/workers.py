"""Threads over blocks of rows: each block's answer is the same whoever computes it, and they are joined in order.

So results do not depend on the number of threads. BLAS is held to one thread meanwhile: its own threads would split
sums by their number, and stand in each other's way.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Executor

__all__ = ["over_blocks", "working"]

Answer = TypeVar("Answer")

_pool: ContextVar[Executor | None] = ContextVar("pool", default=None)


@contextmanager
def working(threads: int) -> Iterator[None]:
    """Let :func:`over_blocks` use so many threads inside, and BLAS one in each."""
    from concurrent.futures import ThreadPoolExecutor

    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=1), ThreadPoolExecutor(threads) as pool:
        mark = _pool.set(pool if threads > 1 else None)
        try:
            yield
        finally:
            _pool.reset(mark)


def over_blocks(
    part: Callable[[int, int], Answer], rows: int, step: int, bounds: Sequence[int] = ()
) -> Iterator[Answer]:
    """Yield ``part(first, last)`` for each block of up to ``step`` rows, in order; none goes across a bound."""
    cuts = [
        (first, min(first + step, high))
        for low, high in pairwise([0, *bounds, rows])
        for first in range(low, high, step)
    ]
    pool = _pool.get()
    if pool is None or len(cuts) == 1:
        return (part(*cut) for cut in cuts)
    return pool.map(lambda cut: part(*cut), cuts)
