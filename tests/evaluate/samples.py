"""Report data made by small real models on data that scikit-learn bundles, for tests and for looking at pages."""

import numpy as np

from mainstay.contracts.arrays import Arrays
from mainstay.contracts.findings import Finding
from mainstay.evaluate.compare import compare, ties
from mainstay.evaluate.curves import curves_of, histogram
from mainstay.evaluate.evidence import gather
from mainstay.evaluate.importance import permutation_importance
from mainstay.evaluate.intervals import evaluate
from mainstay.evaluate.report_data import Candidate, ColumnRow, Member, ReportData, RowCounts, Stage

FINDINGS = (
    Finding(
        severity="info", code="identifier", message="every value is different", advice="It is ignored.", column="id",
    ),
    Finding(
        severity="warning",
        code="related",
        message="mean radius and mean perimeter say nearly the same (correlation 0.998)",
        advice="One of them is enough; both are kept.",
        rows=(3, 17, 42),
    ),
    Finding(
        severity="error", code="leak.solo", message="one column gives the target away", advice="Ask when it is known.",
        column="outcome",
    ),
)  # fmt: skip


def fitted(task, X, y, models, metric, labels=()):
    """Return test rows, answers of each model, and leaderboard entries from the training half's tail."""
    rng = np.random.default_rng(0)
    order = rng.permutation(len(y))
    cut, fit = int(0.8 * len(y)), int(0.55 * len(y))
    train, valid, test = order[:fit], order[fit:cut], order[cut:]
    answers, valid_answers = {}, {}
    for name, model in models.items():
        model.fit(X[train], y[train])
        predict = model.predict_proba if task == "classification" else model.predict
        answers[name], valid_answers[name] = predict(X[test]), predict(X[valid])
    ranking = ties(task, metric, y[valid], valid_answers, labels=labels)
    board = []
    for name in models:
        score = evaluate(task, y[valid], valid_answers[name], labels=labels, metrics=[metric])[metric]
        board.append(
            Candidate(
                name=name, value=score.value, low=score.low, high=score.high, seconds=0.4, tied=name in ranking.tied,
                baseline=name == "baseline", chosen=name == ranking.best,
                recipe="median, standard scaling, one-hot; default settings",
            )
        )  # fmt: skip
    board.append(Candidate(name="random forest, deep", seconds=3.2, status="failed", reason="it needed 5.1 GB of 4 GB"))
    board.append(Candidate(name="extra trees", status="skipped", reason="no time left"))
    return test, answers, tuple(board), ranking.best


def report_data(kind="binary", seed=0, noise=False):
    from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
    from sklearn.dummy import DummyClassifier, DummyRegressor
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    loader = {"binary": load_breast_cancer, "many": load_wine, "amounts": load_diabetes}[kind]
    bunch = loader()
    X, y = bunch.data, bunch.target
    task = "regression" if kind == "amounts" else "classification"
    if noise:
        y = np.random.default_rng(seed).permutation(y)
    if kind == "amounts":
        models = {
            "baseline": DummyRegressor(), "ridge": make_pipeline(StandardScaler(), Ridge()),
            "random forest": RandomForestRegressor(20, random_state=0),
            "decision tree": DecisionTreeRegressor(max_depth=4, random_state=0),
        }  # fmt: skip
        labels, metric = (), "rmse"
    else:
        models = {
            "baseline": DummyClassifier(),
            "logistic": make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
            "random forest": RandomForestClassifier(20, random_state=0),
            "decision tree": DecisionTreeClassifier(max_depth=4, random_state=0),
        }  # fmt: skip
        labels = tuple(str(name) for name in bunch.target_names)
        metric = "roc_auc" if len(labels) == 2 else "log_loss"
    test, answers, board, best = fitted(task, X, y, models, metric, labels)
    names = tuple(str(name) for name in bunch.feature_names)
    arrays = Arrays(X[test].astype(np.float32), names, np.zeros((len(test), 0), np.int64), (), ())
    model = models[best]
    predict = model.predict_proba if task == "classification" else model.predict
    scores = evaluate(task, y[test], answers[best], labels=labels, seed=seed)
    columns = tuple(
        ColumnRow(
            name=name,
            kind="number",
            missing=0.0 if place % 4 else 0.013,
            detail=f"{X[:, place].min():.3g} to {X[:, place].max():.3g}",
        )
        for place, name in enumerate(names)
    )
    return ReportData(
        task=task,
        target="diagnosis" if kind == "binary" else "kind" if kind == "many" else "progression",
        metric=metric,
        scores=scores,
        rows=RowCounts(total=len(y), train=len(y) - len(test), test=len(test), left_out=2),
        columns=(*columns, ColumnRow(name="id", kind="identifier", role="ignored", missing=0.0, evidence="unique")),
        source="a table that scikit-learn bundles",
        split="a random fifth, stratified by the target, seed 0",
        labels=labels,
        positive=labels[1] if len(labels) == 2 else None,
        baseline=evaluate(task, y[test], answers["baseline"], labels=labels, metrics=[metric])[metric],
        against_baseline=compare(task, metric, y[test], answers[best], answers["baseline"], labels=labels),
        class_counts={label: int((y == code).sum()) for code, label in enumerate(labels)},
        target_histogram=None if labels else histogram(y.astype(float)),
        findings=FINDINGS,
        leaderboard=board,
        members=(Member(best, 0.7), Member("decision tree", 0.3)),
        curves=curves_of(gather(task, y[test], answers[best], labels=labels), seed=seed),
        importance=permutation_importance(
            lambda given: predict(given.numbers), arrays, y[test], task=task, metric_name=metric, labels=labels
        ),
        seconds=41.7,
        time_budget_seconds=60,
        peak_memory_mb=412,
        memory_budget_mb=4000,
        stages=(Stage("read", 0.2), Stage("search", 38.1), Stage("pack", 1.2)),
        bundle="diagnosis.mainstay",
        digest="9f2c" * 16,
        data_digest="07ab" * 16,
        settings={"Tuning": "off", "Models": "all"},
        versions={"mainstay": "0.1.0", "random forest": "4.6.0", "python": "3.11"},
        parity="largest difference 0 over 114 rows",
        created="2025-11-20 23:40 UTC",
    )  # fmt: skip
