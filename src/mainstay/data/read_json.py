"""Read JSON lines, or a JSON array of objects, or an object of arrays.

Polars parses lines fast but refuses a file in which one key holds now a number and now a text; then the lines are
parsed one by one, and the mixture is reported as in every other source.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mainstay.contracts.errors import DataError
from mainstay.data.read_names import clean_names
from mainstay.data.read_objects import read_object
from mainstay.data.read_values import tidy_frame
from mainstay.data.text_encoding import to_utf8

if TYPE_CHECKING:
    import polars as pl

    from mainstay.contracts.findings import Finding

__all__ = ["looks_like_json", "read_json"]

_HINT = 'Give one object per line, such as {"age": 31, "city": "Bern"}, or an array of such objects.'


def looks_like_json(head: bytes) -> bool:
    """Say whether a text begins as JSON rows do.

    Examples
    --------
    >>> looks_like_json(b' [{"a": 1}]'), looks_like_json(b'[a],b')
    (True, False)
    """
    start = b"".join(head.removeprefix(b"\xef\xbb\xbf")[:4096].split())
    return start.startswith((b'{"', b'[{"', b"[{}")) or start in {b"{}", b"[]", b"[{}]"}


def read_json(raw: bytes, *, where: str) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    r"""Return the rows of JSON text.

    Raises
    ------
    DataError
        When the text is no JSON, or no table.

    Examples
    --------
    >>> read_json(b'{"a": 1}\n{"a": "x", "b": [1]}\n', where="x.jsonl")[0].rows()
    [('1', None), ('x', '[1]')]
    """
    data, notes = to_utf8(raw, where=where)
    if not data.strip():
        raise DataError("the file is empty", where=where, hint=_HINT, code="data.empty")
    frame, findings = _lines_at_once(data) or _object(_parsed(data, where), where)
    if not frame.height:
        raise DataError("the file has no rows", where=where, hint=_HINT, code="data.no_rows")
    return frame, (*notes, *findings)


def _lines_at_once(data: bytes) -> tuple[pl.DataFrame, tuple[Finding, ...]] | None:
    """Return JSON lines by Polars, or None where they are not plain enough for it.

    Only texts, booleans and numbers of one type are taken: for others the slow way keeps more.
    """
    import polars as pl

    if not data.lstrip().startswith(b"{"):
        return None
    try:
        frame = pl.read_ndjson(data, infer_schema_length=None)
    except (pl.exceptions.PolarsError, ValueError):
        return None
    if frame.height != _line_count(data) or not all(
        dtype in (pl.Int64, pl.Float64, pl.Boolean) for dtype in frame.dtypes
    ):
        return None
    names, notes = clean_names(frame.columns)
    tidy, findings = tidy_frame(frame.rename(dict(zip(frame.columns, names, strict=True))))
    return tidy, (*notes, *findings)


def _line_count(data: bytes) -> int:
    return sum(not line.isspace() for line in data.splitlines() if line)


def _parsed(data: bytes, where: str) -> Any:
    try:
        return json.loads(data)
    except json.JSONDecodeError as error:
        if data.lstrip().startswith(b"["):
            raise _broken(error, error.lineno, where) from error
    except RecursionError as error:
        raise DataError("the JSON is nested too deeply", where=where, hint=_HINT, code="data.json") from error
    rows = list[Any]()
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.strip():
            rows.append(_line(line, number, where))
    return rows


def _line(line: bytes, number: int, where: str) -> Any:
    try:
        row = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise _broken(error, number, where) from error
    if not isinstance(row, dict):
        raise DataError(
            f"line {number:,} should hold one JSON object, and it holds {_named(row)}",
            where=where,
            hint=_HINT,
            code="data.json",
        )
    return row


def _broken(error: Exception, line: int, where: str) -> DataError:
    reason = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
    return DataError(f"line {line:,} is not valid JSON ({reason})", where=where, hint=_HINT, code="data.json")


def _object(value: Any, where: str) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    if isinstance(value, dict) and not (value and all(isinstance(column, list) for column in value.values())):
        value = [value]
    if not isinstance(value, list | dict):
        raise DataError(f"a table was expected, and {_named(value)} came", where=where, hint=_HINT, code="data.json")
    try:
        frame, _, findings = read_object(value)
    except DataError as error:
        raise DataError(error.message, where=where, hint=_HINT, code="data.json") from error
    return frame, findings


def _named(value: Any) -> str:
    names = {list: "an array", dict: "an object", str: "a text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
