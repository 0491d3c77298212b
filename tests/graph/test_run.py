"""A session answers alike in any batch, switches telemetry off, and turns every failure into a sentence."""

import subprocess
import sys

import numpy as np
import pytest

from mainstay.contracts.arrays import Arrays
from mainstay.contracts.errors import BundleError
from mainstay.contracts.model import Affine, Constant, ModelGraph
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.run import BLOCK_ROWS, Session
from mainstay.graph.write import write_model


def test_telemetry_is_off_and_nothing_heavy_is_imported():
    program = """
import os, sys
os.environ.pop("ORT_DISABLE_TELEMETRY", None)
seen = []
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "onnxruntime":
            seen.append(os.environ.get("ORT_DISABLE_TELEMETRY"))
sys.meta_path.insert(0, Watch())
from mainstay.graph.run import Session
assert "onnxruntime" not in sys.modules
try:
    Session(b"")
except Exception as error:
    print(type(error).__name__)
print(seen[0], sorted({"onnx", "sklearn", "polars", "lightgbm", "scipy", "pandas"} & set(sys.modules)))
"""
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert out.stdout.split("\n")[:2] == ["BundleError", "1 []"]
    assert out.stderr == ""


def test_blocks_and_threads_give_the_same_bits(session_of, rows_of):
    generator = np.random.default_rng(0)
    features = generator.normal(size=(2 * BLOCK_ROWS + 77, 5)).astype(np.float32)
    model = ModelGraph(Affine(generator.normal(size=(5, 3)), np.zeros(3)), "softmax")
    one = session_of(model, 5).run(rows_of(features))["answers"]
    two = session_of(model, 5, threads=2).run(rows_of(features))["answers"]
    last = session_of(model, 5).run(rows_of(features[-1:]))["answers"]
    assert one.shape == (len(features), 3)
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one[-1:], last)


@pytest.mark.parametrize("body", [Affine(np.ones((2, 1)), np.ones(1)), Constant(np.ones(1))])
def test_no_rows(body, session_of, rows_of):
    answers = session_of(ModelGraph(body), 2).run(rows_of(np.empty((0, 2))))["answers"]
    assert answers.shape == (0, 1)


def test_inputs_that_are_not_contiguous_or_of_another_type(session_of, rows_of):
    session = session_of(ModelGraph(Affine(np.array([[1.0], [10.0]]), np.zeros(1))), 2)
    wide = np.arange(12, dtype=np.float32).reshape(3, 4)[:, ::2]
    arrays = rows_of(wide)
    loose = Arrays(wide.astype(np.float64), arrays.number_names, arrays.categories, (), ())
    np.testing.assert_array_equal(session.run(loose)["answers"], session.run(arrays)["answers"])


def test_rows_of_another_width(session_of, rows_of):
    session = session_of(ModelGraph(Affine(np.ones((2, 1)), np.ones(1))), 2)
    with pytest.raises(BundleError, match=r"could not answer rows of numbers \(4, 3\)"):
        session.run(rows_of(np.ones((4, 3))))


@pytest.mark.parametrize("model", [b"", b"not a model", b"\x08\x0a\x3a\x00"])
def test_bytes_that_are_no_model(model, capfd):
    with pytest.raises(BundleError, match="does not load"):
        Session(model)
    assert capfd.readouterr().err == ""


def test_a_model_without_any_input():
    builder = GraphBuilder(0, 0)
    answers = write_model(builder, ModelGraph(Constant(np.array([0.25, 0.75]))), "", 0)
    empty = Arrays(np.empty((5, 0), np.float32), (), np.empty((5, 0), np.int64), (), ())
    session = Session(builder.build({"answers": answers}))
    assert session.inputs == ()
    assert session.run(empty)["answers"].tolist() == [[0.25, 0.75]] * 5
