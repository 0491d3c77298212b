"""The one shape of an error over HTTP, for every way on which a request can be refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from mainstay.contracts.errors import MainstayError, RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ALWAYS", "NOSNIFF", "Refusal", "internal", "refusal"]

NOSNIFF = (b"x-content-type-options", b"nosniff")
ALWAYS = (
    NOSNIFF, (b"cache-control", b"no-store"), (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)  # fmt: skip
"""Headers of every response but predictions, which have the first alone: each costs there as much as a cell."""

_AUTHENTICATE = (b"www-authenticate", b'Bearer realm="mainstay", Basic realm="mainstay"')


class Refusal(NamedTuple):
    """An error as a response: its status, its own headers and its body."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes


def refusal(error: MainstayError, identity: str, path: str) -> Refusal:
    """Return the response to a request that is refused.

    Parameters
    ----------
    error : MainstayError
    identity : str
        The request's name.
    path : str
        What it asked for; clients of the Open Inference Protocol read a text where others read an object.

    Examples
    --------
    >>> refusal(RequestError("no", status=404, code="not_found"), "r-1", "/x").body
    b'{"error":{"code":"not_found","message":"no","where":"","hint":"","id":"r-1"}}'
    """
    status = error.status if isinstance(error, RequestError) else 422
    headers = [(b"connection", b"close")] if status in (408, 413) else []
    if status == 401:
        headers.append(_AUTHENTICATE)
    if isinstance(error, RequestError):
        headers += [(name.encode(), value.encode()) for name, value in error.headers.items()]
    said: dict[str, Any] = {"error": {**error.to_dict(), "id": identity}}
    if path == "/v2" or path.startswith("/v2/"):
        said = {"error": str(error), "detail": said["error"]}
    return Refusal(status, headers, msgspec.json.encode(said))


def internal() -> RequestError:
    """Return what a client is told of an error that nobody foresaw: nothing of the inside."""
    return RequestError(
        "the server failed on this request", status=500, where="server", code="internal",
        hint="Give the id to whoever runs the server: its journal says more.",
    )  # fmt: skip
