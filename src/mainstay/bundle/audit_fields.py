"""The part of the ONNX format that a model of ours may use: message by message, field by field.

What is not here is refused: external data, sparse tensors, subgraphs, functions, training information, sequences and
maps, documentation strings. The numbers are those of ``onnx.proto``; a test compares them with the onnx package.
"""

from __future__ import annotations

from mainstay.bundle.wire import Field

__all__ = [
    "ATTRIBUTE",
    "DIMENSION",
    "ELEMENTS",
    "GRAPH",
    "MODEL",
    "NODE",
    "OPERATORS",
    "OPSET",
    "REFUSED",
    "SHAPE",
    "TENSOR",
    "TENSOR_TYPE",
    "TYPE",
    "VALUE",
]

MODEL = {
    1: Field("ir_version", "number"),
    2: Field("producer_name", "bytes"),
    7: Field("graph", "bytes"),
    8: Field("opset_import", "bytes", many=True),
}
OPSET = {1: Field("domain", "bytes"), 2: Field("version", "number")}
GRAPH = {
    1: Field("node", "bytes", many=True),
    2: Field("name", "bytes"),
    5: Field("initializer", "bytes", many=True),
    11: Field("input", "bytes", many=True),
    12: Field("output", "bytes", many=True),
}
NODE = {
    1: Field("input", "bytes", many=True),
    2: Field("output", "bytes", many=True),
    3: Field("name", "bytes"),
    4: Field("op_type", "bytes"),
    5: Field("attribute", "bytes", many=True),
    7: Field("domain", "bytes"),
}
ATTRIBUTE = {
    1: Field("name", "bytes"),
    2: Field("f", "fixed32"),
    3: Field("i", "number"),
    4: Field("s", "bytes"),
    5: Field("t", "bytes"),
    7: Field("floats", "fixed32", many=True),
    8: Field("ints", "numbers", many=True),
    9: Field("strings", "bytes", many=True),
    20: Field("type", "number"),
}
TENSOR = {
    1: Field("dims", "numbers", many=True),
    2: Field("data_type", "number"),
    8: Field("name", "bytes"),
    9: Field("raw_data", "bytes"),
}
VALUE = {1: Field("name", "bytes"), 2: Field("type", "bytes")}
TYPE = {1: Field("tensor_type", "bytes")}
TENSOR_TYPE = {1: Field("elem_type", "number"), 2: Field("shape", "bytes")}
SHAPE = {1: Field("dim", "bytes", many=True)}
DIMENSION = {1: Field("dim_value", "number"), 2: Field("dim_param", "bytes")}

REFUSED = {
    "model": {14: "metadata", 20: "training information", 25: "functions of its own", 26: "device settings"},
    "graph": {13: "inner types", 14: "quantization notes", 15: "sparse constants"},
    "node": {8: "an overload", 10: "device settings"},
    "attribute": {6: "a graph within the graph", 10: "tensors", 11: "graphs within the graph", 21: "a reference",
                  22: "a sparse tensor", 23: "sparse tensors"},
    "tensor": {3: "a segment", 13: "external data", 14: "external data"},
}  # fmt: skip
"""Names for the message where one of these comes, by the kind of message."""

ELEMENTS = {1: "float32", 2: "uint8", 6: "int32", 7: "int64", 9: "bool", 11: "float64"}

OPERATORS: dict[str, frozenset[str]] = {
    "": frozenset(
        {
            "Abs",
            "Add",
            "And",
            "ArgMax",
            "BatchNormalization",
            "Cast",
            "Ceil",
            "Celu",
            "Clip",
            "Concat",
            "Cos",
            "Div",
            "Elu",
            "Equal",
            "Erf",
            "Exp",
            "Flatten",
            "Floor",
            "Gather",
            "GatherElements",
            "Gelu",
            "Gemm",
            "Greater",
            "GreaterOrEqual",
            "HardSigmoid",
            "HardSwish",
            "Identity",
            "IsInf",
            "IsNaN",
            "LayerNormalization",
            "LeakyRelu",
            "Less",
            "LessOrEqual",
            "Log",
            "LogSoftmax",
            "MatMul",
            "Max",
            "Mean",
            "Min",
            "Mish",
            "Mod",
            "Mul",
            "Neg",
            "Not",
            "Or",
            "PRelu",
            "Pad",
            "Pow",
            "Reciprocal",
            "ReduceL1",
            "ReduceL2",
            "ReduceLogSumExp",
            "ReduceMax",
            "ReduceMean",
            "ReduceMin",
            "ReduceProd",
            "ReduceSum",
            "ReduceSumSquare",
            "Relu",
            "Reshape",
            "Round",
            "ScatterElements",
            "Selu",
            "Sigmoid",
            "Sign",
            "Sin",
            "Slice",
            "Softmax",
            "Softplus",
            "Softsign",
            "Sqrt",
            "Squeeze",
            "Sub",
            "Sum",
            "Tan",
            "Tanh",
            "ThresholdedRelu",
            "TopK",
            "Transpose",
            "Unsqueeze",
            "Where",
            "Xor",
        }
    ),
    "ai.onnx.ml": frozenset({"TreeEnsemble"}),
}
"""Operators by domain. They compute one tensor from others and know no file, no clock and no chance."""
