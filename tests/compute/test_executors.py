"""Every executor against every check of the contract; and what only processes can do."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mainstay.compute.inline import InlineExecutor
from mainstay.compute.pool import ProcessPool
from mainstay.contracts.checks.check_executor import CHECKS, collect
from mainstay.contracts.executor import Executor, Job

JOBS = "mainstay.contracts.checks.check_executor"
EXECUTORS = (InlineExecutor, ProcessPool)


def test_there_are_executors_and_checks_to_run():
    assert len(EXECUTORS) == 2
    assert len(CHECKS) == 6


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("make", EXECUTORS)
def test_executor_keeps_the_contract(make, check):
    executor = make()
    assert isinstance(executor, Executor)
    try:
        check(executor)
    finally:
        executor.close()


@pytest.fixture
def pool():
    with ProcessPool(2) as pool:
        yield pool


def test_two_jobs_run_side_by_side(pool):
    collect(pool, 0)
    pool.submit(Job(0, f"{JOBS}:echo", {}))
    collect(pool, 1)  # the nursery is up
    began = time.monotonic()
    for number in (1, 2):
        pool.submit(Job(number, f"{JOBS}:sleep", {"seconds": 0.8}))
    collect(pool, 2)
    assert time.monotonic() - began < 1.5


def test_a_running_job_is_stopped_at_its_limit(pool):
    pool.submit(Job(1, f"{JOBS}:sleep", {"seconds": 60}, seconds=0.5))
    began = time.monotonic()
    (outcome,) = collect(pool, 1)
    assert outcome.status == "stopped"
    assert "limit of 0.5 s" in outcome.reason
    assert time.monotonic() - began < 5


def test_a_crash_is_reported_and_the_pool_lives_on(pool):
    pool.submit(Job(1, f"{JOBS}:die", {"code": 9}))
    pool.submit(Job(2, f"{JOBS}:echo", {}))
    outcomes = {outcome.number: outcome for outcome in collect(pool, 2)}
    assert outcomes[1].status == "failed"
    assert "code 9" in outcomes[1].reason
    assert outcomes[2].status == "done"


def test_a_job_that_wants_too_much_memory_fails_alone():
    with ProcessPool(1, bytes_per_job=100e6) as pool:
        pool.submit(Job(1, "mainstay.contracts.checks.check_executor:allocate", {"bytes": 2e9}))
        pool.submit(Job(2, "mainstay.contracts.checks.check_executor:allocate", {"bytes": 1e6}))
        outcomes = {outcome.number: outcome for outcome in collect(pool, 2)}
    assert "more memory than the budget" in outcomes[1].reason
    assert outcomes[2].payload == {"length": 1_000_000}


def is_alive(process):
    stat = Path(f"/proc/{process}/stat")
    try:
        return stat.read_text().split()[2] != "Z"
    except OSError:
        return False


def test_workers_leave_when_their_caller_is_killed(tmp_path):
    program = (
        "import time\n"
        "from mainstay.compute.pool import ProcessPool\n"
        "from mainstay.contracts.executor import Job\n"
        f"pool = ProcessPool(1); pool.submit(Job(1, '{JOBS}:sleep', {{'seconds': 60}}))\n"
        "time.sleep(1.0); print(pool._process.pid, flush=True); time.sleep(60)\n"
    )
    caller = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    nursery = int(caller.stdout.readline())
    os.kill(caller.pid, signal.SIGKILL)
    caller.wait()
    caller.stdout.close()
    deadline = time.monotonic() + 10
    while is_alive(nursery) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(nursery)


def test_scratch_folder_is_removed():
    pool = ProcessPool(1)
    scratch = pool.scratch
    assert scratch.is_dir()
    pool.close()
    assert not scratch.exists()


def test_a_module_that_is_not_there_is_the_jobs_own_business():
    with ProcessPool(1) as pool:
        pool.submit(Job(1, f"{JOBS}:echo", {"word": "still here"}, modules=("no_such_module_at_all", "wave")))
        assert [outcome.status for outcome in collect(pool, 1)] == ["done"]
