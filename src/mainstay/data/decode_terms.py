r"""The terms of a free text: its words, pairs of words and letter groups, each as a number.

A hash and not a dictionary, so that the schema stays small, nothing is learned here, and a bundle does not carry the
words of its training rows. Both executors come here, so they agree. The rules, which are part of the bundle format:

1. The first 20,000 characters of the cell, without the blanks at its ends; normalised (Unicode NFKC) and casefolded.
2. It is cut into pieces: runs of letters and digits (``\w``), runs of characters of scripts that set no blanks
   between words (Thai, Lao, Myanmar, Khmer, kana, Han), and runs of other signs that are not blanks.
3. Terms are each piece; each pair of neighbours; and letter groups: of a word (its first 40 characters, one blank
   added at both ends) all groups of 2 to 4, of a run without blanks all groups of 1 to 3. A group that is the whole
   padded word is left out.
4. A term's number is the CRC-32 of its UTF-8 bytes after the letter ``w`` (piece), ``p`` (pair, with one blank
   between) or ``c`` (group), modulo the column's ``terms``.
5. A row's list holds each number once, ascending; that of a piece that comes c times 1 + floor(log2(c)) times, 15 at
   most. Of more than 8,192 the smallest stay.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from mainstay.contracts.arrays import Terms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["MOST_TERMS", "pieces_of", "terms_of"]

MOST_TERMS = 8_192
"""The most numbers that one cell may have."""

_LONGEST = 20_000
_WORD = 40
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_ASCII_PIECES = re.compile(r"[a-z0-9_]+|[^a-z0-9_\s]+")  # several times as fast, the same pieces
_PIECES = re.compile(rf"[{_UNSPACED}]+|(?:(?![{_UNSPACED}])\w)+|[^\w\s]+")
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_REPEATS = 4  # bits that tell the first, second, ... entry of one number apart
_MEMORY = 1 << 15
_CHUNK = 1 << 20  # bytes of entries that are sorted at a time


class _Piece:
    """What is computed once for each piece: its entries as int32 bytes, and what a pair with it needs."""

    __slots__ = ("entries", "head", "number", "tail")

    def __init__(self, piece: str, terms: int) -> None:
        written = piece.encode("utf-8", "surrogatepass")
        self.number = crc32(b"w" + written) % terms
        self.head = crc32(b"p" + written)
        self.tail = b" " + written
        groups = [crc32(b"c" + group.encode("utf-8", "surrogatepass")) % terms for group in _groups(piece)]
        self.entries = (np.array([self.number, *groups], np.int32) << _REPEATS).tobytes()


class _Pieces(dict[str, _Piece]):
    """The pieces met so far; emptied when there are many, for a server meets words without end."""

    def __init__(self, terms: int) -> None:
        super().__init__()
        self.terms = terms

    def __missing__(self, piece: str) -> _Piece:
        if len(self) >= _MEMORY:
            self.clear()
        found = self[piece] = _Piece(piece, self.terms)
        return found


_KNOWN: dict[int, _Pieces] = {}


def terms_of(texts: Iterable[str], terms: int) -> Terms:
    """Return the terms of many texts; an empty one has none.

    Parameters
    ----------
    texts : iterable of n str
    terms : int
        How many numbers there are; up to 2**22.

    Examples
    --------
    >>> found = terms_of(["", "a", "A"], 1000)
    >>> found.lengths.tolist(), found.take(np.array([1])).ids.tolist() == found.take(np.array([2])).ids.tolist()
    ([0, 3, 3], True)
    """
    known = _KNOWN.setdefault(terms, _Pieces(terms))
    entries: list[bytes] = []
    done: list[tuple[NDArray[np.int32], NDArray[np.int64]]] = []
    size = 0
    for text in texts:
        entries.append(_entries(text, known) if text else b"")
        size += len(entries[-1])
        if size > _CHUNK:
            done.append(_sorted(entries))
            entries, size = [], 0
    done.append(_sorted(entries))
    lengths = np.concatenate([counts for _, counts in done])
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Terms(starts, np.concatenate([ids for ids, _ in done]))


def pieces_of(text: str) -> list[str]:
    """Return the pieces of a text by rules 1 and 2, in their order, for whoever shows words to people.

    Examples
    --------
    >>> pieces_of("Free entry, Straße!")
    ['free', 'entry', ',', 'strasse', '!']
    """
    text = text[:_LONGEST]
    if text.isascii():
        return _ASCII_PIECES.findall(text.lower())
    return _PIECES.findall(unicodedata.normalize("NFKC", text).casefold())


def _entries(text: str, known: _Pieces) -> bytes:
    """Return a text's numbers as int32 bytes, some of them more than once; the low bits count real repeats."""
    words = pieces_of(text)
    pieces = [known[word] for word in words]
    parts = [piece.entries for piece in pieces]
    terms = known.terms
    others = [crc32(two.tail, one.head) % terms << _REPEATS for one, two in pairwise(pieces)]
    if len(set(words)) < len(words):
        for word, count in Counter(words).items():
            level = min(count.bit_length(), 1 << _REPEATS) - 1
            others += [(known[word].number << _REPEATS) + repeat for repeat in range(1, level + 1)]
    parts.append(np.array(others, np.int32).tobytes())
    return b"".join(parts)


def _sorted(entries: list[bytes]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the numbers of several texts, each entry once, ascending within a text, and how many each text has."""
    rows = np.repeat(np.arange(len(entries), dtype=np.int64), [len(part) // 4 for part in entries])
    keys = (rows << 32) | np.frombuffer(b"".join(entries), np.int32)
    keys.sort()
    first = np.ones(len(keys), np.bool_)
    first[1:] = keys[1:] != keys[:-1]
    keys = keys[first]
    rows = keys >> 32
    lengths = np.bincount(rows, minlength=len(entries)).astype(np.int64)
    if lengths.max(initial=0) > MOST_TERMS:
        place = np.arange(len(keys)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        keys = keys[place < MOST_TERMS]
        lengths = np.minimum(lengths, MOST_TERMS)
    return ((keys & 0xFFFFFFFF) >> _REPEATS).astype(np.int32), lengths


def _groups(piece: str) -> list[str]:
    if _IS_UNSPACED.match(piece):
        return [piece[at : at + size] for size in (1, 2, 3) for at in range(len(piece) - size + 1)]
    if not (piece[0].isalnum() or piece[0] == "_"):
        return []
    padded = f" {piece[:_WORD]} "
    sizes = [size for size in (2, 3, 4) if size < len(padded)]
    return [padded[at : at + size] for size in sizes for at in range(len(padded) - size + 1)]
