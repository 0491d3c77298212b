"""A model graph taken apart into parts that can be explained: from the answer back to the features.

Additions and constant factors are followed; trees and weighted sums over features end the way; any other function is
a link when it begins at few numbers that can be explained themselves, and else is asked as a whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.bundle.explain_parts import Affine, Asked, Constant, Link, Scaled, Sum, TreePart
from mainstay.bundle.explain_paths import Paths, leaf_values
from mainstay.bundle.explain_trees import KEPT_BYTES, TreeSum
from mainstay.graph.run import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mainstay.bundle.explain_asked import Asking
    from mainstay.bundle.explain_graph import Graph, Node
    from mainstay.bundle.explain_origins import Tracer
    from mainstay.bundle.explain_parts import Part

__all__ = ["Dismantler", "last_dimension"]

_NO_LINK = frozenset({"TreeEnsemble", "TopK", "ArgMax", "GatherElements", "ScatterElements"})
_SAME = frozenset({"Identity", "Cast"})


class Dismantler:
    """Takes a graph apart.

    Parameters
    ----------
    graph : Graph
    widths : mapping of str to int
        The last dimension of every tensor.
    tracer : Tracer
    asking : Asking
    outputs : int
        How many answers the model gives: a link begins at tensors no wider.
    threads : int
    kept_bytes : float
        How much each sum of trees may keep.
    """

    def __init__(
        self,
        graph: Graph,
        widths: Mapping[str, int],
        tracer: Tracer,
        asking: Asking,
        *,
        outputs: int,
        threads: int = 2,
        kept_bytes: float = KEPT_BYTES,
    ) -> None:
        self._graph = graph
        self._widths = widths
        self._tracer = tracer
        self._asking = asking
        self._outputs = outputs
        self._threads = threads
        self._kept_bytes = kept_bytes
        self._found: dict[str, Part] = {}

    def part(self, tensor: str) -> Part:
        """Return the part that ends in a tensor."""
        if tensor not in self._found:
            self._found[tensor] = self._exact(tensor) or self._asked(tensor)
        return self._found[tensor]

    def _exact(self, tensor: str) -> Part | None:
        return self._linear(tensor) or self._link(tensor)

    def _asked(self, tensor: str) -> Part:
        columns = np.flatnonzero(self._tracer.of(tensor).columns.any(axis=0))
        return Asked(self._asking, tensor, self._widths[tensor], tuple(int(column) for column in columns))

    def _linear(self, tensor: str) -> Part | None:
        """Return a sum, a multiple, trees or a weighted sum; None where the tensor is none of them."""
        node = self._graph.makers.get(tensor)
        if node is None:
            return None
        if node.op in _SAME and node.attributes.get("to", 11) in (1, 11):
            return self._linear(node.inputs[0])
        if node.op == "Add":
            return self._added(node, tensor)
        if node.op in {"Mul", "Div", "Sub"}:
            return self._with_constant(node, tensor)
        if node.op == "MatMul":
            return self._weighted(node)
        return self._trees(node)

    def _added(self, node: Node, tensor: str) -> Part | None:
        first, second = node.inputs
        for one, other in ((first, second), (second, first)):
            constant = self._row(one, tensor)
            if constant is not None:
                inner = self._inner(other, tensor)
                return None if inner is None else Sum((inner, Constant(constant)))
        if not (self._is_answer(first) and self._is_answer(second)) or self._widths[first] != self._widths[second]:
            return None
        parts = [self.part(first), self.part(second)]
        return None if all(isinstance(part, Asked) for part in parts) else Sum(parts)

    def _with_constant(self, node: Node, tensor: str) -> Part | None:
        """Return a part times a constant, or with a constant taken from it."""
        first, second = node.inputs
        for one, other in ((second, first), (first, second)):
            constant = self._row(one, tensor)
            if constant is None:
                continue
            if node.op == "Mul" and not constant.any():
                return Constant(constant)
            inner = self._inner(other, tensor) if one == second or node.op != "Div" else None
            if inner is None:
                return None
            if node.op != "Sub":
                return Scaled(inner, constant if node.op == "Mul" else 1.0 / constant)
            if one == second:
                return Sum((inner, Constant(-constant)))
            return Sum((Scaled(inner, -np.ones(len(constant))), Constant(constant)))
        return None

    def _inner(self, tensor: str, outer: str) -> Part | None:
        """Return the part within a sum or multiple that is as wide as its result; features have no part."""
        if self._widths.get(tensor) != self._widths[outer] or not self._is_answer(tensor):
            return None
        part = self.part(tensor)
        return None if isinstance(part, Asked) else part

    def _is_answer(self, tensor: str) -> bool:
        """Whether a tensor is more than features: small enough, and made by a model or constant."""
        return tensor in self._graph.makers and self._widths[tensor] <= max(8, 8 * -(-self._outputs // 8))

    def _row(self, tensor: str, like: str) -> NDArray[np.float64] | None:
        """Return a finite constant as one row of the width of a tensor."""
        constant = self._graph.constants.get(tensor)
        width = self._widths[like]
        if constant is None or constant.size not in (1, width) or constant.ndim > 2:
            return None
        values = np.asarray(constant, np.float64).ravel()
        return np.broadcast_to(values, (width,)).copy() if np.isfinite(values).all() else None

    def _weighted(self, node: Node) -> Part | None:
        coefficients = self._graph.constants.get(node.inputs[1])
        if coefficients is None or coefficients.ndim != 2 or not np.isfinite(coefficients).all():
            return None
        origin = self._tracer.of(node.inputs[0]).widened(len(coefficients))
        if origin.mixed[(coefficients != 0).any(axis=1)].any():
            return None
        return Affine(node.inputs[0], np.asarray(coefficients, np.float64), origin)

    def _trees(self, node: Node) -> Part | None:
        """Return trees that vote for themselves, or whose votes are looked up in a table."""
        if node.op == "TreeEnsemble":
            return self._tree_sum(node, None)
        gather = self._maker(node, "ReduceSum", "Gather")
        table = None if gather is None else self._graph.constants.get(gather.inputs[0])
        cast = None if gather is None else self._graph.makers.get(gather.inputs[1])
        trees = None if cast is None else self._maker(cast, "Cast", "TreeEnsemble")
        if trees is None or table is None or table.ndim != 2 or gather is None or gather.axis:
            return None
        return self._tree_sum(trees, np.asarray(table, np.float64))

    def _maker(self, node: Node, op: str, made_by: str) -> Node | None:
        inner = self._graph.makers.get(node.inputs[0]) if node.op == op else None
        return inner if inner is not None and inner.op == made_by else None

    def _tree_sum(self, node: Node, table: NDArray[np.float64] | None) -> Part | None:
        cover = self._graph.constants.get(f"{node.outputs[0]}_cover")
        features = node.attributes["nodes_featureids"]
        origin = self._tracer.of(node.inputs[0])
        if cover is None or origin.mixed[np.asarray(features, np.int64)].any():
            return None
        paths = Paths.of(node.attributes, cover)
        trees = TreeSum(paths, leaf_values(paths, node.attributes, table), threads=self._threads,
                        kept_bytes=self._kept_bytes)  # fmt: skip
        return TreePart(trees, node.inputs[0], origin)

    def _link(self, tensor: str) -> Part | None:
        """Return a function of parts that begin at answers; None where it begins at features."""
        begin: dict[str, Part] = {}
        if tensor not in self._graph.makers or not self._begins(tensor, begin, set()) or not begin:
            return None
        session = Session(self._graph.part({name: part.width for name, part in begin.items()}, tensor))
        return Link(begin, session, self._widths[tensor])

    def _begins(self, tensor: str, begin: dict[str, Part], seen: set[str]) -> bool:
        """Collect where a function begins; False where that is a raw input or too wide."""
        if tensor in self._graph.constants or tensor in seen or not tensor:
            return True
        seen.add(tensor)
        node = self._graph.makers.get(tensor)
        if node is None:
            return False
        part = self._linear(tensor) if len(seen) > 1 and self._is_answer(tensor) else None
        if part is not None and part.methods:
            begin[tensor] = part
            return True
        if node.op in _NO_LINK:
            return False
        return all(self._begins(name, begin, seen) for name in node.inputs)


def last_dimension(values: NDArray[Any]) -> int:
    """Return how wide a tensor is; a number alone has one column.

    Examples
    --------
    >>> last_dimension(np.zeros((3, 4))), last_dimension(np.array(1.0))
    (4, 1)
    """
    return int(values.shape[-1]) if values.ndim else 1
