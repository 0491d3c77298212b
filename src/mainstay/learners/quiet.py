"""Libraries at work inside a fit: their warnings become a note, their sums do not depend on the machine's cores.

Detectors and methods that group rows both need it, and families of learners do not import each other.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mainstay.contracts.learner import Value

__all__ = ["quiet"]


@contextmanager
def quiet(notes: dict[str, Value]) -> Iterator[None]:
    """Turn a library's warnings into the note ``warning``; hold linear algebra to one thread, for equal sums.

    Examples
    --------
    >>> notes = {}
    >>> with quiet(notes):
    ...     warnings.warn("it did not converge")
    >>> notes
    {'warning': 'it did not converge'}
    """
    import scipy.linalg  # noqa: F401 - SciPy has a BLAS of its own, and only what is loaded can be held to one thread
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with warnings.catch_warnings(record=True) as caught, threadpool_limits(limits=1):
        warnings.simplefilter("always")
        yield
    if caught:
        notes["warning"] = str(caught[0].message).splitlines()[0]
