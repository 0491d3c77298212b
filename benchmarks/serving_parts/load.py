"""Load from a process of its own: wrk where it is installed, else a Python client, whose results are marked."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass
class Load:
    """What a load saw: requests a second, latencies in ms, answers of 400 and up, failed connections; by which tool."""

    rate: float
    p50: float
    p90: float
    p99: float
    worst: float
    requests: int
    refused: int
    socket_errors: int
    tool: str


def press(port, path, bodies, *, seconds, connections):
    """POST the bodies of a file (one a line) in turn over keep-alive connections and return what was seen."""
    told = wrk if shutil.which("wrk") else python
    found = told(port, path, bodies, seconds, connections)
    rate = found["requests"] / found.pop("seconds")
    return Load(rate=rate, tool=told.__name__, **found)


def wrk(port, path, bodies, seconds, connections):
    words = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{max(1, round(seconds))}s",
        "--timeout",
        "10s",
        "-s",
        HERE / "post.lua",
    ]
    return _run([*words, f"http://127.0.0.1:{port}", "--", path, bodies], seconds)


def python(port, path, bodies, seconds, connections):
    words = [sys.executable, HERE / "python_load.py", port, path, bodies, seconds, connections]
    return _run(words, seconds)


def _run(words, seconds):
    told = [str(word) for word in words]
    ran = subprocess.run(told, capture_output=True, text=True, timeout=seconds + 60, check=False)
    if ran.returncode:
        raise RuntimeError(f"the load ended with {ran.returncode}: {ran.stderr[-500:]}")
    line = next(line for line in ran.stdout.splitlines() if line.startswith("RESULT "))
    return json.loads(line.removeprefix("RESULT "))
