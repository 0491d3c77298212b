"""Opens a log by its address; whatever is wrong is said here, before the server answers its first request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.contracts.errors import MainstayError, UsageError
from mainstay.serve.log.address import read_address
from mainstay.serve.log.retention import Retention
from mainstay.serve.log.writer import LogSettings, QueuedLog

if TYPE_CHECKING:
    from mainstay.serve.log.address import Address
    from mainstay.serve.log.record import LogMode, PredictionLog
    from mainstay.serve.log.store import Store

__all__ = ["make_store", "open_log"]


def open_log(
    where: str,
    *,
    mode: LogMode = "batched",
    settings: LogSettings | None = None,
    retention: Retention | None = None,
    may_be_away: bool = False,
) -> PredictionLog:
    """Open a prediction log, and make its table where there is none.

    Parameters
    ----------
    where : str
        A SQLite file, or ``postgresql://user:password@host/database``. Several processes may share one.
    mode : {"batched", "durable"}, default "batched"
        Batched: an answer never waits, and a process that is killed loses what waits in memory. Durable: an answer
        waits until its entry is committed; see :class:`mainstay.serve.log.writer.QueuedLog`.
    settings : LogSettings, optional
    retention : Retention, optional
        What is deleted; default is nothing.
    may_be_away : bool, default False
        Begin although the store cannot be reached, as for a worker that takes the place of one that died; entries wait
        in the queue until it can.

    Raises
    ------
    UsageError
        When the address cannot be read, or the file or database cannot be opened; no sentence holds a password.
    MissingPackageError
        When the driver for PostgreSQL is not installed.
    """
    address = read_address(where)
    store = make_store(address, mode)
    try:
        store.open()
    except MainstayError:
        store.close()
        raise
    except Exception as error:  # noqa: BLE001 - each driver has errors of its own, and all become one sentence
        store.close()
        if not may_be_away:
            raise UsageError(
                f"the log cannot be opened: {store.in_words(error)}",
                where=f"log: {address.shown}",
                hint="Check that the folder or the database is there and may be written to.",
            ) from None
    return QueuedLog(store, mode, settings or LogSettings(), retention or Retention())


def make_store(address: Address, mode: LogMode) -> Store:
    """Return the store for an address, not yet opened."""
    if address.kind == "sqlite":
        from mainstay.serve.log.sqlite_store import SqliteStore

        return SqliteStore(address.place, mode)
    from mainstay.serve.log.postgres_store import PostgresStore

    return PostgresStore(address.place, address.shown)
