"""What a tutorial teaches: joblib files, a pydantic body with a list of numbers, predict and predict_proba.

Tutorials write the endpoint with `def` (FastAPI then runs it in a pool of threads) or with `async def`: both are here.
"""

import os
from pathlib import Path

import joblib
import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
folder = Path(os.environ["FOREST"])
scaler = joblib.load(folder / "scaler.joblib")
model = joblib.load(folder / "model.joblib")


class Row(BaseModel):
    features: list[float]


@app.get("/health")
def health():
    return {"status": "ok"}


@app.post("/predict")
def predict(row: Row):
    data = scaler.transform(np.array(row.features).reshape(1, -1))
    prediction = model.predict(data)[0]
    probabilities = model.predict_proba(data)[0]
    return {"prediction": int(prediction), "probabilities": probabilities.tolist()}


@app.post("/predict_async")
async def predict_async(row: Row):
    return predict(row)
