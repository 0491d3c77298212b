"""Whether the process lives, and whether it should get requests: what a supervisor asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from mainstay.contracts.errors import MainstayError

if TYPE_CHECKING:
    from starlette.requests import Request

    from mainstay.serve.serving import Serving

__all__ = ["health_routes", "json_response", "readiness"]


def health_routes(serving: Serving) -> list[BaseRoute]:
    """Return ``/health/live`` and ``/health/ready``."""

    async def live(request: Request) -> Response:
        """Say that the process answers."""
        del request
        return json_response({"status": "live"})

    async def ready(request: Request) -> Response:
        """Say whether the golden rows of every model get their stored answers, here and now."""
        del request
        said = await run_in_threadpool(readiness, serving)
        return json_response(said, 200 if said["status"] == "ready" else 503)

    return [Route("/health/live", live), Route("/health/ready", ready)]


def readiness(serving: Serving) -> dict[str, Any]:
    """Return what each model and the log say of themselves; replays golden rows."""
    said: dict[str, Any] = {"status": "ready", "models": {}}
    for name, place in serving.shelf.places.items():
        model = place.model
        try:
            count = model.check()
            said["models"][name] = {"ready": True, "digest": model.digest, "golden_rows": count}
        except MainstayError as error:
            said["models"][name] = {"ready": False, "digest": model.digest, "message": error.message}
            said["status"] = "not ready"
    if serving.log is not None:
        said["log"] = msgspec.to_builtins(serving.log.state)
    if serving.draining:
        said["status"] = "ending"
    return said


def json_response(content: Any, status: int = 200) -> Response:
    """Return plain data as a response."""
    return Response(msgspec.json.encode(content), status, media_type="application/json")
