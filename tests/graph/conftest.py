"""Trees of the libraries as contract records, and the ways in which every test asks a graph for its answers."""

import numpy as np
import pytest

from mainstay.contracts.arrays import Arrays
from mainstay.contracts.model import ModelGraph, Trees
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.run import Session
from mainstay.graph.write import write_model


def _pool(parts, outputs, base):
    join = lambda name, kind: np.concatenate([part[name] for part in parts]).astype(kind)  # noqa: E731
    starts = np.cumsum([0, *(len(part["feature"]) for part in parts)])[:-1]
    shifted = [
        {side: np.where(part[side] >= 0, part[side] + start, -1) for side in ("left", "right")}
        for part, start in zip(parts, starts, strict=True)
    ]
    members = {
        int(node + start): codes
        for part, start in zip(parts, starts, strict=True)
        for node, codes in part["members"].items()
    }
    return Trees(
        roots=starts.astype(np.int64),
        feature=join("feature", np.int32),
        threshold=join("threshold", np.float64),
        missing_left=join("missing_left", np.bool_),
        left=np.concatenate([part["left"] for part in shifted]).astype(np.int32),
        right=np.concatenate([part["right"] for part in shifted]).astype(np.int32),
        value=np.concatenate([part["value"] for part in parts]).reshape(-1, outputs),
        base=np.asarray(base, np.float64),
        members=members,
    )


def _lightgbm_tree(structure, output, outputs):
    rows = []

    def walk(node):
        at = len(rows)
        rows.append([-1, 0.0, False, -1, -1, np.zeros(outputs), None])
        if "split_feature" not in node:
            rows[at][5][output] = node["leaf_value"]
            return at
        codes = None
        if node["decision_type"] == "==":
            codes, threshold, missing_left = [int(code) for code in node["threshold"].split("||")], 0.0, False
        else:
            threshold = node["threshold"]
            missing_left = node["default_left"] if node["missing_type"] == "NaN" else threshold >= 0
        rows[at][:3] = [node["split_feature"], threshold, missing_left]
        rows[at][6] = codes
        rows[at][3], rows[at][4] = walk(node["left_child"]), walk(node["right_child"])
        return at

    walk(structure)
    names = ("feature", "threshold", "missing_left", "left", "right", "value")
    part = {name: np.array([row[k] for row in rows]) for k, name in enumerate(names)}
    part["members"] = {at: np.array(row[6]) for at, row in enumerate(rows) if row[6] is not None}
    return part


@pytest.fixture
def lightgbm_trees():
    def convert(booster):
        dump = booster.dump_model()
        outputs = dump["num_tree_per_iteration"]
        trees = dump["tree_info"]
        parts = [_lightgbm_tree(tree["tree_structure"], k % outputs, outputs) for k, tree in enumerate(trees)]
        return _pool(parts, outputs, np.zeros(outputs))

    return convert


@pytest.fixture
def sklearn_trees():
    def convert(trees, *, classifier):
        parts = []
        for tree in trees:
            inner = tree.children_left >= 0
            votes = tree.value[:, 0, :] / len(trees)
            parts.append(
                {
                    "feature": np.where(inner, tree.feature, -1),
                    "threshold": np.where(inner, tree.threshold, 0.0),
                    "missing_left": tree.missing_go_to_left.astype(bool) & inner,
                    "left": tree.children_left,
                    "right": tree.children_right,
                    "value": np.where(inner[:, None], 0.0, votes),
                    "members": {},
                }
            )
        outputs = parts[0]["value"].shape[1]
        return _pool(parts, outputs if classifier else 1, np.zeros(outputs))

    return convert


@pytest.fixture
def rows_of():
    def convert(features):
        features = np.ascontiguousarray(features, np.float32)
        names = tuple(f"x{k}" for k in range(features.shape[1]))
        return Arrays(features, names, np.empty((len(features), 0), np.int64), (), ())

    return convert


@pytest.fixture
def session_of():
    def convert(model: ModelGraph, width: int, **options) -> Session:
        builder = GraphBuilder(width, 0)
        answers = write_model(builder, model, "numbers" if width else "", width)
        return Session(builder.build({"answers": answers}), **options)

    return convert


@pytest.fixture
def ask(session_of, rows_of):
    """Write a model, run it over the rows at many batch sizes, and insist that every bit agrees."""

    def run(model: ModelGraph, features) -> np.ndarray:
        session = session_of(model, features.shape[1])
        arrays = rows_of(features)
        whole = session.run(arrays)["answers"]
        for size in (1, 2, 3, 7, 8, 33, 129):
            last = min(len(features), 60 * size)
            parts = [
                session.run(arrays.take(slice(at, min(at + size, last))))["answers"] for at in range(0, last, size)
            ]
            np.testing.assert_array_equal(np.concatenate([whole[:0], *parts]), whole[:last])
        return whole

    return run
