"""The journal: a line for each event, no storm, no fault of its own, nothing of a client's row."""

import json
from types import SimpleNamespace

import pytest

from mainstay.serve import journal as journal_of
from mainstay.serve.journal import Journal


class Stream:
    def __init__(self):
        self.lines = []

    def write(self, text):
        self.lines += text.splitlines()

    def flush(self):
        pass

    @property
    def events(self):
        return [json.loads(line) for line in self.lines]


def failing(kind=ValueError, value="a value of a row"):
    try:
        raise kind(value)
    except kind as error:
        return error


def test_each_event_is_one_line_of_json_with_its_time():
    stream = Stream()
    Journal(stream, worker=3).event("swapped", model="chürn\n", digest="ab")
    (event,) = stream.events
    assert event.pop("time").endswith("Z")
    assert event == {"event": "swapped", "worker": 3, "model": "chürn\n", "digest": "ab"}


def test_a_failure_says_where_and_nothing_of_the_request():
    stream = Stream()
    Journal(stream).failure({"path": "/predict"}, failing())
    (event,) = stream.events
    assert (event["event"], event["error"], event["path"]) == ("failure", "ValueError", "/predict")
    assert any("failing" in place for place in event["at"])
    assert "a value" not in stream.lines[0]


def test_a_storm_of_one_failure_is_a_few_lines_a_minute_and_counted(monkeypatch):
    stream, clock = Stream(), SimpleNamespace(now=600.0)
    monkeypatch.setattr(journal_of.time, "monotonic", lambda: clock.now)
    journal = Journal(stream)
    for _ in range(1000):
        journal.failure({"path": "/predict"}, failing())
    journal.failure({"path": "/predict"}, failing(KeyError))
    assert len(stream.lines) == 6
    clock.now += 61
    journal.failure({"path": "/predict"}, failing())
    assert [event["event"] for event in stream.events[6:]] == ["failures left out", "failure"]
    assert stream.events[6]["count"] == 995


def test_many_kinds_of_failure_are_bounded_as_well():
    stream = Stream()
    journal = Journal(stream)
    for number in range(2000):
        journal.failure({}, failing(type(f"Error{number}", (Exception,), {})))
    assert len(stream.lines) < 250


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), ValueError("I/O operation on closed file")])
def test_where_nothing_can_be_written_the_line_is_lost_and_nothing_else(fault):
    def write(text):
        raise fault

    Journal(SimpleNamespace(write=write, flush=write)).event("started")
