"""Where counters stand: one row of numbers per worker in memory that all workers share.

A worker writes its own row and reads all of them, so no lock is needed, any worker can tell for all, and a worker that
takes the place of one that died goes on counting where that one stood.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import zlib
from enum import IntEnum
from typing import NamedTuple

from mainstay.contracts.errors import UsageError

__all__ = [
    "BOUNDS",
    "CLUSTER",
    "FITS_NONE",
    "FLAGGED",
    "MOST_CLUSTERS",
    "Gauge",
    "ModelSlot",
    "Outcome",
    "Row",
    "Table",
    "shared_table",
]

BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The upper ends of the histogram's buckets, in seconds; what takes longer is in one more."""

CLUSTER = 200
"""The status of an outcome that counts a cluster and no refusal; its code is the cluster's number."""

FITS_NONE = -1
"""In place of a cluster: rows that fit none."""

FLAGGED = 201
"""The status of an outcome that counts rows that were flagged, and no refusal."""

MOST_CLUSTERS = 96
"""So many clusters of all models together have a count each, so that room is left for refusals."""

_BYTES = 8
_HEAD = 2
_MARK = 20_260_401.0
_OUTCOMES = 192
_OUTCOME_WIDTH = 8
_KEY_BYTES = (_OUTCOME_WIDTH - 1) * _BYTES
_DIGEST_BYTES = 64


class Gauge(IntEnum):
    """The numbers of a worker as a whole, by their position in its row."""

    STARTED = 0
    UPDATED = 1
    STARTS = 2
    MEMORY = 3
    OPEN = 4
    DELAY = 5
    LOGGED = 6
    LOG_HEALTHY = 7
    LOG_QUEUED = 8
    LOG_WRITTEN = 9
    LOG_LOST = 10


class ModelSlot(IntEnum):
    """The numbers of one model, by their position after its buckets."""

    SECONDS = len(BOUNDS) + 1
    MORE_ROWS = SECONDS + 1
    ROWS_REFUSED = SECONDS + 2
    SWAPS_DONE = SECONDS + 3
    SWAPS_REFUSED = SECONDS + 4
    DIGEST = SECONDS + 5


_MODEL_WIDTH = ModelSlot.DIGEST + _DIGEST_BYTES // _BYTES


class Outcome(NamedTuple):
    """How requests ended that were not answered: for which model (None for none), with which status and code.

    And which cluster rows were given, with :data:`CLUSTER` as the status; and rows that were flagged, with
    :data:`FLAGGED`.
    """

    place: int | None
    status: int
    code: str


class Row:
    """The numbers of one worker.

    Parameters
    ----------
    data : memoryview
        Its bytes.
    models : int
        How many models there are.
    """

    def __init__(self, data: memoryview, models: int) -> None:
        self._bytes = data
        self.numbers = data.cast("d")
        self.models = tuple(len(Gauge) + place * _MODEL_WIDTH for place in range(models))
        self._outcomes = len(Gauge) + models * _MODEL_WIDTH

    def outcomes(self) -> dict[Outcome, int]:
        """Return every outcome that was ever counted here, with the position of its count."""
        found = {}
        for at in range(self._outcomes, self._outcomes + _OUTCOMES * _OUTCOME_WIDTH, _OUTCOME_WIDTH):
            key = bytes(self._bytes[(at + 1) * _BYTES : (at + _OUTCOME_WIDTH) * _BYTES]).rstrip(b"\0")
            if not key:
                break
            place, status, code = key.decode(errors="replace").split(" ", 2)
            found[Outcome(int(place) if place else None, int(status), code)] = at
        return found

    def add_outcome(self, outcome: Outcome, known: int) -> int:
        """Give an outcome a position, after so many known ones; what comes when all are given shares the last."""
        last = known >= _OUTCOMES - 1
        at = self._outcomes + min(known, _OUTCOMES - 1) * _OUTCOME_WIDTH
        place = "" if outcome.place is None or last else str(outcome.place)
        name = f"{place} {0 if last else outcome.status} {'other' if last else outcome.code}".encode()
        self._bytes[(at + 1) * _BYTES : (at + _OUTCOME_WIDTH) * _BYTES] = name[:_KEY_BYTES].ljust(_KEY_BYTES, b"\0")
        return at

    def digest(self, place: int) -> str:
        """Return which bytes a model has here; empty before the first is noted."""
        start = (self.models[place] + ModelSlot.DIGEST) * _BYTES
        return bytes(self._bytes[start : start + _DIGEST_BYTES]).rstrip(b"\0").decode("ascii", errors="replace")

    def note_digest(self, place: int, digest: str) -> None:
        """Note which bytes a model has here."""
        start = (self.models[place] + ModelSlot.DIGEST) * _BYTES
        self._bytes[start : start + _DIGEST_BYTES] = digest.encode()[:_DIGEST_BYTES].ljust(_DIGEST_BYTES, b"\0")


class Table:
    """The rows of all workers.

    Parameters
    ----------
    models : tuple of str
        The names that are served, in the same order in every worker.
    descriptor : int, optional
        Of :func:`shared_table`; without one, memory of this process alone, for one worker.

    Raises
    ------
    UsageError
        When the shared memory was made for other models.
    """

    def __init__(self, models: tuple[str, ...], descriptor: int | None = None) -> None:
        width = _row_bytes(models)
        size = os.fstat(descriptor).st_size if descriptor is not None else _HEAD * _BYTES + width
        self._memory = mmap.mmap(-1 if descriptor is None else descriptor, size)
        data = memoryview(self._memory)
        head = data[: _HEAD * _BYTES].cast("d")
        if descriptor is not None and (head[0] != _MARK or head[1] != _mark(models)):
            raise UsageError(
                "the shared table of counters was made for other models", where="metrics",
                hint="Make it with shared_table(models, workers) for the models that are served.",
            )  # fmt: skip
        starts = range(_HEAD * _BYTES, size - width + 1, width)
        self.rows = tuple(Row(data[start : start + width], len(models)) for start in starts)


def shared_table(models: tuple[str, ...], workers: int) -> int:
    """Return the descriptor of memory for the counters of several worker processes.

    The supervisor makes it once and keeps it open; each worker inherits it (``os.set_inheritable``, ``pass_fds``, or a
    fork) and counts with ``Metrics(models, table=descriptor, worker=k)``. A worker that takes the place of one that
    died is given the same ``k``; no two that live at the same time may have the same. It ends with its last descriptor
    and leaves no file.

    Parameters
    ----------
    models : tuple of str
        The names that are served, in their order.
    workers : int
        How many rows there are to be.

    Examples
    --------
    >>> import os
    >>> descriptor = shared_table(("churn",), 2)
    >>> len(Table(("churn",), descriptor).rows)
    2
    >>> os.close(descriptor)
    """
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("mainstay-metrics")
    else:
        descriptor, path = tempfile.mkstemp(prefix="mainstay-metrics-")
        os.unlink(path)  # noqa: PTH108 - a descriptor without a name is what is wanted
    os.ftruncate(descriptor, _HEAD * _BYTES + workers * _row_bytes(models))
    with mmap.mmap(descriptor, 0) as memory, memoryview(memory) as data, data[: _HEAD * _BYTES].cast("d") as head:
        head[0], head[1] = _MARK, _mark(models)
    return descriptor


def _row_bytes(models: tuple[str, ...]) -> int:
    return (len(Gauge) + len(models) * _MODEL_WIDTH + _OUTCOMES * _OUTCOME_WIDTH) * _BYTES


def _mark(models: tuple[str, ...]) -> float:
    return float(zlib.crc32("\n".join(models).encode()))
