"""What a request asks: the body of a prediction as rows, or the one sentence that says why it is none.

A body comes from anyone. It is JSON of a fixed shape, of bounded size and depth, or it is refused with the place.
"""

from __future__ import annotations

import contextlib
import difflib
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from mainstay.contracts.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "Asked", "Cell", "Row", "UnreadableRow", "brief", "nearest", "path_of", "path_of_client", "raw_rows", "read_body",
    "read_json", "row_path",
]  # fmt: skip

Cell = str | int | float | bool | None
Row = dict[str, Cell]

_SINGLE = msgspec.json.Decoder(dict[str, Cell | list[Row]])
_ROW = msgspec.json.Decoder(Row)
_RAW = msgspec.json.Decoder(msgspec.Raw)
_ANY = msgspec.json.Decoder()
_RAW_ROWS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_RAWS = msgspec.json.Decoder(list[msgspec.Raw])
_SHOWN = 100  # of whatever came from a client, no more is repeated
_COMPARED = 3
_SHAPE = 'Send one row, {"column": value, ...}, or several, {"rows": [{...}, ...]}.'


class Asked(NamedTuple):
    """The rows that a request asks about.

    Parameters
    ----------
    rows : list of dict
        Cells by column name.
    single : bool
        Whether the body was one row rather than a list.
    on_error : {"fail", "row"}
        Whether one refused row refuses all.
    """

    rows: Sequence[Row]
    single: bool
    on_error: Literal["fail", "row"] = "fail"


class UnreadableRow(dict[str, Cell]):
    """The place of a row that is JSON and no row: it has no cells, and says why.

    Parameters
    ----------
    error : RequestError
    """

    def __init__(self, error: RequestError) -> None:
        super().__init__()
        self.error = error


def read_json(body: bytes, row: int | None = None) -> Any:
    """Return JSON as plain values.

    Parameters
    ----------
    body : bytes
    row : int, optional
        Its number, where it is a row of a larger body.

    Raises
    ------
    RequestError
        With status 400 where it is empty, no JSON, or nested too deeply, 422 where it holds a number that is too large.

    Examples
    --------
    >>> read_json(b'{"a": [1, null]}')
    {'a': [1, None]}
    """
    if not body.strip():
        raise RequestError("the body is empty", where="body", hint=_SHAPE, code="empty")
    try:
        _RAW.decode(body)
        return _ANY.decode(body)
    except RecursionError:
        raise RequestError("the body is nested too deeply", where="body", hint=_SHAPE, code="too_deep") from None
    except msgspec.ValidationError:  # JSON has numbers without end; float64 and Python's reading of digits have not
        raise RequestError(
            "a number beyond what can be read came", status=422, where=_place_beyond(body, row_path(row)), code="bad",
            hint="Numbers are read as float64, up to 1.8e308.",
        ) from None  # fmt: skip
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        said = str(error).removeprefix("JSON is malformed: ")
        raise RequestError(f"the body is not JSON ({said})", where="body", hint=_SHAPE, code="not_json") from None


def _place_beyond(body: bytes | msgspec.Raw, root: str) -> str:
    """Return where the first number stands that cannot be read: the cell, or what a cell may not hold."""
    try:
        members: Mapping[str, msgspec.Raw] = _RAW_ROWS.decode(body)
    except msgspec.DecodeError:
        return root
    for name, value in members.items():
        if _is_read(value):
            continue
        if name == "rows" and root == "$":
            with contextlib.suppress(msgspec.DecodeError):
                for at, row in enumerate(_RAWS.decode(value)):
                    if not _is_read(row):
                        return _place_beyond(row, row_path(at))
        return f"{root}{path_of_client(name).removeprefix('$')}"
    return root


def _is_read(value: msgspec.Raw) -> bool:
    try:
        _ANY.decode(value)
    except msgspec.DecodeError:
        return False
    return True


def read_body(body: bytes, most_rows: int) -> Asked:
    """Return what the body of a prediction asks.

    Raises
    ------
    RequestError
        With status 400 where it is not JSON, 413 where it has too many rows, 422 where it has not the shape.

    Examples
    --------
    >>> read_body(b'{"age": 31}', 10).rows
    [{'age': 31}]
    >>> read_body(b'{"rows": [{"age": 31}, {"age": 32}], "on_error": "row"}', 10).on_error
    'row'
    """
    try:
        given = _SINGLE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = _one_by_one(body, most_rows)
        if found is None:
            raise _shape_error(read_json(body)) from None
        return found
    rows = given.get("rows")
    if isinstance(rows, list):
        return _batch(given, rows, most_rows)
    for name, value in given.items():
        if isinstance(value, list):
            raise _no_cell(value, path_of_client(name))
    return Asked([given], single=True)  # type: ignore[list-item]  # no cell is a list, as the loop has seen


def _batch(given: Mapping[str, Any], rows: list[Row], most_rows: int) -> Asked:
    unknown = [name for name in given if name not in ("rows", "on_error")]
    if unknown:
        raise RequestError(
            f"beside rows only on_error may stand, and {brief(unknown[0])} came", status=422,
            where=path_of_client(unknown[0]), hint=_SHAPE, code="unknown_field",
        )  # fmt: skip
    on_error = given.get("on_error", "fail")
    if on_error not in ("fail", "row"):
        raise RequestError(
            f'on_error must be "fail" or "row", and {brief(on_error)} came', status=422, where="$.on_error", code="bad",
            hint='"row" answers the other rows where one is refused.',
        )  # fmt: skip
    _check_count(len(rows), most_rows)
    return Asked(rows, single=False, on_error=on_error)


def _check_count(count: int, most_rows: int) -> None:
    if not count:
        raise RequestError("there is no row", status=422, where="$.rows", hint="Send at least one.", code="empty")
    if count > most_rows:
        raise RequestError(
            f"{most_rows:,} rows may come at once, and {count:,} came", status=413, where="$.rows",
            hint="Send them in several requests.", code="too_many_rows",
        )  # fmt: skip


def _one_by_one(body: bytes, most_rows: int) -> Asked | None:
    """Return the rows of a body of which some cannot be read; None where that is to refuse all of them."""
    try:
        members = _RAW_ROWS.decode(body)
        raws = _RAWS.decode(members["rows"])
        alone = len(members) == 2 and _ANY.decode(members["on_error"]) == "row"
    except (KeyError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not alone:
        return None
    _check_count(len(raws), most_rows)
    return Asked([_row_of(raw, at) for at, raw in enumerate(raws)], single=False, on_error="row")


def _row_of(raw: msgspec.Raw, at: int) -> Row:
    """Return a row, or its place with the reason why it is none; what is no JSON at all refuses the body."""
    try:
        return _ROW.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return UnreadableRow(_no_row(read_json(bytes(raw), at), at))
    except RequestError as error:
        if error.status != 422:
            raise
        return UnreadableRow(error)


def raw_rows(body: bytes, *, single: bool) -> list[bytes]:
    """Return each row of a body as the very bytes that came.

    Examples
    --------
    >>> raw_rows(b'{"rows": [{"a": 1.50}, {}]}', single=False)
    [b'{"a": 1.50}', b'{}']
    """
    if single:
        return [body]
    return [bytes(row) for row in _RAWS.decode(_RAW_ROWS.decode(body)["rows"])]


def _shape_error(given: Any) -> RequestError:
    """Return what is wrong with JSON that has not the shape of a prediction's body."""
    if isinstance(given, list):
        return RequestError("the body is a list", status=422, where="$", hint=_SHAPE, code="shape")
    if not isinstance(given, dict):
        return RequestError(f"the body is {_kind(given)} and no object", status=422, where="$", hint=_SHAPE,
                            code="shape")  # fmt: skip
    rows = given.get("rows")
    if isinstance(rows, list):
        for at, row in enumerate(rows):
            if not isinstance(row, dict) or any(isinstance(value, list | dict) for value in row.values()):
                return _no_row(row, at)
    for name, value in given.items():
        if isinstance(value, list | dict) and not (name == "rows" and isinstance(value, list)):
            return _no_cell(value, path_of_client(name))
    return RequestError("the body holds a value that cannot be read", status=422, where="$", hint=_SHAPE, code="shape")


def _no_row(row: Any, at: int) -> RequestError:
    """Return what is wrong with JSON that is no row, or has something else than a cell."""
    if isinstance(row, dict):
        for name, value in row.items():
            if isinstance(value, list | dict):
                return _no_cell(value, path_of_client(name, at))
    return RequestError(
        f"a row is an object of names and values, and {_kind(row)} came", status=422, where=row_path(at), hint=_SHAPE,
        code="shape",
    )  # fmt: skip


def _no_cell(value: Any, where: str) -> RequestError:
    return RequestError(
        f"a value is a text, a number, true, false or null, and {_kind(value)} came", status=422, where=where,
        hint=_SHAPE, code="bad",
    )  # fmt: skip


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def path_of(name: str, row: int | None = None) -> str:
    """Return the JSON path of a cell.

    Examples
    --------
    >>> path_of("age"), path_of("odd name", 3)
    ('$.age', '$.rows[3]["odd name"]')
    """
    root = row_path(row)
    return f"{root}.{name}" if name.isascii() and name.isidentifier() else f"{root}[{json.dumps(name)}]"


def path_of_client(name: str, row: int | None = None) -> str:
    """Return the JSON path of a name that a client gave, which may have any length.

    Examples
    --------
    >>> len(path_of_client("x" * 50_000, 3))
    112
    """
    path = path_of(name[:_SHOWN], row)
    most = len(row_path(row)) + _SHOWN
    return path if len(path) <= most + 4 and len(name) <= _SHOWN else f"{path[:most]}..."


def brief(value: object) -> str:
    """Return what a client sent as it is repeated to it: short, whatever came.

    Examples
    --------
    >>> brief("stop"), brief([1, 2]), len(brief("x" * 50_000))
    ("'stop'", 'a list', 100)
    """
    if isinstance(value, list | dict):
        return _kind(value)
    words = repr(value[: _SHOWN + 1] if isinstance(value, str) else value)
    return words if len(words) <= _SHOWN else f"{words[: _SHOWN - 3]}..."


def row_path(row: int | None) -> str:
    """Return the JSON path of a row, which is the whole body where it came alone.

    Examples
    --------
    >>> row_path(None), row_path(3)
    ('$', '$.rows[3]')
    """
    return "$" if row is None else f"$.rows[{row}]"


def nearest(name: str, known: Sequence[str]) -> str:
    """Return a hint that names the most similar column, or the columns there are.

    Every refused row gets one, so it must cost little, however many columns there are.

    Examples
    --------
    >>> nearest("tenur", ("tenure", "city")), nearest("CITY", ("tenure", "city"))
    ("Did you mean 'tenure'?", "Did you mean 'city'?")
    """
    return _hint(name[:_SHOWN], tuple(known))


@lru_cache(maxsize=256)
def _hint(name: str, known: tuple[str, ...]) -> str:
    word = name.casefold()
    own = _parts_of(word)
    alike = [2 * len(own & parts) / (len(own) + len(parts) or 1) for _, parts in _parts(known)]
    # Counting shared parts is quick, and leaves few to compare letter by letter.
    likely = sorted(range(len(known)), key=alike.__getitem__, reverse=True)[:_COMPARED]
    folded = {_parts(known)[at][0]: known[at] for at in reversed(likely)}
    close = difflib.get_close_matches(word, folded, 1)
    if close:
        return f"Did you mean {folded[close[0]]!r}?"
    shown = ", ".join(known[:12])
    return f"The columns are: {shown}{', ...' if len(known) > 12 else ''}."


@lru_cache(maxsize=32)
def _parts(known: tuple[str, ...]) -> tuple[tuple[str, frozenset[str]], ...]:
    """Return each name without its case, and its parts."""
    folded = [name[:_SHOWN].casefold() for name in known]
    return tuple((name, _parts_of(name)) for name in folded)


def _parts_of(word: str) -> frozenset[str]:
    """Return the letters and the pairs of letters of a word, its ends among them."""
    marked = f"^{word}$"
    return frozenset(word) | {marked[at : at + 2] for at in range(len(marked) - 1)}
