"""Small bundles for every test: two columns of each kind, a tree ensemble and an affine model in one graph."""

from datetime import UTC, datetime

import numpy as np
import pytest

from mainstay.bundle.pack import pack
from mainstay.bundle.predict import Predictor
from mainstay.bundle.records import BundleContent, Outputs
from mainstay.bundle.replay import record_golden
from mainstay.contracts.model import Affine, ModelGraph, Trees
from mainstay.contracts.schema import Column, Schema
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.write import write_model

WRITTEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

SCHEMA = Schema(
    columns=(
        Column(name="age", kind="number", low=0, high=99, on_range="warn", on_bad="reject"),
        Column(name="fee", kind="number", nullable=False),
        Column(name="plan", kind="category", categories=("basic", "plus", 'su"per')),
        Column(name="city", kind="category", categories=("Bern", "Zürich")),
        Column(name="note", kind="text", role="ignored"),
        Column(name="churn", kind="category", role="target", categories=("No", "Yes")),
    )
)

ROWS = [
    {"age": 31, "fee": 9.5, "plan": "basic", "city": "Bern"},
    {"age": "64", "fee": "20", "plan": "plus", "city": "Zürich", "note": "x"},
    {"age": None, "fee": 3.25, "plan": "gold", "city": None},
    {"age": 120, "fee": 1e6, "plan": 'su"per', "city": "Bern"},
    {"age": "old", "fee": 1, "plan": "plus", "city": "Bern"},
    {"age": 5, "fee": None},
]


def small_trees(outputs):
    return Trees(
        roots=np.array([0, 5]),
        feature=np.array([0, 2, -1, -1, -1, 1, -1, -1], np.int32),
        threshold=np.array([40.0, 0, 0, 0, 0, 9.0, 0, 0]),
        missing_left=np.array([True, False, False, False, False, False, False, False]),
        left=np.array([1, 2, -1, -1, -1, 6, -1, -1], np.int32),
        right=np.array([4, 3, -1, -1, -1, 7, -1, -1], np.int32),
        value=np.linspace(-1, 1, 8)[:, None] * np.arange(1, outputs + 1),
        base=np.full(outputs, 0.125),
        members={1: np.array([0, 2])},
        cover=np.array([10.0, 6.0, 2.0, 4.0, 4.0, 10.0, 3.0, 7.0]),
    )


def graph(task, classes, schema):
    builder = GraphBuilder(2, 2)
    codes = builder.node("Cast", ["categories"], to=1)
    features = builder.node("Concat", ["numbers", codes], axis=1)
    answers = write_model(
        builder, ModelGraph(small_trees(classes), "softmax" if classes > 1 else "identity"), features, 4
    )
    if task == "regression":
        return builder.build({"prediction": answers})
    known = builder.node("Where", [builder.node("IsNaN", [features]), builder.constant(np.float32(0)), features])
    line = ModelGraph(Affine(np.full((4, 1), -0.001), np.zeros(1)), "sigmoid")
    if classes == 2:
        both = builder.node("Add", [answers, write_model(builder, line, known, 4)])
        answers = builder.node("Mul", [both, builder.constant(np.array(0.5))])
    return builder.build({"probabilities": builder.node("Cast", [answers], to=1)})


def make_content(labels=("No", "Yes"), task="classification", **changes):
    outputs = Outputs(task=task, target="churn", labels=labels) if task == "classification" else Outputs(
        task=task, target="churn", unit="CHF"
    )  # fmt: skip
    model = graph(task, max(1, len(labels)) if task == "classification" else 1, SCHEMA)
    golden = record_golden(Predictor(SCHEMA, outputs, model), ROWS)
    parts = {
        "schema": SCHEMA,
        "model": model,
        "outputs": outputs,
        "recipe": {"seed": 7, "data": {"digest": "ab" * 32}, "steps": [{"name": "one.hot", "rare": 0.01}]},
        "evaluation": {"metrics": {"roc_auc": {"value": 0.84, "low": np.float64(0.8), "high": float("nan")}}},
        "golden": golden,
        "reference": {"age": {"edges": np.array([0.0, 50.0, 99.0]), "shares": [0.5, 0.5]}},
        "report": "<!doctype html><title>Bericht für Zürich</title>",
        "card": "# Model card\n",
    }
    return BundleContent(**(parts | changes))


@pytest.fixture(scope="session")
def content():
    return make_content()


@pytest.fixture(scope="session")
def data(content):
    return pack(content, created=WRITTEN)


@pytest.fixture
def content_of():
    return make_content


@pytest.fixture(scope="session")
def rows():
    return ROWS


@pytest.fixture(scope="session")
def written():
    return WRITTEN
