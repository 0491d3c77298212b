"""Read rows from a database: an SQLite file, or any address that SQLAlchemy knows, with a query.

A password is part of such an address, and drivers put addresses into their messages. So nothing that comes from a
driver is passed on before the password is cut out, and its own exception is not chained.
"""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mainstay.contracts.errors import DataError, MissingPackageError, UsageError
from mainstay.data.read_names import clean_names, shown
from mainstay.data.read_values import series_of_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from sqlalchemy.engine import URL

    from mainstay.contracts.findings import Finding

__all__ = ["is_sql_address", "read_sql", "read_sqlite"]

_ADDRESS = re.compile(r"[A-Za-z][\w.+-]*://")
_SECRETS = re.compile(r"(?i)((?:password|passwd|pwd|secret|token|key)\s*=\s*)[^&;\s]+")
_DRIVERS = {
    "postgresql": 'pip install "mainstay[postgres]"',
    "mysql": "pip install pymysql, and begin the address with mysql+pymysql://",
    "mariadb": "pip install pymysql, and begin the address with mariadb+pymysql://",
    "mssql": "pip install pyodbc",
    "oracle": "pip install oracledb, and begin the address with oracle+oracledb://",
    "duckdb": "pip install duckdb-engine",
    "snowflake": "pip install snowflake-sqlalchemy",
    "bigquery": "pip install sqlalchemy-bigquery",
}
_QUERY_HINT = "Give a query, such as 'SELECT * FROM customers'."


def is_sql_address(source: str) -> bool:
    """Say whether a text is an address with a scheme, not a path.

    Examples
    --------
    >>> is_sql_address("sqlite:///shop.db"), is_sql_address("shop.db")
    (True, False)
    """
    return _ADDRESS.match(source) is not None


def read_sqlite(path: Path, query: str | None) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """Return the rows of an SQLite file: of the query, or of its only table. The file is opened for reading alone.

    Raises
    ------
    UsageError
        When there is no query and not exactly one table.
    DataError
        When the file or the query is broken, or no rows come.
    """
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        text = query or _only_table(connection, path.name)
        cursor = connection.execute(text)
        return _frame([column[0] for column in cursor.description or ()], cursor.fetchall(), path.name)
    except sqlite3.Error as error:
        message = f"SQLite could not answer ({error})"
        raise DataError(message, where=path.name, hint=_tables_hint(connection), code="data.sql") from error
    finally:
        connection.close()


def _tables(connection: sqlite3.Connection) -> list[str]:
    found = connection.execute(
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name"
    )
    return [str(row[0]) for row in found]


def _tables_hint(connection: sqlite3.Connection) -> str:
    try:
        return f"The tables are {shown(_tables(connection), 20)}."
    except sqlite3.Error:
        return "The file may be damaged, locked or encrypted."


def _only_table(connection: sqlite3.Connection, where: str) -> str:
    tables = _tables(connection)
    if len(tables) == 1:
        quoted = tables[0].replace('"', '""')
        return f'SELECT * FROM "{quoted}"'  # noqa: S608 - the name comes from the file and is quoted
    if not tables:
        raise DataError("the database has no table", where=where, hint="Give another file.", code="data.empty")
    example = f"SELECT * FROM {tables[0]}"  # noqa: S608 - an example for a person
    raise UsageError(
        f"the database has {len(tables)} tables ({shown(tables, 20)}), and none is chosen",
        where=where,
        hint=f"Give a query, such as {example!r}.",
    )


def read_sql(address: str, query: str | None) -> tuple[pl.DataFrame, str, tuple[Finding, ...]]:
    """Return the rows of a query, the address without its password, and what was noticed.

    Raises
    ------
    UsageError
        When the address is malformed, of no database, or comes without a query.
    MissingPackageError
        When the database's driver is not installed.
    DataError
        When the database or the query fails, or no rows come.
    """
    url = _url(address)
    shown_url = _masked(url)
    if url.get_backend_name() == "sqlite" and url.database not in {None, "", ":memory:"}:
        path = Path(str(url.database))
        if not path.is_file():
            raise DataError("there is no such file", where=str(path), hint="Check the path.", code="data.missing_file")
        frame, notes = read_sqlite(path, query)
        return frame, shown_url, notes
    if not query:
        raise UsageError("a database needs a query", where=shown_url, hint=_QUERY_HINT)
    names, rows = _answers(url, query, shown_url)
    frame, notes = _frame(names, rows, shown_url)
    return frame, shown_url, notes


def _url(address: str) -> URL:
    import sqlalchemy

    scheme = address.partition(":")[0].lower()
    if scheme in {"http", "https", "ftp", "s3", "gs", "az", "abfs", "hdfs"}:
        raise UsageError(
            f"files are read from disk, and an address beginning with {scheme}:// came",
            where=re.sub(r"://[^/@]*@", "://***@", address.partition("?")[0]),
            hint="Fetch the file first, then give its path.",
        )
    try:
        return sqlalchemy.make_url(address)
    except (sqlalchemy.exc.ArgumentError, ValueError):
        pass
    raise UsageError(
        "the address of the database cannot be read",
        where=f"{scheme}://...",
        hint="It has the form postgresql://user:password@host:5432/database; write @ and / in a password as %40, %2F.",
    )


def _masked(url: URL) -> str:
    return _SECRETS.sub(r"\1***", url.render_as_string(hide_password=True))


def _answers(url: URL, query: str, where: str) -> tuple[list[str], Sequence[Sequence[Any]]]:
    import sqlalchemy

    try:
        engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.pool.NullPool)
    except (ImportError, sqlalchemy.exc.NoSuchModuleError):
        raise _no_driver(url, where) from None
    except Exception as error:  # noqa: BLE001 - a driver may raise anything, with the password in its text
        raise _failed(error, url, where) from None
    try:
        with engine.connect() as connection:
            answer = connection.exec_driver_sql(query)
            return ([*answer.keys()], answer.fetchall()) if answer.returns_rows else ([], [])
    except ImportError:
        raise _no_driver(url, where) from None
    except Exception as error:  # noqa: BLE001 - as above
        raise _failed(error, url, where) from None


def _no_driver(url: URL, where: str) -> MissingPackageError:
    name = url.get_backend_name()
    hint = f"Run: {_DRIVERS[name]}." if name in _DRIVERS else f"Install the SQLAlchemy dialect for {name!r}."
    return MissingPackageError(f"reading from {name} needs a driver that is not installed", where=where, hint=hint)


def _failed(error: Exception, url: URL, where: str) -> DataError:
    text = str(getattr(error, "orig", None) or error).partition("\n")[0]
    for secret in (url.password, *(value for value in url.query.values() if isinstance(value, str))):
        text = text.replace(str(secret), "***") if secret else text
    text = _SECRETS.sub(r"\1***", text)
    text = re.sub(r"://[^/\s@]+@", "://***@", text)[:300]
    return DataError(
        f"the database could not answer ({text})", where=where, hint="Check address, rights and query.", code="data.sql"
    )


def _frame(names: list[str], rows: Sequence[Sequence[Any]], where: str) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    import polars as pl

    if not names:
        raise UsageError("the query returns no rows by its nature", where=where, hint=_QUERY_HINT)
    if not rows:
        message = f"the query gave no rows (columns {shown(names)})"
        raise DataError(message, where=where, hint="Check its conditions.", code="data.no_rows")
    clean, notes = clean_names(names)
    kept, findings = list[pl.Series](), [*notes]
    for name, values in zip(clean, zip(*rows, strict=True), strict=True):
        series, found = series_of_values(name, values)
        findings += found
        if series is not None:
            kept.append(series)
    return pl.DataFrame(kept), tuple(findings)
