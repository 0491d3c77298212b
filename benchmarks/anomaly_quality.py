"""Measures the default detector on every set of ../shared/data/adbench beside PyOD's detectors.

Run `make bench-peers-anomaly` once, then `python benchmarks/anomaly_quality.py [--seeds 5] [--sets http,cardio]
[--protocols unsupervised,clean] [--most 60000] [--quick]`. Unsupervised: all rows are given, and all are judged. Clean
reference: half of the normal rows, drawn by the seed, is given, and the others with all anomalies are judged. A set
with more than --most rows is cut to so many, drawn by the seed, the same rows for every system. In the unsupervised
protocol a peer that draws nothing answers alike for every seed and runs once, if the set was not cut. --quick is one
seed of the sets below 10,000 rows. It prints a table and writes .cache/anomaly_quality.json.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from mainstay.contracts.anomalies import blended
from mainstay.contracts.anomaly_scores import detection_scores
from mainstay.contracts.arrays import Arrays
from mainstay.contracts.learner import NoDeadline
from mainstay.learners.anomaly.catalogue import learner
from mainstay.prepare.anomalies import fit_for_anomalies, observations_of

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data" / "adbench"
FOLDER = ROOT / ".cache" / "anomaly_quality"
PEERS = ROOT / ".bench-peers-anomaly" / "bin" / "python"
CHILD = Path(__file__).resolve().parent / "anomaly_parts" / "quality_peers.py"
OURS = "mainstay"
DRAWING = ("IForest", "MCD", "CBLOF", "SUOD")
FIXED = ("ECOD", "COPOD", "KNN", "LOF", "HBOS")
SIGN = "answer: "
PROTOCOLS = ("unsupervised", "clean")
LIBRARIES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def rows_of(path, most, seed):
    """Return the rows and labels of a set, and whether it was cut."""
    stored = np.load(path)
    rows, labels = stored["X"].astype(np.float64), stored["y"].astype(int)
    if len(rows) <= most:
        return rows, labels, False
    kept = np.sort(np.random.default_rng([seed, 1]).choice(len(rows), most, replace=False))
    return rows[kept], labels[kept], True


def split(rows, labels, protocol, seed):
    """Return the rows that are given, the others (none: the same are judged), and the labels of the judged."""
    if protocol == "unsupervised":
        return rows, rows[:0], labels
    normal = np.random.default_rng([seed, 2]).permutation(np.flatnonzero(labels == 0))
    known = np.zeros(len(labels), bool)
    known[normal[: len(normal) // 2]] = True
    return rows[known], rows[~known], labels[~known]


def arrays_of(rows):
    names = tuple(f"x{place}" for place in range(rows.shape[1]))
    return Arrays(rows.astype(np.float32), names, np.empty((len(rows), 0), np.int64), (), ())


def ours(known, asked, labels, *, seed, protocol, name="ensemble"):
    """Return ROC-AUC, PR-AUC and seconds of our detector, scored by NumPy from what it learned."""
    start = time.perf_counter()
    recipe = fit_for_anomalies(arrays_of(known), seed=seed)
    seen = observations_of(recipe, arrays_of(known))
    reference = "clean" if protocol == "clean" else "contaminated"
    found = learner(name).fit(seen, reference=reference, seed=seed, deadline=NoDeadline())
    judged = observations_of(recipe, arrays_of(asked)) if len(asked) else seen
    raw = detection_scores(found, judged.matrix)
    weights = np.array([member.weight for member in found.members])
    scores = blended(raw, tuple(member.scale for member in found.members), weights)
    took = time.perf_counter() - start
    return [float(roc_auc_score(labels, scores)), float(average_precision_score(labels, scores)), took]


class Peers:
    """PyOD in a process of its own, asked split by split."""

    def __init__(self, threads):
        around = os.environ | dict.fromkeys(LIBRARIES, str(threads))
        told = [str(PEERS), str(CHILD)]
        self.process = subprocess.Popen(told, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=around)

    def ask(self, known, asked, labels, *, seed, names):
        """Return ROC-AUC, PR-AUC and seconds of each detector, or the sentence of its error."""
        path = FOLDER / "split.npz"
        np.savez(path, known=known, asked=asked, labels=labels)
        self.process.stdin.write(json.dumps({"path": str(path), "seed": seed, "names": names}) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith(SIGN):
                return json.loads(line.removeprefix(SIGN))
        return sys.exit("the peers ended before they answered")


def measured(path, protocol, told, beside):
    """Return for each system the means over the seeds."""
    runs, cut = {}, False
    for seed in range(told.seeds):
        rows, labels, cut = rows_of(path, told.most, seed)
        known, asked, judged = split(rows, labels, protocol, seed)
        again = seed > 0 and protocol == "unsupervised" and not cut
        answers = {OURS: ours(known, asked, judged, seed=seed, protocol=protocol)}
        for name in told.also:
            answers[name] = ours(known, asked, judged, seed=seed, protocol=protocol, name=name)
        if beside:
            names = DRAWING if again else DRAWING + FIXED
            answers |= beside.ask(known, asked, judged, seed=seed, names=names)
            answers |= {name: runs[name][0] for name in FIXED if again}
        for name, answer in answers.items():
            runs.setdefault(name, []).append(answer)
    failed = {name: got for name, got in runs.items() if any(isinstance(one, str) for one in got)}
    for name, got in failed.items():
        print(f"{path.stem} {protocol} {name}: {next(one for one in got if isinstance(one, str))}", flush=True)
    means = {name: np.mean(got, axis=0).tolist() for name, got in runs.items() if name not in failed}
    return {"set": path.stem, "protocol": protocol, "rows": len(rows), "cut": cut, "means": means}


def ranks(line, place):
    """Return the rank of each system on one set, 1 the best; a system without an answer comes last."""
    names = list(line["means"])
    values = np.array([line["means"][name][place] for name in names])
    return {
        name: 1 + float((values > value).sum() + 0.5 * ((values == value).sum() - 1))
        for name, value in zip(names, values, strict=True)
    }


def table(lines, protocol):
    """Return one line per system: means, average ranks, the worst set, seconds."""
    mine = [line for line in lines if line["protocol"] == protocol]
    names = sorted({name for line in mine for name in line["means"]})
    found = {}
    for name in names:
        there = [line for line in mine if name in line["means"]]
        values = np.array([line["means"][name] for line in there])
        worst = there[int(values[:, 0].argmin())]
        found[name] = {
            "sets": len(there), "roc_auc": values[:, 0].mean(), "pr_auc": values[:, 1].mean(),
            "rank_roc": float(np.mean([ranks(line, 0)[name] for line in there])),
            "rank_pr": float(np.mean([ranks(line, 1)[name] for line in there])),
            "worst": worst["set"], "worst_roc": values[:, 0].min(), "seconds": values[:, 2].sum(),
        }  # fmt: skip
    return dict(sorted(found.items(), key=lambda item: -item[1]["roc_auc"]))


def show(protocol, found):
    print(f"\n{protocol:16} {'ROC-AUC':>8} {'PR-AUC':>8} {'rank':>6} {'rank PR':>8}  worst set            seconds")
    for name, line in found.items():
        print(
            f"{name:16} {100 * line['roc_auc']:8.2f} {100 * line['pr_auc']:8.2f} {line['rank_roc']:6.2f} "
            f"{line['rank_pr']:8.2f}  {line['worst'][:14]:14} {line['worst_roc']:.3f} {line['seconds']:8.1f}"
            + ("" if line["sets"] == max(other["sets"] for other in found.values()) else f"  {line['sets']} sets only"),
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--sets", default="", help="parts of names, with commas between")
    parser.add_argument("--protocols", default=",".join(PROTOCOLS))
    parser.add_argument("--most", type=int, default=60_000)
    parser.add_argument("--also", default="", help="single detectors of ours to show besides, with commas between")
    parser.add_argument("--alone", action="store_true", help="without the peers")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="of the peers")
    parser.add_argument("--quick", action="store_true")
    told = parser.parse_args()
    told.also = [name for name in told.also.split(",") if name]
    told.seeds = 1 if told.quick else told.seeds
    if not told.alone and not PEERS.is_file():
        sys.exit("The peers are not installed: make bench-peers-anomaly")
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = [part for part in told.sets.split(",") if part]
    paths = [path for path in sorted(DATA.glob("*.npz")) if not wanted or any(part in path.stem for part in wanted)]
    if told.quick:
        paths = [path for path in paths if len(np.load(path)["y"]) < 10_000]
    if not paths:
        sys.exit(f"there is no such set in {DATA.name}: the shared data is not there, or --sets names none")
    lines, beside = [], None if told.alone else Peers(told.threads)
    for protocol in told.protocols.split(","):
        for path in paths:
            line = measured(path, protocol, told, beside)
            lines.append(line)
            said = " ".join(f"{name} {100 * got[0]:.1f}/{100 * got[1]:.1f}" for name, got in line["means"].items())
            print(f"{path.stem:16}{' (cut)' if line['cut'] else ''} {said}", flush=True)
    tables = {protocol: table(lines, protocol) for protocol in told.protocols.split(",")}
    for protocol, found in tables.items():
        show(protocol, found)
    about = {"machine": platform.processor() or platform.machine(), "cores": os.cpu_count(), "seeds": told.seeds}
    file = ROOT / ".cache" / "anomaly_quality.json"
    file.write_text(json.dumps({"about": about | {"most": told.most}, "sets": lines, "tables": tables}, indent=1))
    print(f"\nwritten to {file.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
