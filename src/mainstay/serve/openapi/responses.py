"""What an operation may send back, in the words of OpenAPI: an answer of its own, and the refusals that all share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mainstay.serve.openapi.answers import EXAMPLE_ID, reference

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["READING", "WRITING", "answer", "error_responses", "get", "named", "responses", "state_or_error"]

Document = dict[str, Any]

_MEANINGS = {
    400: ("not_json", "The body is not JSON, is empty, or is nested too deeply.", "body"),
    401: ("token", "The token is missing or wrong.", "authorization"),
    403: ("host", "The server does not answer to this host name.", "host"),
    404: ("not_found", "There is no such model or address.", "path"),
    405: ("method", "The address does not know this method.", "method"),
    408: ("too_slow", "The body did not come in time, or the answer took too long.", "request"),
    413: ("too_large", "The body has too many bytes or too many rows.", "body"),
    415: ("not_json", "The body does not say that it is application/json.", "content-type"),
    422: ("bad", "A row does not keep the model's schema, or the body has not the shape.", "$.column"),
    429: ("too_many_requests", "Too many requests came from this client.", "client"),
    500: ("internal", "The server failed; its journal says more under the id.", "server"),
    503: ("overloaded", "The server is busy or not ready.", "server"),
}
_WAITING = {429, 503}

READING = (401, 403, 404, 405, 408, 429, 500, 503)
"""With what a question without a body may be refused."""
WRITING = (*READING, 400, 413, 415, 422)
"""With what one with a body may be refused."""


def error_responses() -> dict[str, Document]:
    """Return the refusals by component name, for all operations to refer to; the protocol words them in its own way."""
    plain = {f"Refused{status}": _refusal(status, protocol=False) for status in _MEANINGS}
    return plain | {f"ProtocolRefused{status}": _refusal(status, protocol=True) for status in _MEANINGS}


def _refusal(status: int, *, protocol: bool) -> Document:
    code, meaning, where = _MEANINGS[status]
    headers: Document = {"x-request-id": {"schema": {"type": "string"}, "description": "The request's id."}}
    if status in _WAITING:
        headers["retry-after"] = {"schema": {"type": "string"}, "description": "Seconds after which to try again."}
    error = {"code": code, "message": meaning, "where": where, "hint": "", "id": EXAMPLE_ID}
    example = {"error": f"{where}: {meaning}", "detail": error} if protocol else {"error": error}
    schema = reference("ProtocolError" if protocol else "Error")
    return {
        "description": meaning,
        "headers": headers,
        "content": {"application/json": {"schema": schema, "example": example}},
    }


def responses(good: Document, statuses: Iterable[int], *, token: bool, protocol: bool = False) -> Document:
    """Return the responses of an operation.

    Parameters
    ----------
    good : dict
        With status 200.
    statuses : iterable of int
        Of refusals.
    token : bool
        Whether a token is asked for; without, nothing is refused with 401.
    protocol : bool, default False
        Whether refusals have the words of the Open Inference Protocol.
    """
    component = "ProtocolRefused" if protocol else "Refused"
    kept = sorted(status for status in statuses if token or status != 401)
    return {"200": good, **{str(status): {"$ref": f"#/components/responses/{component}{status}"} for status in kept}}


def answer(schema: Document, kind: str = "application/json", *, example: Document | None = None) -> Document:
    """Return a response with a body of that kind."""
    shown = {} if example is None else {"example": example}
    return {"description": "The answer.", "content": {kind: {"schema": schema, **shown}}}


def state_or_error(schema: Document, error: str = "Error") -> Document:
    """Return the response with status 503 of what tells a state: the state itself says what is not ready."""
    refused = {"anyOf": [schema, reference(error)]}
    return {"description": "It is not ready.", "content": {"application/json": {"schema": refused}}}


def get(operation: str, summary: str, tag: str, said: Document, **further: Any) -> Document:
    """Return a path that answers to GET."""
    return {"get": {"tags": [tag], "operationId": operation, "summary": summary, "responses": said, **further}}


def named(names: Iterable[str]) -> Document:
    """Return the parameter of a path that names a model."""
    schema = {"type": "string", "enum": list(names)}
    return {
        "name": "name", "in": "path", "required": True, "description": "Under which the model is served.",
        "schema": schema,
    }  # fmt: skip
