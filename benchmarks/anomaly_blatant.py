"""Measures whether blatant rows stand first, and whether the terms name the column that was planted.

Run `python benchmarks/anomaly_blatant.py [--tables 72] [--seeds 4]`. Blatant: in tables of 200 to 5,000 rows and 2 to
20 number columns (lognormal, normal, mixed with others and with one to three categories) 1 to 2 % of the rows get one
value 8 to 100 deviations from the median, and 1.5 times as far as any usual one; printed is the precision among so
many rows of the highest score. Terms: in 800 rows with 5, 10 and 30 columns 10 values lie 5 to 8 or 8 to 100
deviations away; printed is how often the planted column has one of the three largest terms, and the largest. Group:
10 % of 4,000 rows are equal, three deviations away in each column; printed is the ROC-AUC.
"""

import argparse

import numpy as np
from sklearn.metrics import roc_auc_score

from mainstay.bundle.detectors import merged_terms
from mainstay.contracts.anomalies import blended
from mainstay.contracts.anomaly_scores import detection_scores, member_terms
from mainstay.contracts.arrays import Arrays
from mainstay.contracts.learner import NoDeadline
from mainstay.learners.anomaly.catalogue import learner
from mainstay.prepare.anomalies import fit_for_anomalies, observations_of

KINDS = {
    "lognormal": ("ln",),
    "normal": ("no",),
    "two kinds": ("ln", "no"),
    "five kinds": ("ln", "no", "un", "ga", "in"),
}
SHARES = ((0.6, 0.3, 0.1), (0.5, 0.3, 0.15, 0.05))


def arrays_of(numbers, codes=None, levels=()):
    codes = np.empty((len(numbers), 0), np.int64) if codes is None else codes.astype(np.int64)
    names = tuple(f"x{at}" for at in range(numbers.shape[1]))
    return Arrays(numbers.astype(np.float32), names, codes, tuple(f"c{at}" for at in range(len(levels))), levels)


def learned(arrays, name):
    """Return the detection, the prepared rows and their scores."""
    rows = observations_of(fit_for_anomalies(arrays, seed=0), arrays)
    found = learner(name).fit(rows, reference="contaminated", seed=0, deadline=NoDeadline())
    raw, weights = detection_scores(found, rows.matrix), np.array([member.weight for member in found.members])
    return found, rows, blended(raw, tuple(member.scale for member in found.members), weights)


def column(chance, kind, count):
    if kind == "ln":
        return chance.lognormal(3, chance.uniform(0.3, 0.6), count)
    if kind == "no":
        return chance.normal(50, 10, count)
    if kind == "un":
        return chance.uniform(0, 1, count)
    return chance.gamma(2, 1, count) if kind == "ga" else chance.poisson(4, count).astype(float)


def blatant(kind, seed):
    """Return a table and which of its rows were planted."""
    chance = np.random.default_rng([seed, 77])
    count, width = int(chance.choice([200, 400, 800, 2000, 5000])), int(chance.choice([2, 3, 4, 5, 8, 12, 20]))
    numbers = np.stack([column(chance, chance.choice(KINDS[kind]), count) for _ in range(width)], axis=1)
    middle, spread = np.median(numbers, axis=0), numbers.std(axis=0)
    reach = 1.5 * np.abs(numbers - middle).max(axis=0)
    rows = chance.choice(count, max(1, round(count * chance.uniform(0.01, 0.02))), replace=False)
    places, far = chance.integers(width, size=len(rows)), np.exp(chance.uniform(np.log(8), np.log(100), len(rows)))
    numbers[rows, places] = (middle + np.maximum(far[:, None] * spread, reach))[np.arange(len(rows)), places]
    labels = np.isin(np.arange(count), rows)
    if len(KINDS[kind]) == 1:
        return arrays_of(numbers), labels
    shares = [SHARES[chance.integers(2)] for _ in range(int(chance.integers(1, 4)))]
    codes = np.stack([chance.choice(len(one), count, p=one) for one in shares], axis=1)
    return arrays_of(numbers, codes, tuple(len(one) for one in shares)), labels


def precision(kind, seed, name):
    arrays, labels = blatant(kind, seed)
    scores = learned(arrays, name)[2]
    return labels[np.argsort(-scores, kind="stable")[: labels.sum()]].mean()


def named(width, low, high, seed, name):
    """Return for each planted row the rank of its column among the terms, 0 the first."""
    chance = np.random.default_rng([seed, width])
    numbers = chance.normal(size=(800, width)) * chance.uniform(0.1, 50, width)
    numbers[:, ::3] = np.exp(chance.normal(3, 0.4, numbers[:, ::3].shape))
    places, far = chance.integers(width, size=10), np.exp(chance.uniform(np.log(low), np.log(high), 10))
    numbers[np.arange(10), places] = (np.median(numbers, axis=0) + far[:, None] * numbers.std(axis=0))[
        range(10), places
    ]
    arrays = arrays_of(numbers, chance.choice(3, (800, 1), p=SHARES[0]), (3,))
    found, rows, _ = learned(arrays, name)
    matrix = rows.matrix[:10]
    raw = detection_scores(found, matrix)
    levels = np.stack([member.scale.level(raw[:, at]) for at, member in enumerate(found.members)], axis=1)
    owner = rows.source[:, None] == np.arange(len(rows.columns))
    terms = [member_terms(member.body, matrix) @ owner for member in found.members]
    shares = merged_terms(np.concatenate(terms, axis=1), levels, [member.weight for member in found.members])
    wanted = [rows.columns.index(f"x{place}") for place in places]
    return [int((share > share[at]).sum()) for share, at in zip(shares, wanted, strict=True)]


def group(seed, name):
    chance = np.random.default_rng([seed, 9])
    numbers = np.concatenate([chance.normal(size=(3600, 3)), np.tile([3.0, -3.0, 3.0], (400, 1))])
    return roc_auc_score(np.arange(4000) >= 3600, learned(arrays_of(numbers), name)[2])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=72)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--method", default="ensemble")
    told = parser.parse_args()
    found = {kind: [] for kind in KINDS}
    for seed in range(told.tables):
        kind = list(KINDS)[seed % len(KINDS)]
        found[kind].append(precision(kind, seed, told.method))
    for kind, values in found.items():
        print(f"blatant, {kind:12} {np.mean(values):.3f}  least {min(values):.2f}  tables {len(values)}", flush=True)
    print(f"blatant, all          {np.mean(np.concatenate(list(found.values()))):.3f}", flush=True)
    for low, high in ((5, 8), (8, 100)):
        for width in (5, 10, 30):
            ranks = np.array([named(width, low, high, seed, told.method) for seed in range(told.seeds)])
            print(
                f"terms, {low} to {high}, {width} columns: {(ranks < 3).mean():.3f} {(ranks < 1).mean():.3f}",
                flush=True,
            )
    print(f"equal group: {np.mean([group(seed, told.method) for seed in range(told.seeds)]):.3f}")


if __name__ == "__main__":
    main()
