"""The executor without processes: jobs run one after the other where they are asked for.

For platforms that cannot fork, for debugging, for tables so small that processes take longer to start than models to
fit, and as the second implementation that keeps the contract honest.
A job that runs cannot be stopped from outside; its own deadline must do.
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Self

from mainstay.compute.jobs import run_job
from mainstay.contracts.executor import Outcome

if TYPE_CHECKING:
    from mainstay.contracts.executor import Job

__all__ = ["InlineExecutor"]


class InlineExecutor:
    """Runs each job inside :meth:`wait`.

    Examples
    --------
    >>> from mainstay.contracts.executor import Job
    >>> executor = InlineExecutor()
    >>> executor.submit(Job(1, "mainstay.nowhere:nothing", {}))
    >>> executor.wait(1.0)[0].status
    'failed'
    >>> executor.close()
    """

    def __init__(self) -> None:
        self.slots = 1
        self.apart = False
        self.bytes_per_job = float("inf")
        self.scratch = Path(tempfile.mkdtemp(prefix="mainstay-"))
        self._queue: list[Job] = []
        self._stopped: list[Outcome] = []

    def submit(self, job: Job) -> None:
        """Queue a job."""
        self._queue.append(job)

    def wait(self, seconds: float) -> list[Outcome]:
        """Run the next job and return it; with the jobs that were stopped before they began."""
        del seconds
        ended, self._stopped = self._stopped, []
        if self._queue:
            with warnings.catch_warnings():  # as in a worker process, where no one would see them
                warnings.simplefilter("ignore")
                ended.append(run_job(self._queue.pop(0)))
        return ended

    def stop(self, number: int) -> None:
        """Take a job from the queue."""
        if any(job.number == number for job in self._queue):
            self._queue = [job for job in self._queue if job.number != number]
            self._stopped.append(Outcome(number, "stopped", reason="it was stopped before it began"))

    def close(self) -> None:
        """Forget what is queued and remove the scratch folder."""
        self._queue.clear()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
