"""Does the server's memory stay where it is over millions of requests?

    python benchmarks/serving_soak.py [--requests 5000000] [--seconds 1200] [--workers 1] [--quick]

Single rows from wrk, back to back, until so many requests or so many seconds, whichever comes first; beside them a
slow stream of everything else: batches, explanations, refused rows, broken JSON, /metrics, connections that are cut.
The log is a batched SQLite file. Resident memory is sampled every two seconds; the median of the last tenth of the
samples may lie 5 % above that of the tenth that follows the warm-up (the first tenth, at least 20 s in the full form).
Writes .cache/serving_soak.json.
"""

import argparse
import json
import socket
import statistics
import tempfile
import threading
import time
from pathlib import Path

from serving_parts import ours
from serving_parts.forest import build, write_bodies
from serving_parts.load import press
from serving_parts.report import finish

CHUNK = 15.0
"""Seconds of one run of wrk."""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=5_000_000)
    parser.add_argument("--seconds", type=float, default=1200)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--every", type=float, default=2.0, help="seconds between samples of memory")
    parser.add_argument("--quick", action="store_true", help="60 seconds")
    parser.add_argument("--json")
    told = parser.parse_args()
    told.seconds = min(told.seconds, 60) if told.quick else told.seconds
    return told


class Aside:
    """Everything that is not a single right row, ten a second, in a thread."""

    def __init__(self, server, forest):
        self._server, self._forest = server, forest
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.asked, self.wrong = 0, []

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _run(self):
        rows = [self._forest.cells(row) for row in range(100)]
        asks = [
            ("/predict", {"rows": rows}, 200),
            ("/predict?explain=true", rows[1], 200),
            ("/predict", {"rows": [*rows[:5], {"f0": "no number"}], "on_error": "row"}, 200),
            ("/predict", {"f0": []}, 422),
            ("/predict", {"nobody": 1}, 422),
            ("/models/nobody/predict", rows[0], 404),
            ("/metrics", None, 200),
            ("/openapi.json", None, 200),
            ("", None, None),
        ]
        while not self._ended.wait(0.1):
            path, body, due = asks[self.asked % len(asks)]
            self.asked += 1
            try:
                status = self._ask(path, body)
            except OSError as problem:
                status = repr(problem)
            if status != due:
                self.wrong.append(f"{path}: {status}, not {due}")

    def _ask(self, path, body):
        if not path:  # a client that goes away in the middle of its request
            with socket.create_connection(("127.0.0.1", self._server.port)) as door:
                door.sendall(b"POST /predict HTTP/1.1\r\nContent-Length: 500\r\n\r\n{")
            return None
        if body is None:
            return self._server.get(path)[0]
        return self._server.post(path, json.dumps(body).encode())[0]


class Scale:
    """Samples resident memory in a thread: [(seconds, requests so far, MB)]."""

    def __init__(self, server, every):
        self._server, self._every = server, every
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._began = time.monotonic()
        self.samples = []

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _run(self):
        while not self._ended.wait(self._every):
            self.samples.append((time.monotonic() - self._began, self._server.megabytes()))


def growth(samples):
    """Return (MB after the warm-up, MB at the end, growth as a share)."""
    tenth = max(1, len(samples) // 10)
    after = statistics.median(mb for _, mb in samples[tenth : 2 * tenth])
    end = statistics.median(mb for _, mb in samples[-tenth:])
    return after, end, end / after - 1


def main():
    told = arguments()
    loads = []
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        forest = build(scratch / "forest")
        bodies = write_bodies(forest, lambda of, row: of.cells(row), scratch / "bodies.jsonl")
        url = f"sqlite:///{scratch / 'log.sqlite'}"
        server = ours.serve(forest.bundle, scratch, workers=told.workers, log=url, mode="batched").start()
        try:
            until = time.monotonic() + told.seconds
            with Aside(server, forest) as aside, Scale(server, told.every) as scale:
                while (left := until - time.monotonic()) > 1 and sum(one.requests for one in loads) < told.requests:
                    chunk = max(1, min(CHUNK, left))
                    loads.append(press(server.port, "/predict", bodies, seconds=chunk, connections=told.connections))
            found = ours.settled(server)
            lost = ours.metric(found, ours.LOST)
        finally:
            ended = server.stop()
        stored = ours.stored(url)
        size = (scratch / "log.sqlite").stat().st_size / 1e6
    after, end, share = growth(scale.samples)
    requests = sum(one.requests for one in loads)
    bad = sum(one.refused + one.socket_errors for one in loads)
    rates = [one.rate for one in loads]
    print(f"{requests:,} requests, {bad} failed; {aside.asked:,} others, {len(aside.wrong)} wrong {aside.wrong[:3]}")
    print(
        f"requests/s first {rates[0]:,.0f}, last {rates[-1]:,.0f}, least {min(rates):,.0f};"
        f" log {stored:,} rows, {size:,.0f} MB, {lost:.0f} lost"
    )
    verdict = f"{requests:,} requests, {bad} failed, memory {after:.1f} -> {end:.1f} MB ({share:+.1%})"
    result = {
        "requests": requests, "failed": bad, "rates": rates, "p99": [one.p99 for one in loads],
        "samples": scale.samples,
        "mb_after_warm_up": after, "mb_end": end, "growth": share, "aside": aside.asked,
        "aside_wrong": aside.wrong[:20],
        "stored": stored, "lost": lost, "log_mb": size, "workers": told.workers, "ended_by_itself": ended,
    }  # fmt: skip
    finish("serving_soak", result, share < 0.05 and not bad and not aside.wrong and ended, verdict, told.json)


if __name__ == "__main__":
    main()
