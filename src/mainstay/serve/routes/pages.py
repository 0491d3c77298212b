"""The form at ``/``, the documentation at ``/docs``, and the files that both need: each its own route, none a path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from mainstay.serve.pages import PAGE_HEADERS, PAGE_NAMES, page

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

__all__ = ["page_routes"]


def page_routes() -> list[BaseRoute]:
    """Return ``/``, ``/docs`` and ``/static/<name>`` for each file of the pages."""
    named = {"index.html": "/", "docs.html": "/docs"}
    return [Route(named.get(name, f"/static/{name}"), _file(name), name=name) for name in PAGE_NAMES]


def _file(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        """Return a file of the pages."""
        del request
        content, kind = page(name)
        return Response(content, headers={**PAGE_HEADERS, "content-type": kind})

    return answer
