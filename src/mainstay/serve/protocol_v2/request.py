"""A request of the protocol as a record: JSON, and behind it the bytes of tensors that are sent as bytes.

Every length that a client names is held against what really came, before anything is made of it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from mainstay.contracts.errors import RequestError
from mainstay.serve.answering.asked import brief

__all__ = ["InferRequest", "OutputAsked", "Tensor", "read_request"]

_SHAPE = 'Send {"inputs": [{"name": "age", "shape": [1], "datatype": "FP64", "data": [31]}, ...]}.'


class Tensor(msgspec.Struct, frozen=True):
    """An input as the client words it."""

    name: str
    shape: list[int]
    datatype: str
    parameters: dict[str, Any] | None = None
    data: list[Any] | None = None

    @property
    def binary_size(self) -> int | None:
        """How many bytes behind the JSON are its own; None where its values stand in ``data``."""
        return (self.parameters or {}).get("binary_data_size")


class OutputAsked(msgspec.Struct, frozen=True):
    """An output that the client wants, and how."""

    name: str
    parameters: dict[str, Any] | None = None


class InferRequest(msgspec.Struct, frozen=True):
    """What a client asks."""

    inputs: list[Tensor]
    id: str | None = None
    parameters: dict[str, Any] | None = None
    outputs: list[OutputAsked] | None = None

    def wants_binary(self, name: str) -> bool:
        """Say whether an output is to be sent as bytes."""
        for asked in self.outputs or ():
            if asked.name == name and "binary_data" in (asked.parameters or {}):
                return (asked.parameters or {})["binary_data"] is True
        return (self.parameters or {}).get("binary_data_output") is True


_decoder = msgspec.json.Decoder(InferRequest)


def read_request(body: bytes, header: bytes | None) -> tuple[InferRequest, list[memoryview | None]]:
    """Return a request, and for each input its bytes (None where its values stand in the JSON).

    Parameters
    ----------
    body : bytes
    header : bytes, optional
        The value of ``inference-header-content-length``: how much of the body is JSON; default is all of it.

    Raises
    ------
    RequestError
        With status 400 where it is not JSON or lengths do not fit, 422 where it has not the shape.

    Examples
    --------
    >>> request, parts = read_request(b'{"inputs":[{"name":"age","shape":[1],"datatype":"FP64","data":[31]}]}', None)
    >>> request.inputs[0].data, parts
    ([31], [None])
    """
    size = len(body) if header is None else _header_size(header, len(body))
    try:
        request = _decoder.decode(memoryview(body)[:size])
    except RecursionError:
        raise RequestError("the body is nested too deeply", where="body", hint=_SHAPE, code="too_deep") from None
    except msgspec.ValidationError as error:
        said, _, place = str(error).partition(" - at ")
        place = place.strip("`")[:100] or "$"
        raise RequestError(f"the request has not the shape of the protocol ({said})", status=422,
                           where=place, hint=_SHAPE, code="shape") from None  # fmt: skip
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        said = str(error).removeprefix("JSON is malformed: ")
        raise RequestError(f"the body is not JSON ({said})", where="body", code="not_json",
                           hint=f"{_SHAPE} A missing value is null.") from None  # fmt: skip
    return request, _parts(request, memoryview(body)[size:])


def _header_size(header: bytes, most: int) -> int:
    if not header.isdigit() or len(header) > 18 or int(header) > most:
        raise RequestError(
            f"it must be the number of bytes of JSON, at most {most:,}, and {brief(header.decode('latin-1'))} came",
            where="inference-header-content-length", code="length",
            hint="Send the length of the JSON before the binary data.",
        )  # fmt: skip
    return int(header)


def _parts(request: InferRequest, rest: memoryview) -> list[memoryview | None]:
    """Return the bytes of each input, of which none may be left over."""
    parts: list[memoryview | None] = []
    start = 0
    for at, tensor in enumerate(request.inputs):
        for word in tensor.parameters or ():
            if word.startswith("shared_memory"):
                raise RequestError("shared memory is not read", status=422, where=f"$.inputs[{at}].parameters",
                                   hint="Send the values in the request.", code="bad")  # fmt: skip
        size = tensor.binary_size
        if size is None:
            parts.append(None)
            continue
        if type(size) is not int or not 0 <= size <= len(rest) - start:
            raise RequestError(
                f"the binary data of {brief(tensor.name)} does not fit into the {len(rest) - start:,} bytes left",
                where=f"$.inputs[{at}].parameters.binary_data_size", code="length",
                hint="Send the header inference-header-content-length, and as many bytes as the sizes say.",
            )  # fmt: skip
        if tensor.data is not None:
            raise RequestError("an input has data and binary data", status=422, where=f"$.inputs[{at}].data",
                               hint="Send one of the two.", code="bad")  # fmt: skip
        parts.append(rest[start : start + size])
        start += size
    if start != len(rest):
        raise RequestError(
            f"{len(rest) - start:,} bytes behind the JSON belong to no input", where="body", code="length",
            hint="Give each input that is sent as bytes its binary_data_size.",
        )  # fmt: skip
    return parts
