"""A server as a process: started on a free port, waited for, weighed, and ended by process id."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import time

import psutil

LIMIT = 120
"""Seconds that a server may take until it answers."""


class NotReadyError(Exception):
    """A server that ended or stayed silent; the message is the end of what it printed."""


def free_port():
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Server:
    """Runs `words`, in which "{port}" stands for the port, until `stop`; a context that stops by itself.

    What it prints goes to a file, so that no full pipe can halt it. `ready_path` is asked until it answers 200.
    """

    def __init__(self, words, *, ready_path, output, environment=None, folder=None, port=None):
        self.port = port or free_port()
        self.output = output
        self._words = [str(word).replace("{port}", str(self.port)) for word in words]
        self._ready, self._folder = ready_path, folder
        self._environment = {**os.environ, **(environment or {})}
        self._process = None
        self.seconds_to_ready = None

    @property
    def pid(self):
        return self._process.pid

    @property
    def running(self):
        return self._process is not None and self._process.poll() is None

    def start(self):
        began = time.monotonic()
        with self.output.open("ab") as told:
            self._process = subprocess.Popen(
                self._words, stdin=subprocess.DEVNULL, stdout=told, stderr=told,
                env=self._environment, cwd=self._folder, start_new_session=True,
            )  # fmt: skip
        while not self.answers():
            if self._process.poll() is not None:
                raise NotReadyError(f"ended with code {self._process.returncode}: {self.tail()}")
            if time.monotonic() > began + LIMIT:
                self.stop()
                raise NotReadyError(f"not ready after {LIMIT} s: {self.tail()}")
            time.sleep(0.01)
        self.seconds_to_ready = time.monotonic() - began
        return self

    def answers(self, path=None):
        """Whether the ready path answers 200."""
        try:
            return self.get(path or self._ready)[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def get(self, path):
        """Return (status, body) of a GET."""
        return self.ask("GET", path)

    def post(self, path, body, headers=None):
        """Return (status, body) of a POST of JSON bytes."""
        return self.ask("POST", path, body, {"content-type": "application/json", **(headers or {})})

    def ask(self, method, path, body=None, headers=None):
        door = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(door):
            door.request(method, path, body=body, headers=headers or {})
            answer = door.getresponse()
            return answer.status, answer.read()

    def family(self):
        """Return the living processes of the tree, the first one first."""
        try:
            first = psutil.Process(self._process.pid)
            return [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def megabytes(self):
        """Return the resident memory of the tree in MB (1e6 bytes); pages that workers share count for each."""
        total = 0
        for one in self.family():
            with contextlib.suppress(psutil.Error):
                total += one.memory_info().rss
        return total / 1e6

    def cpu_seconds(self):
        """Return the processor time that the tree has taken so far."""
        total = 0.0
        for one in self.family():
            with contextlib.suppress(psutil.Error):
                taken = one.cpu_times()
                total += taken.user + taken.system
        return total

    def signal(self, number):
        self._process.send_signal(number)

    def kill(self):
        """End the whole tree at once with SIGKILL, as a machine that loses power would."""
        family = self.family()
        for one in family:
            with contextlib.suppress(psutil.Error):
                one.kill()
        psutil.wait_procs(family, timeout=10)
        self._process.wait(10)

    def stop(self, patience=20):
        """Ask it to end, wait, and kill what is left; return whether it ended by itself."""
        if self._process is None:
            return True
        family = self.family()
        if self.running:
            self.signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        left = [one for one in psutil.wait_procs(family, timeout=2)[1] if one.is_running()]
        for one in left:
            with contextlib.suppress(psutil.Error):
                one.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        return not left

    def tail(self):
        """Return the end of what it printed."""
        lines = [line for line in self.output.read_text(errors="replace").splitlines() if line.strip()]
        return " | ".join(lines[-3:])[-400:]

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
