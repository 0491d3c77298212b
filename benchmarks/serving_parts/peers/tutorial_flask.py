"""The same in Flask, as its tutorials do it."""

import os
from pathlib import Path

import joblib
import numpy as np
from flask import Flask, jsonify, request

app = Flask(__name__)
folder = Path(os.environ["FOREST"])
scaler = joblib.load(folder / "scaler.joblib")
model = joblib.load(folder / "model.joblib")


@app.get("/health")
def health():
    return jsonify({"status": "ok"})


@app.post("/predict")
def predict():
    data = scaler.transform(np.array(request.get_json()["features"]).reshape(1, -1))
    prediction = model.predict(data)[0]
    probabilities = model.predict_proba(data)[0]
    return jsonify({"prediction": int(prediction), "probabilities": probabilities.tolist()})
