"""How many planted leaks the audit finds, by kind, and how often it warns of tables that have none.

    python benchmarks/leaks.py [--seeds 2] [--tables telco,adult] [--kinds copy,sums]

Twelve kinds of leak are planted, one at a time, in public tables whose own leaks were taken out. The table is
read, its schema inferred and its rows split as in training; then the audit runs. A leak is found when a warning or an
error names the planted column (or says what is wrong with the rows). On the clean tables every warning is a false
alarm. Writes .cache/leaks.json.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import polars as pl

from mainstay.data.leaks import audit
from mainstay.data.read import read
from mainstay.data.split_table import split_table
from mainstay.lifecycle.profiling import known_schema

HERE = Path(__file__).resolve().parents[1]
SHARED = HERE.parent / "shared" / "data"
PLANTED = "planted"


# --- tables, without the leaks that they have of their own ---------------------------------------------------


def csv(path, **options):
    return pl.read_csv(SHARED / path, null_values=["?", "NA"], infer_schema_length=None, **options)


def kdd():
    frame = csv("nsl_kdd/KDDTrain+_20Percent.txt", has_header=False, new_columns=[f"c{place}" for place in range(43)])
    attack = pl.when(pl.col("c41") == "normal").then(pl.lit("no")).otherwise(pl.lit("yes"))
    return frame.drop("c42").with_columns(attack.alias("c41"))


def bundled(name, classes=True):
    import sklearn.datasets

    data = getattr(sklearn.datasets, f"load_{name}")()
    frame = pl.DataFrame(data.data, schema=[str(one).replace(" ", "_") for one in data.feature_names])
    return frame.with_columns(pl.Series("target", [f"c{one}" for one in data.target] if classes else data.target))


def adbench(name):
    with np.load(SHARED / "adbench" / f"{name}.npz") as data:
        x, y = data["X"].astype(float), data["y"]
    frame = pl.DataFrame(x, schema=[f"x{place}" for place in range(x.shape[1])])
    return frame.with_columns(pl.Series("label", np.where(y == 1, "yes", "no")))


BIKE = ("casual", "registered", "instant")
TABLES = {
    "telco": (lambda: csv("telco_churn/Telco-Customer-Churn.csv"), "Churn"),
    "adult": (lambda: pl.read_parquet(SHARED / "adult/adult.parquet").drop("split").sample(10_000, seed=1), "income"),
    "bank": (lambda: csv("bank_marketing/bank.csv", separator=";").drop("duration"), "y"),
    "titanic": (lambda: csv("titanic/train.csv"), "Survived"),
    "german": (lambda: csv("german_credit/credit.csv"), "default"),
    "california": (lambda: csv("california_housing/housing.csv"), "median_house_value"),
    "bike_hour": (lambda: csv("bike_sharing/hour.csv").drop(BIKE), "cnt"),
    "wine": (lambda: csv("wine_quality/winequality-white.csv"), "quality"),
    "taxi_tip": (lambda: csv("nyc_taxis_2019/taxis.csv").drop("total"), "tip"),
    "electricity": (lambda: csv("electricity/elec.csv").sample(15_000, seed=1), "class"),
    "kdd": (kdd, "c41"),
    "readmission": (
        lambda: (
            pl.read_parquet(SHARED / "diabetes_readmission/diabetic_data.parquet")
            .drop("encounter_id", "patient_nbr")
            .sample(15_000, seed=1)
        ),
        "readmitted",
    ),
    "satellite": (lambda: adbench("30_satellite"), "label"),
    "pima": (lambda: adbench("29_Pima"), "label"),
    "breast_cancer": (lambda: bundled("breast_cancer"), "target"),
    "diabetes": (lambda: bundled("diabetes", classes=False), "target"),
    "digits": (lambda: bundled("digits"), "target"),
}


# --- leaks ---------------------------------------------------------------------------------------------------


def numeric(frame, target):
    """Return the target as amounts, or as codes; and how many classes it has."""
    column = frame[target]
    if column.dtype.is_numeric() and column.n_unique() > 12:
        return column.to_numpy().astype(float), 0
    codes = column.cast(pl.String).rank("dense").to_numpy().astype(int) - 1
    return codes, int(codes.max()) + 1


def copy(frame, target, rng):
    y, classes = numeric(frame, target)
    values = rng.permutation(classes)[y] * 7 + 3 if classes else 2.5 * y - 40
    return frame.with_columns(pl.Series(PLANTED, values))


def noisy_copy(frame, target, rng):
    y, classes = numeric(frame, target)
    if not classes:
        return frame.with_columns(pl.Series(PLANTED, y + 0.1 * y.std() * rng.normal(size=len(y))))
    wrong = rng.random(len(y)) < 0.06
    values = np.where(wrong, rng.integers(0, classes, len(y)), y)
    return frame.with_columns(pl.Series(PLANTED, [f"s{one}" for one in values]))


def transformed(frame, target, rng):
    """Amounts on a curved scale; of each class one of several codes."""
    y, classes = numeric(frame, target)
    if not classes:
        return frame.with_columns(pl.Series(PLANTED, np.round(-np.log(y - y.min() + y.std()), 6)))
    codes = rng.permutation(classes * 4).reshape(classes, 4)
    return frame.with_columns(pl.Series(PLANTED, codes[y, rng.integers(0, 4, len(y))] + 100))


def sums(frame, target, rng):
    """Amounts in two parts; of two classes the sign of a difference."""
    y, classes = numeric(frame, target)
    if not classes:
        part = y * rng.uniform(0.2, 0.8, len(y))
        return frame.with_columns(pl.Series("part", part), pl.Series(PLANTED, y - part))
    if classes > 2:
        return None
    first = rng.gamma(4, 25, len(y))
    gap = rng.gamma(2, 10, len(y)) + 0.5
    return frame.with_columns(pl.Series("part", first), pl.Series(PLANTED, np.where(y == 1, first + gap, first - gap)))


def filled(frame, target, rng):
    """A date that is there once the event has come: for most rows of one class, for the highest amounts."""
    y, classes = numeric(frame, target)
    event = y == np.argsort(-np.bincount(y))[rng.integers(0, 2)] if classes else y > np.quantile(y, 0.7)
    there = event & (rng.random(len(y)) < (0.8 if classes else 1.0))
    days = pl.Series(rng.integers(18_000, 19_000, len(y)), dtype=pl.Int32).cast(pl.Date)
    return frame.with_columns(pl.Series(PLANTED, days).set(pl.Series(~there), None))


def afterwards(frame, target, rng):
    """A measure taken after the event: noisy, and far from perfect."""
    y, classes = numeric(frame, target)
    z = (y == np.bincount(y).argmax()).astype(float) if classes else (y - y.mean()) / y.std()
    return frame.with_columns(pl.Series(PLANTED, np.round(z * (2.2 if classes else 2.0) + rng.normal(size=len(y)), 3)))


def groups(frame, target, rng):
    """Things that come back in about five rows and carry the target along; their numbers tell nothing."""
    y, classes = numeric(frame, target)
    order = np.argsort(y + (0 if classes else 0.01 * y.std() * rng.normal(size=len(y))), kind="stable")
    if classes:
        order = np.concatenate([rng.permutation(np.flatnonzero(y == one)) for one in range(classes)])
    names = np.empty(len(y), int)
    names[order] = rng.permutation(10**5)[np.arange(len(y)) // 5] + 1
    return frame.with_columns(pl.Series(PLANTED, names))


def near_copies(frame, target, rng):
    """A tenth of the rows twice, their numbers a little changed."""
    again = frame[np.sort(rng.permutation(frame.height)[: frame.height // 10])]
    for name in frame.columns:
        column = frame[name]
        if name != target and column.dtype.is_float() and column.std():
            again = again.with_columns(pl.col(name) + 0.002 * column.std() * pl.Series(rng.normal(size=again.height)))
        elif name != target and column.dtype.is_integer() and column.n_unique() > 100:
            again = again.with_columns(pl.col(name) + pl.Series(rng.integers(0, 2, again.height)))
    return pl.concat([frame, again.select(pl.col(n).cast(frame[n].dtype) for n in frame.columns)])


def row_number(frame, target, rng):
    """Rows sorted by the target, numbered, and stored in another order again."""
    y, _ = numeric(frame, target)
    place = np.empty(len(y), int)
    place[np.lexsort((rng.random(len(y)), y))] = np.arange(len(y))
    return frame.with_columns(pl.Series(PLANTED, place))


def encoded(frame, target, rng):
    """The mean of the target, of all rows, by a category of many levels that tells nothing."""
    y, classes = numeric(frame, target)
    goal = (y == 1).astype(float) if classes else y
    level = rng.integers(0, max(len(y) // 12, 9), len(y))
    means = np.bincount(level, goal) / np.maximum(np.bincount(level), 1)
    return frame.with_columns(pl.Series(PLANTED, np.round(means[level], 6)))


def later(frame, target, _rng):
    """The mean target of the next rows in time, in a table with a date."""
    y, classes = numeric(frame, target)
    goal = (y == 1).astype(float) if classes else y
    if classes > 2:
        return None
    start = np.datetime64("2019-01-01T00:00", "us")
    days = pl.Series("planted_time", start + np.arange(len(y)) * np.timedelta64(90, "m"))
    window = np.concatenate([(goal[1:] + np.append(goal[2:], goal[-1])) / 2, [goal[-1]]])
    return frame.with_columns(days, pl.Series(PLANTED, window))


def other_source(frame, _target, rng):
    """The test rows come from elsewhere, and a column shows it: another unit, another default."""
    mark = np.zeros(frame.height)
    test = rng.permutation(frame.height)[: frame.height // 5]
    mark[test] = 1.0
    return frame.with_columns(pl.Series(PLANTED, np.round(rng.normal(size=frame.height) + 1.5 * mark, 2))), test


KINDS = {
    "copy": copy, "noisy copy": noisy_copy, "transformed copy": transformed, "sum or difference": sums,
    "filled afterwards": filled, "measured afterwards": afterwards, "things that come back": groups,
    "near copies": near_copies, "row number": row_number, "mean of the target": encoded, "later rows": later,
    "other source": other_source,
}  # fmt: skip
OF_ROWS = {"near copies": {"leak.near_copies", "leak.copies"}, "other source": {"leak.apart", "leak.proxy"}}


HOW = {"bike_hour": "time:dteday"}  # that its days are in order is a leak of its own where rows are drawn by chance


def look(frame, target, test=None, seed=0, how="random"):
    """Return the warnings of an audit as (code, column), and its seconds of processor time."""
    table = read(frame)
    schema, _ = known_schema(table, None, target, task="auto")
    y, classes = numeric(frame, target)
    if test is None:
        sides = split_table(table, schema, y.astype(np.int64) if classes else y, how=how, seed=seed)
        train, test = sides.train, sides.test
    else:
        train = np.setdiff1d(np.arange(frame.height), test)
    began = time.process_time()
    found = audit(table, schema, target=target, train=train, test=np.sort(test), how=how, seed=seed, seconds=60)
    seconds = time.process_time() - began
    return {(one.code, one.column) for one in found.findings if one.severity != "info"}, seconds


def is_found(kind, warned, clean):
    fresh = warned - clean
    if kind in OF_ROWS:
        return any(code in OF_ROWS[kind] for code, _ in fresh)
    return any(column == PLANTED for _, column in fresh)


def run(tables, kinds, seeds):
    lines, clean = [], []
    for name in tables:
        frame, target = TABLES[name][0](), TABLES[name][1]
        frame = frame.filter(pl.col(target).is_not_null())
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            shuffled = frame if name == "bike_hour" else frame[rng.permutation(frame.height)]
            base, seconds = look(shuffled, target, seed=seed, how=HOW.get(name, "random"))
            clean.append({"table": name, "seed": seed, "alarms": sorted(map(str, base)), "seconds": seconds,
                          "columns": frame.width - 1})  # fmt: skip
            for kind in kinds:
                planted = KINDS[kind](shuffled, target, rng)
                if planted is None:
                    continue
                planted, test = planted if isinstance(planted, tuple) else (planted, None)
                how = "random" if test is not None or kind == "near copies" else HOW.get(name, "random")
                warned, seconds = look(planted, target, test, seed, how)
                lines.append({"table": name, "kind": kind, "seed": seed, "found": is_found(kind, warned, base),
                              "seconds": seconds, "warned": sorted(map(str, warned))})  # fmt: skip
        missed = [line["kind"] for line in lines if line["table"] == name and not line["found"]]
        alarms = sorted({alarm for line in clean if line["table"] == name for alarm in line["alarms"]})
        print(f"{name:14s} missed: {', '.join(missed) or '-'}; false alarms: {', '.join(alarms) or '-'}", flush=True)
    return lines, clean


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--kinds", default=",".join(KINDS))
    given = parser.parse_args()
    kinds = given.kinds.split(",")
    lines, clean = run(given.tables.split(","), kinds, given.seeds)
    print(f"\n{'kind':24s} {'found':>12s}")
    for kind in kinds:
        of = [line["found"] for line in lines if line["kind"] == kind]
        print(f"{kind:24s} {sum(of):5d} of {len(of):3d}")
    hit, alarmed = [line["found"] for line in lines], [bool(line["alarms"]) for line in clean]
    columns = sum(line["columns"] for line in clean)
    seconds = [line["seconds"] for line in (*lines, *clean)]
    print(f"{'all':24s} {sum(hit):5d} of {len(hit):3d} ({np.mean(hit):.1%})")
    wrong = sum(len(line["alarms"]) for line in clean)
    print(f"clean tables with an alarm: {sum(alarmed)} of {len(alarmed)}; alarms: {wrong} on {columns:,} columns")
    print(f"processor seconds for an audit: median {np.median(seconds):.1f}, most {max(seconds):.1f}")
    (HERE / ".cache").mkdir(exist_ok=True)
    told = {"found": float(np.mean(hit)), "clean": clean, "lines": lines, "seconds": float(np.median(seconds))}
    (HERE / ".cache" / "leaks.json").write_text(json.dumps(told, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
