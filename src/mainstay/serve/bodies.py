"""Reading a request's body, with a bound on its size and a look at what it says it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.contracts.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Message, Receive

    from mainstay.serve.limits import Limits

__all__ = ["ClientGoneError", "check_json", "check_length", "read_bytes", "read_rest"]

_JSON = b"application/json"


class ClientGoneError(Exception):
    """The client went away before its request was whole; there is nobody to answer."""


def check_json(headers: Mapping[bytes, bytes]) -> None:
    """Refuse a body that does not say that it is JSON, which also keeps forms of foreign web pages out.

    Raises
    ------
    RequestError
        With status 415.

    Examples
    --------
    >>> check_json({b"content-type": b"application/json; charset=utf-8"})
    """
    given = headers.get(b"content-type", b"")
    kind, _, rest = given.partition(b";")
    charset = rest.strip().lower().replace(b'"', b"")
    if kind.strip().lower() != _JSON or charset not in (b"", b"charset=utf-8"):
        said = given[:60].decode("latin-1") or "nothing"
        raise RequestError(
            f"the body must be JSON in UTF-8, and its content-type says {said!r}", status=415, where="content-type",
            hint="Send the header content-type: application/json.", code="not_json",
        )  # fmt: skip
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise RequestError(
            "a compressed body is not read", status=415, where="content-encoding", hint="Send it as it is.",
            code="compressed",
        )  # fmt: skip


async def read_bytes(receive: Receive, headers: Mapping[bytes, bytes], limits: Limits) -> bytes:
    """Return the whole body of a request; how long it may take is kept by the door.

    Raises
    ------
    RequestError
        With status 413 where it is larger than allowed.
    ClientGoneError
        When the client went away.
    """
    check_length(headers, limits)
    return await read_rest(await receive(), receive, headers, limits)


def check_length(headers: Mapping[bytes, bytes], limits: Limits) -> None:
    """Refuse a body by the length that its head says; before it is asked for, where the client waits for that.

    Raises
    ------
    RequestError
        With status 413 where it is larger than allowed.
    """
    length = headers.get(b"content-length", b"0")
    if not length.isdigit():
        raise RequestError("the content-length is no number", where="content-length", code="length",
                           hint="Leave it to your HTTP client.")  # fmt: skip
    if len(length) > 18 or int(length) > limits.max_body:
        raise _too_large(limits)


async def read_rest(first: Message, receive: Receive, headers: Mapping[bytes, bytes], limits: Limits) -> bytes:
    """Return the whole body of a request of which the first part is here; see :func:`read_bytes`."""
    check_length(headers, limits)
    message, size, parts = first, 0, []
    while message["type"] == "http.request":
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limits.max_body:
            raise _too_large(limits)
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()
    raise ClientGoneError


def _too_large(limits: Limits) -> RequestError:
    return RequestError(
        f"a body may have {limits.max_body:,} bytes, and this one has more", status=413, where="body",
        hint="Send fewer rows at a time.", code="too_large",
    )  # fmt: skip
