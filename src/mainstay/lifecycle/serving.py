"""The verb that serves: models over HTTP, for as long as it is asked to, or in the background of a notebook."""

from __future__ import annotations

import re
from difflib import get_close_matches
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from mainstay.contracts.errors import UsageError
from mainstay.serve.limits import Limits as ServeLimits
from mainstay.serve.settings import ServeSettings, settings_by_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mainstay.bundle.open import Bundle
    from mainstay.lifecycle.model import Model
    from mainstay.serve.door import Door
    from mainstay.serve.log.record import PredictionLog
    from mainstay.serve.processes.server import Server
    from mainstay.serve.settings import ServeOptions

    Served = Model | Bundle | str | Path

__all__ = ["Serve", "serve"]

_NAMED = re.compile(r"([A-Za-z0-9._-]+)=(.+)", re.DOTALL)


class Serve:
    """Answers requests for predictions over HTTP until it is stopped; ``serve(...)``, and what belongs to it.

    Parameters
    ----------
    models : Model or path, mapping of name to these, or sequence of paths
        A path may be ``"NAME=FILE"``; without a name it is that of the file. The first is what ``/predict`` asks.
    background : bool, default False
        Return at once with the running server: ``.url``, ``.swap(name, model)``, ``.stop()``; it ends with the
        ``with`` block.
    announce : callable, optional
        Called with the server once requests are answered.
    host : str, default "127.0.0.1"
        An address that other machines reach needs ``token_file`` or ``open_to_all``.
    port : int, default 8000
        0 takes a free one.
    **settings
        workers, watch, allow_schema_change, drain_seconds, drain_delay, token_file, allow_host, open_to_all,
        behind_proxy, max_body, max_rows, max_open, max_rate, log, log_mode, log_keep_days, log_max_size,
        access_log: as the options of the command, see :class:`mainstay.serve.settings.ServeSettings`.

    Raises
    ------
    BundleError
        When a model file is refused.
    UsageError
        When a setting cannot work, a file cannot be read, or the port is taken.

    Examples
    --------
    >>> import json, mainstay, urllib.request
    >>> with mainstay.serve("left.mainstay", port=0, background=True) as server:
    ...     with urllib.request.urlopen(server.url + "/health/ready") as answer:
    ...         print(json.load(answer)["status"])
    ready
    """

    __name__ = "serve"
    Limits = ServeLimits

    def __init__(self) -> None:
        asked = list(signature(type(self).__call__).parameters.values())[1:-1]
        settings = settings_by_name().values()
        more = [Parameter(one.name, Parameter.KEYWORD_ONLY, default=one.default) for one in settings]
        self.__signature__ = Signature([*asked, *more])

    def __call__(
        self,
        models: Served | Mapping[str, Served] | Sequence[str | Path],
        *,
        background: bool = False,
        announce: Callable[[Server], bool | None] | None = None,
        **settings: Unpack[ServeOptions],
    ) -> Server:
        """Serve models; returns when the server has ended, or at once with ``background``."""
        from mainstay.serve.processes.server import Server

        server = Server(_by_name(models), _settings(settings))
        if background:
            return server.start()
        with server.signals():
            try:
                server.start()
                if announce is None or not announce(server):
                    server.note("started")
                server.wait()
            except KeyboardInterrupt:
                server.kill()
                raise
        server.note("stopped")
        return server

    def create_app(
        self,
        models: Served | Mapping[str, Served] | Sequence[str | Path],
        *,
        tokens: Sequence[str] = (),
        log: PredictionLog | str | None = None,
        limits: ServeLimits | None = None,
        allow_hosts: Sequence[str] = (),
    ) -> Door:
        """Return an ASGI application that serves models; see :func:`mainstay.serve.app.create_app`.

        Examples
        --------
        >>> import mainstay
        >>> app = mainstay.serve.create_app("left.mainstay", limits=mainstay.serve.Limits(max_rows=10))
        """
        from mainstay.serve.app import create_app

        return create_app(_by_name(models), tokens=tokens, log=log, limits=limits, allow_hosts=allow_hosts)

    def open_log(self, where: str, **options: Any) -> PredictionLog:
        """Open a prediction log; see :func:`mainstay.serve.log.open.open_log`."""
        from mainstay.serve.log.open import open_log

        return open_log(where, **options)

    def requirements(self) -> list[str]:
        """Return what an image that only serves has to install, a line for each package.

        Examples
        --------
        >>> import mainstay
        >>> any(line.startswith("onnxruntime==") for line in mainstay.serve.requirements())
        True
        """
        from mainstay.serve.requirements import requirements

        return requirements()


serve = Serve()


def _settings(given: Mapping[str, Any]) -> ServeSettings:
    known = settings_by_name()
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"Did you mean {near[0]}?" if near else f"The settings are {', '.join(known)}."
            raise UsageError(f"there is no setting {name!r}", where="serve", hint=hint)
    return ServeSettings(**given)


def _by_name(models: Any) -> dict[str, Bundle | str | Path]:
    """Return the models by name, in the order in which they were given."""
    if hasattr(models, "items"):
        return {str(name): _source(model) for name, model in models.items()}
    if isinstance(models, str | Path) or not hasattr(models, "__iter__"):
        return _each([models])
    return _each(models)


def _each(models: Iterable[Any]) -> dict[str, Bundle | str | Path]:
    from mainstay.serve.names import name_of

    named: dict[str, Bundle | str | Path] = {}
    for model in models:
        match = _NAMED.fullmatch(model) if isinstance(model, str) and not Path(model).exists() else None
        source = _source(match[2] if match else model)
        name = match[1] if match else name_of(source)
        if name in named:
            raise UsageError(
                f"two models are called {name!r}", where="serve", hint="Give each a name of its own: NAME=FILE."
            )
        named[name] = source
    return named


def _source(model: Any) -> Bundle | str | Path:
    """Return what the server opens: a path, or the bundle within a model."""
    source: Bundle | str | Path = getattr(model, "bundle", model)
    return source
