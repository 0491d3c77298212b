"""Any byte that is not the one that was written is noticed, by a sentence and at once."""

import hashlib
import io
import random
import struct
import time
import zipfile
import zlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.bundle.archive import unfold, walk, write_archive
from mainstay.bundle.layout import FORMAT, LIMITS, MANIFEST, largest_unfolded
from mainstay.bundle.manifest import Manifest
from mainstay.contracts.errors import FormatError, IntegrityError, UsageError


def read(data):
    return unfold(walk(data))


def rewritten(data, **changes):
    """The same members under a manifest of another shape, with every sum and size right."""
    parts = read(data)
    old = msgspec.to_builtins(walk(data).manifest)
    return write_archive(parts, lambda members: {**old, "members": members, **changes})


def refused(data, kinds=(IntegrityError, FormatError)):
    with pytest.raises(kinds) as caught:
        read(data)
    assert str(caught.value).endswith(".")
    assert type(caught.value) in (IntegrityError, FormatError)
    return str(caught.value)


def test_what_is_read_is_what_was_written(data, content):
    archive = walk(data)
    assert archive.digest == hashlib.sha256(zipfile.ZipFile(io.BytesIO(data)).read(MANIFEST)).hexdigest()
    assert list(unfold(archive)) == list(LIMITS)
    assert unfold(archive)["model.onnx"] == content.model


def test_other_zip_readers_read_it_too(data):
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.namelist() == [MANIFEST, *LIMITS]
        assert file.testzip() is None
        assert {name: file.read(name) for name in LIMITS} == read(data)


def test_every_single_byte_flipped_is_noticed(data):
    chosen = random.Random(0)
    started = time.perf_counter()
    for place in range(len(data)):
        broken = bytearray(data)
        broken[place] ^= 1 << chosen.randrange(8)
        with pytest.raises((IntegrityError, FormatError)):
            read(bytes(broken))
    assert time.perf_counter() - started < 20


def test_every_truncation_is_noticed(data):
    for length in [*range(0, len(data), 7), len(data) - 1]:
        with pytest.raises((IntegrityError, FormatError)):
            read(data[:length])


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_mutation_gets_through_or_raises_anything_else(data, draw):
    place = draw.draw(st.integers(0, len(data)))
    length = draw.draw(st.integers(0, 64))
    patch = draw.draw(st.binary(max_size=64))
    mutated = data[:place] + patch + data[place + length :]
    if mutated != data:
        refused(mutated)


@given(st.binary(max_size=300))
def test_random_bytes_are_no_bundle(junk):
    refused(junk, FormatError)


@pytest.mark.parametrize("extra", [b"\0", b"PK\x05\x06" + bytes(18), b"x" * 70_000])
def test_bytes_before_or_after_are_noticed(data, extra):
    assert "too many" in refused(data + extra, IntegrityError)
    refused(extra + data)


def spans(data):
    entries = walk(data).entries
    first = entries[0].offset
    return [data[:first], *(data[entry.offset : entry.ends] for entry in entries)], data[entries[-1].ends :]


def test_members_in_another_order_twice_or_missing(data):
    members, end = spans(data)
    swapped = [members[0], members[2], members[1], *members[3:]]
    assert "schema.toml was expected" in refused(b"".join(swapped) + end, IntegrityError)
    twice = [*members[:2], members[1], *members[2:]]
    assert "'schema.toml' came" in refused(b"".join(twice) + end, IntegrityError)
    assert "was expected" in refused(b"".join(members[:-1]) + end, IntegrityError)
    assert "directory" in refused(b"".join(members), IntegrityError)


def zipped(data, change, *, compression=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as file:
        for name in [MANIFEST, *LIMITS]:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_STORED if name == MANIFEST else compression
            change(info)
            file.writestr(info, zipfile.ZipFile(io.BytesIO(data)).read(name))
    return out.getvalue()


@pytest.mark.parametrize(
    "change",
    [
        lambda info: setattr(info, "date_time", (2026, 1, 1, 0, 0, 0)),
        lambda info: setattr(info, "extra", b"\x01\x00\x04\x00abcd"),
        lambda info: setattr(info, "comment", b"hidden"),
        lambda info: setattr(info, "external_attr", 0o120777 << 16),
        lambda info: setattr(info, "filename", "/" + info.filename) if info.filename == "card.md" else None,
        lambda info: setattr(info, "filename", "../" + info.filename) if info.filename == "card.md" else None,
        lambda info: setattr(info, "filename", "deep/" + info.filename) if info.filename == "card.md" else None,
        lambda info: setattr(info, "filename", "payload.py") if info.filename == "card.md" else None,
        lambda info: setattr(info, "compress_type", zipfile.ZIP_STORED),
        lambda info: setattr(info, "create_system", 0),
    ],
)
def test_a_zip_file_that_another_program_wrote(data, change):
    refused(zipped(data, change))


def test_newer_formats_say_who_reads_them(data):
    message = refused(rewritten(data, format=7, mainstay="9.1.0", news={"a": [1]}), FormatError)
    assert "written by mainstay '9.1.0' in format 7" in message
    assert f"reads formats up to {FORMAT}" in message
    assert "Install mainstay 9.1.0 or later" in message


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 0},
        {"format": -1},
        {"format": 1.5},
        {"format": "1"},
        {"format": None},
        {"created": 5},
        {"versions": {"python": 3}},
        {"versions": []},
        {"surprise": 1},
        {"members": []},
        {"members": [{"name": "../x", "size": 0, "sha256": "", "stored_size": 0, "stored_sha256": ""}]},
        {"members": {}},
        {"mainstay": ["x"]},
    ],
)
def test_manifests_of_another_shape(data, changes):
    assert "manifest" in refused(rewritten(data, **changes), FormatError) or "format" in str(changes)


def test_a_manifest_in_other_words_is_refused(data):
    manifest = walk(data).manifest
    spaced = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    doubled = msgspec.json.encode(manifest).replace(b'{"format":2', b'{"format":2,"format":2', 1)
    for text in (spaced, doubled, b"[" * 60_000, b"{}", b"\xff", b""):
        assert "manifest" in refused(with_manifest(data, text), FormatError)


def with_manifest(data, text):
    """Put other bytes in the manifest's place, with the sums of the frame right."""
    old = data[: walk(data).entries[0].offset]
    name = MANIFEST.encode()
    head = struct.pack(
        "<4s5H3I2H", b"PK\x03\x04", 20, 0, 0, 0, 33, zlib.crc32(text), len(text), len(text), len(name), 0
    )
    return head + name + text + data[len(old) :]


def test_digests_are_of_the_bytes_that_are_parsed(data):
    """The frame and both sums of the zip file are right; only the manifest knows better."""
    parts = read(data)
    honest = walk(data).manifest
    forged = {**parts, "card.md": b"# another card\n"}
    for members in (honest.members, None):
        lying = write_archive(forged, lambda real, kept=members: Manifest(**fields(honest, kept or lies(real))))
        assert "card.md" in refused(lying, IntegrityError)


def fields(manifest, members):
    return {"format": 1, "mainstay": "0", "created": "", "versions": {}, "members": members} | {
        "mainstay": manifest.mainstay
    }


def lies(members):
    return tuple(
        msgspec.structs.replace(member, sha256="0" * 64) if member.name == "card.md" else member for member in members
    )


def test_bombs_are_small_when_they_go_off(data):
    parts = read(data)
    old = walk(data).manifest
    bomb = {**parts, "report.html": bytes(60 * 1024 * 1024)}
    packed = write_archive(bomb, lambda members: Manifest(**fields(old, members)))
    assert len(packed) < 100_000
    started = time.perf_counter()
    assert "no real member does" in refused(packed, FormatError)
    assert time.perf_counter() - started < 0.1
    assert largest_unfolded(1) < 20 * 1024 * 1024


@pytest.mark.parametrize("claimed", [0, 5, 2**32 - 1])
def test_sizes_that_are_not_true(data, claimed):
    entry = next(entry for entry in walk(data).entries if entry.name == "card.md")
    broken = bytearray(data)
    broken[entry.offset + 22 : entry.offset + 26] = struct.pack("<I", claimed)
    refused(bytes(broken))


def test_writers_refuse_members_beyond_the_limit(data):
    parts = {**read(data), "card.md": bytes(LIMITS["card.md"] + 1)}
    with pytest.raises(UsageError, match=r"card\.md may have"):
        write_archive(parts, lambda members: members)


@pytest.mark.parametrize(
    ("start", "guess"),
    [
        (b"", "empty"),
        (b"\x80\x04\x95abc", "pickle"),
        (b'{"a": 1}', "JSON"),
        (b"<!doctype html>", "error page"),
        (b"\x08\x0a\x12", "begins with the bytes 08 0a 12"),
    ],
)
def test_files_of_other_kinds_are_named(start, guess):
    assert guess in refused(start, FormatError)


def test_another_zip_file_is_named():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("word/document.xml", "x")
    assert "zip file with other members" in refused(out.getvalue(), FormatError)
