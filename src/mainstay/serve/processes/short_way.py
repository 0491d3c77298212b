"""A single row by the shortest way: from the parser to the model and back to the socket, without a task of its own.

The protocol between server and application (ASGI) costs as much as everything else about a small answer: a task, a
record of the request, two messages. Where this server reads the socket itself, a plain request for one row needs none
of it. What is not plain goes the usual way: this one refuses nothing by itself before it has an answer, so that each
rule stands in one place.
"""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from mainstay.contracts.errors import MainstayError, RequestError
from mainstay.serve.predicting import Prediction
from mainstay.serve.refusing import ALWAYS, NOSNIFF, internal, refusal

if TYPE_CHECKING:
    import asyncio

    from mainstay.serve.answering.served import Answered, ServedModel
    from mainstay.serve.door import Door
    from mainstay.serve.shelf import Place

__all__ = ["ShortAnswer", "ShortWay"]

_JSON = b"application/json"
_LONG = frozenset((b"transfer-encoding", b"content-encoding", b"expect", b"upgrade", b"x-request-id"))
"""Headers that ask for more than the short way knows."""


class ShortWay:
    """Decides which requests may take the short way, and writes their responses.

    Parameters
    ----------
    door : Door
        Whose rules and models these are.
    """

    def __init__(self, door: Door) -> None:
        self._serving = door.serving
        self._admission = door.admission
        self._predicting = door.predicting
        self._open = door.serving.open_requests
        self._most_bytes = door.serving.limits.max_body
        self._places = {path.encode(): place for path, place in door.places.items()}
        self._date: list[tuple[bytes, bytes]] = []
        self._head = b""

    def place(self, url: bytes, headers: list[tuple[bytes, bytes]], client: tuple[str, int] | None) -> Place | None:
        """Return which model a request asks, where its head is as plain as can be and it may pass; else None."""
        place = self._places.get(url)
        if place is None or self._predicting.waits(place.model):
            return None
        given = dict(headers)
        length = given.get(b"content-length")
        if given.get(b"content-type") != _JSON or length is None or not _LONG.isdisjoint(given):
            return None
        if len(length) > 9 or int(length) > self._most_bytes:
            return None
        try:
            self._admission.check({"client": client}, given, url.decode("ascii"))
        except RequestError:
            return None
        return place

    def give(self, place: Place, body: bytes, waiter: ShortAnswer) -> bool:
        """Let a connection wait for its answer; False where the body is not one row of plain cells."""
        return place.turns.give(body, self._open.touch(), waiter)

    def response(self, answer: ShortAnswer, answered: Answered, headers: list[tuple[bytes, bytes]]) -> bytes:
        """Return the whole response to a row.

        Parameters
        ----------
        answer : ShortAnswer
            Who asked what, and when.
        answered : Answered
        headers : list
            What every response has.
        """
        try:
            said = self._predicting.said(Prediction(answer.place, answer.body, answer.began), answer.model, answered)
        except MainstayError as error:
            return self.refused(answer, error, headers)
        if headers is not self._date:
            self._date, self._head = headers, _head(b"200 OK", [*headers, NOSNIFF])
        if not isinstance(said, bytes):
            raise TypeError  # an answer that is kept before it is sent never comes here
        closing = b"" if answer.keep_alive else b"connection: close\r\n"
        return b"%b%bcontent-length: %d\r\n\r\n%b" % (self._head, closing, len(said), said)

    def refused(self, answer: ShortAnswer, error: Exception, headers: list[tuple[bytes, bytes]]) -> bytes:
        """Return the response to a row that is refused, or that failed."""
        if not isinstance(error, MainstayError):
            self._serving.journal.failure({"path": answer.url.decode("ascii")}, error)
            error = internal()
        identity = self._serving.identities.request()
        said = refusal(error, identity, answer.url.decode("ascii"))
        self._serving.metrics.refused(said.status, error.code, answer.place.number)
        more = [*headers, *ALWAYS, (b"x-request-id", identity.encode()), *said.headers]
        if not answer.keep_alive:
            more.append((b"connection", b"close"))
        head = _head(f"{said.status} {HTTPStatus(said.status).phrase}".encode(), more)
        return head + b"content-length: %d\r\n\r\n" % len(said.body) + said.body


def _head(status: bytes, headers: list[tuple[bytes, bytes]]) -> bytes:
    lines = [b"HTTP/1.1 " + status, *(name + b": " + value for name, value in headers), b"content-type: " + _JSON]
    return b"\r\n".join(lines) + b"\r\n"


class _Line(Protocol):
    """What an answer needs of its connection."""

    transport: asyncio.Transport

    @property
    def headers_of_all(self) -> list[tuple[bytes, bytes]]:
        """What every response has."""
        ...

    def on_response_complete(self) -> None:
        """Go on to the next request."""
        ...


class _Silent:
    """Stands where a request that is read bit by bit has its bell."""

    def set(self) -> None:
        """Do nothing: nobody listens."""


class ShortAnswer:
    """The request of a connection that goes the short way; stands where a usual request stands while it is answered.

    Parameters
    ----------
    connection : connection
    way : ShortWay
    """

    message_event = _Silent()

    def __init__(self, connection: _Line, way: ShortWay) -> None:
        self._connection = connection
        self._way = way
        self.scope: object = None
        self.response_complete = True
        self.disconnected = False
        self.keep_alive = True

    def begin(self, place: Place, body: bytes, scope: object, url: bytes) -> bool:
        """Ask; False where the body has to go the usual way."""
        self.began = time.perf_counter()
        self.place: Place = place
        self.model: ServedModel = place.model
        self.body, self.url, self.scope = body, url, scope
        if not self._way.give(place, body, self):
            return False
        self.response_complete = False
        return True

    def done(self) -> bool:
        """Say whether nobody waits any more."""
        return self.disconnected or self.response_complete

    def set_result(self, answered: Answered) -> None:
        """Send the answer."""
        headers = self._connection.headers_of_all
        try:
            response = self._way.response(self, answered, headers)
        except Exception as error:  # noqa: BLE001 - the last place where an error can become an answer
            response = self._way.refused(self, error, headers)
        self._send(response)

    def set_exception(self, error: Exception) -> None:
        """Send what went wrong."""
        self._send(self._way.refused(self, error, self._connection.headers_of_all))

    def _send(self, response: bytes) -> None:
        transport = self._connection.transport
        self.response_complete = True
        if not transport.is_closing():
            transport.write(response)
            if not self.keep_alive:
                transport.close()
        self._connection.on_response_complete()
