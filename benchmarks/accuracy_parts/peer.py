"""Runs one peer on one fold, in the peers' own environment: `python peer.py SYSTEM FOLDER TASK TARGET SECONDS`.

The peer gets the training rows as a pandas frame, as its documentation shows, two threads, the metric that is judged,
and what is left of the seconds when it has been imported and the rows are read: all systems are timed from the start of
their process. Its answers for the test rows are left in FOLDER/OUT.npz; how long each part took is printed as JSON.
"""

import time

BEGAN = time.monotonic() - time.process_time()

import json  # noqa: E402 - the clock stands first
import sys  # noqa: E402
import tempfile  # noqa: E402
import warnings  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

warnings.filterwarnings("ignore")
THREADS = 2


def elapsed():
    return time.monotonic() - BEGAN


class Numeric:
    """Codes for text, seconds for times, medians for what is missing where a learner cannot take it."""

    def __init__(self, train, *, fill):
        from sklearn.preprocessing import OrdinalEncoder

        self.texts = [name for name in train if not pd.api.types.is_numeric_dtype(train[name])]
        self.codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1)
        if self.texts:
            self.codes.fit(train[self.texts].astype(object))
        self.medians = train.drop(columns=self.texts).median(numeric_only=True) if fill else None

    def __call__(self, frame):
        frame = frame.copy()
        if self.texts:
            frame[self.texts] = self.codes.transform(frame[self.texts].astype(object))
        return frame if self.medians is None else frame.fillna(self.medians)


def times_to_seconds(frame):
    for name in frame:
        if pd.api.types.is_datetime64_any_dtype(frame[name]):
            frame[name] = frame[name].astype("int64") / 1e9
    return frame


def answers_of(model, rows, task):
    if task == "regression":
        return np.asarray(model.predict(rows), float).ravel(), []
    return np.asarray(model.predict_proba(rows), float), [str(one) for one in model.classes_]


def lightgbm(train, target, test, task, _seconds):
    import lightgbm as library

    kind = library.LGBMRegressor if task == "regression" else library.LGBMClassifier
    for name in train:
        if not pd.api.types.is_numeric_dtype(train[name]):
            train[name] = train[name].astype("category")
            test[name] = test[name].astype(train[name].dtype)
    model = kind(n_jobs=THREADS, verbosity=-1, random_state=0).fit(train, target)
    return lambda: answers_of(model, test, task)


def catboost(train, target, test, task, _seconds):
    import catboost as library

    texts = [name for name in train if not pd.api.types.is_numeric_dtype(train[name])]
    for frame in (train, test):
        frame[texts] = frame[texts].astype(object).where(frame[texts].notna(), "missing").astype(str)
    kind = library.CatBoostRegressor if task == "regression" else library.CatBoostClassifier
    model = kind(thread_count=THREADS, verbose=0, random_seed=0, allow_writing_files=False, cat_features=texts)
    model.fit(train, target)
    return lambda: answers_of(model, test, task)


def random_forest(train, target, test, task, _seconds):
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    kind = RandomForestRegressor if task == "regression" else RandomForestClassifier
    numeric = Numeric(train, fill=True)
    model = kind(n_jobs=THREADS, random_state=0).fit(numeric(train), target)
    return lambda: answers_of(model, numeric(test), task)


def flaml(train, target, test, task, seconds):
    from flaml import AutoML

    kind = {"binary": "classification", "multiclass": "classification"}.get(task, task)
    metric = {"binary": "roc_auc", "multiclass": "log_loss"}.get(task, "rmse")
    for name in train:
        if not pd.api.types.is_numeric_dtype(train[name]):
            train[name] = train[name].astype("category")
            test[name] = test[name].astype(train[name].dtype)
    model = AutoML()
    model.fit(
        train, target, task=kind, metric=metric, time_budget=seconds - elapsed(), n_jobs=THREADS, verbose=0, seed=0
    )
    return lambda: answers_of(model, test, task)


def mljar(train, target, test, task, seconds):
    from supervised import AutoML

    metric = {"binary": "auc", "multiclass": "logloss"}.get(task, "rmse")
    kind = {"binary": "binary_classification", "multiclass": "multiclass_classification"}.get(task, task)
    folder = tempfile.mkdtemp()
    model = AutoML(
        results_path=folder, mode="Compete", ml_task=kind, eval_metric=metric, n_jobs=THREADS, verbose=0,
        total_time_limit=max(1, int(seconds - elapsed())), random_state=0, explain_level=0,
    )  # fmt: skip
    model.fit(train, target)

    def answer():
        if task == "regression":
            return np.asarray(model.predict(test), float).ravel(), []
        names = [name.removeprefix("prediction_") for name in model.predict_all(test.head(2)) if name != "label"]
        return np.asarray(model.predict_proba(test), float), names

    return answer


def autogluon(train, target, test, task, seconds):
    from autogluon.tabular import TabularPredictor

    metric = {"binary": "roc_auc", "multiclass": "log_loss"}.get(task, "root_mean_squared_error")
    predictor = TabularPredictor(
        label=target.name, problem_type=task, eval_metric=metric, path=tempfile.mkdtemp(), verbosity=0
    )
    predictor.fit(
        pd.concat([train, target], axis=1), presets="medium_quality", time_limit=seconds - elapsed(), num_cpus=THREADS
    )

    def answer():
        if task == "regression":
            return predictor.predict(test).to_numpy(float), []
        found = predictor.predict_proba(test)
        return found.to_numpy(float), [str(one) for one in found.columns]

    return answer


def main(system, folder, task, target, seconds, out):
    folder = Path(folder)
    train, test = (pd.read_parquet(folder / f"{part}.parquet") for part in ("train", "test"))
    labels = train.pop(target)
    if system not in ("autogluon", "mljar"):
        train, test = times_to_seconds(train), times_to_seconds(test)
    answer = globals()[system](train, labels, test, task, float(seconds))
    fitted = elapsed()
    answers, names = answer()
    np.savez(out, answers=answers, labels=np.asarray(names, str))
    sys.stdout.write("\n" + json.dumps({"fitted": fitted, "answered": elapsed() - fitted}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
