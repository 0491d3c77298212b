"""Hands a result over: one JSON object, or tables for a person, and the exit code that goes with it."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from mainstay.apps.cli.endings import CHECK_FAILED, DONE, INTERRUPTED

__all__ = ["Result", "answer", "write_json"]


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


def write_json(figures: Mapping[str, Any]) -> None:
    """Write one JSON object and a newline to standard output, in UTF-8; NaN and infinity become null."""
    import msgspec

    text = msgspec.json.encode(figures, enc_hook=_plain)
    if sys.stdout.isatty():
        text = msgspec.json.format(text, indent=2)
    sys.stdout.write(text.decode() + "\n")
    sys.stdout.flush()


def _plain(value: object) -> object:
    if hasattr(value, "item"):
        return value.item()
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(f"a result holds a {type(value).__name__}, which JSON has no word for")
