"""A model graph, read without the onnx package: its nodes, its constants, and parts of it as graphs of their own.

Only for graphs that the audit has passed; what it proved is not proved again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.bundle.audit_fields import ATTRIBUTE, ELEMENTS, GRAPH, MODEL, NODE, TENSOR, VALUE
from mainstay.bundle.wire import Span, Wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

__all__ = ["Graph", "Node"]

_WHERE = "model.onnx"
_DOUBLE = 11
_TENSOR, _INTS, _INT = 4, 7, 2
# The numbers of fields in the ONNX format: in a model, and in a graph.
_IR, _GRAPH, _OPSETS = 1, 7, 8
_NODES, _NAME, _CONSTANTS, _INPUTS, _OUTPUTS = 1, 2, 5, 11, 12


@dataclass(frozen=True, slots=True)
class Node:
    """An operator in its place.

    Parameters
    ----------
    op : str
    inputs, outputs : tuple of str
        Tensors.
    attributes : mapping
        Whole numbers, arrays of them, and tensors; others are left out.
    span : Span
        Where it stands in the file.
    """

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    span: Span

    @property
    def axis(self) -> int:
        """Along which axis it works; 0 where it does not say."""
        return int(self.attributes.get("axis", 0))


class Graph:
    """The nodes and constants of a model.

    Parameters
    ----------
    model : bytes
        A serialized ``ModelProto``, audited.

    Attributes
    ----------
    constants : dict of str to array
    makers : dict of str to Node
        The node that gives each tensor.
    inputs, outputs : tuple of str
    """

    def __init__(self, model: bytes) -> None:
        self._wire = Wire(model)
        top = self._wire.message(Span(0, len(model)), MODEL, _WHERE)
        graph = self._wire.message(_spans(top, "graph")[0], GRAPH, _WHERE)
        self._opsets = _spans(top, "opset_import")
        self._ir = top["ir_version"][0]
        self._kept: dict[str, Span] = {}
        self.constants: dict[str, NDArray[Any]] = {}
        for span in _spans(graph, "initializer"):
            name, values = self._tensor(span)
            self.constants[name], self._kept[name] = values, span
        self.nodes = [self._node(span) for span in _spans(graph, "node")]
        self.makers = {name: node for node in self.nodes for name in node.outputs}
        self.inputs, self.outputs = (
            tuple(self._text(_spans(self._wire.message(span, VALUE, _WHERE), "name")[0]) for span in _spans(graph, key))
            for key in ("input", "output")
        )

    def telling(self) -> bytes:
        """Return the model with every inner tensor among its outputs.

        The format allows a message to come in pieces: a second graph that holds outputs alone adds them to the first.
        """
        named = (self._value(name) for node in self.nodes for name in node.outputs if name not in self.outputs)
        return self._wire.data + _field(_GRAPH, b"".join(_field(_OUTPUTS, value) for value in named))

    def part(self, begin: Mapping[str, int], end: str) -> bytes:
        """Return the way from some float64 matrices to a tensor as a model.

        Parameters
        ----------
        begin : mapping of str to int
            Tensors and their widths.
        end : str
        """
        nodes, used = self._between(set(begin), end)
        parts = [_field(_NODES, self._wire.bytes_of(node.span)) for node in nodes]
        parts.append(_field(_NAME, b"part"))
        parts += [_field(_CONSTANTS, self._wire.bytes_of(self._kept[name])) for name in used]
        parts += [_field(_INPUTS, self._value(name, width)) for name, width in begin.items()]
        parts.append(_field(_OUTPUTS, self._value(end)))
        opsets = b"".join(_field(_OPSETS, self._wire.bytes_of(span)) for span in self._opsets)
        version = _varint(_IR << 3) + _varint(self._ir if isinstance(self._ir, int) else 0)
        return version + _field(_GRAPH, b"".join(parts)) + opsets

    def _between(self, begin: set[str], end: str) -> tuple[list[Node], list[str]]:
        needed, nodes = {end}, []
        for node in reversed(self.nodes):
            if needed.intersection(node.outputs) and not begin.intersection(node.outputs):
                needed.update(node.inputs)
                nodes.append(node)
        return nodes[::-1], sorted(needed & self._kept.keys())

    def _node(self, span: Span) -> Node:
        node = self._wire.message(span, NODE, _WHERE)
        attributes = dict(found for part in _spans(node, "attribute") if (found := self._attribute(part)))
        inputs, outputs = (tuple(map(self._text, _spans(node, name))) for name in ("input", "output"))
        return Node(self._text(_spans(node, "op_type")[0]), inputs, outputs, attributes, span)

    def _attribute(self, span: Span) -> tuple[str, Any] | None:
        parts, numbers = self._wire.with_list(span, ATTRIBUTE, _WHERE)
        kind, name = parts.get("type", [0])[0], self._text(_spans(parts, "name")[0])
        if kind == _TENSOR:
            return name, self._tensor(_spans(parts, "t")[0])[1]
        if kind == _INTS:
            return name, numbers
        return (name, _signed(parts.get("i", [0])[0])) if kind == _INT else None

    def _tensor(self, span: Span) -> tuple[str, NDArray[Any]]:
        parts, shape = self._wire.with_list(span, TENSOR, _WHERE)
        names, raw = _spans(parts, "name"), _spans(parts, "raw_data")
        number = parts["data_type"][0]
        kind = np.dtype(ELEMENTS[number if isinstance(number, int) else 0]).newbyteorder("<")
        count = int(np.prod(shape))
        values = np.frombuffer(self._wire.data, kind, count, raw[0].start if raw and count else 0)
        return self._text(names[0]) if names else "", values.reshape(tuple(shape))

    def _text(self, span: Span) -> str:
        return self._wire.text_of(span, _WHERE)

    def _value(self, name: str, width: int | None = None) -> bytes:
        value = _field(1, name.encode())
        if width is None:
            return value
        sides = _field(1, _field(2, b"rows")) + _field(1, _varint(1 << 3) + _varint(width))
        return value + _field(2, _field(1, _varint(1 << 3) + _varint(_DOUBLE) + _field(2, sides)))


def _spans(message: Mapping[str, Iterable[int | Span]], name: str) -> list[Span]:
    return [span for span in message.get(name, ()) if isinstance(span, Span)]


def _signed(value: int | Span) -> int:
    number = value if isinstance(value, int) else 0
    return number - (1 << 64) if number >= 1 << 63 else number


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])
