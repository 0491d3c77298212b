"""Runs one system on one cell in a process of its own and prints seconds, inertia of each k and memory as JSON.

`python one_run.py SYSTEM ROWS.npy K,K,... SEED SILHOUETTE`. The clock runs from before the library is imported
("cold"); "warm" leaves the imports out. Nothing but NumPy is loaded before.
"""

import json
import sys
import threading
import time
from pathlib import Path

import numpy as np

PAGE = 4096 / 2**20


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def inertia(X, centres):
    """Add up in float64: scikit-learn's own figure is added up in float32, and off by 0.4 % at 12 million rows."""
    whole, middle = 0.0, centres.mean(axis=0)
    moved = centres - middle
    for first in range(0, len(X), 1 << 15):
        rows = X[first : first + (1 << 15)] - middle
        nearest = ((moved**2).sum(axis=1) - 2.0 * (rows @ moved.T)).argmin(axis=1)
        apart = rows - moved[nearest]
        whole += float(np.einsum("ij,ij->", apart, apart, dtype=np.float64))
    return whole


class Watch(threading.Thread):
    """Remembers the most memory the process held."""

    def __init__(self):
        super().__init__(daemon=True)
        self.most = 0.0

    def run(self):
        while True:
            self.most = max(self.most, resident())
            time.sleep(0.02)


def ours(X, ks, seed, _):
    from mainstay.learners.cluster.kmeans_path import kmeans_path

    yield None
    path = kmeans_path(X, max(ks), seed=seed)
    yield {fit.k: fit.inertia for fit in path}


def loop(X, ks, seed, silhouette, *, starts):
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    yield None
    for k in ks:
        begin = time.perf_counter()
        fit = KMeans(k, n_init=starts, random_state=seed, copy_x=False).fit(X)
        if silhouette and k > 1:
            silhouette_score(X, fit.labels_)
        seconds = time.perf_counter() - begin
        yield {k: (inertia(X, fit.cluster_centers_), seconds)}


def intelex(X, ks, seed, silhouette):
    from sklearnex import patch_sklearn

    patch_sklearn(verbose=False)
    yield from loop(X, ks, seed, silhouette, starts=1)


def faiss(X, ks, seed, _):
    import faiss as library

    yield None
    for k in ks:
        begin = time.perf_counter()
        fit = library.Kmeans(X.shape[1], k, niter=25, seed=seed + 1, max_points_per_centroid=len(X))
        fit.train(X)
        seconds = time.perf_counter() - begin
        yield {k: (inertia(X, fit.centroids), seconds)}


SYSTEMS = {
    "mainstay": ours,
    "scikit-learn 1": lambda *told: loop(*told, starts=1),
    "scikit-learn 10": lambda *told: loop(*told, starts=10),
    "intelex": intelex,
    "faiss": faiss,
}


def main():
    system, path, ks, seed, silhouette = sys.argv[1:]
    before = resident()
    X = np.load(path)
    X.sum()
    watch = Watch()
    watch.start()
    begin = time.perf_counter()
    run = SYSTEMS[system](X, [int(k) for k in ks.split(",")], int(seed), silhouette == "1")
    next(run)
    imported = time.perf_counter()
    found = {}
    for part in run:
        found |= part
    end = time.perf_counter()
    print(json.dumps({
        "cold": end - begin, "warm": end - imported, "imports": imported - begin, "found": found,
        "megabytes": watch.most - before, "data": X.nbytes / 2**20,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
