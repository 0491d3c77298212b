"""Do our groups agree with the known ones, beside scikit-learn's methods and a published table?

Run `python benchmarks/clustering_quality.py` (10 minutes; `--sets jain,iris` for some, `--made` for the 45 made sets on
which `auto` was developed). It prints the adjusted Rand index of each method, given k and with k unknown, and writes
.cache/clustering_quality.json. Tables: all of ../shared/data/cluster_shapes, seeds, penguins (numbers only, rows
without missing cells) and iris, each column scaled to unit variance, for all methods alike. scikit-learn's methods run
with their usual settings: KMeans n_init=10, GaussianMixture n_init=5, SpectralClustering on 10 neighbours, HDBSCAN
min_cluster_size 15, Birch threshold 0.1, MeanShift with estimate_bandwidth(quantile=0.2). The last columns are the best
and the mean of the methods in cluster_shapes/reference_ari.csv, which others computed on unscaled rows.
"""

import argparse
import csv
import json
import statistics
import time
import warnings
from pathlib import Path

import numpy as np

from mainstay.contracts.clusters import Points
from mainstay.contracts.learner import NoDeadline
from mainstay.learners.cluster.auto import choose_method
from mainstay.learners.cluster.catalogue import LEARNERS, learner
from sklearn import cluster, datasets, metrics, mixture

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
OURS = [name for name in LEARNERS if name != "k_prototypes"]
SHAPES = sorted(path.stem for path in (DATA / "cluster_shapes").glob("*.csv") if path.stem != "reference_ari")


def shape(name):
    rows = np.loadtxt(DATA / "cluster_shapes" / f"{name}.csv", delimiter=",", skiprows=1)
    return rows[:, :-1], rows[:, -1].astype(int)


def labelled(path, label):
    with path.open() as lines:
        rows = [row for row in csv.DictReader(lines) if not any(cell in {"", "NA"} for cell in row.values())]
    numbers = [name for name in rows[0] if name not in {label, "year"} and all(is_number(row[name]) for row in rows)]
    return np.array([[float(row[name]) for name in numbers] for row in rows]), np.array([row[label] for row in rows])


def is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def known_sets():
    for name in SHAPES:
        yield name, *shape(name)
    for folder, label in (("seeds", "variety"), ("penguins", "species"), ("iris", "species")):
        yield folder, *labelled(DATA / folder / f"{folder}.csv", label)


def made_sets():
    """Yield shapes of every kind, three of each, none of them among the known sets."""
    for seed in range(3):
        chance = np.random.default_rng(seed)
        yield f"moons_{seed}", *datasets.make_moons(400, noise=0.07, random_state=seed)
        yield f"moons_uneven_{seed}", *datasets.make_moons((500, 100), noise=0.05, random_state=seed)
        yield f"circles_{seed}", *datasets.make_circles(500, noise=0.05, factor=0.45, random_state=seed)
        rows, label = datasets.make_blobs(600, centers=3, random_state=170 + seed)
        yield f"askew_{seed}", rows @ np.array([[0.6, -0.6], [-0.4, 0.8]]), label
        yield f"widths_{seed}", *blobs(600, [[0, 0], [6, 0], [0, 7]], [1, 2.2, 0.5], seed)
        yield f"sizes_{seed}", *blobs([700, 100, 60, 40], [[0, 0], [5, 0], [0, 5], [5, 5]], 1.0, seed)
        yield f"twelve_{seed}", *datasets.make_blobs(1000, centers=12, cluster_std=0.8, random_state=seed)
        yield f"five_columns_{seed}", *blobs(600, chance.uniform(-4, 4, (6, 5)), 1.0, seed)
        yield f"ten_columns_{seed}", *blobs(800, chance.uniform(-3, 3, (8, 10)), 1.0, seed)
        yield f"twenty_columns_{seed}", *blobs(500, chance.uniform(-2, 2, (5, 20)), 1.0, seed)
        strips = [np.column_stack([chance.normal(0, 5, 200), chance.normal(3 * one, 0.5, 200)]) for one in range(3)]
        yield f"strips_{seed}", np.concatenate(strips), np.repeat(range(3), 200)
        rows, label = blobs([300, 300], [[-1, 5], [3, 5]], 0.5, seed)
        moons, side = datasets.make_moons(400, noise=0.06, random_state=seed)
        yield f"blobs_and_moons_{seed}", np.concatenate([rows, moons * 1.5]), np.concatenate([label, side + 2])
        yield f"grid_{seed}", *blobs(1500, [[3.0 * i, 3.0 * j] for i in range(3) for j in range(3)], 0.9, seed)
        parts = [chance.normal(0, 0.3, (200, 2)), chance.normal(0, 0.3, (200, 2)) + np.array([2.2, 0])]
        yield (
            f"densities_{seed}",
            np.concatenate([*parts, chance.normal(0, 2, (200, 2)) + np.array([0, 9])]),
            np.repeat(range(3), 200),
        )
        turn = chance.uniform(0.5, 3, 150) * np.pi
        arms = [np.column_stack([turn * np.cos(turn + one), turn * np.sin(turn + one)]) for one in (0, np.pi)]
        yield f"arms_{seed}", np.concatenate(arms) + chance.normal(0, 0.15, (300, 2)), np.repeat([0, 1], 150)


def blobs(rows, centres, spread, seed):
    return datasets.make_blobs(rows, centers=np.array(centres, float), cluster_std=spread, random_state=seed)


def theirs(k):
    """Return scikit-learn's methods: those told k, or those that find it."""
    if k is None:
        return {
            "sk_hdbscan": lambda rows: cluster.HDBSCAN(min_cluster_size=15, copy=True).fit_predict(rows),
            "sk_mean_shift": lambda rows: cluster.MeanShift(
                bandwidth=cluster.estimate_bandwidth(rows, quantile=0.2, n_samples=2000, random_state=0),
                bin_seeding=True,
            ).fit_predict(rows),
        }
    return {
        "sk_kmeans": lambda rows: cluster.KMeans(k, n_init=10, random_state=0).fit_predict(rows),
        "sk_mixture": lambda rows: mixture.GaussianMixture(k, n_init=5, random_state=0).fit_predict(rows),
        "sk_ward": lambda rows: cluster.AgglomerativeClustering(k).fit_predict(rows),
        "sk_average": lambda rows: cluster.AgglomerativeClustering(k, linkage="average").fit_predict(rows),
        "sk_single": lambda rows: cluster.AgglomerativeClustering(k, linkage="single").fit_predict(rows),
        "sk_spectral": lambda rows: cluster.SpectralClustering(
            k, affinity="nearest_neighbors", n_neighbors=10, random_state=0
        ).fit_predict(rows),
        "sk_birch": lambda rows: cluster.Birch(n_clusters=k, threshold=0.1).fit_predict(rows),
    }


def ours(points, k, *, only_auto):
    found = {"auto": lambda: choose_method(points, k, seed=0, deadline=NoDeadline()).clustering.labels}
    for name in () if only_auto else OURS:
        if k is not None or learner(name).finds_k:
            found[name] = lambda name=name: learner(name).fit(points, k, seed=0, deadline=NoDeadline()).labels
    return found


def reference():
    """Return {set: (best, mean)} over the methods of the published table."""
    found = {}
    with (DATA / "cluster_shapes" / "reference_ari.csv").open() as lines:
        for row in csv.DictReader(lines):
            if row["labelling"] == "label":
                found.setdefault(row["dataset"], []).append(float(row["ari"]))
    return {name: (max(aris), statistics.fmean(aris)) for name, aris in found.items()}


def judge(rows, label, told):
    """Return {mode: {method: (ari, k found, seconds)}} of one set."""
    scaled = ((rows - rows.mean(axis=0)) / rows.std(axis=0)).astype(np.float32)
    points = Points(scaled, tuple(f"x{one}" for one in range(scaled.shape[1])))
    found = {}
    for mode, k in (("given", len(set(label.tolist()))), ("unknown", None)):
        methods = ours(points, k, only_auto=told.auto)
        if not told.auto:
            methods |= {one: lambda act=act: act(scaled) for one, act in theirs(k).items()}
        found[mode] = {method: timed(act, label) for method, act in methods.items()}
    return found


def timed(act, label):
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        labels = np.asarray(act())
    seconds = time.perf_counter() - began
    return float(metrics.adjusted_rand_score(label, labels)), len(set(labels.tolist()) - {-1}), seconds


def table(found, mode, known):
    methods = list(next(iter(found.values()))[mode])
    print(f"\nadjusted Rand index, k {mode}")
    print(
        f"{'':18}" + "".join(f"{method[:11]:>12}" for method in methods) + ("  published best, mean" if known else "")
    )
    for name, modes in found.items():
        cells = "".join(f"{modes[mode][method][0]:8.3f} {modes[mode][method][1]:3d}" for method in methods)
        print(f"{name:18}{cells}" + ("  {:.3f} {:.3f}".format(*known[name]) if name in known else ""))
    for title, names in (("mean of shapes", [one for one in found if one in SHAPES]), ("mean of all", list(found))):
        if names:
            means = [statistics.fmean(found[name][mode][method][0] for name in names) for method in methods]
            print(f"{title:18}" + "".join(f"{mean:8.3f}    " for mean in means))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", help="only these, with commas between")
    parser.add_argument("--made", action="store_true", help="the made sets in place of the known ones")
    parser.add_argument("--auto", action="store_true", help="only auto")
    told = parser.parse_args()
    found = {}
    for name, rows, label in made_sets() if told.made else known_sets():
        if told.sets and name not in told.sets.split(","):
            continue
        found[name] = judge(rows, label, told)
        print(name, len(rows), *(f"{mode}: {found[name][mode]['auto']}" for mode in found[name]), flush=True)
    known = {} if told.made else reference()
    for mode in ("given", "unknown"):
        table(found, mode, known if mode == "given" else {})
    cache = ROOT / ".cache"
    cache.mkdir(exist_ok=True)
    place = cache / ("clustering_quality_made.json" if told.made else "clustering_quality.json")
    place.write_text(json.dumps(found, indent=1))
    print(f"\nwritten to {place.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
