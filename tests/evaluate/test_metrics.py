"""Every metric has scikit-learn's value, and is blank where it does not apply."""

import warnings

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.contracts.errors import UsageError
from mainstay.evaluate.evidence import gather
from mainstay.evaluate.metrics import METRICS, default_metric, metric, metrics_of, value

BINARY = {
    "roc_auc": lambda y, p, c, w: sk.roc_auc_score(y, p[:, 1], sample_weight=w),
    "average_precision": lambda y, p, c, w: sk.average_precision_score(y, p[:, 1], sample_weight=w),
    "log_loss": lambda y, p, c, w: sk.log_loss(y, p, sample_weight=w, labels=[0, 1]),
    "brier_score": lambda y, p, c, w: sk.brier_score_loss(y, p[:, 1], sample_weight=w),
    "accuracy": lambda y, p, c, w: sk.accuracy_score(y, c, sample_weight=w),
    "balanced_accuracy": lambda y, p, c, w: sk.balanced_accuracy_score(y, c, sample_weight=w),
    "precision": lambda y, p, c, w: sk.precision_score(y, c, sample_weight=w),
    "recall": lambda y, p, c, w: sk.recall_score(y, c, sample_weight=w),
    "f1": lambda y, p, c, w: sk.f1_score(y, c, sample_weight=w),
}
MANY = {
    "roc_auc": lambda y, p, c, w: sk.roc_auc_score(y, p, multi_class="ovr", sample_weight=w),
    "average_precision": lambda y, p, c, w: sk.average_precision_score(np.eye(4)[y], p, sample_weight=w),
    "log_loss": lambda y, p, c, w: sk.log_loss(y, p, sample_weight=w),
    "brier_score": lambda y, p, c, w: sk.brier_score_loss(y, p, sample_weight=w),
    "accuracy": BINARY["accuracy"],
    "balanced_accuracy": BINARY["balanced_accuracy"],
    "precision": lambda y, p, c, w: sk.precision_score(y, c, average="macro", sample_weight=w, zero_division=0),
    "recall": lambda y, p, c, w: sk.recall_score(y, c, average="macro", sample_weight=w, zero_division=0),
    "f1": lambda y, p, c, w: sk.f1_score(y, c, average="macro", sample_weight=w, zero_division=0),
}
AMOUNTS = {
    "mae": sk.mean_absolute_error,
    "mse": sk.mean_squared_error,
    "rmse": sk.root_mean_squared_error,
    "r2": sk.r2_score,
    "median_absolute_error": sk.median_absolute_error,
    "mape": sk.mean_absolute_percentage_error,
}


def class_rows(n, classes, seed, ties=False):
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(classes), rng.integers(0, classes, n - classes)])
    p = rng.random((n, classes)) + 0.4 * np.eye(classes)[y]
    if ties:
        p = np.round(p, 1) + 0.05
    return y, p / p.sum(axis=1, keepdims=True), rng.random(n) + 0.1


def test_the_table_is_complete():
    assert set(METRICS) == set(BINARY) | set(AMOUNTS)
    assert [entry.name for entry in METRICS.values() if not entry.greater_is_better] == [
        "log_loss",
        "brier_score",
        "rmse",
        "mae",
        "median_absolute_error",
        "mse",
        "mape",
    ]
    assert all(entry.meaning.endswith(".") for entry in METRICS.values())


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("weighted", [False, True])
@given(n=st.integers(3, 80), seed=st.integers(0, 10_000), ties=st.booleans())
@settings(max_examples=15, deadline=None)
def test_two_classes_as_scikit_learn(name, weighted, n, seed, ties):
    y, p, w = class_rows(n, 2, seed, ties)
    w = w if weighted else None
    evidence = gather("classification", y, p, labels=("No", "Yes"), weight=w)
    mine = value(name, evidence)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if mine is None:
            assert name == "precision"
            assert evidence.predicted.sum() == 0
        else:
            assert mine == pytest.approx(BINARY[name](y, p, evidence.predicted, w), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", MANY)
@pytest.mark.parametrize("weighted", [False, True])
@given(n=st.integers(6, 80), seed=st.integers(0, 10_000), ties=st.booleans())
@settings(max_examples=15, deadline=None)
def test_many_classes_as_scikit_learn(name, weighted, n, seed, ties):
    y, p, w = class_rows(n, 4, seed, ties)
    if name == "roc_auc" and weighted:
        w = np.round(w, 2)
    w = w if weighted else None
    evidence = gather("classification", y, p, weight=w)
    assert value(name, evidence) == pytest.approx(MANY[name](y, p, evidence.predicted, w), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", AMOUNTS)
@pytest.mark.parametrize("weighted", [False, True])
@given(n=st.integers(2, 60), seed=st.integers(0, 10_000), shift=st.sampled_from([5.0, 1e6]))
@settings(max_examples=15, deadline=None)
def test_amounts_as_scikit_learn(name, weighted, n, seed, shift):
    rng = np.random.default_rng(seed)
    y = shift + np.abs(rng.normal(size=n))
    answer = y + rng.normal(size=n)
    w = rng.random(n) + 0.1 if weighted else None
    mine = value(name, gather("regression", y, answer, weight=w))
    assert mine == pytest.approx(AMOUNTS[name](y, answer, sample_weight=w), rel=1e-6 if name == "r2" else 1e-9)


def test_the_named_class_is_the_positive_one():
    y, p, _ = class_rows(60, 2, 1)
    evidence = gather("classification", y, p, labels=("bad", "good"), positive="bad")
    assert value("recall", evidence) == pytest.approx(sk.recall_score(y, evidence.predicted, pos_label=0))
    assert value("average_precision", evidence) == pytest.approx(sk.average_precision_score(1 - y, p[:, 0]))


def test_a_threshold_may_decide():
    y, p, _ = class_rows(60, 2, 2)
    predicted = (p[:, 1] > 0.7).astype(int)
    evidence = gather("classification", y, p, predicted=predicted)
    assert value("f1", evidence) == pytest.approx(sk.f1_score(y, predicted))


def test_blank_where_a_metric_does_not_apply():
    none_positive = gather("classification", [0, 0, 1], [[0.9, 0.1]] * 3, labels=("No", "Yes"))
    assert value("precision", none_positive) is None
    assert value("recall", none_positive) == 0.0
    assert value("f1", none_positive) == 0.0
    one_class = gather("classification", [0, 0], [[0.9, 0.1], [0.8, 0.2]], labels=("No", "Yes"))
    assert [value(name, one_class) for name in ("roc_auc", "average_precision", "recall", "f1")] == [None] * 4
    assert value("accuracy", one_class) == 1.0
    assert value("log_loss", gather("classification", [0, 1], [0, 1])) is None
    assert value("mape", gather("regression", [0.0, 1.0, 2.0], [1.0, 1.0, 2.0])) is None
    assert value("mape", gather("regression", [1e-9, 1.0, 2.0], [1.0, 1.0, 2.0])) is None
    assert value("r2", gather("regression", [1.0, 1.0], [1.0, 2.0])) is None
    assert value("r2", gather("regression", [1.0], [1.0])) is None


def test_a_class_that_does_not_occur_is_left_out_of_the_mean():
    y, p, _ = class_rows(40, 3, 3)
    y = np.where(y == 2, 1, y)
    mine = value("roc_auc", gather("classification", y, p, labels=("a", "b", "c")))
    assert mine == pytest.approx((sk.roc_auc_score(y == 0, p[:, 0]) + sk.roc_auc_score(y == 1, p[:, 1])) / 2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"y": [], "answers": []}, "at least one row"),
        ({"y": [0, 1], "answers": [[0.5, 0.5]]}, "expected 2 rows"),
        ({"y": [0, -1], "answers": [[0.5, 0.5]] * 2}, "row 2: y must hold class codes"),
        ({"y": [0, 1], "answers": [[0.5, 0.6]] * 2}, "add up to 1"),
        ({"y": [0, 1], "answers": [[np.nan, 0.6]] * 2}, "finite"),
        ({"y": [0, 1], "answers": [[0.5, 0.5]] * 2, "positive": "Maybe"}, "'Maybe' is not a label"),
        ({"y": [0.5, 1.0], "answers": [[0.5, 0.5]] * 2}, "whole class codes"),
        ({"y": [0, 1], "answers": [[0.2, 0.3, 0.5]] * 2}, "expected 2 probabilities"),
        ({"y": [0, 1], "answers": [[0.5, 0.5]] * 2, "weight": [1.0, 0.0]}, "above zero"),
    ],
)
def test_what_does_not_fit_has_its_sentence(arguments, words):
    given_labels = {"labels": ("No", "Yes")} | arguments
    with pytest.raises(UsageError, match=words):
        gather("classification", given_labels.pop("y"), given_labels.pop("answers"), **given_labels)


def test_amounts_must_be_finite():
    with pytest.raises(UsageError, match="row 2: predictions must be finite"):
        gather("regression", [1.0, 2.0], [1.0, np.inf])


def test_unknown_metrics_name_the_known_ones():
    with pytest.raises(UsageError, match="Take one of: rmse"):
        metric("roc_auc", "regression")
    with pytest.raises(UsageError, match="roc_auc"):
        metric("auc")
    assert default_metric("classification", 5) == "log_loss"
    assert len(metrics_of("classification")) == 9
