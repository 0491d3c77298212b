"""Whether a model graph is harmless, decided before ONNX Runtime sees it.

The runtime is a large program in C++ that trusts much of what it loads: it follows file names in a model, recurses
along trees, and takes indices at their word. So a graph is held to what our writers write, by a reader of its own:
known fields, known operators, plain constants inside the file, the inputs and outputs that the schema implies, and
trees that are trees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.bundle.audit_fields import (
    ATTRIBUTE,
    DIMENSION,
    ELEMENTS,
    GRAPH,
    MODEL,
    NODE,
    OPERATORS,
    OPSET,
    REFUSED,
    SHAPE,
    TENSOR,
    TENSOR_TYPE,
    TYPE,
    VALUE,
)
from mainstay.bundle.audit_trees import check_trees
from mainstay.bundle.wire import Field, Span, Wire
from mainstay.contracts.errors import FormatError
from mainstay.graph.builder import IR_VERSION, ML_OPSET
from mainstay.graph.builder import OPSET as CORE_OPSET

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["GraphFacts", "audit_graph"]

_LARGEST_PAD = 4096
_MOST_ROWS = 4096


@dataclass(frozen=True, slots=True)
class GraphFacts:
    """What an audit saw.

    Parameters
    ----------
    operators : dict of str to int
        How often each operator comes.
    trees : int
        How many trees there are.
    numbers : int
        How many numbers are stored as constants.
    """

    operators: dict[str, int]
    trees: int
    numbers: int


def audit_graph(
    model: bytes, *, inputs: Mapping[str, int | None], outputs: Mapping[str, tuple[str, int]], where: str = "model.onnx"
) -> GraphFacts:
    """Refuse a graph that is not plainly one of ours.

    Parameters
    ----------
    model : bytes
        A serialized ONNX ``ModelProto``.
    inputs : mapping of str to int
        The inputs that there may be ("numbers", "categories", "text_0", ...) and their widths; None where any will do.
    outputs : mapping of str to (element type, width)
        The outputs that there must be.
    where : str, default "model.onnx"
        For messages.

    Returns
    -------
    GraphFacts

    Raises
    ------
    FormatError
        Naming the place in the graph and what it holds.
    """
    return _Audit(model, where).run(inputs, outputs)


class _Audit:
    """One walk through one model; constants are seen before the nodes that take them."""

    def __init__(self, model: bytes, where: str) -> None:
        self.wire = Wire(model)
        self.where = where
        self.constants: dict[str, NDArray[Any]] = {}
        self.known: set[str] = set()
        self.stated_width: dict[str, int] = {}
        self.operators: dict[str, int] = {}
        self.trees = 0

    def run(self, inputs: Mapping[str, int | None], outputs: Mapping[str, tuple[str, int]]) -> GraphFacts:
        top = self._message(Span(0, len(self.wire.data)), MODEL, "model", self.where)
        self._check_versions(top)
        graph = self._message(_span(top, "graph", self.where), GRAPH, "graph", self.where)
        for span in graph.get("initializer", []):
            self._constant(span)
        numbers = sum(constant.size for constant in self.constants.values())
        kinds = {"numbers": "float32", "categories": "int64"} | dict.fromkeys(
            (name for name in inputs if name.startswith("text_")), "int32"
        )
        for span in graph.get("input", []):
            name, kind, width = self._value(span)
            if name not in inputs or kind != kinds.get(name) or width != inputs[name]:
                wanted = ", ".join(
                    f"{key} {kinds.get(key)} of width {size}" for key, size in inputs.items() if size != 0
                )
                raise self._error(f"inputs may be {wanted or 'none'}, and {name} {kind} of width {width} came")
            self._define(name)
        for place, span in enumerate(graph.get("node", [])):
            self._node(span, place)
        self._check_outputs(graph, outputs)
        return GraphFacts(dict(sorted(self.operators.items())), self.trees, numbers)

    def _check_versions(self, top: dict[str, list[int | Span]]) -> None:
        found = {}
        for span in top.get("opset_import", []):
            parts = self._message(span, OPSET, "opset", self.where)
            domain = self.wire.text_of(_span(parts, "domain", self.where), self.where) if "domain" in parts else ""
            found[domain] = parts.get("version", [0])[0]
        wanted = {"": CORE_OPSET, "ai.onnx.ml": ML_OPSET}
        if found != wanted or top.get("ir_version") != [IR_VERSION]:
            raise self._error(
                f"a graph of this format has operator sets {wanted} and IR version {IR_VERSION}, and {found} came"
            )

    def _check_outputs(self, graph: dict[str, list[int | Span]], outputs: Mapping[str, tuple[str, int]]) -> None:
        found = {}
        for span in graph.get("output", []):
            name, kind, width = self._value(span)
            found[name] = (kind, width)
            if name not in self.known:
                raise self._error(f"no node gives the output {name}")
        fits = found.keys() == outputs.keys() and all(
            found[name][0] == kind and found[name][1] in (width, None) for name, (kind, width) in outputs.items()
        )
        if not fits:
            raise self._error(f"outputs must be {dict(outputs)}, and {found} came")

    def _constant(self, span: int | Span) -> None:
        name, values = self._tensor(span, self.where)
        self._define(name)
        self.constants[name] = values

    def _define(self, name: str) -> None:
        if not name or name in self.known:
            raise self._error(f"the tensor {name!r} is given twice or has no name")
        self.known.add(name)

    def _value(self, span: int | Span) -> tuple[str, str, int | None]:
        """Return name, element type and width of an input or output of shape (rows, width)."""
        value = self._message(span, VALUE, "value", self.where)
        name = self.wire.text_of(_span(value, "name", self.where), self.where)
        kind = self._message(_span(value, "type", self.where), TYPE, "type", self.where)
        tensor = self._message(_span(kind, "tensor_type", self.where), TENSOR_TYPE, "type", self.where)
        element = ELEMENTS.get(_number(tensor, "elem_type"), "unknown")
        if "shape" not in tensor:
            return name, element, None
        shape = self._message(_span(tensor, "shape", self.where), SHAPE, "shape", self.where)
        sizes = [self._message(size, DIMENSION, "shape", self.where) for size in shape.get("dim", [])]
        if len(sizes) != 2:
            raise self._error(f"{name} must have rows and columns, and it has {len(sizes)} dimensions")
        rows, width = (size.get("dim_value", [None])[0] for size in sizes)
        if isinstance(rows, int) and not 0 < rows <= _MOST_ROWS:
            raise self._error(f"{name} may take up to {_MOST_ROWS} rows at a time, and {rows} came")
        return name, element, width if isinstance(width, int) else None

    def _node(self, span: int | Span, place: int) -> None:
        node = self._message(span, NODE, "node", f"{self.where} > node {place}")
        where = f"{self.where} > node {place}"
        op = self.wire.text_of(_span(node, "op_type", where), where)
        domain = self.wire.text_of(_span(node, "domain", where), where) if "domain" in node else ""
        if op not in OPERATORS.get(domain, ()):
            raise FormatError(
                f"the operator {op!r} of {domain or 'ai.onnx'!r} is not one that models of this format use", where=where
            )
        where = f"{where} ({op})"
        given = [self.wire.text_of(name, where) for name in node.get("input", []) if isinstance(name, Span)]
        unknown = [name for name in given if name and name not in self.known]
        if unknown:
            raise FormatError(f"it takes {unknown[0]!r}, which nothing before it gives", where=where)
        attributes = dict(self._attribute(part, where) for part in node.get("attribute", []))
        if len(attributes) != len(node.get("attribute", [])):
            raise FormatError("an attribute comes twice", where=where)
        results = [self.wire.text_of(name, where) for name in node.get("output", []) if isinstance(name, Span)]
        self._check_operator(op, given, results, attributes, where)
        for name in results:
            self._define(name)
        key = f"{domain}.{op}" if domain else op
        self.operators[key] = self.operators.get(key, 0) + 1

    def _check_operator(
        self, op: str, given: list[str], results: list[str], attributes: dict[str, Any], where: str
    ) -> None:
        """Hold single operators to the one way in which they are harmless."""
        if op == "Pad":
            pads = self.constants.get(given[1]) if len(given) > 1 else None
            if pads is None or pads.dtype != np.int64 or (pads < 0).any() or int(pads.sum()) > _LARGEST_PAD:
                raise FormatError(f"padding must be a constant of up to {_LARGEST_PAD} columns", where=where)
        elif op == "Reshape":
            shape = self.constants.get(given[1]) if len(given) > 1 else None
            if shape is None or shape.dtype != np.int64 or shape.size > 4:
                raise FormatError("a shape must be a constant", where=where)
            if shape.shape == (2,) and shape[0] == 0 and results:
                self.stated_width[results[0]] = int(shape[1])
        elif op == "Cast" and given and results and given[0] in self.stated_width:
            self.stated_width[results[0]] = self.stated_width[given[0]]
        elif op == "TopK":
            count = self.constants.get(given[1]) if len(given) > 1 else None
            if count is None or count.dtype != np.int64 or count.shape != (1,) or count[0] < 1:
                raise FormatError("how many are the top must be a constant of at least 1", where=where)
        elif op == "TreeEnsemble":
            width = self.stated_width.get(given[0]) if len(given) == 1 else None
            if width is None:
                raise FormatError("trees must read a matrix whose width is stated just before", where=where)
            cover = self.constants.get(f"{results[0]}_cover") if results else None
            self.trees += check_trees(attributes, width, where, cover=cover)

    def _attribute(self, span: int | Span, where: str) -> tuple[str, Any]:
        if not isinstance(span, Span):
            raise FormatError("an attribute must be a message", where=where)
        try:
            parts, numbers = self.wire.with_list(span, ATTRIBUTE, where)
        except FormatError as error:
            raise _named(error, "attribute") from error
        name = self.wire.text_of(_span(parts, "name", where), where)
        kind = _number(parts, "type")
        if kind == 4:
            return name, self._tensor(_span(parts, "t", where), where)[1]
        if kind == 7:
            return name, numbers
        if kind == 2:
            return name, _number(parts, "i")
        if kind in (1, 3, 6, 8):
            return name, b""
        raise FormatError(f"the attribute {name} is of the kind {kind}, which has no place here", where=where)

    def _tensor(self, span: int | Span, where: str) -> tuple[str, NDArray[Any]]:
        if not isinstance(span, Span):
            raise FormatError("a constant must be a message", where=where)
        try:
            parts, shape = self.wire.with_list(span, TENSOR, where)
        except FormatError as error:
            raise _named(error, "tensor") from error
        name = self.wire.text_of(_span(parts, "name", where), where) if "name" in parts else ""
        kind = ELEMENTS.get(_number(parts, "data_type"))
        raw = _span(parts, "raw_data", where) if "raw_data" in parts else Span(0, 0)
        size = raw.end - raw.start
        sides = [int(side) for side in shape]
        if kind is None or len(sides) > 4 or any(side < 0 for side in sides):
            raise FormatError(f"the constant {name!r} has a type or shape that has no place here", where=where)
        item = np.dtype(kind).itemsize
        count = 1
        for side in sides:
            count *= side
        if count * item != size:
            raise FormatError(f"the constant {name!r} has {size} bytes, and {count * item} are needed", where=where)
        values = np.frombuffer(self.wire.data, np.dtype(kind).newbyteorder("<"), count, raw.start if size else 0)
        return name, values.reshape(sides)

    def _message(
        self, span: int | Span, fields: Mapping[int, Field], kind: str, where: str
    ) -> dict[str, list[int | Span]]:
        if not isinstance(span, Span):
            raise FormatError(f"a {kind} must be a message", where=where)
        try:
            return self.wire.message(span, fields, where)
        except FormatError as error:
            raise _named(error, kind) from error

    def _error(self, message: str) -> FormatError:
        return FormatError(message, where=self.where)


def _span(message: dict[str, list[int | Span]], name: str, where: str) -> Span:
    value = message.get(name, [None])[0]
    if not isinstance(value, Span):
        raise FormatError(f"{name} is missing", where=where)
    return value


def _number(message: dict[str, list[int | Span]], name: str) -> int:
    value = message.get(name, [0])[0]
    return value if isinstance(value, int) else 0


def _named(error: FormatError, kind: str) -> FormatError:
    """Say what a refused field would have been, where it has a name."""
    words = error.message.split()
    number = int(words[1]) if words[0] == "field" and words[1].isdigit() else -1
    name = REFUSED.get(kind, {}).get(number)
    message = f"{name} in a {kind}: this has no place here" if name else f"{error.message} (in a {kind})"
    return FormatError(message, where=error.where)
