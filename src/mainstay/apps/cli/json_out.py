"""Writes the one JSON object of a command: UTF-8, no NaN, numbers of numpy as numbers."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["write_json"]


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
