"""The names that a server is asked by, written as they stand in a host header, so that a comparison can match."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["as_header", "host_names"]

_PORT = re.compile(r"(\[[^\]]*\]|[^:]*):\d{1,5}")
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")


def host_names(given: Iterable[str], where: str) -> tuple[str, ...]:
    """Return names as a host header has them: small letters, without a port, an IPv6 address in brackets.

    Parameters
    ----------
    given : iterable of str
    where : str
        What an error calls them.

    Raises
    ------
    UsageError
        When one is no host name, or a text stands where a list of them belongs.

    Examples
    --------
    >>> host_names(["Model.Example:8812", "[::1]:80", "::1", "10.0.0.7"], "allow_hosts")
    ('model.example', '[::1]', '[::1]', '10.0.0.7')
    """
    if isinstance(given, str):
        raise UsageError("a list of host names was expected, and one text came", where=where,
                         hint=f"Write [{given[:60]!r}].")  # fmt: skip
    return tuple(_host_name(name, where) for name in given)


def as_header(host: str) -> str:
    """Return an address as it stands in a host header.

    Examples
    --------
    >>> as_header("::1"), as_header("Localhost")
    ('[::1]', 'localhost')
    """
    return f"[{host.lower()}]" if ":" in host else host.lower()


def _host_name(given: object, where: str) -> str:
    if isinstance(given, str):
        name = given.strip().lower()
        port = _PORT.fullmatch(name)
        name = port[1] if port else name
        try:
            return f"[{ipaddress.IPv6Address(name.removeprefix('[').removesuffix(']')).compressed}]"
        except ValueError:
            if _NAME.fullmatch(name):
                return name
    raise UsageError(
        f"a host name was expected, and {given!r} came", where=where,
        hint="Write it as in an address, without http:// and a path: model.example.",
    )  # fmt: skip
