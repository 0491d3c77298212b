"""An ONNX file from elsewhere into a graph of ours: its nodes, copied one by one into our builder.

What cannot be shown to be harmless stays outside: other domains, functions, subgraphs, external data, texts. Operators
of ``ai.onnx.ml`` are written anew from plain ones, because their attributes are trusted by the runtime; trees go
through our tree writer. Nothing is known of how its nodes round, so the graph takes a fixed number of rows at a time:
then a row has the same bits alone and in any batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.errors import FormatError, UsageError
from mainstay.convert.foreign_ml import WRITERS
from mainstay.graph.builder import ELEMENT_TYPES, OPSET, GraphBuilder

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from mainstay.contracts.learner import TaskName

__all__ = ["ForeignInput", "ForeignModel", "read_foreign"]

_NAMES = {number: name for name, number in ELEMENT_TYPES.items()}
_DROPPED = {"ZipMap"}
_PASSED = {"Dropout", "Identity"}
_LARGEST_BYTES = 512 * 1024 * 1024


class ForeignInput:
    """One input of an ONNX file: its name, element type and width."""

    def __init__(self, name: str, dtype: str, width: int | None, rows: int | None, rank: int) -> None:
        self.name, self.dtype, self.width, self.rows, self.rank = name, dtype, width, rows, rank


class ForeignModel:
    """An ONNX file, read and checked, ready to be copied.

    Parameters
    ----------
    data : bytes
        A serialized ``ModelProto``.

    Attributes
    ----------
    inputs : list of ForeignInput
    outputs : list of str
        The outputs that are tensors of floats, those behind a ``ZipMap`` by the tensor before it.
    rows : int or None
        The number of rows that the file fixes.

    Raises
    ------
    FormatError
        When it is no ONNX model, or holds what has no place in a bundle.
    """

    def __init__(self, data: bytes) -> None:
        import onnx
        from onnx import version_converter

        if len(data) > _LARGEST_BYTES:
            raise FormatError(
                f"the file has {len(data):,} bytes, and {_LARGEST_BYTES:,} are allowed", where="ONNX model"
            )
        try:
            model = onnx.load_from_string(data)
        except Exception as error:
            raise FormatError("the file is no ONNX model", where="ONNX model") from error
        _check_harmless(model)
        self.data = data
        self.results = _without_maps(model)
        _forget_metadata(model)
        opset = next((one.version for one in model.opset_import if not one.domain), OPSET)
        if opset != OPSET:
            try:
                model = version_converter.convert_version(model, OPSET)
            except Exception as error:
                raise _refusal(f"its operators are of version {opset} and cannot be brought to {OPSET}") from error
        self.graph = model.graph
        initial = {tensor.name for tensor in self.graph.initializer}
        self.inputs = [_input(value) for value in self.graph.input if value.name not in initial]
        self.rows = next((one.rows for one in self.inputs if one.rows), None)

    @property
    def width(self) -> int:
        """How many numbers a row has."""
        return sum(one.width or 0 for one in self.inputs)

    def feeds(self, numbers: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
        """Return rows as the file's own inputs."""
        feeds, at = {}, 0
        for one in self.inputs:
            block = numbers[:, at : at + (one.width or 0)].astype(one.dtype)
            feeds[one.name] = block[:, 0] if one.rank == 1 else block
            at += one.width or 0
        return feeds

    def written(self, task: TaskName, result: str, classes: int, *, rows: int, operators: Collection[str]) -> bytes:
        """Return the graph of ours: input ``numbers``, output "probabilities" or "prediction".

        ``operators`` are the plain ones that the audit of a bundle lets pass.
        """
        builder = GraphBuilder(self.width, 0, rows=rows)
        copier = _Copier(builder, operators)
        at = 0
        for one in self.inputs:
            places = builder.constant(np.arange(at, at + (one.width or 0)))
            tensor = builder.node("Gather", ["numbers", places], axis=1)
            tensor = builder.node("Cast", [tensor], to=ELEMENT_TYPES[one.dtype])
            if one.rank == 1:
                tensor = builder.node("Reshape", [tensor, builder.constant(np.array([-1]))])
            copier.known[one.name] = tensor
            at += one.width or 0
        for tensor in self.graph.initializer:
            copier.known[tensor.name] = builder.constant(_array(tensor))
        for node in _needed(self.graph, result):
            copier.copy(node)
        return builder.build(_ending(builder, copier.known[result], task, classes))


def read_foreign(source: Any) -> ForeignModel:
    """Return an ONNX model from a path or from its bytes.

    Raises
    ------
    UsageError
        When the file cannot be read.
    FormatError
        When it is no ONNX model, or holds what has no place in a bundle.
    """
    from pathlib import Path

    if isinstance(source, bytes):
        return ForeignModel(source)
    try:
        return ForeignModel(Path(source).read_bytes())
    except OSError as error:
        raise UsageError(f"the model cannot be read ({error.strerror})", where=str(source)) from error


class _Copier:
    """Copies nodes into our builder and knows what each tensor is called there."""

    def __init__(self, builder: GraphBuilder, operators: Collection[str]) -> None:
        self.builder = builder
        self.operators = operators
        self.known: dict[str, str] = {"": ""}

    def copy(self, node: Any) -> None:
        """Copy one node; what it takes has been copied before."""
        missing = [name for name in node.input if name not in self.known]
        if missing:
            raise _refusal(f"its node {node.op_type} takes {missing[0]!r}, which nothing gives")
        given = [self.known[name] for name in node.input]
        attributes = {one.name: _attribute(one) for one in node.attribute}
        if node.domain == "ai.onnx.ml":
            writer = WRITERS.get(node.op_type)
            if writer is None:
                raise _refusal(f"its operator ai.onnx.ml.{node.op_type} has no writer")
            found: Sequence[str] = writer(self.builder, given, attributes)
        elif node.op_type == "Constant":
            found = [self.builder.constant(_constant(attributes))]
        elif node.op_type in _PASSED:
            found = [given[0]]
        elif node.op_type not in self.operators:
            raise _refusal(f"its operator {node.op_type} is not one that models of a bundle use")
        else:
            count = len(node.output)
            made = self.builder.node(node.op_type, given, outputs=count, **attributes)
            found = [made] if isinstance(made, str) else list(made)
        self.known |= {name: tensor for name, tensor in zip(node.output, found, strict=False) if name}


def _check_harmless(model: Any) -> None:
    if model.functions or model.training_info:
        raise _refusal("it holds functions of its own or training information")
    used = sorted({node.domain for node in model.graph.node} - {"", "ai.onnx", "ai.onnx.ml"})
    if used:
        raise _refusal(f"it uses operators of {used[0]!r}, and a bundle holds those of ai.onnx and ai.onnx.ml")
    if model.graph.sparse_initializer:
        raise _refusal("it holds sparse constants")
    tensors = [*model.graph.initializer, *(one.t for node in model.graph.node for one in node.attribute)]
    if any(tensor.data_location == 1 or tensor.external_data for tensor in tensors):
        raise _refusal("some of its numbers lie in another file; save it as one file")
    if any(one.g.node or one.graphs for node in model.graph.node for one in node.attribute):
        raise _refusal("it holds a graph within the graph (a loop or a branch)")


def _refusal(why: str) -> FormatError:
    return FormatError(f"the ONNX model cannot be packed: {why}", where="ONNX model",
                       hint="Export it with plain operators, from numbers to probabilities or amounts.")  # fmt: skip


def _without_maps(model: Any) -> dict[str, str]:
    """Take away what turns probabilities into a map; return, for each output, the tensor that it is."""
    maps = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type in _DROPPED}
    kept = [node for node in model.graph.node if node.op_type not in _DROPPED]
    del model.graph.node[:]
    model.graph.node.extend(kept)
    results = {one.name: maps.get(one.name, one.name) for one in model.graph.output}
    outputs = [one for one in model.graph.output if one.name not in maps]
    del model.graph.output[:]
    model.graph.output.extend(outputs)
    for tensor in maps.values():
        model.graph.output.add().name = tensor
    return results


def _forget_metadata(model: Any) -> None:
    del model.graph.value_info[:]
    del model.metadata_props[:]


def _input(value: Any) -> ForeignInput:
    kind = value.type.tensor_type
    dtype = _NAMES.get(kind.elem_type)
    sizes = [one.dim_value or None for one in kind.shape.dim]
    if dtype not in ("float32", "float64", "int64", "int32") or len(sizes) not in (1, 2):
        raise _refusal(f"its input {value.name!r} is no table of numbers; encode words as numbers before it")
    width = sizes[1] if len(sizes) == 2 else 1
    if width is None:
        raise _refusal(f"its input {value.name!r} does not say how many columns it has")
    return ForeignInput(value.name, dtype, width, sizes[0], len(sizes))


def _array(tensor: Any) -> NDArray[Any]:
    from onnx import numpy_helper

    array = numpy_helper.to_array(tensor)
    if array.dtype.name not in ELEMENT_TYPES:
        raise _refusal(f"it holds constants of {array.dtype.name}")
    return np.asarray(array)


def _constant(attributes: dict[str, Any]) -> NDArray[Any]:
    name, value = next(iter(attributes.items()))
    dtype = np.int64 if name in ("value_int", "value_ints") else np.float32
    return np.asarray(value) if name == "value" else np.asarray(value, dtype)


def _attribute(one: Any) -> Any:
    from onnx import helper

    if one.type == 4:
        return _array(one.t)
    value = helper.get_attribute_value(one)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, (list, tuple)):
        return [part.decode("utf-8", "replace") if isinstance(part, bytes) else part for part in value]
    return value


def _needed(graph: Any, result: str) -> list[Any]:
    """Return the nodes that the result needs, in their order."""
    wanted, kept = {result}, []
    for node in reversed(graph.node):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            kept.append(node)
    return kept[::-1]


def _ending(builder: GraphBuilder, tensor: str, task: TaskName, classes: int) -> dict[str, str]:
    """Return the output as a bundle has it; one column of two classes is the probability of the second."""
    if task == "regression":
        flat = builder.node("Reshape", [tensor, builder.constant(np.array([-1, 1]))])
        return {"prediction": builder.node("Cast", [flat], to=11)}
    wide = builder.node("Cast", [tensor], to=1)
    if classes == 1:
        second = builder.node("Reshape", [wide, builder.constant(np.array([-1, 1]))])
        first = builder.node("Sub", [builder.constant(np.array(1.0, np.float32)), second])
        return {"probabilities": builder.node("Concat", [first, second], axis=1)}
    return {"probabilities": builder.node("Reshape", [wide, builder.constant(np.array([-1, classes]))])}
