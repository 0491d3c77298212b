"""The terms of a text: what the format says they are, for every script, and fast enough for large tables."""

import time
import unicodedata
from itertools import pairwise
from zlib import crc32

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.contracts.schema import Column, Schema
from mainstay.data import decode_terms
from mainstay.data.decode import Decoder
from mainstay.data.decode_terms import MOST_TERMS, terms_of

TERMS = 1 << 20


def ids(text, terms=TERMS):
    return terms_of([text], terms).ids.tolist()


def number(mark, term, terms=TERMS):
    return crc32((mark + term).encode("utf-8", "surrogatepass")) % terms


def by_the_book(text, terms):
    """The five rules of the format, written again without any care for speed."""
    found = []
    text = unicodedata.normalize("NFKC", text[:20_000]).casefold()
    pieces, kind_before = [], None
    for character in text:
        unspaced = any(low <= ord(character) <= high for low, high in [
            (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3400, 0x9FFF),
            (0xF900, 0xFAFF), (0x20000, 0x3FFFF)])  # fmt: skip
        word = character.isalnum() or character == "_"
        kind = "run" if unspaced else None if character.isspace() else "word" if word else "signs"
        if kind is not None and kind == kind_before:
            pieces[-1][1] += character
        elif kind is not None:
            pieces.append([kind, character])
        kind_before = kind
    words = [piece for _, piece in pieces]
    for kind, piece in pieces:
        found.append(("w", piece))
        padded = {"run": piece, "word": f" {piece[:40]} ", "signs": ""}[kind]
        sizes = (1, 2, 3) if kind == "run" else [size for size in (2, 3, 4) if size < len(padded)]
        found += [("c", padded[at : at + size]) for size in sizes for at in range(len(padded) - size + 1)]
    found += [("p", f"{one} {two}") for one, two in pairwise(words)]
    numbers = {number(mark, term, terms): 0 for mark, term in found}
    repeats = {}
    for word in words:
        at = number("w", word, terms)
        repeats.setdefault(at, {}).setdefault(word, 0)
        repeats[at][word] += 1
    for at, counts in repeats.items():
        numbers[at] = min(15, max(count.bit_length() - 1 for count in counts.values()))
    return sorted(at for at, more in numbers.items() for _ in range(more + 1))[:MOST_TERMS]


@pytest.mark.parametrize(
    "text",
    [
        "", "a", "Free entry!!! Call 0800-123 NOW", "win win win win", "Stra\xdfe \ufb01ne \u0130stanbul",
        "\u4f60\u597d world", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35 \u3053\u3093\u306b\u3061\u306f",
        "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440", "x" * 100, "\x1ca\x1fb\x85c",
        "_ __ a_b", "\U0001f600\U0001f600 ok", "don't stop",
    ],
)  # fmt: skip
def test_terms_are_those_of_the_format(text):
    assert ids(text) == by_the_book(text, TERMS)


# Characters whose letter test differs between str.isalnum and the regular expressions are left to the examples above.
plain = st.text(st.sampled_from("aB1_ !?\u00e4\u00df\u4f60\u0e01\u3042\ufb01\U0001f600\x1c\n'"), max_size=60)


@settings(max_examples=200, deadline=None)
@given(plain, st.sampled_from([1024, TERMS]))
def test_any_text_has_the_terms_of_the_format(text, terms):
    assert ids(text, terms) == by_the_book(text, terms)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=20))
def test_a_text_has_the_same_terms_in_any_company(texts):
    together = terms_of(texts, TERMS)
    assert together.rows == len(texts)
    for row, text in enumerate(texts):
        assert together.take(slice(row, row + 1)).ids.tolist() == ids(text)


def test_letters_of_any_case_and_width_are_the_same():
    assert ids("Free") == ids("FREE") == ids("\uff26\uff32\uff25\uff25")
    assert ids("Free") != ids("Fred")


def test_repeats_count_by_doublings():
    def times(count):
        return ids("win " * count).count(number("w", "win"))

    assert [times(count) for count in (1, 2, 3, 4, 7, 8)] == [1, 2, 2, 3, 3, 4]


def test_a_huge_cell_is_held_to_the_limits():
    text = " ".join(f"w{place}x" for place in range(100_000))
    found = ids(text)
    assert len(found) == MOST_TERMS
    assert found == by_the_book(text, TERMS)


def test_the_memory_of_pieces_is_bounded():
    for start in range(0, 40_000, 10_000):
        terms_of((f"piece{place}" for place in range(start, start + 10_000)), 2048)
    assert len(decode_terms._KNOWN[2048]) <= decode_terms._MEMORY


def test_chunks_do_not_change_the_terms(monkeypatch):
    texts = [f"row {row} of many, many rows" if row % 7 else "" for row in range(200)]
    whole = terms_of(texts, TERMS)
    monkeypatch.setattr(decode_terms, "_CHUNK", 500)
    again = terms_of(texts, TERMS)
    assert whole.starts.tolist() == again.starts.tolist()
    assert whole.ids.tolist() == again.ids.tolist()


def test_missing_and_bad_cells_have_no_terms():
    schema = Schema(columns=(Column(name="note", kind="text", terms=TERMS, missing=("?",)),))
    decoded = Decoder(schema).from_rows([{"note": None}, {"note": " ? "}, {"note": ["x"]}, {}, {"note": 12.0}])
    assert decoded.arrays.texts[0].lengths.tolist()[:4] == [0, 0, 0, 0]
    assert decoded.arrays.texts[0].ids.tolist() == ids("12")
    assert decoded.arrays.text_names == ("note",)


def test_columns_without_terms_are_decoded_as_before():
    decoder = Decoder(Schema(columns=(Column(name="note", kind="text"), Column(name="other", kind="text", terms=2048))))
    arrays = decoder.from_frame(pl.DataFrame({"note": ["a b"], "other": ["c"]})).arrays
    assert arrays.text_names == ("other",)
    assert arrays.numbers.shape == (1, 10)


def test_many_texts_take_seconds():
    chance = np.random.default_rng(0)
    words = np.array([f"word{place}" for place in range(5000)])
    texts = [" ".join(words[chance.integers(0, 5000, 30)]) for _ in range(3000)]  # 240 characters each
    began = time.process_time()
    terms_of(texts, TERMS)
    assert time.process_time() - began < 3.0  # 100,000 of them in 100 s at the very worst; 10 s are usual
