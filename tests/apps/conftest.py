"""A stand-in for the verbs, so that the face is tested by itself: what it passes on, shows and returns."""

import json
import sys
from types import ModuleType, SimpleNamespace

import polars as pl
import pytest

import mainstay
from mainstay.apps.cli.app import run
from mainstay.contracts.events import CandidateScored, Note, StageBegun, StageEnded

FINDING = {
    "severity": "warning",
    "code": "leak.solo",
    "column": "duration",
    "message": "it nearly gives y away (AUC 0.98)",
}
FINDING |= {"advice": "Leave it out.", "rows": [3, 7]}
METRICS = {
    "roc_auc": {"value": 0.8463, "low": 0.826, "high": 0.867},
    "mape": {"value": float("nan"), "low": None, "high": None},
}
DIFFERENCE = {
    "difference": 0.0526, "low": 0.0277, "high": 0.0769, "probability_better": 0.999, "tied": False,
    "probability_alike": 0.125,
}  # fmt: skip
ANSWERS = {
    "compare": {
        "task": "classification",
        "target": "Churn",
        "metric": "roc_auc",
        "rows": 500,
        "left_out": 3,
        "margin": 0.01,
        "models": [
            {"name": "new.mainstay", "digest": "ab" * 32, "cost": 12_000, **METRICS["roc_auc"]},
            {"name": "old.mainstay", "digest": "cd" * 32, "cost": 34_000, "value": 0.79, "low": 0.77, "high": 0.81},
        ],
        "comparison": DIFFERENCE,
        "metrics": {"roc_auc": DIFFERENCE},
        "recommended": "new.mainstay",
    },
    "profile": {
        "rows": 7043,
        "columns": [
            {
                "name": "tenure",
                "kind": "number",
                "role": "feature",
                "missing": 11,
                "distinct": 73,
                "low": 0,
                "high": 72,
            },
            {"name": "Churn", "kind": "category", "role": "target", "missing": 0, "categories": ["No", "Yes"]},
        ],
        "findings": [FINDING],
    },
    "train": {
        "bundle": "churn.mainstay",
        "digest": "ab" * 32,
        "task": "classification",
        "target": "Churn",
        "metric": {"name": "roc_auc", **METRICS["roc_auc"]},
        "metrics": METRICS,
        "leaderboard": [
            {
                "name": "lightgbm",
                "value": 0.847,
                "low": 0.83,
                "high": 0.86,
                "seconds": 3.2,
                "status": "done",
                "chosen": True,
            },
            {
                "name": "forest",
                "value": None,
                "low": None,
                "high": None,
                "seconds": 0.1,
                "status": "failed",
                "reason": "no memory",
            },
        ],
        "rows": {"train": 5634, "test": 1409},
        "seconds": 58.2,
        "peak_memory_mb": 412.0,
        "findings": [FINDING],
    },
    "predict": {
        "rows": 102,
        "rejected": 2,
        "outputs": ["scored.csv"],
        "problems": [{"row": 4, "column": "tenure", "code": "bad", "message": "'x' is no number", "action": "reject"}],
        "problem_count": 3,
    },
    "evaluate": {"task": "classification", "rows": 100, "metrics": METRICS},
    "inspect": {
        "format": 1,
        "digest": "ab" * 32,
        "task": "classification",
        "schema": [{"name": "tenure", "kind": "number", "low": 0, "high": 72}],
        "target": "Churn",
        "metrics": METRICS,
        "versions": {"mainstay": "0.1.0"},
    },
    "verify": {"digest": "ab" * 32, "ok": True, "checks": [{"name": "members", "ok": True, "message": ""}]},
    "report": {"report": "churn.html", "digest": "ab" * 32},
}
ANSWERS["demo"] = ANSWERS["train"]
ANSWERS["train_each"] = {
    "targets": ["Churn", "Late"], "rows": {"test": 1409}, "seconds": 41.0,
    "together": {"subset_accuracy": {"value": 0.61, "low": 0.58, "high": 0.64}},
    "runs": {"Churn": ANSWERS["train"], "Late": {**ANSWERS["train"], "target": "Late", "bundle": "each/Late.mainstay"}},
}  # fmt: skip
ANSWERS["explain"] = {
    "task": "classification", "rows": 98, "rejected": 2, "base": 0.265, "method": "exact, tree by tree",
    "outputs": ["why.csv"],
    "columns": [{"name": "tenure", "mean_absolute": 0.081, "low": 0.07, "high": 0.09, "mean": -0.012}],
}  # fmt: skip
ANSWERS["pack"] = ANSWERS["inspect"]
CURVE = [{"k": k, "inertia": 900.0 / k, "silhouette": None if k == 1 else 0.1 * k} for k in range(1, 7)]
ANSWERS["cluster"] = {
    "k": 2, "verdict": "one clear k", "sentence": "Gap, silhouette and stability agree on 2.", "curve": CURVE,
    "clusters": [
        {"cluster": 0, "name": "low income", "rows": 160, "share": 0.8, "rule": "income <= 70: 98 % pure",
         "profile": {}, "typical": {}},
        {"cluster": 1, "name": "high income", "rows": 40, "share": 0.2, "rule": None, "profile": {}, "typical": {}},
    ],
    "method": "kmeans", "stability": {"value": 0.97, "low": 0.91, "high": 1.0}, "labels": "segment",
    "agreement": {"adjusted_rand_score": {"value": 0.91, "low": 0.85, "high": 0.95}},
    "methods": {"tried": [{"name": "kmeans", "k": 2, "stability": 0.97}, {"name": "genie", "k": 2, "stability": 0.9}],
                "reasons": ["it is the most stable"]},
    "rows": 200, "bundle": "mall.mainstay", "outputs": ["mall.mainstay", "mall.csv"], "digest": "ab" * 32,
    "seconds": 3.4, "findings": [FINDING],
}  # fmt: skip
ANSWERS["segment"] = {
    "k": 2, "verdict": "several plausible k", "sentence": "2 or 3.", "curve": CURVE, "width": 640, "height": 427,
    "different_colours": 96615, "colours": [{"colour": "#1f77b4", "share": 0.73},
                                   {"colour": "#d62728", "share": 0.27}],
    "outputs": ["out.png"], "seconds": 1.2,
}  # fmt: skip
ANSWERS["detect"] = {
    "rows": 1722, "judged": 1722, "refused": 0, "flagged": 31, "alarm": "fdr=0.1", "guarantee": "An estimated 10 %.",
    "reference": "contaminated", "assumed": True, "reference_source": None, "method": "ensemble", "labels": "Class",
    "metrics": METRICS, "judged_how": "The labels were not used.", "taught": None,
    "top": [
        {"row": 99, "score": 4.2, "p_value": 1.5e-5, "flagged": True, "reason": "amount 4,980: usually 3 to 120"},
        {"row": 7, "score": 1.2, "p_value": 0.05, "flagged": False, "reason": None},
    ],
    "columns": [{"column": "amount", "share": 0.83, "first": 25}],
    "ask": [], "feedback": None, "findings": [FINDING], "bundle": "card.mainstay",
    "outputs": ["card.mainstay", "card.csv"], "digest": "ab" * 32, "seconds": 6.1,
}  # fmt: skip
ANSWERS["replay"] = {
    "ok": True, "checked": 5000, "same": 5000, "different": 0, "other_model": 12, "unreadable": 0, "missing": [],
    "differences": [], "gaps": [{"run": "ab" * 8, "first": 0, "last": 5019, "missing": 8}],
    "other_digests": ["cd" * 32], "digests": ["ab" * 32],
}  # fmt: skip
ANSWERS["serve"] = {"url": "http://127.0.0.1:8000", "models": [{"name": "churn", "digest": "ab" * 32}], "pid": 4711}
WORDS = {
    "serve": ["serve", "churn.mainstay"],
    "explain": ["explain", "m.mainstay", "a.csv"],
    "pack": ["pack", "m.onnx", "a.csv"],
    "train_each": ["train-each", "a.csv", "--target", "Churn", "--target", "Late"],
    "profile": ["profile", "a.csv"],
    "train": ["train", "a.csv", "--target", "Churn"],
    "predict": ["predict", "m.mainstay", "a.csv"],
    "evaluate": ["evaluate", "m.mainstay", "a.csv"],
    "compare": ["compare", "new.mainstay", "old.mainstay", "a.csv"],
    "inspect": ["inspect", "m.mainstay"],
    "verify": ["verify", "m.mainstay"],
    "report": ["report", "m.mainstay"],
    "replay": ["replay", "answers.db", "--model", "m.mainstay"],
    "demo": ["demo"],
    "cluster": ["cluster", "a.csv"],
    "segment": ["segment", "photo.jpg"],
    "detect": ["detect", "card.csv"],
}


class StandIn:
    """Notes each call; answers with ANSWERS, or raises what it was told to."""

    def __init__(self):
        self.calls = []
        self.raises = None
        self.answers = {verb: dict(figures) for verb, figures in ANSWERS.items()}
        self.interrupted = False
        self.rows = pl.DataFrame({"prediction": ["No"] * 12, "probability_Yes": [0.25] * 12})
        self.events = [
            StageBegun("search", 60.0),
            CandidateScored("ridge", "running", None, None, 59.0),
            CandidateScored("ridge", "done", 0.81, 0.81, 58.0),
            CandidateScored("forest", "failed", None, 0.81, 50.0, "no memory"),
            Note("two columns are alike"),
            StageEnded("search", 10.0),
        ]

    def verb(self, name):
        def act(*given, listener=None, announce=None, **options):
            self.calls.append((name, given, options))
            for event in self.events if listener else ():
                listener(event)
            if self.raises is not None:
                raise self.raises
            figures = self.answers[name]
            result = SimpleNamespace(
                to_dict=lambda: figures, interrupted=self.interrupted, save=self.saved.append, answers=self.rows
            )
            if announce:
                self.told = announce(result)
            return result

        return act

    saved: list = []  # noqa: RUF012 - emptied by the fixture


@pytest.fixture
def verbs(monkeypatch):
    stand_in = StandIn()
    stand_in.saved = []
    module = ModuleType("mainstay.lifecycle")
    for name in ANSWERS:
        setattr(module, name, stand_in.verb(name))
    monkeypatch.setitem(sys.modules, "mainstay.lifecycle", module)
    monkeypatch.setattr(mainstay, "lifecycle", module, raising=False)
    return stand_in


@pytest.fixture
def shell(capfd):
    """Run a command in this process; return its exit code and what it wrote."""

    def act(*words):
        code = run(list(words))
        out, err = capfd.readouterr()
        return SimpleNamespace(code=code, out=out, err=err, json=lambda: json.loads(out))

    return act


@pytest.fixture(params=sorted(WORDS))
def command(request):
    """Each command in turn, with the words that it cannot do without."""
    return request.param, WORDS[request.param]
