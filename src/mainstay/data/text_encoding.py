"""Turn the bytes of a text file, whatever wrote them, into UTF-8 with plain line ends.

All later steps look at bytes, and in UTF-8 a delimiter, a quote or a line end can never be part of another letter.
No statistics over languages: only what the bytes prove (a mark, valid UTF-8, zero bytes between letters) is
believed; else the encoding of Western European Windows is taken, and said, so that a person can correct it.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from mainstay.contracts.errors import DataError, UsageError
from mainstay.contracts.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["to_utf8"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HEAD = 65_536
_PIECE = 1 << 22
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\v\x01\x1a\x1b\x1c\x1d\x1e\x1f")) + b"\x7f"
_ADVICE = "If letters look wrong, name the encoding (encoding='cp1250', for example) or save the file as UTF-8."


def to_utf8(raw: bytes, *, where: str, encoding: str | None = None) -> tuple[bytes, tuple[Finding, ...]]:
    r"""Return the text as UTF-8 bytes whose lines end in ``\n`` or ``\r\n``.

    Parameters
    ----------
    raw : bytes
        The whole file.
    where : str
        The file's name, for messages.
    encoding : str, optional
        A Python codec name that overrides the detection.

    Returns
    -------
    data : bytes
        UTF-8 without a byte order mark.
    findings : tuple of Finding
        "text.encoding" where the encoding is not plain UTF-8.

    Raises
    ------
    DataError
        When the bytes are not text, or not text of the encoding named.
    UsageError
        When there is no codec of that name.

    Examples
    --------
    >>> data, findings = to_utf8("Zürich".encode("cp1252"), where="cities.csv")
    >>> data.decode(), findings[0].code
    ('Zürich', 'text.encoding')
    """
    if encoding is not None:
        return _plain_line_ends(_named(raw, encoding, where)), ()
    data, findings = _detected(raw, where)
    return _plain_line_ends(data), findings


def _detected(raw: bytes, where: str) -> tuple[bytes, tuple[Finding, ...]]:
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return _marked(raw[len(mark) :], name, where)
    wide = _wide_encoding(raw)
    if wide:
        note = _note("info", f"The file is {wide.upper()} without a byte order mark.")
        return _recode(raw, wide, where), (note,)
    _refuse_binary(raw, where)
    if _is_utf8(raw):
        return raw, ()
    return _mostly_utf8(raw) or _western(raw)


def _marked(body: bytes, name: str, where: str) -> tuple[bytes, tuple[Finding, ...]]:
    if name != "utf-8":
        return _recode(body, name, where), (_note("info", f"The file is {name.upper()}, by its byte order mark."),)
    _refuse_binary(body, where)
    if _is_utf8(body):
        return body, ()
    return _mostly_utf8(body) or _western(body)


def _named(raw: bytes, encoding: str, where: str) -> bytes:
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)
    except (LookupError, UnicodeError) as error:
        raise UsageError(
            f"there is no text encoding named {encoding!r}",
            where="encoding",
            hint="Names such as 'utf-8', 'cp1252', 'iso8859-15' or 'utf-16' work.",
        ) from error
    for mark, marked in _MARKS:
        if raw.startswith(mark) and name.replace("_", "-").startswith(marked[:6]):
            return _recode(raw[len(mark) :], marked, where)
    return _recode(raw, name, where)


def _recode(raw: bytes, name: str, where: str) -> bytes:
    """Return the text as UTF-8, piece by piece, so that no second whole copy as text is held."""
    pieces = list[bytes]()
    try:
        pieces.extend(text.encode() for text in _decoded(raw, name))
    except UnicodeError as error:
        raise DataError(
            f"the file is not valid {name.upper()} text ({error.__class__.__name__} "
            f"after about {sum(map(len, pieces)):,} bytes)",
            where=where,
            hint="Save it again as UTF-8, or name its encoding.",
            code="data.encoding",
        ) from error
    return b"".join(pieces)


def _decoded(raw: bytes, name: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(name)()
    for start in range(0, len(raw), _PIECE):
        yield decoder.decode(raw[start : start + _PIECE])
    yield decoder.decode(b"", final=True)


def _is_utf8(raw: bytes) -> bool:
    if raw.isascii():
        return True
    try:
        for _ in _decoded(raw, "utf-8"):
            pass
    except UnicodeDecodeError:
        return False
    return True


def _wide_encoding(raw: bytes) -> str:
    """Return the name of an encoding of two bytes per letter that has no mark, or nothing.

    In such text line ends and digits have a zero byte always on the same side; in a binary file on both.
    """
    head = raw[:_HEAD]
    if b"\0" not in head or len(raw) % 2:
        return ""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if head.isascii() and max(even, odd) * 5 < len(head) * 2:
        return ""
    for zeros, others, name in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if zeros > 20 * others and zeros * 50 >= len(head):
            try:
                text = head[: len(head) // 4 * 4].decode(name, "ignore")
            except UnicodeError:
                continue
            if sum(not letter.isprintable() and not letter.isspace() for letter in text) * 50 <= len(text):
                return name
    return ""


def _refuse_binary(raw: bytes, where: str) -> None:
    zero = raw.find(b"\0")
    head = raw[:_HEAD]
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if zero >= 0 or controls * 50 > len(head):
        came = f"a zero byte at position {zero:,}" if zero >= 0 else f"{controls:,} control characters near its start"
        raise DataError(
            f"the file is not text: it has {came}, and it is no format that is known here",
            where=where,
            hint="Give CSV or TSV text, Parquet, Arrow, JSON lines, Excel or SQLite.",
            code="data.binary",
        )


def _mostly_utf8(raw: bytes) -> tuple[bytes, tuple[Finding, ...]] | None:
    """Return the text where a few bytes only break valid UTF-8, as in a file cut in the middle of a letter."""
    text = raw.decode("utf-8", "replace")
    broken = text.count("\ufffd") - raw.count(b"\xef\xbf\xbd")
    valid = len(re.findall(r"[^\x00-\x7f\ufffd]", text))
    if broken * 10 > valid:
        return None
    lines = [text.count("\n", 0, text.index("\ufffd")) + 1]
    note = _note(
        "warning", f"The file is UTF-8 but for {broken:,} bytes, first on line {lines[0]:,}; they show as \ufffd."
    )
    return text.encode(), (note,)


def _western(raw: bytes) -> tuple[bytes, tuple[Finding, ...]]:
    try:
        name = "cp1252"
        data = b"".join(text.encode() for text in _decoded(raw, name))
    except UnicodeDecodeError:
        name = "latin-1"
        data = b"".join(text.encode() for text in _decoded(raw, name))
    foreign = len(re.findall(rb"[\x80-\xff]", raw))
    line = raw.count(b"\n", 0, re.search(rb"[\x80-\xff]", raw).start()) + 1  # type: ignore[union-attr]
    runs = sum(map(len, re.findall(rb"[\xc0-\xff]{3,}", raw)))
    doubt = " Many stand side by side, so it may well be another alphabet." if runs * 2 > foreign else ""
    message = f"The file is not UTF-8; {foreign:,} letters, first on line {line:,}, are read as {name}.{doubt}"
    return data, (_note("warning", message),)


def _note(severity: str, message: str) -> Finding:
    return Finding(
        severity="warning" if severity == "warning" else "info", code="text.encoding", message=message, advice=_ADVICE
    )


def _plain_line_ends(data: bytes) -> bytes:
    r"""Return lines that end in ``\n``: a lone ``\r`` (old Macs) and ``\r\r\n`` (a doubled translation) are mended."""
    if b"\r" not in data:
        return data
    feeds = data.count(b"\n")
    if not feeds:
        return data.replace(b"\r", b"\n")
    return data.replace(b"\r\r\n", b"\r\n") if data.count(b"\r\r\n") == feeds else data
