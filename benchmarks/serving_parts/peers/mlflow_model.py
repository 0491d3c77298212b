"""Saves the forest as MLflow's documentation does, scaler and model in one pipeline; argument: the forest's folder."""

import sys
from pathlib import Path

import joblib
import mlflow.sklearn
import numpy as np
from sklearn.pipeline import make_pipeline

folder = Path(sys.argv[1])
pipeline = make_pipeline(joblib.load(folder / "scaler.joblib"), joblib.load(folder / "model.joblib"))
mlflow.sklearn.save_model(
    pipeline, str(folder / "mlflow"), pyfunc_predict_fn="predict_proba", input_example=np.zeros((1, 10)),
    serialization_format="cloudpickle",
)  # fmt: skip
