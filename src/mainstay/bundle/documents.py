"""Members into records: text that is bounded in depth before a parser sees it, and typed when it leaves.

The digests say only that the bytes are the ones that someone wrote; that someone may mean harm. A parser that
recurses or goes through dotted keys again and again is bounded here.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any, TypeVar

import msgspec
import numpy as np

from mainstay.bundle.records import plain_value
from mainstay.contracts.errors import FormatError, MainstayError, UsageError

__all__ = ["DEEPEST", "read_json", "read_text", "read_toml", "write_toml"]

DEEPEST = 64
"""Levels of nesting, and parts of a dotted key."""

# The closing mark is optional, so that a text that never ends is one match and not one per character.
_WORDS = re.compile(rb'"(?:[^"\\\n]|\\.)*+"?' + rb"|'[^'\n]*+'?")

Record = TypeVar("Record")


def read_text(data: bytes, where: str) -> str:
    """Return UTF-8 text.

    Raises
    ------
    FormatError
        When it is not UTF-8.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(f"it must be UTF-8 text, and byte {error.start} is not", where=where) from error


def read_json(data: bytes, kind: type[Record], where: str) -> Record:
    """Return a record from JSON.

    Raises
    ------
    FormatError
        When it is not JSON, too deep, or not of this type.
    """
    read_text(data, where)
    _check_depth(data, where)
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, MainstayError, ValueError, RecursionError) as error:
        raise FormatError(f"it does not hold what this format has there ({error})", where=where) from error


def read_toml(data: bytes, where: str) -> dict[str, Any]:
    """Return a table from TOML.

    Raises
    ------
    FormatError
        When it is not TOML, or too deep.
    """
    text = read_text(data, where)
    _check_depth(data, where)
    dots = max((line.count(b".") for line in _WORDS.sub(b"", data).split(b"\n")), default=0)
    if dots > DEEPEST:
        raise FormatError(f"a line has {dots} dots outside of texts, and {DEEPEST} are allowed", where=where)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"it must be TOML ({error})", where=where) from error


def write_toml(table: dict[str, Any], where: str) -> bytes:
    """Return a table as TOML that reads back as the same table.

    Raises
    ------
    UsageError
        When TOML cannot hold it: None, or keys that are not texts.
    """
    import tomli_w

    try:
        plain = msgspec.to_builtins(table, enc_hook=plain_value)
        nothing = _find_nothing(plain, where)
        if nothing:
            raise UsageError("TOML has no word for None; leave the key out", where=nothing)
        data = tomli_w.dumps(plain).encode()
        same = read_toml(data, where) == plain
    except (TypeError, ValueError, NotImplementedError, RecursionError, FormatError) as error:
        raise UsageError(f"this does not fit into TOML ({error})", where=where) from error
    if not same:
        raise UsageError("this does not come back from TOML as it went in", where=where)
    return data


def _find_nothing(value: Any, path: str) -> str:
    """Return the path of the first None, or an empty text."""
    if value is None:
        return path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return next((found for key, item in inner if (found := _find_nothing(item, f"{path} > {key}"))), "")


def _check_depth(data: bytes, where: str) -> None:
    bare = np.frombuffer(_WORDS.sub(b"", data), np.uint8)
    opening = (bare == ord("[")) | (bare == ord("{"))
    closing = (bare == ord("]")) | (bare == ord("}"))
    marks = opening | closing
    steps = np.where(opening[marks], 1, -1)
    depth = int(np.cumsum(steps).max(initial=0))
    if depth > DEEPEST:
        raise FormatError(f"it is nested {depth} levels deep, and {DEEPEST} are allowed", where=where)
