"""A client over raw keep-alive sockets that hands on every answer with the request it belongs to."""

import asyncio
import time


def post(path, body, port=0, headers=()):
    """Return the bytes of a POST of JSON."""
    head = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Content-Type: application/json", *headers]
    return "\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode() + body


class Line(asyncio.Protocol):
    """One connection with at most one request under way: `ask` returns a future of (status, head, body)."""

    def __init__(self):
        self._data = bytearray()
        self._waiter = None
        self.open = True

    def connection_made(self, transport):
        self._transport = transport

    def ask(self, request):
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._waiter

    def data_received(self, data):
        self._data += data
        head_end = self._data.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = bytes(self._data[:head_end]).lower()
        size, start = _length(head), head_end + 4
        if len(self._data) < start + size:
            return
        body = bytes(self._data[start : start + size])
        del self._data[: start + size]
        if b"\r\nconnection: close" in head:
            self.close()
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result((int(head[9:12]), head, body))

    def connection_lost(self, problem):
        self.open = False
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(problem or ConnectionResetError("closed before the answer"))

    def close(self):
        self.open = False
        self._transport.close()


def _length(head):
    at = head.find(b"\r\ncontent-length:")
    if at < 0:
        raise ValueError("an answer without a length")
    return int(head[at + 17 :].split(b"\r\n", 1)[0])


class Crowd:
    """Keeps `connections` lines busy with `requests` in turn until `stop`.

    `answered(place, status, body, seconds)` is called for each answer, `failed(place, problem)` for each request that
    got none. A refused connection is counted in `unreachable` and tried again: nothing was asked.
    """

    def __init__(self, port, requests, *, connections, answered, failed=None, patience=5.0):
        self._port, self._requests, self._connections = port, requests, connections
        self._answered, self._failed, self._patience = answered, failed or (lambda *_: None), patience
        self._stopped = False
        self._at = 0
        self.asked = self.unreachable = self.failures = 0

    def stop(self):
        self._stopped = True

    async def run(self):
        await asyncio.gather(*(self._one() for _ in range(self._connections)))

    async def _one(self):
        line = None
        while not self._stopped:
            if line is None or not line.open:
                line = await self._connect()
                continue
            place = self._at = (self._at + 1) % len(self._requests)
            self.asked += 1
            began = time.perf_counter()
            try:
                status, _, body = await asyncio.wait_for(line.ask(self._requests[place]), self._patience)
            except (OSError, TimeoutError, ValueError) as problem:
                self.failures += 1
                self._failed(place, f"{type(problem).__name__}: {problem}")
                line.close()
            else:
                self._answered(place, status, body, time.perf_counter() - began)
        if line is not None:
            line.close()

    async def _connect(self):
        try:
            found = await asyncio.get_running_loop().create_connection(Line, "127.0.0.1", self._port)
        except OSError:
            self.unreachable += 1
            await asyncio.sleep(0.01)
            return None
        return found[1]
