"""Small models for the tests of the pages and of the description: with classes, with amounts, and with nasty names."""

from functools import cache

import numpy as np
from tests.bundle.conftest import WRITTEN, graph, make_content

from mainstay.bundle.open import open_bundle
from mainstay.bundle.pack import pack
from mainstay.bundle.predict import Predictor
from mainstay.bundle.records import Outputs
from mainstay.bundle.replay import record_golden
from mainstay.contracts.deciding import PredictionIntervals, PredictionSets
from mainstay.contracts.model import Affine, ModelGraph
from mainstay.contracts.schema import Column, Schema
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.write import write_model

NASTY = '<img src=x onerror="document.title=1">'
QUOTES = "a\"b'c/d~1e$ {x} %41\\"
LABELS = ("<b>No</b>", "Yes & no")

NASTY_SCHEMA = Schema(
    columns=(
        Column(name=NASTY, kind="number", low=0, high=99, on_bad="reject", unit="<i>km</i>"),
        Column(name=QUOTES, kind="number", nullable=False),
        Column(name="__proto__", kind="category", categories=("x<y", "'\"", "\u202eabc")),
        Column(name="rows", kind="category", categories=("1", "two", "NaN")),
        Column(name="on_error", kind="text", role="ignored"),
        Column(name="\U0001f600 </script>", kind="category", role="target", categories=LABELS),
    )
)
NASTY_ROW = {NASTY: 31, QUOTES: 9.5, "__proto__": "x<y", "rows": "1"}


def bundle_of(**changes):
    """Return the bundle of tests/bundle, changed."""
    return open_bundle(pack(make_content(**changes), created=WRITTEN))


@cache
def churn():
    return bundle_of()


@cache
def fees():
    """Return a model of amounts with intervals."""
    limits = PredictionIntervals(level=0.9, at=(0.0, 1.0), below=(1.0, 2.0), above=(2.0, 4.0))
    outputs = Outputs(task="regression", target="fee", unit="CHF", uncertainty=limits)
    return bundle_of(task="regression", labels=(), **_answering(outputs, "regression"))


@cache
def sets():
    """Return a model of three classes with prediction sets."""
    labels = (1, 2, 3)
    outputs = Outputs(
        task="classification",
        target="grade",
        labels=labels,
        uncertainty=PredictionSets(level=0.9, least=(0.1, 0.3, 0.2)),
    )
    return bundle_of(labels=labels, **_answering(outputs, "classification"))


@cache
def nasty():
    outputs = Outputs(task="classification", target=NASTY_SCHEMA.target.name, labels=LABELS, threshold=0.25)
    return bundle_of(labels=LABELS, **_answering(outputs, "classification", NASTY_SCHEMA, [NASTY_ROW]))


def _answering(outputs, task, schema=None, rows=None):
    """Return the parts of a bundle that change with what it answers."""
    usual = make_content()
    schema = schema or usual.schema
    rows = rows or [golden.row for golden in usual.golden.rows]
    model = graph(task, max(1, len(outputs.labels)), schema)
    golden = record_golden(Predictor(schema, outputs, model), rows)
    return {"schema": schema, "outputs": outputs, "model": model, "golden": golden}


@cache
def wide():
    """Return a model of many columns, of which two must be there."""
    schema = Schema(
        columns=(
            Column(name="first", kind="number", nullable=False, on_missing="warn", high=99, on_range="warn"),
            Column(name="second", kind="number", nullable=False, on_missing="missing"),
            *(Column(name=f"x{at}", kind="number") for at in range(20)),
        )
    )
    outputs = Outputs(task="regression", target="y")
    builder = GraphBuilder(22, 0)
    line = ModelGraph(Affine(np.full((22, 1), 0.5), np.zeros(1)), "identity")
    model = builder.build({"prediction": write_model(builder, line, "numbers", 22)})
    golden = record_golden(Predictor(schema, outputs, model), [{column.name: 1 for column in schema.columns}])
    return bundle_of(schema=schema, outputs=outputs, model=model, golden=golden)
