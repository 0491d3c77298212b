"""A log in PostgreSQL: a batch is one statement and one round trip, each column of it one text.

JSON holds no control characters, so the rows of a column are joined by one and cut apart by the server; that costs
this process a join in C, where a list of parameters would be taken one by one under Python's global lock.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import create_engine
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.pool import NullPool

from mainstay.serve.log.store import Sized
from mainstay.serve.log.tables import PREDICTIONS, ready_tables
from mainstay.serve.log.trimming import Trimmer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Engine

    from mainstay.serve.log.record import Entry
    from mainstay.serve.log.retention import Retention

__all__ = ["PostgresStore", "postgres_engine", "postgres_words"]

_MARK = "\x1f"
_CONNECT_SECONDS = 5
_STATEMENT_SECONDS = 20
# What a row takes beside its values: its head, and its places in the two indexes.
_BYTES_BESIDE = 110

# A connection that went silent is given up after these, so that the writer never waits on it for ever.
_DRIVER = {
    "connect_timeout": _CONNECT_SECONDS,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "application_name": "mainstay prediction log",
    # A pool between here and the database may hand out another session each time, so nothing is prepared.
    "prepare_threshold": None,
}

_CASTS = ("", "::bigint[]", "", "", "", "", "::bigint[]")
_COLUMNS = ", ".join(column.name for column in PREDICTIONS.columns)
_ARRAYS = ", ".join(f"string_to_array(%s::text, '{_MARK}'){cast}" for cast in _CASTS)
_INSERT = f"INSERT INTO predictions ({_COLUMNS}) SELECT * FROM unnest({_ARRAYS}) ON CONFLICT DO NOTHING"  # noqa: S608
_SIZED = """
SELECT (SELECT count(*) FROM predictions),
       (SELECT coalesce(avg(pg_column_size(first)), 0) FROM (SELECT * FROM predictions ORDER BY time LIMIT 500) first)
"""

_WORDS = {
    "08": "the connection to the database was lost",
    "25": "the database takes no writes",
    "28": "the database refuses the user or the password",
    "3D": "the database does not exist",
    "42": "the table of the log cannot be used",
    "53": "the database has no room or no free connection",
    "55": "the table of the log is locked",
    "57": "the database is stopping or starting",
    "58": "the disk of the database reports an error",
}


class PostgresStore:
    """A log in a PostgreSQL database.

    Parameters
    ----------
    place : str
        The URL for the driver.
    shown : str
        The URL for people.
    """

    def __init__(self, place: str, shown: str) -> None:
        self._shown = shown
        self._engine = postgres_engine(place)
        self._trimmer = Trimmer(_sized)
        self._connection: Connection | None = None

    def open(self) -> None:
        """Connect, and make the table where there is none."""
        self.close()
        # Several workers begin at once, and "create if not exists" of two at a time fails in one of them.
        with self._engine.connect().execution_options(isolation_level="READ COMMITTED") as making, making.begin():
            making.exec_driver_sql("SELECT pg_advisory_xact_lock(7061696)")
            ready_tables(making, self._shown)
            # A database that takes no writes is found now, and not with the first answer.
            making.exec_driver_sql("INSERT INTO predictions SELECT * FROM predictions WHERE false")
        connection = self._connection = self._engine.connect()
        connection.exec_driver_sql("SET synchronous_commit = on")
        connection.exec_driver_sql(f"SET statement_timeout = '{_STATEMENT_SECONDS}s'")

    def write(self, entries: Sequence[Entry]) -> None:
        """Write entries in one statement, committed when it returns."""
        connection = self._current()
        ids, times, models, digests, inputs, outputs, latencies = zip(*entries, strict=True)
        texts = (
            _MARK.join(ids),
            _MARK.join(map(str, times)),
            _MARK.join(models),
            _MARK.join(digests),
            _MARK.encode().join(inputs).decode(),
            _MARK.encode().join(outputs).decode(),
            _MARK.join(map(str, latencies)),
        )
        if all(text and text.count(_MARK) == len(entries) - 1 for text in texts):
            connection.exec_driver_sql(_INSERT, texts)
        else:
            _write_plainly(connection, entries)

    def shrink(self, retention: Retention, now_ns: int) -> bool:
        """Delete up to 1,000 of the oldest rows; the database uses their place for new ones after its own vacuum."""
        return self._trimmer.step(self._current(), retention, now_ns)

    def close(self) -> None:
        """Give up the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.invalidate()
            with suppress(Exception):
                connection.close()

    def blames_entries(self, error: Exception) -> bool:
        """Return whether it is an entry that cannot be kept: a NUL character, or text that is not UTF-8."""
        return isinstance(error, DataError | IntegrityError | ValueError | OverflowError)

    def in_words(self, error: Exception) -> str:
        """Say what is wrong."""
        return postgres_words(error)

    def _current(self) -> Connection:
        if self._connection is None:
            self.open()
        assert self._connection is not None
        return self._connection


def _write_plainly(connection: Connection, entries: Sequence[Entry]) -> None:
    """Write entries that have an empty text or the mark itself in them."""
    rows = [(*entry[:4], entry.inputs.decode(), entry.output.decode(), entry.latency_us) for entry in entries]
    names = [column.name for column in PREDICTIONS.columns]
    statement = insert(PREDICTIONS).on_conflict_do_nothing()
    connection.execute(statement, [dict(zip(names, row, strict=True)) for row in rows])


def _sized(connection: Connection, _: Retention) -> Sized:
    """Return the rows, and an estimate of what they take: what deleted rows have left behind does not count."""
    rows, width = connection.exec_driver_sql(_SIZED).one()
    return Sized(rows, int(rows * (float(width) + _BYTES_BESIDE)))


def postgres_engine(place: str) -> Engine:
    """Return what connects to a database; settings that the user's own address holds are left to it."""
    query = make_url(place).query
    settings = {name: value for name, value in _DRIVER.items() if name not in query}
    return create_engine(place, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=settings)


def postgres_words(error: Exception) -> str:
    """Say what is wrong with a database, in words without an address or a password."""
    if not isinstance(error, DBAPIError):
        return f"the log cannot be used ({type(error).__name__})"
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return "the database cannot be reached"
    return f"{_WORDS.get(state[:2], 'the database refuses')} (SQLSTATE {state})"
