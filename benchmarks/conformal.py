"""Measures how many truths the sets and intervals of a bundle hold on rows that training never saw.

Run `python benchmarks/conformal.py [--tables a,b] [--seeds 2] [--budget 20] [--level 90] [--models a,b]`. Half of each
table (at most 8,000 rows) is given to `mainstay.train(..., intervals=LEVEL)`, which holds a fifth of it out for its own
report; the other half is answered by the written bundle. It prints a line per table and writes .cache/conformal.json.
"""

import argparse
import json
import statistics
from pathlib import Path

import numpy as np
import polars as pl

import mainstay

ROOT = Path(__file__).resolve().parents[1]
DATA = (ROOT / ".." / "shared" / "data").resolve()
MOST_ROWS = 8_000


def csv(path, **how):
    """Read a table of the shared data."""
    return pl.read_csv(DATA / path, infer_schema_length=None, **how)


def from_sklearn(loader, target="target"):
    """Return a table that comes with scikit-learn."""
    import sklearn.datasets

    found = getattr(sklearn.datasets, loader)()
    columns = [f"x{place}" for place in range(found.data.shape[1])]
    frame = pl.DataFrame(np.asarray(found.data, np.float64), schema=columns)
    values = found.target if loader == "load_diabetes" else found.target.astype(str)
    return frame.with_columns(pl.Series(target, values)), target


TABLES = {
    "california": lambda: (csv("california_housing/housing.csv"), "median_house_value"),
    "bike": lambda: (csv("bike_sharing/hour.csv").drop("instant", "casual", "registered", "dteday"), "cnt"),
    "wine": lambda: (csv("wine_quality/winequality-white.csv"), "quality"),
    "diabetes": lambda: from_sklearn("load_diabetes"),
    "telco": lambda: (csv("telco_churn/Telco-Customer-Churn.csv").drop("customerID"), "Churn"),
    "adult": lambda: (pl.read_parquet(DATA / "adult" / "adult.parquet").drop("split"), "income"),
    "german_credit": lambda: (csv("german_credit/credit.csv"), "default"),
    "digits": lambda: from_sklearn("load_digits"),
    "breast_cancer": lambda: from_sklearn("load_breast_cancer"),
}


def measure(name, seed, level, budget, models):
    """Train on a half, and return what the bundle's sets or intervals hold of the other."""
    frame, target = TABLES[name]()
    order = np.random.default_rng(seed).permutation(frame.height)
    learned, rest = np.array_split(order, 2)
    made = mainstay.train(
        frame[np.sort(learned[:MOST_ROWS])],
        target=target,
        intervals=level,
        time_budget=budget,
        seed=seed,
        models=models,
    )
    figures = made.model.evaluate(frame[np.sort(rest)]).to_dict()
    found = figures["coverage"]
    return {
        "table": name,
        "seed": seed,
        "rows": figures["rows"],
        "trained": made.to_dict()["rows"]["train"],
        "members": [member["name"] for member in made.to_dict()["members"]],
        **{f"share_{part}": found["share"][part] for part in ("value", "low", "high")},
        "width": found["width"]["value"],
    }


def main():
    """Print and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--budget", type=float, default=20)
    parser.add_argument("--level", type=float, default=90)
    parser.add_argument("--models", default="")
    told = parser.parse_args()
    models = told.models.split(",") if told.models else None
    lines = []
    for name in told.tables.split(","):
        own = [measure(name, seed, told.level, told.budget, models) for seed in range(told.seeds)]
        lines += own
        mean = statistics.fmean(line["share_value"] for line in own)
        shares = " ".join(f"{line['share_value']:.3f}" for line in own)
        width = statistics.fmean(line["width"] for line in own)
        print(f"{name:16} held {mean:.3f}  ({shares})  width {width:.4g}  {own[0]['members']}", flush=True)
        place = ROOT / ".cache" / "conformal.json"
        place.parent.mkdir(exist_ok=True)
        place.write_text(json.dumps({"level": told.level, "budget": told.budget, "lines": lines}, indent=1))


if __name__ == "__main__":
    main()
