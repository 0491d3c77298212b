"""Hands a result over: one JSON object, or tables for a person, and the exit code that goes with it."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from mainstay.apps.cli.endings import CHECK_FAILED, DONE, INTERRUPTED
from mainstay.apps.cli.json_out import write_json

__all__ = ["Result", "answer", "answer_rows"]


class Result(Protocol):
    """What every verb returns: at least its own figures, as plain data."""

    def to_dict(self) -> dict[str, Any]:
        """Return the figures in the shape that ``--json`` shows."""
        ...


def answer(verb: str, result: Result, *, as_json: bool, written: Sequence[Path | None] = ()) -> int:
    """Show a result and return the exit code.

    Parameters
    ----------
    verb : str
        Which tables to show.
    result : Result
    as_json : bool
    written : sequence of Path or None
        Files that the command itself wrote, to be named.
    """
    figures = result.to_dict()
    if as_json:
        write_json(figures)
    else:
        from mainstay.apps.cli.show import show

        show(verb, figures, written=[str(path) for path in written if path is not None])
    if figures.get("ok") is False:
        return CHECK_FAILED
    return INTERRUPTED if getattr(result, "interrupted", False) else DONE


def answer_rows(result: Any) -> int:
    """Show predictions that go to no file: the first few in a terminal; elsewhere all of them, as CSV."""
    from mainstay.apps.cli.show import show, show_frame

    if sys.stdout.isatty():
        show_frame(result.answers)
        show("predict", result.to_dict())
    else:
        sys.stdout.write(result.answers.write_csv())
        show("predict", result.to_dict(), stream=sys.stderr)
    return DONE
