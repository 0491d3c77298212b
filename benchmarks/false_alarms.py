"""Is the false-alarm rate kept that the user asked for, and what does keeping it cost in anomalies that are missed?

    python benchmarks/false_alarms.py [--splits 200] [--fits 20] [--sets shuttle,gaussian] [--method ensemble]
    python benchmarks/false_alarms.py --estimated [--draws 200]

First table: a clean reference, or one that holds 1 % and 5 % anomalies that nobody knows of. Of each set usual rows
are drawn, split by ``split_for_clean`` into rows to fit on and rows for the p-values; fresh usual rows with 5 %
anomalies are judged, as a batch (Benjamini-Hochberg) and by the fixed cut (which is told the share). Beside the mean
false discovery rate with its standard error stand the power and the power of the oracle: the largest set of oddest
rows of which no more than alpha are false, found with the labels. Each fit serves splits / fits draws of the rows for
the p-values and the rows that are judged.

Second table (``--estimated``): contaminated rows, nothing known. How often anything is flagged in sets without an
anomaly, and what is found among planted and real anomalies. Writes .cache/false-alarms.json.
"""

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from mainstay.contracts.anomalies import Detection, blended
from mainstay.contracts.anomaly_scores import detection_scores
from mainstay.contracts.arrays import Arrays
from mainstay.contracts.learner import NoDeadline
from mainstay.evaluate.anomalies.alarm import AlarmWish, batch_flags, decide_alarm
from mainstay.evaluate.anomalies.calibrate import calibrate, split_for_clean
from mainstay.learners.anomaly.catalogue import learner
from mainstay.prepare.anomalies import fit_for_anomalies, observations_of

HERE = Path(__file__).resolve().parents[1]
SHARED = HERE.parent / "shared" / "data" / "adbench"
SETS = ("shuttle", "http", "mammography", "thyroid", "pendigits", "cardio", "satellite", "gaussian", "heavy")
RATES = (0.05, 0.1, 0.2)
CONTAMINATED = (0.0, 0.01, 0.05)
SHARE, MOST_USUAL, MOST_JUDGED, MOST_FRESH = 0.05, 6_000, 2_000, 4_000
KINDS = ("normal", "correlated", "t3", "student4", "lognormal", "exponential", "laplace", "uniform", "mixture", "mixed")


# --- rows ----------------------------------------------------------------------------------------------------


def rows_of(name):
    """Return the usual rows and the anomalies of a set."""
    generator = np.random.default_rng(7)
    if name == "gaussian":
        return generator.normal(size=(12_000, 10)), generator.normal(size=(1_000, 10)) + 2.0
    if name == "heavy":
        return generator.standard_t(3, size=(12_000, 6)), generator.standard_t(3, size=(1_000, 6)) * 6.0
    found = np.load(next(SHARED.glob(f"*_{name}.npz")), allow_pickle=True)
    x, y = np.asarray(found["X"], np.float64), np.asarray(found["y"]).astype(int)
    return x[y == 0], x[y == 1]


def usual_kind(kind, rows, columns, generator):
    """Return rows without an anomaly."""
    shape = (rows, columns)
    if kind == "correlated":
        return generator.normal(size=shape) @ generator.normal(size=(columns, columns))
    if kind == "student4":
        return generator.normal(size=shape) / np.sqrt(generator.chisquare(4, size=(rows, 1)) / 4)
    if kind == "mixture":
        parts = int(generator.integers(2, 6))
        which = generator.choice(parts, rows, p=generator.dirichlet(np.full(parts, 5.0)))
        spread = generator.uniform(0.5, 2, parts)[which, None]
        return generator.normal(0, 5, (parts, columns))[which] + spread * generator.normal(size=shape)
    if kind == "mixed":
        x = generator.normal(size=shape)
        x[:, ::3] = generator.lognormal(0, 0.7, size=x[:, ::3].shape)
        x[:, 1::3] = generator.integers(0, 4, size=x[:, 1::3].shape)
        return x
    draw = {
        "normal": generator.normal, "t3": lambda size: generator.standard_t(3, size=size),
        "lognormal": lambda size: generator.lognormal(0, 0.8, size=size), "exponential": generator.exponential,
        "laplace": generator.laplace, "uniform": generator.uniform,
    }  # fmt: skip
    return draw[kind](size=shape)


def planted(x, share, generator):
    """Return rows of which some were moved far off: scattered, in a heap, or wide; and which."""
    count, columns = max(1, round(share * len(x))), x.shape[1]
    spread = np.subtract(*np.quantile(x, [0.75, 0.25], axis=0)) / 1.35
    style = generator.integers(3)
    if style == 0:
        x[:count] += spread * generator.choice([-1, 1], (count, columns)) * generator.uniform(6, 12, (count, 1))
    elif style == 1:
        side = generator.choice([-1, 1], columns)
        x[:count] = np.median(x, axis=0) + spread * (10 * side + generator.normal(size=(count, columns)))
    else:
        x[:count] = np.median(x, axis=0) + 8 * spread * generator.normal(size=(count, columns))
    odd = np.zeros(len(x), bool)
    odd[:count] = True
    return x, odd


def arrays_of(x):
    names = tuple(f"x{at}" for at in range(x.shape[1]))
    return Arrays(x.astype(np.float32), names, np.empty((len(x), 0), np.int64), (), ())


class Detector:
    """What the product does of its own accord: the recipe, the members, the blend."""

    def __init__(self, x, reference, method, seed):
        arrays = arrays_of(x)
        self.recipe = fit_for_anomalies(arrays, seed=seed)
        seen = observations_of(self.recipe, arrays)
        self.detection = learner(method).fit(seen, reference=reference, seed=seed, deadline=NoDeadline())
        self.weights = np.array([member.weight for member in self.detection.members])

    def members(self, x):
        return detection_scores(self.detection, observations_of(self.recipe, arrays_of(x)).matrix)

    def first(self, x):
        """Return what the members said before rows were set aside: p-values of contaminated rows come from these."""
        detection = Detection(self.detection.first or self.detection.members)
        return detection_scores(detection, observations_of(self.recipe, arrays_of(x)).matrix)

    def scores(self, raw):
        return blended(raw, tuple(member.scale for member in self.detection.members), self.weights)


# --- a clean reference ---------------------------------------------------------------------------------------


def figures(flags, odd):
    return float((flags & ~odd).sum() / max(flags.sum(), 1)), float((flags & odd).sum() / max(odd.sum(), 1))


def oracle(scores, odd, rate):
    """Return the power of the largest set of oddest rows of which no more than the rate are false."""
    order = np.argsort(-scores, kind="stable")
    whole = np.append(np.diff(scores[order]) != 0, True)  # equal scores are flagged together
    false = np.cumsum(~odd[order]) / np.arange(1, len(order) + 1)
    passing = np.flatnonzero((false <= rate) & whole)
    return float(odd[order][: passing[-1] + 1].sum() / odd.sum()) if len(passing) else 0.0


def polluted(usual, odd, share, generator):
    """Return reference rows of which the share are anomalies, which those are, and the anomalies that are left."""
    count = round(share * len(usual))
    taken = generator.permutation(len(odd))
    rows = np.concatenate([usual[count:], odd[taken[:count]]])
    return rows, np.arange(len(rows)) >= len(rows) - count, odd[taken[count:]]


def judge_set(name, options):
    """Return what the splits of one set come to, by share and rate."""
    usual, odd = rows_of(name)
    told = {share: {rate: [] for rate in RATES} for share in CONTAMINATED}
    for share in CONTAMINATED:
        count = min(MOST_USUAL, len(usual) * 2 // 3, int(len(odd) / 2 / share) if share else MOST_USUAL)
        for fit in range(options.fits):
            generator = np.random.default_rng([fit, round(1000 * share)])
            order = generator.permutation(len(usual))
            reference, false_usual, left = polluted(usual[order[:count]], odd, share, generator)
            fitted, kept = split_for_clean(len(reference), fit)
            detector = Detector(reference[fitted], "clean", options.method, fit)
            rows = (
                reference[kept[~false_usual[kept]]],
                reference[kept[false_usual[kept]]],
                usual[order[count:]][:MOST_FRESH],
                left[:MOST_FRESH],
            )
            scored = [detector.scores(detector.members(x)) if len(x) else np.empty(0) for x in rows]
            for _ in range(max(1, options.splits // options.fits)):
                one_split(told[share], scored, generator)
    return told


def one_split(told, scored, generator):
    """Judge one draw: unseen usual rows change places between those for the p-values and those that are judged."""
    kept, kept_odd, fresh, anomalies = scored
    pool = generator.permutation(np.concatenate([kept, fresh]))
    known = calibrate(np.concatenate([pool[: len(kept)], kept_odd]), "clean")
    judged = pool[len(kept) :][:MOST_JUDGED]
    count = min(len(anomalies), max(1, round(SHARE / (1 - SHARE) * len(judged))))
    scores = np.concatenate([judged, generator.choice(anomalies, count, replace=False)])
    odd = np.arange(len(scores)) >= len(judged)
    for rate in RATES:
        wish = AlarmWish("fdr", rate, float(odd.mean()))
        batch = figures(batch_flags(wish, scores, known), odd)
        fixed = figures(decide_alarm(wish, judged, known, "clean").flagged(scores), odd)
        told[rate].append((*batch, *fixed, oracle(scores, odd, rate)))


def mean_and_error(values):
    """Return the mean of splits and its standard error."""
    return float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0


def clean(options):
    """Print the table of clean references, and return it."""
    print("| set | reference | alpha | FDR, batch | power, batch | FDR, cut | power, cut | oracle | batch / oracle |")
    print("|---|---|---|---|---|---|---|---|---|")
    lines = []
    for name in options.sets.split(","):
        for share, rates in judge_set(name, options).items():
            for rate, found in rates.items():
                values = np.array(found)
                fdr, power, cut_fdr, cut_power, best = (mean_and_error(column) for column in values.T)
                line = {
                    "set": name, "reference": share, "alpha": rate, "splits": len(values), "fdr": fdr, "power": power,
                    "cut_fdr": cut_fdr, "cut_power": cut_power, "oracle": best,
                }  # fmt: skip
                lines.append(line)
                print(
                    f"| {name} | {share:.0%} | {rate} | {fdr[0]:.3f} ({fdr[1]:.3f}) | {power[0]:.3f} | "
                    f"{cut_fdr[0]:.3f} ({cut_fdr[1]:.3f}) | {cut_power[0]:.3f} | {best[0]:.3f} | "
                    f"{power[0] / max(best[0], 1e-9):.2f} |",
                    flush=True,
                )
    return lines


# --- nothing known -------------------------------------------------------------------------------------------


def estimate(x, options, seed):
    """Return scores and the rows that are flagged at 0.1 where nothing is known of the rows."""
    detector = Detector(x, "contaminated", options.method, seed)
    scores = detector.scores(detector.members(x))
    known = calibrate(scores, "contaminated", members=detector.first(x), weights=detector.weights)
    return scores, batch_flags(AlarmWish("fdr", 0.1), scores, known)


def estimated(options):
    """Print how often anything is flagged where there is nothing, and what is found where there is."""
    free, found, lines = defaultdict(list), defaultdict(list), []
    for draw in range(options.draws):
        generator = np.random.default_rng(draw)
        kind = KINDS[draw % len(KINDS)]
        rows, columns = int(generator.choice([300, 1000, 2000])), int(generator.choice([2, 5, 10, 20]))
        free[kind].append(int(estimate(usual_kind(kind, rows, columns, generator), options, draw)[1].sum()))
        share = (0.01, 0.05, 0.1)[draw // len(KINDS) % 3]
        x, odd = planted(usual_kind(kind, max(rows, 1000), max(columns, 5), generator), share, generator)
        scores, flags = estimate(x, options, draw)
        found[share].append((*figures(flags, odd), oracle(scores, odd, 0.1)))
    flagged = [count > 0 for counts in free.values() for count in counts]
    print(f"sets without an anomaly in which a row is flagged at 0.1: {np.mean(flagged):.3f} of {len(flagged)}")
    for kind, counts in free.items():
        print(f"  {kind}: {np.mean(np.array(counts) > 0):.2f}, {np.mean(counts):.2f} rows on average")
        lines.append({"kind": kind, "flagged": counts})
    for share, values in sorted(found.items()):
        fdr, power, best = np.mean(values, axis=0)
        print(f"planted {share:.0%}: FDR {fdr:.3f}, power {power:.3f}, oracle {best:.3f} ({len(values)} sets)")
        lines.append({"planted": share, "fdr": float(fdr), "power": float(power), "oracle": float(best)})
    for path in sorted(SHARED.glob("*.npz")):
        usual, odd = rows_of(path.stem.split("_", 1)[1])
        generator = np.random.default_rng(0)
        share = min(1.0, 20_000 / len(usual))
        usual = usual[generator.permutation(len(usual))[:20_000]]
        x = np.concatenate([usual, odd[generator.permutation(len(odd))[: max(1, round(share * len(odd)))]]])
        truth = np.arange(len(x)) >= len(usual)
        scores, flags = estimate(x, options, 0)
        fdr, power = figures(flags, truth)
        print(f"{path.stem}: {truth.mean():.1%} anomalies, {flags.sum()} of {len(x)} flagged, {fdr:.2f} of them false, "
              f"power {power:.2f}, oracle {oracle(scores, truth, 0.1):.2f}", flush=True)  # fmt: skip
        lines.append({"set": path.stem, "flagged": int(flags.sum()), "fdr": fdr, "power": power})
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splits", type=int, default=200)
    parser.add_argument("--fits", type=int, default=20)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--method", default="ensemble")
    parser.add_argument("--estimated", action="store_true")
    parser.add_argument("--draws", type=int, default=200)
    options = parser.parse_args()
    began = time.time()
    lines = estimated(options) if options.estimated else clean(options)
    target = HERE / ".cache" / ("false-alarms-estimated.json" if options.estimated else "false-alarms.json")
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps({"options": vars(options), "seconds": time.time() - began, "lines": lines}, indent=1))
    print(f"{time.time() - began:.0f} s, written to {target.relative_to(HERE)}")


if __name__ == "__main__":
    main()
