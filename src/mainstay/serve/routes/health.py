"""Whether the process lives, and whether it should get requests: what a supervisor asks, without a token.

Where tokens are asked for, whoever comes without one is told the status and nothing else: no name, no digest, no count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Route

from mainstay.serve.admission import is_known
from mainstay.serve.routes.answers import json_response

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from mainstay.serve.routes.readiness import Readiness
    from mainstay.serve.serving import Serving

__all__ = ["health_routes"]


def health_routes(serving: Serving, readiness: Readiness) -> list[BaseRoute]:
    """Return ``/health/live`` and ``/health/ready``."""

    async def live(request: Request) -> Response:
        """Say that the process answers."""
        del request
        return json_response({"status": "live"})

    async def ready(request: Request) -> Response:
        """Say whether the golden rows of every model get their stored answers, here and now."""
        said = await readiness.document()
        status = 200 if said["status"] == "ready" else 503
        if not is_known(request.headers.get("authorization", "").encode("latin-1"), serving.token_digests):
            said = {"status": said["status"]}
        return json_response(said, status, {"retry-after": "1"} if status == 503 else None)

    return [Route("/health/live", live), Route("/health/ready", ready)]
