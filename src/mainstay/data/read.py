"""The one door through which data comes in: a path, a database address or an object, to a table.

Which reader takes a source is decided by its content here; each reader has a file of its own beside this one.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from mainstay.contracts.errors import DataError, UsageError
from mainstay.data.read_digest import file_digest, frame_digest
from mainstay.data.read_kinds import check_path, file_kind, is_picture_folder, unzipped
from mainstay.data.read_sql import is_sql_address
from mainstay.data.read_text import TextOptions, read_text
from mainstay.data.table import Table

if TYPE_CHECKING:
    import polars as pl

    from mainstay.contracts.findings import Finding
    from mainstay.contracts.schema import Kind, Role
    from mainstay.data.read_kinds import FileKind

__all__ = ["Reading", "read"]


class Reading(TypedDict, total=False):
    """How to read a source, for verbs that pass it on; the keys are the options of :func:`read`."""

    header: str | int
    query: str | None
    sheet: str | int | None
    delimiter: str | None
    encoding: str | None


def read(
    source: Any,
    *,
    header: str | int = "auto",
    query: str | None = None,
    sheet: str | int | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
) -> Table:
    r"""Read a table from whatever holds one.

    Parameters
    ----------
    source : path, str or object
        The path of a text table (CSV, TSV or another delimiter, also as .gz), Parquet, Arrow, JSON lines, Excel or
        SQLite file; a folder of pictures (PNG, JPEG, WebP, BMP); the address of a database for SQLAlchemy; a pandas,
        Polars or Arrow table; a NumPy array of two dimensions or with fields; a dict of columns; a list of dicts; or
        a Table, which is returned as it is.
    header : {"auto", "none"} or int, default "auto"
        For text and Excel: whether to find the header, that there is none, or its line, counted from 1.
    query : str, optional
        For databases: the SQL whose answer is the table. An SQLite file with one table needs none.
    sheet : str or int, optional
        For Excel: the sheet's name, or its number from 1. By default the first that has cells.
    delimiter, encoding : str, optional
        For text: overrides what is found in the file.

    Returns
    -------
    Table
        From text all columns are String: the text of each cell without the blanks around it, null where there was
        nothing. Nothing is converted, so "007" and "1,5" stay what they are. Other sources keep their types.

    Raises
    ------
    DataError
        When there is no file, or it is no table: empty, ragged, damaged, of an unknown format.
    UsageError
        When an option cannot work with the source.
    MissingPackageError
        When a database's driver is not installed.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "towns.csv"
    ...     _ = path.write_bytes("town;people\nZürich; 443.037\nBern;\n".encode("cp1252"))
    ...     table = read(path)
    >>> table.frame.rows()
    [('Zürich', '443.037'), ('Bern', None)]
    >>> [note.code for note in table.notes]
    ['text.encoding']
    """
    if isinstance(source, Table):
        return source
    if isinstance(source, str) and is_sql_address(source):
        return _from_database(source, query)
    if isinstance(source, str | os.PathLike):
        options = TextOptions(header, delimiter, encoding)
        return _from_file(Path(source).expanduser(), options, query=query, sheet=sheet)
    from mainstay.data.read_objects import read_object

    frame, name, notes = read_object(source)
    return _table(frame, name, frame_digest(frame), notes)


def _from_database(address: str, query: str | None) -> Table:
    from mainstay.data.read_sql import read_sql

    frame, name, notes = read_sql(address, query)
    return _table(frame, name, frame_digest(frame), notes)


def _from_folder(path: Path) -> Table:
    from mainstay.data.read_images import read_images

    frame, digest, notes = read_images(path)
    kinds: dict[str, Kind] = {"file": "identifier"}
    roles: dict[str, Role] = {name: "ignored" for name in ("file", "folder") if name in frame.columns}
    return Table(frame, str(path), digest, notes, kinds, roles)


def _from_file(path: Path, options: TextOptions, *, query: str | None, sheet: str | int | None) -> Table:
    if is_picture_folder(path):
        return _from_folder(path)
    check_path(path)
    kind = file_kind(path)
    _check_options(kind, path, options, query=query, sheet=sheet)
    if kind == "sqlite":
        from mainstay.data.read_sql import read_sqlite

        frame, notes = read_sqlite(path, query)
        return _table(frame, str(path), frame_digest(frame), notes)
    frame, notes = _rows(kind, path, options, sheet)
    return _table(frame, str(path), file_digest(path), notes)


def _check_options(
    kind: FileKind, path: Path, options: TextOptions, *, query: str | None, sheet: str | int | None
) -> None:
    given = {
        "query": (query is not None, ("sqlite",), "databases"),
        "sheet": (sheet is not None, ("excel",), "Excel files"),
        "header": (str(options.header) != "auto", ("text", "gzip", "excel"), "text and Excel files"),
        "delimiter": (options.delimiter is not None, ("text", "gzip"), "text files"),
        "encoding": (options.encoding is not None, ("text", "gzip"), "text files"),
    }
    for name, (used, kinds, meant) in given.items():
        if used and kind not in kinds:
            raise UsageError(
                f"{name} is for {meant}, and this file is {kind}", where=path.name, hint=f"Leave out {name}."
            )


def _rows(
    kind: FileKind, path: Path, options: TextOptions, sheet: str | int | None
) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    if kind == "parquet":
        from mainstay.data.read_columnar import read_parquet

        return read_parquet(path)
    if kind == "arrow":
        from mainstay.data.read_columnar import read_arrow

        return read_arrow(path)
    if kind == "excel":
        from mainstay.data.read_excel import read_excel

        return read_excel(path, sheet=sheet, header=options.header)
    if kind == "json":
        from mainstay.data.read_json import read_json

        return read_json(path.read_bytes(), where=path.name)
    if kind == "text":
        return read_text(path.read_bytes(), options, where=path.name)
    return _from_gzip(unzipped(path), path, options)


def _from_gzip(raw: bytes, path: Path, options: TextOptions) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    from mainstay.data.read_json import looks_like_json, read_json

    if looks_like_json(raw[:8192]):
        return read_json(raw, where=path.name)
    return read_text(raw, options, where=path.name)


def _table(frame: pl.DataFrame, source: str, digest: str, notes: tuple[Finding, ...]) -> Table:
    if not frame.height or not frame.width:
        what = "no rows" if frame.width else "no columns that can be used"
        raise DataError(f"the table has {what}", where=source, hint="Give a table with rows.", code="data.no_rows")
    return Table(frame, source, digest, notes)
