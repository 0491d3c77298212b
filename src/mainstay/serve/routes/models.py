"""What is served, and what each model takes and answers: for clients that ask and for the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from mainstay import __version__
from mainstay.serve.describe import model_card, models_document, schema_document
from mainstay.serve.openapi.document import openapi_document
from mainstay.serve.routes.answers import json_response

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from mainstay.serve.routes.readiness import Readiness
    from mainstay.serve.serving import Serving

__all__ = ["model_routes"]


class _Kept:
    """Responses that are made once for each state of the shelf: making one replays rows and walks the schema."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._state: tuple[str, ...] = ()
        self._bodies: dict[tuple[str, str], bytes] = {}

    async def response(self, kind: str, name: str, make: Callable[[], Any]) -> Response:
        """Return the response that is kept, or make it in another thread."""
        state = tuple(place.model.digest for place in self._serving.shelf.places.values())
        if state != self._state:
            self._state, self._bodies = state, {}
        bodies = self._bodies
        body = bodies.get((kind, name))
        if body is None:
            body = bytes((await run_in_threadpool(lambda: json_response(make()))).body)
            bodies[kind, name] = body
        return Response(body, media_type="application/json")


def model_routes(serving: Serving, readiness: Readiness) -> list[BaseRoute]:
    """Return ``/models``, ``/models/{name}/schema`` and ``/openapi.json``."""
    shelf, kept = serving.shelf, _Kept(serving)

    async def models(request: Request) -> Response:
        """List the models."""
        del request
        verdicts = await readiness.verdicts()
        cards = [
            model_card(name, place.model.bundle, ready=verdicts[name]["ready"]) for name, place in shelf.places.items()
        ]
        return json_response(models_document(cards, default=shelf.first.name))

    async def schema(request: Request) -> Response:
        """Describe one model."""
        name = request.path_params["name"]
        bundle = shelf[name].model.bundle
        return await kept.response("schema", name, lambda: schema_document(name, bundle))

    async def openapi(request: Request) -> Response:
        """Describe the server."""
        root = request.scope.get("root_path", "")
        bundles = {name: place.model.bundle for name, place in shelf.places.items()}

        def make() -> dict[str, Any]:
            return openapi_document(
                bundles, default=shelf.first.name, version=__version__, max_rows=serving.limits.max_rows,
                max_body=serving.limits.max_body, token=bool(serving.token_digests), root=root,
            )  # fmt: skip

        return await kept.response("openapi", root, make)

    return [Route("/models", models), Route("/models/{name}/schema", schema), Route("/openapi.json", openapi)]
