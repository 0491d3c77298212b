"""The load where wrk is absent: a program that prints the same line as post.lua. Slower than wrk, so it says less."""

import asyncio
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from serving_parts.client import Crowd, post


async def press(port, requests, seconds, connections):
    times, refused = [], 0

    def answered(_place, status, _body, took):
        nonlocal refused
        times.append(took * 1000)
        refused += status >= 400

    crowd = Crowd(port, requests, connections=connections, answered=answered)
    asyncio.get_running_loop().call_later(seconds, crowd.stop)
    began = time.perf_counter()
    await crowd.run()
    took = time.perf_counter() - began
    times.sort()
    found = {name: times[int(len(times) * share)] for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))}
    found |= {"requests": len(times), "seconds": took, "worst": times[-1], "refused": refused}
    print("RESULT " + json.dumps({**found, "socket_errors": crowd.failures + crowd.unreachable}))


if __name__ == "__main__":
    port, path, bodies, seconds, connections = sys.argv[1:]
    try:
        import uvloop

        run = uvloop.run
    except ImportError:
        run = asyncio.run
    asked = [post(path, line.encode(), port) for line in Path(bodies).read_text().splitlines()]
    run(press(int(port), asked, float(seconds), int(connections)))
