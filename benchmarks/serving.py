"""How fast is `mainstay serve` beside what a tutorial teaches, beside the peers, and beside the limit of its stack?

    python benchmarks/serving.py [--seconds 8] [--repeats 3] [--systems fastapi,echo,ours-1] [--connections 16]

All systems serve the same forest (100 trees, depth 10, 10 features, a standard scaler before it). Every repeat goes
through all of them in turn: the server is started on a free port, its answers are held against the estimator's to
1e-6, it is warmed up, and then wrk, a process of its own, posts one JSON row a request, another row each time. The
medians of the repeats count, the spread stands beside them; "cpu us" is the processor time of the server's whole tree
for a request, which others on the machine disturb less. A log is a new SQLite file each time, and what it holds at the
end is counted against what was answered. `make bench-peers-serving` installs the peers; one that is not there or does
not run is named with the reason. Writes .cache/serving.json.
"""

import argparse
import statistics
import tempfile
from dataclasses import asdict
from pathlib import Path

from serving_parts import ours
from serving_parts.forest import build, write_bodies
from serving_parts.load import press
from serving_parts.report import finish, peer_versions
from serving_parts.server import NotReadyError
from serving_parts.systems import PEERS, SYSTEMS

TARGETS = {
    "ours/fastapi": ("ours-1", "fastapi", 60),
    "ours/fastapi-async": ("ours-1", "fastapi-async", 60),
    "ours/echo": ("ours-1", "echo", 0.5),
    "batched/off": ("ours-1-batched", "ours-1", 0.8),
    "durable/off": ("ours-1-durable", "ours-1", None),
    "2 workers/1": ("ours-2", "ours-1", None),
    "2 workers, batched/off": ("ours-2-batched", "ours-2", None),
}
"""Ratios of requests a second: which by which, and what the project promises."""
P99 = {"ours-1-batched": 5.0}
"""The most that the p99 may be at 16 connections, in ms."""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=8, help="of load for each system and repeat, %(default)s")
    parser.add_argument("--warm", type=float, default=2, help="seconds of load before it, %(default)s")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="of: %(default)s")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--json", help="where the result goes, default .cache/serving.json")
    parser.add_argument("--quick", action="store_true", help="2 seconds, 1 repeat")
    told = parser.parse_args()
    if told.quick:
        told.seconds, told.warm, told.repeats = 2, 1, 1
    return told


def measure(system, forest, bodies, told):
    """Start a system, check it, load it, end it; return what was seen as a dict."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        server = system.server(forest, scratch)
        try:
            server.start()
            system.check(server, forest)
            idle = server.megabytes()
            press(server.port, system.path, bodies, seconds=told.warm, connections=told.connections)
            taken = server.cpu_seconds()
            load = press(server.port, system.path, bodies, seconds=told.seconds, connections=told.connections)
            cost = (server.cpu_seconds() - taken) / load.requests * 1e6
            seen = {
                **asdict(load),
                "cpu_us": cost,
                "ready_s": server.seconds_to_ready,
                "idle_mb": idle,
                "mb": server.megabytes(),
            }
            if system.log:
                found = ours.settled(server)
                seen |= {"lost": ours.metric(found, ours.LOST), "answered": ours.metric(found, ours.ANSWERED)}
        finally:
            ended = server.stop()
        if system.log:
            seen["stored"] = ours.stored(f"sqlite:///{scratch / 'log.sqlite'}")
        return {**seen, "ended_by_itself": ended}


def run_all(systems, forest, told):
    """Return {system: [one dict per repeat]} and {system: why it did not run}."""
    runs, failed = {one.name: [] for one in systems}, {}
    for repeat in range(told.repeats):
        for system in systems:
            if system.peer and system.name in failed:  # ours gets a chance in every repeat, and each failure counts
                continue
            bodies = write_bodies(forest, system.body, forest.folder / f"{system.name}.jsonl")
            try:
                if repeat == 0:
                    if system.missing():
                        raise NotReadyError(system.missing())
                    system.prepare(forest)
                seen = measure(system, forest, bodies, told)
            except NotReadyError as problem:
                failed[system.name] = str(problem)
                print(f"{system.name:16} does not run: {problem}", flush=True)
                continue
            runs[system.name].append(seen)
            print(
                f"{repeat + 1}/{told.repeats} {system.name:16} {seen['rate']:>9,.0f}/s  p99 {seen['p99']:.2f} ms",
                flush=True,
            )
    return {name: of for name, of in runs.items() if of}, failed


def middle(runs, name):
    return statistics.median(run[name] for run in runs)


def spread(runs, name):
    """Return the range of the repeats as a share of their median."""
    values = [run[name] for run in runs]
    return (max(values) - min(values)) / statistics.median(values)


def show(runs, failed):
    print(f"\n{'system':16}{'requests/s':>11}{'spread':>8}{'p50 ms':>9}{'p90 ms':>9}{'p99 ms':>9}{'cpu us':>9}", end="")
    print(f"{'refused':>9}{'broken':>8}{'MB idle':>9}{'MB load':>9}{'ready s':>9}{'kept':>9}  load by")
    for name, of in runs.items():
        print(f"{name:16}{middle(of, 'rate'):>11,.0f}{spread(of, 'rate'):>8.0%}", end="")
        print("".join(f"{middle(of, one):>9.2f}" for one in ("p50", "p90", "p99")), end="")
        print(f"{middle(of, 'cpu_us'):>9,.0f}", end="")
        print(f"{sum(run['refused'] for run in of):>9}{sum(run['socket_errors'] for run in of):>8}", end="")
        print(f"{middle(of, 'idle_mb'):>9,.0f}{middle(of, 'mb'):>9,.0f}{middle(of, 'ready_s'):>9.2f}", end="")
        kept = [run["stored"] / run["answered"] for run in of if run.get("answered")]
        print(f"{min(kept):>9.4f}" if kept else f"{'-':>9}", end="")
        print(f"  {of[0]['tool']}")
    for name, why in failed.items():
        print(f"{name:16} did not run: {why}")


def compare(runs):
    """Return {title: {"ratio", "low", "high", "target", "ok"}}; ratios within a repeat, so that load hits both."""
    found = {}
    for title, (which, by, target) in TARGETS.items():
        if which not in runs or by not in runs:
            continue
        ratios = [mine["rate"] / theirs["rate"] for mine, theirs in zip(runs[which], runs[by], strict=False)]
        ratio = statistics.median(ratios)
        ok = target is None or ratio >= target
        found[title] = {"ratio": ratio, "low": min(ratios), "high": max(ratios), "target": target, "ok": ok}
        goal = f"  (promised {target:g}: {'kept' if ok else 'MISSED'})" if target else ""
        print(f"{title:24}{ratio:>9.3g}  [{min(ratios):.3g}, {max(ratios):.3g}]{goal}")
    for name, target in P99.items():
        if name in runs:
            value = middle(runs[name], "p99")
            found[f"p99 {name}"] = {"ms": value, "target": target, "ok": value <= target}
            kept = "kept" if value <= target else "MISSED"
            print(f"p99 {name:20}{value:>9.3g} ms  (promised {target:g}: {kept})")
    return found


def faults(runs, failed):
    """Return what no figure may hide: refused or broken requests of ours, and rows that a log lost."""
    found = [f"{name} did not run" for name in failed if name.startswith("ours")]
    for name, of in runs.items():
        if not name.startswith("ours"):
            continue
        bad = sum(run["refused"] + run["socket_errors"] for run in of)
        found += [f"{name}: {bad} requests failed"] if bad else []
        lost = sum(run.get("answered", 0) - run.get("stored", 0) for run in of)
        found += [f"{name}: {lost:.0f} answers are not in the log"] if lost else []
        found += [f"{name}: did not end by itself"] if not all(run["ended_by_itself"] for run in of) else []
    return found


def main():
    told = arguments()
    systems = [SYSTEMS[name] for name in told.systems.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        forest = build(Path(folder) / "forest")
        runs, failed = run_all(systems, forest, told)
    show(runs, failed)
    print()
    ratios, wrong = compare(runs), faults(runs, failed)
    missed = [title for title, one in ratios.items() if not one["ok"]]
    verdict = "; ".join([f"missed: {', '.join(missed)}"] * bool(missed) + wrong) or "every promised ratio is kept"
    threads = {"wrk": 1, "connections": told.connections}
    result = {
        "seconds": told.seconds, "repeats": told.repeats, "threads": threads, "peers": peer_versions(PEERS / "python"),
        "runs": runs, "failed": failed, "ratios": ratios,
    }  # fmt: skip
    finish("serving", result, not missed and not wrong, verdict, told.json)


if __name__ == "__main__":
    main()
