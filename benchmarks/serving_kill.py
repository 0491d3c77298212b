"""What does kill -9 under load cost the prediction log?

    python benchmarks/serving_kill.py [--kills 30] [--stores sqlite,postgres] [--modes durable,batched] [--quick]

The server is loaded by 16 connections (one row a request, every tenth 25 rows), killed with all its workers at a
random moment, and started again on the same log, so many times. The client keeps the id of every answer that it got
in full. Then the store is read. In the durable mode every such id must be there. In the batched mode the ids that are
not must belong to answers given within the time that the log states before the kill (docs/serving.md), and no more
than it states may be missing for a kill. No id may be there twice.
Writes .cache/serving_kill.json.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

from serving_parts import ours, postgres
from serving_parts.answers import mixed_requests
from serving_parts.client import Crowd
from serving_parts.forest import build
from serving_parts.report import finish


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--stores", default="sqlite,postgres")
    parser.add_argument("--modes", default="durable,batched")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--quick", action="store_true", help="5 kills")
    parser.add_argument("--json")
    told = parser.parse_args()
    told.kills = 5 if told.quick else told.kills
    return told


class Acknowledged:
    """The ids that came back, with the moment of each."""

    def __init__(self):
        self.ids = {}
        self.refused = []

    def answered(self, _row, status, body, _seconds):
        found = ours.ID.findall(body)
        if status == 200 and found:
            self.ids.update(dict.fromkeys((one.decode() for one in found), time.monotonic()))
        else:
            self.refused.append(f"{status}: {body[:200]!r}")


async def load_and_kill(server, requests, seconds, connections):
    """Load a server, kill it; return what it acknowledged and when it was killed."""
    got = Acknowledged()
    crowd = Crowd(server.port, requests, connections=connections, answered=got.answered)
    loading = asyncio.ensure_future(crowd.run())
    await asyncio.sleep(seconds)
    killed = time.monotonic()
    await asyncio.get_running_loop().run_in_executor(None, server.kill)
    await asyncio.sleep(0.05)  # answers that were in the socket at the time
    crowd.stop()
    await loading
    return got, killed


def run(store, mode, told, forest):
    """Kill so many times on one store; return what was lost."""
    draw = random.Random(11)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        database = postgres.Postgres(scratch / "postgres") if store == "postgres" else None
        if database:
            database.__enter__()
        url = database.url if database else f"sqlite:///{scratch / 'log.sqlite'}"
        try:
            kills = [kill_once(url, mode, told, forest, scratch, draw.uniform(0.2, 1.2)) for _ in range(told.kills)]
            stored = Counter(ours.stored_ids(url))
        finally:
            if database:
                database.__exit__()
    lost = [[(one, killed - at) for one, at in got.ids.items() if one not in stored] for got, killed in kills]
    ages = [age for of in lost for _, age in of]
    return {
        "store": store, "mode": mode, "kills": len(kills), "acknowledged": sum(len(got.ids) for got, _ in kills),
        "stored": len(stored), "twice": sum(count > 1 for count in stored.values()), "lost": sum(map(len, lost)),
        "most_lost_in_a_kill": max(map(len, lost), default=0), "oldest_lost_s": max(ages, default=0.0),
        "refused": sum(len(got.refused) for got, _ in kills),
        "first_refused": [line for got, _ in kills for line in got.refused][:3],
    }  # fmt: skip


def kill_once(url, mode, told, forest, scratch, seconds):
    server = ours.serve(forest.bundle, scratch, workers=told.workers, log=url, mode=mode).start()
    try:
        requests = mixed_requests(forest, server.port)
        return asyncio.run(load_and_kill(server, requests, seconds, told.connections))
    finally:
        server.kill()


def kept(one):
    """Whether a run kept what its mode promises."""
    good = one["acknowledged"] and not one["twice"] and not one["refused"]
    if one["mode"] == "durable":
        return good and not one["lost"]
    return good and one["oldest_lost_s"] <= ours.STATED_SECONDS and one["most_lost_in_a_kill"] <= ours.STATED_ROWS


def main():
    told = arguments()
    runs = []
    stores = told.stores.split(",")
    if "postgres" in stores and postgres.found() is None:
        print("PostgreSQL is not installed (Debian: apt-get install postgresql), so only SQLite is tried")
        stores.remove("postgres")
    with tempfile.TemporaryDirectory() as folder:
        forest = build(Path(folder))
        for store in stores:
            for mode in told.modes.split(","):
                one = run(store, mode, told, forest)
                runs.append({**one, "ok": bool(kept(one))})
                print(
                    f"{store:9} {mode:8} {one['kills']} kills, {one['acknowledged']:,} acknowledged, {one['lost']} lost"
                    f" (most in a kill {one['most_lost_in_a_kill']}, oldest {one['oldest_lost_s'] * 1000:.0f} ms), "
                    f"{one['twice']} twice, {one['refused']} refused: {'kept' if kept(one) else 'BROKEN'}", flush=True,
                )  # fmt: skip
                for line in one["first_refused"]:
                    print("   ", line)
    words = [f"{one['store']} {one['mode']} {one['lost']}/{one['acknowledged']:,}" for one in runs]
    verdict = f"lost of acknowledged, {told.kills} kills each: {', '.join(words)}"
    stated = {"stated_seconds": ours.STATED_SECONDS, "stated_rows": ours.STATED_ROWS}
    finish("serving_kill", {"runs": runs, **stated}, all(one["ok"] for one in runs), verdict, told.json)


if __name__ == "__main__":
    main()
