"""Tensors of columns as rows of cells, and places in rows as places in tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.contracts.errors import RequestError
from mainstay.serve.answering.asked import brief, nearest, path_of
from mainstay.serve.protocol_v2.metadata import MATRIX_NAMES, takes_matrix
from mainstay.serve.protocol_v2.tensors import cells_of, matrix_shape, shown_shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mainstay.serve.answering.asked import Row
    from mainstay.serve.answering.served import ServedModel
    from mainstay.serve.protocol_v2.request import InferRequest

__all__ = ["Rows", "rows_of"]


class Rows:
    """The rows of a request.

    Parameters
    ----------
    rows : list of dict
    columns : tuple of str
        The names in the order of the tensors.
    matrix : bool
        Whether one tensor brought them all.
    """

    def __init__(self, rows: Sequence[Row], columns: tuple[str, ...], *, matrix: bool) -> None:
        self.rows = rows
        self._matrix = matrix
        self._positions = {path_of(name).removeprefix("$"): at for at, name in enumerate(columns)}

    def place(self, where: str, row: int) -> str:
        """Return a place in a row as the place in the request.

        Examples
        --------
        >>> Rows([{"age": 1}], ("age",), matrix=False).place("$.rows[0].age", 0)
        '$.inputs[0].data[0]'
        """
        column = where.removeprefix(f"$.rows[{row}]")
        at = self._positions.get(column)
        if at is None:
            return f"$.inputs{column}"
        return f"$.inputs[0].data[{row * len(self._positions) + at}]" if self._matrix else f"$.inputs[{at}].data[{row}]"


def rows_of(model: ServedModel, request: InferRequest, parts: Sequence[memoryview | None], most_rows: int) -> Rows:
    """Return the rows that a request asks about.

    Parameters
    ----------
    model : ServedModel
    request : InferRequest
    parts : sequence of memoryview or None
        The bytes of each input.
    most_rows : int

    Raises
    ------
    RequestError
    """
    if not request.inputs:
        raise RequestError("there is no input", status=422, where="$.inputs", hint="Send a tensor for each column.",
                           code="empty")  # fmt: skip
    matrix = _matrix(model, request, parts, most_rows)
    if matrix is not None:
        return matrix
    known = tuple(column.name for column in model.bundle.schema.columns)
    columns = []
    count = 0
    for at, (tensor, part) in enumerate(zip(request.inputs, parts, strict=True)):
        if tensor.name not in known:
            raise RequestError(
                f"the model knows no column {brief(tensor.name)}", status=422, where=f"$.inputs[{at}].name",
                hint=nearest(tensor.name, model.features), code="unknown_field",
            )  # fmt: skip
        shape = matrix_shape(tensor, at, most_rows)
        count = count or shape[0]
        if shape != (count, 1):
            raise RequestError(
                f"every tensor must have the shape [{count}] or [{count}, 1], and {shown_shape(tensor)} came",
                status=422, where=f"$.inputs[{at}].shape", hint="Send one value for each row.", code="shape",
            )  # fmt: skip
        columns.append(cells_of(tensor, at, part, shape))
    names = tuple(tensor.name for tensor in request.inputs)
    if len(set(names)) < len(names):
        raise RequestError("two inputs have the same name", status=422, where="$.inputs", hint="Send each column once.",
                           code="bad")  # fmt: skip
    return Rows([dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)], names, matrix=False)


def _matrix(
    model: ServedModel, request: InferRequest, parts: Sequence[memoryview | None], most_rows: int
) -> Rows | None:
    """Return the rows of one tensor that holds all columns, in the order of the schema; None where it is none."""
    tensor = request.inputs[0]
    if len(request.inputs) > 1 or tensor.name not in MATRIX_NAMES or tensor.name in model.features:
        return None
    names = model.features
    if not takes_matrix(model):
        raise RequestError(
            "one tensor for all columns is read where all of them are numbers, and here they are not", status=422,
            where="$.inputs[0].name", hint="Send a tensor for each column.", code="shape",
        )  # fmt: skip
    shape = matrix_shape(tensor, 0, most_rows)
    if shape[1] != len(names) or len(tensor.shape) != 2:
        raise RequestError(
            f"the model has {len(names)} columns, and the shape {shown_shape(tensor)} came", status=422,
            where="$.inputs[0].shape", hint=f"Send the shape [rows, {len(names)}].", code="shape",
        )  # fmt: skip
    cells = cells_of(tensor, 0, parts[0], shape)
    starts = range(0, len(cells), len(names))
    return Rows([dict(zip(names, cells[at : at + len(names)], strict=True)) for at in starts], names, matrix=True)
