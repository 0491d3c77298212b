"""The bytes of a bundle around its members, written and read from one place.

A zip file leaves much open: order, dates, extra fields, comments, gaps, two copies of each header. Every one of these
is a place to hide something, or for two readers to disagree. Here nothing is open: the reader rebuilds each header
from its few free numbers with the function that wrote it, and compares bytes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

__all__ = [
    "DEFLATED",
    "FORMAT",
    "FORMAT_OF",
    "LARGEST_FILE",
    "LIMITS",
    "MANIFEST",
    "MANIFEST_LIMIT",
    "STORED",
    "Entry",
    "central_directory",
    "largest_unfolded",
    "local_header",
    "read_local_header",
]

FORMAT = 4
"""The newest format that this version reads."""

FORMAT_OF = {
    "classification": 2,
    "regression": 2,
    "clustering": 3,
    "anomaly_detection": 4,
    "series_anomaly_detection": 4,
}
"""The format that is written, by task: the least that a reader needs to know, so that older readers keep reading."""

MANIFEST = "manifest.json"
MANIFEST_LIMIT = 64 * 1024

_MIB = 1024 * 1024

LIMITS: dict[str, int] = {
    "schema.toml": 8 * _MIB,
    "model.onnx": 768 * _MIB,
    "outputs.json": 4 * _MIB,
    "recipe.toml": 4 * _MIB,
    "evaluation.json": 64 * _MIB,
    "golden.json": 16 * _MIB,
    "reference.json": 64 * _MIB,
    "report.html": 64 * _MIB,
    "card.md": 4 * _MIB,
}
"""The members after the manifest, in their order in the file, with the most bytes that each may unfold to."""

LARGEST_FILE = 1024 * _MIB

STORED, DEFLATED = 0, 8

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_FIRST_OF_1980 = 33
_UNIX_VERSION_20, _VERSION_20 = (3 << 8) | 20, 20
_PLAIN_FILE = 0o100644 << 16


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a member lies and how it is stored.

    Parameters
    ----------
    name : str
    method : int
        STORED or DEFLATED.
    crc : int
        CRC-32 of the member's own bytes.
    stored : int
        How many bytes it takes in the file.
    size : int
        How many bytes it has.
    offset : int
        Where its header begins.
    """

    name: str
    method: int
    crc: int
    stored: int
    size: int
    offset: int

    @property
    def begins(self) -> int:
        """Where the stored bytes begin."""
        return self.offset + _LOCAL.size + len(self.name.encode())

    @property
    def ends(self) -> int:
        """Where the stored bytes end and the next header begins."""
        return self.begins + self.stored


def local_header(entry: Entry) -> bytes:
    """Return the bytes before a member."""
    name = entry.name.encode("ascii")
    numbers = (entry.method, 0, _FIRST_OF_1980, entry.crc, entry.stored, entry.size, len(name), 0)
    return _LOCAL.pack(b"PK\x03\x04", _VERSION_20, 0, *numbers) + name


def read_local_header(data: bytes, offset: int) -> tuple[str, Entry] | None:
    """Return the name found at this place and the entry that its numbers describe, or None where there is no header.

    The name of the entry is cut from the file and is good for messages only.
    """
    if data[offset : offset + 4] != b"PK\x03\x04" or offset + _LOCAL.size > len(data):
        return None
    _, _, _, method, _, _, crc, stored, size, length, _ = _LOCAL.unpack_from(data, offset)
    begins = offset + _LOCAL.size
    name = data[begins : begins + min(length, 100)].decode("ascii", "backslashreplace")
    return name, Entry(name, method, crc, stored, size, offset)


def central_directory(entries: list[Entry]) -> bytes:
    """Return the bytes after the last member: the directory and the end record."""
    rows = []
    for entry in entries:
        name = entry.name.encode("ascii")
        numbers = (entry.method, 0, _FIRST_OF_1980, entry.crc, entry.stored, entry.size, len(name))
        head = _CENTRAL.pack(
            b"PK\x01\x02", _UNIX_VERSION_20, _VERSION_20, 0, *numbers, 0, 0, 0, 0, _PLAIN_FILE, entry.offset
        )
        rows.append(head + name)
    directory = b"".join(rows)
    count = len(entries)
    return directory + _END.pack(b"PK\x05\x06", 0, 0, count, count, len(directory), entries[-1].ends, 0)


def largest_unfolded(stored: int) -> int:
    """Return the most bytes that so many stored bytes may unfold to; real members stay far below."""
    return 16 * _MIB + 200 * stored
