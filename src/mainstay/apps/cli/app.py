"""The command line itself: which commands there are, and how every way of ending becomes an exit code.

The commands are registered by the files beside this one. Nothing that a command needs is imported before the command
runs, so that ``mainstay --help`` answers at once.
"""

import os
import signal
import sys
import warnings
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from mainstay import __version__
from mainstay.apps.cli import detecting, explaining, grouping, inspecting, learning, packing, replaying, serving, using
from mainstay.apps.cli.endings import BROKEN_PIPE, DONE, ending_of, wants_json

__all__ = ["application", "main", "run"]

application = typer.Typer(
    name="mainstay",
    help="Carries data to one verified model file, and keeps it true.",
    epilog="Every command takes --json. Exit codes: 0 done, 1 a check failed, 2 bad input or usage, 130 interrupted.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for room in (learning, grouping, detecting, packing, serving, replaying, using, explaining, inspecting):
    room.register(application)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"mainstay {__version__}")
        raise typer.Exit


@application.callback()
def _options(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", metavar="", help="Show the version and exit.", is_eager=True, callback=_show_version),
    ] = False,
) -> None:
    del version


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; no exception leaves this function.

    Examples
    --------
    >>> run(["--version"])
    mainstay 0.1.0
    0
    """
    given = list(arguments) or ["--help"]
    try:
        command = typer.main.get_command(application)
        with command.make_context("mainstay", given) as context:
            code = command.invoke(context)
        sys.stdout.flush()
        return code if isinstance(code, int) else DONE
    except typer.Exit as asked:
        return asked.exit_code
    except BrokenPipeError:
        # The reader of our output has left (mainstay ... | head). Python would complain once more while it shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last stand before a user: no traceback
        ending = ending_of(error)
        ending.show(as_json=wants_json(given))
        return ending.code


def main() -> NoReturn:
    """Run the command with the arguments of this process, and exit."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # a library's note to programmers is not for the user of a command
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # a scheduler's stop keeps the best so far, as Ctrl-C does
    sys.exit(run(sys.argv[1:]))
