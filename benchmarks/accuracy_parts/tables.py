"""The tables that the systems are compared on, each as rows and a target without the columns that tell it.

All come from ../shared/data or with scikit-learn. Columns that no one would have when predicting are left out here, for
all systems alike, and so are plain row numbers; nothing else is prepared.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

DATA = (Path(__file__).resolve().parents[2] / ".." / "shared" / "data").resolve()
FOLDS = 3
_HEART = (
    "age", "sex", "cp", "trestbps", "chol", "fbs", "restecg", "thalach", "exang", "oldpeak", "slope", "ca",
    "thal", "num",
)  # fmt: skip


@dataclass(frozen=True)
class Table:
    """One table: its rows, its target, and what is to be done with it."""

    name: str
    frame: pl.DataFrame
    target: str
    task: str
    groups: np.ndarray | None = None


def _csv(path, **how):
    return pl.read_csv(DATA / path, infer_schema_length=None, **how)


def _sample(frame, rows):
    """Draw rows by chance, the same ones always."""
    places = np.sort(np.random.default_rng(7).permutation(frame.height)[:rows])
    return frame[places]


def telco_churn():
    return _csv("telco_churn/Telco-Customer-Churn.csv").drop("customerID"), "Churn", "binary"


def adult():
    frame = pl.read_parquet(DATA / "adult" / "adult.parquet").drop("split")
    return frame, "income", "binary"


def bank():
    return _csv("bank_marketing/bank_full_comma.csv").drop("duration"), "deposit", "binary"


def german_credit():
    return _csv("german_credit/credit.csv"), "default", "binary"


def titanic():
    return _csv("titanic/train.csv").drop("PassengerId"), "Survived", "binary"


def heart():
    frame = _csv("heart_disease/processed.cleveland.data", has_header=False, new_columns=list(_HEART), null_values="?")
    return frame.with_columns((pl.col("num") > 0).cast(pl.Int64)), "num", "binary"


def electricity():
    """A third of the rows, drawn by chance: the whole is a stream, and here only a table that needs much fitting."""
    return _sample(_csv("electricity/elec.csv"), 15_000), "class", "binary"


def breast_cancer():
    from sklearn.datasets import load_breast_cancer

    return *_bundled(load_breast_cancer()), "binary"


def readmission():
    """The visits of a third of the patients; a patient is on one side only."""
    frame = pl.read_parquet(DATA / "diabetes_readmission" / "diabetic_data.parquet").drop("encounter_id")
    patients = frame["patient_nbr"].unique().sort()
    chosen = _sample(patients.to_frame(), patients.len() // 3)
    return frame.join(chosen, on="patient_nbr", how="semi", maintain_order="left"), "readmitted", "multiclass"


def wine_white():
    """Quality as classes; the five wines of the highest class cannot be in all folds and join the next."""
    frame = _csv("wine_quality/winequality-white.csv")
    return frame.with_columns(pl.col("quality").clip(upper_bound=8)), "quality", "multiclass"


def digits():
    from sklearn.datasets import load_digits

    return *_bundled(load_digits()), "multiclass"


def california():
    return _csv("california_housing/housing.csv"), "median_house_value", "regression"


def bike_hour():
    return _csv("bike_sharing/hour.csv").drop("instant", "dteday", "casual", "registered"), "cnt", "regression"


def wine_red():
    return _csv("wine_quality/winequality-red.csv", separator=";"), "quality", "regression"


def taxi_tip():
    return _csv("nyc_taxis_2019/taxis.csv").drop("total"), "tip", "regression"


def diabetes():
    from sklearn.datasets import load_diabetes

    return *_bundled(load_diabetes(scaled=False)), "regression"


def bike_day():
    return _csv("bike_sharing/day.csv").drop("instant", "dteday", "casual", "registered"), "cnt", "regression"


def _bundled(found):
    names = [str(name).replace(" ", "_") for name in found.feature_names]
    return pl.DataFrame(found.data, schema=names).with_columns(pl.Series("target", found.target)), "target"


MAKERS = (
    telco_churn, adult, bank, german_credit, titanic, heart, electricity, breast_cancer,
    readmission, wine_white, digits,
    california, bike_hour, wine_red, taxi_tip, diabetes, bike_day,
)  # fmt: skip
NAMES = tuple(maker.__name__ for maker in MAKERS)
QUICK = ("telco_churn", "german_credit", "wine_white", "california", "wine_red", "taxi_tip")
_GROUPS = {"readmission": "patient_nbr"}


def load(name):
    """Return a table by name; the column of its groups is no input."""
    frame, target, task = next(maker for maker in MAKERS if maker.__name__ == name)()
    frame = frame.filter(pl.col(target).is_not_null())
    if task != "regression":
        frame = frame.with_columns(pl.col(target).cast(pl.String))
    groups = None
    if name in _GROUPS:
        groups = frame[_GROUPS[name]].to_numpy()
        frame = frame.drop(_GROUPS[name])
    return Table(name, frame, target, task, groups)


def divide(table):
    """Return FOLDS pairs of (train, test) row places: every row is tested once, classes and groups as they should."""
    from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

    rows = np.arange(table.frame.height)
    if table.groups is not None:
        return list(GroupKFold(FOLDS, shuffle=True, random_state=0).split(rows, groups=table.groups))
    if table.task == "regression":
        return list(KFold(FOLDS, shuffle=True, random_state=0).split(rows))
    return list(StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(rows, table.frame[table.target]))


def write_fold(table, fold, folder):
    """Write train.parquet, test.parquet (without the target) and judged.parquet (with it); once."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "judged.parquet").exists():
        train, test = divide(table)[fold]
        table.frame[train].write_parquet(folder / "train.parquet")
        table.frame[test].drop(table.target).write_parquet(folder / "test.parquet")
        table.frame[test].write_parquet(folder / "judged.parquet")
    return folder


def error(table, answers, labels, judged):
    """Return 1 - AUC, log-loss or RMSE of a system's answers for the test rows."""
    from sklearn.metrics import log_loss, roc_auc_score, root_mean_squared_error

    truth = judged[table.target].to_numpy()
    if table.task == "regression":
        return float(root_mean_squared_error(truth, answers))
    order = np.argsort(np.asarray(labels, str))
    names, answers = np.asarray(labels, str)[order], np.asarray(answers)[:, order]
    if table.task == "binary":
        return float(1.0 - roc_auc_score(truth == names[1], answers[:, 1]))
    return float(log_loss(truth, answers / answers.sum(axis=1, keepdims=True), labels=names))
