"""Several workers: one that dies is replaced by one that serves the same, and none outlives its parent."""

import os
import signal
import time
from pathlib import Path

import pytest

from .running import ROW, Crowd, Running, facts, model_bytes, replace

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs a system that tells of processes")


@pytest.fixture
def server(tmp_path):
    path = tmp_path / "churn.mainstay"
    path.write_bytes(model_bytes())
    with Running(tmp_path, path, "--workers", 2) as server:
        server.model = path
        yield server


def gone(number):
    """Whether a process has ended; one that nobody has asked after yet counts as ended."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_worker_that_is_killed_is_replaced_by_one_that_serves_the_same(server):
    first = server.workers()
    assert len(first) == 2
    replace(server.model, b"what lies there now is none of the workers' business")
    os.kill(first[0], signal.SIGKILL)
    line = server.wait_for_event("worker died")
    assert (line["pid"], line["code"]) == (first[0], -9)
    server.wait_for(lambda: len(server.workers()) == 2)
    os.kill(first[1], signal.SIGKILL)
    server.wait_for_event("worker died", 2)
    server.wait_for(lambda: len(server.workers()) == 2)
    assert server.digest() == facts()[0]
    assert server.end() == 0
    assert server.events()[-1] == "stopped"


def test_while_one_worker_is_away_the_other_answers(server):
    with Crowd(server.port) as crowd:
        server.wait_for(lambda: len(crowd.answers) > 50)
        os.kill(server.workers()[0], signal.SIGKILL)
        server.wait_for_event("worker died")
        answered = len(crowd.answers)
        assert all(server.ask("POST", "/predict", ROW)[0] == 200 for _ in range(20))
    assert len(crowd.answers) >= answered
    assert set(crowd.answers) == {(200, *facts())}


def test_workers_end_when_their_parent_is_killed(server):
    workers = server.workers()
    server.process.kill()
    server.process.wait()
    server.wait_for(lambda: all(gone(number) for number in workers), 15)


def test_a_worker_that_is_told_to_end_is_replaced_as_well(server):
    before = server.workers()
    os.kill(before[0], signal.SIGTERM)
    assert server.wait_for_event("worker died")["code"] == 0
    server.wait_for(lambda: len(set(server.workers()) - set(before)) == 1)
    assert server.ask("POST", "/predict", ROW)[0] == 200


def test_a_worker_begun_after_a_swap_serves_the_new_model(server):
    replace(server.model, model_bytes(1.0))
    server.send(signal.SIGHUP)
    server.wait_for_event("swapped")
    replace(server.model, b"")
    for number in server.workers():
        os.kill(number, signal.SIGKILL)
    server.wait_for_event("worker died", 2)
    assert server.digest() == facts(1.0)[0]


def test_a_worker_that_dies_while_a_swap_is_prepared_hinders_it_not(server):
    for turn in range(1, 5):
        replace(server.model, model_bytes(float(turn % 2)))
        server.send(signal.SIGHUP)
        time.sleep(0.03 * turn)
        there = server.workers()
        os.kill(there[turn % len(there)], signal.SIGKILL)
        assert server.wait_for_event("swapped", turn)["digest"] == facts(float(turn % 2))[0]
        assert {server.digest() for _ in range(20)} == {facts(float(turn % 2))[0]}
    server.wait_for(lambda: len(server.workers()) == 2)
    assert {server.digest() for _ in range(20)} == {facts()[0]}


def test_the_parent_loads_no_model_and_no_runtime(server):
    def megabytes(number):
        lines = Path(f"/proc/{number}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024

    maps = Path(f"/proc/{server.process.pid}/maps").read_text()
    assert "onnxruntime" not in maps
    assert "onnxruntime" in Path(f"/proc/{server.workers()[0]}/maps").read_text()
    assert megabytes(server.process.pid) < 80


def test_both_workers_get_connections(server):
    connections = [server.connection() for _ in range(40)]
    runs = set()
    for connection in connections:
        connection.request("POST", "/predict", '{"age": 31, "fee": 9.5, "plan": "basic", "city": "Bern"}',
                           {"content-type": "application/json"})  # fmt: skip
    for connection in connections:
        answer = connection.getresponse().read().decode()
        runs.add(answer.partition('"id":"')[2][:16])
        connection.close()
    assert len(runs) == 2
