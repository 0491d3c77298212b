"""The endpoints of the Open Inference Protocol, version 2, in the server's own description."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mainstay.serve.openapi.responses import READING, WRITING, answer, get, named, responses, state_or_error
from mainstay.serve.protocol_v2.metadata import MATRIX_NAMES, output_tensors
from mainstay.serve.protocol_v2.tensors import DATATYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mainstay.bundle.open import Bundle
    from mainstay.contracts.schema import Schema

__all__ = ["infer_example", "protocol_paths"]

Document = dict[str, Any]

_TAG = "Open Inference Protocol V2"
_TEXT: Document = {"type": "string"}
_DATATYPE: Document = {"enum": list(DATATYPES)}
_ABOUT: Document = {"type": ["object", "null"]}
_TENSOR: Document = {
    "type": "object",
    "required": ["name", "datatype", "shape"],
    "properties": {
        "name": _TEXT,
        "datatype": _DATATYPE,
        "shape": {"type": "array", "items": {"type": "integer", "minimum": -1}},
        "parameters": {"type": "object"},
        "data": {"type": "array"},
    },
}
_TENSORS: Document = {"type": "array", "items": _TENSOR}
_RESPONSE: Document = {
    "type": "object",
    "required": ["model_name", "model_version", "outputs"],
    "properties": {
        "model_name": _TEXT,
        "model_version": _TEXT,
        "id": _TEXT,
        "parameters": {"type": "object"},
        "outputs": _TENSORS,
    },
}
_SERVER: Document = {
    "type": "object",
    "required": ["name", "version", "extensions"],
    "properties": {"name": _TEXT, "version": _TEXT, "extensions": {"type": "array", "items": _TEXT}},
}
_MODEL: Document = {
    "type": "object",
    "required": ["name", "versions", "platform", "inputs", "outputs"],
    "properties": {
        "name": _TEXT,
        "versions": {"type": "array", "items": _TEXT},
        "platform": _TEXT,
        "inputs": _TENSORS,
        "outputs": _TENSORS,
        "parameters": {"type": "object"},
    },
}
_LIVE: Document = {"type": "object", "required": ["live"], "properties": {"live": {"const": True}}}
_READY: Document = {
    "type": "object",
    "required": ["ready"],
    "properties": {"name": _TEXT, "ready": {"type": "boolean"}},
}
_NOT_READY: Document = {"503": state_or_error(_READY, "ProtocolError")}
_VERSION: Document = {
    "name": "version",
    "in": "path",
    "required": True,
    "schema": _TEXT,
    "description": "The first 12 digits of the model's digest, or all of them.",
}
_SIGNS = (403, 405, 408, 500)


def protocol_paths(models: Mapping[str, Bundle], rows: Mapping[str, Document], *, token: bool) -> dict[str, Document]:
    """Return all paths that begin with /v2.

    Parameters
    ----------
    models : mapping of str to Bundle
        By the name under which each is served.
    rows : mapping of str to dict
        A row that each accepts.
    token : bool
        Whether a token is asked for; what tells life signs then says that it needs none.
    """
    free: Document = {"security": []} if token else {}
    server = responses(answer(_SERVER), READING, token=token, protocol=True)
    live = responses(answer(_LIVE), _SIGNS, token=token, protocol=True)
    ready = responses(answer(_READY), _SIGNS, token=token, protocol=True) | _NOT_READY
    paths = {
        "/v2": get("v2_server", "The server", _TAG, server),
        "/v2/health/live": get("v2_live", "Whether the process runs", _TAG, live, **free),
        "/v2/health/ready": get("v2_ready", "Whether all models answer", _TAG, ready, **free),
    }
    metadata = responses(answer(_MODEL), READING, token=token, protocol=True)
    known = responses(answer(_READY), READING, token=token, protocol=True) | _NOT_READY
    for form, suffix in (("", ""), ("/versions/{version}", "_version")):
        root, given = f"/v2/models/{{name}}{form}", [named(models), *([_VERSION] if form else [])]
        paths[root] = get(f"v2_model{suffix}", "A model's tensors", _TAG, metadata, parameters=given)
        paths[f"{root}/ready"] = get(
            f"v2_model_ready{suffix}", "Whether a model answers", _TAG, known, parameters=given
        )
    for number, (name, bundle) in enumerate(models.items()):
        for form, suffix in (("", ""), ("/versions/{version}", "_version")):
            infer = _infer(name, bundle, infer_example(bundle.schema, rows[name]), token=token)
            infer["operationId"] = f"v2_infer_{number}{suffix}"
            if form:
                infer["parameters"] = [{**_VERSION, "schema": {"enum": [bundle.digest[:12], bundle.digest]}}]
            paths[f"/v2/models/{quote(name, safe='')}{form}/infer"] = {"post": infer}
    return paths


def _infer(name: str, bundle: Bundle, example: Document, *, token: bool) -> Document:
    """Return the operation that asks a model for answers to tensors."""
    columns = [column.name for column in bundle.schema.columns]
    if all(column.kind == "number" for column in bundle.schema.features):
        columns += [word for word in MATRIX_NAMES if word not in columns]
    body = {
        "schema": _request(columns, [one["name"] for one in output_tensors(bundle.meaning)]),
        "examples": {"one": {"summary": "One row", "value": example}},
    }
    return {
        "tags": [_TAG],
        "summary": f"Ask {name} with tensors",
        "requestBody": {"required": True, "content": {"application/json": body}},
        "responses": responses(answer(_RESPONSE), WRITING, token=token, protocol=True),
    }


def _request(columns: list[str], outputs: list[str]) -> Document:
    """Return the body of an inference; that data and shape fit is no matter for a schema."""
    tensor = {
        "type": "object",
        "required": ["name", "shape", "datatype"],
        "properties": {
            "name": {"enum": columns, "description": "A column."},
            "shape": {
                "type": "array",
                "minItems": 1,
                "maxItems": 2,
                "items": {"type": "integer", "minimum": 1},
                "description": "[rows] or [rows, 1].",
            },
            "datatype": _DATATYPE,
            "parameters": _ABOUT,
            "data": {"type": ["array", "null"], "description": "One value for each row; null for a missing one."},
        },
    }
    asked = {"type": "object", "required": ["name"], "properties": {"name": {"enum": outputs}, "parameters": _ABOUT}}
    return {
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "id": {"type": ["string", "null"]},
            "parameters": _ABOUT,
            "inputs": {"type": "array", "minItems": 1, "items": tensor},
            "outputs": {"type": ["array", "null"], "items": asked},
        },
    }


def infer_example(schema: Schema, row: Mapping[str, Any]) -> Document:
    """Return a row as the body of an inference: a tensor for each cell that is filled.

    Examples
    --------
    >>> from mainstay.contracts.schema import Column, Schema
    >>> infer_example(Schema(columns=(Column(name="age", kind="number"),)), {"age": 31})
    {'inputs': [{'name': 'age', 'shape': [1], 'datatype': 'FP64', 'data': [31]}]}
    """
    cells = [(column.name, row[column.name]) for column in schema.features if row.get(column.name) is not None]
    return {"inputs": [{"name": name, "shape": [1], **_data(value)} for name, value in cells]}


def _data(value: Any) -> Document:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"datatype": "FP64", "data": [value]}
    return {"datatype": "BYTES", "data": [value if isinstance(value, str) else json.dumps(value)]}
