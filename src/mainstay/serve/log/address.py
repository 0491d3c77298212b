"""Where a log lies, read from one word of the user; what is shown of it never holds a password."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from mainstay.contracts.errors import MissingPackageError, UsageError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

__all__ = ["Address", "read_address"]

_HINT = "Give a file such as predictions.db, or postgresql://user:password@host/database."
_INSTALL = "Run: pip install 'mainstay[postgres]'"


class Address(msgspec.Struct, frozen=True):
    """Where a log lies.

    Parameters
    ----------
    kind : {"sqlite", "postgresql"}
    place : str
        The path of the file, or the URL for the driver with its password.
    shown : str
        The same for people: without user, password and options.
    """

    kind: Literal["sqlite", "postgresql"]
    place: str
    shown: str


def read_address(text: str) -> Address:
    """Return where a log lies.

    Parameters
    ----------
    text : str
        The path of a SQLite file, ``sqlite:///PATH``, or ``postgresql://user:password@host/database``.

    Raises
    ------
    UsageError
        When it is neither; the sentence does not hold what came, which may be a password.
    MissingPackageError
        When PostgreSQL is asked for and its driver is not installed.

    Examples
    --------
    >>> read_address("sqlite:///predictions.db").shown
    'predictions.db'
    >>> read_address("predictions.db").kind
    'sqlite'
    """
    if "://" not in text:
        return _file(text)
    url = _parsed(text)
    family = url.drivername.partition("+")[0]
    if family == "sqlite":
        return _file(url.database or "")
    if family not in {"postgresql", "postgres"}:
        raise UsageError(
            f"a log is a SQLite file or a PostgreSQL database, and {family!r} came", where="log", hint=_HINT
        )
    if find_spec("psycopg") is None:
        raise MissingPackageError(
            "a log in PostgreSQL needs the package psycopg, which is not installed", where="log", hint=_INSTALL
        )
    if not url.database:
        raise UsageError("the address of a PostgreSQL log must name the database", where="log", hint=_HINT)
    place = url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    return Address("postgresql", place, f"postgresql://{url.host or ''}/{url.database}")


def _parsed(text: str) -> URL:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(text)
    except (ArgumentError, ValueError):
        # The cause is left out: its text holds the address.
        raise UsageError("the address of the log could not be read", where="log", hint=_HINT) from None


def _file(text: str) -> Address:
    if not text or text.startswith(":memory:") or "\0" in text:
        raise UsageError("a log needs a file that stays when the server ends", where="log", hint=_HINT)
    path = Path(text)
    if path.is_dir():
        raise UsageError("a log is a file, and this is a folder", where=f"log: {path}", hint=_HINT)
    return Address("sqlite", str(path), str(path))
