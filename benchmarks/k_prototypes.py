"""K-prototypes on mixed columns beside kmodes: seconds and cost, both on the same rows, gamma and number of clusters.

``make bench-peers-clustering`` installs the peer; then ``python benchmarks/k_prototypes.py``. Our fit has ten starts,
the peer one (ten would take ten times as long). The cost is Huang's on all rows, computed here from the prototypes
of each, with gamma 2: what a level that differs adds beside standardised numbers.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

PEER = """
import sys, time
import numpy as np
from kmodes.kprototypes import KPrototypes
data = np.load(sys.argv[1])
table = np.column_stack([data["numbers"].astype(object), data["codes"].astype(object)])
width = data["numbers"].shape[1]
begin = time.perf_counter()
model = KPrototypes(int(sys.argv[3]), n_init=1, gamma=2.0, random_state=0, init=sys.argv[4], n_jobs=1)
model.fit(table, categorical=list(range(width, table.shape[1])))
seconds = time.perf_counter() - begin
centres = np.asarray(model.cluster_centroids_, dtype=np.float64)
np.savez(sys.argv[2], seconds=seconds, numbers=centres[:, :width], codes=centres[:, width:], steps=model.n_iter_)
"""


def table(rows: int, groups: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return eight numbers and eight categories of six levels, in overlapping groups."""
    chance = np.random.default_rng(seed)
    owner = chance.integers(0, groups, rows)
    numbers = chance.normal(size=(rows, 8)) + 2.0 * chance.normal(size=(groups, 8))[owner]
    numbers = (numbers - numbers.mean(axis=0)) / numbers.std(axis=0)
    typical = chance.integers(0, 6, (groups, 8))[owner]
    codes = np.where(chance.random((rows, 8)) < 0.6, typical, chance.integers(0, 6, (rows, 8)))
    return numbers.astype(np.float32), codes.astype(np.int64)


def cost(numbers: np.ndarray, codes: np.ndarray, centres: np.ndarray, modes: np.ndarray) -> float:
    """Return Huang's cost of prototypes."""
    apart = [
        ((numbers.astype(np.float64) - centre) ** 2).sum(axis=1) + 2.0 * (codes != mode).sum(axis=1)
        for centre, mode in zip(centres, modes, strict=True)
    ]
    return float(np.min(apart, axis=0).sum())


def ours(numbers: np.ndarray, codes: np.ndarray, k: int, seed: int) -> tuple[float, float]:
    """Return seconds and cost of one fit."""
    from mainstay.contracts.clusters import Points
    from mainstay.contracts.learner import NoDeadline
    from mainstay.learners.cluster.k_prototypes import KPrototypes

    hot = (codes[:, :, None] == np.arange(6)).reshape(len(codes), -1)
    matrix = np.concatenate([numbers, hot], axis=1).astype(np.float32)
    blocks = tuple((8 + 6 * place, 14 + 6 * place) for place in range(8))
    points = Points(matrix, tuple(map(str, range(matrix.shape[1]))), blocks=blocks)
    begin = time.perf_counter()
    found = KPrototypes().fit(points, k, seed=seed, deadline=NoDeadline())
    seconds = time.perf_counter() - begin
    centres = found.body.points + found.body.centre
    modes = centres[:, 8:].reshape(k, 8, 6).argmax(axis=2)
    return seconds, cost(numbers, codes, centres[:, :8], modes)


def theirs(python: Path, numbers: np.ndarray, codes: np.ndarray, k: int, init: str) -> tuple[float, float]:
    """Return seconds and cost of the peer's fit, in its own environment."""
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder) / "given.npz", Path(folder) / "answer.npz"
        np.savez(given, numbers=numbers, codes=codes)
        subprocess.run([python, "-c", PEER, given, answer, str(k), init], check=True)
        found = np.load(answer)
        return float(found["seconds"]), cost(numbers, codes, found["numbers"], found["codes"].astype(np.int64))


def main() -> None:
    """Measure, print a table and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--k", type=int, default=8)
    parser.add_argument("--init", default="Huang", help="the peer's way to start: Huang or Cao")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peers", type=Path, default=Path(".bench-peers-clustering"))
    parser.add_argument("--json", type=Path)
    wanted = parser.parse_args()
    numbers, codes = table(wanted.rows, wanted.k, 0)
    mine = [ours(numbers, codes, wanted.k, seed) for seed in range(wanted.repeats)]
    peer = theirs(wanted.peers / "bin" / "python", numbers, codes, wanted.k, wanted.init)
    seconds, least = (float(np.median(column)) for column in zip(*mine, strict=True))
    record = {
        "rows": wanted.rows, "k": wanted.k, "seconds": seconds, "cost": least, "kmodes_seconds": peer[0],
        "kmodes_cost": peer[1], "times_faster": peer[0] / seconds, "cost_ratio": least / peer[1],
    }  # fmt: skip
    for name, value in record.items():
        sys.stdout.write(f"{name:16} {value:,.4g}\n")
    if wanted.json:
        wanted.json.write_text(json.dumps(record, indent=2))


if __name__ == "__main__":
    main()
