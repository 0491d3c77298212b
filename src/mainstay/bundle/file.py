"""A bundle on the disk: read with a bound, written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from mainstay.bundle.layout import LARGEST_FILE
from mainstay.contracts.errors import UsageError

__all__ = ["Source", "read_file", "write_atomically"]

Source = str | os.PathLike[str] | bytes


def read_file(source: Source) -> bytes:
    """Return the bytes of a source; of a file that is too big, one more than is allowed.

    Raises
    ------
    UsageError
        When it is not a file that can be read.
    """
    if isinstance(source, bytes):
        return source
    try:
        with open(source, "rb", opener=_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UsageError("a model file was expected, and this is no plain file", where=str(source))
            return file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(
            f"the model file cannot be read ({reason})", where=str(source), hint="Check the path."
        ) from error


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; a pipe that nobody writes to must not hold the caller."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def write_atomically(path: Path, data: bytes) -> None:
    """Write bytes beside their place, make them durable, and rename them into it.

    Raises
    ------
    UsageError
        When the file cannot be written; what was there before is still there.
    """
    scratch = ""
    try:
        handle, scratch = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        Path(scratch).chmod(0o666 & ~mask)
        Path(scratch).replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        if scratch:
            Path(scratch).unlink(missing_ok=True)
        raise UsageError(
            f"the file cannot be written ({error.strerror or error})",
            where=str(path),
            hint="Give a place where you may write.",
        ) from error


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where the system lets a folder be opened."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
