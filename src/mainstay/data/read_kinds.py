"""What a file is, by its first bytes; its name is only a hint and lies now and then.

Files that cannot be read are known here too, so that each gets a sentence that helps instead of a parser's error.
"""

from __future__ import annotations

import difflib
import zipfile
import zlib
from typing import TYPE_CHECKING, Literal

from mainstay.contracts.errors import DataError
from mainstay.data.read_json import looks_like_json

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FileKind", "check_path", "file_kind", "is_picture_folder", "unzipped"]

FileKind = Literal["text", "gzip", "json", "parquet", "arrow", "excel", "sqlite"]

_KNOWN: tuple[tuple[bytes, FileKind], ...] = (
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"\xff\xff\xff\xff", "arrow"),
    (b"SQLite format 3\0", "sqlite"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "excel"),
    (b"\x1f\x8b", "gzip"),
)
_REFUSED = (
    (b"BZh", "a bzip2 archive", "Unpack it first."),
    (b"\xfd7zXZ\0", "an xz archive", "Unpack it first."),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "Unpack it first."),
    (b"7z\xbc\xaf", "a 7z archive", "Unpack it first."),
    (b"Rar!", "a RAR archive", "Unpack it first."),
    (b"\x93NUMPY", "a NumPy file", "Load it with numpy.load(path, allow_pickle=False) and give the array."),
    (b"\x89HDF", "an HDF5 file", "Save its table as Parquet or CSV."),
    (b"%PDF", "a PDF", "Save its table as CSV."),
    (b"\x89PNG", "a PNG picture", "Give the folder that it is in: a folder of pictures is a table."),
    (b"\xff\xd8\xff", "a JPEG picture", "Give the folder that it is in: a folder of pictures is a table."),
    (b"GIF8", "a GIF picture", "Give the folder that it is in: a folder of pictures is a table."),
    (b"FEA1", "a Feather file of version 1", "Save it again as Feather 2 or Parquet."),
    (b"ORC", "an ORC file", "Save it as Parquet."),
    (b"Obj\x01", "an Avro file", "Save it as Parquet."),
    (b"\x80\x02", "a pickle", "Pickles can run code and are never opened; save the table as Parquet or CSV."),
    (b"\x80\x03", "a pickle", "Pickles can run code and are never opened; save the table as Parquet or CSV."),
    (b"\x80\x04", "a pickle", "Pickles can run code and are never opened; save the table as Parquet or CSV."),
    (b"\x80\x05", "a pickle", "Pickles can run code and are never opened; save the table as Parquet or CSV."),
    (b"<!DOCTYPE", "a web page", "Save its table as CSV."),
    (b"<!doctype", "a web page", "Save its table as CSV."),
    (b"<html", "a web page", "Save its table as CSV."),
    (b"<?xml", "an XML file", "Save its table as CSV."),
)
_UNZIPPED_LIMIT = 4 << 30
_PIECE = 1 << 20


def check_path(path: Path) -> None:
    """Refuse a path that leads to no file, with the names that are near it.

    Raises
    ------
    DataError
        When there is nothing, a folder, something that cannot be read, or an empty file.
    """
    try:
        if path.is_dir():
            _refuse_folder(path)
        if not path.exists():
            raise DataError("there is no such file", where=str(path), hint=_near(path), code="data.missing_file")
        if not path.is_file():
            raise DataError("a file was expected", where=str(path), hint="Give a file.", code="data.file_type")
        with path.open("rb") as file:
            if not file.read(1):
                hint = "Give a table with a header and rows."
                raise DataError("the file is empty", where=str(path), hint=hint, code="data.empty")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        hint = "Check the path and your rights."
        raise DataError(f"the file cannot be read ({reason})", where=str(path), hint=hint, code="data.file") from error


def is_picture_folder(path: Path) -> bool:
    """Say whether a path leads to a folder in which there are pictures."""
    try:
        if not path.is_dir():
            return False
    except (OSError, ValueError):
        return False
    from mainstay.data.read_images import holds_pictures

    return holds_pictures(path)


def _refuse_folder(path: Path) -> None:
    names = sorted(item.name for item in path.iterdir() if item.is_file())[:5]
    hint = f"Give one of its files, such as {', '.join(names)}." if names else "Give a file."
    raise DataError("a file was expected, and a folder came", where=str(path), hint=hint, code="data.folder")


def _near(path: Path) -> str:
    if not path.parent.is_dir():
        return f"There is no folder {str(path.parent)!r} either."
    lower = {item.name.lower(): item.name for item in path.parent.iterdir()}
    near = difflib.get_close_matches(path.name.lower(), lower, n=3, cutoff=0.6)
    same_stem = [name for name in lower if name.partition(".")[0] == path.stem.lower()]
    names = [lower[name] for name in dict.fromkeys([*near, *same_stem])][:3]
    return f"Did you mean {' or '.join(names)}?" if names else "Check the path."


def file_kind(path: Path) -> FileKind:
    """Return what a file is, by its content.

    Raises
    ------
    DataError
        When it is a known format that holds no table for mainstay.
    """
    with path.open("rb") as file:
        head = file.read(8192)
    for mark, kind in _KNOWN:
        if head.startswith(mark):
            return kind
    if head.startswith(b"PK\x03\x04"):
        return _zipped(path)
    for mark, name, hint in _REFUSED:
        if head.startswith(mark):
            raise DataError(f"a table was expected, and {name} came", where=path.name, hint=hint, code="data.format")
    suffixes = [suffix.lower() for suffix in path.suffixes[-1:]]
    if suffixes and suffixes[0] in {".json", ".jsonl", ".ndjson"}:
        return "json"
    return "json" if looks_like_json(head) else "text"


def _zipped(path: Path) -> FileKind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError) as error:
        hint = "Fetch or write it again."
        raise DataError("the zip archive is damaged", where=path.name, hint=hint, code="data.damaged") from error
    if any(name.startswith("xl/") for name in names) or "content.xml" in names:
        return "excel"
    if "manifest.json" in names and "model.onnx" in names:
        raise DataError(
            "a table was expected, and a mainstay model came",
            where=path.name,
            hint="Give the model first and the table second.",
            code="data.format",
        )
    if any(name.endswith(".npy") for name in names):
        hint = "Load it with numpy.load(path, allow_pickle=False) and give one of its arrays."
        raise DataError("a table was expected, and NumPy arrays came", where=path.name, hint=hint, code="data.format")
    hint = f"Unpack it first; it holds {', '.join(names[:3])}."
    raise DataError("a table was expected, and a zip archive came", where=path.name, hint=hint, code="data.format")


def unzipped(path: Path) -> bytes:
    """Return the content of a gzip file, up to 4 GiB.

    Raises
    ------
    DataError
        When the file is damaged or its content is larger.
    """
    unpacker = zlib.decompressobj(wbits=31)
    pieces, size = list[bytes](), 0
    with path.open("rb") as file:
        try:
            while packed := unpacker.unconsumed_tail or unpacker.unused_data or file.read(_PIECE):
                if unpacker.eof:
                    unpacker = zlib.decompressobj(wbits=31)
                pieces.append(unpacker.decompress(packed, _PIECE))
                size += len(pieces[-1])
                if size > _UNZIPPED_LIMIT:
                    raise _gzip_error(path, f"holds more than {_UNZIPPED_LIMIT >> 20:,} MiB", "Unpack and split it.")
        except zlib.error as error:
            raise _gzip_error(path, "is damaged", "Fetch or write it again.") from error
    if not unpacker.eof:
        raise _gzip_error(path, "ends too early", "Fetch or write it again.")
    return b"".join(pieces)


def _gzip_error(path: Path, what: str, hint: str) -> DataError:
    return DataError(f"the gzip file {what}", where=path.name, hint=hint, code="data.gzip")
