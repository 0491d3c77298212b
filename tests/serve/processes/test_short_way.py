"""The short way of a single row gives what the usual way gives, and keeps the order of what a connection sends."""

import contextlib
import json
import re
import socket
import subprocess
import time

import pytest
from tests.serve.processes.running import ROW, Running, facts, model_bytes, replace

BODY = json.dumps(ROW).encode()
ODD = json.dumps({**ROW, "age": 120}).encode()
BAD = json.dumps({**ROW, "fee": None}).encode()
STRANGE = json.dumps({**ROW, "agee": 1}).encode()
BATCH = json.dumps({"rows": [ROW]}).encode()


def request(body, *headers, path="/predict", method="POST", version="1.1", length=True):
    lines = [f"{method} {path} HTTP/{version}", "host: 127.0.0.1", "content-type: application/json", *headers]
    if length:
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("short")
    (folder / "churn.mainstay").write_bytes(model_bytes())
    with Running(folder, folder / "churn.mainstay") as running:
        yield running


class Line:
    """A raw connection; reads whole responses one after the other."""

    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *parts, pause=0.0):
        for part in parts:
            self.socket.sendall(part)
            time.sleep(pause)

    def read(self):
        """Return status, headers and body of the next response."""
        while b"\r\n\r\n" not in self.rest:
            self._more()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        status, *lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        while len(self.rest) < int(headers["content-length"]):
            self._more()
        size = int(headers["content-length"])
        body, self.rest = self.rest[:size], self.rest[size:]
        return int(status.split()[1]), headers, json.loads(body)

    def ended(self):
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def _more(self):
        data = self.socket.recv(65536)
        assert data, f"the connection ended after {self.rest!r}"
        self.rest += data


def ask(server, data, **how):
    with Line(server) as line:
        line.send(data, **how)
        return line.read()


def without_id(said):
    text = re.sub(r'"(r-)?[0-9a-f]{16}-?[0-9a-f]*"', '"id"', json.dumps(said))
    return re.sub(r'"r-[0-9a-f]+"', '"id"', text)


@pytest.mark.parametrize("body", [BODY, ODD, BAD, STRANGE, BATCH, b"{}", b"", b"nonsense"])
def test_both_ways_say_the_same(server, body):
    short = ask(server, request(body))
    usual = ask(server, request(body, "x-request-id: mine"))
    assert short[0] == usual[0]
    assert without_id(short[2]) == without_id(usual[2]).replace('"mine"', '"id"')
    shown = {*short[1]} | {"x-request-id"}
    assert shown == {*usual[1]}


def test_the_short_way_is_taken(server):
    """It names the request only in the body; the usual way would repeat what it was given."""
    before = counted(server)
    with Line(server) as line:
        for _ in range(50):
            line.send(request(BODY))
            assert line.read()[0] == 200
    assert counted(server) == before + 50


def counted(server):
    found = re.search(r"^mainstay_predictions_total\S* (\S+)$", server.text("/metrics"), re.MULTILINE)
    return int(float(found.group(1)))


def test_a_connection_gets_its_answers_in_order(server):
    rows = [{**ROW, "age": age} for age in range(1, 9)]
    batches = [json.dumps({"rows": [row], "on_error": "row"}).encode() for row in rows]
    with Line(server) as line:
        mixed = b"".join(
            request(json.dumps(row).encode()) + request(batch) + request(BAD) + request(b"", path="/health/live",
                                                                                       method="GET")
            for row, batch in zip(rows, batches, strict=True)
        )  # fmt: skip
        line.send(mixed)
        for _ in rows:
            kinds = [next(iter(line.read()[2])) for _ in range(4)]
            assert kinds == ["prediction", "predictions", "error", "status"]


@pytest.mark.parametrize("cut", [1, 20, 60, -len(BODY), -len(BODY) + 3, -1])
def test_a_request_may_come_in_pieces(server, cut):
    whole = request(BODY)
    with Line(server) as line:
        line.send(whole[:cut], whole[cut:] + request(ODD), pause=0.05)
        assert line.read()[2]["prediction"]
        assert line.read()[2]["warnings"]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (request(BODY, "expect: 100-continue"), 100),
        (request(b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY), "transfer-encoding: chunked", length=False), 200),
        (request(BODY, "content-encoding: gzip"), 415),
        (request(BODY, path="/predict?explain=1"), 200),
        (request(BODY, path="//predict"), 404),
        (request(BODY, path="/predict/"), 404),
        (request(BODY, path="/models/churn/predict"), 200),
        (request(BODY, path="/models/none/predict"), 404),
        (request(BODY, method="PUT"), 405),
        (request(b" " * 2_000_000), 413),
        (request(BODY).replace(b"host: 127.0.0.1", b"host: evil.example"), 403),
        (request(BODY).replace(b"application/json", b"text/plain"), 415),
    ],
)
def test_what_is_not_plain_goes_the_usual_way(server, data, status):
    with Line(server) as line:
        line.send(data)
        first = line.socket.recv(30)
        assert first.split()[1] == str(status).encode()


@pytest.mark.parametrize("data", [request(BODY, "connection: close"), request(BODY, version="1.0")])
def test_a_client_that_wants_one_answer_gets_one(server, data):
    with Line(server) as line:
        line.send(data)
        assert line.read()[0] == 200
        assert line.ended()


def test_who_goes_away_disturbs_nobody(server):
    for _ in range(20):
        with Line(server) as line:
            line.send(request(BODY) + request(BODY)[:40])
    assert ask(server, request(BODY))[0] == 200


def test_requests_that_have_come_are_answered_at_the_end(tmp_path):
    (tmp_path / "churn.mainstay").write_bytes(model_bytes())
    with Running(tmp_path, tmp_path / "churn.mainstay") as running, contextlib.ExitStack() as open_lines:
        lines = [open_lines.enter_context(Line(running)) for _ in range(20)]
        for line in lines:
            line.send(request(BODY))
            line.read()
        for line in lines:
            line.send(request(BODY))
        running.send(15)
        assert [line.read()[0] for line in lines] == [200] * 20
        assert running.process.wait(20) == 0


def test_an_exchange_between_two_requests_of_one_connection(tmp_path):
    path = tmp_path / "churn.mainstay"
    path.write_bytes(model_bytes())
    with Running(tmp_path, path) as running, Line(running) as line:
        line.send(request(BODY))
        first = line.read()[2]
        replace(path, model_bytes(1.0))
        running.send(1)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            line.send(request(BODY))
            second = line.read()[2]
            if second["digest"] != first["digest"]:
                break
            assert second["probabilities"] == first["probabilities"]
        assert (second["digest"], second["probabilities"]["Yes"]) == facts(1.0)
        assert (first["digest"], first["probabilities"]["Yes"]) == facts()


def test_a_token_is_asked_for(tmp_path):
    (tmp_path / "churn.mainstay").write_bytes(model_bytes())
    tokens = tmp_path / "tokens"
    tokens.write_text("0123456789abcdef0123\n")
    tokens.chmod(0o600)
    with Running(tmp_path, tmp_path / "churn.mainstay", "--token-file", tokens) as running:
        assert ask(running, request(BODY))[0] == 401
        assert ask(running, request(BODY, "authorization: Bearer wrong"))[0] == 401
        assert ask(running, request(BODY, "authorization: Bearer 0123456789abcdef0123"))[0] == 200


def test_what_is_logged_can_be_replayed(tmp_path):
    (tmp_path / "churn.mainstay").write_bytes(model_bytes())
    log = tmp_path / "log.db"
    with Running(tmp_path, tmp_path / "churn.mainstay", "--log", log) as running, Line(running) as line:
        ids = []
        for body in (BODY, ODD, BAD, BODY):
            line.send(request(body))
            said = line.read()[2]
            ids += [said["id"]] if "id" in said else []
    command = [running.process.args[0], "-m", "mainstay", "replay", str(log), "--model",
               str(tmp_path / "churn.mainstay"), "--json"]  # fmt: skip
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert len(ids) == 3
    assert found["checked"] == found["same"] == 3


def test_a_row_before_what_is_no_request_is_answered_before_the_end(server):
    with Line(server) as line:
        line.send(request(BODY) * 2 + b"\x00\x00garbage\r\n\r\n")
        assert [line.read()[0] for _ in range(2)] == [200, 200]
        assert line.ended()


def test_a_row_whose_request_wishes_for_another_protocol_is_answered(server):
    wishing = ("connection: Upgrade, HTTP2-Settings", "upgrade: h2c", "http2-settings: AAMAAABkAAQAoAAAAAIAAAAA")
    sent = request(BODY, *wishing)
    with Line(server) as line:
        line.send(sent[:-20], sent[-20:] + request(BODY), pause=0.05)
        assert [line.read()[0] for _ in range(2)] == [200, 200]


@pytest.mark.parametrize("path", ["/predict", "/models/churn/predict", "/v2/models/churn/infer"])
def test_a_client_that_asks_first_is_not_told_to_send_what_is_too_large(server, path):
    with Line(server) as line:
        head = request(b"", "expect: 100-continue", "content-length: 50000000", path=path, length=False)
        line.send(head)
        assert line.read()[0] == 413
    with Line(server) as line:
        head = request(b"", "expect: 100-continue", f"content-length: {len(BODY)}", length=False)
        line.send(head)
        assert line.socket.recv(100).startswith(b"HTTP/1.1 100 ")
        line.send(BODY)
        assert line.read()[0] == 200
