"""The queue and its thread: nothing waits, every entry is counted once, and no trouble of a store ends it."""

import asyncio
import threading
import time

import pytest

from mainstay.serve.log.record import LogState
from mainstay.serve.log.retention import Retention
from mainstay.serve.log.writer import LogSettings, QueuedLog

from .conftest import entries, entry


class MemoryStore:
    """A store that can be away, slow, or refuse entries."""

    def __init__(self):
        self.rows = {}
        self.batches = []
        self.away = None
        self.keeps_before_failing = False
        self.bad = set()
        self.open_gate = threading.Event()
        self.open_gate.set()
        self.begun = threading.Event()
        self.shrunk = 0

    def open(self):
        pass

    def write(self, batch):
        self.begun.set()
        self.open_gate.wait(20)
        if self.away is not None:
            if self.keeps_before_failing:
                self.rows |= {one.id: one for one in batch}
            raise self.away
        if self.bad & {one.id for one in batch}:
            raise ValueError
        self.batches.append(len(batch))
        self.rows |= {one.id: one for one in batch}

    def shrink(self, retention, now_ns):
        self.shrunk += 1
        if self.away is not None:
            raise self.away
        return False

    def close(self):
        pass

    def blames_entries(self, error):
        return isinstance(error, ValueError)

    def in_words(self, error):
        return f"the store is away ({type(error).__name__})"


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def start(store):
    """Begin a log over the store, and end it after the test."""
    logs = []

    def begin(mode="batched", retention=None, **settings):
        logs.append(QueuedLog(store, mode, LogSettings(**settings), retention or Retention()))
        return logs[-1]

    yield begin
    store.open_gate.set()
    for log in logs:
        log.close(1)


def until(met, seconds=5.0):
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.005)


def test_entries_are_written_within_the_interval(start, store):
    log = start(flush_seconds=0.05)
    log.record(entries(3))
    until(lambda: log.state.written == 3, 1.0)
    assert log.state == LogState(healthy=True, queued=0, written=3, lost=0)
    assert list(store.rows.values()) == entries(3)


def test_many_entries_end_the_interval_early(start):
    log = start(flush_seconds=30, flush_entries=100)
    log.record(entries(99))
    time.sleep(0.1)
    assert log.state.queued == 99
    log.record([entry(99)])
    until(lambda: log.state.written == 100, 1.0)


def test_a_full_queue_loses_what_comes_and_counts_it_exactly(start, store):
    store.open_gate.clear()
    log = start(queue=1000, flush_seconds=0.01)
    log.record(entries(700))
    assert store.begun.wait(2)
    log.record([entry(n) for n in range(700, 1100)])
    log.record([entry(1100)])
    assert log.state == LogState(healthy=True, queued=1000, written=0, lost=101)
    store.open_gate.set()
    until(lambda: log.state.written == 1000)
    log.record([entry(2000)])
    log.close(2)
    assert log.state == LogState(healthy=True, queued=0, written=1001, lost=101)
    assert len(store.rows) == 1001


def test_a_store_that_is_away_is_tried_again_and_caught_up_with(start, store):
    store.away = OSError("secret.example")
    log = start(queue=50, flush_seconds=0.01)
    log.record(entries(60))
    until(lambda: not log.state.healthy)
    assert log.state == LogState(healthy=False, queued=50, written=0, lost=10, message="the store is away (OSError)")
    store.away = None
    until(lambda: log.state.written == 50)
    assert log.state == LogState(healthy=True, queued=0, written=50, lost=10)


def test_a_commit_of_unknown_fate_is_sent_again_and_counted_once(start, store):
    store.away, store.keeps_before_failing = ConnectionError(), True
    log = start(flush_seconds=0.01)
    log.record(entries(5))
    until(lambda: not log.state.healthy)
    assert log.state.queued == 5 == len(store.rows)
    store.away = None
    until(lambda: log.state.written == 5)
    assert log.state.lost == 0


def test_an_entry_that_cannot_be_kept_does_not_take_others_with_it(start, store):
    store.bad = {entry(3).id, entry(77).id}
    log = start(flush_seconds=0.01)
    log.record(entries(100))
    until(lambda: log.state.queued == 0)
    assert (log.state.written, log.state.lost, len(store.rows)) == (98, 2, 98)
    assert log.state.healthy
    assert "2 entries" in log.state.message


def test_no_trouble_ends_the_thread(start, store):
    class OddError(Exception):
        pass

    store.away = OddError()
    store.in_words = None  # even the words fail
    log = start(flush_seconds=0.01)
    log.record(entries(2))
    until(lambda: not log.state.healthy)
    assert "unexpected TypeError" in log.state.message
    store.away = None
    until(lambda: log.state.written == 2)


def test_the_end_writes_what_waits(start, store):
    log = start(flush_seconds=30)
    log.record(entries(2500))
    log.close(5)
    assert (log.state.written, log.state.lost) == (2500, 0)
    log.record([entry(1)])
    log.close(5)
    assert (log.state.queued, log.state.written, log.state.lost) == (0, 2500, 1)


@pytest.mark.parametrize("trouble", ["away", "silent"])
def test_the_end_comes_in_time_and_counts_what_is_left(start, store, trouble):
    if trouble == "away":
        store.away = OSError()
    else:
        store.open_gate.clear()
    log = start(flush_seconds=0.01)
    log.record(entries(7))
    began = time.monotonic()
    log.close(0.3)
    assert time.monotonic() - began < 1
    assert (log.state.queued, log.state.written, log.state.lost) == (0, 0, 7)


def test_durable_answers_share_commits_and_are_told_in_the_thread_of_the_loop(start, store):
    async def main():
        log = start("durable")
        store.open_gate.clear()
        first = log.keep([entry(0)])
        await asyncio.to_thread(store.begun.wait, 2)
        told = []
        others = [log.keep([entry(n)]) for n in range(1, 400)]
        for one in others:
            one.add_done_callback(lambda done: told.append((done.result(), threading.get_ident())))
        await asyncio.sleep(0.02)
        assert not first.done()
        store.open_gate.set()
        assert await asyncio.gather(first, *others) == [True] * 400
        assert set(told) == {(True, threading.get_ident())}
        assert store.batches == [1, 399]
        assert len(store.rows) == 400

    asyncio.run(main())


def test_durable_says_false_after_its_patience_and_keeps_trying(start, store):
    async def main():
        store.away = OSError()
        log = start("durable", patience=0.2)
        began = time.monotonic()
        assert await asyncio.gather(log.keep([entry(0)]), log.keep(entries(3)[1:])) == [False, False]
        assert 0.15 < time.monotonic() - began < 0.6
        assert log.state.queued == 3
        began = time.monotonic()
        assert await log.keep([entry(3)]) is False
        assert time.monotonic() - began < 0.1, "once it is known to be away nobody waits for it"
        store.away = None
        await asyncio.to_thread(until, lambda: log.state.written == 4)
        assert log.state.lost == 0
        assert await log.keep([entry(4)]) is True

    asyncio.run(main())


def test_durable_says_false_to_the_one_whose_entry_cannot_be_kept(start, store):
    async def main():
        store.bad = {entry(1).id}
        log = start("durable")
        promises = [log.keep([entry(n)]) for n in range(3)]
        assert await asyncio.gather(*promises) == [True, False, True]
        assert await log.keep([entry(3)]) is True

    asyncio.run(main())


def test_durable_says_false_at_once_where_the_queue_is_full(start, store):
    async def main():
        store.open_gate.clear()
        log = start("durable", queue=2)
        waits = log.keep(entries(2))
        assert await asyncio.wait_for(log.keep(entries(5)[3:]), 0.5) is False
        assert log.state.lost == 2
        store.open_gate.set()
        assert await waits is True
        assert await log.keep([]) is True

    asyncio.run(main())


def test_a_client_that_went_away_disturbs_nobody(start, store):
    async def main():
        store.open_gate.clear()
        log = start("durable")
        gone, stays = log.keep([entry(0)]), log.keep([entry(1)])
        gone.cancel()
        store.open_gate.set()
        assert await stays is True

    asyncio.run(main())


def test_the_end_tells_those_who_wait(start, store):
    async def main():
        store.away = OSError()
        log = start("durable")
        waits = log.keep([entry(0)])
        log.close(0.1)
        assert await waits is False
        assert await log.keep([entry(1)]) is False
        assert log.state.lost == 2

    asyncio.run(main())


def test_a_log_serves_one_loop_after_another(start):
    log = start("durable")

    async def ask(number):
        return await log.keep([entry(number)])

    assert [asyncio.run(ask(number)) for number in range(3)] == [True, True, True]


def test_old_entries_are_looked_for_only_when_asked(start, store):
    start(flush_seconds=0.01, tidy_seconds=0.01)
    time.sleep(0.1)
    assert store.shrunk == 0


def test_a_log_that_cannot_shrink_is_still_written(start, store):
    store.away = OSError()
    log = start(flush_seconds=0.01, tidy_seconds=0.01, retention=Retention(max_rows=1))
    until(lambda: store.shrunk > 1)
    assert log.state.healthy
    assert "old entries were not deleted" in log.state.message
    store.away = None
    until(lambda: not log.state.message)


def test_taking_entries_costs_the_loop_next_to_nothing(start):
    log = start(flush_seconds=60, flush_entries=10**9)
    batches = [entries(8) for _ in range(5000)]
    began = time.perf_counter()
    for batch in batches:
        log.record(batch)
    each = (time.perf_counter() - began) / 40_000
    assert each < 5e-6, "0.05 microseconds were measured; this leaves room for a busy machine"


def test_the_queue_is_bounded_in_bytes_too(start, store):
    store.open_gate.clear()
    log = start(queue_bytes=10_000, flush_seconds=0.01)
    log.record(entries(15, inputs=b"x" * 982))  # 1,000 bytes each, with the output
    assert (log.state.queued, log.state.lost) == (10, 5)
    log.record([entry(50)])
    assert log.state.lost == 6
    store.open_gate.set()
    until(lambda: log.state.queued == 0)
    log.record([entry(n, inputs=b"x" * 982) for n in range(100, 110)])
    until(lambda: log.state.written == 20)
    assert log.state.lost == 6
