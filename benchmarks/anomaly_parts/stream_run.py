"""Runs one stream detector over one file of rows in a process of its own and prints processor seconds and ROC-AUC.

`python stream_run.py SYSTEM ROWS.npz SEED`. Each row is scored before it is learned, in the order of the file.
"""

import json
import sys
import time

import numpy as np
from speed_run import area


def ours(X, seed):
    from mainstay.learners.anomaly.half_space_trees import HalfSpaceTrees

    stream = HalfSpaceTrees(trees=25, height=8, window=250, seed=seed)
    yield
    yield stream.update(X).score


def river(X, seed):
    from river import anomaly, preprocessing

    stream = preprocessing.MinMaxScaler() | anomaly.HalfSpaceTrees(n_trees=25, height=8, window_size=250, seed=seed)
    rows = [dict(enumerate(row)) for row in X.tolist()]
    scores = []
    yield
    for row in rows:
        scores.append(stream.score_one(row))
        stream.learn_one(row)
    yield np.array(scores)


def main():
    system, path, seed = sys.argv[1:]
    with np.load(path) as file:
        X, y = file["X"].astype(np.float64), file["y"].ravel()
    steps = {"mainstay": ours, "river": river}[system](X, int(seed))
    next(steps)
    begin = time.process_time()
    scores = next(steps)
    took = time.process_time() - begin
    print(json.dumps({"rows_per_second": len(X) / took, "roc_auc": area(y, scores)}))


if __name__ == "__main__":
    main()
