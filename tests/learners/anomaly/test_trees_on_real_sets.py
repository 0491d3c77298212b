"""The forest and the single-column detectors on sets that people measure detectors by."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

from mainstay.contracts.anomalies import Observations
from mainstay.contracts.anomaly_scores import member_scores
from mainstay.contracts.learner import NoDeadline
from mainstay.learners.anomaly.catalogue import learner
from mainstay.learners.anomaly.isolation_forest import fit_isolation_forest

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "data" / "adbench"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the shared data is not there")


def rows_and_labels(name, most=5000):
    """Return robustly scaled float32 rows and their labels (1 is an anomaly), at most so many."""
    with np.load(FOLDER / f"{name}.npz") as file:
        rows, labels = file["X"].astype(np.float64), file["y"].ravel()
    kept = np.random.default_rng(0).permutation(len(rows))[:most]
    rows, labels = rows[kept], labels[kept]
    low, middle, high = np.percentile(rows, [25, 50, 75], axis=0)
    width = np.where(high > low, high - low, rows.std(axis=0) + 1e-12)
    return ((rows - middle) / width).astype(np.float32), labels


def test_the_forest_is_as_good_as_scikit_learns():
    gains = []
    for name in ("6_cardio", "28_pendigits", "23_mammography", "29_Pima"):
        rows, labels = rows_and_labels(name)
        ours, theirs = [], []
        for seed in range(3):
            ours.append(roc_auc_score(labels, member_scores(fit_isolation_forest(rows, seed=seed), rows)))
            theirs.append(roc_auc_score(labels, -IsolationForest(random_state=seed).fit(rows).score_samples(rows)))
        gains.append(np.mean(ours) - np.mean(theirs))
    assert np.mean(gains) > -0.01


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("isolation_forest", {"6_cardio": 0.88, "32_shuttle": 0.99}),
        ("histogram", {"38_thyroid": 0.95, "32_shuttle": 0.97}),
        ("ecod", {"38_thyroid": 0.95, "23_mammography": 0.87}),
        ("copod", {"6_cardio": 0.90, "23_mammography": 0.88}),
    ],
)
def test_single_detectors(name, least):
    for file, area in least.items():
        rows, labels = rows_and_labels(file)
        found = learner(name).fit(Observations.of(rows), reference="contaminated", seed=0, deadline=NoDeadline())
        assert roc_auc_score(labels, member_scores(found.members[0].body, rows)) > area
