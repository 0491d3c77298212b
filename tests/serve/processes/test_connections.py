"""What a client may do to a connection: send slowly, too much or nothing, read nothing, or ask ten at a time."""

import asyncio
import contextlib
import json
import socket
import threading
import time
from types import SimpleNamespace

import pytest

from mainstay.serve.journal import Journal
from mainstay.serve.processes import http_server
from mainstay.serve.processes.connections import Connections
from mainstay.serve.processes.http_server import HttpServer, new_loop
from mainstay.serve.processes.listening import listen

MAX_BODY = 1000


async def echo(scope, receive, send):
    """Answer with the length of the body, or with a lot, or with a fault."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body, more = body + message.get("body", b""), message.get("more_body")
    if scope["path"] == "/fault":
        raise KeyError("a fault of the application")
    said = b"x" * 30_000_000 if scope["path"] == "/much" else b"%d" % len(body)
    headers = [(b"content-length", b"%d" % len(said)), (b"x-client", str(scope["client"][0]).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": said})


@contextlib.contextmanager
def speaking(*, most=100, drain=1.0, **bounds):
    """Run a server in a thread; yields its port, its state and its journal."""
    lines = []
    journal = Journal(SimpleNamespace(write=lines.append, flush=lambda: None))
    door = listen("127.0.0.1", 0)
    found = SimpleNamespace(port=door.getsockname()[1], lines=lines, state=Connections(MAX_BODY, journal, **bounds))
    begun = threading.Event()

    async def serve():
        found.loop, found.ending = asyncio.get_running_loop(), asyncio.Event()
        await HttpServer(echo, door, found.state, most=most).run(found.ending, drain, begun.set)

    def run():
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert begun.wait(10)
        yield found
    finally:
        found.loop.call_soon_threadsafe(found.ending.set)
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture(autouse=True)
def look_often(monkeypatch):
    monkeypatch.setattr(http_server, "_LOOK_SECONDS", 0.05)


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def until_closed(connection):
    """Return all that comes until the other side closes."""
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(1 << 20):
            parts.append(part)
    return b"".join(parts)


GET = b"GET /a HTTP/1.1\r\nhost: localhost\r\n\r\n"


def test_a_head_that_comes_byte_by_byte_is_cut():
    with speaking(head_seconds=0.4) as server, connect(server) as connection:
        began = time.monotonic()
        with pytest.raises(OSError):  # noqa: PT012 - how far it comes is what is measured
            for byte in GET * 100:
                connection.sendall(bytes([byte]))
                time.sleep(0.05)
        assert 0.3 < time.monotonic() - began < 2.5
        assert server.state.cut == 1


def test_a_connection_that_sends_nothing_is_cut_sooner_than_one_that_has_asked():
    with speaking(head_seconds=0.3, idle_seconds=1.0) as server, connect(server) as silent, connect(server) as asking:
        asking.sendall(GET)
        assert asking.recv(1000).endswith(b"0")
        began = time.monotonic()
        assert until_closed(silent) == b""
        middle = time.monotonic()
        assert until_closed(asking) == b""
        assert middle - began < 0.9 < time.monotonic() - began < 2.5


def test_a_connection_in_use_is_not_cut():
    with speaking(head_seconds=0.2, idle_seconds=0.3) as server, connect(server) as connection:
        for _ in range(20):
            connection.sendall(GET)
            assert connection.recv(1000).endswith(b"0")
            time.sleep(0.05)
        assert server.state.cut == 0


def test_a_client_that_reads_no_answer_is_let_go():
    with speaking(head_seconds=0.3, idle_seconds=0.3) as server, connect(server) as connection:
        connection.sendall(b"GET /much HTTP/1.1\r\nhost: localhost\r\n\r\n")
        until = time.monotonic() + 5
        while server.state.connections or not server.state.total_requests:
            assert time.monotonic() < until
            time.sleep(0.02)


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "not_http"),
        (b"hello\r\n\r\n", 400, "not_http"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "not_http"),
        (b"GET /a HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n", 400, "not_http"),
        (b"GET /a HTTP/1.1\r\n" + b"a: b\r\n" * 250 + b"\r\n", 400, "not_http"),
        (b"GET /" + b"a" * 400_000, 431, "head"),
        (b"GET /a HTTP/1.1\r\nx: " + b"a" * 400_000, 431, "head"),
        (b"GET /a HTTP/1.1\r\n" + b"a: " + b"b" * 1000 + b"\r\n" + b"c: " + b"d" * 400_000, 431, "head"),
    ],
)
def test_what_is_no_request_is_refused_in_the_one_shape(sent, status, code):
    with speaking() as server, connect(server) as connection:
        connection.sendall(sent)
        answer = until_closed(connection)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert json.loads(body)["error"]["code"] == code
    assert b"uvicorn" not in head


def test_a_body_without_end_is_cut():
    with speaking() as server, connect(server) as connection:
        connection.sendall(b"POST /a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n")
        with pytest.raises(OSError):  # noqa: PT012 - it is some send of many that fails
            for _ in range(1000):
                connection.sendall(b"x-more: " + b"a" * 10_000 + b"\r\n")
                time.sleep(0.001)


def test_requests_that_come_together_are_answered_in_their_order():
    with speaking() as server, connect(server) as connection:
        posts = [
            b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%s" % (size, b"y" * size) for size in range(20)
        ]
        connection.sendall(b"".join(posts) + b"GET /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        answers = until_closed(connection).split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert [int(answer.rpartition(b"\r\n\r\n")[2]) for answer in answers] == [*range(20), 0]


BROKEN = b"POST /a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\nno length\r\n"


@pytest.mark.parametrize("rest", [b"\x00\x00garbage\r\n\r\n", b"GET /a HTTP/9\r\n\r\n", BROKEN])
@pytest.mark.parametrize("count", [1, 3])
def test_what_came_whole_before_what_is_no_request_is_answered(rest, count):
    posts = [b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%s" % (n, b"y" * n) for n in range(count)]
    with speaking() as server, connect(server) as connection:
        connection.sendall(b"".join(posts) + rest)
        answers = until_closed(connection).split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert [int(answer.rpartition(b"\r\n\r\n")[2][:3]) for answer in answers] == [*range(count)]


def test_a_request_that_is_broken_off_is_not_answered_as_if_it_were_whole():
    with speaking() as server, connect(server) as connection:
        connection.sendall(BROKEN)
        assert b"200" not in until_closed(connection)


def test_an_upgrade_that_is_not_spoken_is_answered_as_a_plain_request():
    with speaking() as server, connect(server) as connection:
        connection.sendall(b"GET /a HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")


H2C = b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"
WISHING = b"POST /a HTTP/1.1\r\nhost: x\r\n" + H2C
ENDING = b"GET /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"


@pytest.mark.parametrize("piece", [10_000, 200, 17, 1])
def test_a_body_of_a_request_that_wishes_for_another_protocol_is_read(piece):
    sent = (
        GET + WISHING + b"content-length: 5\r\n\r\nhello" + WISHING + b"transfer-encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n" + WISHING + b"\r\n" + ENDING
    )
    with speaking() as server, connect(server) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(sent), piece):
            connection.sendall(sent[start : start + piece])
            time.sleep(0.0005)
        answers = until_closed(connection).split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"200"] * 5
    assert [int(answer.rpartition(b"\r\n\r\n")[2]) for answer in answers] == [0, 5, 7, 0, 0]


def test_a_wish_for_another_host_ends():
    with speaking() as server, connect(server) as connection:
        connection.sendall(b"CONNECT localhost:80 HTTP/1.1\r\nhost: x\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 ")


def test_where_no_more_connections_may_be_open_the_idle_one_makes_room():
    with speaking(most=3) as server, contextlib.ExitStack() as stack:
        first, *rest = [stack.enter_context(connect(server)) for _ in range(3)]
        for connection in (first, *rest):
            connection.sendall(GET)
            assert connection.recv(1000)
        time.sleep(0.2)
        with connect(server) as another:
            another.sendall(GET)
            assert another.recv(1000).endswith(b"0")
        assert len(server.state.connections) <= 3


def test_where_all_connections_are_busy_a_new_one_waits_for_its_turn():
    with speaking(most=2) as server, contextlib.ExitStack() as stack:
        busy = [stack.enter_context(connect(server)) for _ in range(2)]
        for connection in busy:
            connection.sendall(b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n1")
        time.sleep(0.1)
        with connect(server) as another:
            another.sendall(GET)
            another.settimeout(0.3)
            with pytest.raises(TimeoutError):
                another.recv(1000)
            busy[0].sendall(b"2")
            assert busy[0].recv(1000)
            busy[0].close()
            another.settimeout(5)
            assert another.recv(1000).endswith(b"0")


def test_a_fault_of_the_application_is_a_line_without_what_it_says():
    with speaking() as server, connect(server) as connection:
        connection.sendall(b"GET /fault HTTP/1.1\r\nhost: x\r\n\r\n")
        assert b"500" in connection.recv(1000)
    (line,) = [json.loads(line) for line in server.lines]
    assert (line["event"], line["error"]) == ("failure", "KeyError")
    assert "of the application" not in str(server.lines)


def test_at_the_end_what_has_come_is_answered_and_what_is_idle_is_closed():
    with speaking(drain=5) as server, connect(server) as idle, connect(server) as busy:
        idle.sendall(GET)
        assert idle.recv(1000)
        busy.sendall(b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n1")
        time.sleep(0.1)
        began = time.monotonic()
        server.loop.call_soon_threadsafe(server.ending.set)
        time.sleep(0.1)
        idle.sendall(GET)
        assert b"connection: close" in idle.recv(1000)
        busy.sendall(b"2")
        assert b"connection: close" in until_closed(busy)
    assert time.monotonic() - began < 3
