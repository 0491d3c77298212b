"""Who may come in: deny by default, in one place, before anything of a request is read.

The order: a host that this server is known by (a web page that points a name of its own at 127.0.0.1 is no host of
ours), a token that is known, a rate that is kept, and room.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from typing import TYPE_CHECKING

from mainstay.contracts.errors import RequestError, UsageError
from mainstay.serve.rates import Rates

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.types import Scope

    from mainstay.serve.serving import Serving

__all__ = [
    "FREE_PATHS",
    "MAKE_ONE",
    "SHORTEST_TOKEN",
    "Admission",
    "digests_of",
    "is_known",
    "is_token",
    "token_digests",
]

FREE_PATHS = frozenset({"/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready"})
"""What is answered without a token: what a supervisor asks, and nothing of the model."""

MAKE_ONE = "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"

_HOSTS = 100
_RETRY = {"retry-after": "1"}


class Admission:
    """Checks whether a request may pass.

    Parameters
    ----------
    serving : Serving
    """

    def __init__(self, serving: Serving) -> None:
        limits = serving.limits
        self._serving = serving
        self._hosts = serving.hosts
        self._met: set[bytes | None] = set()
        self._rates = Rates(limits.max_rate) if limits.max_rate is not None else None
        self._most_open, self._most_delay = limits.max_open, limits.max_delay
        self._open = serving.open_requests

    def check(self, scope: Scope, headers: Mapping[bytes, bytes], path: str) -> None:
        """Let a request pass, or refuse it.

        Raises
        ------
        RequestError
            With status 401, 403, 429 or 503.
        """
        if self._hosts is not None and headers.get(b"host") not in self._met and not self._is_ours(headers):
            raise RequestError(
                "this server is not known by that host name", status=403, where="host", code="host",
                hint="Ask by the address that it listens on, or start it with --allow-host NAME.",
            )  # fmt: skip
        if path in FREE_PATHS:
            return
        client = ""
        if self._serving.token_digests:  # read each time: the file of tokens may be read again while it serves
            client = self._client(headers.get(b"authorization", b""))
        if self._rates is not None:
            self._rates.take(client or (scope.get("client") or ("",))[0], time.monotonic())
        if len(self._open) > self._most_open or self._open.delay > self._most_delay:
            raise RequestError(
                "the server has more requests than it can answer", status=503, where="server", code="overloaded",
                hint="Try again in a second.", headers=_RETRY,
            )  # fmt: skip

    def _is_ours(self, headers: Mapping[bytes, bytes]) -> bool:
        """Return whether the host that is asked for is ours, and remember it as it was written."""
        host = headers.get(b"host", b"")
        known = self._hosts is None or _host(host) in self._hosts
        if known and len(self._met) < _HOSTS:
            self._met.add(host)
        return known

    def _client(self, authorization: bytes) -> str:
        """Return the name of the token that came; comparing takes as long for a wrong one as for a right one."""
        given = hashlib.sha256(_token(authorization)).digest()
        if not _is_among(given, self._serving.token_digests):
            raise RequestError(
                "a token is needed, and none that is known came", status=401, where="authorization", code="token",
                hint="Send the header authorization: Bearer TOKEN.",
            )  # fmt: skip
        return given.hex()


def is_known(authorization: bytes, digests: tuple[bytes, ...]) -> bool:
    """Return whether a header has a token that is let in; without any tokens, everyone is.

    Examples
    --------
    >>> is_known(b"Bearer one", token_digests(("one",))), is_known(b"Bearer two", token_digests(("one",)))
    (True, False)
    """
    return not digests or _is_among(hashlib.sha256(_token(authorization)).digest(), digests)


def _is_among(given: bytes, digests: tuple[bytes, ...]) -> bool:
    known = [hmac.compare_digest(given, digest) for digest in digests]  # all of them, found or not
    return any(known)


def token_digests(tokens: tuple[str, ...]) -> tuple[bytes, ...]:
    """Return what is kept of tokens: not themselves."""
    return tuple(hashlib.sha256(token.encode()).digest() for token in tokens)


SHORTEST_TOKEN = 16
"""Fewer signs than these are found by trying."""


def is_token(token: object) -> bool:
    """Say whether a text can be a token: long enough not to be guessed, and such as a header carries unchanged.

    Examples
    --------
    >>> is_token("q8Zk3vX0pLw71mNc"), is_token("secret"), is_token("")
    (True, False, False)
    """
    return (
        isinstance(token, str) and len(token) >= SHORTEST_TOKEN and token.isascii() and token.isprintable()
        and " " not in token
    )  # fmt: skip


def digests_of(tokens: Iterable[str]) -> tuple[bytes, ...]:
    """Return what is kept of tokens that a program has given.

    Raises
    ------
    UsageError
        When they are no list, or one is none that protects. No sentence says a token.
    """
    if isinstance(tokens, str):
        raise UsageError("a list of tokens was expected, and one text came", where="tokens",
                         hint="Write [TOKEN]; each sign of a text alone would be a token.")  # fmt: skip
    given = tuple(tokens)
    for number, token in enumerate(given):
        if not is_token(token):
            raise UsageError(
                f"a token has at least {SHORTEST_TOKEN} signs, plain and without a space, and this one has not",
                where=f"tokens[{number}]", hint=MAKE_ONE,
            )  # fmt: skip
    return token_digests(given)


def _token(authorization: bytes) -> bytes:
    """Return the token of a header: of the kind Bearer, or the password of the kind Basic, which browsers ask for."""
    kind, _, value = authorization.strip().partition(b" ")
    if kind.lower() == b"bearer":
        return value.strip()
    if kind.lower() == b"basic":
        try:
            return base64.b64decode(value.strip(), validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return b""
    return b""


def _host(header: bytes) -> str:
    """Return the name of a host header without its port.

    Examples
    --------
    >>> _host(b"127.0.0.1:8000"), _host(b"[::1]:80"), _host(b"Localhost")
    ('127.0.0.1', '[::1]', 'localhost')
    """
    name = header.decode("latin-1").lower()
    if name.startswith("["):
        return name.partition("]")[0] + "]"
    return name.partition(":")[0]
