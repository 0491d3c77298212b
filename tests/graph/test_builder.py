"""The builder stores things once, gives the same bytes for the same calls, and drops what nobody needs."""

import hashlib
import inspect
import subprocess
import sys

import numpy as np
import onnx
import pytest

from mainstay.contracts.arrays import Arrays
from mainstay.contracts.errors import UsageError
from mainstay.graph.builder import ELEMENT_TYPES, IR_VERSION, GraphBuilder
from mainstay.graph.run import Session


def rows(numbers, categories=None):
    numbers = np.asarray(numbers, np.float32)
    categories = np.empty((len(numbers), 0), np.int64) if categories is None else np.asarray(categories, np.int64)
    wide = [tuple(f"{stem}{k}" for k in range(part.shape[1])) for stem, part in (("n", numbers), ("c", categories))]
    return Arrays(numbers, wide[0], categories, wide[1], (9,) * categories.shape[1])


def small_model():
    builder = GraphBuilder(2, 1)
    half = builder.node("Mul", ["numbers", builder.constant(np.array(0.5, np.float32))])
    codes = builder.node("Cast", ["categories"], to=1)
    both = builder.node("Concat", [half, codes], axis=1)
    first, second = builder.node("Split", [both], outputs=2, axis=1, num_outputs=2)
    return builder.build({"first": first, "second": second})


def test_same_calls_same_bytes_also_in_another_process():
    source = inspect.getsource(small_model)
    head = "import hashlib, numpy as np\nfrom mainstay.graph.builder import GraphBuilder\n"
    command = f"{head}{source}\nprint(hashlib.sha256(small_model()).hexdigest())"
    there = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True).stdout.strip()
    assert there == hashlib.sha256(small_model()).hexdigest()
    answers = Session(small_model()).run(rows([[2, 4]], [[7]]))
    assert answers["first"].tolist() == [[1, 2]]
    assert answers["second"].tolist() == [[7]]


def test_equal_nodes_and_constants_are_stored_once():
    builder = GraphBuilder(1, 0)
    names = {builder.node("Add", ["numbers", builder.constant(np.array([k % 2], np.float32))]) for k in range(10)}
    assert len(names) == 2
    total = builder.node("Sum", sorted(names))
    proto = onnx.load_from_string(builder.build({"total": total}))
    assert (len(proto.graph.node), len(proto.graph.initializer)) == (4, 2)


def test_constants_that_only_look_equal_are_kept_apart():
    builder = GraphBuilder(1, 0)
    arrays = [np.zeros(2, np.float32), np.zeros(1, np.float64), np.zeros((1, 2), np.float32), -np.zeros(2, np.float32)]
    assert len({builder.constant(array) for array in arrays}) == 4


@pytest.mark.parametrize("kind", ELEMENT_TYPES)
def test_every_element_type_comes_through(kind):
    values = np.array([[0, 1, 0]], kind)
    builder = GraphBuilder(0, 0)
    model = builder.build({"values": builder.constant(values)})
    out = Session(model).run(rows(np.empty((2, 0))))["values"]
    assert out.dtype == values.dtype
    np.testing.assert_array_equal(out, np.repeat(values, 2, axis=0))


def test_what_no_output_needs_is_left_out():
    builder = GraphBuilder(3, 2)
    builder.node("Cast", ["categories"], to=1)
    kept = builder.node("Neg", ["numbers"])
    model = onnx.load_from_string(builder.build({"kept": kept}))
    assert [value.name for value in model.graph.input] == ["numbers"]
    assert [node.op_type for node in model.graph.node] == ["Neg", "Identity"]
    assert model.ir_version == IR_VERSION
    assert {opset.domain: opset.version for opset in model.opset_import} == {"": 21, "ai.onnx.ml": 5}
    assert Session(model.SerializeToString()).run(rows(np.ones((2, 3)), np.ones((2, 2))))["kept"].shape == (2, 3)


def test_attributes_of_every_kind():
    builder = GraphBuilder(1, 0)
    scaled = builder.node("LeakyRelu", ["numbers"], alpha=0.25)
    cut = builder.node("Clip", [scaled, "", builder.constant(np.array(2, np.float32))])
    tall = builder.node("Transpose", [cut], perm=[1, 0])
    back = builder.node("Transpose", [tall], perm=(1, 0))
    fixed = builder.node("Constant", [], value=np.array([[10]], np.float32))
    mapped = builder.node("LabelEncoder", [back], domain="ai.onnx.ml", keys_floats=[-1.0], values_floats=[5.0])
    words = builder.node("Equal", [mapped, fixed])
    answers = Session(builder.build({"back": back, "mapped": mapped, "words": words})).run(rows([[-4], [9]]))
    assert answers["back"].ravel().tolist() == [-1, 2]
    assert answers["mapped"].ravel()[0] == 5


def test_outputs_state_their_type_and_width():
    builder = GraphBuilder(3, 0)
    model = onnx.load_from_string(builder.build({"wide": builder.node("Cast", ["numbers"], to=11)}))
    tensor = model.graph.output[0].type.tensor_type
    assert tensor.elem_type == ELEMENT_TYPES["float64"]
    assert [(size.dim_param, size.dim_value) for size in tensor.shape.dim] == [("rows", 0), ("", 3)]


def test_mistakes_have_sentences():
    builder = GraphBuilder(1, 0)
    with pytest.raises(UsageError, match="no tensor 'categories'"):
        builder.node("Cast", ["categories"], to=1)
    with pytest.raises(UsageError, match="object came"):
        builder.constant(np.array(["a"], object))
    with pytest.raises(UsageError, match="numbers, words or an array"):
        builder.node("Neg", ["numbers"], odd={})
    with pytest.raises(UsageError, match="new names"):
        builder.build({})
    with pytest.raises(UsageError, match="new names"):
        builder.build({"numbers": "numbers"})
    with pytest.raises(UsageError, match="0 or more"):
        GraphBuilder(-1, 0)
    wrong = builder.node("Add", ["numbers", builder.constant(np.array([1], np.int64))])
    with pytest.raises(UsageError, match="does not fit together"):
        builder.build({"wrong": wrong})


def test_over_takes_the_widths_of_arrays():
    assert GraphBuilder.over(rows(np.ones((2, 3)), np.ones((2, 1)))).inputs == {"numbers": 3, "categories": 1}
