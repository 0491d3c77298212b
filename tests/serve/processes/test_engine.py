"""The engine and the supervisor in this process: what they do by themselves beside answering."""

import asyncio
import json
import os
import signal
import threading
import time
import urllib.request
from types import SimpleNamespace

import msgspec
import pytest
from tests.bundle.conftest import SCHEMA

from mainstay.bundle.open import open_bundle
from mainstay.contracts.errors import WorkerError
from mainstay.contracts.schema import Column
from mainstay.serve.journal import Journal
from mainstay.serve.log.record import LogState
from mainstay.serve.processes import engine as engine_of
from mainstay.serve.processes import supervisor as supervisor_of
from mainstay.serve.processes.engine import Engine
from mainstay.serve.processes.listening import address_of, listen
from mainstay.serve.processes.server import Server
from mainstay.serve.settings import ServeSettings

from .running import ROW, facts, model_bytes

LONGER = msgspec.structs.replace(
    SCHEMA, columns=(*SCHEMA.columns, Column(name="remark", kind="text", role="ignored", evidence="x" * 5000))
)


class Log:
    """A log whose store comes and goes."""

    mode = "batched"

    def __init__(self):
        self.healthy, self.closed = True, False

    @property
    def state(self):
        words = "" if self.healthy else "the disk is full"
        return LogState(healthy=self.healthy, queued=0, written=0, lost=0 if self.healthy else 7, message=words)

    def record(self, entries):
        pass

    def close(self, seconds):
        self.closed = True


@pytest.fixture
def running():
    """An engine that runs in a thread, its address, its journal and its log."""
    lines = []
    door = listen("127.0.0.1", 0)
    found = SimpleNamespace(url=address_of(door), lines=lines, log=Log(), begun=threading.Event())
    journal = Journal(SimpleNamespace(write=lines.append, flush=lambda: None))
    found.engine = Engine(ServeSettings(port=0, drain_seconds=1), {"churn": model_bytes()}, door, journal)
    found.engine.serving.log = found.log

    async def beside():
        found.loop = asyncio.get_running_loop()
        found.begun.set()

    thread = threading.Thread(target=lambda: found.engine.run(beside))

    def start():
        thread.start()
        assert found.begun.wait(10)
        return found

    yield start
    if not thread.ident:
        door.close()
        return
    found.engine.end()
    thread.join(10)
    assert not thread.is_alive()
    assert found.log.closed


def events(found):
    return [json.loads(line) for line in found.lines]


def wait_for(condition):
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_it_says_when_the_log_fails_and_when_it_is_well_again(running, monkeypatch):
    monkeypatch.setattr(engine_of, "_LOG_LOOK_SECONDS", 0.01)
    found = running()
    for count, healthy in enumerate([False, True, False], start=1):
        found.log.healthy = healthy
        wait_for(lambda seen=count: len(found.lines) == seen)
        time.sleep(0.05)
    said = [(event["event"], event["lost"], event["message"]) for event in events(found)]
    assert said == [
        ("log unhealthy", 7, "the disk is full"), ("log healthy", 0, ""), ("log unhealthy", 7, "the disk is full"),
    ]  # fmt: skip


def test_what_the_log_has_lost_is_told_when_it_is_closed(running):
    found = running()
    found.log.healthy = False
    found.engine.end()
    wait_for(lambda: "log closed" in [event["event"] for event in events(found)])
    closed = events(found)[-1]
    assert (closed["written"], closed["lost"], closed["message"]) == (0, 7, "the disk is full")
    assert found.log.closed


def test_it_serves_with_the_event_loop_that_every_python_has(running, monkeypatch):
    monkeypatch.setattr(engine_of, "new_loop", asyncio.new_event_loop)
    found = running()
    assert "uvloop" not in type(found.loop).__module__
    request = urllib.request.Request(
        found.url + "/predict", json.dumps(ROW).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert json.load(answer)["digest"] == facts()[0]


def test_an_end_that_is_asked_for_before_the_beginning_is_not_lost():
    with listen("127.0.0.1", 0) as door:
        engine = Engine(ServeSettings(port=0), {"churn": model_bytes()}, door, Journal())
        engine.end()

        async def beside():
            await asyncio.sleep(0)

        thread = threading.Thread(target=lambda: engine.run(beside))
        thread.start()
        thread.join(10)
        assert not thread.is_alive()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="several workers need a system that hands a socket on")
def test_a_worker_that_stands_still_is_replaced(monkeypatch):
    monkeypatch.setattr(supervisor_of, "_PING_SECONDS", 0.1)
    lines = []
    journal = Journal(SimpleNamespace(write=lines.append, flush=lambda: None))
    server = Server({"churn": open_bundle(model_bytes())}, ServeSettings(port=0, workers=2), journal)
    with server.start():
        before = server.workers
        os.kill(before[0], signal.SIGSTOP)
        wait_for(lambda: len(server.workers) == 2 and before[0] not in server.workers)
        assert before[1] in server.workers
    assert [json.loads(line)["event"] for line in lines] == ["worker silent", "worker died"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="several workers need a system that hands a socket on")
def test_workers_that_cannot_be_started_are_a_sentence(monkeypatch):
    def unable(*given, **further):
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(asyncio, "create_subprocess_exec", unable)
    journal = Journal(SimpleNamespace(write=lambda text: None, flush=lambda: None))
    server = Server({"churn": open_bundle(model_bytes())}, ServeSettings(port=0, workers=2), journal)
    with pytest.raises(WorkerError, match="a worker ended before it answered"):
        server.start()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="several workers need a system that hands a socket on")
def test_a_model_that_is_exchanged_while_a_worker_is_being_made_is_what_that_worker_serves(monkeypatch):
    made, slow, calls = asyncio.create_subprocess_exec, threading.Event(), []

    async def late(*given, **further):
        if slow.is_set():
            calls.append(time.monotonic())
            while slow.is_set():  # noqa: ASYNC110 - another thread says when
                await asyncio.sleep(0.01)
        return await made(*given, **further)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", late)
    lines = []
    journal = Journal(SimpleNamespace(write=lines.append, flush=lambda: None))
    server = Server({"churn": open_bundle(model_bytes())}, ServeSettings(port=0, workers=2), journal)
    longer = open_bundle(model_bytes(1.0, schema=LONGER))
    with server.start():
        slow.set()
        os.kill(server.workers[0], signal.SIGKILL)
        wait_for(lambda: calls)
        assert server.swap("churn", longer) == longer.digest
        slow.clear()
        wait_for(lambda: len(server.workers) == 2)
        assert server.models == [{"name": "churn", "digest": longer.digest}]
        for _ in range(10):
            request = urllib.request.Request(
                server.url + "/predict", json.dumps(ROW).encode(), {"content-type": "application/json"}
            )
            with urllib.request.urlopen(request, timeout=10) as answer:
                assert json.load(answer)["digest"] == longer.digest
    assert [json.loads(line)["event"] for line in lines] == ["worker died", "swapped"]
