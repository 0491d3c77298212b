"""Runs one detector on one file of rows in a process of its own and prints seconds and ROC-AUC as JSON.

`python speed_run.py SYSTEM ROWS.npy LABELS.npy SEED THREADS`. The clock runs from the first step of the fit to the last
score of the same rows; imports and reading are left out for all.
"""

import json
import sys
import time

import numpy as np


def forest(X, seed, threads, *, two_features=None):
    from mainstay.learners.anomaly.isolation_forest import fit_isolation_forest
    from mainstay.learners.anomaly.packed_trees import packed_scores

    more = {} if two_features is None else {"two_features": two_features}
    yield
    body = fit_isolation_forest(X, seed=seed, **more)
    yield
    yield packed_scores(body, X, threads=threads)


def through_graph(X, bodies, threads):
    from mainstay.contracts.arrays import Arrays
    from mainstay.graph.builder import GraphBuilder
    from mainstay.graph.run import Session
    from mainstay.graph.write_detectors import write_members

    width = X.shape[1]
    builder = GraphBuilder(width, 0)
    session = Session(builder.build({"members": write_members(builder, bodies, "numbers", width)}), threads=threads)
    empty = np.empty((len(X), 0), np.int64)
    return session.run(Arrays(X, tuple(f"x{at}" for at in range(width)), empty, (), ()))["members"]


def forest_graph(X, seed, threads):
    from mainstay.graph.write_detectors import write_members  # noqa: F401 - imports are left out
    from mainstay.learners.anomaly.isolation_forest import fit_isolation_forest

    yield
    body = fit_isolation_forest(X, seed=seed)
    yield
    yield through_graph(X, [body], threads)[:, 0]


def ensemble(X, seed, threads):
    from mainstay.contracts.anomalies import Observations, blended
    from mainstay.contracts.learner import NoDeadline
    from mainstay.graph.write_detectors import write_members  # noqa: F401
    from mainstay.learners.anomaly.catalogue import learner

    yield
    rows = Observations.of(X)
    found = learner("ensemble").fit(rows, reference="contaminated", seed=seed, deadline=NoDeadline())
    yield
    raw = through_graph(X, [member.body for member in found.members], threads)
    weights = np.array([member.weight for member in found.members])
    yield blended(raw, tuple(member.scale for member in found.members), weights)


def sklearn(X, seed, threads):
    from sklearn.ensemble import IsolationForest

    yield
    model = IsolationForest(n_estimators=100, max_samples=256, n_jobs=threads, random_state=seed).fit(X)
    yield
    yield -model.score_samples(X)


def pyod(X, seed, threads):
    from pyod.models.iforest import IForest

    yield
    model = IForest(n_estimators=100, max_samples=256, n_jobs=threads, random_state=seed).fit(X)
    yield
    yield model.decision_scores_


def isotree(X, seed, threads):
    from isotree import IsolationForest

    yield
    model = IsolationForest(ndim=1, ntrees=100, sample_size=256, nthreads=threads, random_seed=seed).fit(X)
    yield
    yield model.predict(X)


def suod(X, seed, threads):
    from pyod.models.cblof import CBLOF
    from pyod.models.hbos import HBOS
    from pyod.models.iforest import IForest
    from pyod.models.knn import KNN
    from pyod.models.mcd import MCD
    from pyod.models.suod import SUOD

    yield
    members = [
        IForest(random_state=seed), MCD(random_state=seed), CBLOF(random_state=seed), KNN(), HBOS(),
    ]  # fmt: skip
    model = SUOD(base_estimators=members, n_jobs=threads, combination="average", verbose=False).fit(X)
    yield
    yield model.decision_scores_


SYSTEMS = {
    "forest": forest, "forest, one feature": lambda *told: forest(*told, two_features=0.0),
    "forest, graph": forest_graph, "ensemble": ensemble, "scikit-learn": sklearn, "pyod": pyod, "isotree": isotree,
    "suod": suod,
}  # fmt: skip


def area(labels, scores):
    """Return the area under the ROC curve, ties counted half."""
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[place]
    odd = labels.sum()
    return float((ranks[labels == 1].sum() - odd * (odd + 1) / 2) / (odd * (len(labels) - odd)))


def main():
    system, rows, labels, seed, threads = sys.argv[1:]
    X, y = np.load(rows), np.load(labels)
    steps = SYSTEMS[system](X, int(seed), int(threads))
    next(steps)
    begin = time.perf_counter()
    next(steps)
    fitted = time.perf_counter()
    scores = np.asarray(next(steps), np.float64)
    end = time.perf_counter()
    print(json.dumps({"fit": fitted - begin, "seconds": end - begin, "roc_auc": area(y, scores)}))


if __name__ == "__main__":
    main()
