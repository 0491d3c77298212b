"""The command that asks models again what a log says they answered, with the options that only it has."""

from typing import Annotated

import typer

from mainstay.apps.cli import options
from mainstay.apps.cli.answers import answer

__all__ = ["register", "replay"]

Log = Annotated[
    str,
    typer.Argument(metavar="LOG", help="What --log of serve was given: a file or an address.", show_default=False),
]
Models = Annotated[
    list[str],
    typer.Option(
        "--model",
        "-m",
        metavar="BUNDLE",
        help="A model file that gave answers. May be given again.",
        show_default=False,
    ),
]
Ids = Annotated[list[str] | None, typer.Option("--id", metavar="ID", help="Only this prediction. May be given again.")]
Since = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help="Only from here on: 2026-03-01 or 2026-03-01T12:00, UTC.")
]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Only before here.")]
Limit = Annotated[int | None, typer.Option("--limit", metavar="N", help="At most N entries, the oldest first.")]


def register(application: typer.Typer) -> None:
    """Add this file's command."""
    application.command(rich_help_panel="Use it")(replay)


def replay(
    log: Log,
    *,
    model: Models,
    id: Ids = None,  # noqa: A002 - typer names the option after it
    since: Since = None,
    until: Until = None,
    limit: Limit = None,
    as_json: options.AsJson = False,
) -> int:
    """Ask again what a server has logged, and compare byte for byte.

    Each entry is asked of the model file whose digest it names. Exit
    code 1 where an answer differs, where an entry cannot be read, or
    where a prediction that was asked for is not in the log.
    """
    from mainstay import lifecycle

    result = lifecycle.replay(log, model=model, id=tuple(id or ()), since=since, until=until, limit=limit)
    return answer("replay", result, as_json=as_json)
