"""The process that worker processes are forked from.

It loads the learning libraries once, starts no threads, and forks a child for each job: a child is ready in
milliseconds, shares the loaded pages, and can be killed without harm. This is why not a plain pool: a pool pickles
its tasks (law 4), cannot stop one of them (law 5), and forking the caller itself is unsafe once it has threads.

Commands come as JSON lines on standard input, events leave as JSON lines on standard output; a child writes its
outcome into the scratch folder. When standard input ends, the caller is gone: the children are killed and it leaves.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import selectors
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import msgspec

from mainstay.compute.jobs import run_job
from mainstay.compute.memory import limit_growth
from mainstay.contracts.executor import Job

__all__ = ["main", "outcome_path", "say"]

_READ_SIZE = 1 << 16


def outcome_path(scratch: Path, number: int) -> Path:
    """Return where a child leaves the outcome of a job."""
    return scratch / f"outcome-{number}.json"


class _Nursery:
    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.children: dict[int, int] = {}
        self.rest = b""

    def start(self, command: dict[str, Any]) -> None:
        number = int(command["number"])
        for module in command.get("modules", ()):
            with contextlib.suppress(ImportError):  # the job itself says what is missing
                importlib.import_module(module)
        process = os.fork()
        if process == 0:
            self._be_child(command)
        self.children[process] = number
        say({"started": number})

    def _be_child(self, command: dict[str, Any]) -> None:
        code = 1
        try:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.set_wakeup_fd(-1)
            os.dup2(2, 1)  # whatever a library prints must not look like an event
            limit_growth(float(command.get("bytes") or "inf"))
            job = Job(int(command["number"]), command["function"], command["payload"])
            outcome = run_job(job)
            path = outcome_path(self.scratch, job.number)
            part = path.with_suffix(".part")
            part.write_bytes(msgspec.json.encode(outcome))
            part.replace(path)
            code = 0
        finally:
            os._exit(code)

    def stop(self, number: int) -> None:
        for process, job in self.children.items():
            if job == number:
                os.kill(process, signal.SIGKILL)

    def reap(self) -> None:
        while self.children:
            process, status = os.waitpid(-1, os.WNOHANG)
            if process == 0:
                return
            number = self.children.pop(process, None)
            if number is not None:
                say({"ended": number, "code": os.waitstatus_to_exitcode(status)})

    def obey(self, data: bytes) -> None:
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            command = msgspec.json.decode(line)
            if "stop" in command:
                self.stop(int(command["stop"]))
            else:
                self.start(command)


def say(event: dict[str, Any]) -> None:
    """Send an event to the caller."""
    os.write(1, msgspec.json.encode(event) + b"\n")


def _serve(nursery: _Nursery) -> None:
    wake_read, wake_write = socket.socketpair()
    wake_read.setblocking(False)
    wake_write.setblocking(False)
    signal.set_wakeup_fd(wake_write.fileno())
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    with selectors.DefaultSelector() as selector:
        selector.register(0, selectors.EVENT_READ)
        selector.register(wake_read, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fd != 0:
                    wake_read.recv(_READ_SIZE)
                    nursery.reap()
                elif data := os.read(0, _READ_SIZE):
                    nursery.obey(data)
                else:
                    return


def main(arguments: list[str]) -> None:
    """Load the modules named after the scratch folder, say ready, and serve until the caller is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    nursery = _Nursery(Path(arguments[0]))
    for module in arguments[1:]:
        importlib.import_module(module)
    say({"ready": True})
    try:
        _serve(nursery)
    finally:
        for process in nursery.children:
            os.kill(process, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
