"""Graphs that are not plainly ours are refused before ONNX Runtime sees them, and ours are let through."""

import contextlib
import time

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from mainstay.bundle import audit_fields
from mainstay.bundle.audit import audit_graph
from mainstay.contracts.errors import FormatError
from mainstay.contracts.model import ModelGraph, Trees
from mainstay.graph.builder import ELEMENT_TYPES, GraphBuilder
from mainstay.graph.write import write_model

INPUTS = {"numbers": 2, "categories": 2}
OUTPUTS = {"probabilities": ("float32", 2)}


def audit(model, inputs=None, outputs=None):
    return audit_graph(model, inputs=inputs or INPUTS, outputs=outputs or OUTPUTS)


def changed(content, change):
    model = onnx.load_from_string(content.model)
    change(model)
    return model.SerializeToString()


def refused(model, message):
    with pytest.raises(FormatError, match=message) as caught:
        audit(model)
    assert caught.value.where.startswith("model.onnx")


def test_our_own_graph_is_let_through(content):
    facts = audit(content.model)
    assert facts.trees == 2
    assert facts.operators["ai.onnx.ml.TreeEnsemble"] == 1


def test_field_numbers_are_those_of_onnx():
    messages = {
        "ModelProto": audit_fields.MODEL,
        "OperatorSetIdProto": audit_fields.OPSET,
        "GraphProto": audit_fields.GRAPH,
        "NodeProto": audit_fields.NODE,
        "AttributeProto": audit_fields.ATTRIBUTE,
        "TensorProto": audit_fields.TENSOR,
        "ValueInfoProto": audit_fields.VALUE,
        "TypeProto": audit_fields.TYPE,
        "TensorShapeProto": audit_fields.SHAPE,
    }
    for name, fields in messages.items():
        known = {field.number: field.name for field in getattr(onnx, name).DESCRIPTOR.fields}
        assert {number: field.name for number, field in fields.items()}.items() <= known.items()
        repeated = {field.name for field in getattr(onnx, name).DESCRIPTOR.fields if field.is_repeated}
        assert {field.name for field in fields.values() if field.many} == repeated & {f.name for f in fields.values()}
    assert {name: number for number, name in audit_fields.ELEMENTS.items()} == ELEMENT_TYPES
    assert all(onnx.TensorProto.DataType.Name(number) for number in audit_fields.ELEMENTS)


def first(model, op):
    return next(node for node in model.graph.node if node.op_type == op)


def external(model):
    tensor = model.graph.initializer[0]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


def quietly_external(model):
    model.graph.initializer[0].external_data.add(key="location", value="secret.bin")


def default_location(model):
    model.graph.initializer[0].data_location = onnx.TensorProto.DEFAULT


def external_attribute(model):
    tensor = next(part for part in first(model, "TreeEnsemble").attribute if part.name == "nodes_splits").t
    tensor.external_data.add(key="location", value="secret.bin")


def sparse(model):
    values = numpy_helper.from_array(np.ones(1, np.float32), "s")
    places = numpy_helper.from_array(np.zeros(1, np.int64))
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, [2]))


def branch(model):
    graph = helper.make_graph([helper.make_node("Neg", ["numbers"], ["y"])], "g", [], [])
    model.graph.node.append(helper.make_node("If", ["numbers"], ["z"], then_branch=graph, else_branch=graph))


def hidden_graph(model):
    graph = helper.make_graph([], "g", [], [])
    first(model, "Concat").attribute.append(helper.make_attribute("body", graph))


def function(model):
    model.functions.append(helper.make_function("own", "f", ["x"], ["y"], [], []))


CHANGES = [
    (external, "external data in a tensor"),
    (quietly_external, "external data in a tensor"),
    (default_location, "external data in a tensor"),
    (external_attribute, "external data in a tensor"),
    (sparse, "sparse constants in a graph"),
    (branch, "the operator 'If'"),
    (hidden_graph, "a graph within the graph in a attribute"),
    (function, "functions of its own in a model"),
    (lambda m: m.training_info.add(), "training information in a model"),
    (lambda m: m.metadata_props.add(key="a", value="b"), "metadata in a model"),
    (lambda m: setattr(m, "doc_string", "x"), "field 6"),
    (lambda m: setattr(m, "ir_version", 11), "IR version"),
    (lambda m: m.opset_import.add(domain="com.microsoft", version=1), "operator sets"),
    (lambda m: setattr(m.opset_import[0], "version", 22), "operator sets"),
    (lambda m: setattr(first(m, "Exp"), "domain", "com.microsoft"), "'com.microsoft'"),
    (lambda m: setattr(first(m, "Exp"), "op_type", "PyOp"), "'PyOp'"),
    (lambda m: setattr(first(m, "Exp"), "op_type", "Scan"), "'Scan'"),
    (lambda m: setattr(first(m, "Exp"), "op_type", "ConstantOfShape"), "'ConstantOfShape'"),
    (lambda m: setattr(first(m, "Exp"), "op_type", "x" * 300), "a name must be"),
    (lambda m: setattr(first(m, "Exp"), "op_type", "Exp\n"), "a name must be"),
    (lambda m: first(m, "Exp").input.__setitem__(0, "nowhere"), "'nowhere'"),
    (lambda m: first(m, "Exp").output.__setitem__(0, "numbers"), "given twice"),
    (lambda m: m.graph.node.insert(0, m.graph.node.pop()), "nothing before it gives"),
    (lambda m: m.graph.input.append(helper.make_tensor_value_info("more", 1, [None, 2])), "inputs may be"),
    (lambda m: setattr(m.graph.input[0].type.tensor_type.shape.dim[1], "dim_value", 3), "inputs may be"),
    (lambda m: setattr(m.graph.input[0].type.tensor_type, "elem_type", 11), "inputs may be"),
    (lambda m: m.graph.output.append(helper.make_tensor_value_info("numbers", 1, [None, 2])), "outputs must be"),
    (lambda m: setattr(m.graph.output[0].type.tensor_type, "elem_type", 11), "outputs must be"),
    (lambda m: setattr(m.graph.output[0].type.tensor_type.shape.dim[1], "dim_value", 3), "outputs must be"),
    (lambda m: setattr(m.graph.output[0], "name", "ghost"), "no node gives"),
    (lambda m: m.graph.output.pop(), "outputs must be"),
    (lambda m: m.graph.initializer.append(m.graph.initializer[0]), "given twice"),
    (lambda m: setattr(m.graph.initializer[0], "raw_data", b"abc"), "bytes"),
    (lambda m: m.graph.initializer[0].dims.append(2**40), "bytes"),
    (lambda m: setattr(m.graph.initializer[0], "data_type", onnx.TensorProto.STRING), "type or shape"),
    (lambda m: m.graph.initializer[0].float_data.append(1.0), "field 4"),
    (lambda m: m.graph.initializer[0].string_data.append(b"x"), "field 6"),
    (lambda m: first(m, "Concat").attribute.append(first(m, "Concat").attribute[0]), "comes twice"),
]


@pytest.mark.parametrize("case", range(len(CHANGES)))
def test_what_has_no_place_is_refused_and_named(content, case):
    change, message = CHANGES[case]
    refused(changed(content, change), message)


def tree_attribute(model, name):
    return next(part for part in first(model, "TreeEnsemble").attribute if part.name == name)


def set_ints(name, values):
    def change(model):
        del tree_attribute(model, name).ints[:]
        tree_attribute(model, name).ints.extend(values)

    return change


def set_tensor(name, values):
    def change(model):
        tree_attribute(model, name).t.CopyFrom(numpy_helper.from_array(values))

    return change


def renamed(name):
    return lambda model: setattr(tree_attribute(model, name), "name", "nodes_surprise")


def set_cover(values):
    def change(model):
        name = first(model, "TreeEnsemble").output[0] + "_cover"
        next(one for one in model.graph.initializer if one.name == name).CopyFrom(numpy_helper.from_array(values, name))

    return change


BROKEN_TREES = [
    (set_cover(np.array([1, 2, 0, 3, 4], np.float32)), "number above 0"),
    (set_cover(np.array([1, 2, np.nan, 3, 4], np.float32)), "number above 0"),
    (set_cover(np.array([1, 2, np.inf, 3, 4], np.float32)), "number above 0"),
    (set_cover(np.ones(4, np.float32)), "each of 5 leaves"),
    (set_cover(np.ones((5, 1), np.float32)), "each of 5 leaves"),
    (set_cover(np.ones(5)), "float32"),
    (set_ints("nodes_featureids", [0, 4, 1]), "nodes_featureids leads outside"),
    (set_ints("nodes_featureids", [0, -1, 1]), "nodes_featureids leads outside"),
    (set_ints("nodes_featureids", [0, 1]), "must have"),
    (set_ints("tree_roots", [0, 99]), "tree_roots leads outside"),
    (set_ints("tree_roots", [0, 0]), "one way"),
    (set_ints("tree_roots", [0]), "one way"),
    (set_ints("nodes_truenodeids", [0, 0, 3]), "one way"),
    (set_ints("nodes_truenodeids", [1, 2**40, 3]), "nodes_truenodeids leads outside"),
    (set_ints("nodes_falsenodeids", [2, -1, 4]), "nodes_falsenodeids leads outside"),
    (set_ints("nodes_falsenodeids", [2, 0, 4]), "one leaf on both sides"),
    (set_ints("nodes_trueleafs", [0, 2, 1]), "nodes_trueleafs leads outside"),
    (set_ints("leaf_targetids", [0, 1, 0, 0, 7]), "leaf_targetids leads outside"),
    (set_ints("nodes_missing_value_tracks_true", [3, 0, 0]), "leads outside"),
    (lambda m: setattr(tree_attribute(m, "n_targets"), "i", -1), "n_targets"),
    (lambda m: setattr(tree_attribute(m, "n_targets"), "i", 2**62), "n_targets"),
    (lambda m: setattr(tree_attribute(m, "aggregate_function"), "i", 2), "aggregate_function"),
    (lambda m: setattr(tree_attribute(m, "post_transform"), "i", 4), "post_transform"),
    (set_tensor("nodes_splits", np.array([np.nan, 0, 0])), "no test"),
    (set_tensor("nodes_splits", np.zeros(3, np.float32)), "float64"),
    (set_tensor("nodes_modes", np.array([0, 9, 0], np.uint8)), "no test"),
    (set_tensor("nodes_modes", np.array([0, 0, 0], np.uint8)), "membership_values"),
    (set_tensor("leaf_weights", np.array([0, 1, 2, 3, np.inf])), "finite"),
    (set_tensor("membership_values", np.array([np.nan])), "membership_values"),
    (set_tensor("membership_values", np.array([1.0, 2.0])), "membership_values"),
    (set_tensor("membership_values", np.array([1.5, np.nan])), "membership_values"),
    (set_tensor("membership_values", np.array([-1, np.nan])), "membership_values"),
    (set_tensor("membership_values", np.array([1, np.nan, 2, np.nan])), "membership_values"),
    (renamed("leaf_weights"), "leaf_weights is missing"),
    (renamed("membership_values"), "no place here"),
    (lambda m: first(m, "TreeEnsemble").input.__setitem__(0, "numbers"), "width is stated"),
    (lambda m: setattr(next(t for t in m.graph.initializer if t.name == first(m, "Reshape").input[1]), "raw_data",
                       np.array([0, 1], np.int64).tobytes()), "nodes_featureids leads outside"),
    (lambda m: first(m, "Reshape").input.__setitem__(1, "numbers"), "a shape must be a constant"),
    (lambda m: first(m, "Pad").input.__setitem__(1, "numbers"), "padding must be a constant"),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(BROKEN_TREES)))
def test_trees_that_are_none_are_refused_and_named(content, case):
    """Each could end or hang the process, or read beyond an array, in one version of the runtime or another."""
    change, message = BROKEN_TREES[case]
    model = onnx.load_from_string(content.model)
    assert len(tree_attribute(model, "nodes_featureids").ints) == 3
    refused(changed(content, change), message)


def test_members_of_every_wire_form_are_read(content):
    """A list may be packed or not; both are the same list to ONNX Runtime, so both are checked."""
    model = onnx.load_from_string(content.model)
    part = tree_attribute(model, "nodes_featureids")
    loose = part.SerializeToString()
    numbers = bytes(part.ints)
    packed = helper.make_attribute("nodes_featureids", 1)
    packed.ClearField("i")
    packed.type = onnx.AttributeProto.INTS
    as_bytes = packed.SerializeToString() + bytes([8 << 3 | 2, len(numbers)]) + numbers
    assert onnx.AttributeProto.FromString(as_bytes).ints == onnx.AttributeProto.FromString(loose).ints
    one_more = as_bytes + bytes([8 << 3, 99])
    whole = content.model
    for text, message in ((as_bytes, None), (one_more, "must have")):
        patched = replace_message(whole, loose, text)
        if message:
            refused(patched, message)
        else:
            assert audit(patched) == audit(whole)


def replace_message(model, old, new):
    """Replace an attribute in a serialized model, with the lengths around it made right by the onnx package."""
    proto = onnx.load_from_string(model)
    node = first(proto, "TreeEnsemble")
    place = next(k for k, part in enumerate(node.attribute) if part.SerializeToString() == old)
    kept = [part.SerializeToString() for part in node.attribute]
    kept[place] = new
    bare = onnx.NodeProto()
    bare.CopyFrom(node)
    del bare.attribute[:]
    node_bytes = bare.SerializeToString() + b"".join(field(5, part) for part in kept)
    graph = onnx.GraphProto()
    graph.CopyFrom(proto.graph)
    del graph.node[:]
    nodes = [node_bytes if part is node else part.SerializeToString() for part in proto.graph.node]
    nodes[list(proto.graph.node).index(node)] = node_bytes
    graph_bytes = graph.SerializeToString() + b"".join(field(1, part) for part in nodes)
    proto.ClearField("graph")
    return proto.SerializeToString() + field(7, graph_bytes)


def field(number, payload):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def test_repeated_messages_are_not_merged(content):
    """Protocol buffers would merge a second graph into the first; here it is refused."""
    second = field(7, onnx.GraphProto(name="more").SerializeToString())
    refused(content.model + second, "graph comes twice")


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_mutation_raises_anything_else(content, draw):
    model = content.model
    place = draw.draw(st.integers(0, len(model) - 1))
    patch = draw.draw(st.binary(max_size=12))
    with contextlib.suppress(FormatError):
        audit(model[:place] + patch + model[place + draw.draw(st.integers(0, 12)) :])


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(junk):
    with pytest.raises(FormatError):
        audit(junk)


@pytest.mark.parametrize(
    "bomb",
    [
        b"\x0a" * 1_000_000,
        b"\x3a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
        field(7, field(1, field(5, b"\x40\x80" * 500_000))),
        field(7, field(1, field(5, b"\x40" * 1_000_001))),
        field(7, field(1, field(4, b"Add")) * 300_000),
    ],
)
def test_bombs_are_refused_at_once(bomb):
    started = time.perf_counter()
    with pytest.raises(FormatError):
        audit(bomb)
    assert time.perf_counter() - started < 5


def test_a_big_forest_is_audited_fast():
    inner = 2**9 - 1
    at = np.arange(2 * inner + 1)
    count, nodes = 300, 2 * inner + 1
    start = np.repeat(np.arange(count) * nodes, nodes)
    branch_node = np.tile(at < inner, count)
    trees = Trees(
        roots=np.arange(count) * nodes,
        feature=np.where(branch_node, 1, -1).astype(np.int32),
        threshold=np.tile(at, count).astype(float),
        missing_left=branch_node,
        left=np.where(branch_node, np.tile(2 * at + 1, count) + start, -1).astype(np.int32),
        right=np.where(branch_node, np.tile(2 * at + 2, count) + start, -1).astype(np.int32),
        value=np.ones((count * nodes, 1)),
        base=np.zeros(1),
    )
    builder = GraphBuilder(2, 0)
    model = builder.build({"prediction": write_model(builder, ModelGraph(trees), "numbers", 2)})
    started = time.perf_counter()
    facts = audit_graph(model, inputs={"numbers": 2}, outputs={"prediction": ("float64", 1)})
    assert facts.trees == count
    assert time.perf_counter() - started < 3


def test_how_many_are_the_top_is_a_constant():
    builder = GraphBuilder(2, 0)
    ends = [builder.constant(np.array([end])) for end in (0, 1)]
    chosen = builder.node("Cast", [builder.node("Reshape", [builder.node("Slice", ["numbers", *ends]), ends[1]])], to=7)
    for count in (chosen, builder.constant(np.array([0]))):
        top, _ = builder.node("TopK", ["numbers", count], outputs=2, axis=1)
        refused(builder.build({"probabilities": top}), "how many are the top must be a constant")
