"""Answers to rows as tensors, in JSON or as bytes behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from mainstay.contracts.errors import RequestError
from mainstay.serve.answering.asked import brief, nearest
from mainstay.serve.describe import label_word
from mainstay.serve.protocol_v2.metadata import output_tensors, version_of
from mainstay.serve.protocol_v2.tensors import bytes_of_texts, numbers_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mainstay.serve.answering.served import ServedModel
    from mainstay.serve.protocol_v2.request import InferRequest

__all__ = ["Written", "check_outputs", "write_response"]


class Written(NamedTuple):
    """A response: its body, and how much of it is JSON where bytes follow."""

    body: bytes
    json_size: int | None


def check_outputs(model: ServedModel, request: InferRequest) -> list[dict[str, Any]]:
    """Return the tensors that are to be sent, in the order in which they were asked.

    Raises
    ------
    RequestError
        When one is asked that there is not, or in a way that is not known.
    """
    tensors = {tensor["name"]: tensor for tensor in output_tensors(model.bundle.meaning)}
    if not request.outputs:
        return list(tensors.values())
    for at, asked in enumerate(request.outputs):
        if asked.name not in tensors:
            raise RequestError(
                f"there is no output {brief(asked.name)}", status=422, where=f"$.outputs[{at}].name",
                hint=nearest(asked.name, tuple(tensors)).replace("columns", "outputs"), code="unknown_field",
            )  # fmt: skip
        for word in asked.parameters or ():
            if word == "classification" or word.startswith("shared_memory"):
                raise RequestError(
                    f"the parameter {brief(word)} of an output is not known", status=422,
                    where=f"$.outputs[{at}].parameters", hint="There is one: binary_data.", code="bad",
                )  # fmt: skip
    return [tensors[name] for name in dict.fromkeys(asked.name for asked in request.outputs)]


def write_response(
    model: ServedModel, request: InferRequest, answers: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any]
) -> Written:
    """Return the response to rows that were answered.

    Parameters
    ----------
    model : ServedModel
    request : InferRequest
    answers : sequence of dict
        One for each row, as ``/predict`` words it, with "id".
    parameters : mapping
        What is said of all of them.
    """
    outputs, blobs = [], []
    for tensor in check_outputs(model, request):
        values = _values(tensor, answers, model)
        shape = [len(answers), *tensor["shape"][1:]]
        written = {"name": tensor["name"], "datatype": tensor["datatype"], "shape": shape}
        about = dict(tensor.get("parameters", ()))
        if request.wants_binary(tensor["name"]):
            blobs.append(_blob(tensor["datatype"], values))
            about["binary_data_size"] = len(blobs[-1])
        else:
            written["data"] = values
        outputs.append({**written, **({"parameters": about} if about else {})})
    said: dict[str, Any] = {"model_name": model.name, "model_version": version_of(model)}
    if request.id:
        said["id"] = request.id
    said |= {"parameters": dict(parameters), "outputs": outputs}
    body = msgspec.json.encode(said)
    return Written(body, None) if not blobs else Written(b"".join((body, *blobs)), len(body))


def _values(tensor: Mapping[str, Any], answers: Sequence[Mapping[str, Any]], model: ServedModel) -> list[Any]:
    """Return the values of an output, row by row."""
    name = tensor["name"]
    labels = () if model.tallied else model.bundle.outputs.labels
    if name == "probabilities":
        words = [label_word(label) for label in labels]
        return [answer[name][word] for answer in answers for word in words]
    if name == "prediction_set":
        return [label in answer[name] for answer in answers for label in labels]
    values = [answer[name] for answer in answers]
    texts = tensor["datatype"] == "BYTES"
    # A tensor of texts has no place for what is not there.
    return ["" if value is None else label_word(value) for value in values] if texts else values


def _blob(datatype: str, values: Sequence[Any]) -> bytes:
    return bytes_of_texts(values) if datatype == "BYTES" else numbers_of(datatype, values).tobytes()
