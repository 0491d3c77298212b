"""A graph that is cut down to some outputs gives the same bits for them, and computes nothing else."""

import numpy as np
import pytest

from mainstay.contracts.arrays import Arrays
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.prune import only
from mainstay.graph.run import Session

CHANCE = np.random.default_rng(0)
ROWS = Arrays(CHANCE.normal(size=(5000, 3)).astype(np.float32), ("a", "b", "c"), np.empty((5000, 0), np.int64), (), ())


@pytest.fixture(scope="module")
def model():
    builder = GraphBuilder(3, 0)
    weight = builder.constant(CHANCE.normal(size=(3, 2)).astype(np.float32))
    shared = builder.node("MatMul", ["numbers", weight])
    left = builder.node("Exp", [shared])
    right = builder.node("MatMul", [left, builder.constant(CHANCE.normal(size=(2, 200)).astype(np.float32))])
    return builder.build({"left": left, "right": right})


@pytest.mark.parametrize("name", ["left", "right"])
def test_what_is_left_gives_the_same_bits(model, name):
    whole, part = Session(model).run(ROWS), Session(only(model, (name,))).run(ROWS)
    assert list(part) == [name]
    assert np.array_equal(whole[name], part[name])


def test_a_session_computes_what_is_wanted_alone(model):
    session = Session(model)
    assert list(session.run(ROWS, ("left",))) == ["left"]
    assert np.array_equal(session.run(ROWS, ("left",))["left"], session.run(ROWS)["left"])


def test_what_nothing_needs_is_gone(model):
    onnx = pytest.importorskip("onnx")
    graph = onnx.load_from_string(only(model, ("left",))).graph
    assert [node.op_type for node in graph.node] == ["MatMul", "Exp", "Identity"]
    assert [tensor.dims[0] for tensor in graph.initializer] == [3]
    assert only(model, ("left", "right")) == model
