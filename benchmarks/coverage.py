"""Does the printed 95 % interval hold the score on a large fresh sample, and is the printed score on average right?

    python benchmarks/coverage.py [--draws 400] [--sizes 100,300,1000] [--worlds adult,heavy]
    python benchmarks/coverage.py --whole 100 [--budget 8]

Each world is a large population with a model fitted once on rows of its own. A draw takes a small sample of it, asks
``mainstay.evaluate`` for every metric with its interval, and looks where the metric lies on the whole population. Real
tables are as they are (adult, California, electricity, bike sharing); synthetic ones have known tails. With ``--whole``
every draw is a run of ``mainstay.train`` on a small sample, and what its report printed is held against the score of
its bundle on all other rows. Writes .cache/coverage.json or .cache/coverage-whole.json.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import polars as pl

from mainstay.evaluate.intervals import evaluate

HERE = Path(__file__).resolve().parents[1]
SHARED = HERE.parent / "shared" / "data"
POPULATION = 200_000
TARGETS = {"adult": "income", "electricity": "class", "california": "median_house_value", "bike": "cnt"}


# --- populations ---------------------------------------------------------------------------------------------


def frame_of(name):
    if name == "adult":
        return pl.read_parquet(SHARED / "adult/adult.parquet").drop("split")
    if name == "electricity":
        return pl.read_csv(SHARED / "electricity/elec.csv").with_columns(pl.col("class").cast(pl.String))
    if name == "california":
        return pl.read_csv(SHARED / "california_housing/housing.csv")
    return pl.read_csv(SHARED / "bike_sharing/hour.csv").drop("instant", "dteday", "casual", "registered")


def real(name):
    """Fit boosted trees on 2,000 rows, and answer for all others."""
    import lightgbm

    frame, target = frame_of(name), TARGETS[name]
    names = [one for one in frame.columns if one != target]
    x = np.column_stack([
        frame[one].cast(pl.Float64).to_numpy() if frame[one].dtype.is_numeric()
        else frame[one].rank("dense").cast(pl.Float64).to_numpy()
        for one in names
    ])  # fmt: skip
    classes = not frame[target].dtype.is_numeric()
    y = frame[target].rank("dense").to_numpy().astype(int) - 1 if classes else frame[target].to_numpy().astype(float)
    order = np.random.default_rng(0).permutation(len(y))
    taught, rest = order[:2000], order[2000:]
    settings = {"objective": "binary" if classes else "regression", "verbose": -1, "num_threads": 1, "num_leaves": 15}
    answers = lightgbm.train(settings, lightgbm.Dataset(x[taught], y[taught]), 80).predict(x[rest])
    answers = np.stack([1 - answers, answers], axis=1) if classes else answers
    return "classification" if classes else "regression", y[rest], answers


def synthetic(name):
    rng = np.random.default_rng(5)
    x = rng.normal(size=POPULATION)
    if name in ("binary", "rare", "strong"):
        strength, rate = {"binary": (1.5, 0.3), "rare": (1.5, 0.08), "strong": (5.0, 0.3)}[name]
        logit = strength * x + np.log(rate / (1 - rate))
        y = (rng.random(POPULATION) < 1 / (1 + np.exp(-logit))).astype(int)
        p = 1 / (1 + np.exp(-1.3 * (logit + 0.3 * rng.normal(size=POPULATION))))
        return "classification", y, np.stack([1 - p, p], axis=1)
    if name == "three classes":
        y = rng.choice(3, size=POPULATION, p=[0.6, 0.3, 0.1])
        p = np.exp(1.5 * np.eye(3)[y] + rng.normal(size=(POPULATION, 3)) + np.array([0.7, 0.2, -0.6]))
        return "classification", y, p / p.sum(axis=1, keepdims=True)
    if name == "skewed":
        return "regression", np.exp(0.8 * x + 0.4 * rng.normal(size=POPULATION)), np.exp(0.8 * x)
    noise = rng.standard_t(5, size=POPULATION) if name == "heavy" else rng.normal(size=POPULATION)
    return "regression", 10 + 2 * x + noise, 10 + 1.9 * x


WORLDS = ("adult", "electricity", "california", "bike", "binary", "rare", "strong", "three classes", "normal", "heavy",
          "skewed")  # fmt: skip


def population(name):
    return real(name) if name in TARGETS else synthetic(name)


# --- draws ---------------------------------------------------------------------------------------------------


def count(held, wrong):
    """Return the share held, where the truth lay otherwise, and the bias in standard errors."""
    held, wrong = np.array(held), np.array(wrong)
    return {
        "draws": len(held),
        "coverage": float((held == 0).mean()),
        "truth_above": float((held > 0).mean()),
        "truth_below": float((held < 0).mean()),
        "bias": float(wrong.mean()),
    }


def side(score, truth):
    return 0 if score.low <= truth <= score.high else (1 if truth > score.high else -1)


def of_metrics(name, size, draws, seed=1):
    task, y, answers = population(name)
    truth = evaluate(task, y, answers)
    rng = np.random.default_rng(seed)
    sides, errors = {}, {}
    for turn in range(draws):
        rows = rng.choice(len(y), size, replace=False)
        for metric, score in evaluate(task, y[rows], answers[rows], seed=turn).items():
            if score.value is None or score.low is None or truth[metric].value is None:
                continue
            sides.setdefault(metric, []).append(side(score, truth[metric].value))
            width = (score.high - score.low) / 3.92
            errors.setdefault(metric, []).append((score.value - truth[metric].value) / width if width else 0.0)
    return {metric: count(sides[metric], errors[metric]) for metric in sides}


def run_metrics(worlds, sizes, draws):
    lines = []
    for name in worlds:
        for size in sizes:
            began = time.perf_counter()
            for metric, found in of_metrics(name, size, draws).items():
                lines.append({"world": name, "rows": size, "metric": metric, **found})
                flag = "" if 0.93 <= found["coverage"] <= 0.97 else " *"
                flag += " bias" if abs(found["bias"]) > 0.5 else ""
                sides = f"truth above {found['truth_above']:5.1%} below {found['truth_below']:5.1%}"
                shown = f"{found['coverage']:6.1%}  {sides}  bias {found['bias']:+.2f}{flag}"
                print(f"{name:14s} {size:5d} {metric:22s} {shown}", flush=True)
            print(f"# {time.perf_counter() - began:.1f} s", flush=True)
    share = np.array([line["coverage"] for line in lines])
    print(f"{len(lines)} cells of {draws} draws: mean coverage {share.mean():.1%}; within 93-97 %: "
          f"{((share >= 0.93) & (share <= 0.97)).mean():.0%}; below 93 %: {(share < 0.93).sum()}; most bias "
          f"{max(abs(line['bias']) for line in lines):.2f} standard errors")  # fmt: skip
    return lines


def run_whole(draws, budget, rows=600):
    """Train on small samples; hold what was printed against the bundle's score on all other rows."""
    import mainstay

    lines = []
    for turn in range(draws):
        name = list(TARGETS)[turn % len(TARGETS)]
        frame, target = frame_of(name), TARGETS[name]
        order = np.random.default_rng(turn).permutation(frame.height)
        models = ["ridge"] if name in ("california", "bike") else ["logistic"]
        run = mainstay.train(frame[order[:rows]], target=target, models=models, time_budget=budget, seed=turn)
        printed = run.to_dict()["metrics"]
        true = run.model.evaluate(frame[order[rows : rows + 12_000]]).to_dict()["metrics"]
        for metric, score in printed.items():
            if score["value"] is None or score["low"] is None or metric not in true:
                continue
            fresh = true[metric]["value"]
            place = 0 if score["low"] <= fresh <= score["high"] else (1 if fresh > score["high"] else -1)
            width = (score["high"] - score["low"]) / 3.92 or 1.0
            lines.append({"world": name, "metric": metric, "side": place, "wrong": (score["value"] - fresh) / width})
        if (turn + 1) % 10 == 0:
            print(f"{turn + 1} draws: {np.mean([line['side'] == 0 for line in lines]):.1%} held", flush=True)
    for metric in sorted({line["metric"] for line in lines}):
        of = [line for line in lines if line["metric"] == metric]
        found = count([line["side"] for line in of], [line["wrong"] for line in of])
        print(f"{metric:24s} {found['draws']:4d} draws {found['coverage']:6.1%}  bias {found['bias']:+.2f}")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--sizes", default="100,300,1000")
    parser.add_argument("--worlds", default=",".join(WORLDS))
    parser.add_argument("--whole", type=int, default=0)
    parser.add_argument("--budget", type=float, default=8)
    given = parser.parse_args()
    (HERE / ".cache").mkdir(exist_ok=True)
    if given.whole:
        lines, file = run_whole(given.whole, given.budget), "coverage-whole.json"
    else:
        sizes = [int(size) for size in given.sizes.split(",")]
        lines, file = run_metrics(given.worlds.split(","), sizes, given.draws), "coverage.json"
    (HERE / ".cache" / file).write_text(json.dumps(lines, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
