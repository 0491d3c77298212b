"""One thread for linear algebra: two fits side by side beat one fit on two threads, and sums keep their order.

The number of threads of a BLAS library decides how its sums are split, and so their last bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

__all__ = ["one_thread"]


def one_thread() -> AbstractContextManager[object]:
    """Return a context in which BLAS and OpenMP use one thread.

    Examples
    --------
    >>> with one_thread():
    ...     total = 1 + 1
    """
    import scipy.linalg  # noqa: F401 - SciPy has a BLAS of its own, and only what is loaded can be held to one thread
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    limits: AbstractContextManager[object] = threadpool_limits(limits=1)
    return limits
