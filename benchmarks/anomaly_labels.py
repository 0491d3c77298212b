"""Measures what a few labels are worth to the default detector, on every set of ../shared/data/adbench.

Run `python benchmarks/anomaly_labels.py [--seeds 2] [--share 0.01] [--most 6000]`. Of each set so many rows (those of
larger sets drawn by chance) that share of rows is labelled by chance, and one anomaly where none was hit. Printed is
the PR-AUC of the rows without a label, without and with the labels; then what ten rows that the detector asks about are
worth beside ten labelled by chance. It writes .cache/anomaly_labels.json.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score

from mainstay.contracts.anomalies import blended
from mainstay.contracts.anomaly_scores import detection_scores
from mainstay.contracts.arrays import Arrays
from mainstay.contracts.learner import NoDeadline
from mainstay.learners.anomaly.catalogue import learner
from mainstay.learners.anomaly.feedback import with_labels
from mainstay.learners.anomaly.queries import rows_to_ask
from mainstay.prepare.anomalies import fit_for_anomalies, observations_of

ROOT = Path(__file__).resolve().parents[1]
SETS = ROOT.parent / "shared" / "data" / "adbench"
ASKED = 10


def loaded(path, most):
    data = np.load(path)
    matrix, truth = data["X"].astype(np.float32), data["y"].astype(np.int64)
    if len(matrix) > most:
        rows = np.random.default_rng(0).choice(len(matrix), most, replace=False)
        matrix, truth = matrix[rows], truth[rows]
    arrays = Arrays(
        matrix, tuple(f"x{at}" for at in range(matrix.shape[1])), np.empty((len(matrix), 0), np.int64), (), ()
    )
    return observations_of(fit_for_anomalies(arrays), arrays), truth


def levels_of(detection, matrix):
    """Return the scores and the levels of all members."""
    scales = tuple(member.scale for member in detection.members)
    raw, weights = detection_scores(detection, matrix), np.array([member.weight for member in detection.members])
    return blended(raw, scales, weights), np.stack([one.level(raw[:, at]) for at, one in enumerate(scales)], axis=1)


def labelled(truth, share, chance):
    labels = np.full(len(truth), -1)
    rows = chance.choice(len(truth), max(2, round(share * len(truth))), replace=False)
    labels[rows] = truth[rows]
    if labels.max() < 1:
        labels[chance.choice(np.flatnonzero(truth == 1))] = 1
    return labels


def measured(rows, truth, share, seed):
    """Return PR-AUC before and after labels by chance, and after ten labels by chance and ten that were asked for."""
    chance = np.random.default_rng([seed, 5])
    plain = learner("ensemble").fit(rows, reference="contaminated", seed=seed, deadline=NoDeadline())
    scores, levels = levels_of(plain, rows.matrix)

    def taught(labels):
        others = labels < 0
        if labels.max() < 1:
            return average_precision_score(truth[others], scores[others])
        found = levels_of(with_labels(plain, rows, labels, seed=seed, deadline=NoDeadline()), rows.matrix)[0]
        return average_precision_score(truth[others], found[others])

    labels = labelled(truth, share, chance)
    others = labels < 0
    drawn, asked = np.full(len(truth), -1), np.full(len(truth), -1)
    places = chance.choice(len(truth), ASKED, replace=False)
    drawn[places] = truth[places]
    places = rows_to_ask(rows.matrix, scores, levels, asked, ASKED)
    asked[places] = truth[places]
    return average_precision_score(truth[others], scores[others]), taught(labels), taught(drawn), taught(asked)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--most", type=int, default=6000)
    told = parser.parse_args()
    print(f"PR-AUC in %: as it is, {told.share:.0%} of rows labelled, {ASKED} rows by chance, {ASKED} rows asked about")
    found = {}
    for path in sorted(SETS.glob("*.npz")):
        rows, truth = loaded(path, told.most)
        found[path.stem] = np.mean([measured(rows, truth, told.share, seed) for seed in range(told.seeds)], axis=0)
        print(f"{path.stem:16}", *(f"{100 * value:6.1f}" for value in found[path.stem]), flush=True)
    print(f"{'mean':16}", *(f"{100 * value:6.1f}" for value in np.mean(list(found.values()), axis=0)))
    (ROOT / ".cache").mkdir(exist_ok=True)
    written = {name: values.tolist() for name, values in found.items()}
    (ROOT / ".cache" / "anomaly_labels.json").write_text(json.dumps(written, indent=1))


if __name__ == "__main__":
    main()
