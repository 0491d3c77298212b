"""Every system that is measured: how it is started, what it is asked, and where its probabilities stand."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from serving_parts import ours
from serving_parts.report import ROOT
from serving_parts.server import NotReadyError, Server

PEERS = ROOT / ".bench-peers-serving" / "bin"
PROGRAMS = Path(__file__).parent / "peers"


@dataclass
class System:
    """A system to measure.

    `words(forest, scratch)` is its command, "{port}" for the port; `body(forest, row)` what is posted to `path`;
    `probabilities(answer)` finds them in what comes back (None: the answer is the request itself).
    """

    name: str
    words: Callable
    path: str
    body: Callable
    probabilities: Callable | None
    ready: str
    prepare: Callable = lambda _: None
    peer: bool = True
    log: str = ""
    environment: dict = field(default_factory=dict)

    def missing(self):
        """Return why it cannot run here, or nothing."""
        if self.peer and not PEERS.exists():
            return "not installed: make bench-peers-serving"
        return ""

    def server(self, forest, scratch, folder=PROGRAMS):
        """Return its server, not yet started; scratch is an empty folder for what it writes."""
        environment = {"FOREST": str(forest.folder), **self.environment}
        environment["PATH"] = f"{PEERS}{os.pathsep}{os.environ['PATH']}"
        output = scratch / "output.txt"
        words = self.words(forest, scratch)
        return Server(words, ready_path=self.ready, output=output, environment=environment, folder=folder)

    def check(self, server, forest, rows=60):
        """Ask rows and hold the answers against the estimator's; raise NotReadyError where they differ by over 1e-6."""
        for row in range(rows):
            asked = self.body(forest, row)
            status, body = server.post(self.path, json.dumps(asked).encode())
            if status != 200:
                raise NotReadyError(f"answers {status}: {body[:200]!r}")
            answer = json.loads(body)
            if self.probabilities is None:
                wrong = float(answer != asked)
            else:
                pairs = zip(self.probabilities(answer), forest.probabilities[row], strict=True)
                wrong = max(abs(mine - theirs) for mine, theirs in pairs)
            if not wrong <= 1e-6:
                raise NotReadyError(f"row {row} is answered wrong, by {wrong:g}")


def _cells(forest, row):
    return forest.cells(row)


def _features(forest, row):
    return {"features": forest.numbers(row)}


def _listed(answer):
    return answer["probabilities"]


def _named(answer):
    return [answer["probabilities"][label] for label in ("0", "1")]


def _uvicorn(app):
    return [
        PEERS / "uvicorn",
        app,
        "--host",
        "127.0.0.1",
        "--port",
        "{port}",
        "--workers",
        "1",
        "--log-level",
        "warning",
    ]


def _gunicorn(app):
    return [PEERS / "gunicorn", app, "--bind", "127.0.0.1:{port}", "--workers", "1", "--log-level", "warning"]


def _mlflow_words(forest, _scratch):
    words = [PEERS / "mlflow", "models", "serve", "-m", forest.folder / "mlflow", "--env-manager", "local"]
    return [*words, "--host", "127.0.0.1", "--port", "{port}", "--workers", "1"]


def _mlflow_save(forest):
    if (forest.folder / "mlflow").exists():
        return
    words = [PEERS / "python", PROGRAMS / "mlflow_model.py", forest.folder]
    ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    if ran.returncode:
        raise NotReadyError(f"the model could not be saved: {ran.stderr[-300:]}")


def _echo(_forest, _scratch):
    words = [sys.executable, "-m", "uvicorn", "echo:app", "--http", "httptools", "--loop", "uvloop"]
    return [*words, "--host", "127.0.0.1", "--port", "{port}", "--no-access-log", "--log-level", "warning"]


def _bento(_forest, _scratch):
    return [PEERS / "bentoml", "serve", "bento_service:Forest", "--host", "127.0.0.1", "--port", "{port}"]


def _mlflow_body(forest, row):
    return {"inputs": [forest.numbers(row)]}


_ALL = [
    System("fastapi", lambda *_: _uvicorn("tutorial_fastapi:app"), "/predict", _features, _listed, "/health"),
    System(
        "fastapi-async", lambda *_: _uvicorn("tutorial_fastapi:app"), "/predict_async", _features, _listed, "/health"
    ),
    System("flask", lambda *_: _gunicorn("tutorial_flask:app"), "/predict", _features, _listed, "/health"),
    System(
        "mlflow", _mlflow_words, "/invocations", _mlflow_body, lambda answer: answer["predictions"][0], "/ping",
        prepare=_mlflow_save, environment={"MLFLOW_DISABLE_TELEMETRY": "true"},
    ),
    System(
        "bentoml", _bento, "/predict", _features, _listed, "/livez",
        environment={"BENTOML_DO_NOT_TRACK": "True"},
    ),
    System("echo", _echo, "/predict", _cells, None, "/", peer=False),
]  # fmt: skip


def _our_system(workers, log):
    def words(forest, scratch):
        where = f"sqlite:///{scratch / 'log.sqlite'}" if log else None
        return ours.words(forest.bundle, workers=workers, log=where, mode=log)

    name = f"ours-{workers}" + (f"-{log}" if log else "")
    return System(name, words, "/predict", _cells, _named, ours.READY, peer=False, log=log)


SYSTEMS = {
    one.name: one for one in [*_ALL, *(_our_system(n, log) for n in (1, 2) for log in ("", "batched", "durable"))]
}
