"""What a model says of itself in the words of the protocol: each column a tensor, each part of the answer another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mainstay.bundle.records import ClusterOutputs, DetectorOutputs
from mainstay.serve.describe import is_required, label_word

if TYPE_CHECKING:
    from mainstay.bundle.asking import AnyOutputs
    from mainstay.bundle.records import Outputs
    from mainstay.contracts.schema import Column
    from mainstay.serve.answering.served import ServedModel

__all__ = ["MATRIX_NAMES", "label_datatype", "model_metadata", "output_tensors", "takes_matrix", "version_of"]

MATRIX_NAMES = ("input", "input-0", "predict")
"""Under which one tensor of shape [n, columns] may come, where all columns are numbers: clients of scikit-learn
servers call it so. A column of that name goes before."""


def version_of(model: ServedModel) -> str:
    """Return the version that a client may insist on: the first 12 digits of the digest."""
    return model.digest[:12]


def takes_matrix(model: ServedModel) -> bool:
    """Say whether all columns are numbers, so that one tensor can hold them."""
    return all(column.kind == "number" for column in model.bundle.schema.features)


def model_metadata(model: ServedModel) -> dict[str, Any]:
    """Return the model's tensors, for ``GET /v2/models/{name}``."""
    version = version_of(model)
    return {
        "name": model.name,
        "versions": [version],
        "platform": "mainstay_onnx",
        "inputs": [_input(column) for column in model.bundle.schema.features],
        "outputs": output_tensors(model.bundle.meaning),
        "parameters": {"digest": model.digest, "task": model.bundle.task},
    }


def _input(column: Column) -> dict[str, Any]:
    datatype = {"number": "FP64", "boolean": "BOOL"}.get(column.kind, "BYTES")
    about: dict[str, Any] = {"kind": column.kind, "required": is_required(column)}
    if column.categories:
        about["categories"] = list(column.categories)
    return {"name": column.name, "datatype": datatype, "shape": [-1], "parameters": about}


def output_tensors(outputs: AnyOutputs) -> list[dict[str, Any]]:
    """Return the parts of an answer as tensors; the last is the id under which each row's answer is logged."""
    tensors: list[dict[str, Any]] = []
    if isinstance(outputs, ClusterOutputs):
        tensors += _cluster_tensors(outputs)
    elif isinstance(outputs, DetectorOutputs):
        datatypes = {"score": "FP64", "p_value": "FP64", "flagged": "BOOL", "reason": "BYTES"}
        tensors += [{"name": name, "datatype": kind, "shape": [-1]} for name, kind in datatypes.items()]
    elif outputs.task == "regression":
        names = ["prediction", *(["low", "high"] if outputs.intervals is not None else [])]
        tensors += [{"name": name, "datatype": "FP64", "shape": [-1]} for name in names]
    else:
        shared = {
            "shape": [-1, len(outputs.labels)],
            "parameters": {"labels": [label_word(one) for one in outputs.labels]},
        }
        tensors.append({"name": "prediction", "datatype": label_datatype(outputs), "shape": [-1]})
        tensors.append({"name": "probabilities", "datatype": "FP64", **shared})
        if outputs.sets is not None:
            tensors.append({"name": "prediction_set", "datatype": "BOOL", **shared})
    return [*tensors, {"name": "id", "datatype": "BYTES", "shape": [-1]}]


def _cluster_tensors(outputs: ClusterOutputs) -> list[dict[str, Any]]:
    """Return the parts of the answer of a model that groups rows; one cluster has no second."""
    datatypes = {"cluster": "INT64", "name": "BYTES", "distance": "FP64"}
    if outputs.clusters > 1:
        datatypes |= {"second": "INT64", "second_distance": "FP64"}
    tensors: list[dict[str, Any]] = [
        {"name": name, "datatype": datatype, "shape": [-1]}
        for name, datatype in (datatypes | {"fits_none": "BOOL"}).items()
    ]
    tensors[0]["parameters"] = {"labels": list(outputs.names)}
    return tensors


def label_datatype(outputs: Outputs) -> str:
    """Return the datatype of the model's labels.

    Examples
    --------
    >>> from mainstay.bundle.records import Outputs
    >>> label_datatype(Outputs(task="classification", target="t", labels=(0, 1)))
    'INT64'
    """
    first = outputs.labels[0]
    if isinstance(first, bool):
        return "BOOL"
    if isinstance(first, int):
        whole = (label for label in outputs.labels if isinstance(label, int))
        return "INT64" if all(-(2**63) <= label < 2**63 for label in whole) else "BYTES"
    return "FP64" if isinstance(first, float) else "BYTES"
