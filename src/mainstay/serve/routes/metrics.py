"""The counters of all workers, for Prometheus: behind the token like everything that tells of the models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from mainstay.serve.metrics.text import CONTENT_TYPE, metrics_text

if TYPE_CHECKING:
    from starlette.requests import Request

    from mainstay.serve.serving import Serving

__all__ = ["metrics_routes"]


def metrics_routes(serving: Serving) -> list[BaseRoute]:
    """Return ``/metrics``."""

    async def metrics(request: Request) -> Response:
        """Tell what was counted."""
        del request
        serving.pulse.tell()
        tasks = {name: place.model.bundle.task for name, place in serving.shelf.places.items()}
        return Response(metrics_text(serving.metrics, tasks), headers={"content-type": CONTENT_TYPE})

    return [Route("/metrics", metrics)]
