"""The few operations that every step is written in, once, and the two that carry them out: numpy and the graph.

A step that were written twice, for training and for serving, would one day differ. Here it is written over these
operations, each of which is exactly rounded in IEEE 754 (or on whole numbers) and so has one answer on both sides. Only
the sign of a zero may differ (ONNX Runtime's ``Where`` loses it), and nothing here divides by a zero without asking.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["Builder", "GraphOperations", "NumpyOperations", "Operations"]

Tensor = TypeVar("Tensor")


class Operations(Protocol[Tensor]):
    """What a step may do with tensors of shape (n, columns)."""

    def constant(self, array: NDArray[Any]) -> Tensor:
        """Bring in numbers of the step's own."""
        ...

    def do(self, operator: str, *tensors: Tensor) -> Tensor:
        """Do an element by element ONNX operator; shapes broadcast."""
        ...

    def take(self, tensor: Tensor, columns: Sequence[int]) -> Tensor:
        """Return these columns, in this order."""
        ...

    def lookup(self, table: Tensor, positions: Tensor) -> Tensor:
        """Return the table's entry for each position; the shape is that of the positions."""
        ...

    def join(self, tensors: Sequence[Tensor]) -> Tensor:
        """Put columns side by side."""
        ...

    def as_float(self, tensor: Tensor) -> Tensor:
        """Return whole numbers, truths or float64 as float32."""
        ...

    def as_double(self, tensor: Tensor) -> Tensor:
        """Return float32 numbers as float64."""
        ...

    def as_place(self, tensor: Tensor) -> Tensor:
        """Return whole float32 numbers as int64."""
        ...

    def sum_terms(self, places: NDArray[np.int32], weights: NDArray[np.int32], text: Tensor) -> Tensor:
        """Return the sums of the weights of a text's terms, float64 of shape (n, outputs).

        Parameters
        ----------
        places : int32 array of shape (1 + terms,)
            The row of the weights for each term; the first entry is for padding.
        weights : int32 array of shape (rows, outputs)
            Whole numbers, so that a sum is the same in any order; so small that none is too large for int32.
        text : tensor
        """
        ...


_NUMPY: dict[str, Callable[..., Any]] = {
    "Abs": np.abs,
    "Add": np.add,
    "Ceil": np.ceil,
    "Div": np.divide,
    "Equal": np.equal,
    "Floor": np.floor,
    "IsInf": np.isinf,
    "IsNaN": np.isnan,
    "Less": np.less,
    "LessOrEqual": np.less_equal,
    "Max": np.maximum,
    "Min": np.minimum,
    "Mul": np.multiply,
    "Neg": np.negative,
    "Sqrt": np.sqrt,
    "Sub": np.subtract,
    "Where": np.where,
}


class NumpyOperations:
    """Carries the operations out on arrays.

    Examples
    --------
    >>> run = NumpyOperations()
    >>> run.do("Add", np.float32([[1.0, 2.0]]), run.constant(np.float32([[10.0, 20.0]]))).tolist()
    [[11.0, 22.0]]
    """

    def constant(self, array: NDArray[Any]) -> NDArray[Any]:
        """Return the array."""
        return array

    def do(self, operator: str, *tensors: NDArray[Any]) -> NDArray[Any]:
        """Do numpy's function of the same meaning."""
        answer: NDArray[Any] = _NUMPY[operator](*tensors)
        return answer

    def take(self, tensor: NDArray[Any], columns: Sequence[int]) -> NDArray[Any]:
        """Return the columns."""
        return tensor[:, np.asarray(columns, np.int64)]

    def lookup(self, table: NDArray[Any], positions: NDArray[Any]) -> NDArray[Any]:
        """Index the table."""
        answer: NDArray[Any] = table[positions]
        return answer

    def join(self, tensors: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Concatenate."""
        return tensors[0] if len(tensors) == 1 else np.concatenate(tensors, axis=1)

    def as_float(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """Convert."""
        return tensor.astype(np.float32)

    def as_double(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """Convert."""
        return tensor.astype(np.float64)

    def as_place(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """Convert."""
        return tensor.astype(np.int64)

    def sum_terms(self, places: NDArray[np.int32], weights: NDArray[np.int32], text: Any) -> NDArray[Any]:
        """Multiply the terms as a sparse matrix by the weights; a text is :class:`mainstay.contracts.arrays.Terms`."""
        from scipy.sparse import csr_matrix

        columns = places[text.ids.astype(np.int64) + 1]
        shape = (text.rows, len(weights))
        matrix = csr_matrix((np.ones(len(columns), np.int32), columns, text.starts - text.starts[0]), shape=shape)
        answer: NDArray[Any] = (matrix @ weights).astype(np.float64)
        return answer


class Builder(Protocol):
    """What is needed of a graph builder; :class:`mainstay.graph.builder.GraphBuilder` is one."""

    def constant(self, array: NDArray[Any]) -> str:
        """Store numbers in the graph and return their name."""
        ...

    def node(self, op: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add a node and return the name of what it puts out."""
        ...


class GraphOperations:
    """Writes the operations into a model graph; a tensor is a name.

    Parameters
    ----------
    builder : Builder
    """

    _FLOAT, _LONG, _DOUBLE = 1, 7, 11  # onnx.TensorProto's numbers

    def __init__(self, builder: Builder) -> None:
        self._builder = builder

    def constant(self, array: NDArray[Any]) -> str:
        """Store the array."""
        return self._builder.constant(array)

    def do(self, operator: str, *tensors: str) -> str:
        """Add the operator."""
        return self._builder.node(operator, list(tensors))

    def take(self, tensor: str, columns: Sequence[int]) -> str:
        """Gather columns."""
        return self._builder.node("Gather", [tensor, self.constant(np.asarray(columns, np.int64))], axis=1)

    def lookup(self, table: str, positions: str) -> str:
        """Gather from the table."""
        return self._builder.node("Gather", [table, positions], axis=0)

    def join(self, tensors: Sequence[str]) -> str:
        """Concatenate."""
        return tensors[0] if len(tensors) == 1 else self._builder.node("Concat", list(tensors), axis=1)

    def as_float(self, tensor: str) -> str:
        """Cast."""
        return self._builder.node("Cast", [tensor], to=self._FLOAT)

    def as_double(self, tensor: str) -> str:
        """Cast."""
        return self._builder.node("Cast", [tensor], to=self._DOUBLE)

    def as_place(self, tensor: str) -> str:
        """Cast."""
        return self._builder.node("Cast", [tensor], to=self._LONG)

    def sum_terms(self, places: NDArray[np.int32], weights: NDArray[np.int32], text: str) -> str:
        """Look each term's row up, take its weights, and add them along the text."""
        shifted = self._builder.node("Add", [text, self.constant(np.array(1, np.int32))])
        rows = self._builder.node("Gather", [self.constant(places), shifted], axis=0)
        values = self._builder.node("Gather", [self.constant(weights), rows], axis=0)
        sums = self._builder.node("ReduceSum", [values, self.constant(np.array([1], np.int64))], keepdims=0)
        return self._builder.node("Cast", [sums], to=self._DOUBLE)
