"""The server's own description, ``/openapi.json``: made from the bundles, so that it cannot fall behind them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mainstay.serve.describe import example_row
from mainstay.serve.openapi.answers import answer_example, answer_schemas, document_schemas, reference
from mainstay.serve.openapi.cells import row_schema
from mainstay.serve.openapi.endpoints import fixed_paths, model_path, predict_operation
from mainstay.serve.openapi.protocol import protocol_paths
from mainstay.serve.openapi.responses import error_responses

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mainstay.bundle.open import Bundle

__all__ = ["openapi_document"]

Document = dict[str, Any]

_ABOUT = """\
Send a row of values by column name and get the model's answer. Each answer says which bytes gave it (digest) and has an
id of its own. A value that does not fit the model's schema is warned of or refused, as the schema says; every refusal
has one shape, with the place and what to do about it. A body may have {max_body:,} bytes and {max_rows:,} rows."""


def openapi_document(
    models: Mapping[str, Bundle],
    *,
    default: str,
    version: str,
    max_rows: int,
    max_body: int,
    token: bool,
    root: str = "",
) -> Document:
    """Return the description of a server as OpenAPI 3.1.

    Parameters
    ----------
    models : mapping of str to Bundle
        By the name under which each is served.
    default : str
        The one that answers ``POST /predict``.
    version : str
        Of mainstay.
    max_rows, max_body : int
        The most rows and bytes of a request.
    token : bool
        Whether a bearer token is asked for.
    root : str, default ""
        The path under which the server is mounted, such as "/ml".

    Returns
    -------
    dict
        Plain JSON values.
    """
    keys = _keys(models)
    schemas = document_schemas()
    predicting: dict[str, Document] = {}
    rows = {name: example_row(bundle) for name, bundle in models.items()}
    for name, bundle in models.items():
        row, key = rows[name], keys[name]
        schemas |= _request_schemas(key, name, bundle, row=row, max_rows=max_rows)
        schemas |= answer_schemas(key, name, bundle)
        answer = answer_example(name, bundle, row)
        ask = predict_operation(key, name, examples=_bodies(row), example=answer, token=token)
        if name == default:
            predicting["/predict"] = {"post": {**ask, "operationId": "predict", "summary": f"Ask {name}, the default"}}
        predicting[model_path(name, "predict")] = {"post": ask}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mainstay",
            "version": version,
            "description": _ABOUT.format(max_body=max_body, max_rows=max_rows),
        },
        **({"servers": [{"url": root}]} if root else {}),
        "paths": predicting | fixed_paths(list(models), token=token) | protocol_paths(models, rows, token=token),
        "components": {"schemas": schemas, "responses": error_responses(), **(_SECURITY if token else {})},
        **({"security": [{"token": []}, {"password": []}]} if token else {}),
    }


_SECURITY = {
    "securitySchemes": {
        "token": {"type": "http", "scheme": "bearer"},
        "password": {"type": "http", "scheme": "basic", "description": "The token as password, for browsers."},
    }
}


def _keys(names: Mapping[str, object]) -> dict[str, str]:
    """Return for each name what stands for it in the names of components, which allow few signs.

    Examples
    --------
    >>> _keys({"churn": 0, "a b": 0, "a/b": 0})
    {'churn': 'churn', 'a b': 'a_b', 'a/b': 'a_b_2'}
    """
    keys: dict[str, str] = {}
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9_-]", "_", name)
        key, number = plain, 1
        while key in keys.values():
            number += 1
            key = f"{plain}_{number}"
        keys[name] = key
    return keys


def _request_schemas(key: str, name: str, bundle: Bundle, *, row: Document, max_rows: int) -> dict[str, Document]:
    """Return what a model is asked, by component name: a row, and several in two ways that exclude each other."""
    rows: Document = {"type": "array", "minItems": 1, "maxItems": max_rows, "items": reference(f"Row_{key}")}
    loose: Document = {**rows, "items": {"description": f"A row as Row_{key}; whatever is not is refused alone."}}
    fail = {"enum": ["fail"], "default": "fail", "description": "One refused row refuses all."}
    alone = {"const": "row", "description": "A refused row has an error in its place, and the others are answered."}
    batch = {"type": "object", "additionalProperties": False}
    return {
        f"Row_{key}": row_schema(bundle.schema, row),
        f"Rows_{key}": {**batch, "required": ["rows"], "properties": {"rows": rows, "on_error": fail}},
        f"RowsAlone_{key}": {
            **batch,
            "required": ["rows", "on_error"],
            "properties": {"rows": loose, "on_error": alone},
        },
        f"Request_{key}": {
            "description": f"One row for {name}, or several.",
            "oneOf": [reference(f"Row_{key}"), reference(f"Rows_{key}"), reference(f"RowsAlone_{key}")],
        },
    }


def _bodies(row: Document) -> Document:
    return {
        "one": {"summary": "One row", "value": row},
        "several": {"summary": "Several rows", "value": {"rows": [row, row]}},
        "alone": {"summary": "Several rows, each refused alone", "value": {"rows": [row, row], "on_error": "row"}},
    }
