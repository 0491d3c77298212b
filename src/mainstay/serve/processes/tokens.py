"""The file of tokens: read when the server starts and on SIGHUP, kept only as digests."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from mainstay.contracts.errors import UsageError
from mainstay.serve.admission import MAKE_ONE, SHORTEST_TOKEN, is_token, token_digests

__all__ = ["read_tokens", "readable_by_others"]

_LARGEST_FILE = 1_000_000


def read_tokens(path: str) -> tuple[bytes, ...]:
    """Return the digests of the tokens in a file: one a line; empty lines and those that begin with # do not count.

    Raises
    ------
    UsageError
        When it cannot be read, holds none, or one that is easily guessed. No sentence says a token.
    """
    try:
        with Path(path).open("rb") as file:
            text = file.read(_LARGEST_FILE).decode()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise UsageError(f"the file of tokens cannot be read ({reason})", where=str(path)) from None
    tokens = []
    for number, line in enumerate(text.splitlines(), start=1):
        token = line.strip()
        if not token or token.startswith("#"):
            continue
        if not is_token(token):
            raise UsageError(
                f"a token has at least {SHORTEST_TOKEN} signs, plain and without a space; line {number} has not",
                where=str(path), hint=MAKE_ONE,
            )  # fmt: skip
        tokens.append(token)
    if not tokens:
        raise UsageError("the file of tokens has none", where=str(path), hint="Write one token a line.")
    return token_digests(tuple(tokens))


def readable_by_others(path: str) -> bool:
    """Say whether more users than its owner may read a file."""
    return os.name == "posix" and bool(Path(path).stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
