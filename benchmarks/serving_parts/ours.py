"""Our own server, by its public faces only: the command, /metrics, and the table of the prediction log."""

import re
import sys
import time
from pathlib import Path

import sqlalchemy

from serving_parts.server import Server

COMMAND = Path(sys.executable).parent / "mainstay"
READY = "/health/ready"
ANSWERED, WRITTEN, LOST, QUEUED = (
    "mainstay_predictions_total", "mainstay_log_written_total", "mainstay_log_lost_total", "mainstay_log_queued",
)  # fmt: skip
"""Names in /metrics: rows answered, and how the log fares."""
STATED_SECONDS, STATED_ROWS = 0.5, 100_000
"""What the batched log says that a kill may cost: what waits in memory, which is at most 0.2 s of answers and the write
that is under way while the store keeps up (half a second together), and never more than the queue of a worker."""
LOGGED = b'"logged":true'
"""What an answer of the durable mode says once it is kept."""
ID = re.compile(rb'"id":\s?"([0-9a-f]{16}-[0-9a-f]{10})"')
DIGEST = re.compile(rb'"digest":\s?"([0-9a-f]{64})"')


def words(bundle, *, workers=1, log=None, mode="", more=()):
    """Return the command that serves a bundle, "{port}" for the port."""
    told = [COMMAND, "serve", bundle, "--host", "127.0.0.1", "--port", "{port}", "--workers", workers]
    if log:
        told += ["--log", log, *(["--log-mode", mode] if mode else [])]
    return [*told, *more]


def serve(bundle, scratch, *, workers=1, log=None, mode="", more=(), port=None):
    """Return our server, not yet started."""
    scratch.mkdir(parents=True, exist_ok=True)
    told = words(bundle, workers=workers, log=log, mode=mode, more=more)
    return Server(told, ready_path=READY, output=scratch / "output.txt", port=port)


def metrics(server):
    """Return {name with labels: value} of /metrics."""
    status, body = server.get("/metrics")
    if status != 200:
        raise RuntimeError(f"/metrics answers {status}")
    lines = (line.rsplit(" ", 1) for line in body.decode().splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, value in lines}


def settled(server, seconds=30.0):
    """Wait until nothing of the log is queued, at most so long; return the metrics then."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and metric(metrics(server), QUEUED):
        time.sleep(0.2)
    time.sleep(0.5)  # each worker says how it fares a few times a second
    return metrics(server)


def metric(found, name):
    """Return the sum of a metric over its labels."""
    return sum(value for key, value in found.items() if key == name or key.startswith(f"{name}{{"))


def stored_ids(url):
    """Return the ids of all rows of a log, with repeats."""
    engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    try:
        table = log_table(engine)
        with engine.connect() as door:
            return [one for (one,) in door.execute(sqlalchemy.text(f'SELECT id FROM "{table}"'))]
    finally:
        engine.dispose()


def stored(url):
    """Return how many rows a log holds."""
    engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    try:
        table = log_table(engine)
        with engine.connect() as door:
            return door.execute(sqlalchemy.text(f'SELECT count(*) FROM "{table}"')).scalar()
    finally:
        engine.dispose()


def log_table(engine):
    """Return the table that holds the answers: the one with the columns id and digest."""
    asked = sqlalchemy.inspect(engine)
    for table in asked.get_table_names():
        if {"id", "digest"} <= {column["name"] for column in asked.get_columns(table)}:
            return table
    raise RuntimeError("the log has no table of answers")
