"""Protocol buffers, read without a library: just enough to look into a model before anything loads it.

A library would merge repeated messages, take the last of two values, skip unknown fields and recurse as deep as the
file says. An audit that is lenient where the runtime is not (or the other way round) is none, so this reader knows
every field it accepts, takes no field twice that may come once, and has a budget.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from mainstay.contracts.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

__all__ = ["Field", "Span", "Wire", "whole_numbers"]

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_LARGEST_VARINT = 10
_CHUNK = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Field:
    """A field that a message may have.

    Parameters
    ----------
    name : str
    kind : {"number", "bytes", "fixed32", "numbers"}
        "numbers" is a list of whole numbers, packed or not, which may have millions of items.
    many : bool, default False
        Whether it may come more than once.
    """

    name: str
    kind: Literal["number", "bytes", "fixed32", "numbers"]
    many: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the model's bytes."""

    start: int
    end: int


_WIRE_OF = {"number": (VARINT,), "bytes": (BYTES,), "fixed32": (FIXED32,), "numbers": (VARINT, BYTES)}


class Wire:
    """A reader over the bytes of one model.

    Parameters
    ----------
    data : bytes
    budget : int, default 2,000,000
        How many fields may be read in all; numbers in lists do not count.
    """

    def __init__(self, data: bytes, budget: int = 2_000_000) -> None:
        self.data = data
        self._budget = budget

    def bytes_of(self, span: Span) -> bytes:
        """Return the bytes of a stretch."""
        return self.data[span.start : span.end]

    def text_of(self, span: Span, where: str) -> str:
        """Return the text of a stretch, which must be short and printable ASCII."""
        raw = self.data[span.start : min(span.end, span.start + 257)]
        if len(raw) > 256 or any(not 32 <= byte < 127 for byte in raw):
            raise FormatError(f"a name must be up to 256 printable ASCII signs, and {raw[:40]!r} came", where=where)
        return raw.decode("ascii")

    def message(self, span: Span, fields: Mapping[int, Field], where: str) -> dict[str, list[int | Span]]:
        """Return the fields of a message that has no list of whole numbers, by name."""
        found: dict[str, list[int | Span]] = {}
        for field, value in self._fields(span, fields, where):
            if field.name in found and not field.many:
                raise FormatError(f"{field.name} comes twice", where=where)
            found.setdefault(field.name, []).append(value)
        return found

    def with_list(
        self, span: Span, fields: Mapping[int, Field], where: str
    ) -> tuple[dict[str, list[int | Span]], NDArray[np.int64]]:
        """Return the fields of a message that has one list of whole numbers, and that list."""
        found: dict[str, list[int | Span]] = {}
        parts: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
        for field, value in self._fields(span, fields, where, parts):
            if field.name in found and not field.many:
                raise FormatError(f"{field.name} comes twice", where=where)
            found.setdefault(field.name, []).append(value)
        return found, np.concatenate(parts)

    def _fields(
        self,
        span: Span,
        fields: Mapping[int, Field],
        where: str,
        parts: list[NDArray[np.int64]] | None = None,
    ) -> Iterator[tuple[Field, int | Span]]:
        at = span.start
        while at < span.end:
            self._budget -= 1
            if self._budget < 0:
                raise FormatError("the graph has more parts than a model of ours can have", where=where)
            begin = at
            tag, at = self._varint(at, span.end, where)
            field = fields.get(tag >> 3)
            if field is None or tag & 7 not in _WIRE_OF[field.kind]:
                raise FormatError(_refusal(tag), where=where)
            if field.kind == "numbers" and parts is not None:
                values, at = self._packed(at, span.end, where) if tag & 7 == BYTES else self._run(begin, tag, span.end)
                if at == begin:
                    raise FormatError(f"the list at byte {begin} ends within a number", where=where)
                parts.append(values)
            elif tag & 7 == VARINT:
                value, at = self._varint(at, span.end, where)
                yield field, value
            else:
                length, at = (4, at) if tag & 7 == FIXED32 else self._varint(at, span.end, where)
                if length > span.end - at:
                    raise FormatError(f"{field.name} at byte {begin} reaches past its message", where=where)
                yield field, Span(at, at + length)
                at += length

    def _packed(self, at: int, end: int, where: str) -> tuple[NDArray[np.int64], int]:
        """Return a list in one piece, and where it ends."""
        length, at = self._varint(at, end, where)
        values, used = whole_numbers(self.data, at, at + min(length, end - at))
        if used != length:
            raise FormatError(f"the list at byte {at} does not fill its place", where=where)
        return values, at + length

    def _run(self, at: int, tag: int, end: int) -> tuple[NDArray[np.int64], int]:
        """Return the numbers that follow each other with the same tag, and where they end."""
        parts = [np.empty(0, np.int64)]
        while at < end:
            flat, used = whole_numbers(self.data, at, min(end, at + _CHUNK))
            other = np.flatnonzero(flat[0::2] != tag)
            pairs = min(int(other[0]) if len(other) else len(flat), len(flat) // 2)
            if not pairs:
                break
            parts.append(flat[1 : 2 * pairs : 2])
            at += _length_of(self.data, at, at + used, 2 * pairs)
            if len(other):
                break
        return np.concatenate(parts), at

    def _varint(self, at: int, end: int, where: str) -> tuple[int, int]:
        value = 0
        for shift in range(0, 7 * _LARGEST_VARINT, 7):
            if at >= end:
                raise FormatError(f"the model ends within a number at byte {at}", where=where)
            byte = self.data[at]
            at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value, at
        raise FormatError(f"a number at byte {at} is too long", where=where)


def whole_numbers(data: bytes, start: int, end: int) -> tuple[NDArray[np.int64], int]:
    """Return all whole numbers (base-128 varints) between two places, and how many bytes they take.

    Reading stops before a number that is cut off or longer than 10 bytes.

    Examples
    --------
    >>> numbers, used = whole_numbers(bytes([1, 0xAC, 0x02, 0x80]), 0, 4)
    >>> numbers.tolist(), used
    ([1, 300], 3)
    """
    raw = np.frombuffer(data, np.uint8, count=end - start, offset=start)
    ends = np.flatnonzero(raw < 128)
    starts = np.concatenate([[0], ends[:-1] + 1]).astype(np.int64) if len(ends) else np.empty(0, np.int64)
    lengths = ends - starts + 1
    too_long = np.flatnonzero(lengths > _LARGEST_VARINT)
    if len(too_long):
        ends, starts, lengths = ends[: too_long[0]], starts[: too_long[0]], lengths[: too_long[0]]
    values = np.zeros(len(starts), np.uint64)
    for place in range(int(lengths.max(initial=0))):
        longer = np.flatnonzero(lengths > place)
        values[longer] |= (raw[starts[longer] + place].astype(np.uint64) & np.uint64(127)) << np.uint64(7 * place)
    return values.view(np.int64), int(ends[-1]) + 1 if len(ends) else 0


def _length_of(data: bytes, start: int, end: int, count: int) -> int:
    """Return how many bytes the first ``count`` numbers take."""
    ends = np.flatnonzero(np.frombuffer(data, np.uint8, count=end - start, offset=start) < 128)
    return int(ends[count - 1]) + 1


def _refusal(tag: int) -> str:
    return f"field {tag >> 3} (wire type {tag & 7}) has no place here"
