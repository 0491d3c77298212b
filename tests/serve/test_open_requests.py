"""Open requests: each has its time, is ended when it is over, and leaves no trace."""

import asyncio
import time

import pytest

from mainstay.serve.limits import Limits
from mainstay.serve.open_requests import OpenRequests


async def request(table, seconds, *, read=False):
    """Be a request that takes so long; return how it ended."""
    now = time.perf_counter()
    task = table.begin(now)
    if read:
        table.answering(task, now)
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        if not table.was_overdue(task):
            raise
        return "answer" if table.is_read(task) else "body"
    finally:
        table.end(task)
    return "done"


def test_what_takes_too_long_is_ended_and_says_why():
    table = OpenRequests(Limits(body_seconds=0.05, answer_seconds=0.3))

    async def several():
        began = time.perf_counter()
        found = await asyncio.gather(
            request(table, 0.01), request(table, 9), request(table, 0.2, read=True), request(table, 9, read=True)
        )
        return found, time.perf_counter() - began

    found, taken = asyncio.run(several())
    assert found == ["done", "body", "done", "answer"]
    assert taken < 2
    assert len(table) == 0
    assert not table._read
    assert not table._overdue


def test_a_task_that_was_ended_for_its_time_can_go_on():
    table = OpenRequests(Limits(body_seconds=0.01))

    async def goes_on():
        assert await request(table, 9) == "body"
        await asyncio.sleep(0.01)
        return asyncio.current_task().cancelling()

    assert asyncio.run(goes_on()) == 0


def test_one_that_is_cancelled_by_another_stays_cancelled():
    table = OpenRequests(Limits())

    async def cancelled():
        task = asyncio.create_task(request(table, 9))
        await asyncio.sleep(0)
        assert len(table) == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert len(table) == 0


def test_a_loop_that_is_held_shows_as_delay():
    table = OpenRequests(Limits())

    async def held():
        waiting = asyncio.create_task(request(table, 0.4))
        await asyncio.sleep(0.06)
        time.sleep(0.25)  # noqa: ASYNC251 - the loop is to be held
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        late = table.delay
        await waiting
        return late

    assert asyncio.run(held()) > 0.1


def test_the_beat_begins_anew_after_a_pause_and_in_another_loop():
    starts = []
    table = OpenRequests(Limits(body_seconds=0.05), started=starts.append)
    for _ in range(2):

        async def twice():
            assert await request(table, 9) == "body"
            await asyncio.sleep(0.15)
            assert await request(table, 9) == "body"

        asyncio.run(twice())
    assert len(starts) >= 4
