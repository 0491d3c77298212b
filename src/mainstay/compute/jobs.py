"""Runs one job from its name and its data: shared by the process pool and the inline executor."""

from __future__ import annotations

import importlib
import time
from typing import TYPE_CHECKING

from mainstay.contracts.errors import MainstayError, WorkerError
from mainstay.contracts.executor import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainstay.contracts.executor import Job, Payload

__all__ = ["resolve", "run_job"]


def resolve(function: str) -> Callable[[Payload], Payload]:
    """Return the function that a job names.

    Raises
    ------
    WorkerError
        When the name is outside mainstay or there is no such function: a job may not name just any code.

    Examples
    --------
    >>> resolve("os:system")
    Traceback (most recent call last):
    mainstay.contracts.errors.WorkerError: os:system: a job must name a function of mainstay.
    """
    module, _, name = function.partition(":")
    if module.split(".")[0] != "mainstay":
        raise WorkerError("a job must name a function of mainstay", where=function)
    found = getattr(importlib.import_module(module), name, None)
    if not callable(found):
        raise WorkerError("there is no such function", where=function)
    return found  # type: ignore[no-any-return]


def run_job(job: Job) -> Outcome:
    """Run a job here and now; every exception becomes a sentence."""
    began = time.monotonic()
    try:
        payload = resolve(job.function)(job.payload)
    except MemoryError:
        return _failed(job, began, "it needed more memory than the budget allows")
    except MainstayError as error:
        return _failed(job, began, str(error))
    except Exception as error:  # noqa: BLE001 - a candidate's library may raise anything; it is reported, not lost
        return _failed(
            job, began, f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"
        )
    return Outcome(job.number, "done", payload, time.monotonic() - began)


def _failed(job: Job, began: float, reason: str) -> Outcome:
    return Outcome(job.number, "failed", {}, time.monotonic() - began, reason.strip())
