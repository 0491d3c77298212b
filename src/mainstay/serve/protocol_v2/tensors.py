"""The values of a tensor as cells, the same that JSON rows have: from there on there is one way for all requests.

A datatype says how bytes are to be read. What a value means is the schema's matter, as everywhere: a text "31" in a
column of numbers is 31, whatever tensor brought it.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from mainstay.contracts.errors import RequestError
from mainstay.serve.answering.asked import brief

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mainstay.serve.answering.asked import Cell
    from mainstay.serve.protocol_v2.request import Tensor

__all__ = ["DATATYPES", "bytes_of_texts", "cells_of", "matrix_shape", "numbers_of", "shown_shape"]

DATATYPES = {
    "BOOL": "|u1", "UINT8": "|u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8", "INT8": "|i1", "INT16": "<i2",
    "INT32": "<i4", "INT64": "<i8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8", "BYTES": "",
}  # fmt: skip
"""How the elements of each datatype lie in bytes; BYTES are texts, each behind its length in four bytes."""


def matrix_shape(tensor: Tensor, at: int, most_rows: int) -> tuple[int, int]:
    """Return rows and columns of a tensor of shape [n] or [n, columns].

    Parameters
    ----------
    tensor : Tensor
    at : int
        Its position among the inputs.
    most_rows : int

    Raises
    ------
    RequestError
    """
    shape = tensor.shape
    if len(shape) not in (1, 2) or min(shape) < 0:
        raise RequestError(
            f"a tensor has the shape [rows] or [rows, 1], and {shown_shape(tensor)} came", status=422,
            where=f"$.inputs[{at}].shape", hint="Send one tensor for each column.", code="shape",
        )  # fmt: skip
    if shape[0] > most_rows:
        raise RequestError(
            f"{most_rows:,} rows may come at once, and {str(shape[0])[:20]} came", status=413,
            where=f"$.inputs[{at}].shape", hint="Send them in several requests.", code="too_many_rows",
        )  # fmt: skip
    if shape[0] == 0:
        raise RequestError("there is no row", status=422, where=f"$.inputs[{at}].shape", hint="Send at least one.",
                           code="empty")  # fmt: skip
    return shape[0], shape[1] if len(shape) == 2 else 1


def shown_shape(tensor: Tensor) -> str:
    """Return the shape that a client gave as it is repeated to it, which may have any length.

    Examples
    --------
    >>> from mainstay.serve.protocol_v2.request import Tensor
    >>> shown_shape(Tensor("age", [3, 10**400], "FP64"))[:8]
    '[3, 1000'
    """
    words = str(tensor.shape[:20])
    return words if len(words) <= 60 and len(tensor.shape) <= 20 else f"{words[:57]}..."


def cells_of(tensor: Tensor, at: int, part: memoryview | None, shape: tuple[int, int]) -> list[Cell]:
    """Return the values of a tensor, row by row.

    Parameters
    ----------
    tensor : Tensor
    at : int
        Its position among the inputs.
    part : memoryview, optional
        Its bytes, where it is sent as bytes.
    shape : (rows, columns)

    Raises
    ------
    RequestError
        When there are not as many values as the shape says, or one is no value.
    """
    if tensor.datatype not in DATATYPES:
        raise RequestError(
            f"there is no datatype {brief(tensor.datatype)} here", status=422, where=f"$.inputs[{at}].datatype",
            hint=f"There are: {', '.join(DATATYPES)}.", code="bad",
        )  # fmt: skip
    count = shape[0] * shape[1]
    if part is None:
        return _plain(tensor, at, shape, count)
    if tensor.datatype == "BYTES":
        return _texts(part, at, count)
    return _numbers(tensor.datatype, at, part, count)


def _plain(tensor: Tensor, at: int, shape: tuple[int, int], count: int) -> list[Cell]:
    """Return values that stand in the JSON, flat or nested as the shape is."""
    if tensor.data is None:
        raise RequestError("an input has no data", status=422, where=f"$.inputs[{at}]", code="empty",
                           hint="Send data, or binary_data_size and the bytes behind the JSON.")  # fmt: skip
    data = tensor.data
    if data and isinstance(data[0], list):
        width = shape[1] if len(tensor.shape) == 2 else -1
        if not all(isinstance(row, list) and len(row) == width for row in data):
            raise _miscounted(at, count, "lists of another shape")
        data = [value for row in data for value in row]
    if len(data) != count:
        raise _miscounted(at, count, f"{len(data):,}")
    for place, value in enumerate(data):
        if isinstance(value, list | dict):
            raise RequestError(
                "a value is a text, a number, true, false or null", status=422, where=f"$.inputs[{at}].data[{place}]",
                hint="Send data flat, or nested as the shape is.", code="bad",
            )  # fmt: skip
    return data


def _miscounted(at: int, count: int, came: str) -> RequestError:
    return RequestError(f"the shape says {count:,} values, and {came} came", status=422, where=f"$.inputs[{at}].data",
                        hint="Send as many values as the shape says.", code="shape")  # fmt: skip


def _numbers(datatype: str, at: int, part: memoryview, count: int) -> list[Cell]:
    kind = np.dtype(DATATYPES[datatype])
    if len(part) != count * kind.itemsize:
        raise RequestError(
            f"{count:,} values of {datatype} are {count * kind.itemsize:,} bytes, and {len(part):,} came",
            where=f"$.inputs[{at}].parameters.binary_data_size", hint="Send the bytes of all values, without gaps.",
            code="length",
        )  # fmt: skip
    values: list[Any] = np.frombuffer(part, kind).tolist()
    if datatype == "BOOL":
        if any(value > 1 for value in values):
            raise RequestError("a byte of BOOL is 0 or 1", status=422, where=f"$.inputs[{at}]", code="bad")
        return [value == 1 for value in values]
    return [_cell(value) for value in values] if kind.kind == "f" else values


def _cell(value: float) -> Cell:
    """Return a number as JSON can hold it, so that it can be logged: infinite ones by their names, NaN as missing."""
    if math.isfinite(value):
        return value
    return None if math.isnan(value) else str(value)


def _texts(part: memoryview, at: int, count: int) -> list[Cell]:
    texts: list[Cell] = []
    start, end = 0, len(part)
    while start < end:
        if end - start < 4 or len(texts) == count:
            break
        size = int.from_bytes(part[start : start + 4], "little")
        start += 4
        if size > end - start:
            break
        try:
            texts.append(str(part[start : start + size], "utf-8"))
        except UnicodeDecodeError:
            raise RequestError("a text is not UTF-8", status=422, where=f"$.inputs[{at}].data[{len(texts)}]",
                               hint="Send texts in UTF-8.", code="bad") from None  # fmt: skip
        start += size
    if start != end or len(texts) != count:
        raise RequestError(
            f"the bytes are not {count:,} texts, each behind its length in four bytes",
            where=f"$.inputs[{at}].parameters.binary_data_size", code="length",
            hint="Send for each text its length as a little-endian number of four bytes, then its bytes.",
        )  # fmt: skip
    return texts


def bytes_of_texts(texts: Sequence[str]) -> bytes:
    r"""Return texts as the elements of a BYTES tensor.

    Examples
    --------
    >>> bytes_of_texts(["no"])
    b'\x02\x00\x00\x00no'
    """
    coded = [text.encode() for text in texts]
    return b"".join(part for text in coded for part in (struct.pack("<I", len(text)), text))


def numbers_of(datatype: str, values: Sequence[Any]) -> NDArray[Any]:
    """Return values as an array of a datatype; None is not a number.

    Examples
    --------
    >>> numbers_of("FP64", [1.5, None]).tolist()
    [1.5, nan]
    """
    if datatype == "FP64":
        return np.array([math.nan if value is None else value for value in values], DATATYPES[datatype])
    return np.array(values, DATATYPES[datatype])
