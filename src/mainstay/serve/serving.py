"""All that the parts of one server share, in one record, so that none of it is global."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.serve.identity import Identities
from mainstay.serve.metrics.counters import Present
from mainstay.serve.metrics.pulse import Pulse, resident_bytes
from mainstay.serve.open_requests import OpenRequests

if TYPE_CHECKING:
    from mainstay.serve.journal import Journal
    from mainstay.serve.limits import Limits
    from mainstay.serve.log.record import PredictionLog
    from mainstay.serve.metrics.counters import Metrics
    from mainstay.serve.shelf import Shelf

__all__ = ["Serving"]


class Serving:
    """What one worker serves, and with what.

    Parameters
    ----------
    shelf : Shelf
    limits : Limits
    metrics : Metrics
    journal : Journal
    log : PredictionLog, optional
    token_digests : tuple of bytes, default ()
        Of the tokens that are let in; without any, everyone is.
    hosts : frozenset of str, optional
        The names that the server is asked by; None lets any pass.

    Attributes
    ----------
    identities : Identities
    open_requests : OpenRequests
    pulse : Pulse
        Says to the counters how this worker is.
    threads : ThreadPoolExecutor
        For what takes longer than the thread of the event loop may be held.
    draining : bool
        Whether it is about to end: what is open is answered, and it says that it is not ready.
    """

    def __init__(
        self,
        shelf: Shelf,
        limits: Limits,
        metrics: Metrics,
        journal: Journal,
        *,
        log: PredictionLog | None = None,
        token_digests: tuple[bytes, ...] = (),
        hosts: frozenset[str] | None = None,
    ) -> None:
        self.shelf = shelf
        self.limits = limits
        self.metrics = metrics
        self.journal = journal
        self.log = log
        self.token_digests = token_digests
        self.hosts = hosts
        self.identities = Identities()
        self.pulse = Pulse(metrics, self.present)
        self.open_requests = OpenRequests(limits, started=self.pulse.start)
        self.threads = shelf.threads
        self.draining = False

    def present(self) -> Present:
        """Return how this worker is now."""
        return Present(
            open=len(self.open_requests),
            delay=self.open_requests.delay,
            memory=resident_bytes(),
            log=None if self.log is None else self.log.state,
            digests={place.number: place.model.digest for place in self.shelf.places.values()},
        )

    def close(self, seconds: float = 10.0) -> None:
        """Write what the log still holds, and end; may block."""
        self.draining = True
        if self.log is not None:
            self.log.close(seconds)
        for pool in (self.threads, self.shelf.reasons):
            pool.shutdown(wait=False, cancel_futures=True)
