"""The command that serves model files over HTTP; its options are the settings that the server itself declares."""

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mainstay.apps.cli import options
from mainstay.apps.cli.endings import DONE, INTERRUPTED
from mainstay.contracts.errors import UsageError
from mainstay.serve.settings import settings_by_name

if TYPE_CHECKING:
    from mainstay.serve.processes.server import Server

__all__ = ["register", "serve"]

_SETTINGS = settings_by_name()


def _option(name: str) -> Any:
    """Return the option of a setting, in the words of its declaration."""
    setting = _SETTINGS[name]
    return typer.Option(metavar=setting.value, help=setting.meaning, rich_help_panel=setting.group)


def _switch(name: str) -> Any:
    setting = _SETTINGS[name]
    spelled = f"--{name.replace('_', '-')}"
    return typer.Option(spelled, metavar="", help=setting.meaning, rich_help_panel=setting.group)


_Models = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[NAME=]BUNDLE...", help="Model files; the first is what /predict asks.", show_default=False
    ),
]
_Requirements = Annotated[
    bool, typer.Option("--requirements", metavar="", help="Print what an image that only serves installs, and end.")
]


def register(application: "typer.Typer") -> None:
    """Add this file's command."""
    application.command(rich_help_panel="Use it")(serve)


def serve(
    models: _Models = None,
    *,
    host: Annotated[str, _option("host")] = "127.0.0.1",
    port: Annotated[int, _option("port")] = 8000,
    workers: Annotated[int, _option("workers")] = 1,
    watch: Annotated[float | None, _option("watch")] = None,
    allow_schema_change: Annotated[bool, _switch("allow_schema_change")] = False,
    drain_seconds: Annotated[float, _option("drain_seconds")] = 10.0,
    drain_delay: Annotated[float, _option("drain_delay")] = 0.0,
    token_file: Annotated[str | None, _option("token_file")] = None,
    allow_host: Annotated[list[str] | None, _option("allow_host")] = None,
    open_to_all: Annotated[bool, _switch("open_to_all")] = False,
    behind_proxy: Annotated[bool, _switch("behind_proxy")] = False,
    max_body: Annotated[str, _option("max_body")] = "1MB",
    max_rows: Annotated[int, _option("max_rows")] = 1000,
    max_open: Annotated[int, _option("max_open")] = 1000,
    max_rate: Annotated[float | None, _option("max_rate")] = None,
    log: Annotated[str | None, _option("log")] = None,
    log_mode: Annotated[str, _option("log_mode")] = "batched",
    log_keep_days: Annotated[float | None, _option("log_keep_days")] = None,
    log_max_size: Annotated[str | None, _option("log_max_size")] = None,
    access_log: Annotated[bool, _switch("access_log")] = False,
    requirements: _Requirements = False,
    as_json: options.AsJson = False,
) -> int:
    """Answer requests for predictions over HTTP.

    POST /predict with one row as a JSON object, or with {"rows": [...]};
    what else there is stands at /docs. Each answer names the model file
    by its digest. SIGHUP looks at the files again and exchanges a model
    without a pause; Ctrl-C answers what is open, and ends.
    """
    given = {name: value for name, value in locals().items() if name in _SETTINGS}
    from mainstay import lifecycle

    if requirements:
        return _show_requirements(lifecycle.serve.requirements(), as_json=as_json)
    if not models:
        raise UsageError("a server needs a model", where="serve", hint="Give a .mainstay file.")
    serving: list[Server] = []

    def announce(server: "Server") -> bool:
        serving.append(server)
        return _announce(server, as_json=as_json)

    try:
        lifecycle.serve(models, announce=announce, **{**given, "allow_host": tuple(allow_host or ())})
    except KeyboardInterrupt:
        if not serving:
            raise
        os._exit(INTERRUPTED)  # the second signal: nothing is waited for
    if serving and serving[0].to_dict()["pid"] == os.getpid():
        _leave()
    return DONE


def _leave() -> None:
    """End this process: what nobody waits for any more, an explanation say, would hold Python's own end up."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(DONE)


def _announce(server: "Server", *, as_json: bool) -> bool:
    """Say that requests are answered; return whether a person was told, so that the journal need not."""
    from mainstay.apps.cli.json_out import write_json

    figures = server.to_dict()
    if as_json:
        write_json(figures)
    if not sys.stderr.isatty():
        return False
    served = ", ".join(f"{model['name']} ({model['digest'][:12]})" for model in figures["models"])
    print(f"mainstay: {served} at {figures['url']}, its page at /, Ctrl-C ends it", file=sys.stderr)
    return True


def _show_requirements(lines: list[str], *, as_json: bool) -> int:
    from mainstay.apps.cli.json_out import write_json

    if as_json:
        write_json({"requirements": lines})
    else:
        print("\n".join(lines))
    return DONE
