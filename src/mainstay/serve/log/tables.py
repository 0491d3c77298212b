"""The table of a log, the same in every database, and the mark that says which form it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text, insert, inspect, select

from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["FORMAT", "PREDICTIONS", "check_tables", "ready_tables"]

FORMAT = 1
"""The form of the table that this version writes."""

_TABLES = MetaData()
_MARK = Table("log_format", _TABLES, Column("version", Integer, primary_key=True, autoincrement=False))

# Inputs and output are plain text: a JSON type of a database may write a number or a blank in another way, and then
# a replay could no longer compare bit for bit.
PREDICTIONS = Table(
    "predictions",
    _TABLES,
    Column("id", Text, primary_key=True),
    Column("time", BigInteger, nullable=False, comment="nanoseconds since 1970-01-01 UTC"),
    Column("model", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("inputs", Text, nullable=False),
    Column("output", Text, nullable=False),
    Column("latency_us", BigInteger, nullable=False),
    Index("predictions_time", "time"),
)


def ready_tables(connection: Connection, shown: str) -> None:
    """Make the table where there is none, and refuse one that this version cannot write.

    Raises
    ------
    UsageError
        When the log is of a newer format, or a table of the same name is something else.
    """
    _TABLES.create_all(connection)
    if connection.execute(select(_MARK.c.version)).first() is None:
        connection.execute(insert(_MARK).values(version=FORMAT))
    check_tables(connection, shown)


def check_tables(connection: Connection, shown: str) -> None:
    """Refuse a log that this version does not know.

    Raises
    ------
    UsageError
        When there is no log, one of a newer format, or a table of the same name that is something else.
    """
    there = inspect(connection)
    if not (there.has_table("predictions") and there.has_table("log_format")):
        raise UsageError(
            "there is no prediction log", where=f"log: {shown}", hint="Give what --log of serve was given."
        )
    version = connection.execute(select(_MARK.c.version)).scalars().first()
    if version != FORMAT:
        raise UsageError(
            f"this version of mainstay knows logs of format {FORMAT}, and this one is of format {version}",
            where=f"log: {shown}",
            hint="Use the version that wrote it, or another log.",
        )
    found = {column["name"] for column in there.get_columns("predictions")}
    if missing := [column.name for column in PREDICTIONS.columns if column.name not in found]:
        raise UsageError(
            f"the table 'predictions' that is there is not a log: it has no column {missing[0]!r}",
            where=f"log: {shown}",
            hint="Use another file or database.",
        )
