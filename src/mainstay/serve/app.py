"""The server as a standard ASGI application, for any ASGI server and for a mount in another application."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from starlette.routing import Router

from mainstay.bundle.open import Bundle, open_bundle
from mainstay.contracts.errors import RequestError
from mainstay.serve.admission import digests_of
from mainstay.serve.door import Door
from mainstay.serve.hosts import host_names
from mainstay.serve.journal import Journal
from mainstay.serve.limits import Limits
from mainstay.serve.metrics.counters import Metrics
from mainstay.serve.names import check_name, name_of
from mainstay.serve.routes import all_routes
from mainstay.serve.serving import Serving
from mainstay.serve.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.types import Receive, Scope, Send

    from mainstay.serve.log.record import PredictionLog

__all__ = ["Source", "build", "create_app", "open_models"]

Source = Bundle | str | Path


def create_app(
    models: Source | Mapping[str, Source],
    *,
    tokens: Sequence[str] = (),
    log: PredictionLog | str | None = None,
    limits: Limits | None = None,
    allow_hosts: Sequence[str] = (),
) -> Door:
    """Return an ASGI application that serves models.

    Parameters
    ----------
    models : bundle or path, or mapping of name to these
        One alone is served under the name of its file, or as "model".
    tokens : sequence of str, default ()
        Bearer tokens that are let in, each of at least 16 signs; without any, everyone is.
    log : PredictionLog or str, optional
        Where answers are kept: a SQLite file, a PostgreSQL address, or what :func:`mainstay.serve.log.open.open_log`
        returns.
    limits : Limits, optional
    allow_hosts : sequence of str, default ()
        The host names that this is asked by, without ports; a request for another is refused with 403. Without any
        each name passes: which are right is known to the server around this application, not to itself. Give them
        where a browser on the same machine or network could be led here by a foreign name.

    Returns
    -------
    ASGI application

    Raises
    ------
    BundleError
        When a model file is refused.
    UsageError
        When a file cannot be read, a name cannot stand in an address, a token is easily guessed, or a host name is
        none.

    Examples
    --------
    >>> import mainstay
    >>> app = mainstay.serve.create_app("left.mainstay")
    """
    digests, hosts = digests_of(tokens), frozenset(host_names(allow_hosts, "allow_hosts"))
    shelf = Shelf(open_models(models))
    metrics = Metrics(tuple(shelf.places))
    if isinstance(log, str):
        from mainstay.serve.log.open import open_log

        log = open_log(log)
    return build(
        Serving(shelf, limits or Limits(), metrics, Journal(), log=log, token_digests=digests, hosts=hosts or None)
    )


def build(serving: Serving) -> Door:
    """Return the application over what it serves."""
    return Door(serving, Router(all_routes(serving), redirect_slashes=False, default=_nothing_here))


def open_models(models: Source | Mapping[str, Source]) -> dict[str, Bundle]:
    """Open what is to be served, by name.

    Raises
    ------
    BundleError
        When a model file is refused.
    UsageError
        When a file cannot be read, or a name cannot stand in an address.
    """
    named = {name_of(models): models} if isinstance(models, Bundle | str | Path) else models
    for name in named:
        check_name(name)
    return {name: source if isinstance(source, Bundle) else open_bundle(source) for name, source in named.items()}


async def _nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    del scope, receive, send
    raise RequestError(
        "there is nothing at this path", status=404, where="path", code="not_found", hint="See /docs for what there is."
    )
