"""The first member of a bundle: what the others must be. Its SHA-256 is the digest by which a model is known."""

from __future__ import annotations

import hashlib

import msgspec

from mainstay.bundle.layout import FORMAT, LIMITS
from mainstay.contracts.errors import FormatError

__all__ = ["Manifest", "Member", "check_format", "digest_of", "read_manifest"]


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One member, as it must be.

    Parameters
    ----------
    name : str
    size : int
        Its bytes.
    sha256 : str
        Of its bytes, the ones that are parsed; in hexadecimal digits.
    stored_size : int
        The bytes that it takes in the file.
    stored_sha256 : str
        Of the bytes in the file. A compressed stream has bits that change nothing when it is unfolded; this digest
        notices them too.
    """

    name: str
    size: int
    sha256: str
    stored_size: int
    stored_sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a bundle says of itself.

    Parameters
    ----------
    format : int
    mainstay : str
        The version that wrote it.
    created : str
        The time of writing, ISO 8601 in UTC.
    versions : dict of str to str
        Of Python and of the packages that took part.
    members : tuple of Member
        In their order in the file; the manifest itself is not among them.
    """

    format: int
    mainstay: str
    created: str
    versions: dict[str, str]
    members: tuple[Member, ...]


class _Sniff(msgspec.Struct):
    format: int
    mainstay: str = "an unknown version"


def digest_of(manifest: bytes) -> str:
    """Return the digest of a bundle, from the bytes of its manifest."""
    return hashlib.sha256(manifest).hexdigest()


def check_format(data: bytes, where: str) -> None:
    """Refuse a format that this version does not read, before anything else of the file is looked at.

    Raises
    ------
    FormatError
        When the manifest does not say its format, or says a newer one.
    """
    from mainstay import __version__

    try:
        sniff = msgspec.json.decode(data, type=_Sniff)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise FormatError(f"the manifest does not say its format ({error})", where=where) from error
    if sniff.format > FORMAT:
        raise FormatError(
            f"written by mainstay {sniff.mainstay[:40]!r} in format {sniff.format}; this is mainstay {__version__} and "
            f"reads formats up to {FORMAT}",
            where=where,
            hint=f"Install mainstay {sniff.mainstay[:40]} or later.",
        )
    if sniff.format < 1:
        raise FormatError(f"the format must be 1 or more, and {sniff.format} came", where=where)


def read_manifest(data: bytes, where: str) -> Manifest:
    """Return the manifest from the bytes of its member.

    Raises
    ------
    FormatError
        When it is not exactly what a writer of this format writes.
    """
    place = f"{where} > manifest.json"
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise FormatError(f"it must be a manifest of a format up to {FORMAT} ({error})", where=place) from error
    if msgspec.json.encode(manifest) != data:
        raise FormatError("it is not in the one way in which manifests are written", where=place)
    names = [member.name for member in manifest.members]
    if names != list(LIMITS):
        shown = ", ".join(name[:40] for name in names[:12])
        raise FormatError(f"the members must be {', '.join(LIMITS)}, and {shown or 'none'} came", where=place)
    return manifest
