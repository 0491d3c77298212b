"""A PostgreSQL of our own where its programs are installed, and entries to write; also for the other tests of serving.

The database runs as an ordinary user (it refuses to run as root), listens on 127.0.0.1 alone, on a free port, with a
password, and can be stopped in the middle of things and started again.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from mainstay.serve.log.record import Entry

PASSWORD = "not+for/you"
QUOTED = "not%2Bfor%2Fyou"
DIGEST = "ab" * 32


def entry(number, run="00000000000000aa", **changes):
    """Return an entry as the server makes them."""
    made = Entry(
        f"{run}-{number:010x}",
        1_700_000_000_000_000_000 + number,
        "churn",
        DIGEST,
        b'{"age":31}',
        b'{"prediction":1.5}',
        90,
    )
    return made._replace(**changes)


def entries(count, **changes):
    return [entry(number, **changes) for number in range(count)]


def programs():
    """Return the folder with PostgreSQL's programs, or None."""
    found = [path.parent for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)]
    on_path = shutil.which("initdb")
    if on_path:
        found.append(Path(on_path).resolve().parent)
    return next((folder for folder in found if (folder / "postgres").exists()), None)


def ordinary_user():
    """Return how to run as an ordinary user: (words before a command, user id), or None."""
    if os.geteuid():
        return [], os.geteuid()
    tool = shutil.which("setpriv")
    if tool is None:
        return None
    nobody = pwd.getpwnam("nobody")
    return [tool, f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"], nobody.pw_uid


def free_port():
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


class Postgres:
    """A database server that can be stopped and started."""

    def __init__(self, folder, user):
        self.folder = folder
        self.before, owner = user
        self.port = free_port()
        self.process = None
        os.chown(folder, owner, -1)
        word = folder / "word"
        word.write_text(PASSWORD)
        word.chmod(0o644)
        self._run(
            "initdb",
            "-D",
            self.data,
            "-U",
            "mainstay",
            "-A",
            "scram-sha-256",
            f"--pwfile={word}",
            "--no-sync",
            "-E",
            "UTF8",
        )

    @property
    def data(self):
        return str(self.folder / "data")

    def url(self, database="postgres", password=QUOTED):
        return f"postgresql://mainstay:{password}@127.0.0.1:{self.port}/{database}"

    def start(self):
        command = [*self.before, str(programs() / "postgres"), "-D", self.data, "-p", str(self.port)]
        command += ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=20"]
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/")
        until = time.monotonic() + 20
        while time.monotonic() < until:
            if self.process.poll() is not None:
                pytest.fail(f"postgres ended: {(self.folder / 'log').read_text()[-2000:]}")
            try:
                self.query("SELECT 1")
            except OSError:
                time.sleep(0.05)
            else:
                return
        pytest.fail("postgres did not start")

    def stop(self, how=signal.SIGINT):
        """Stop it: SIGINT ends all connections at once, SIGQUIT leaves as if it had crashed."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(20)
            self.process = None

    def query(self, statement, database="postgres"):
        """Run one statement and return its rows, if it has any; OSError while the server is not there."""
        import psycopg

        try:
            with psycopg.connect(self.url(database), autocommit=True, connect_timeout=5) as connection:
                cursor = connection.execute(statement)
                return cursor.fetchall() if cursor.description else []
        except psycopg.OperationalError as error:
            raise OSError from error

    def _run(self, program, *words):
        command = [*self.before, str(programs() / program), *words]
        subprocess.run(command, check=True, capture_output=True, cwd="/", timeout=60)


@pytest.fixture(scope="session")
def postgres_server():
    """A running PostgreSQL; skipped where its programs or its driver are not installed."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'mainstay[postgres]'")
    if programs() is None:
        pytest.skip("the programs of PostgreSQL (initdb, postgres) are not installed")
    user = ordinary_user()
    if user is None:
        pytest.skip("PostgreSQL does not run as root, and setpriv is not installed")
    # Not below pytest's own folder, which an ordinary user may not enter.
    with tempfile.TemporaryDirectory(prefix="mainstay-postgres-", ignore_cleanup_errors=True) as folder:
        server = Postgres(Path(folder), user)
        server.start()
        yield server
        server.stop(signal.SIGQUIT)


@pytest.fixture
def postgres(postgres_server):
    """A running PostgreSQL with a database that is empty: the server, and the address of the database."""
    if postgres_server.process is None:
        postgres_server.start()
    name = f"logs_{time.time_ns()}"
    postgres_server.query(f"CREATE DATABASE {name}")
    return postgres_server, postgres_server.url(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request, tmp_path):
    """Where a log may lie: each kind in turn."""
    if request.param == "sqlite":
        return str(tmp_path / "answers.db")
    return request.getfixturevalue("postgres")[1]
