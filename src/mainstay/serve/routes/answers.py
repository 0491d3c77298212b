"""Plain data as a response, in one place for all endpoints that are not predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["json_response"]


def json_response(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return plain data as a response.

    Examples
    --------
    >>> json_response({"status": "live"}).body
    b'{"status":"live"}'
    """
    return Response(msgspec.json.encode(content), status, headers=headers, media_type="application/json")
