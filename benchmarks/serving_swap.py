"""Does a bundle change under load without a failed or a mixed answer?

    python benchmarks/serving_swap.py [--swaps 50] [--workers 1,2] [--quick]

Two bundles take turns at the served path: each is written beside it and renamed over it, then SIGHUP is sent. Every
fifth time a bad bundle comes in between (cut off, one byte turned, not a bundle at all), which must leave the old one
serving. Meanwhile 16 connections ask all the time; each answer's digest must go with its values, bit for bit, and
none may fail. Writes .cache/serving_swap.json.
"""

import argparse
import asyncio
import signal
import tempfile
import time
from pathlib import Path

from serving_parts import ours
from serving_parts.answers import Judge, expected, requests_for
from serving_parts.client import Crowd
from serving_parts.forest import build
from serving_parts.report import finish

SETTLED = 300
"""So many answers in a row with the new digest say that the exchange is over."""
LIMIT = 30.0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--swaps", type=int, default=50)
    parser.add_argument("--workers", default="1,2", help="how many, a run for each, default %(default)s")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--quick", action="store_true", help="10 swaps")
    parser.add_argument("--json")
    told = parser.parse_args()
    told.swaps = 10 if told.quick else told.swaps
    return told


def replace(place, data):
    """Put bytes at the served path in one step."""
    fresh = place.with_name("fresh")
    fresh.write_bytes(data)
    fresh.replace(place)


def spoil(data, how):
    """Return a bundle that must be refused."""
    if how == 0:
        return data[: len(data) // 2]
    if how == 1:
        middle = len(data) // 2
        return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
    return b"this is no bundle\n"


async def settle(judge, digest, server):
    """Wait until only this digest answers; return the seconds it took."""
    began = time.monotonic()
    while judge.last != digest or judge.row_of_last < SETTLED:
        if not server.running:
            raise RuntimeError(f"the server ended: {server.tail()}")
        if time.monotonic() > began + LIMIT:
            raise TimeoutError(f"no answer of the new bundle after {LIMIT:g} s; the server says: {server.tail()}")
        await asyncio.sleep(0.005)
    return time.monotonic() - began


async def swap_all(server, place, bundles, judge, crowd, swaps):
    """Swap so many times under load; return the seconds of each swap and how often a bad bundle was refused."""
    loading = asyncio.ensure_future(crowd.run())
    took, refused = [], 0
    try:
        digests = list(bundles)
        for turn in range(1, swaps + 1):
            old, new = digests[(turn - 1) % 2], digests[turn % 2]
            if turn % 5 == 0:
                replace(place, spoil(bundles[new], turn // 5 % 3))
                server.signal(signal.SIGHUP)
                before = judge.by_digest[new]
                await asyncio.sleep(0.5)
                if judge.by_digest[new] != before or judge.last != old or not server.running:
                    raise RuntimeError("a bad bundle did not leave the old one serving")
                refused += 1
            replace(place, bundles[new])
            server.signal(signal.SIGHUP)
            took.append(await settle(judge, new, server))
    finally:
        crowd.stop()
        await loading
    return took, refused


def run(workers, told, forests, known):
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "served.mainstay"
        bundles = {digest: forest.bundle.read_bytes() for digest, forest in zip(known, forests, strict=True)}
        replace(place, next(iter(bundles.values())))
        server = ours.serve(place, Path(folder), workers=workers)
        judge, problem, took, refused = Judge(known), "", [], 0
        with server:
            before = server.megabytes()
            requests = requests_for(forests[0], server.port)
            crowd = Crowd(
                server.port, requests, connections=told.connections, answered=judge.answered, failed=judge.broken
            )
            try:
                took, refused = asyncio.run(swap_all(server, place, bundles, judge, crowd, told.swaps))
            except (TimeoutError, RuntimeError) as found:
                problem = str(found)
            after = server.megabytes()
    return {
        "workers": workers, "swaps": len(took), "bad_bundles_refused": refused, "right": judge.right,
        "failed": len(judge.failed), "mixed": len(judge.mixed), "first_failures": judge.failed[:5],
        "first_mixed": judge.mixed[:5], "by_digest": judge.by_digest, "seconds": took, "mb": [before, after],
        "unreachable": crowd.unreachable, "problem": problem,
    }  # fmt: skip


def main():
    told = arguments()
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        forests = [build(Path(folder) / str(seed), seed) for seed in (0, 1)]
        known = dict(expected(forest) for forest in forests)
        for workers in told.workers.split(","):
            one = run(int(workers), told, forests, known)
            runs.append(one)
            took = sorted(one["seconds"]) or [0]
            print(
                f"{workers} workers: {one['swaps']} swaps ({took[len(took) // 2]:.2f} s each, at most {took[-1]:.2f}), "
                f"{one['bad_bundles_refused']} bad bundles refused, {one['right']:,} right, {one['failed']} failed, "
                f"{one['mixed']} mixed, {one['mb'][0]:.0f} -> {one['mb'][1]:.0f} MB {one['problem']}", flush=True,
            )  # fmt: skip
            for line in one["first_failures"] + one["first_mixed"]:
                print("   ", line)
    good = all(
        one["swaps"] == told.swaps and not (one["failed"] or one["mixed"] or one["unreachable"] or one["problem"])
        for one in runs
    )
    asked = sum(one["right"] + one["failed"] + one["mixed"] for one in runs)
    failed, mixed = (sum(one[name] for one in runs) for name in ("failed", "mixed"))
    swaps = sum(one["swaps"] for one in runs)
    finish(
        "serving_swap",
        {"runs": runs},
        good,
        f"{swaps} swaps, {asked:,} requests, {failed} failed, {mixed} mixed",
        told.json,
    )


if __name__ == "__main__":
    main()
