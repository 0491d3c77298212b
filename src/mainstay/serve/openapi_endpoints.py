"""Every endpoint as an OpenAPI operation, so that none is forgotten in the document and none is there twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mainstay.serve.openapi_answers import EXAMPLE_ID, reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["error_responses", "fixed_paths", "model_path", "predict_operation", "protocol_paths"]

Document = dict[str, Any]

_MEANINGS = {
    400: ("not_json", "The body is not JSON, is empty, or is nested too deeply.", "body"),
    401: ("unauthorized", "The token is missing or wrong.", "authorization"),
    403: ("host", "The server does not answer to this host name.", "host"),
    404: ("not_found", "There is no such model or address.", "path"),
    405: ("method", "The address does not know this method.", "method"),
    408: ("too_slow", "The body did not come in time.", "body"),
    413: ("too_large", "The body has too many bytes or too many rows.", "body"),
    415: ("not_json", "The body does not say that it is application/json.", "content-type"),
    422: ("bad", "The row does not keep the model's schema.", "$.column"),
    429: ("too_many", "Too many requests came from this client.", "request"),
    500: ("internal", "The server failed; its log knows more under the id.", ""),
    503: ("busy", "The server is busy or not ready.", "request"),
    504: ("too_slow", "The answer took too long.", "request"),
}
_WAITING = {429, 503}
_ALWAYS = (400, 401, 403, 404, 405, 408, 413, 429, 500, 503, 504)
_WITH_BODY = (415, 422)
_NAME: Document = {"name": "name", "in": "path", "required": True, "description": "Under which the model is served."}


def error_responses() -> dict[str, Document]:
    """Return the refusals by component name, for all operations to refer to."""
    return {f"Refused{status}": _refusal(status) for status in _MEANINGS}


def _refusal(status: int) -> Document:
    code, meaning, where = _MEANINGS[status]
    headers: Document = {"x-request-id": {"schema": {"type": "string"}, "description": "The request's id."}}
    if status in _WAITING:
        headers["retry-after"] = {"schema": {"type": "string"}, "description": "Seconds after which to try again."}
    example = {"error": {"code": code, "message": meaning, "where": where, "hint": "", "id": EXAMPLE_ID}}
    content = {"application/json": {"schema": reference("Error"), "example": example}}
    return {"description": meaning, "headers": headers, "content": content}


def _responses(good: Document, statuses: Iterable[int]) -> Document:
    found: Document = {"200": good}
    found |= {str(status): {"$ref": f"#/components/responses/Refused{status}"} for status in sorted(statuses)}
    return found


def _answer(schema: Document, kind: str = "application/json", *, example: Document | None = None) -> Document:
    shown = {} if example is None else {"example": example}
    return {"description": "The answer.", "content": {kind: {"schema": schema, **shown}}}


def predict_operation(key: str, name: str, *, examples: Document, answer: Document | None) -> Document:
    """Return the operation that asks a model.

    Parameters
    ----------
    key : str
        The part of component names that stands for the model.
    name : str
        Under which it is served.
    examples : dict
        Bodies by name.
    answer : dict, optional
        What the first of them gets.
    """
    body = {"schema": reference(f"Request_{key}"), "examples": examples}
    shown: Document = {"oneOf": [reference(f"Answer_{key}"), reference(f"Answers_{key}")]}
    explain = {
        "name": "explain",
        "in": "query",
        "description": "true adds what each column contributed; slower.",
        "schema": {"type": "string", "enum": ["true", "false"], "default": "false"},
    }
    return {
        "x-model": name,
        "tags": ["Predictions"],
        "operationId": f"predict_{key}",
        "summary": f"Ask {name}",
        "parameters": [explain],
        "requestBody": {"required": True, "content": {"application/json": body}},
        "responses": _responses(_answer(shown, example=answer), (*_ALWAYS, *_WITH_BODY)),
    }


def _get(operation: str, summary: str, tag: str, good: Document, **further: Any) -> Document:
    responses = _responses(good, (*_ALWAYS, *_WITH_BODY))
    return {"get": {"tags": [tag], "operationId": operation, "summary": summary, "responses": responses, **further}}


def fixed_paths(names: Sequence[str], *, token: bool) -> dict[str, Document]:
    """Return the endpoints that do not depend on a model's columns.

    Parameters
    ----------
    names : sequence of str
        Under which models are served.
    token : bool
        Whether the others ask for a token; then these two say that they do not.
    """
    free: Document = {"security": []} if token else {}
    name = {**_NAME, "schema": {"type": "string", "enum": list(names)}}
    html = _answer({"type": "string"}, "text/html; charset=utf-8")
    state = {"type": "object"}
    metrics = _answer({"type": "string"}, "text/plain; version=0.0.4; charset=utf-8")
    return {
        "/models": {**_get("list_models", "All models", "Models", _answer(reference("Models")))},
        "/models/{name}/schema": _get(
            "describe_model",
            "What a model takes and answers",
            "Models",
            _answer(reference("Schema")),
            parameters=[name],
        ),
        "/health/live": _get("live", "Whether the process runs", "Health", _answer(state), **free),
        "/health/ready": _get("ready", "Whether it can answer", "Health", _answer(state), **free),
        "/metrics": _get("metrics", "Counters in the text format of Prometheus", "Health", metrics),
        "/openapi.json": _get("openapi", "This document", "Pages", _answer({"type": "object"})),
        "/docs": _get("docs", "This document for people", "Pages", html),
        "/": _get("form", "A form to try the models", "Pages", html),
    }


_TENSOR: Document = {
    "type": "object",
    "required": ["name", "shape", "datatype", "data"],
    "properties": {
        "name": {"type": "string"},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
        "datatype": {"type": "string"},
        "parameters": {"type": "object"},
        "data": {"type": "array"},
    },
}


def protocol_paths(names: Sequence[str], *, token: bool) -> dict[str, Document]:
    """Return the endpoints of the Open Inference Protocol, version 2.

    Parameters
    ----------
    names : sequence of str
    token : bool
    """
    free: Document = {"security": []} if token else {}
    name = {**_NAME, "schema": {"type": "string", "enum": list(names)}}
    version = {
        "name": "version", "in": "path", "required": True, "schema": {"type": "string"},
        "description": "The model's version, as its metadata names it.",
    }  # fmt: skip
    paths = {
        "/v2": _get("v2_server", "The server", _TAG_V2, _answer({"type": "object", "required": ["name", "version"]})),
        "/v2/health/live": _get("v2_live", "Whether the process runs", _TAG_V2, _answer({"type": "object"}), **free),
        "/v2/health/ready": _get("v2_ready", "Whether it can answer", _TAG_V2, _answer({"type": "object"}), **free),
    }
    for form, given, suffix in (("", [name], ""), ("/versions/{version}", [name, version], "_version")):
        root = f"/v2/models/{{name}}{form}"
        metadata = {"type": "object", "required": ["name", "platform", "inputs", "outputs"]}
        paths[root] = _get(f"v2_model{suffix}", "A model's tensors", _TAG_V2, _answer(metadata), parameters=given)
        paths[f"{root}/ready"] = _get(
            f"v2_model_ready{suffix}", "Whether a model answers", _TAG_V2, _answer({"type": "object"}), parameters=given
        )
        paths[f"{root}/infer"] = {"post": _infer(f"v2_infer{suffix}", given)}
    return paths


_TAG_V2 = "Open Inference Protocol V2"


def _infer(operation: str, parameters: list[Document]) -> Document:
    tensors = {"type": "array", "items": _TENSOR}
    asked = {
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "id": {"type": "string"},
            "parameters": {"type": "object"},
            "inputs": {**tensors, "minItems": 1},
            "outputs": {"type": "array", "items": {"type": "object", "required": ["name"]}},
        },
    }
    answered = {
        "type": "object",
        "required": ["model_name", "outputs"],
        "properties": {"model_name": {"type": "string"}, "id": {"type": "string"}, "outputs": tensors},
    }
    return {
        "tags": [_TAG_V2],
        "operationId": operation,
        "summary": "Answers to tensors of columns",
        "parameters": parameters,
        "requestBody": {"required": True, "content": {"application/json": {"schema": asked}}},
        "responses": _responses(_answer(answered), (*_ALWAYS, *_WITH_BODY)),
    }


def model_path(name: str, action: str) -> str:
    """Return the path of a model's endpoint; no sign of a name can be taken for a part of the path.

    Examples
    --------
    >>> model_path("a/b {c}", "predict")
    '/models/a%2Fb%20%7Bc%7D/predict'
    """
    return f"/models/{quote(name, safe='')}/{action}"
