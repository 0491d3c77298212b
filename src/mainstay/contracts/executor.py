"""How work is handed to other processes: a job is a name and data, never code.

The local process pool is the default; another engine takes part by offering the same four verbs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, runtime_checkable

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Executor", "Job", "Outcome", "Payload", "Status", "Workers"]

Payload = Mapping[str, Any]
Status = Literal["done", "failed", "stopped"]


@dataclass(frozen=True, slots=True)
class Job:
    """One call of a named function.

    Parameters
    ----------
    number : int
        Unique within an executor.
    function : str
        ``"package.module:function"`` inside mainstay or a registered plugin; it takes and returns a mapping of plain
        values (what JSON can hold).
    payload : mapping
        The function's only argument. Arrays travel as files that it names.
    seconds : float, default infinity
        After this time the job is stopped, whatever it does.
    modules : tuple of str, default ()
        What the function will import, where that takes long: an executor may load it once for all jobs to come.
    """

    number: int
    function: str
    payload: Payload
    seconds: float = float("inf")
    modules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended.

    Parameters
    ----------
    number : int
    status : {"done", "failed", "stopped"}
    payload : mapping
        What the function returned; empty unless done.
    seconds : float
        Wall-clock time of the job.
    reason : str
        One sentence, unless done.
    """

    number: int
    status: Status
    payload: Payload = field(default_factory=dict)
    seconds: float = 0.0
    reason: str = ""


@runtime_checkable
class Executor(Protocol):
    """Runs jobs, some at a time."""

    slots: int

    def submit(self, job: Job) -> None:
        """Queue a job; it starts as soon as a slot is free."""
        ...

    def wait(self, seconds: float) -> list[Outcome]:
        """Return the jobs that have ended, waiting at most so long for the first of them."""
        ...

    def stop(self, number: int) -> None:
        """End a job now; it still comes back from :meth:`wait`, as "stopped"."""
        ...

    def close(self) -> None:
        """End all jobs and give everything back. May be called twice."""
        ...


class Workers(Executor, Protocol):
    """An executor with a place for the files that jobs name: what a training run works with.

    Attributes
    ----------
    scratch : Path
        A folder that goes when the executor is closed.
    bytes_per_job : float
        How much memory a job may allocate, where that can be limited.
    apart : bool
        Whether jobs run beside the caller, in processes of their own.
    """

    scratch: Path
    bytes_per_job: float
    apart: bool

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...
