"""Which raw columns each number inside a graph comes from: traced through the operators, without running them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.schema import DATETIME_PARTS, TEXT_PARTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.bundle.explain_graph import Graph, Node
    from mainstay.contracts.arrays import Arrays
    from mainstay.contracts.schema import Schema

__all__ = ["Origin", "Tracer", "column_places"]

_ELEMENTWISE = frozenset(
    {"Abs", "Add", "And", "Cast", "Ceil", "Clip", "Cos", "Div", "Equal", "Erf", "Exp", "Floor", "Greater",
     "GreaterOrEqual", "Identity", "IsInf", "IsNaN", "Less", "LessOrEqual", "Log", "Max", "Min", "Mod", "Mul", "Neg",
     "Not", "Or", "Pow", "Reciprocal", "Relu", "Round", "Sigmoid", "Sign", "Sin", "Sqrt", "Sub", "Tanh", "Where", "Xor"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the columns of a tensor of shape (n, width) come from.

    Parameters
    ----------
    columns : bool array of shape (width, raw columns)
        Whether a raw column has a say in it.
    mixed : bool array of shape (width,)
        Whether several raw columns were summed up or asked together on the way, so that it is no feature of theirs
        but an answer.
    """

    columns: NDArray[np.bool_]
    mixed: NDArray[np.bool_]

    @property
    def shares(self) -> NDArray[np.float64]:
        """How a column's contribution is divided among the raw columns: equally among those with a say."""
        count = self.columns.sum(axis=1, keepdims=True)
        return np.asarray(self.columns / np.maximum(count, 1), np.float64)

    @classmethod
    def nothing(cls, width: int, raw: int) -> Origin:
        """Return the origin of constants."""
        return cls(np.zeros((width, raw), np.bool_), np.zeros(width, np.bool_))

    def take(self, places: NDArray[np.int64]) -> Origin:
        """Return some columns."""
        return Origin(self.columns[places], self.mixed[places])

    def widened(self, width: int) -> Origin:
        """Return as many columns as are wanted, each of which comes from all there are; one column is repeated."""
        if len(self.mixed) == width:
            return self
        if len(self.mixed) == 1:
            return self.take(np.zeros(width, np.int64))
        columns = self.columns.any(axis=0)
        mixed = bool(self.mixed.any()) or int(columns.sum()) > 1
        return Origin(np.tile(columns, (width, 1)), np.full(width, mixed))


class Tracer:
    """Finds the origins of a graph's tensors.

    Parameters
    ----------
    graph : Graph
    widths : mapping of str to int
        The last dimension of every tensor.
    inputs : mapping of str to int array of shape (width,)
        The raw column of each column of the graph's inputs.
    raw : int
        How many raw columns there are.
    """

    def __init__(
        self, graph: Graph, widths: Mapping[str, int], inputs: Mapping[str, NDArray[np.int64]], raw: int
    ) -> None:
        self._graph = graph
        self._widths = widths
        self._raw = raw
        self._found: dict[str, Origin] = {}
        for name, owners in inputs.items():
            columns = np.zeros((len(owners), raw), np.bool_)
            columns[np.arange(len(owners)), owners] = True
            self._found[name] = Origin(columns, np.zeros(len(owners), np.bool_))
        for node in graph.nodes:
            for name in node.outputs:
                self._found[name] = self._through(node).widened(widths[name])

    def of(self, tensor: str) -> Origin:
        """Return the origin of a tensor."""
        if tensor in self._found:
            return self._found[tensor]
        constant = self._graph.constants.get(tensor)
        width = 1 if constant is None or not constant.ndim else constant.shape[-1]
        return Origin.nothing(int(width), self._raw)

    def _through(self, node: Node) -> Origin:
        width = self._widths[node.outputs[0]]
        given = [self.of(name) for name in node.inputs if name]
        known = self._graph.constants
        if node.op in _ELEMENTWISE:
            wide = [one.widened(width) if len(one.mixed) in (1, width) else self._all([one], width) for one in given]
            return Origin(np.any([one.columns for one in wide], axis=0), np.any([one.mixed for one in wide], axis=0))
        if node.op == "Concat" and node.axis in (1, -1):
            parts = [(one.columns, one.mixed) for one in given]
            return Origin(np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts]))
        if node.op == "Gather" and node.axis == 1 and node.inputs[1] in known:
            return given[0].take(np.atleast_1d(known[node.inputs[1]]).astype(np.int64))
        if node.op == "Gather" and node.axis == 0 and node.inputs[0] in known and known[node.inputs[0]].ndim == 1:
            return given[1]
        if node.op == "MatMul" and node.inputs[1] in known and known[node.inputs[1]].ndim == 2:
            return _multiplied(given[0], np.asarray(known[node.inputs[1]] != 0))
        if node.op == "Reshape" and len(given[0].mixed) == width:
            return given[0]
        if node.op == "Pad" and node.inputs[1] in known and known[node.inputs[1]].shape == (4,):
            before, after = (Origin.nothing(int(known[node.inputs[1]][place]), self._raw) for place in (1, 3))
            parts = [(one.columns, one.mixed) for one in (before, given[0], after)]
            return Origin(np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts]))
        if node.op == "Slice" and self._whole_columns(node):
            starts, ends = (int(known[node.inputs[place]][0]) for place in (1, 2))
            return given[0].take(np.arange(len(given[0].mixed))[starts:ends])
        return self._all(given, width)

    def _whole_columns(self, node: Node) -> bool:
        known = self._graph.constants
        if len(node.inputs) != 4 or any(name not in known or known[name].size != 1 for name in node.inputs[1:]):
            return False
        return int(known[node.inputs[3]][0]) == 1

    def _all(self, given: list[Origin], width: int) -> Origin:
        columns = np.any([one.columns.any(axis=0) for one in given], axis=0) if given else np.zeros(self._raw, np.bool_)
        mixed = any(one.mixed.any() for one in given) or int(columns.sum()) > 1
        return Origin(np.tile(columns, (width, 1)), np.full(width, mixed))


def _multiplied(given: Origin, used: NDArray[np.bool_]) -> Origin:
    """Return the origin of sums of columns."""
    if len(given.mixed) != len(used):
        given = given.widened(len(used))
    columns = (used.T.astype(np.float32) @ given.columns.astype(np.float32)) > 0
    mixed = (used & given.mixed[:, None]).any(axis=0) | (columns.sum(axis=1) > 1)
    return Origin(columns, mixed)


def column_places(arrays: Arrays, schema: Schema) -> dict[str, NDArray[np.int64]]:
    """Return the raw column, by its place among the schema's features, of each column of a graph's inputs.

    Examples
    --------
    >>> from mainstay.contracts.arrays import Arrays
    >>> from mainstay.contracts.schema import Column, Schema
    >>> schema = Schema(columns=(Column(name="city", kind="category"), Column(name="seen", kind="datetime")))
    >>> arrays = Arrays(
    ...     np.zeros((1, 2), np.float32), ("seen.year", "seen.month"), np.zeros((1, 1), np.int64), ("city",), (2,)
    ... )
    >>> {name: places.tolist() for name, places in column_places(arrays, schema).items()}
    {'numbers': [1, 1], 'categories': [0]}
    """
    owner: dict[str, int] = {}
    for place, column in enumerate(schema.features):
        parts = {"datetime": DATETIME_PARTS, "text": TEXT_PARTS}.get(column.kind, ())
        owner |= {column.name: place} | {f"{column.name}.{part}": place for part in parts}
    places = {
        "numbers": np.array([owner[name] for name in arrays.number_names], np.int64),
        "categories": np.array([owner[name] for name in arrays.category_names], np.int64),
    }
    return places | {f"text_{at}": np.array([owner[name]], np.int64) for at, name in enumerate(arrays.text_names)}
