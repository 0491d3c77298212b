"""What a log keeps when a process is killed, a disk is full, a database stops, or several write at once."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from mainstay.serve.log.open import open_log
from mainstay.serve.log.reading import read_entries
from mainstay.serve.log.writer import LogSettings

from .conftest import entries, entry
from .test_writer import until

PROGRAM = """
import asyncio, resource, signal, sys, time
from mainstay.serve.log.open import open_log
from mainstay.serve.log.record import Entry
from mainstay.serve.log.writer import LogSettings

def entry(run, number):
    return Entry(f"{run}-{number:010x}", time.time_ns(), "m", "ab" * 32, b'{"a":' + b"1" * 300 + b"}", b"{}", 5)

def say(*words):
    print(*words, flush=True)
"""
ENDLESS = (
    PROGRAM
    + """
async def main():
    log = open_log(sys.argv[1], mode=sys.argv[2])
    number = 0
    while True:
        if log.mode == "durable":
            promises = [log.keep([entry(sys.argv[3], number + k)]) for k in range(20)]
            assert all(await asyncio.gather(*promises)), log.state
        else:
            log.record([entry(sys.argv[3], number + k) for k in range(20)])
            await asyncio.sleep(0.001)
        number += 20
        say(number)
asyncio.run(main())
"""
)
COUNTED = (
    PROGRAM
    + """
log = open_log(sys.argv[1], settings=LogSettings(flush_seconds=0.02))
for number in range(int(sys.argv[3])):
    log.record([entry(sys.argv[2], number)])
    if number % 100 == 0:
        time.sleep(0.001)
log.close(20)
say(log.state.written, log.state.lost)
"""
)
FULL = (
    PROGRAM
    + """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
log = open_log(sys.argv[1], mode=sys.argv[2], settings=LogSettings(queue=3000, patience=0.3, flush_seconds=0.02))
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))

async def main():
    told = []
    for at in range(0, 6000, 100):
        promise = log.keep([entry("00000000000000aa", number) for number in range(at, at + 100)])
        if log.mode == "durable":
            told.append(await promise)
    await asyncio.sleep(1)
    state = log.state
    say(state.healthy, state.queued, state.written, state.lost, sum(told) * 100)
    say(state.message)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await asyncio.sleep(0.1)
    log.close(20)
    state = log.state
    say(state.healthy, state.queued, state.written, state.lost)
asyncio.run(main())
"""
)


def begin(program, *words):
    return subprocess.Popen([sys.executable, "-c", program, *words], stdout=subprocess.PIPE, text=True)


def finished(*processes):
    said = [process.communicate(timeout=60)[0].splitlines() for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return said


@pytest.mark.parametrize("mode", ["durable", "batched"])
def test_a_kill_loses_nothing_that_was_promised(address, mode):
    process = begin(ENDLESS, address, mode, "00000000000000aa")
    said = 0
    while said < (3000 if mode == "durable" else 8000):
        said = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    said = max(said, *map(int, process.stdout.read().split() or [0]))
    process.wait(10)
    process.stdout.close()
    there = {int(one.id[-10:], 16) for one in read_entries(address)}
    missing = set(range(said)) - there
    if mode == "durable":
        assert not missing
    else:
        # What is lost is the newest, and no more than comes in an interval: here at most 20 entries a millisecond.
        assert len(missing) < 0.5 * 20_000
        assert missing == set(range(min(missing, default=said), said))


def test_several_processes_share_a_log(address):
    runs = [f"{number:016x}" for number in range(3)]
    writing = [begin(COUNTED, address, run, "4000") for run in runs]
    assert finished(*writing) == [["4000 0"]] * 3
    assert len({one.id for one in read_entries(address)}) == 12_000


@pytest.mark.parametrize("mode", ["durable", "batched"])
def test_a_full_disk_loses_what_it_says_and_no_more(tmp_path, mode):
    place = str(tmp_path / "answers.db")
    ((full, message, after),) = finished(begin(FULL, place, mode))
    healthy, queued, written, lost, promised = full.split()
    assert healthy == "False"
    assert message.startswith(("the disk", "the log's file"))
    assert int(queued) + int(written) + int(lost) == 6000
    assert int(queued) == 3000
    healthy, queued, kept, lost_after = after.split()
    assert (healthy, queued, lost_after) == ("True", "0", lost)
    assert int(kept) == 6000 - int(lost) == sum(1 for _ in read_entries(place))
    if mode == "durable":
        assert 0 < int(promised) <= int(written)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["stopped", "crashed"])
def test_a_database_that_stops_and_starts_again_costs_no_answer(postgres, how):
    server, address = postgres
    log = open_log(address, settings=LogSettings(queue=20_000, flush_seconds=0.02))
    sent, stop = 0, threading.Event()

    def stream():
        nonlocal sent
        while not stop.is_set():
            log.record([entry(sent + k) for k in range(20)])
            sent += 20
            time.sleep(0.001)

    thread = threading.Thread(target=stream)
    thread.start()
    until(lambda: log.state.written > 500)
    server.stop(how)
    until(lambda: not log.state.healthy)
    assert "database" in log.state.message
    assert "127.0.0.1" not in log.state.message
    until(lambda: log.state.lost > 0, 20)
    server.start()
    until(lambda: log.state.healthy and log.state.written > 20_000, 20)
    stop.set()
    thread.join()
    log.close(20)
    state = log.state
    assert (state.queued, state.written + state.lost) == (0, sent)
    there = [one.id for one in read_entries(address)]
    assert len(there) == len(set(there)) == state.written


def test_a_durable_answer_goes_out_while_the_database_is_away(postgres):
    server, address = postgres

    async def main():
        log = open_log(address, mode="durable", settings=LogSettings(patience=0.3))
        assert await log.keep(entries(2))
        assert len(list(read_entries(address))) == 2
        await asyncio.to_thread(server.stop)
        assert await asyncio.wait_for(log.keep([entry(2)]), 1) is False
        await asyncio.to_thread(server.start)
        await asyncio.to_thread(until, lambda: log.state.written == 3, 10)
        assert await log.keep([entry(3)])
        log.close(5)
        assert log.state.lost == 0

    asyncio.run(main())
    assert list(read_entries(address)) == entries(4)


def test_a_connection_that_is_cut_is_made_anew(postgres):
    server, address = postgres
    log = open_log(address, settings=LogSettings(flush_seconds=0.01))
    for number in range(20):
        log.record([entry(number)])
        server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'mainstay%'")
        time.sleep(0.02)
    log.close(10)
    assert (log.state.written, log.state.lost) == (20, 0)
    assert list(read_entries(address)) == entries(20)


def test_text_that_postgresql_cannot_keep_is_counted(postgres):
    _, address = postgres
    log = open_log(address, settings=LogSettings(flush_seconds=0.01))
    log.record([*entries(50), entry(50, inputs=b'{"a":"\x00"}'), entry(51, output=b'{"a":"\xff"}'), entry(52)])
    log.close(10)
    assert (log.state.written, log.state.lost) == (51, 2)
    assert [one.id[-2:] for one in read_entries(address)][-1] == "34"


def test_a_log_may_begin_while_the_database_is_away(postgres):
    server, address = postgres
    server.stop()
    log = open_log(address, may_be_away=True, settings=LogSettings(flush_seconds=0.01))
    log.record(entries(5))
    until(lambda: not log.state.healthy)
    server.start()
    until(lambda: log.state.written == 5, 10)
    log.close(1)


def family(pid):
    words = ["ps", "-o", "pid=", "--ppid", str(pid)]
    return [pid, *map(int, subprocess.run(words, capture_output=True, text=True, check=True).stdout.split())]


def test_a_database_that_falls_silent_holds_nobody(postgres):
    server, address = postgres

    async def main():
        log = open_log(address, mode="durable", settings=LogSettings(patience=0.2))
        assert await log.keep([entry(0)])
        pids = await asyncio.to_thread(family, server.process.pid)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            assert await asyncio.wait_for(log.keep([entry(1)]), 1) is False
            began = time.monotonic()
            log.close(0.2)
            assert time.monotonic() - began < 1
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        assert log.state.lost == 1

    asyncio.run(main())


RACE = """
import sys, time
from mainstay.serve.log.address import read_address
from mainstay.serve.log.open import make_store
store = make_store(read_address(sys.argv[1]), "batched")
while time.time() < float(sys.argv[2]):
    pass
store.open()
store.close()
"""


def test_processes_that_begin_a_log_at_the_same_moment_do_not_disturb_each_other(tmp_path):
    moment = str(time.time() + 1.2)
    finished(*[begin(RACE, str(tmp_path / "answers.db"), moment) for _ in range(4)])
