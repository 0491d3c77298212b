"""The one way in: every request passes here, is refused here unless it may pass, and gets its error here.

Predictions take a direct way, for a microsecond counts there; everything else goes to the routes.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.exceptions import HTTPException

from mainstay.contracts.errors import MainstayError, RequestError
from mainstay.serve.admission import Admission
from mainstay.serve.bodies import ClientGoneError, check_json, read_bytes
from mainstay.serve.identity import accepted
from mainstay.serve.predicting import Predicting, Prediction

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from mainstay.serve.serving import Serving

__all__ = ["Door"]

_JSON = (b"content-type", b"application/json")
_ALWAYS = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))


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
        self._admission = Admission(serving)
        self._predicting = Predicting(serving)
        self._open = serving.open_requests
        self._places = {f"/models/{name}/predict": place for name, place in serving.shelf.places.items()}
        self._places["/predict"] = serving.shelf.first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1003})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        now = time.perf_counter()
        loop = asyncio.get_running_loop()
        task = self._open.begin(loop, loop.time())
        headers = dict(scope["headers"])
        read = False
        sender = _Sender(send, accepted(headers.get(b"x-request-id", b"")) if b"x-request-id" in headers else "")
        try:
            path = _path(scope)
            self._admission.check(scope, headers, path)
            place = self._places.get(path)
            if place is not None and scope["method"] == "POST":
                check_json(headers)
                body = await read_bytes(receive, headers, self.serving.limits)
                self._open.answering(task, loop.time())
                read = True
                found = await self._predicting.answer(Prediction(place, body, now, scope["query_string"]))
                await sender.json(200, found.body, found.id)
            else:
                await self._routes({**scope, "app": self}, receive, sender)
        except ClientGoneError:
            return
        except asyncio.CancelledError:
            if not self._open.was_overdue(task):
                raise
            await self._refuse(sender, _overdue(read=read))
        except HTTPException as error:
            await self._refuse(sender, _of_route(error, scope))
        except MainstayError as error:
            await self._refuse(sender, error)
        except Exception as error:  # noqa: BLE001 - the last place where an error can become an answer
            self.serving.journal.failure(scope, error)
            await self._refuse(sender, _internal())
        finally:
            self._open.end(task)

    async def _refuse(self, sender: _Sender, error: MainstayError) -> None:
        """Send the one shape of an error, unless an answer has begun."""
        status = error.status if isinstance(error, RequestError) else 422
        self.serving.metrics.refused(status, error.code)
        if sender.begun:
            return
        identity = sender.given or self.serving.identities.request()
        more = [(b"connection", b"close")] if status in (408, 413) else []
        if status == 401:
            more.append((b"www-authenticate", b'Bearer realm="mainstay", Basic realm="mainstay"'))
        if isinstance(error, RequestError):
            more += [(name.encode(), value.encode()) for name, value in error.headers.items()]
        body = msgspec.json.encode({"error": {**error.to_dict(), "id": identity}})
        await sender.json(status, body, identity, more)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            else:
                await asyncio.get_running_loop().run_in_executor(None, self.serving.close)
                await send({"type": "lifespan.shutdown.complete"})
                return


class _Sender:
    """Sends one response, with the headers that every response has; knows whether it has begun."""

    __slots__ = ("_send", "begun", "given")

    def __init__(self, send: Send, given: str) -> None:
        self._send = send
        self.begun = False
        self.given = given

    async def json(self, status: int, body: bytes, identity: str, more: Any = ()) -> None:
        """Send a whole response of JSON."""
        self.begun = True
        name = self.given or identity
        headers = [_JSON, (b"content-length", b"%d" % len(body)), (b"x-request-id", name.encode()), *_ALWAYS, *more]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    async def __call__(self, message: Message) -> None:
        """Pass on what a route sends."""
        if message["type"] == "http.response.start":
            self.begun = True
            given = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(pair for pair in _ALWAYS if pair[0] not in given)]
            if self.given:
                message["headers"].append((b"x-request-id", self.given.encode()))
        await self._send(message)


def _path(scope: Scope) -> str:
    """Return the path within this application, which may be mounted under a prefix of another."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path[len(root) :] if root and path.startswith(f"{root}/") else path


def _overdue(*, read: bool) -> RequestError:
    if not read:
        return RequestError("the body did not come in time", status=408, where="body", code="too_slow",
                            hint="Send it at once.")  # fmt: skip
    return RequestError(
        "the answer took longer than it may", status=503, where="request", code="too_slow",
        hint="Send fewer rows at a time.", headers={"retry-after": "1"},
    )  # fmt: skip


def _internal() -> RequestError:
    return RequestError(
        "the server failed on this request", status=500, where="server", code="internal",
        hint="Give the id to whoever runs the server: its journal says more.",
    )  # fmt: skip


def _of_route(error: HTTPException, scope: Scope) -> RequestError:
    """Return what a route that is not there, or a method that it has not, is called here."""
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        return RequestError(
            f"{scope['method'][:20]} is not answered here", status=405, where="method", code="method",
            hint=f"Allowed: {allowed}.", headers={"allow": allowed},
        )  # fmt: skip
    if error.status_code == 404:
        return RequestError("there is nothing at this path", status=404, where="path", code="not_found",
                            hint="See /docs for what there is.")  # fmt: skip
    return RequestError(str(error.detail), status=error.status_code, where="request")
