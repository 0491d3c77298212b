"""Measures half-space trees over streams beside river's: ROC-AUC and rows per second of processor time, one thread.

Run `make bench-peers-anomaly` once, then `python benchmarks/anomaly_stream.py [--rows 10000] [--repeats 3]`. Both have
25 trees of height 8 and windows of 250 rows, and score each row before they learn from it. It prints a table and writes
.cache/anomaly_stream.json.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data" / "adbench"
FOLDER = ROOT / ".cache" / "anomaly_stream"
PEERS = ROOT / ".bench-peers-anomaly" / "bin" / "python"
CHILD = Path(__file__).resolve().parent / "anomaly_parts" / "stream_run.py"
SETS = ("16_http", "32_shuttle", "23_mammography", "38_thyroid", "28_pendigits")


def stream_of(name, rows):
    """Write so many rows of a set in an order of chance, always the same."""
    path = FOLDER / f"{name}_{rows}.npz"
    if not path.is_file():
        with np.load(DATA / f"{name}.npz") as file:
            X, y = file["X"], file["y"].ravel()
        kept = np.random.default_rng(0).permutation(len(X))[:rows]
        np.savez(path, X=X[kept].astype(np.float64), y=y[kept])
    return path


def run(system, path, seed):
    command = [sys.executable if system == "mainstay" else PEERS, CHILD, system, path, seed]
    around = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, env=around, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=3)
    told = parser.parse_args()
    if not PEERS.is_file() or not DATA.is_dir():
        sys.exit("The peers or the shared data are not there: make bench-peers-anomaly")
    FOLDER.mkdir(parents=True, exist_ok=True)
    results = {}
    for name in SETS:
        path = stream_of(name, told.rows)
        answers = {"mainstay": [], "river": []}
        for seed in range(told.repeats):
            for system, found in answers.items():
                found.append(run(system, path, seed))
        results[name] = {
            system: {what: statistics.median(one[what] for one in found) for what in found[0]}
            for system, found in answers.items()
        }
        ours, theirs = results[name]["mainstay"], results[name]["river"]
        times = ours["rows_per_second"] / theirs["rows_per_second"]
        print(
            f"{name:16} ROC-AUC {ours['roc_auc']:.3f} (river {theirs['roc_auc']:.3f})"
            f"   rows/s {ours['rows_per_second']:9,.0f} (river {theirs['rows_per_second']:7,.0f})   {times:5.1f} x",
            flush=True,
        )
    (FOLDER.parent / "anomaly_stream.json").write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
