"""Does the server keep answering, and count exactly what it lost, while its database goes away and comes back?

    python benchmarks/serving_database.py [--outages 0.5,3,20] [--workers 1,2] [--quick]

A PostgreSQL of our own is stopped under load, in turn as an operator does it and as a crash does, stays away for so
many seconds and comes back; the longest is meant to overflow the queue. The load is 16 connections with one row a
request, every tenth 25 rows. No prediction may fail. When it is over and the queue is empty: the answers that the
client got = what /metrics says was answered = rows in the store + rows that /metrics says were lost, exactly. In the
durable mode every answer that says "logged": true is in the store. Writes .cache/serving_database.json.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path

from serving_parts import ours, postgres
from serving_parts.answers import mixed_requests
from serving_parts.client import Crowd
from serving_parts.forest import build
from serving_parts.report import finish


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--outages", default="0.5,3,20", help="seconds, default %(default)s")
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--modes", default="batched,durable")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--quick", action="store_true", help="outages of 0.5 and 3 s, one worker")
    parser.add_argument("--json")
    told = parser.parse_args()
    if told.quick:
        told.outages, told.workers = "0.5,3", "1"
    return told


class Seen:
    """What the client saw: the ids it got, and what was no answer."""

    def __init__(self):
        self.ids, self.promised, self.failed, self.slowest = set(), set(), [], 0.0

    def answered(self, _row, status, body, seconds):
        self.slowest = max(self.slowest, seconds)
        found = ours.ID.findall(body)
        if status == 200 and found:
            self.ids.update(one.decode() for one in found)
            if ours.LOGGED in body:
                self.promised.update(one.decode() for one in found)
        else:
            self.failed.append(f"{status}: {body[:200]!r}")

    def broken(self, _row, problem):
        self.failed.append(problem)


async def load(server, database, requests, outages, seen, connections):
    """Load while the database goes and comes."""
    crowd = Crowd(
        server.port, requests, connections=connections, answered=seen.answered, failed=seen.broken, patience=15.0
    )
    loading = asyncio.ensure_future(crowd.run())
    loop = asyncio.get_running_loop()
    health = []
    await asyncio.sleep(1)
    for turn, seconds in enumerate(outages):
        await loop.run_in_executor(None, database.stop, ("fast", "immediate")[turn % 2])
        await asyncio.sleep(seconds)
        health.append(await loop.run_in_executor(None, server.get, "/health/ready"))
        await loop.run_in_executor(None, database.start)
        await asyncio.sleep(2)
    crowd.stop()
    await loading
    return [(status, body.decode(errors="replace")[:300]) for status, body in health]


def run(mode, workers, told, forest):
    seen = Seen()
    outages = [float(one) for one in told.outages.split(",")]
    with tempfile.TemporaryDirectory() as folder, postgres.Postgres(Path(folder) / "postgres") as database:
        server = ours.serve(forest.bundle, Path(folder), workers=workers, log=database.url, mode=mode)
        with server:
            requests = mixed_requests(forest, server.port)
            health = asyncio.run(load(server, database, requests, outages, seen, told.connections))
            found = ours.settled(server)
            stored = set(ours.stored_ids(database.url))
        after = ours.stored(database.url)
    counts = {
        name: int(ours.metric(found, of))
        for name, of in (("answered", ours.ANSWERED), ("written", ours.WRITTEN), ("lost", ours.LOST))
    }
    return {
        "mode": mode, "workers": workers, "outages": outages, "client": len(seen.ids), "failed": len(seen.failed),
        "first_failed": seen.failed[:3], "slowest_s": seen.slowest, "stored": len(stored), "stored_at_end": after,
        "missing": len(seen.ids - stored), "promised": len(seen.promised),
        "promised_missing": len(seen.promised - stored), **counts, "health_while_away": health,
    }  # fmt: skip


def exact(one):
    """Return what does not add up, in words."""
    found = [f"{one['failed']} requests failed"] if one["failed"] else []
    if one["client"] != one["answered"]:
        found.append(f"the client got {one['client']:,} answers, /metrics says {one['answered']:,}")
    if one["answered"] != one["stored"] + one["lost"]:
        found.append(f"answered {one['answered']:,} but stored {one['stored']:,} + lost {one['lost']:,}")
    if one["missing"] != one["lost"]:
        found.append(f"{one['missing']:,} ids are not in the store, /metrics says {one['lost']:,}")
    if one["promised_missing"]:
        found.append(f"{one['promised_missing']:,} answers said that they were logged, and are not in the store")
    if one["mode"] == "durable" and not one["promised"]:
        found.append("no answer of the durable mode said that it was logged")
    if one["written"] != one["stored"]:
        found.append(f"/metrics says {one['written']:,} were written, the store holds {one['stored']:,}")
    return found


def main():
    told = arguments()
    if postgres.found() is None:
        raise SystemExit("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        forest = build(Path(folder))
        for mode in told.modes.split(","):
            for workers in told.workers.split(","):
                one = run(mode, int(workers), told, forest)
                wrong = exact(one)
                runs.append({**one, "wrong": wrong})
                print(
                    f"{mode:8} {workers} workers: {one['client']:,} answered, {one['failed']} failed,"
                    f" {one['stored']:,} "
                    f"stored, {one['lost']:,} lost, slowest {one['slowest_s']:.2f} s: {'; '.join(wrong) or 'exact'}",
                    flush=True,
                )
                for line in one["first_failed"]:
                    print("   ", line)
    good = not any(one["wrong"] for one in runs)
    words = "; ".join(dict.fromkeys(line for one in runs for line in one["wrong"]))
    lost = sum(one["lost"] for one in runs)
    answered = sum(one["client"] for one in runs)
    finish(
        "serving_database",
        {"runs": runs},
        good,
        words or f"0 of {answered:,} failed, {lost:,} lost, counted exactly",
        told.json,
    )


if __name__ == "__main__":
    main()
