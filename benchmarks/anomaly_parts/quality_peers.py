"""One process: PyOD's detectors. Each line of input names an .npz with a split; the answer is a line of JSON.

Run by benchmarks/anomaly_quality.py with the Python of .bench-peers-anomaly. Each detector has PyOD's defaults and gets
columns of mean 0 and deviation 1, as PyOD's own examples do.
"""

import json
import sys
import time
import warnings

import numpy as np

warnings.filterwarnings("ignore")

from pyod.models.cblof import CBLOF  # noqa: E402
from pyod.models.copod import COPOD  # noqa: E402
from pyod.models.ecod import ECOD  # noqa: E402
from pyod.models.hbos import HBOS  # noqa: E402
from pyod.models.iforest import IForest  # noqa: E402
from pyod.models.knn import KNN  # noqa: E402
from pyod.models.lof import LOF  # noqa: E402
from pyod.models.mcd import MCD  # noqa: E402
from sklearn.metrics import average_precision_score, roc_auc_score  # noqa: E402

SIGN = "answer: "
"""Begins the lines that are answers; libraries print lines of their own."""


def detector(name, seed):
    """Return PyOD's detector of that name, not fitted."""
    if name == "SUOD":
        from pyod.models.suod import SUOD

        members = [IForest(random_state=seed), MCD(random_state=seed), CBLOF(random_state=seed), KNN(), HBOS()]
        return SUOD(members, combination="average", n_jobs=1, verbose=False)
    seeded = {"IForest": IForest, "MCD": MCD, "CBLOF": CBLOF}
    if name in seeded:
        return seeded[name](random_state=seed)
    return {"ECOD": ECOD, "COPOD": COPOD, "KNN": KNN, "LOF": LOF, "HBOS": HBOS}[name]()


def judged(name, seed, fitted_on, asked, labels):
    """Return ROC-AUC, PR-AUC and seconds of one detector."""
    start = time.perf_counter()
    model = detector(name, seed).fit(fitted_on)
    scores = model.decision_scores_ if asked is None else model.decision_function(asked)
    took = time.perf_counter() - start
    scores = np.nan_to_num(np.asarray(scores, float), nan=0.0, posinf=1e30, neginf=-1e30)
    return [float(roc_auc_score(labels, scores)), float(average_precision_score(labels, scores)), took]


def answered(path, seed, names):
    """Return the judgement of each detector on one split, or why there is none."""
    rows = np.load(path)
    labels, known = rows["labels"], rows["known"].astype(float)
    mean, spread = known.mean(axis=0), known.std(axis=0)
    spread[spread == 0] = 1
    known = (known - mean) / spread
    asked = (rows["asked"].astype(float) - mean) / spread if len(rows["asked"]) else None
    answers = {}
    for name in names:
        try:
            answers[name] = judged(name, seed, known, asked, labels)
        except Exception as error:  # noqa: BLE001 - a peer may raise anything; the table says so
            answers[name] = f"{type(error).__name__}: {error}"[:200]
    return answers


def main():
    for line in sys.stdin:
        told = json.loads(line)
        print(SIGN + json.dumps(answered(told["path"], told["seed"], told["names"])), flush=True)


if __name__ == "__main__":
    main()
