"""A model is exchanged while requests come: none fails, none is answered by both, and a bad file changes nothing."""

import os
import signal
import time

import pytest
from tests.bundle.conftest import SCHEMA

from mainstay.contracts.schema import Column, Schema

from .running import ROW, Crowd, Running, facts, model_bytes, replace

KNOWN = {facts(bias): bias for bias in (0.0, 1.0)}


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "churn.mainstay"
    path.write_bytes(model_bytes())
    return path


@pytest.mark.parametrize("workers", [1, 2])
def test_swapping_under_requests_drops_and_mixes_nothing(tmp_path, model, workers):
    with Running(tmp_path, model, "--workers", workers) as server, Crowd(server.port) as crowd:
        for turn in range(1, 7):
            bias = float(turn % 2)
            if turn == 4:
                replace(model, model_bytes(bias)[:-100])
                server.send(signal.SIGHUP)
                server.wait_for_event("swap refused")
            replace(model, model_bytes(bias))
            server.send(signal.SIGHUP)
            assert server.wait_for_event("swapped", turn)["digest"] == facts(bias)[0]
            since, before = time.monotonic(), len(crowd.asked)
            server.wait_for(lambda start=before: len(crowd.asked) > start + 20)
            assert {digest for began, digest in crowd.asked if began > since} == {facts(bias)[0]}
        text = server.text("/metrics")
    assert not crowd.faults
    assert {status for status, _, _ in crowd.answers} == {200}
    assert {(digest, share) for _, digest, share in crowd.answers} == set(KNOWN)
    counted = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if "swap" in line
               and not line.startswith("#")}  # fmt: skip
    assert sorted(filter(None, counted.values())) == [1, 6], counted


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bad_file_leaves_the_old_model_serving(tmp_path, model, workers):
    with Running(tmp_path, model, "--workers", workers) as server:
        turned = bytearray(model_bytes(1.0))
        turned[len(turned) // 2] ^= 1
        for count, data in enumerate([b"no bundle", model_bytes(1.0)[:-1], bytes(turned), b""], start=1):
            replace(model, data)
            server.send(signal.SIGHUP)
            line = server.wait_for_event("swap refused", count)
            assert line["message"]
            assert line["model"] == "churn"
            assert server.digest() == facts()[0]
        model.unlink()
        server.send(signal.SIGHUP)
        assert "cannot be read" in server.wait_for_event("swap refused", 5)["message"]
        assert server.ask("POST", "/predict", ROW)[0] == 200


def other_columns():
    columns = [*SCHEMA.columns[:4], Column(name="visits", kind="text", role="ignored"), *SCHEMA.columns[4:]]
    columns[1] = Column(name="charge", kind="number", nullable=False)
    return Schema(columns=tuple(columns))


def test_other_columns_are_refused_unless_it_was_said(tmp_path, model):
    data = b""
    with Running(tmp_path, model) as server:
        data = other_model()
        replace(model, data)
        server.send(signal.SIGHUP)
        line = server.wait_for_event("swap refused")
        assert line["code"] == "schema_change"
        assert "'charge' is a new column; 'fee' is no column any more" in line["message"]
        assert "--allow-schema-change" in line["hint"]
        assert server.ask("POST", "/predict", ROW)[0] == 200
    replace(model, model_bytes())
    with Running(tmp_path, model, "--allow-schema-change") as server:
        replace(model, data)
        server.send(signal.SIGHUP)
        server.wait_for_event("swapped")
        assert server.ask("POST", "/predict", ROW)[0] == 422


def other_model():
    from . import running

    row = dict(running.ROW)
    row["charge"] = row.pop("fee")
    kept = running.ROW
    running.ROW = row
    try:
        return model_bytes(0.5, other_columns())
    finally:
        running.ROW = kept


def test_the_same_file_is_no_swap(tmp_path, model):
    with Running(tmp_path, model) as server:
        os.utime(model)
        server.send(signal.SIGHUP)
        replace(model, model_bytes())
        server.send(signal.SIGHUP)
        time.sleep(0.5)
        assert server.events() == ["started"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_watched_file_is_taken_once_it_is_whole(tmp_path, model, workers):
    with Running(tmp_path, model, "--watch", "0.1", "--workers", workers) as server:
        data = model_bytes(1.0)
        with model.open("wb") as file:
            for start in range(0, len(data), len(data) // 12):
                file.write(data[start : start + len(data) // 12])
                file.flush()
                time.sleep(0.03)
        assert server.wait_for_event("swapped")["digest"] == facts(1.0)[0]
        assert server.digest() == facts(1.0)[0]
        replace(model, b"no bundle")
        server.wait_for_event("swap refused")
        time.sleep(0.5)
        assert server.events().count("swap refused") == 1
        replace(model, model_bytes())
        server.wait_for_event("swapped", 2)
