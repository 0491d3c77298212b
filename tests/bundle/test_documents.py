"""Texts that mean harm are refused before a parser could recurse or crawl over them."""

import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainstay.bundle.documents import read_json, read_text, read_toml, write_toml
from mainstay.bundle.records import Golden, Outputs
from mainstay.contracts.errors import FormatError, UsageError

HOSTILE = [
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"a":' * 65 + b"1" + b"}" * 65,
    b'"' * 200_001,
    b'"' + b'\\"' * 200_000,
    b"'" * 200_001,
    b"{" * 100_000 + b"}" * 100_000,
    b"a = " + b"[" * 100_000,
    b"a = " + b"{b=" * 50_000,
    b"[" + b"a." * 200_000 + b"a]",
    b"a." * 200_000 + b"a = 1",
    b'"a".' * 200_000 + b"a = 1",
    b"a = " + b"9" * 100_000,
    b"9" * 100_000,
    b"a = 1\n" * 2,
    b"\xff\xfe",
    b'{"a": "\xed\xa0\x80"}',
    b"\x00",
]


@pytest.mark.parametrize("case", range(len(HOSTILE)))
def test_hostile_texts_are_refused_at_once(case):
    started = time.perf_counter()
    with pytest.raises(FormatError):
        read_json(HOSTILE[case], dict[str, Any], "x.json")
    with pytest.raises(FormatError):
        read_toml(HOSTILE[case], "x.toml")
    assert time.perf_counter() - started < 1


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(junk):
    for read in (
        lambda: read_json(junk, dict[str, Any], "x"),
        lambda: read_toml(junk, "x"),
        lambda: read_text(junk, "x"),
    ):
        try:
            read()
        except FormatError:
            continue


TYPED = [
    (Outputs, b"[]"),
    (Outputs, b'{"task": "classification", "target": "t", "labels": ["a", "b"], "extra": 1}'),
    (Outputs, b'{"task": "classification", "target": 5, "labels": ["a", "b"]}'),
    (Outputs, b'{"task": "classification", "target": "t", "labels": ["a"]}'),
    (Outputs, b'{"task": "classification", "target": "t", "labels": ["a", 1]}'),
    (Outputs, b'{"task": "classification", "target": "t", "labels": ["a", "a"]}'),
    (Outputs, b'{"task": "classification", "target": "t", "labels": [1, true]}'),
    (Outputs, b'{"task": "classification", "target": "t", "labels": ["a", null]}'),
    (Outputs, b'{"task": "classification", "target": "t", "labels": ["a", "b"], "positive": "c"}'),
    (Outputs, b'{"task": "classification", "target": "t", "labels": ["a", "b"], "threshold": 2}'),
    (Outputs, b'{"task": "regression", "target": "t", "labels": ["a", "b"]}'),
    (Outputs, b'{"task": "sorcery", "target": "t"}'),
    (Golden, b'{"rows": [{"row": {"a": []}}]}'),
    (Golden, b'{"rows": [{"row": {"a": 1}, "prediction": [], "probabilities": ["x"]}]}'),
    (Golden, b'{"rows": {"a": 1}}'),
    (dict[str, Any], b"[1]"),
    (dict[str, Any], b"null"),
]


@pytest.mark.parametrize("case", range(len(TYPED)))
def test_wrong_types_are_refused_with_their_place(case):
    kind, text = TYPED[case]
    with pytest.raises(FormatError, match=r"member\.json"):
        read_json(text, kind, "member.json")


def test_brackets_within_texts_do_not_count():
    assert read_json(b'{"a": "[[[[' + b"[" * 100 + b'\\"{"}', dict[str, Any], "x")["a"].startswith("[[[[")
    assert read_toml(b'a = "' + b"[." * 100 + b'"', "x")["a"].startswith("[.")


@given(
    st.dictionaries(
        st.text(max_size=8),
        st.recursive(
            st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(max_size=20),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=10,
        ),
        max_size=5,
    )
)
def test_tables_come_back_from_toml(table):
    assert read_toml(write_toml(table, "recipe"), "recipe") == table


@pytest.mark.parametrize("table", [{"a": None}, {"a": [{"b": None}]}])
def test_toml_has_no_none(table):
    with pytest.raises(UsageError, match="recipe > a"):
        write_toml(table, "recipe")


def test_toml_refuses_what_does_not_come_back():
    with pytest.raises(UsageError, match="come back"):
        write_toml({"a": math.nan}, "recipe")
    with pytest.raises(UsageError):
        write_toml({"a": object()}, "recipe")
