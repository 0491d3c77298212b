"""Can a client break the server? Fuzzing of the documented endpoints, of bodies, of headers and of the raw socket.

    python benchmarks/serving_fuzz.py [--requests 24000] [--quick]

Three attackers in one run against one server with a batched SQLite log: schemathesis on /openapi.json (from
.bench-peers-serving; without it the others go on and the result says so), hypothesis with bodies, headers and chunks
over framed requests, and garbage, cut off and pipelined, on the raw socket. Broken is: a status of 500 and up, no
answer and no end within 5 s, an error in another shape than the documented one, a word of internals in an answer, a
right request answered wrong in between, and resident memory that grows by 5 % after the first fifth.
Writes .cache/serving_fuzz.json.
"""

import argparse
import base64
import json
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from serving_parts import fuzz_bodies, ours
from serving_parts.answers import expected, of_json
from serving_parts.client import post
from serving_parts.forest import build
from serving_parts.raw import exchange
from serving_parts.report import finish
from serving_parts.systems import PEERS

SHARES = {"framed": 0.5, "headed": 0.2, "chunked": 0.1, "torn": 0.05, "garbage": 0.15}
UNFINISHED = ("torn", "garbage")
"""What may be the beginning of a request that the server rightly waits for: the client closes its side after it."""
FATAL = ("ServerError", "Timeout", "ResponseTimeExceeded", "MaxResponseTimeExceeded")
LEAKS = (b"Traceback", b"site-packages", b'.py"', b"sqlalchemy", b"onnxruntime")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=24_000, help="of hypothesis and garbage, %(default)s")
    parser.add_argument("--examples", type=int, default=300, help="of schemathesis for each operation, %(default)s")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="1,500 requests, 20 examples")
    parser.add_argument("--json")
    told = parser.parse_args()
    if told.quick:
        told.requests, told.examples = 1500, 20
    return told


class Attack:
    """Sends what hypothesis draws and keeps what broke, without stopping at the first."""

    def __init__(self, server, forest, answers):
        self.server, self._forest, self._answers = server, forest, answers
        self.sent, self.broken, self.statuses, self.slowest = 0, [], Counter(), 0.0

    def fuzz(self, kind, count, draw):
        @seed(draw)
        @settings(
            max_examples=count, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(data=getattr(fuzz_bodies, kind)())
        def send(data):
            self.send(kind, data)

        send()

    def warm_up(self):
        """Send the largest bodies and ask for reasons: what a model makes only once is made before memory counts."""
        for body in [*fuzz_bodies.LARGE, json.dumps(self._forest.cells(0)).encode()] * 5:
            self.send("framed", post("/predict", body))
            self.send("framed", post("/predict?explain=true", body))

    def send(self, kind, data):
        self.sent += 1
        found, got, seconds, hung = exchange(self.server.port, data, half_close=kind in UNFINISHED)
        self.slowest = max(self.slowest, seconds)
        self.statuses.update(found or ["closed"])
        why = "hung" if hung else self.judge(kind, found, got)
        if why:
            kept = base64.b64encode(data[:4000]).decode()
            self.broken.append({"kind": kind, "why": why, "got": got[:300].decode("latin-1"), "request_base64": kept})
        if self.sent % 200 == 0:
            self.ask_right()

    def judge(self, kind, found, got):
        """Return what is wrong with an answer, or nothing."""
        if any(status >= 500 for status in found):
            return f"status {max(found)}"
        if any(leak in got for leak in LEAKS):
            return "internals in an answer"
        if kind not in ("framed", "chunked"):
            return ""
        if len(found) != 1:
            return f"{len(found)} answers"
        if found[0] >= 400 and not _shaped(got.partition(b"\r\n\r\n")[2]):
            return "an error in another shape"
        return ""

    def ask_right(self):
        """Ask one right row: the answer must be bit-equal, whatever came before."""
        row = self.sent // 200 % len(self._answers)
        try:
            status, body = self.server.post("/predict", json.dumps(self._forest.cells(row)).encode())
            good = status == 200 and of_json(json.loads(body)) == self._answers[row]
        except OSError as problem:
            good, body = False, str(problem).encode()
        if not good:
            self.broken.append({"kind": "right row", "why": "answered wrong", "got": body[:300].decode("latin-1")})


def _shaped(body):
    try:
        error = json.loads(body)["error"]
    except (ValueError, KeyError, TypeError):
        return False
    if isinstance(error, str):  # the inference protocol V2 has its own: {"error": "a sentence"}
        return True
    return isinstance(error, dict) and {"code", "message"} <= set(error)


def schemathesis(server, examples, scratch):
    """Run schemathesis on the server's own document; return its report's summary."""
    program = PEERS / "schemathesis"
    if not program.exists():
        return {"missing": "schemathesis is not installed: make bench-peers-serving", "requests": 0, "fatal": []}
    report = scratch / "schemathesis"
    words = [
        program, "run", f"http://127.0.0.1:{server.port}/openapi.json", "--checks", "all",
        "-n", examples, "--no-shrink",
        "--continue-on-failure", "--no-color", "--report", "json", "--report-dir", report, "--request-timeout", 5,
        "--max-response-time", 5, "--generation-database", "none", "--suppress-health-check", "all", "--seed", 1,
    ]  # fmt: skip
    ran = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False, cwd=scratch, timeout=3600)
    files = sorted(report.glob("json-*.json"))
    if not files:
        return {
            "missing": f"schemathesis said: {(ran.stdout + ran.stderr)[-400:]}",
            "requests": 0,
            "fatal": ["no report"],
        }
    told = json.loads(files[-1].read_text())
    failures = [
        {"type": one["type"], "title": one["title"], "count": one["count"], "operations": one["operations"]}
        for one in told["failures"]
    ]
    fatal = [f"{one['type']} {one['operations']}" for one in failures if one["type"] in FATAL]
    operations = told["operations"] or {"tested": 0, "errored": 1}
    if operations["errored"]:
        fatal.append(f"{operations['errored']} operations in error: {ran.stdout[-300:]}")
    return {
        "requests": told["test_cases"]["generated"], "failures": failures, "fatal": fatal,
        "operations": operations["tested"], "text": ran.stdout[-20_000:],
    }  # fmt: skip


def main():
    told = arguments()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        forest = build(scratch / "forest")
        _, answers = expected(forest)
        with ours.serve(forest.bundle, scratch, log=f"sqlite:///{scratch / 'log.sqlite'}", mode="batched") as server:
            attack = Attack(server, forest, answers)
            began = time.monotonic()
            attack.warm_up()
            for kind, share in SHARES.items():
                attack.fuzz(kind, int(told.requests * share / 5), told.seed)
            before = server.megabytes()
            for kind, share in SHARES.items():
                attack.fuzz(kind, int(told.requests * share * 4 / 5), told.seed + 1)
            found = schemathesis(server, told.examples, scratch)
            attack.ask_right()
            after, running = server.megabytes(), server.running
            seconds = time.monotonic() - began
        output = server.output.read_text(errors="replace")[-3000:]
    growth = after / before - 1
    requests = attack.sent + found["requests"]
    print(
        f"{requests:,} requests ({found['requests']:,} by schemathesis) in {seconds:.0f} s;"
        f" slowest {attack.slowest:.2f} s"
    )
    print("statuses:", dict(sorted(attack.statuses.items(), key=str)))
    print(f"memory {before:.1f} -> {after:.1f} MB ({growth:+.1%})")
    reasons = Counter((one["kind"], one["why"]) for one in attack.broken)
    for (kind, why), count in reasons.most_common(12):
        print(f"  {count} x {kind}: {why}")
    for one in found.get("failures", []):
        print(f"  schemathesis: {one['count']} x {one['type']}: {one['title']} {one['operations'][:4]}")
    print(f"  {found['missing']}\n" if "missing" in found else "", end="")
    ok = not attack.broken and not found["fatal"] and growth < 0.05 and running
    fatal = len(found["fatal"])
    verdict = f"{requests:,} requests, {len(attack.broken)} broken, schemathesis fatal {fatal}, memory {growth:+.1%}"
    result = {
        "requests": requests, "statuses": {str(key): value for key, value in attack.statuses.items()},
        "broken": attack.broken[:60], "reasons": [[*key, count] for key, count in reasons.items()],
        "schemathesis": found,
        "mb": [before, after], "slowest_s": attack.slowest, "seconds": seconds, "output": output,
    }  # fmt: skip
    finish("serving_fuzz", result, ok, verdict, told.json)


if __name__ == "__main__":
    main()
