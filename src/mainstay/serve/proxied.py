"""Who asks, where a proxy stands before the server: the address that the proxy itself has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Proxied"]


class Proxied:
    """An ASGI application around another that takes a client's address from x-forwarded-for.

    The last address is taken, which the proxy has added; those before it are what the client says of itself.

    Parameters
    ----------
    app : ASGI application
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        for name, value in scope.get("headers", ()):
            if name == b"x-forwarded-for":
                scope["client"] = (value.rpartition(b",")[2].strip().decode("latin-1"), 0)
        await self._app(scope, receive, send)
