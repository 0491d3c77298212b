"""The proofs that an executor keeps its contract, and the small jobs that they run."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from mainstay.contracts.errors import DataError
from mainstay.contracts.executor import Job

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.contracts.executor import Executor, Outcome, Payload

__all__ = ["CHECKS", "allocate", "collect", "die", "echo", "raise_sentence", "sleep"]

_HERE = "mainstay.contracts.checks.check_executor"


def echo(payload: Payload) -> Payload:
    """Return what came."""
    return payload


def sleep(payload: Payload) -> Payload:
    """Return after some seconds."""
    time.sleep(float(payload["seconds"]))
    return payload


def raise_sentence(payload: Payload) -> Payload:
    """Fail as our own code fails."""
    raise DataError("the rows are wrong", where=str(payload["where"]), hint="Mend them.")


def die(payload: Payload) -> Payload:
    """End the process without a word, as a crash in a library does."""
    os._exit(int(payload["code"]))


def allocate(payload: Payload) -> Payload:
    """Take so many bytes."""
    return {"length": len(bytearray(int(payload["bytes"])))}


def collect(executor: Executor, count: int, seconds: float = 30.0) -> list[Outcome]:
    """Wait for so many outcomes."""
    outcomes: list[Outcome] = []
    deadline = time.monotonic() + seconds
    while len(outcomes) < count and time.monotonic() < deadline:
        outcomes += executor.wait(deadline - time.monotonic())
    return outcomes


def check_returns_every_payload(executor: Executor) -> None:
    """Every job comes back once, with what its function returned."""
    for number in range(5):
        executor.submit(Job(number, f"{_HERE}:echo", {"value": number, "text": "ä\n"}))
    outcomes = collect(executor, 5)
    assert sorted(outcome.number for outcome in outcomes) == list(range(5))
    assert all(outcome.payload == {"value": outcome.number, "text": "ä\n"} for outcome in outcomes)


def check_failure_is_a_sentence(executor: Executor) -> None:
    """A failed job has its reason, and the next job still runs."""
    executor.submit(Job(1, f"{_HERE}:raise_sentence", {"where": "row 7"}))
    executor.submit(Job(2, f"{_HERE}:echo", {}))
    outcomes = {outcome.number: outcome for outcome in collect(executor, 2)}
    assert outcomes[1].status == "failed"
    assert outcomes[1].reason == "row 7: the rows are wrong. Mend them."
    assert outcomes[2].status == "done"


def check_unknown_function_is_refused(executor: Executor) -> None:
    """A job can name functions of mainstay only."""
    executor.submit(Job(1, "os:getpid", {}))
    (outcome,) = collect(executor, 1)
    assert outcome.status == "failed"
    assert "must name a function of mainstay" in outcome.reason


def check_queued_job_can_be_stopped(executor: Executor) -> None:
    """A job that has not begun can be taken back, and comes back as stopped."""
    for number in range(executor.slots):
        executor.submit(Job(number, f"{_HERE}:sleep", {"seconds": 0.3}))
    executor.submit(Job(99, f"{_HERE}:echo", {}))
    executor.stop(99)
    outcomes = {outcome.number: outcome for outcome in collect(executor, executor.slots + 1)}
    assert outcomes[99].status == "stopped"


def check_wait_with_nothing_to_do_returns(executor: Executor) -> None:
    """Waiting for nothing does not hang."""
    began = time.monotonic()
    assert executor.wait(0.2) == []
    assert time.monotonic() - began < 1.0


def check_close_twice(executor: Executor) -> None:
    """Closing is safe, also twice."""
    executor.close()
    executor.close()


CHECKS: tuple[Callable[[Executor], None], ...] = (
    check_returns_every_payload,
    check_failure_is_a_sentence,
    check_unknown_function_is_refused,
    check_queued_job_can_be_stopped,
    check_wait_with_nothing_to_do_returns,
    check_close_twice,
)
