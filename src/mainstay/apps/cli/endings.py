"""How a command ends when it does not end well: one table from an error to its exit code, its sentence and its JSON.

A user never sees a traceback. An error that mainstay did not raise on purpose says that it is a bug, and how to see
where it comes from.
"""

import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass

import typer

from mainstay.apps.cli.json_out import write_json
from mainstay.contracts.errors import MainstayError, ParityError, WorkerError

__all__ = ["BROKEN_PIPE", "BUG", "CHECK_FAILED", "DONE", "INTERRUPTED", "USAGE", "Ending", "ending_of", "wants_json"]

DONE, CHECK_FAILED, USAGE, BUG, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 70, 130, 141
_TRACEBACK = "MAINSTAY_TRACEBACK"


@dataclass(frozen=True)
class Ending:
    """An exit code and the error that explains it.

    Examples
    --------
    >>> ending = ending_of(FileNotFoundError(2, "No such file or directory", "new.csv"))
    >>> ending.code, ending.error.where
    (2, 'new.csv')
    """

    code: int
    error: MainstayError

    def show(self, *, as_json: bool) -> None:
        """Write the error: one JSON object on standard output, or a sentence on standard error."""
        if as_json:
            write_json({"error": self.error.to_dict()})
        else:
            print(f"mainstay: {self.error}", file=sys.stderr)


def wants_json(arguments: Sequence[str]) -> bool:
    """Say whether ``--json`` stands among the options; needed before the options can be read.

    Examples
    --------
    >>> wants_json(["predict", "--json", "a.mainstay", "b.csv"]), wants_json(["predict", "--", "--json"])
    (True, False)
    """
    options = list(arguments)
    return "--json" in (options[: options.index("--")] if "--" in options else options)


def ending_of(error: BaseException) -> Ending:
    """Return how a command ends that met this error."""
    if isinstance(error, MainstayError):
        return Ending(CHECK_FAILED if isinstance(error, ParityError | WorkerError) else USAGE, error)
    if isinstance(error, typer.TyperException):
        return Ending(USAGE, _usage(error))
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return Ending(INTERRUPTED, MainstayError("interrupted before there was any result", code="interrupted"))
    if isinstance(error, OSError) and error.filename is not None:
        return Ending(USAGE, _file(error))
    return Ending(BUG, _bug(error))


def _usage(error: typer.TyperException) -> MainstayError:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "mainstay"
    message = " ".join(error.format_message().split())
    return MainstayError(
        message[:1].lower() + message[1:],
        where=command.removeprefix("mainstay").strip(),
        hint=f"See: {command} --help",
        code="usage",
    )


def _file(error: OSError) -> MainstayError:
    reason = (error.strerror or type(error).__name__).lower()
    return MainstayError(
        f"the file could not be used: {reason}", where=str(error.filename), hint="Check the path.", code="file"
    )


def _bug(error: BaseException) -> MainstayError:
    if os.environ.get(_TRACEBACK):
        traceback.print_exception(error)
    said = " ".join(str(error).split()) or "no message"
    return MainstayError(
        f"this is a bug of mainstay, not of your data ({type(error).__name__}: {said})",
        hint=f"Run it again with {_TRACEBACK}=1 to see where it comes from, and report it with what you see.",
        code="internal",
    )
