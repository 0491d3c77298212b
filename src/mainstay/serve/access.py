"""A line in the journal for each request, where asked for: what was asked and how it ended, no value, no token."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from mainstay.serve.journal import Journal

__all__ = ["AccessLog"]

_LONGEST_PATH = 200


class _Answer(msgspec.Struct):
    """What the line needs of an answer."""

    id: str = ""


class _Body(_Answer):
    """An answer, or several."""

    predictions: list[_Answer] | None = None


_BODY = msgspec.json.Decoder(_Body)


class AccessLog:
    """An ASGI application around another that notes each request.

    Parameters
    ----------
    app : ASGI application
    journal : Journal
    """

    def __init__(self, app: ASGIApp, journal: Journal) -> None:
        self._app = app
        self._journal = journal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and note it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        said: dict[str, Any] = {"status": 0, "id": ""}

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                said["status"] = message["status"]
                said["id"] = next((v.decode("latin-1") for n, v in message["headers"] if n == b"x-request-id"), "")
            elif message.get("body", b"").startswith(b'{"prediction'):
                said.update(_predictions(message["body"], said["id"]))
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            self._journal.event(
                "request", method=scope["method"], path=scope["path"][:_LONGEST_PATH], **said,
                ms=round((time.perf_counter() - began) * 1000, 3),
            )  # fmt: skip


def _predictions(body: bytes, identity: str) -> dict[str, Any]:
    """Return how many answers a body has, and the id of the first where the request has no name of its own.

    Examples
    --------
    >>> _predictions(b'{"prediction":1.5,"model":"fee","id":"ab-0"}', "")
    {'rows': 1, 'id': 'ab-0'}
    """
    found = _BODY.decode(body)
    answers = [found] if found.predictions is None else found.predictions
    return {"rows": len(answers), "id": identity or (answers[0].id if answers else "")}
