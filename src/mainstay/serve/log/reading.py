"""Reads a log while the server goes on writing it: page by page, each its own short look, and nothing is ever changed.

One long look would keep SQLite's journal and PostgreSQL's old rows from being cleared away for as long as it lasts.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import LargeBinary, cast, create_engine, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from mainstay.contracts.errors import DataError, UsageError
from mainstay.serve.log.address import read_address
from mainstay.serve.log.record import Entry
from mainstay.serve.log.tables import PREDICTIONS, check_tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Engine, Select

    from mainstay.serve.log.address import Address

__all__ = ["nanoseconds", "read_entries"]

_PAGE = 1000
_COLUMNS = PREDICTIONS.columns


def read_entries(
    where: str,
    *,
    ids: Sequence[str] = (),
    since: str | datetime | int | None = None,
    until: str | datetime | int | None = None,
    limit: int | None = None,
) -> Iterator[Entry]:
    """Yield the entries of a log, the oldest first; it is only read, and may be written to meanwhile.

    Parameters
    ----------
    where : str
        What ``--log`` of the server was given.
    ids : sequence of str, default ()
        Only these; those that are not there are left out.
    since, until : str, datetime or int, optional
        Only entries from here on, and before there: a day or a time as ``2026-03-01T12:00``, in UTC unless it says
        otherwise, or nanoseconds since 1970.
    limit : int, optional
        At most so many.

    Raises
    ------
    UsageError
        When there is no such log, or a time cannot be read.
    DataError
        When it cannot be read to its end.
    """
    begin, end = nanoseconds(since, "since"), nanoseconds(until, "until")
    question = select(*_COLUMNS)
    if begin is not None:
        question = question.where(_COLUMNS.time >= begin)
    if end is not None:
        question = question.where(_COLUMNS.time < end)
    address = read_address(where)
    with _connected(address) as connection:
        check_tables(connection, address.shown)
        pages = _asked(connection, question, ids) if ids else _pages(connection, question)
        yield from islice(pages, limit)


def nanoseconds(when: str | datetime | int | None, where: str) -> int | None:
    """Return a time as nanoseconds since 1970-01-01 UTC.

    Raises
    ------
    UsageError
        When it is no time.

    Examples
    --------
    >>> nanoseconds("1970-01-01T00:00:01.5", "since")
    1500000000
    """
    if when is None or isinstance(when, int):
        return when
    try:
        given = datetime.fromisoformat(when) if isinstance(when, str) else when
    except ValueError:
        raise UsageError(
            f"a time was expected, and {when!r} came", where=where, hint="Write it as 2026-03-01 or 2026-03-01T12:00."
        ) from None
    passed = given.replace(tzinfo=given.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (passed.days * 86_400 + passed.seconds) * 10**9 + passed.microseconds * 1000


def _pages(connection: Connection, question: Select[Any]) -> Iterator[Entry]:
    """Yield all that a question finds, from one page's last row to the next."""
    ordered = question.order_by(_COLUMNS.time, _COLUMNS.id).limit(_PAGE)
    page = _page(connection, ordered)
    while page:
        yield from page
        last = page[-1]
        # The first half lets the index on time find the place, the second parts rows of the same time.
        after = ordered.where(_COLUMNS.time >= last.time_ns)
        after = after.where(or_(_COLUMNS.time > last.time_ns, _COLUMNS.id > last.id))
        page = _page(connection, after) if len(page) == _PAGE else []


def _asked(connection: Connection, question: Select[Any], ids: Sequence[str]) -> Iterator[Entry]:
    wanted = list(dict.fromkeys(ids))
    for at in range(0, len(wanted), _PAGE):
        some = question.where(_COLUMNS.id.in_(wanted[at : at + _PAGE]))
        yield from _page(connection, some.order_by(_COLUMNS.time, _COLUMNS.id))


def _page(connection: Connection, question: Select[Any]) -> list[Entry]:
    if connection.dialect.name == "sqlite":
        # As bytes: the server does not check what a client wrote into a text.
        texts = [cast(_COLUMNS[name], LargeBinary).label(name) for name in ("inputs", "output")]
        asked = [_COLUMNS[name] for name in ("id", "time", "model", "digest")]
        question = question.with_only_columns(*asked, *texts, _COLUMNS.latency_us)
        return [Entry._make(row) for row in connection.execute(question)]
    found = [Entry._make(row) for row in connection.execute(question)]
    return [one._replace(inputs=str(one.inputs).encode(), output=str(one.output).encode()) for one in found]


@contextmanager
def _connected(address: Address) -> Iterator[Connection]:
    """Connect for reading only; what a driver says on the way becomes one sentence."""
    try:
        with _engine(address).connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise DataError(f"the log cannot be read: {_words(address, error)}", where=f"log: {address.shown}") from None


def _engine(address: Address) -> Engine:
    if address.kind == "sqlite":
        path = Path(address.place)
        if not path.is_file():
            raise UsageError("there is no such file", where=f"log: {address.shown}", hint="Give what --log was given.")
        return create_engine(
            "sqlite://", creator=lambda: _read_only(path), poolclass=NullPool, isolation_level="AUTOCOMMIT"
        )
    from mainstay.serve.log.postgres_store import postgres_engine

    return postgres_engine(address.place).execution_options(postgresql_readonly=True)


def _read_only(path: Path) -> sqlite3.Connection:
    """Open a file for reading, also in a folder that may not be written to, where no server can be at work."""
    source = f"file:{quote(str(path.absolute()))}?mode=ro"
    try:
        connection = sqlite3.connect(source, uri=True, timeout=5.0)
        with closing(connection.execute("SELECT 1 FROM sqlite_master LIMIT 1")) as first:
            first.fetchall()
    except sqlite3.OperationalError:
        if Path(f"{path}-wal").exists():
            raise
        return sqlite3.connect(f"{source}&immutable=1", uri=True)
    return connection


def _words(address: Address, error: Exception) -> str:
    if address.kind == "sqlite":
        from mainstay.serve.log.sqlite_store import sqlite_words

        return sqlite_words(error)
    from mainstay.serve.log.postgres_store import postgres_words

    return postgres_words(error)
