"""Measures fit + score of the isolation forest and of the default ensemble beside scikit-learn, PyOD, isotree and SUOD.

Run `make bench-peers-anomaly` once, then `python benchmarks/anomaly_speed.py [--cells "100k x 30"] [--systems NAMES]
[--repeats 5] [--threads N] [--quick]`. Every run is a process of its own, all with the same float32 rows and the same
number of threads; repeats (seeds) of the systems take turns, and the medians are compared. With --quick there is one
repeat and no SUOD. It prints a table and writes .cache/anomaly_speed.json. "forest" answers by packed bits, "forest,
graph" by the model graph: the same scores, bit by bit.
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

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".cache" / "anomaly_speed"
PEERS = ROOT / ".bench-peers-anomaly" / "bin" / "python"
CHILD = Path(__file__).resolve().parent / "anomaly_parts" / "speed_run.py"
LIBRARIES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
CELLS = {"100k x 30": (100_000, 30), "1e6 x 30": (1_000_000, 30)}
OURS = ("forest", "forest, one feature", "forest, graph", "ensemble")
THEIRS = ("scikit-learn", "pyod", "isotree", "suod")
BESIDE = {"scikit-learn": "forest", "pyod": "forest", "isotree": "forest", "suod": "ensemble"}
LONGEST = 1800


def rows_of(name):
    """Write rows of four groups in which features go together, and one in a hundred that lies wider and across."""
    rows, width = CELLS[name]
    paths = [FOLDER / f"{name.replace(' ', '_')}_{part}.npy" for part in ("rows", "labels")]
    if not all(path.is_file() for path in paths):
        chance = np.random.default_rng(0)
        group = chance.integers(4, size=rows)
        mixing, centres = chance.normal(size=(4, width, width)) / width**0.5, chance.normal(0, 3, size=(4, width))
        X = chance.normal(size=(rows, width))
        for at in range(4):
            X[group == at] = X[group == at] @ mixing[at] + centres[at]
        odd = chance.random(rows) < 0.01
        X[odd] = chance.normal(X.mean(axis=0), 1.1 * X.std(axis=0), size=(int(odd.sum()), width))
        np.save(paths[0], X.astype(np.float32))
        np.save(paths[1], odd.astype(np.int64))
    return paths


def run(system, cell, seed, threads):
    """Return what one process says, or None where it does not run or takes longer than half an hour."""
    python = sys.executable if system in OURS else PEERS
    command = [str(word) for word in (python, CHILD, system, *rows_of(cell), seed, threads)]
    around = os.environ | dict.fromkeys(LIBRARIES, str(threads))
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=around, check=False, timeout=LONGEST)
    except subprocess.TimeoutExpired:
        print(f"{system} took more than {LONGEST} s", flush=True)
        return None
    if done.returncode:
        print(f"{system} does not run: {done.stderr.strip().splitlines()[-1:]}", flush=True)
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def measure(cell, systems, told):
    runs = {system: [] for system in systems}
    for seed in range(told.repeats):
        for system, answers in runs.items():
            if len(answers) == seed:
                seen = run(system, cell, seed, told.threads)
                answers.extend([seen] if seen else [])
    medians = {
        system: {name: statistics.median(answer[name] for answer in answers) for name in answers[0]}
        for system, answers in runs.items()
        if answers
    }
    for system, line in medians.items():
        ours = medians.get(BESIDE.get(system, ""))
        line["times"] = line["seconds"] / ours["seconds"] if ours else None
        graph = medians.get("forest, graph") if BESIDE.get(system) == "forest" else None
        line["times graph"] = line["seconds"] / graph["seconds"] if graph else None
    return medians


def show(cell, medians):
    for system, line in medians.items():
        more = f"   {line['times']:6.1f} x {BESIDE[system]}" if line["times"] else ""
        more += f"   {line['times graph']:6.1f} x forest, graph" if line["times graph"] else ""
        print(
            f"{cell:10} {system:20} fit {line['fit']:8.3f} s   fit + score {line['seconds']:8.3f} s"
            f"   ROC-AUC {line['roc_auc']:.4f}{more}",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", default="")
    parser.add_argument("--systems", default="")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    told = parser.parse_args()
    told.repeats = told.repeats or (1 if told.quick else 5)
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not PEERS.is_file():
        sys.exit("The peers are not installed: make bench-peers-anomaly")
    systems = [name.strip() for name in told.systems.split(";") if name.strip()] or [*OURS, *THEIRS]
    if told.quick:
        systems = [name for name in systems if name != "suod"]
    machine = {
        "machine": platform.processor() or platform.machine(), "cores": os.cpu_count(), "threads": told.threads,
        "load before": os.getloadavg()[0], "repeats": told.repeats, "python": platform.python_version(),
        "numpy": version("numpy"), "onnxruntime": version("onnxruntime"),
    }  # fmt: skip
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    wanted = [name for name in CELLS if not told.cells or name in told.cells.split(",")]
    results = {}
    for cell in wanted:
        results[cell] = measure(cell, systems, told)
        show(cell, results[cell])
    (FOLDER.parent / "anomaly_speed.json").write_text(json.dumps({"machine": machine, "cells": results}, indent=1))


if __name__ == "__main__":
    main()
