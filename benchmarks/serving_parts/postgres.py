"""A PostgreSQL of our own in a scratch folder, run as an ordinary user, to be stopped and started under load."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from serving_parts.server import free_port

USER = "nobody"
"""PostgreSQL refuses to run as root; then this user runs it."""


def found():
    """Return the folder of PostgreSQL's programs, or None."""
    for place in (shutil.which("initdb"), *sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)):
        if place and (Path(place).resolve().parent / "postgres").exists():
            return Path(place).resolve().parent
    return None


class Postgres:
    """A cluster in a folder that it makes; a context that starts it and takes it away."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.port = free_port()
        self._programs = found()
        self._as = ["setpriv", "--reuid", USER, "--regid", "nogroup", "--clear-groups"] if os.geteuid() == 0 else []

    @property
    def url(self):
        return f"postgresql://mainstay@127.0.0.1:{self.port}/postgres"

    def _run(self, *words, check=True):
        told = [*self._as, *map(str, words)]
        return subprocess.run(told, capture_output=True, text=True, check=check, cwd="/", stdin=subprocess.DEVNULL)

    def create(self):
        self.folder.mkdir(parents=True)
        if self._as:
            shutil.chown(self.folder, USER, "nogroup")
            for parent in self.folder.parents:  # a folder of tempfile is closed to others
                if parent == Path("/") or parent.stat().st_mode & 0o001:
                    break
                parent.chmod(parent.stat().st_mode | 0o011)
        data = self.folder / "data"
        self._run(self._programs / "initdb", "-D", data, "-U", "mainstay", "-A", "trust", "--no-sync")
        return self

    def start(self):
        """Start it and return once it takes connections."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        words = ["-D", self.folder / "data", "-o", options, "-l", self.folder / "log.txt", "-w", "start"]
        # pg_ctl's child would keep a pipe of ours open
        told = [*self._as, str(self._programs / "pg_ctl"), *map(str, words)]
        null = subprocess.DEVNULL
        subprocess.run(told, stdin=null, stdout=null, stderr=null, check=True, cwd="/")
        return self

    def stop(self, mode="fast"):
        """Stop it: "fast" ends sessions, "immediate" is what a crash looks like."""
        self._run(self._programs / "pg_ctl", "-D", self.folder / "data", "-m", mode, "-w", "stop", check=False)

    def restart_after(self, seconds, mode="fast"):
        self.stop(mode)
        time.sleep(seconds)
        self.start()

    def __enter__(self):
        return self.create().start()

    def __exit__(self, *_):
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)
