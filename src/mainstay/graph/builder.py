"""One place that makes ONNX bytes, so that every graph has the same opset, the same inputs and the same order.

Nodes and constants are stored once however often they are asked for: the members of a blend share their
preparation without knowing of each other. The bytes depend on the calls alone; no time, no random name.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mainstay.contracts.arrays import Arrays

__all__ = ["ELEMENT_TYPES", "IR_VERSION", "ML_OPSET", "OPSET", "GraphBuilder"]

OPSET, ML_OPSET, IR_VERSION = 21, 5, 10

ELEMENT_TYPES = {"float32": 1, "uint8": 2, "int32": 6, "int64": 7, "bool": 9, "float64": 11}
"""The element types that a graph of ours may hold, with their numbers in ONNX's ``TensorProto.DataType``."""


class GraphBuilder:
    """A graph in the making, over the decoded arrays of a row.

    Parameters
    ----------
    numbers : int
        Width of the input ``numbers``, float32 of shape (n, numbers); 0 leaves it out.
    categories : int
        Width of the input ``categories``, int64 of shape (n, categories); 0 leaves it out.
    texts : int, default 0
        How many inputs ``text_0``, ``text_1``, ... there are, int32 of shape (n, any): the terms of a text, -1 after
        the last.
    rows : int, optional
        The one number of rows that the graph takes at a time; any number where None. A graph whose nodes are not
        proved to give a row the same bits in any batch has a fixed number, and whoever runs it fills up the rest.

    Raises
    ------
    UsageError
        When a width is negative.

    Examples
    --------
    >>> builder = GraphBuilder(2, 0)
    >>> doubled = builder.node("Mul", ["numbers", builder.constant(np.array(2, np.float32))])
    >>> again = builder.node("Mul", ["numbers", builder.constant(np.array(2, np.float32))])
    >>> doubled == again
    True
    >>> len(builder.build({"doubled": doubled})) < 300
    True
    """

    def __init__(self, numbers: int, categories: int, texts: int = 0, *, rows: int | None = None) -> None:
        if numbers < 0 or categories < 0 or texts < 0:
            raise UsageError(f"widths must be 0 or more, and {numbers}, {categories} and {texts} came")
        widths = {"numbers": numbers, "categories": categories}
        self.inputs: dict[str, int] = {name: width for name, width in widths.items() if width}
        self._rows: int | str = rows or "rows"
        self._constants: dict[bytes, str] = {}
        self._initializers: dict[str, Any] = {}
        self._found: dict[bytes, tuple[str, ...]] = {}
        self._nodes: list[Any] = []
        self._remarks: dict[str, str] = {}
        self.texts = tuple(f"text_{position}" for position in range(texts))
        self._known: set[str] = {*self.inputs, *self.texts}

    @classmethod
    def over(cls, arrays: Arrays) -> GraphBuilder:
        """Return a builder with the widths of these arrays."""
        return cls(arrays.numbers.shape[1], arrays.categories.shape[1], len(arrays.texts))

    def constant(self, array: NDArray[Any]) -> str:
        """Return the name of a constant tensor with these values.

        Raises
        ------
        UsageError
            When the element type is not one of :data:`ELEMENT_TYPES`.
        """
        tensor = _tensor(f"constant_{len(self._constants)}", array)
        key = hashlib.sha256(f"{tensor.data_type}{tuple(tensor.dims)}".encode() + tensor.raw_data).digest()
        if key not in self._constants:
            name: str = tensor.name
            self._constants[key] = name
            self._initializers[name] = tensor
            self._known.add(name)
        return self._constants[key]

    def remark(self, tensor: str, word: str, array: NDArray[Any]) -> None:
        """Keep a constant that no node reads, named ``tensor_word``, for as long as the tensor is needed.

        The standard allows it and ONNX Runtime drops it; a reader of the file finds what the operators have no place
        for. What was said first about a tensor stays.

        Raises
        ------
        UsageError
            When there is no such tensor, or the element type is not one of :data:`ELEMENT_TYPES`.

        Examples
        --------
        >>> builder = GraphBuilder(1, 0)
        >>> builder.remark("numbers", "mean", np.array([0.5]))
        >>> b"numbers_mean" in builder.build({"same": "numbers"})
        True
        """
        if tensor not in self._known:
            raise UsageError(f"there is no tensor {tensor!r} yet", where="graph remark")
        name = f"{tensor}_{word}"
        if name not in self._known:
            self._initializers[name] = _tensor(name, array)
            self._known.add(name)
            self._remarks[name] = tensor

    @overload
    def node(
        self, op: str, inputs: Sequence[str], *, domain: str = "", outputs: Literal[1] = 1, **attributes: Any
    ) -> str: ...

    @overload
    def node(
        self, op: str, inputs: Sequence[str], *, domain: str = "", outputs: int, **attributes: Any
    ) -> tuple[str, ...]: ...

    def node(
        self, op: str, inputs: Sequence[str], *, domain: str = "", outputs: int = 1, **attributes: Any
    ) -> str | tuple[str, ...]:
        """Return the name of what an operator gives, or the names where ``outputs`` is above 1.

        Parameters
        ----------
        op : str
            An operator of ONNX opset 21, or of ``ai.onnx.ml`` opset 5.
        inputs : sequence of str
            Tensors; an empty name leaves an optional input out.
        domain : str, default ""
        outputs : int, default 1
        **attributes
            int, float, str, a list of those, or an array (a tensor attribute).

        Raises
        ------
        UsageError
            When an input is not known, or an attribute is of another kind.
        """
        from onnx import NodeProto

        unknown = sorted(set(inputs) - self._known - {""})
        if unknown:
            raise UsageError(f"there is no tensor {unknown[0]!r} yet", where=f"graph node {op}")
        proto = NodeProto(op_type=op, domain=domain, input=inputs)
        for name in sorted(attributes):
            _fill(proto.attribute.add(), name, attributes[name])
        key = hashlib.sha256(proto.SerializeToString(deterministic=True) + b"%d" % outputs).digest()
        names = self._found.get(key)
        if names is None:
            stem = f"{op.lower()}_{len(self._nodes)}"
            names = (stem,) if outputs == 1 else tuple(f"{stem}_{k}" for k in range(outputs))
            proto.output.extend(names)
            self._nodes.append(proto)
            self._found[key] = names
            self._known.update(names)
        return names[0] if outputs == 1 else names

    def build(self, outputs: Mapping[str, str]) -> bytes:
        """Return the model whose outputs have these names; what they do not need is left out.

        Parameters
        ----------
        outputs : mapping from the output's name to the tensor

        Raises
        ------
        UsageError
            When a tensor or its type is not known, or the graph breaks ONNX's own rules.
        """
        from onnx import OperatorSetIdProto, helper

        unknown = sorted(set(outputs.values()) - self._known)
        if unknown or not outputs or set(outputs) & self._known:
            raise UsageError(
                f"outputs need new names and known tensors, and {dict(outputs)} came", where="graph outputs"
            )
        nodes = [*self._nodes, *(helper.make_node("Identity", [outputs[name]], [name]) for name in outputs)]
        kept = _reachable(nodes, outputs)
        used = {name for node in kept for name in node.input}
        made = used.union(*(node.output for node in kept))
        used |= {name for name, tensor in self._remarks.items() if tensor in made}
        graph = helper.make_graph(
            kept,
            "mainstay",
            [self._input(name) for name in (*self.inputs, *self.texts) if name in used],
            [helper.make_empty_tensor_value_info(name) for name in outputs],
            [tensor for name, tensor in self._initializers.items() if name in used],
        )
        opsets = [
            OperatorSetIdProto(domain="", version=OPSET),
            OperatorSetIdProto(domain="ai.onnx.ml", version=ML_OPSET),
        ]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="mainstay")
        _settle_outputs(model)
        return bytes(model.SerializeToString(deterministic=True))

    def _input(self, name: str) -> Any:
        from onnx import helper

        if name in self.texts:
            return helper.make_tensor_value_info(name, ELEMENT_TYPES["int32"], ["rows", f"{name}_terms"])
        element = ELEMENT_TYPES["float32" if name == "numbers" else "int64"]
        return helper.make_tensor_value_info(name, element, [self._rows, self.inputs[name]])


def _tensor(name: str, array: NDArray[Any]) -> Any:
    from onnx import TensorProto

    values = np.ascontiguousarray(array).reshape(np.shape(array))
    element = ELEMENT_TYPES.get(values.dtype.name)
    if element is None:
        raise UsageError(f"a constant must be of {', '.join(ELEMENT_TYPES)}, and {values.dtype.name} came")
    raw = values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
    return TensorProto(dims=values.shape, data_type=element, name=name, raw_data=raw)


def _fill(attribute: Any, name: str, value: Any) -> None:
    """Set one attribute; lists of numbers go in at once, because a forest has hundreds of thousands."""
    from onnx import AttributeProto

    attribute.name = name
    if isinstance(value, np.ndarray):
        attribute.type = AttributeProto.TENSOR
        little = np.ascontiguousarray(value).astype(value.dtype.newbyteorder("<"), copy=False)
        attribute.t.dims.extend(value.shape)
        attribute.t.data_type = ELEMENT_TYPES[value.dtype.name]
        attribute.t.raw_data = little.tobytes()
        return
    first = value[0] if isinstance(value, (list, tuple)) and value else value
    many = isinstance(value, (list, tuple))
    if isinstance(first, (int, np.integer)) or (many and not value):
        attribute.type = AttributeProto.INTS if many else AttributeProto.INT
        attribute.ints.extend(value) if many else setattr(attribute, "i", int(value))
    elif isinstance(first, float):
        attribute.type = AttributeProto.FLOATS if many else AttributeProto.FLOAT
        attribute.floats.extend(value) if many else setattr(attribute, "f", value)
    elif isinstance(first, str):
        attribute.type = AttributeProto.STRINGS if many else AttributeProto.STRING
        texts = [text.encode() for text in (value if many else [value])]
        attribute.strings.extend(texts) if many else setattr(attribute, "s", texts[0])
    else:
        raise UsageError(
            f"an attribute must be numbers, words or an array, and {type(value).__name__} came", where=name
        )


def _reachable(nodes: list[Any], outputs: Mapping[str, str]) -> list[Any]:
    needed = set(outputs)
    kept = []
    for node in reversed(nodes):
        if needed.intersection(node.output):
            needed.update(node.input)
            kept.append(node)
    return kept[::-1]


def _settle_outputs(model: Any) -> None:
    """Let ONNX infer the types: that fills the outputs' and refuses a graph whose operators do not fit together."""
    from onnx import shape_inference

    try:
        inferred = shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    except (shape_inference.InferenceError, ValueError) as error:
        raise UsageError(f"the graph does not fit together ({str(error).splitlines()[0]})", where="graph") from error
    for output, settled in zip(model.graph.output, inferred.graph.output, strict=True):
        tensor = settled.type.tensor_type
        if not tensor.elem_type:
            raise UsageError("the type of this output cannot be told from its nodes", where=output.name)
        output.type.tensor_type.elem_type = tensor.elem_type
        if not tensor.HasField("shape"):
            continue
        output.type.tensor_type.shape.SetInParent()
        for position, size in enumerate(tensor.shape.dim):
            dimension = output.type.tensor_type.shape.dim.add()
            if size.HasField("dim_value"):
                dimension.dim_value = size.dim_value
            elif position == 0:
                dimension.dim_param = "rows"
