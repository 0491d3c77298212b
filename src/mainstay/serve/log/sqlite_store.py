"""A log in one SQLite file: nothing to set up, and a batch is one statement that runs beside the event loop.

Why one statement: Python gives and takes its global lock for every row of ``executemany``, and each time it may wait
for the thread that answers requests. Here all rows go over as a few byte strings, one with fixed-width numbers and
one with all texts, and SQLite cuts them apart itself; docs/log.md has the figures.
"""

from __future__ import annotations

import time
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from mainstay.serve.log.store import Sized
from mainstay.serve.log.tables import ready_tables
from mainstay.serve.log.trimming import Trimmer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from mainstay.serve.log.record import Entry, LogMode
    from mainstay.serve.log.retention import Retention

__all__ = ["SqliteStore", "pack_entries", "sqlite_words"]

_BUSY_SECONDS = 5.0
_TRIES, _PAUSE = 40, 0.05
_PAGES_GIVEN_BACK = 1000

# A record: time, how long inputs and output are, and the latency. The texts stand one after another, each row's inputs
# before its output, so that a row begins where the one before it ends.
_RECORD = "%019d%09d%09d%019d"
_WIDTH = 56


def _number(at: str, width: int) -> str:
    return f"CAST(CAST(substr(?1, {at}, {width}) AS TEXT) AS INTEGER)"


_INSERT = f"""
WITH RECURSIVE step(number, record, begin, inputs, output) AS (
    SELECT 0, 1, 1, {_number("20", 9)}, {_number("29", 9)}
    UNION ALL
    SELECT number + 1, record + {_WIDTH}, begin + inputs + output,
           {_number(f"record + {_WIDTH + 19}", 9)}, {_number(f"record + {_WIDTH + 28}", 9)}
    FROM step WHERE record + {_WIDTH} <= length(?1)
)
INSERT OR IGNORE INTO predictions (id, time, model, digest, inputs, output, latency_us)
SELECT CAST(substr(?3, 1 + number * ?4, ?4) AS TEXT), {_number("record", 19)}, ?5, ?6,
       CAST(substr(?2, begin, inputs) AS TEXT), CAST(substr(?2, begin + inputs, output) AS TEXT),
       {_number("record + 37", 19)}
FROM step
"""  # noqa: S608 - made of the constants above

_WORDS = {
    "SQLITE_FULL": "the disk is full",
    "SQLITE_BUSY": "another process holds the log's file locked",
    "SQLITE_LOCKED": "another process holds the log's file locked",
    "SQLITE_READONLY": "the log's file cannot be written to",
    "SQLITE_CANTOPEN": "the log's file cannot be opened",
    "SQLITE_IOERR": "the disk reports an error",
    "SQLITE_CORRUPT": "the log's file is damaged",
    "SQLITE_NOTADB": "the log's file is not a SQLite file",
    "SQLITE_PERM": "the log's file cannot be opened",
}


class SqliteStore:
    """A log in a SQLite file.

    Parameters
    ----------
    path : str
    mode : {"batched", "durable"}
        Durable waits until the disk has confirmed each commit. Batched leaves that to the system: a process that is
        killed loses nothing of what was committed, a power cut may lose the last commits.
    """

    def __init__(self, path: str, mode: LogMode) -> None:
        self._path = Path(path)
        self._synchronous = "FULL" if mode == "durable" else "NORMAL"
        self._engine = create_engine(
            f"sqlite:///{path}",
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
        )
        self._connection: Connection | None = None
        self._trimmer = Trimmer(_sized)
        self._file = (0, 0)

    def open(self) -> None:
        """Connect, and make the table where there is none."""
        self.close()
        connection = self._connection = self._engine.connect()
        for line in (
            "page_size = 8192",  # this and the next are only heard while the file is empty
            "auto_vacuum = INCREMENTAL",
            "journal_mode = WAL",
            f"synchronous = {self._synchronous}",
            "wal_autocheckpoint = 2000",
            "journal_size_limit = 67108864",
        ):
            _set(connection, line)
        # One process at a time makes the tables; a file that may only be read is found now, not at the first answer.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        ready_tables(connection, str(self._path))
        connection.exec_driver_sql("COMMIT")
        self._file = self._identity()

    def write(self, entries: Sequence[Entry]) -> None:
        """Write entries, one statement for each model among them."""
        connection = self._current()
        for group in _alike(entries):
            connection.exec_driver_sql(_INSERT, (*pack_entries(group), group[0].model, group[0].digest))

    def shrink(self, retention: Retention, now_ns: int) -> bool:
        """Delete up to 1,000 of the oldest rows, and give a part of the free pages back to the disk."""
        connection = self._current()
        more = self._trimmer.step(connection, retention, now_ns)
        # The pragma frees a page with each step, and its steps have no columns: only a script takes them all.
        driver = connection.connection.driver_connection
        if driver is not None:
            driver.executescript(f"PRAGMA incremental_vacuum({_PAGES_GIVEN_BACK})")
        return more

    def close(self) -> None:
        """Give up the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.close()

    def blames_entries(self, error: Exception) -> bool:
        """Return whether it is an entry that cannot be kept."""
        name = _name_of(error)
        return isinstance(error, ValueError | OverflowError) or name in {"SQLITE_TOOBIG", "SQLITE_MISMATCH"}

    def in_words(self, error: Exception) -> str:
        """Say what is wrong."""
        return sqlite_words(error)

    def _current(self) -> Connection:
        """Return the connection; opened anew where the file was moved or deleted, as nobody would find the rows."""
        if self._connection is None or self._identity() != self._file:
            self.open()
        assert self._connection is not None
        return self._connection

    def _identity(self) -> tuple[int, int]:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return (0, 0)
        return (found.st_dev, found.st_ino)


def _sized(connection: Connection, retention: Retention) -> Sized:
    def ask(question: str) -> int:
        return int(connection.exec_driver_sql(question).scalar() or 0)

    # Rows get ascending numbers and the oldest go first, so that the ends tell the count without reading all.
    rows = ask("SELECT (SELECT max(rowid) FROM predictions) - (SELECT min(rowid) FROM predictions) + 1")
    if retention.max_rows is not None and rows > retention.max_rows:
        rows = ask("SELECT count(*) FROM predictions")
    pages = ask("PRAGMA page_count") - ask("PRAGMA freelist_count")
    return Sized(rows, pages * ask("PRAGMA page_size"))


def _set(connection: Connection, line: str) -> None:
    """Set a pragma; where several processes turn a new file to WAL at once, SQLite refuses without waiting."""
    for _ in range(_TRIES):
        try:
            connection.exec_driver_sql(f"PRAGMA {line}")
        except OperationalError as error:
            if not _name_of(error).startswith("SQLITE_BUSY"):
                raise
            time.sleep(_PAUSE)
        else:
            return
    connection.exec_driver_sql(f"PRAGMA {line}")


def pack_entries(entries: Sequence[Entry]) -> tuple[bytes, bytes, bytes, int]:
    """Return fixed-width records of numbers, all texts, all ids, and how long each id is; they must be equally long.

    Raises
    ------
    ValueError
        When a number is too long for its place.
    """
    ids, times, _, _, inputs, outputs, latencies = zip(*entries, strict=True)
    numbers = zip(times, map(len, inputs), map(len, outputs), latencies, strict=True)
    records = (_RECORD * len(entries)) % tuple(chain.from_iterable(numbers))
    if len(records) != _WIDTH * len(entries):
        raise ValueError("a number of an entry has more digits than its place")
    texts = b"".join(chain.from_iterable(zip(inputs, outputs, strict=True)))
    names = "".join(ids).encode()
    return records.encode(), texts, names, len(names) // len(ids)


def _alike(entries: Sequence[Entry]) -> list[Sequence[Entry]]:
    """Return groups of one model and one length of ids; as a rule there is one."""
    ids, _, models, digests, *_ = zip(*entries, strict=True)
    if len(set(zip(models, digests, map(len, ids), strict=True))) == 1 and "".join(ids).isascii():
        return [entries]
    groups: dict[tuple[str, str, int], list[Entry]] = {}
    for entry in entries:
        groups.setdefault((entry.model, entry.digest, len(entry.id.encode())), []).append(entry)
    return list(groups.values())


def sqlite_words(error: Exception) -> str:
    """Say what is wrong with a file."""
    name = _name_of(error)
    family = "_".join(name.split("_")[:2])
    return _WORDS.get(family, f"the log cannot be used ({name or type(error).__name__})")


def _name_of(error: Exception) -> str:
    origin = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(origin, "sqlite_errorname", ""))
