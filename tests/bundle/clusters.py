"""A small model that groups rows: K-means by hand over two numbers and a category, written into a bundle."""

from functools import cache

import numpy as np
import polars as pl
from tests.bundle.conftest import WRITTEN

from mainstay.bundle.clusters import ClusterPredictor
from mainstay.bundle.open import open_bundle
from mainstay.bundle.pack import pack
from mainstay.bundle.records import BundleContent, ClusterOutputs
from mainstay.bundle.replay import record_golden
from mainstay.contracts.clusters import Centres, assign
from mainstay.contracts.schema import Column, Schema
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.write_clusters import write_clusters

SCHEMA = Schema(
    columns=(
        Column(name="age", kind="number", low=0, high=99, on_bad="reject"),
        Column(name="fee", kind="number", nullable=False),
        Column(name="plan", kind="category", categories=("basic", "plus")),
        Column(name="note", kind="text", role="ignored"),
    )
)

NAMES = ("young, basic", "old <b>plus</b> 100 %", "dear")

ROWS = [
    {"age": 31, "fee": 9.5, "plan": "basic"},
    {"age": "64", "fee": "20", "plan": "plus", "note": "x"},
    {"age": None, "fee": 30.25, "plan": "gold"},
    {"age": 120, "fee": 1e6, "plan": "plus"},
    {"age": "old", "fee": 1, "plan": "plus"},
    {"age": 5, "fee": None},
]


def table(rows=300, seed=3):
    """Return three groups of people."""
    generator = np.random.default_rng(seed)
    which = generator.integers(0, 3, rows)
    return pl.DataFrame(
        {
            "age": np.array([25.0, 65.0, 45.0])[which] + generator.normal(size=rows) * 4,
            "fee": np.array([10.0, 20.0, 60.0])[which] + generator.normal(size=rows) * 2,
            "plan": np.array(["basic", "plus", "plus"])[which],
        }
    )


def features(builder):
    """Write numbers over 10 and the category's place; a missing number is 4."""
    numbers = builder.node("Where", [builder.node("IsNaN", ["numbers"]), builder.constant(np.float32(40)), "numbers"])
    scaled = builder.node("Mul", [numbers, builder.constant(np.float32(0.1))])
    return builder.node("Concat", [scaled, builder.node("Cast", ["categories"], to=1)], axis=1)


def matrix_of(frame):
    numbers = frame.select("age", "fee").to_numpy().astype(np.float32) * np.float32(0.1)
    return np.column_stack([numbers, (frame["plan"] == "plus").to_numpy()]).astype(np.float32)


def k_means(matrix, k, rounds=20):
    """Return centres, by Lloyd's rounds from the rows of the first principal direction's quantiles."""
    order = np.argsort(matrix @ np.array([1.0, 1.0, 0.0]))
    centres = matrix[order[np.linspace(0, len(matrix) - 1, 2 * k + 1).astype(int)[1::2]]].astype(np.float64)
    for _ in range(rounds):
        labels = assign(Centres.of(centres), matrix)
        centres = np.stack([matrix[labels == j].mean(axis=0) for j in range(k)])
    return centres


def graph(body):
    builder = GraphBuilder(2, 1)
    return builder.build({"distances": write_clusters(builder, body, features(builder), 3)})


def body_of(names=NAMES):
    return Centres.of(k_means(matrix_of(table()), len(names)))


def make_content(names=NAMES, limits=(1.5, 1.5, 2.5), body=None, **changes):
    body = body or body_of(names)
    outputs = ClusterOutputs(
        names=names,
        measure=body.measure,
        limits=limits,
        rows=tuple(np.bincount(assign(body, matrix_of(table())), minlength=len(names)).tolist()),
    )
    model = graph(body)
    parts = {
        "schema": SCHEMA,
        "model": model,
        "outputs": outputs,
        "golden": record_golden(ClusterPredictor(SCHEMA, outputs, model), ROWS),
        "recipe": {"seed": 7},
        "reference": {"background": [{"age": 25, "fee": 10, "plan": "basic"}]},
        "report": "<!doctype html><title>Groups</title>",
        "card": "# Card\n",
    }
    return BundleContent(**(parts | changes))


@cache
def people():
    """Return the bundle of three groups of people."""
    return open_bundle(pack(make_content(), created=WRITTEN))


@cache
def one_group():
    """Return a bundle with one cluster and no limit."""
    return open_bundle(pack(make_content(names=("all",), limits=()), created=WRITTEN))
