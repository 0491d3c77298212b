"""The model files that are served: read whole, and looked at again to see whether another has taken their place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mainstay.bundle.file import read_file

if TYPE_CHECKING:
    from mainstay.bundle.open import Bundle

__all__ = ["ModelFile", "bytes_of"]

_Identity = tuple[int, int, int, int]


def bytes_of(source: Bundle | str | Path | bytes) -> bytes:
    """Return the bytes of a model: of a file, or of a bundle that is open.

    Raises
    ------
    UsageError
        When the file cannot be read.
    """
    if isinstance(source, bytes | str | Path):
        return read_file(source)
    return source.data


class ModelFile:
    """A model file under a name, and which bytes of it are served.

    Parameters
    ----------
    name : str
    source : bundle or path
        A bundle that is open has no file; it never changes by itself.

    Raises
    ------
    UsageError
        When the file cannot be read.
    """

    def __init__(self, name: str, source: Bundle | str | Path) -> None:
        self.name = name
        self.path = Path(source).absolute() if isinstance(source, str | Path) else None
        self._seen = self._identity()
        self._tried = self._seen
        self.data = bytes_of(source)

    def look(self) -> bytes | None:
        """Return the bytes of another file that stands at the path now; None where it is the same, or cannot be read.

        A file that is still being written is let alone: its bytes are returned once two looks have seen it the same.
        """
        found = self._identity()
        if found is None or found == self._tried:
            return None
        if found != self._seen:
            self._seen = found
            return None
        self._tried = found
        return self.look_now()

    def look_now(self) -> bytes | None:
        """Return the bytes that stand at the path now; None where they are those that are served.

        Raises
        ------
        UsageError
            When it cannot be read.
        """
        if self.path is None:
            return None
        self._seen = self._tried = self._identity()
        data = read_file(self.path)
        return None if data == self.data else data

    def take(self, data: bytes, source: Bundle | str | Path | None = None) -> None:
        """Note that these bytes are served now, and where they came from if not from the path."""
        self.data = data
        if source is not None:
            self.path = Path(source).absolute() if isinstance(source, str | Path) else None
            self._seen = self._tried = self._identity()

    def _identity(self) -> _Identity | None:
        if self.path is None:
            return None
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
