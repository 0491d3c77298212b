"""What the server counts of itself, in slots that all its worker processes share."""

from __future__ import annotations

import time
from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from mainstay.serve.metrics.table import (
    BOUNDS,
    CLUSTER,
    FITS_NONE,
    FLAGGED,
    MOST_CLUSTERS,
    Gauge,
    ModelSlot,
    Outcome,
    Table,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mainstay.serve.log.record import LogState

__all__ = ["Metrics", "Present"]

_CODE = 40


class Present(NamedTuple):
    """How a worker is now: what cannot be counted along the way.

    Parameters
    ----------
    open : int
        Requests that are being read or answered.
    delay : float
        Seconds that the event loop was late.
    memory : int
        Resident bytes.
    log : LogState, optional
    digests : mapping of int to str
        Which bytes each place has.
    """

    open: int
    delay: float
    memory: int
    log: LogState | None
    digests: Mapping[int, str]


class Metrics:
    """Counts requests and answers of one worker, and knows the counts of all.

    Parameters
    ----------
    models : tuple of str
        The names that are served; a place is a position here.
    table : int, optional
        The descriptor of :func:`mainstay.serve.metrics.table.shared_table`, where there are several workers.
    worker : int, default 0
        Which row is this worker's; it goes on where the row stands.

    Raises
    ------
    UsageError
        When the table was made for other models, or has no such row.

    Examples
    --------
    >>> metrics = Metrics(("churn",))
    >>> metrics.answered(0, 0.002, 3)
    >>> metrics.rows_answered(0)
    3
    """

    def __init__(self, models: tuple[str, ...], *, table: int | None = None, worker: int = 0) -> None:
        from mainstay.contracts.errors import UsageError

        self.models = models
        self.worker = worker
        self.table = Table(models, table)
        if not 0 <= worker < len(self.table.rows):
            raise UsageError(f"there are {len(self.table.rows)} rows of counters, and none for worker {worker}",
                             where="metrics", hint="Make the table for as many workers as there are.")  # fmt: skip
        self._own = self.table.rows[worker]
        self._numbers = self._own.numbers
        self._places = self._own.models
        self._outcomes = self._own.outcomes()
        self._clusters: dict[tuple[int, int], int] = {}
        numbers = self._numbers
        numbers[Gauge.STARTED] = time.time()
        numbers[Gauge.STARTS] += 1.0
        for gauge in (Gauge.OPEN, Gauge.DELAY, Gauge.LOGGED, Gauge.LOG_QUEUED):
            numbers[gauge] = 0.0
        self._written, self._lost = numbers[Gauge.LOG_WRITTEN], numbers[Gauge.LOG_LOST]

    def answered(self, place: int, seconds: float, rows: int = 1) -> None:
        """Count a request for predictions that was answered: on the path of every answer."""
        numbers, start = self._numbers, self._places[place]
        numbers[start + bisect_left(BOUNDS, seconds)] += 1.0
        numbers[start + _SECONDS] += seconds
        if rows != 1:
            numbers[start + _MORE_ROWS] += rows - 1

    def refused(self, status: int, code: str, place: int | None = None) -> None:
        """Count a request that was refused, whatever it was for."""
        self._numbers[self._position(Outcome(place, status, code[:_CODE]))] += 1.0

    def flagged(self, place: int) -> None:
        """Count a row that was flagged as unusual."""
        self._numbers[self._position(Outcome(place, FLAGGED, "flagged"))] += 1.0

    def rows_refused(self, place: int, rows: int) -> None:
        """Count rows that the schema refused."""
        if rows:
            self._numbers[self._places[place] + ModelSlot.ROWS_REFUSED] += rows

    def assigned(self, place: int, cluster: int, *, fits_none: bool) -> None:
        """Count a row that was given a cluster; of many clusters the last, which are the smallest, in one count."""
        self._count_cluster(place, cluster)
        if fits_none:
            self._count_cluster(place, FITS_NONE)

    def _count_cluster(self, place: int, cluster: int) -> None:
        at = self._clusters.get((place, cluster))
        if at is None:
            shown = min(cluster, MOST_CLUSTERS // len(self.models))
            at = self._clusters[place, cluster] = self._position(Outcome(place, CLUSTER, str(shown)))
        self._numbers[at] += 1.0

    def _position(self, outcome: Outcome) -> int:
        """Return where an outcome is counted."""
        at = self._outcomes.get(outcome)
        if at is None:
            at = self._outcomes[outcome] = self._own.add_outcome(outcome, len(set(self._outcomes.values())))
        return at

    def swapped(self, place: int, *, done: bool) -> None:
        """Count the exchange of a bundle, or one that was refused."""
        slot = ModelSlot.SWAPS_DONE if done else ModelSlot.SWAPS_REFUSED
        self._numbers[self._places[place] + slot] += 1.0

    def present(self, now: Present) -> None:
        """Note how this worker is, for whoever asks another worker."""
        numbers = self._numbers
        numbers[Gauge.OPEN], numbers[Gauge.DELAY], numbers[Gauge.MEMORY] = float(now.open), now.delay, float(now.memory)
        if now.log is not None:
            numbers[Gauge.LOGGED], numbers[Gauge.LOG_HEALTHY] = 1.0, float(now.log.healthy)
            numbers[Gauge.LOG_QUEUED] = float(now.log.queued)
            numbers[Gauge.LOG_WRITTEN] = self._written + now.log.written
            numbers[Gauge.LOG_LOST] = self._lost + now.log.lost
        for place, digest in now.digests.items():
            if self._own.digest(place) != digest:
                self._own.note_digest(place, digest)
        numbers[Gauge.UPDATED] = time.time()

    def rows_answered(self, place: int) -> int:
        """Return how many rows all workers have answered for a model."""
        return sum(
            int(sum(row.numbers[start : start + len(BOUNDS) + 1]) + row.numbers[start + ModelSlot.MORE_ROWS])
            for row in self.table.rows
            for start in row.models[place : place + 1]
        )


_SECONDS, _MORE_ROWS = int(ModelSlot.SECONDS), int(ModelSlot.MORE_ROWS)
