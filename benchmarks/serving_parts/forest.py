"""The model that every system serves: a standard scaler and 100 trees of depth 10 on 10 features, and rows to ask."""

import json
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import polars as pl
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import mainstay

FEATURES = tuple(f"f{place}" for place in range(10))
TRAIN, ASKED = 5000, 400


@dataclass
class Forest:
    """A fitted forest as files, and its answers to the rows that are asked.

    `rows` is (n, 10), each number exact in float32, so that no system can differ by how it reads a number;
    `probabilities` are the estimator's own, (n, 2); `bundle` is ours, `folder` holds scaler.joblib and model.joblib.
    """

    rows: np.ndarray
    probabilities: np.ndarray
    bundle: Path
    folder: Path

    def cells(self, row):
        """Return a row as an object of cells, as our server reads it."""
        return dict(zip(FEATURES, self.rows[row].tolist(), strict=True))

    def numbers(self, row):
        """Return a row as a list of numbers, as a tutorial's program reads it."""
        return self.rows[row].tolist()


def build(folder, seed=0):
    """Fit a forest with a seed and write it into a folder; the rows are the same for every seed."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn, labels = make_classification(
        TRAIN + ASKED, n_features=10, n_informative=6, n_redundant=2, flip_y=0.1, random_state=7
    )
    drawn = drawn.astype(np.float32).astype(np.float64)
    scaler = StandardScaler()
    model = RandomForestClassifier(n_estimators=100, max_depth=10, random_state=seed)
    model.fit(scaler.fit_transform(drawn[:TRAIN]), labels[:TRAIN])
    rows = drawn[TRAIN:]
    joblib.dump(scaler, folder / "scaler.joblib")
    joblib.dump(model, folder / "model.joblib")
    bundle = folder / "forest.mainstay"
    frame = pl.DataFrame(drawn, schema=list(FEATURES))
    mainstay.pack(make_pipeline(scaler, model), frame, labels, out=bundle)
    return Forest(rows, model.predict_proba(scaler.transform(rows)), bundle, folder)


def write_bodies(forest, body, path):
    """Write one request body a line, which both load programs read; return the path."""
    path.write_text("\n".join(json.dumps(body(forest, row)) for row in range(len(forest.rows))) + "\n")
    return path
