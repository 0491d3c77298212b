"""Measures the whole K-means curve, k = 1 to k_max, beside loops of scikit-learn, scikit-learn-intelex and faiss.

Run `make bench-peers-clustering` once, then `python benchmarks/kmeans_path.py [--cells "10k x 8,customers"] [--quick]
[--repeats 5] [--threads N]`. Every run is a process of its own, all with float32 rows and the same number of threads;
repeats (seeds) of the systems take turns. With --quick the peers fit some k only, and the time of the others is
interpolated ("~" in the table). It prints a table and writes .cache/kmeans_path.json.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from clustering_parts.cells import CELLS, rows_of

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".cache" / "kmeans_path"
PEERS = ROOT / ".bench-peers-clustering" / "bin" / "python"
CHILD = Path(__file__).resolve().parent / "clustering_parts" / "one_run.py"
LIBRARIES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def run(system, path, ks, seed, *, cell, threads):
    """Return what one process says, or None where it does not run."""
    python = sys.executable if system == "mainstay" else PEERS
    told = [python, CHILD, system, path, ",".join(map(str, ks)), str(seed), "1" if cell.silhouette else "0"]
    around = os.environ | dict.fromkeys(LIBRARIES, str(threads))
    command = [str(word) for word in told]
    if threads < len(os.sched_getaffinity(0)):
        command = ["taskset", "-c", f"0-{threads - 1}", *command]
    done = subprocess.run(command, capture_output=True, text=True, env=around, check=False)
    if done.returncode:
        print(f"{system} does not run: {done.stderr.strip().splitlines()[-1:]}", flush=True)
        return None
    return json.loads(done.stdout)


def whole(answer, k_max, seconds):
    """Return the seconds of the loop over all k, those of k that were not fitted interpolated."""
    ks = sorted(int(k) for k in answer["found"])
    took = [answer["found"][str(k)][1] for k in ks]
    fits = float(np.interp(np.arange(1, k_max + 1), ks, took).sum())
    return fits + (answer["imports"] if seconds == "cold" else 0.0)


def measure(cell, told):
    path = rows_of(cell, FOLDER)
    if path is None:
        print(f"{cell.name}: the shared data is not there")
        return None
    every = tuple(range(1, cell.k_max + 1))
    runs = {system: [] for system in ("mainstay", *cell.peers)}
    for seed in range(told.repeats):
        for system, answers in runs.items():
            ks = every if system == "mainstay" or not told.quick else cell.few
            if system == "intelex":  # it does not take k = 1
                ks = tuple(k for k in ks if k > 1)
            if answers is not None and len(answers) == seed:
                seen = run(system, path, ks, seed, cell=cell, threads=told.threads)
                if seen:
                    answers.append(seen)
    return summary(cell, {system: answers for system, answers in runs.items() if answers})


def summary(cell, runs):
    mine = runs["mainstay"]
    lines = {}
    ours = statistics.median(answer[cell.seconds] for answer in mine)
    spare = max(answer["megabytes"] - 2.5 * answer["data"] for answer in mine)
    lines["mainstay"] = {"seconds": ours, "megabytes": max(a["megabytes"] for a in mine), "over 2.5 x data": spare}
    curve = {k: statistics.median(a["found"][k] for a in mine) for k in mine[0]["found"]}
    for system, answers in runs.items():
        if system == "mainstay":
            continue
        theirs = statistics.median(whole(answer, cell.k_max, cell.seconds) for answer in answers)
        ratios = {
            int(k): curve[k] / statistics.median(a["found"][k][0] for a in answers)
            for k in answers[0]["found"]
            if k in curve and int(k) > 1
        }
        worst = max(ratios, key=ratios.get)
        lines[system] = {
            "seconds": theirs, "times": theirs / ours, "inertia": float(np.exp(np.mean(np.log(list(ratios.values()))))),
            "worst k": worst, "worst": ratios[worst],
        }  # fmt: skip
    return lines


def show(cell, lines, *, about):
    for system, line in lines.items():
        if system == "mainstay":
            print(f"{cell.name:18} {system:16} {line['seconds']:9.2f} s {cell.seconds}", end="")
            print(f"   {line['megabytes']:.0f} MB (2.5 x data {line['over 2.5 x data']:+.0f})", flush=True)
        else:
            print(f"{'':18} {system:16} {'~' if about else ' '}{line['seconds']:8.2f} s {line['times']:6.1f} x", end="")
            print(
                f"   inertia of ours {line['inertia']:.4f} (mean), {line['worst']:.5f} (k = {line['worst k']})",
                flush=True,
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", default="")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    told = parser.parse_args()
    told.repeats = told.repeats or (1 if told.quick else 5)
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not PEERS.is_file():
        sys.exit("The peers are not installed: make bench-peers-clustering")
    machine = {
        "machine": platform.processor() or platform.machine(), "cores": os.cpu_count(), "threads": told.threads,
        "load before": os.getloadavg()[0], "quick": told.quick, "repeats": told.repeats,
        "python": platform.python_version(), "numpy": version("numpy"), "scikit-learn": version("scikit-learn"),
    }  # fmt: skip
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    wanted = {name.strip() for name in told.cells.split(",") if name.strip()}
    results = {}
    for cell in CELLS:
        if not wanted or cell.name in wanted:
            lines = measure(cell, told)
            if lines:
                results[cell.name] = lines
                show(cell, lines, about=told.quick)
    (FOLDER.parent / "kmeans_path.json").write_text(json.dumps({"machine": machine, "cells": results}, indent=1))


if __name__ == "__main__":
    main()
