"""The endpoints beside predictions, a file for each kind; this one lists them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mainstay.serve.routes.health import health_routes
from mainstay.serve.routes.metrics import metrics_routes
from mainstay.serve.routes.models import model_routes
from mainstay.serve.routes.pages import page_routes
from mainstay.serve.routes.predictions import prediction_routes
from mainstay.serve.routes.protocol_v2 import protocol_routes
from mainstay.serve.routes.readiness import Readiness

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from mainstay.serve.serving import Serving

__all__ = ["all_routes"]


def all_routes(serving: Serving) -> list[BaseRoute]:
    """Return every route; those of predictions only stand for the door, which answers them itself."""
    readiness = Readiness(serving)
    return [
        *prediction_routes(serving), *health_routes(serving, readiness), *model_routes(serving, readiness),
        *metrics_routes(serving), *protocol_routes(serving, readiness), *page_routes(),
    ]  # fmt: skip
