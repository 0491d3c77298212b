"""Does the number of clusters come out right, and is 1 said of sets that have none? Beside silhouette and elbow.

    python benchmarks/choose_k.py [--family tuning|fresh] [--sets 200] [--first 0] [--nulls 100] [--only ours|peers]

Two families of synthetic sets with a known k (benchmarks/choose_k_sets.py): ``tuning``, which choose_k was built
against, and ``fresh``, made by other rules. A fifth of the sets has no clusters. A hit is the exact k, out of 1 to 20.
Beside it: the k of the highest silhouette of scikit-learn (KMeans n_init=3, k = 2 to 20, silhouette on 2,000 rows) and
the knee that kneed finds in the same inertias (`make bench-peers-clustering`; left out where it is not installed). The
peers see 4,000 rows at most, for a silhouette costs the square of the rows; their answers are kept in .cache. With
``--nulls`` as many further sets without clusters are judged, for the share of false alarms.
"""

import argparse
import json
import subprocess
import time
import warnings
from pathlib import Path

import numpy as np
from choose_k_sets import made, null

HERE = Path(__file__).resolve().parents[1]
PEER = HERE / ".bench-peers-clustering" / "bin" / "python"
K_MAX = 20
KNEES = """
import json, sys, warnings
from kneed import KneeLocator
warnings.simplefilter("ignore")
curve = json.load(sys.stdin)
knee = KneeLocator(range(1, len(curve) + 1), curve, curve="convex", direction="decreasing").knee
print(json.dumps(None if knee is None else int(knee)))
"""


def ours(one):
    from mainstay.learners.cluster.choose_k import choose_k
    from mainstay.learners.cluster.kmeans_path import kmeans_path

    path = kmeans_path(one.rows, K_MAX)
    start = time.perf_counter()
    choice = choose_k(path, one.rows)
    return choice, time.perf_counter() - start


def peers(one, number):
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    rows = one.rows[np.random.default_rng(number).permutation(len(one.rows))[:4000]]
    curve, best = [], (-1.0, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for k in range(1, K_MAX + 1):
            model = KMeans(k, n_init=3, random_state=0).fit(rows)
            curve.append(float(model.inertia_))
            if k > 1:
                looked = np.random.default_rng(k).permutation(len(rows))[:2000]
                if len(np.unique(model.labels_[looked])) > 1:  # a cluster of one outlier may not be among them
                    best = max(best, (float(silhouette_score(rows[looked], model.labels_[looked])), k))
    elbow = None
    if PEER.exists():
        done = subprocess.run([PEER, "-c", KNEES], input=json.dumps(curve), capture_output=True, text=True, check=True)
        elbow = json.loads(done.stdout)
    return {"silhouette": best[1], "elbow": elbow}


def kept_peers(family, number, one):
    path = HERE / ".cache" / "choose_k_peers" / f"{family}-{number}.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(peers(one, number)))
    return json.loads(path.read_text())


def judged(family, numbers, only):
    rows = []
    for number in numbers:
        one = made(family, number)
        row = {"number": number, "k": one.k, "kind": one.kind, "separation": one.separation, "shape": one.rows.shape}
        if only != "peers":
            choice, seconds = ours(one)
            row |= {"ours": choice.k, "plausible": choice.plausible, "verdict": choice.verdict, "seconds": seconds}
            row |= {name: choice[name].k for name in ("gap", "stability", "calinski_harabasz", "davies_bouldin", "bic")}
            if choice.k != one.k:
                print("missed", row["shape"], one.kind, f"{one.separation:.1f}", one.k, "->", choice.k, flush=True)
        if only != "ours":
            row |= kept_peers(family, number, one)
        rows.append(row)
    return rows


def alarms(family, count):
    wrong = []
    for number in range(count):
        one = null(family, np.random.default_rng([5, number, len(family)]))
        choice, _ = ours(one)
        if choice.k > 1:
            wrong.append(one.kind)
            print("false alarm", one.rows.shape, one.kind, choice.k, flush=True)
    return len(wrong)


def told(rows):
    def rate(right):
        return f"{100 * np.mean(right):5.1f} %" if len(right) else "    -"

    many = [row for row in rows if row["k"] > 1]
    print(f"{'':20}   all sets   k > 1 only   within 1")
    for name in ("ours", "silhouette", "elbow", "gap", "stability", "calinski_harabasz", "davies_bouldin", "bic"):
        if name in rows[0]:
            hits, of_many = ([row[name] == row["k"] for row in some] for some in (rows, many))
            near = [row[name] is not None and abs(row[name] - row["k"]) <= 1 for row in many]
            print(f"{name:20}   {rate(hits)}    {rate(of_many)}      {rate(near)}")
    if "ours" in rows[0]:
        print("true k plausible:   ", rate([row["k"] in row["plausible"] for row in rows]))
        clear = [row for row in rows if row["verdict"] == "one clear k"]
        right = rate([row["ours"] == row["k"] for row in clear])
        print(f"said to be clear:    {len(clear)} of {len(many)}, right {right}")
        nothing = [row["ours"] > 1 for row in rows if row["k"] == 1]
        print("k > 1 on null data: ", rate(nothing), f"of {len(nothing)}")
        print("seconds of choose_k: median {:.2f}, 95 % {:.2f}".format(
            *np.quantile([row["seconds"] for row in rows], [0.5, 0.95])
        ))  # fmt: skip


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--family", choices=["tuning", "fresh"])
    parser.add_argument("--sets", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--nulls", type=int, default=100)
    parser.add_argument("--only", choices=["ours", "peers"])
    given = parser.parse_args()
    for family in [given.family] if given.family else ["tuning", "fresh"]:
        rows = judged(family, range(given.first, given.first + given.sets), given.only)
        print(f"\n{family}: {len(rows)} sets")
        told(rows)
        if given.nulls and given.only != "peers":
            print(f"false alarms on {given.nulls} further sets without clusters: {alarms(family, given.nulls)}\n")


if __name__ == "__main__":
    main()
