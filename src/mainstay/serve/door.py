"""The one way in: every request passes here, is refused here unless it may pass, and gets its error here.

Predictions take a direct way, for a microsecond counts there; everything else goes to the routes.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from mainstay.contracts.errors import MainstayError, RequestError
from mainstay.serve.admission import Admission
from mainstay.serve.bodies import ClientGoneError, check_json, check_length, read_rest
from mainstay.serve.identity import accepted
from mainstay.serve.predicting import Predicting, Prediction
from mainstay.serve.refusing import ALWAYS, NOSNIFF, internal, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from mainstay.serve.open_requests import Task
    from mainstay.serve.serving import Serving

__all__ = ["Door"]

_JSON = (b"content-type", b"application/json")


class Door:
    """An ASGI application over all endpoints of a server.

    Parameters
    ----------
    serving : Serving
    routes : ASGI application
        Everything but predictions.
    """

    def __init__(self, serving: Serving, routes: ASGIApp) -> None:
        self.serving = serving
        self._routes = routes
        self.admission = Admission(serving)
        self.predicting = Predicting(serving)
        self._open = serving.open_requests
        self._most_bytes = serving.limits.max_body
        self.places = {f"/models/{name}/predict": place for name, place in serving.shelf.places.items()}
        self.places["/predict"] = serving.shelf.first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        now = time.perf_counter()
        task = self._open.begin(now)
        headers = dict(scope["headers"])
        sender = _Sender(send, headers)
        model = None
        try:
            path = _path(scope) if scope.get("root_path") else scope["path"]
            self.admission.check(scope, headers, path)
            place = self.places.get(path)
            if place is None or scope["method"] != "POST":
                await self._route(scope, receive, sender, task)
                return
            if headers.get(b"content-type") != b"application/json" or b"content-encoding" in headers:
                check_json(headers)
            if b"expect" in headers:  # the first look at the body tells the client to send it
                check_length(headers, self.serving.limits)
            message = await receive()
            body = message.get("body", b"")
            if message.get("more_body") or len(body) > self._most_bytes or message["type"] != "http.request":
                body = await read_rest(message, receive, headers, self.serving.limits)
            model = place.model
            # A single row of plain cells, as almost all are, takes the shortest way.
            soon = None if scope["query_string"] else place.turns.ask(body, self._open.loop)
            if soon is None or self.predicting.waits(model):
                self._open.answering(task, now)
            if soon is None:
                found = await self.predicting.answer(Prediction(place, body, now, scope["query_string"]))
            else:
                said = self.predicting.said(Prediction(place, body, now), model, await soon)
                found = said if isinstance(said, bytes) else await said
            await sender.answer(found)
        except BaseException as error:  # noqa: BLE001 - the last place where an error can become an answer
            read = model is not None or self._open.is_read(task)
            overdue = isinstance(error, asyncio.CancelledError) and self._open.was_overdue(task)
            await self._fail(_overdue(read=read) if overdue else error, scope, sender)
        finally:
            self._open.end(task)

    async def _route(self, scope: Scope, receive: Receive, sender: _Sender, task: Task | None) -> None:
        """Let a route answer, which reads the body itself where there may be one."""
        head = scope["method"] == "HEAD"
        if scope["method"] != "POST":
            self._open.answering(task, time.perf_counter())

        async def send(message: Message) -> None:
            if head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await sender.routed(message, self.serving.identities.request)

        await self._routes({**scope, "app": self}, receive, send)

    async def _fail(self, error: BaseException, scope: Scope, sender: _Sender) -> None:
        """Answer what went wrong; what is no matter of the request goes on its way."""
        if isinstance(error, ClientGoneError) or _is_gone(error):
            return
        if isinstance(error, HTTPException):
            await self._refuse(sender, _of_route(error, scope), scope)
        elif isinstance(error, MainstayError):
            await self._refuse(sender, error, scope)
        elif isinstance(error, Exception):
            self.serving.journal.failure(scope, error)
            await self._refuse(sender, internal(), scope)
        else:
            raise error

    async def _refuse(self, sender: _Sender, error: MainstayError, scope: Scope) -> None:
        """Send the one shape of an error, unless an answer has begun."""
        status = error.status if isinstance(error, RequestError) else 422
        path = _path(scope)
        self.serving.metrics.refused(status, error.code, self._number(path))
        if sender.begun:
            return
        identity = sender.given or self.serving.identities.request()
        said = refusal(error, identity, path)
        await sender.json(said.status, said.body, identity, said.headers, head=scope["method"] == "HEAD")

    def _number(self, path: str) -> int | None:
        """Return the place of the model that a path asks, for the counters."""
        place = self.places.get(path) or self.serving.shelf.places.get(path.partition("/models/")[2].partition("/")[0])
        return None if place is None else place.number

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1003})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.serving.pulse.start(asyncio.get_running_loop())
                await send({"type": "lifespan.startup.complete"})
            else:
                await asyncio.get_running_loop().run_in_executor(None, self.serving.close)
                await send({"type": "lifespan.shutdown.complete"})
                return


class _Sender:
    """Sends one response, with the headers that every response has; knows whether it has begun."""

    __slots__ = ("_headers", "_send", "begun")

    def __init__(self, send: Send, headers: Mapping[bytes, bytes]) -> None:
        self._send = send
        self._headers = headers
        self.begun = False

    @property
    def given(self) -> str:
        """The client's own name for the request, where it gave one that can be repeated."""
        return accepted(self._headers.get(b"x-request-id", b""))

    async def answer(self, body: bytes) -> None:
        """Send a prediction; its id stands in the body, and each further header costs as much as a cell."""
        self.begun = True
        headers = [_JSON, (b"content-length", b"%d" % len(body)), NOSNIFF]
        if b"x-request-id" in self._headers and self.given:
            headers.append((b"x-request-id", self.given.encode()))
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    async def json(self, status: int, body: bytes, identity: str, more: Any, *, head: bool) -> None:
        """Send a whole response of JSON; its headers alone where only these are asked for."""
        self.begun = True
        name = self.given or identity
        headers = [_JSON, (b"content-length", b"%d" % len(body)), (b"x-request-id", name.encode()), *ALWAYS, *more]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": b"" if head else body})

    async def routed(self, message: Message, identity: Callable[[], str]) -> None:
        """Pass on what a route sends."""
        if message["type"] == "http.response.start":
            self.begun = True
            given = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(pair for pair in ALWAYS if pair[0] not in given)]
            message["headers"].append((b"x-request-id", (self.given or identity()).encode()))
        await self._send(message)


def _path(scope: Scope) -> str:
    """Return the path within this application, which may be mounted under a prefix of another."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path[len(root) :] if root and path.startswith(f"{root}/") else path


def _is_gone(error: BaseException) -> bool:
    """Return whether an answer could not be written for its connection was closed meanwhile: uvloop's own words."""
    return isinstance(error, RuntimeError) and "handler is closed" in str(error)


def _overdue(*, read: bool) -> RequestError:
    if not read:
        return RequestError("the body did not come in time", status=408, where="body", code="too_slow",
                            hint="Send it at once.")  # fmt: skip
    return RequestError(
        "the answer took longer than it may", status=503, where="request", code="too_slow",
        hint="Send fewer rows at a time.", headers={"retry-after": "1"},
    )  # fmt: skip


def _of_route(error: HTTPException, scope: Scope) -> RequestError:
    """Return what a route that is not there, or a method that it has not, is called here."""
    if error.status_code == 405:
        allowed = ", ".join(sorted((error.headers or {}).get("Allow", "").split(", ")))
        return RequestError(
            f"{scope['method'][:20]} is not answered here", status=405, where="method", code="method",
            hint=f"Allowed: {allowed}.", headers={"allow": allowed},
        )  # fmt: skip
    if error.status_code == 404:
        return RequestError("there is nothing at this path", status=404, where="path", code="not_found",
                            hint="See /docs for what there is.")  # fmt: skip
    return RequestError(str(error.detail), status=error.status_code, where="request")
