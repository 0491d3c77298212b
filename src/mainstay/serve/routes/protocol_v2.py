"""The endpoints of the Open Inference Protocol, version 2."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from mainstay import __version__
from mainstay.contracts.errors import RequestError
from mainstay.serve.bodies import check_json, read_bytes
from mainstay.serve.protocol_v2.infer import Inference, Inferring
from mainstay.serve.protocol_v2.metadata import model_metadata, version_of
from mainstay.serve.routes.answers import json_response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from mainstay.serve.answering.served import ServedModel
    from mainstay.serve.protocol_v2.response import Written
    from mainstay.serve.routes.readiness import Readiness
    from mainstay.serve.serving import Serving

__all__ = ["check_body", "protocol_routes"]

_MODEL_PATHS = ("/v2/models/{name}", "/v2/models/{name}/versions/{version}")
_HEADER = b"inference-header-content-length"


def protocol_routes(serving: Serving, readiness: Readiness) -> list[BaseRoute]:
    """Return all paths that begin with ``/v2``."""
    endpoints = _Endpoints(serving, readiness)
    return [
        Route("/v2", endpoints.server),
        Route("/v2/health/live", endpoints.live),
        Route("/v2/health/ready", endpoints.ready),
        *(Route(path, endpoints.metadata) for path in _MODEL_PATHS),
        *(Route(f"{path}/ready", endpoints.model_ready) for path in _MODEL_PATHS),
        *(Route(f"{path}/infer", endpoints.infer, methods=["POST"]) for path in _MODEL_PATHS),
    ]


class _Endpoints:
    """The protocol's endpoints over one server."""

    def __init__(self, serving: Serving, readiness: Readiness) -> None:
        self._serving = serving
        self._readiness = readiness
        self._inferring = Inferring(serving)

    async def server(self, request: Request) -> Response:
        """Say what this server is."""
        del request
        return json_response({"name": "mainstay", "version": __version__, "extensions": ["binary_tensor_data"]})

    async def live(self, request: Request) -> Response:
        """Say that the process answers."""
        del request
        return json_response({"live": True})

    async def ready(self, request: Request) -> Response:
        """Say whether all models answer."""
        del request
        said = await self._readiness.document()
        return _readiness({}, ready=said["status"] == "ready")

    async def metadata(self, request: Request) -> Response:
        """Describe a model's tensors."""
        return json_response(model_metadata(_model(self._serving, request)))

    async def model_ready(self, request: Request) -> Response:
        """Say whether a model answers."""
        name = _model(self._serving, request).name
        verdicts = await self._readiness.verdicts()
        return _readiness({"name": name}, ready=verdicts[name]["ready"] and not self._serving.draining)

    async def infer(self, request: Request) -> Response:
        """Answer tensors."""
        began, serving = time.perf_counter(), self._serving
        headers = dict(request.scope["headers"])
        _model(serving, request)
        check_body(headers)
        body = await read_bytes(request.receive, headers, serving.limits)
        serving.open_requests.answering(asyncio.current_task(), began)
        model = _model(serving, request)  # taken once the body is here, and kept to the end
        asked = Inference(serving.shelf[model.name], model, body, began, headers.get(_HEADER))
        return _written(await self._inferring.answer(asked))


def _model(serving: Serving, request: Request) -> ServedModel:
    """Return the model that is asked, of the version that is asked where one is.

    Raises
    ------
    RequestError
        With status 404.
    """
    model = serving.shelf[request.path_params["name"]].model
    version = request.path_params.get("version")
    if version not in (None, version_of(model), model.digest):
        raise RequestError(
            f"{model.name!r} is not served in version {version[:70]!r}", status=404, where="path", code="not_found",
            hint=f"Its version is {version_of(model)}: the first digits of its digest. Without one, any answers.",
        )  # fmt: skip
    return model


def _readiness(said: dict[str, object], *, ready: bool) -> Response:
    status, further = (200, None) if ready else (503, {"retry-after": "1"})
    return json_response({**said, "ready": ready}, status, further)


def check_body(headers: Mapping[bytes, bytes]) -> None:
    """Refuse a body of another kind than the protocol's clients send.

    They say JSON, bytes, or nothing at all; a page in a browser may say nothing as well, but then the browser tells
    where the page came from.

    Raises
    ------
    RequestError
        With status 415.

    Examples
    --------
    >>> check_body({b"content-type": b"application/octet-stream"})
    """
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    foreign = b"origin" in headers or headers.get(b"sec-fetch-site", b"none") not in (b"none", b"same-origin")
    if kind == b"application/octet-stream" or (not kind and not foreign):
        headers = {**headers, b"content-type": b"application/json"}
    check_json(headers)


def _written(written: Written) -> Response:
    if written.json_size is None:
        return Response(written.body, media_type="application/json")
    return Response(
        written.body, media_type="application/octet-stream", headers={_HEADER.decode(): str(written.json_size)}
    )
