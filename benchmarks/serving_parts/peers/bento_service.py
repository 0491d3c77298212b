"""The forest as a BentoML service of today's form, with one worker and without its batching (one row a request)."""

import os
from pathlib import Path

import bentoml
import joblib
import numpy as np


@bentoml.service(workers=1, metrics={"enabled": False})
class Forest:
    def __init__(self):
        folder = Path(os.environ["FOREST"])
        self.scaler = joblib.load(folder / "scaler.joblib")
        self.model = joblib.load(folder / "model.joblib")

    @bentoml.api
    def predict(self, features: list[float]) -> dict:
        data = self.scaler.transform(np.array(features).reshape(1, -1))
        prediction = self.model.predict(data)[0]
        return {"prediction": int(prediction), "probabilities": self.model.predict_proba(data)[0].tolist()}
