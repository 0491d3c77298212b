"""The default executor: jobs run in child processes that can be stopped, and hand back data only."""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec

from mainstay.compute.nursery import outcome_path
from mainstay.contracts.errors import WorkerError
from mainstay.contracts.executor import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.contracts.executor import Job

__all__ = ["ProcessPool"]

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")
_READ_SIZE = 1 << 16


class ProcessPool:
    """Runs jobs in forked child processes, two at a time by default.

    Each child computes with one thread: two models side by side finish sooner than one model on two threads.

    Parameters
    ----------
    slots : int, default 2
        How many jobs run at a time.
    preload : sequence of str
        Modules that the nursery imports once, before any job.
    bytes_per_job : float, default infinity
        How much memory a job may allocate.

    Raises
    ------
    WorkerError
        When the nursery has died.
    """

    def __init__(self, slots: int = 2, *, preload: Sequence[str] = (), bytes_per_job: float = float("inf")) -> None:
        self.slots = slots
        self.apart = True
        self.bytes_per_job = bytes_per_job
        self.scratch = Path(tempfile.mkdtemp(prefix="mainstay-"))
        self._queue: list[Job] = []
        self._running: dict[int, Job] = {}
        self._began: dict[int, float] = {}
        self._stopped: set[int] = set()
        self._early: list[Outcome] = []
        self._rest = b""
        self._process = self._start(preload)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._out, selectors.EVENT_READ)

    def _start(self, preload: Sequence[str]) -> subprocess.Popen[bytes]:
        environment = {**os.environ, **dict.fromkeys(_ONE_THREAD, "1")}
        # -P: a file json.py or lightgbm.py beside the data is not code of ours.
        command = [sys.executable, "-P", "-m", "mainstay.compute.nursery", str(self.scratch), *preload]
        complaints = (self.scratch / "complaints.txt").open("wb")
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints,
            env=environment, start_new_session=True, bufsize=0,
        )  # fmt: skip
        complaints.close()
        if process.stdin is None or process.stdout is None:  # pragma: no cover - pipes were asked for
            raise WorkerError("the worker processes could not be reached")
        self._in, self._out = process.stdin, process.stdout
        return process

    def submit(self, job: Job) -> None:
        """Queue a job; it starts as soon as a slot is free."""
        self._queue.append(job)
        self._fill()

    def wait(self, seconds: float) -> list[Outcome]:
        """Return the jobs that have ended, waiting at most so long for the first of them."""
        deadline = time.monotonic() + seconds
        ended, self._early = self._early, []
        while not ended and (self._running or self._queue):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            ended = self._listen(min(left, 0.1))
            self._stop_overdue()
        self._fill()
        return ended

    def stop(self, number: int) -> None:
        """End a job now; it still comes back from :meth:`wait`, as "stopped"."""
        if any(job.number == number for job in self._queue):
            self._queue = [job for job in self._queue if job.number != number]
            self._early.append(Outcome(number, "stopped", reason="it was stopped before it began"))
        elif number in self._running and number not in self._stopped:
            self._stopped.add(number)
            self._send({"stop": number})

    def close(self) -> None:
        """End all jobs and remove the scratch folder. May be called twice."""
        if self._process.poll() is None:
            with contextlib.suppress(OSError):
                self._in.close()
            try:
                self._process.wait(timeout=2)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        with contextlib.suppress(OSError):
            self._in.close()
        self._out.close()
        self._selector.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def _fill(self) -> None:
        while self._queue and len(self._running) < self.slots:
            job = self._queue.pop(0)
            self._running[job.number] = job
            limit = None if self.bytes_per_job == float("inf") else self.bytes_per_job
            command = {"number": job.number, "function": job.function, "payload": job.payload, "bytes": limit}
            self._send({**command, "modules": job.modules})

    def _send(self, command: dict[str, object]) -> None:
        data = msgspec.json.encode(command) + b"\n"
        try:
            while data:
                data = data[os.write(self._in.fileno(), data) :]
        except OSError as error:
            raise WorkerError(
                "the worker processes are gone", hint="Run it again; if it repeats, report it."
            ) from error

    def _listen(self, seconds: float) -> list[Outcome]:
        if not self._selector.select(seconds):
            return []
        data = os.read(self._out.fileno(), _READ_SIZE)
        if not data:
            raise WorkerError(f"the worker processes ended unexpectedly ({self._last_words()})")
        *lines, self._rest = (self._rest + data).split(b"\n")
        ended = []
        for event in (msgspec.json.decode(line) for line in lines):
            if "started" in event:
                self._began[event["started"]] = time.monotonic()
            elif "ended" in event:
                ended.append(self._ended(event["ended"], event["code"]))
        return ended

    def _ended(self, number: int, code: int) -> Outcome:
        job, began = self._running.pop(number), self._began.pop(number)
        seconds = time.monotonic() - began
        path = outcome_path(self.scratch, number)
        self._fill()
        if path.exists():
            outcome = msgspec.json.decode(path.read_bytes(), type=Outcome)
            path.unlink()
            return outcome
        if number in self._stopped:
            self._stopped.discard(number)
            reason = f"it was stopped after {seconds:.1f} s" if seconds < job.seconds else (
                f"it was stopped at its limit of {job.seconds:.1f} s"
            )  # fmt: skip
            return Outcome(number, "stopped", {}, seconds, reason)
        return Outcome(number, "failed", {}, seconds, f"its process ended with code {code} (out of memory?)")

    def _last_words(self) -> str:
        code = self._process.wait()
        lines = (self.scratch / "complaints.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return f"code {code}: {lines[-1][:200]}" if lines else f"code {code}, often the machine out of memory"

    def _stop_overdue(self) -> None:
        now = time.monotonic()
        for number, began in self._began.items():
            if now - began > self._running[number].seconds:
                self.stop(number)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
