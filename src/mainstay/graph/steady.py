"""Elementwise functions whose answer for a row does not depend on how many rows are asked at once.

ONNX Runtime computes ``Exp``, ``Log``, ``Sin`` and their kin many values at a time, and the last few values of a
tensor one by one with another routine; the two may differ in the last bit (measured with onnxruntime 1.31:
``Sigmoid`` in float64 differed for 69 of 5,000 rows between a batch and one by one, ``Log`` in float32 for 2,154).
A row of 64 bytes, or a multiple of it, leaves no such rest. So rows are widened, and cut again after the function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mainstay.contracts.errors import UsageError

if TYPE_CHECKING:
    from mainstay.graph.builder import GraphBuilder

__all__ = ["first_columns", "padded", "steady", "widen"]

_ROW_BYTES = 64


def padded(width: int, dtype: type[np.floating] = np.float64) -> int:
    """Return the least width of at least this many columns whose rows are whole lines of 64 bytes.

    Examples
    --------
    >>> padded(3), padded(8), padded(9, np.float32)
    (8, 8, 16)
    """
    lanes = _ROW_BYTES // np.dtype(dtype).itemsize
    return -(-width // lanes) * lanes


def widen(builder: GraphBuilder, tensor: str, width: int, *, value: float, dtype: type[np.floating]) -> str:
    """Return a tensor of shape (n, width) padded on the right with a value, up to whole lines."""
    missing = padded(width, dtype) - width
    if not missing:
        return tensor
    pads = builder.constant(np.array([0, 0, 0, missing], np.int64))
    return builder.node("Pad", [tensor, pads, builder.constant(np.array(value, dtype))])


def first_columns(builder: GraphBuilder, tensor: str, width: int) -> str:
    """Return the first columns of a tensor of shape (n, more)."""
    ends = [builder.constant(np.array([end], np.int64)) for end in (0, width, 1)]
    return builder.node("Slice", [tensor, *ends])


def steady(builder: GraphBuilder, op: str, tensor: str, width: int, *, dtype: type[np.floating] = np.float32) -> str:
    """Apply an elementwise operator of one input so that batch and single rows agree in every bit.

    Parameters
    ----------
    builder : GraphBuilder
    op : str
        Such as "Exp", "Log", "Sin", "Tanh"; not needed for ``+ - * / Sqrt``, comparisons and ``Where``, which are
        exactly rounded.
    tensor : str
        Of shape (n, width).
    width : int
    dtype : numpy type, default float32
        The tensor's own.

    Raises
    ------
    UsageError
        When the width is not positive.
    """
    if width < 1:
        raise UsageError(f"a width must be positive, and {width} came", where=f"graph node {op}")
    wide = builder.node(op, [widen(builder, tensor, width, value=1.0, dtype=dtype)])
    return wide if padded(width, dtype) == width else first_columns(builder, wide, width)
