"""The zip file of a bundle, written in one way and read in that way only.

Not ``zipfile``: it looks for the directory from the end, trusts names and sizes, and reads much that it would never
write. A reader that knows the only right bytes needs no rule for links, absolute paths, duplicates or hidden data.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from mainstay.bundle.layout import (
    DEFLATED,
    LARGEST_FILE,
    LIMITS,
    MANIFEST,
    MANIFEST_LIMIT,
    STORED,
    Entry,
    central_directory,
    largest_unfolded,
    local_header,
    read_local_header,
)
from mainstay.bundle.manifest import Manifest, Member, check_format, digest_of, read_manifest
from mainstay.contracts.errors import FormatError, IntegrityError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Archive", "unfold", "walk", "write_archive"]

_NOT_A_BUNDLE = "Give a file that mainstay wrote; its name usually ends in .mainstay."
_DAMAGED = "The file was changed or cut after it was written: fetch it again from where it came."


@dataclass(frozen=True, slots=True)
class Archive:
    """A file whose frame is sound; its members are not looked at yet.

    Parameters
    ----------
    data : bytes
        The whole file.
    digest : str
        SHA-256 of the manifest.
    manifest : Manifest
    entries : tuple of Entry
        Without the manifest's.
    where : str
        The file, for messages.
    """

    data: bytes
    digest: str
    manifest: Manifest
    entries: tuple[Entry, ...]
    where: str


def write_archive(parts: Mapping[str, bytes], describe: Callable[[tuple[Member, ...]], Manifest]) -> bytes:
    """Return the file with these members.

    Parameters
    ----------
    parts : mapping from name to bytes
        All members of the format but the manifest.
    describe : function from members to manifest

    Raises
    ------
    UsageError
        When a member is too big for the format.
    """
    folded = {name: _fold(name, parts[name]) for name in LIMITS}
    members = tuple(
        Member(name, len(parts[name]), _sha256(parts[name]), len(stored), _sha256(stored))
        for name, stored in folded.items()
    )
    manifest = msgspec.json.encode(describe(members))
    pieces, entries, offset = [], [], 0
    for name, stored in {MANIFEST: manifest, **folded}.items():
        plain = manifest if name == MANIFEST else parts[name]
        method = STORED if name == MANIFEST else DEFLATED
        entry = Entry(name, method, zlib.crc32(plain), len(stored), len(plain), offset)
        pieces += [local_header(entry), stored]
        entries.append(entry)
        offset = entry.ends
    return b"".join([*pieces, central_directory(entries)])


def walk(data: bytes, where: str = "bundle") -> Archive:
    """Return the frame of a bundle: its manifest, and where its members lie.

    Every byte outside the members' own is compared with what the writer would have written.

    Raises
    ------
    FormatError
        When it is not a bundle, or of a newer format, or too big.
    IntegrityError
        When a byte of the frame is not what was written.
    """
    if len(data) > LARGEST_FILE:
        raise FormatError(f"at most {LARGEST_FILE} bytes are read, and {len(data)} came", where=where)
    first = read_local_header(data, 0)
    if first is None or first[0] != MANIFEST:
        raise FormatError(f"not a mainstay model file: {_guess(data)}", where=where, hint=_NOT_A_BUNDLE)
    entry = _entry(data, 0, MANIFEST, where)
    text = data[entry.begins : entry.ends]
    if zlib.crc32(text) != entry.crc:
        raise IntegrityError("the manifest is not the one that was written", where=where, hint=_DAMAGED)
    check_format(text, where)
    manifest = read_manifest(text, where)
    entries = [entry]
    for name in LIMITS:
        entries.append(_entry(data, entries[-1].ends, name, where))
    rest = central_directory(entries)
    if data[entries[-1].ends :] != rest:
        surplus = len(data) - entries[-1].ends - len(rest)
        what = f"{surplus} bytes too many" if surplus > 0 else "not what was written"
        raise IntegrityError(f"the directory at the end of the file is {what}", where=where, hint=_DAMAGED)
    return Archive(data, digest_of(text), manifest, tuple(entries[1:]), where)


def unfold(archive: Archive) -> dict[str, bytes]:
    """Return the members by name, each proved by the manifest's digests of these very bytes.

    Raises
    ------
    IntegrityError
        When a member is not what the manifest says.
    FormatError
        When a member would unfold beyond all proportion.
    """
    return {
        entry.name: _member(archive, entry, member)
        for entry, member in zip(archive.entries, archive.manifest.members, strict=True)
    }


def _member(archive: Archive, entry: Entry, member: Member) -> bytes:
    where = f"{archive.where} > {entry.name}"
    stored = archive.data[entry.begins : entry.ends]
    said = (member.size, member.stored_size, member.stored_sha256)
    if said != (entry.size, entry.stored, _sha256(stored)):
        raise IntegrityError("its bytes are not those that the manifest names", where=where, hint=_DAMAGED)
    if entry.size > largest_unfolded(entry.stored):
        raise FormatError(f"{entry.stored} bytes would unfold to {entry.size}, which no real member does", where=where)
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        plain = stream.decompress(stored, entry.size + 1)
    except zlib.error as error:
        raise IntegrityError(f"it cannot be unfolded ({error})", where=where, hint=_DAMAGED) from error
    whole = stream.eof and not stream.unused_data and not stream.unconsumed_tail
    if not whole or len(plain) != entry.size or zlib.crc32(plain) != entry.crc or _sha256(plain) != member.sha256:
        raise IntegrityError("it does not unfold to the bytes that the manifest names", where=where, hint=_DAMAGED)
    return plain


def _entry(data: bytes, offset: int, name: str, where: str) -> Entry:
    """Return the entry that must lie here, after comparing its header with the only right one."""
    found = read_local_header(data, offset)
    if found is None:
        raise IntegrityError(f"{name} was expected at byte {offset}, and there is none", where=where, hint=_DAMAGED)
    if found[0] != name:
        raise IntegrityError(
            f"{name} was expected at byte {offset}, and {found[0][:60]!r} came", where=where, hint=_DAMAGED
        )
    numbers = found[1]
    limit = MANIFEST_LIMIT if name == MANIFEST else LIMITS[name]
    if numbers.size > limit:
        raise FormatError(f"{name} may have {limit} bytes, and {numbers.size} came", where=where)
    method = STORED if name == MANIFEST else DEFLATED
    entry = Entry(name, method, numbers.crc, numbers.stored, numbers.size, offset)
    whole = entry.ends <= len(data) and (method == DEFLATED or entry.stored == entry.size)
    if not whole or data[offset : entry.begins] != local_header(entry):
        raise IntegrityError(
            f"the header of {name} at byte {offset} is not what was written", where=where, hint=_DAMAGED
        )
    return entry


def _fold(name: str, plain: bytes) -> bytes:
    if len(plain) > LIMITS[name]:
        raise UsageError(
            f"{name} may have {LIMITS[name]} bytes, and {len(plain)} came",
            where=name,
            hint="Use fewer or smaller models in the blend." if name == "model.onnx" else "Store less in it.",
        )
    stream = zlib.compressobj(9 if len(plain) < 16 * 1024 * 1024 else 6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return stream.compress(plain) + stream.flush()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _guess(data: bytes) -> str:
    """Say what a file is that is no bundle, as far as its first bytes tell."""
    if not data:
        return "it is empty"
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "it is a zip file with other members"
    if data.startswith(b"\x80") and data[1:2] <= b"\x05":
        return "it looks like a Python pickle, which is never opened"
    if data.lstrip()[:1] in (b"{", b"["):
        return "it looks like JSON"
    if data.lstrip()[:1] == b"<":
        return "it looks like HTML or XML, perhaps an error page instead of a download"
    return f"it begins with the bytes {data[:8].hex(' ')}"
