"""The schema as TOML: what goes out comes back, and mistakes of a person's hand are named."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.contracts.errors import SchemaError
from mainstay.contracts.schema import Column, Schema
from mainstay.data.schema_file import from_toml, to_toml

POLICY = st.sampled_from(["reject", "warn", "missing"])
WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(str.strip)
BOUND = st.none() | st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def columns(draw, name):
    kind = draw(st.sampled_from(["number", "boolean", "category", "datetime", "text", "identifier"]))
    size = {"boolean": 2, "category": 40}.get(kind, 0)
    bounds = [bound for bound in (draw(BOUND), draw(BOUND)) if bound is not None]
    decimal, thousands = draw(st.sampled_from([(".", ""), (",", "."), (",", " "), (".", "'"), (".", "_"), (".", ",")]))
    categories = tuple(
        draw(st.lists(WORDS, min_size=2 if kind == "boolean" else 0, max_size=size, unique_by=str.strip))
    )
    return Column(
        name=name,
        kind=kind,
        role="ignored"
        if kind == "identifier"
        else draw(st.sampled_from(["feature", "ignored", "group", "time", "weight"])),
        nullable=draw(st.booleans()),
        categories=categories,
        ordered=draw(st.booleans()) if kind == "category" and len(categories) > 1 else False,
        terms=draw(st.sampled_from([0, 1024, 262_144])) if kind == "text" else 0,
        low=min(bounds) if bounds else None,
        high=max(bounds) if bounds else None,
        unit=draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=4)),
        missing=tuple(draw(st.lists(WORDS, max_size=4))),
        decimal=decimal,
        thousands=thousands,
        formats=tuple(draw(st.lists(st.sampled_from(["%Y-%m-%d", "%d/%m/%Y %H:%M"]), max_size=2))),
        on_bad=draw(POLICY),
        on_missing=draw(POLICY),
        on_unseen=draw(POLICY),
        on_range=draw(POLICY),
        evidence=draw(WORDS),
    )


@st.composite
def schemas(draw):
    names = draw(st.lists(WORDS, max_size=5, unique=True))
    return Schema(columns=tuple(draw(columns(name)) for name in names if "." not in name))


@settings(max_examples=60, deadline=None)
@given(schemas())
def test_a_schema_survives_its_file(schema):
    assert from_toml(to_toml(schema)) == schema


def test_long_lists_are_folded_and_short_ones_stay_on_one_line():
    levels = tuple(f"level {number}" for number in range(200))
    short = Column(name="a", kind="category", categories=("No", "Yes"))
    text = to_toml(Schema(columns=(short, Column(name="b", kind="category", categories=levels))))
    assert 'categories = ["No", "Yes"]' in text
    assert max(map(len, text.splitlines())) < 130
    assert len(text.splitlines()) < 40
    assert from_toml(text)["b"].categories == levels


def test_defaults_are_left_out():
    text = to_toml(Schema(columns=(Column(name="age", kind="number"),)))
    assert text.strip().splitlines()[1:] == ["", "[[column]]", 'name = "age"', 'kind = "number"']


GOOD = '[[column]]\nname = "age"\nkind = "number"\n'
MISTAKES = {
    "not toml": ("[[column]\n", ["this is not TOML", "line 1"]),
    "nothing": ("", ["[[column]]", "there is none"]),
    "other table": (GOOD + "[settings]\na = 1\n", ["'settings' came"]),
    "no list": ("column = 3", ["[[column]]"]),
    "no kind": ('[[column]]\nname = "age"\n', ["column 1 ('age'), kind", "missing"]),
    "no name": ('[[column]]\nkind = "number"\n', ["column 1, name", "missing"]),
    "empty name": ('[[column]]\nname = ""\nkind = "number"\n', ["name", "empty"]),
    "kind": (GOOD + '[[column]]\nname = "b"\nkind = "nmber"\n', ["column 2 ('b'), kind", "'nmber'", "'number'"]),
    "field": (GOOD + "nulable = true\n", ["nulable", "Did you mean 'nullable'?"]),
    "type": (GOOD + 'nullable = "yes"\n', ["column 1 ('age'), nullable", "expected `bool`"]),
    "item type": (GOOD + "missing = [1]\n", ["missing", "expected `str`"]),
    "policy": (GOOD + 'on_bad = "explode"\n', ["on_bad", "'explode'", "reject, warn, missing"]),
    "role": (GOOD + 'role = "traget"\n', ["role", "'target'"]),
    "decimal": (GOOD + 'decimal = ";"\n', ["decimal", "';'"]),
    "thousands": (GOOD + 'thousands = "."\n', ["thousands", "'.'"]),
    "bounds": (GOOD + "low = 3\nhigh = 2\n", ["low", "3", "2"]),
    "nan": (GOOD + "low = nan\n", ["low", "nan"]),
    "levels": (
        '[[column]]\nname = "c"\nkind = "category"\ncategories = ["a", " a"]\n',
        ["categories", "more than once"],
    ),
    "empty level": ('[[column]]\nname = "c"\nkind = "category"\ncategories = ["a", " "]\n', ["categories", "empty"]),
    "one word": ('[[column]]\nname = "c"\nkind = "boolean"\ncategories = ["a"]\n', ["categories", "two words"]),
    "twice": (GOOD + GOOD, ["unique", "age"]),
    "format": ('[[column]]\nname = "t"\nkind = "datetime"\nformats = ["%H:%M"]\n', ["%H:%M", "no year"]),
    "identifier": ('[[column]]\nname = "i"\nkind = "identifier"\n', ["'i'", "identifier"]),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_named_with_its_place(case):
    text, parts = MISTAKES[case]
    with pytest.raises(SchemaError) as caught:
        from_toml(text, where="mine.toml")
    message = str(caught.value)
    assert message.startswith("mine.toml")
    assert caught.value.hint
    for part in parts:
        assert part in message, message
