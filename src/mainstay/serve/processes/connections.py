"""One client's connection: uvicorn's protocol, with the bounds that it leaves open.

uvicorn with httptools neither bounds how many bytes the head of a request has nor how long a client takes to send it,
and a client that reads no answer is waited for without end. A timer for each request would cost as much as its answer,
so one look a second goes through all connections (:func:`look_after`).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, cast

import httptools
import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from mainstay.serve.processes.short_way import ShortAnswer

if TYPE_CHECKING:
    import asyncio

    from uvicorn import Config
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from mainstay.serve.journal import Journal
    from mainstay.serve.processes.short_way import ShortWay
    from mainstay.serve.shelf import Place

__all__ = ["Connection", "Connections", "look_after"]

_MOST_HEADERS = 200
_FRAMES = 8
"""A byte of a body may come with so many bytes around it, in chunks of one."""


class Connections(ServerState):
    """All connections of one worker, and what each may do.

    Parameters
    ----------
    max_body : int
        In bytes; what a whole request may have follows from it.
    journal : Journal
        Where a fault goes that no endpoint has turned into an answer.
    head_bytes : int, default 65_536
        The most bytes of a request before its body, not counting those that came with its first ones.
    head_seconds : float, default 10
        How long they may take.
    idle_seconds : float, default 75
        How long a connection may stay open without a request; longer than a load balancer's own 60.
    """

    def __init__(
        self,
        max_body: int,
        journal: Journal,
        *,
        head_bytes: int = 65_536,
        head_seconds: float = 10.0,
        idle_seconds: float = 75.0,
    ) -> None:
        super().__init__()
        self.logger = logging.Logger("serve", logging.ERROR)  # noqa: LOG001 - this server's own, none of the process
        self.logger.addHandler(_ToJournal(journal))
        self.head_bytes = head_bytes
        self.head_seconds = head_seconds
        self.idle_seconds = idle_seconds
        self.request_bytes = head_bytes + _FRAMES * max_body
        self.short_way: ShortWay | None = None
        self.ending = False
        self.cut = 0

    @property
    def all(self) -> list[Connection]:
        """The connections that are open now."""
        return cast("list[Connection]", list(self.connections))


class _ToJournal(logging.Handler):
    """What uvicorn would log of a fault, as a line of the journal."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, Exception):
            self._journal.failure({}, error)


class Connection(HttpToolsProtocol):
    """The protocol of one connection."""

    def __init__(self, config: Config, state: Connections, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(config, state, {}, loop)
        self.logger = state.logger
        self.access_log = False
        self.bounds = state
        self.received = 0
        self.refused = False
        self.broken = False
        self.stage = ""
        self.seen: object = None
        self.since = 0.0
        self._way = state.short_way
        self._answer = None if self._way is None else ShortAnswer(self, self._way)
        self._place: Place | None = None
        self._parts: list[bytes] = []
        self._turning = False

    @property
    def headers_of_all(self) -> list[tuple[bytes, bytes]]:
        """What every response has."""
        return self.bounds.default_headers

    @property
    def in_head(self) -> bool:
        """Whether a request has begun to come whose head is not whole."""
        return self.scope is not None and (self.cycle is None or self.cycle.scope is not self.scope)

    @property
    def waiting(self) -> bool:
        """Whether there is no request to be answered."""
        return self.cycle is None or self.cycle.response_complete

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        if self.refused or self.broken:
            return
        self.received += len(data)
        try:
            self._parse(data)
        except httptools.HttpParserError:
            self._refuse(400, "not_http", "this is no request of HTTP/1.1")
            return
        if self._place is not None:
            self._go_the_usual_way(complete=False)
        if self.received > self.bounds.head_bytes and self.in_head:
            self._refuse(431, "head", f"the head of a request may have {self.bounds.head_bytes:,} bytes")
        elif self.received > self.bounds.request_bytes:
            self._refuse(413, "too_large", "the request has more bytes than its body may have")
        if self.bounds.ending and self.cycle is not None:
            self.cycle.keep_alive = False

    def _parse(self, data: bytes) -> None:
        """Let the parser read; nothing is spoken here but HTTP/1.1, and who asks for more is answered as if he had not.

        The parser stops at the head of a request for another protocol, for what follows would be in that. A new one
        reads the same head without the wish, and then what follows, which for HTTP/1.1 is the body.
        """
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as asked:
                if not self._turning:
                    return  # CONNECT: what follows is for a host that is not asked here
                data = self._head_without_upgrade() + data[asked.args[0] :]
                self.parser = httptools.HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
                self._turning = False
            else:
                return

    def _head_without_upgrade(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)]
        lines += [b"%b: %b" % (name, value) for name, value in self.headers if name != b"upgrade"]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def on_message_begin(self) -> None:
        """Begin a request."""
        self.received = 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; those after a body come here too, and are bounded with them."""
        super().on_header(name, value)
        if len(self.headers) > _MOST_HEADERS:
            raise ValueError("too many headers")

    def on_headers_complete(self) -> None:
        """Begin the usual way, or wait for the body where the request may take the short one."""
        if self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT":
            self._turning = True
            return
        if self._way is not None and self.waiting and not self.bounds.ending and not self.flow.write_paused:
            parser = self.parser
            if parser.get_method() == b"POST" and parser.get_http_version() == "1.1" and parser.should_keep_alive():
                self._place = self._way.place(self.url, self.headers, self.client)
        if self._place is None:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        if self._place is None:
            super().on_body(body)
        else:
            self._parts.append(body)

    def on_message_complete(self) -> None:
        """Ask the model, where the request takes the short way and its body is one plain row."""
        place, answer = self._place, self._answer
        if place is None or answer is None:
            if not self._turning:
                super().on_message_complete()
            return
        body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        if answer.begin(place, body, self.scope, self.url):
            self._place = None
            self._parts.clear()
            answer.disconnected, answer.keep_alive = False, True
            self.cycle = cast("RequestResponseCycle", answer)
        else:
            self._go_the_usual_way(complete=True)

    def _go_the_usual_way(self, *, complete: bool) -> None:
        """Hand over a request that was held for the short way."""
        self._place = None
        body = b"".join(self._parts)
        self._parts.clear()
        super().on_headers_complete()
        if body:
            super().on_body(body)
        if complete:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on to the next request; that it comes in time is looked after for all connections together."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        elif self.broken:
            self.transport.close()

    def _refuse(self, status: int, code: str, message: str) -> None:
        """End the connection, and say why where no other answer is on its way."""
        if self.waiting and not self.transport.is_closing():
            error = {"code": code, "message": message, "where": "request", "hint": "", "id": ""}
            body = msgspec.json.encode({"error": error})
            head = f"HTTP/1.1 {status} \r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
            self.transport.write(head.encode() + b"connection: close\r\n\r\n" + body)
            self.transport.write_eof()
            self.refused = True  # what still comes is let fall: closing at once would take the answer back
        else:
            self._end_after_what_is_whole()

    def _end_after_what_is_whole(self) -> None:
        """Read no more, answer the requests that have come as a whole, and close the connection then."""
        self.broken = True
        if not getattr(self.cycle, "more_body", False):
            self.cycle.keep_alive = False
        elif self.pipeline:
            self.pipeline.popleft()  # the last, which was broken off; those before it are whole
        else:
            self.transport.close()

    def end_when_idle(self) -> None:
        """Close the connection unless a request is coming or being answered."""
        if self.refused or (self.waiting and not self.in_head):
            self.transport.close()


def look_after(state: Connections, now: float) -> None:
    """Cut the connections that wait for longer than they may: for a head, for a request, or for a client that reads.

    Parameters
    ----------
    state : Connections
    now : float
        The time of the event loop, in seconds.
    """
    for connection in state.all:
        closing = connection.transport.is_closing() or connection.refused
        if not (connection.waiting or closing):
            connection.stage = ""
            continue
        stage = "closing" if closing else "head" if connection.in_head or connection.scope is None else "idle"
        if connection.stage != stage or connection.seen is not connection.scope:
            connection.stage, connection.seen, connection.since = stage, connection.scope, now
        elif now - connection.since > (state.idle_seconds if stage == "idle" else state.head_seconds):
            state.cut += 1
            if closing:
                connection.transport.abort()
            else:
                connection.transport.close()
