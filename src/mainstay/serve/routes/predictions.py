"""The addresses of predictions in the table of routes, so that it is whole; the door answers before it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Route

from mainstay.contracts.errors import RequestError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from mainstay.serve.serving import Serving

__all__ = ["prediction_routes"]


def prediction_routes(serving: Serving) -> list[BaseRoute]:
    """Return ``/predict`` and ``/models/{name}/predict``."""

    async def unknown(request: Request) -> Response:
        """Refuse a name that no model has: a known one has been answered by the door."""
        name = request.path_params.get("name", "")
        serving.shelf[name]
        raise RequestError("there is nothing at this path", status=404, where="path", code="not_found")

    paths = ("/predict", "/models/{name}/predict")
    return [Route(path, unknown, methods=["POST"]) for path in paths]
