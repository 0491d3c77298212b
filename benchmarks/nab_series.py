"""Are the labelled windows of four NAB series found, and how many others are flagged with them?

    python benchmarks/nab_series.py [--alone] [--planted]

Beside `mainstay detect --time` with its default alarm (fdr=0.1) stand a matrix profile (stumpy) and an isolation
forest over windows (scikit-learn), both with the window that mainstay found and the same way from windows to points.
A peer has no rule of alarm, so each method is also given as many windows as are labelled. ROC-AUC and average
precision are of points against the labelled windows; "soft" is the mean of average precisions with labels that fade
out over 0 to one window at both ends (the idea of VUS-PR, without its reward for existence). ``--planted`` puts
anomalies of seven kinds into made series, five seeds each. Writes .cache/nab-series.json.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl

from mainstay.alarms.series_run import judge_series
from mainstay.alarms.settings import Settings
from mainstay.compute.around import Around
from mainstay.data.read import read
from mainstay.learners.series.blocks import block_maxima
from mainstay.learners.series.stretches import flagged_stretches

HERE = Path(__file__).resolve().parents[1]
NAB = HERE.parent / "shared" / "data" / "nab"
PEERS = HERE / ".bench-peers-anomaly" / "bin" / "python"
HEAD = (
    f"{'series':<36}{'method':<20}{'ROC-AUC':>8}{'AP':>7}{'soft':>7}  {'fdr=0.1':<18}"
    f"{'as many as labelled':<20}{'s':>6}"
)


def labelled(name):
    """Return a table, and which of its rows lie in a labelled window."""
    frame = pl.read_csv(NAB / f"{name}.csv", try_parse_dates=True)
    spans = json.loads((NAB / "combined_windows.json").read_text())[f"{name}.csv"]
    times = frame.get_column("timestamp").dt.epoch("us").to_numpy()
    ends = [
        [np.datetime64(one.replace(" ", "T")).astype("datetime64[us]").astype(int) for one in span] for span in spans
    ]
    return frame, np.any([(times >= start) & (times <= end) for start, end in ends], axis=0)


def ap(truth, scores):
    """Return the average precision; labels may be parts of 1."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(truth[order])
    return float((hits / np.arange(1, len(hits) + 1) * truth[order]).sum() / truth.sum())


def roc_auc(truth, scores):
    from scipy.stats import rankdata

    ranks, odd = rankdata(scores), int(truth.sum())
    return float((ranks[truth].sum() - odd * (odd + 1) / 2) / (odd * (len(truth) - odd)))


def soft(truth, scores, window):
    """Return the mean average precision over labels that fade out over more and more points."""
    inside = np.flatnonzero(truth)
    distance = np.abs(
        np.arange(len(truth))[:, None]
        - inside[np.searchsorted(inside, np.arange(len(truth))).clip(0, len(inside) - 1)][:, None]
    )
    before = inside[(np.searchsorted(inside, np.arange(len(truth)), side="right") - 1).clip(0)]
    distance = np.minimum(distance[:, 0], np.abs(np.arange(len(truth)) - before))
    widths = np.linspace(0, window, 6)
    fades = [
        np.sqrt(np.clip(1 - distance / max(width, 1e-9), 0, 1)) if width else truth.astype(float) for width in widths
    ]
    return float(np.mean([ap(fade, scores) for fade in fades]))


def counted(stretches, truth):
    """Return windows found of those labelled, and false ones."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], truth.astype(int), [0]])))
    spans = list(zip(edges[::2], edges[1::2], strict=True))
    hits = sum(any(one.first < end and one.last >= start for one in stretches) for start, end in spans)
    false = sum(not truth[one.first : one.last + 1].any() for one in stretches)
    return {"known": len(spans), "found": hits, "false": false}


def as_many(scores, truth, window, lengths):
    """Return what is found where as many windows are flagged as are labelled, at most."""
    count = counted((), truth)["known"]
    found = ()
    for peak in np.unique(block_maxima(scores, window, lengths))[::-1]:
        stretches = flagged_stretches(scores, peak, window=window, lengths=lengths)
        if len(stretches) > count:
            break
        found = stretches
    return counted(found, truth)


def ours(name):
    """Return our scores of points, with what was found by the default alarm."""
    frame, odd = labelled(name)
    began = time.perf_counter()
    judged = judge_series(read(frame), Settings(time="timestamp"), Around())
    seconds = time.perf_counter() - began
    grid = judged.found.grid
    truth = np.zeros(grid.points, bool)
    truth[grid.point[odd & (grid.point >= 0)]] = True
    lengths = [len(piece) for piece in grid.pieces]
    values = np.concatenate([piece.values[:, 0] for piece in grid.pieces])
    window = judged.predictor.outputs.plan.window
    stretches = [one.stretch for one in judged.found.windows]
    return {"truth": truth, "lengths": lengths, "values": values, "window": window, "scores": judged.found.scores,
            "levels": judged.found.levels, "members": [one.name for one in judged.predictor.outputs.members],
            "default": counted(stretches, truth), "seconds": seconds}  # fmt: skip


def peers(found):
    """Return the peers' scores of points."""
    cache = HERE / ".cache"
    cache.mkdir(exist_ok=True)
    given, said = cache / "nab-in.npz", cache / "nab-out.npz"
    arrays = {f"values_{name}": one["values"] for name, one in found.items()}
    np.savez(given, **arrays, **{f"window_{name}": one["window"] for name, one in found.items()})
    around = {**os.environ, "PYTHONPATH": ""}
    told = [str(PEERS), str(HERE / "benchmarks" / "anomaly_parts" / "series_peers.py"), str(given), str(said)]
    done = subprocess.run(told, capture_output=True, text=True, env=around, check=False)
    if done.returncode:
        sys.exit(f"the peers do not run: {done.stderr.strip().splitlines()[-1:]}")
    return dict(np.load(said))


def row_of(one, scores, seconds, default=None):
    truth = one["truth"]
    return {
        "roc_auc": roc_auc(truth, scores), "average_precision": ap(truth.astype(float), scores),
        "soft": soft(truth, scores, one["window"]), "default": default,
        "as_many": as_many(scores, truth, one["window"], one["lengths"]), "seconds": seconds,
    }  # fmt: skip


def shown(told):
    return "-" if told is None else f"{told['found']} of {told['known']}, {told['false']} false"


def nab(alone):
    """Print the table of the four series, and return it."""
    found = {path.stem: ours(path.stem) for path in sorted(NAB.glob("*.csv"))}
    said = {} if alone else peers(found)
    rows = {}
    print(HEAD)
    for name, one in found.items():
        table = {"mainstay": row_of(one, one["scores"], one["seconds"], one["default"])}
        for method in () if alone else ("matrix_profile", "isolation_forest"):
            table[method] = row_of(one, said[f"{method}@{name}"], float(said[f"seconds@{method}@{name}"]))
        for at, member in enumerate(one["members"]):
            table[f"  {member}"] = row_of(one, one["levels"][:, at], float("nan"))
        rows[name] = table
        for method, row in table.items():
            print(f"{name[:35]:<36}{method:<20}{row['roc_auc']:8.3f}{row['average_precision']:7.3f}{row['soft']:7.3f}  "
                  f"{shown(row['default']):<18}{shown(row['as_many']):<20}{row['seconds']:6.1f}")  # fmt: skip
    return rows


# --- planted -------------------------------------------------------------------------------------------------


def wave(points, generator, noise=0.15):
    at = 2 * np.pi * np.arange(points) / 100
    return np.sin(at) + 0.4 * np.sin(2 * at + 1) + generator.normal(0, noise, points)


def planted(kind, seed):
    """Return a series of 4,000 points with one anomaly, and where it is."""
    generator = np.random.default_rng([seed, 9])
    x = wave(4_000, generator)
    start, wide = int(generator.integers(500, 3_300)), 200
    if kind == "level shift":
        x[start : start + wide] += 1.0
    elif kind == "spike":
        wide = 1
        x[start] += 3.0
    elif kind == "shape":
        wide = 100
        x[start : start + wide] *= -1
    elif kind == "frequency":
        x[start : start + wide] = np.sin(2 * np.pi * np.arange(wide) / 40) + generator.normal(0, 0.15, wide)
    elif kind == "missing cycle":
        wide = 100
        x[start : start + wide] = generator.normal(0, 0.15, wide)
    elif kind == "drift":
        wide = 400
        x[start : start + wide] += np.linspace(0, 1.5, wide)
    truth = np.zeros(4_000, bool)
    if kind != "nothing":
        truth[start : start + wide] = True
    if kind == "correlation":
        walk = np.convolve(generator.normal(size=4_040), np.ones(41) / 6, mode="valid")
        many = np.stack([x + walk, 0.5 * x - walk, 2 * x], axis=1) + generator.normal(0, 0.1, (4_000, 3))
        many[start : start + wide, 1] += 2 * walk[start : start + wide]
        return many, truth
    return x[:, None], truth


def planted_table(seeds=5):
    """Print how often each kind is found by the default alarm, and how many windows are false."""
    kinds = ("level shift", "spike", "shape", "frequency", "missing cycle", "drift", "correlation", "nothing")
    rows = {}
    print(f"\n{'planted':<16}{'found':>8}{'false windows':>15}{'ROC-AUC':>9}{'AP':>7}")
    for kind in kinds:
        hits, false, roc, precision = 0, 0, [], []
        for seed in range(seeds):
            values, truth = planted(kind, seed)
            frame = pl.DataFrame(
                {"at": np.arange(len(values)) * 60, **{f"x{i}": one for i, one in enumerate(values.T)}}
            )
            judged = judge_series(read(frame), Settings(time="at"), Around())
            told = counted([one.stretch for one in judged.found.windows], truth)
            hits, false = hits + told["found"], false + told["false"]
            if truth.any():
                roc.append(roc_auc(truth, judged.found.scores))
                precision.append(ap(truth.astype(float), judged.found.scores))
        rows[kind] = {"found": hits, "of": 0 if kind == "nothing" else seeds, "false": false}
        mean = (np.mean(roc), np.mean(precision)) if roc else (np.nan, np.nan)
        print(f"{kind:<16}{hits:>5}/{rows[kind]['of']}{false:>12}/{seeds}{mean[0]:9.3f}{mean[1]:7.3f}")
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alone", action="store_true", help="without the peers")
    parser.add_argument("--planted", action="store_true", help="also anomalies that were put in")
    asked = parser.parse_args()
    if not asked.alone and not PEERS.exists():
        sys.exit("The peers are not installed: make bench-peers-anomaly")
    told = {"nab": nab(asked.alone)}
    if asked.planted:
        told["planted"] = planted_table()
    (HERE / ".cache").mkdir(exist_ok=True)
    (HERE / ".cache" / "nab-series.json").write_text(json.dumps(told, indent=1, default=float))


if __name__ == "__main__":
    main()
