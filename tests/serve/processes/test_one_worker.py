"""One worker as a process: it says where it is, answers, and ends without losing what it has accepted."""

import json
import signal
import socket
import subprocess
import sys
import time

import pytest

from .running import ROW, Crowd, Running, facts, model_bytes


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "churn.mainstay"
    path.write_bytes(model_bytes())
    return path


def refused(*words):
    answer = subprocess.run(
        [sys.executable, "-m", "mainstay", "serve", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in answer.stderr
    return answer


def test_it_says_where_it_is_answers_and_ends_in_order(tmp_path, model):
    with Running(tmp_path, model) as server:
        assert server.said["models"] == [{"name": "churn", "digest": facts()[0]}]
        assert server.said["pid"] == server.process.pid
        status, answer = server.ask("POST", "/predict", ROW)
        assert (status, answer["digest"], answer["probabilities"]["Yes"]) == (200, *facts())
        assert server.ask("GET", "/health/ready")[0] == 200
        assert server.end() == 0
        assert server.events() == ["started", "stopping", "stopped"]


def test_ctrl_c_ends_it_in_order_and_without_a_traceback(tmp_path, model):
    with Running(tmp_path, model) as server:
        assert server.end(signal.SIGINT) == 0
        assert server.events()[-1] == "stopped"


def half_a_request(server):
    """Return a connection on which the head of a request and half its body have been sent, and the other half."""
    body = json.dumps(ROW).encode()
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    head = f"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    connection.sendall(head.encode() + b"\r\n\r\n" + body[:10])
    time.sleep(0.2)
    return connection, body[10:]


def test_a_request_that_has_begun_is_answered_after_the_signal(tmp_path, model):
    with Running(tmp_path, model) as server:
        connection, rest = half_a_request(server)
        with connection:
            server.send(signal.SIGTERM)
            time.sleep(0.8)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", server.port), timeout=5)
            connection.sendall(rest)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"connection: close" in answer
        assert facts()[0].encode() in answer
        assert server.process.wait(20) == 0


def test_while_it_ends_it_says_that_it_is_not_ready(tmp_path, model):
    with Running(tmp_path, model) as server:
        asking = server.connection()
        asking.request("GET", "/health/ready")
        assert asking.getresponse().read()
        server.send(signal.SIGTERM)
        server.wait_for_event("stopping")
        time.sleep(0.05)
        asking.request("GET", "/health/ready")
        answer = asking.getresponse()
        assert (answer.status, json.loads(answer.read())["status"]) == (503, "ending")
        assert answer.getheader("connection") == "close"


def test_a_second_signal_ends_it_at_once(tmp_path, model):
    with Running(tmp_path, model) as server:
        connection, _ = half_a_request(server)
        with connection:
            server.send(signal.SIGTERM)
            server.wait_for_event("stopping")
            began = time.monotonic()
            assert server.end(signal.SIGTERM) == 130
            assert time.monotonic() - began < 3
        assert "Traceback" not in server.errors.read_text()


def test_a_body_that_never_comes_does_not_hold_the_end_for_ever(tmp_path, model):
    with Running(tmp_path, model, "--drain-seconds", "1") as server:
        connection, _ = half_a_request(server)
        with connection:
            began = time.monotonic()
            assert server.end() == 0
            assert time.monotonic() - began < 5


@pytest.mark.parametrize("workers", [1, 2])
def test_nothing_that_was_accepted_is_lost_when_it_ends(tmp_path, model, workers):
    with Running(tmp_path, model, "--workers", workers) as server, Crowd(server.port) as crowd:
        server.wait_for(lambda: len(crowd.answers) > 100)
        assert server.end() == 0
    assert not crowd.faults
    assert set(crowd.answers) == {(200, *facts())}


def test_what_cannot_be_served_is_a_sentence(tmp_path, model):
    gone = refused(tmp_path / "none.mainstay")
    assert (gone.returncode, gone.stdout) == (2, "")
    assert "the model file cannot be read" in gone.stderr
    bad = tmp_path / "bad.mainstay"
    bad.write_bytes(model_bytes()[:-10])
    answer = refused(bad, "--json")
    assert answer.returncode == 2
    assert json.loads(answer.stdout)["error"]["code"] in {"integrity", "format"}
    assert "needs a model" in refused().stderr
    assert "two models are called 'churn'" in refused(model, model).stderr
    assert "a model's name has letters" in refused(f"a={model}", f"..={model}").stderr


def test_a_taken_port_is_a_sentence(model):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = refused(model, "--port", port)
    assert answer.returncode == 2
    assert f"port {port} of 127.0.0.1 is taken" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_several_models_have_names(tmp_path, model, workers):
    with Running(tmp_path, f"first={model}", model, "--workers", workers) as server:
        assert [one["name"] for one in server.said["models"]] == ["first", "churn"]
        assert server.ask("POST", "/models/churn/predict", ROW)[1]["model"] == "churn"
        assert server.ask("POST", "/predict", ROW)[1]["model"] == "first"


def test_an_address_that_others_reach_needs_a_token(tmp_path, model):
    answer = refused(model, "--host", "0.0.0.0", "--port", "0")
    assert answer.returncode == 2
    assert "--token-file" in answer.stderr
    assert "--open-to-all" in answer.stderr
    with Running(tmp_path, model, "--host", "0.0.0.0", "--open-to-all") as server:
        assert server.ask("POST", "/predict", ROW, host="anything.example")[0] == 200


def test_a_token_is_asked_for_and_read_again(tmp_path, model):
    tokens = tmp_path / "tokens"
    tokens.write_text(f"# first\n{'a' * 20}\n")
    tokens.chmod(0o644)
    with Running(tmp_path, model, "--token-file", tokens) as server:
        warning = server.wait_for_event("warning")
        assert "other users" in warning["message"]
        assert server.ask("POST", "/predict", ROW)[0] == 401
        assert server.ask("GET", "/health/live")[0] == 200
        assert server.ask("POST", "/predict", ROW, authorization=f"Bearer {'a' * 20}", host="x.example")[0] == 200
        tokens.write_text(f"{'b' * 20}\n")
        server.send(signal.SIGHUP)
        server.wait_for(lambda: server.ask("POST", "/predict", ROW, authorization=f"Bearer {'b' * 20}")[0] == 200)
        assert server.ask("POST", "/predict", ROW, authorization=f"Bearer {'a' * 20}")[0] == 401
        tokens.write_text("short\n")
        server.send(signal.SIGHUP)
        assert "line 1" in server.wait_for_event("tokens refused")["message"]
        assert server.ask("POST", "/predict", ROW, authorization=f"Bearer {'b' * 20}")[0] == 200
        assert "short" not in server.errors.read_text()


def test_without_a_token_only_names_of_this_machine_pass(tmp_path, model):
    with Running(tmp_path, model, "--allow-host", "Model.Example") as server:
        for host in ("localhost", "127.0.0.1", "[::1]", "model.example", f"localhost:{server.port}"):
            assert server.ask("POST", "/predict", ROW, host=host)[0] == 200
        assert server.ask("POST", "/predict", ROW, host="evil.example")[0] == 403


def test_the_access_log_tells_of_requests_and_of_no_value(tmp_path, model):
    with Running(tmp_path, model, "--access-log") as server:
        server.ask("POST", "/predict", ROW, authorization="Bearer secret-secret")
        server.ask("POST", "/predict", {"rows": [ROW, {"agee": 1}, {}], "on_error": "row"}, x_request_id="mine-1")
        server.ask("GET", "/nothing?age=31")
        server.end()
        lines = [line for line in server.journal() if line["event"] == "request"]
        text = server.errors.read_text()
    assert [(line["method"], line["path"], line["status"], line.get("rows")) for line in lines] == [
        ("POST", "/predict", 200, 1), ("POST", "/predict", 200, 3), ("GET", "/nothing", 404, None),
    ]  # fmt: skip
    assert lines[1]["id"] == "mine-1"
    assert all(line["ms"] > 0 and line["id"] for line in lines)
    assert not any(word in text for word in ("secret", "basic", "Bern", "age"))


def test_answers_are_kept_where_asked(tmp_path, model):
    import sqlite3

    with Running(tmp_path, model, "--log", tmp_path / "log.sqlite") as server:
        status, answer = server.ask("POST", "/predict", ROW)
        assert (status, server.end()) == (200, 0)
        (closed,) = [line for line in server.journal() if line["event"] == "log closed"]
    assert (closed["written"], closed["lost"], closed["message"]) == (1, 0, "")
    with sqlite3.connect(tmp_path / "log.sqlite") as store:
        table = next(name for (name,) in store.execute("select name from sqlite_master where type='table'")
                     if "id" in [row[1] for row in store.execute(f"pragma table_info('{name}')")])  # fmt: skip
        kept = [name for (name,) in store.execute(f"select id from '{table}'")]
    store.close()
    assert kept == [answer["id"]]


def test_a_rate_is_kept_for_each_client_and_behind_a_proxy_for_the_one_that_it_has_seen(tmp_path, model):
    def statuses(server, *addresses):
        return [server.ask("POST", "/predict", ROW, x_forwarded_for=address)[0] for address in addresses]

    with Running(tmp_path, model, "--max-rate", "0.01") as server:
        assert statuses(server, "1.1.1.1", "2.2.2.2") == [200, 429]
    with Running(tmp_path, model, "--max-rate", "0.01", "--behind-proxy") as server:
        assert statuses(server, "1.1.1.1", "2.2.2.2", "9.9.9.9, 1.1.1.1", "3.3.3.3, 4.4.4.4") == [200, 200, 429, 200]


@pytest.mark.parametrize("workers", [1, 2])
def test_before_it_closes_its_door_it_says_for_a_while_that_it_is_not_ready(tmp_path, model, workers):
    with Running(tmp_path, model, "--workers", workers, "--drain-delay", "1") as server:
        began = time.monotonic()
        server.send(signal.SIGTERM)
        server.wait_for_event("stopping")
        server.wait_for(lambda: server.ask("GET", "/health/ready")[0] == 503, 0.9)
        assert server.ask("POST", "/predict", ROW)[0] == 200
        assert time.monotonic() - began < 1
        assert server.process.wait(20) == 0
        assert time.monotonic() - began > 1


def test_no_open_explanation_holds_its_end_up(tmp_path):
    driver = tmp_path / "slow.py"
    driver.write_text(SLOW)
    (tmp_path / "churn.mainstay").write_bytes(model_bytes())
    process = subprocess.Popen(
        [sys.executable, driver, tmp_path / "churn.mainstay"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert json.loads(process.stdout.readline())["pid"] == process.pid
    assert process.stderr.readline()
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert json.loads(errors.splitlines()[-1])["event"] == "stopped"
    assert time.monotonic() - began < 5


SLOW = """
import sys, time
from mainstay.apps.cli import main
from mainstay.serve.processes import server

start = server.Server.start

def start_busy(self):
    started = start(self)
    self._processes.serving.threads.submit(time.sleep, 8)
    return started

server.Server.start = start_busy
sys.argv = ["mainstay", "serve", sys.argv[1], "--port", "0", "--json"]
main()
"""
