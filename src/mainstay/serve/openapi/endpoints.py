"""Every endpoint as an OpenAPI operation, so that none is forgotten in the document and none is there twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mainstay.serve.openapi.answers import reference
from mainstay.serve.openapi.responses import READING, WRITING, answer, get, named, responses, state_or_error
from mainstay.serve.pages import PAGE_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["fixed_paths", "model_path", "predict_operation"]

Document = dict[str, Any]

_STATE: Document = {
    "type": "object",
    "required": ["status"],
    "properties": {"status": {"enum": ["ready", "not ready", "ending"]}, "models": {"type": "object"}},
}
_LIVE: Document = {"type": "object", "required": ["status"], "properties": {"status": {"const": "live"}}}
_SIGNS = (403, 405, 408, 500)
_EXPLAIN: Document = {
    "name": "explain",
    "in": "query",
    "description": "true adds what each column contributed; slower, and for at most 100 rows.",
    "schema": {"type": "string", "enum": ["true", "false", "1", "0"], "default": "false"},
}


def predict_operation(key: str, name: str, *, examples: Document, example: Document | None, token: bool) -> Document:
    """Return the operation that asks a model.

    Parameters
    ----------
    key : str
        The part of component names that stands for the model.
    name : str
        Under which it is served.
    examples : dict
        Bodies by name.
    example : dict, optional
        What the first of them gets.
    token : bool
        Whether a token is asked for.
    """
    body = {"schema": reference(f"Request_{key}"), "examples": examples}
    shown: Document = {"oneOf": [reference(f"Answer_{key}"), reference(f"Answers_{key}")]}
    return {
        "x-model": name,
        "tags": ["Predictions"],
        "operationId": f"predict_{key}",
        "summary": f"Ask {name}",
        "parameters": [_EXPLAIN],
        "requestBody": {"required": True, "content": {"application/json": body}},
        "responses": responses(answer(shown, example=example), WRITING, token=token),
    }


def fixed_paths(names: Sequence[str], *, token: bool) -> dict[str, Document]:
    """Return the endpoints that do not depend on a model's columns.

    Parameters
    ----------
    names : sequence of str
        Under which models are served.
    token : bool
        Whether a token is asked for; what tells life signs then says that it needs none.
    """
    free: Document = {"security": []} if token else {}

    def told(schema: Document, kind: str = "application/json") -> Document:
        return responses(answer(schema, kind), READING, token=token)

    live = responses(answer(_LIVE), _SIGNS, token=token)
    ready = responses(answer(_STATE), _SIGNS, token=token) | {"503": state_or_error(_STATE)}
    metrics = told({"type": "string"}, "text/plain; version=0.0.4; charset=utf-8")
    schema = get("describe_model", "A model's contract", "Models", told(reference("Schema")), parameters=[named(names)])
    return {
        "/models": get("list_models", "All models", "Models", told(reference("Models"))),
        "/models/{name}/schema": schema,
        "/health/live": get("live", "Whether the process runs", "Health", live, **free),
        "/health/ready": get("ready", "Whether it can answer; golden rows are replayed", "Health", ready, **free),
        "/metrics": get("metrics", "Counters in the text format of Prometheus", "Health", metrics),
        "/openapi.json": get("openapi", "This document", "Pages", told({"type": "object"})),
        **_page_paths(token=token),
    }


def _page_paths(*, token: bool) -> dict[str, Document]:
    """Return the pages and the files that they need."""
    text = {"type": "string"}
    kinds = ("text/html; charset=utf-8", "text/css; charset=utf-8", "text/javascript; charset=utf-8",
             "image/svg+xml; charset=utf-8")  # fmt: skip
    html = responses(answer(text, kinds[0]), READING, token=token)
    files = {"description": "The file.", "content": {kind: {"schema": text} for kind in kinds[1:]}}
    names = [name for name in PAGE_NAMES if not name.endswith(".html")]
    file = {"name": "file", "in": "path", "required": True, "schema": {"type": "string", "enum": names}}
    return {
        "/docs": get("docs", "This document for people", "Pages", html),
        "/": get("form", "A form to try the models", "Pages", html),
        "/static/{file}": get(
            "static", "What the pages need", "Pages", responses(files, READING, token=token), parameters=[file]
        ),
    }


def model_path(name: str, action: str) -> str:
    """Return the path of a model's endpoint; no sign of a name can be taken for a part of the path.

    Examples
    --------
    >>> model_path("a/b {c}", "predict")
    '/models/a%2Fb%20%7Bc%7D/predict'
    """
    return f"/models/{quote(name, safe='')}/{action}"
