"""Ordered categories: found where nobody doubts the order, decoded as their place in it, kept by freezing."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainstay.contracts.errors import SchemaError
from mainstay.contracts.schema import Column, Schema
from mainstay.data.decode import Decoder, decode_target
from mainstay.data.infer import freeze, infer
from mainstay.data.infer_order import known_order
from mainstay.data.schema_file import from_toml, to_toml
from mainstay.data.table import Table

SIZES = Column(name="size", kind="category", categories=("S", "M", "L", "XL"), ordered=True)


@pytest.mark.parametrize(
    "order",
    [
        "low|medium|high", "LOW|Medium|High", "S|M|L|XL", "very_low|low|moderate|high|very_high",
        "never|rarely|sometimes|often|always", "Poor|Fair|Good|Very Good", "strongly disagree|disagree|neutral|agree",
        "[0-10)|[10-20)|[20-30)|[90-100)", "18-25|26-35|36-45|>45", "under 20|20 to 39|40 to 59|60 and over",
        "<5|5-9|10-19|20+", "0-1 years|2-3 years|4-9 years|10+ years", "Junior|Mid|Senior",
    ],
)  # fmt: skip
def test_an_order_is_known_however_the_levels_come(order):
    levels = order.split("|")
    assert known_order(sorted(levels)) == tuple(levels)
    assert known_order(levels[::-1]) == tuple(levels)


@pytest.mark.parametrize(
    "levels",
    [
        "", "low|high", "red|low|high", "Mon|Tue|Wed", "jan|feb|mar|apr", "10-15|12-20|20-30", "1-2|3-4", "1|2|3|4",
        "07-11|08-11|09-11", "<5|<10|<20", "a-b|c-d|e-f", "low|Low|high", "2019-01-02|2019-01-03|2019-01-04",
        "5-3|6-9|10-11",
        "20+|30+|40+", "<5|5-9|bad",
    ],
)  # fmt: skip
def test_no_order_is_made_up(levels):
    assert known_order(levels.split("|") if levels else []) == ()


@given(st.lists(st.text(max_size=6), max_size=8, unique=True))
def test_an_order_has_the_same_levels(levels):
    found = known_order(levels)
    assert found == () or sorted(found) == sorted(levels)


def test_inference_sets_it_for_features_and_says_so():
    frame = pl.DataFrame({"risk": ["low", "high", "medium", None] * 10, "y": ["a", "b"] * 20})
    schema = infer(Table(frame, "t", ""), target="y").schema
    assert schema["risk"].categories == ("low", "medium", "high")
    assert schema["risk"].ordered
    assert "order is known" in schema["risk"].evidence
    as_target = infer(Table(frame, "t", ""), target="risk").schema
    assert decode_target(as_target, frame).usable.sum() == 30


def test_an_ordered_category_is_its_place():
    decoded = Decoder(Schema(columns=(SIZES,))).from_rows(
        [{"size": "XL"}, {"size": " S "}, {"size": None}, {"size": "huge"}, {"size": ["M"]}, {}]
    )
    assert decoded.arrays.number_names == ("size",)
    assert decoded.arrays.category_names == ()
    assert np.array_equal(decoded.arrays.numbers[:, 0], [3, 0, np.nan, np.nan, np.nan, np.nan], equal_nan=True)
    assert [problem.code for problem in decoded.problems] == ["unseen", "bad"]
    assert "read as missing" in decoded.problems[0].message


@pytest.mark.parametrize("policy", ["reject", "warn", "missing"])
def test_policies_hold(policy):
    column = Column(name="size", kind="category", categories=("S", "M"), ordered=True, on_unseen=policy)
    decoded = Decoder(Schema(columns=(column,))).from_rows([{"size": "huge"}])
    assert decoded.rejected.tolist() == [policy == "reject"]
    assert len(decoded.problems) == (policy != "missing")
    assert np.isnan(decoded.arrays.numbers).all()


def test_freezing_keeps_order_and_places():
    table = Table(pl.DataFrame({"size": ["XL", "S", "M"]}), "t", "")
    assert freeze(Schema(columns=(SIZES,)), table, np.array([0, 1])).columns == (SIZES,)


def test_it_travels_as_toml_and_mistakes_are_told():
    schema = Schema(columns=(SIZES,))
    assert "ordered = true" in to_toml(schema)
    assert from_toml(to_toml(schema)) == schema
    for text in ('kind = "number"', 'kind = "category"'):
        with pytest.raises(SchemaError, match=r"ordered.*low.*medium.*high"):
            from_toml(f'[[column]]\nname = "a"\n{text}\nordered = true')


def test_terms_are_checked_in_toml():
    for text in ('kind = "number"\nterms = 2048', 'kind = "text"\nterms = 10', 'kind = "text"\nterms = 99999999'):
        with pytest.raises(SchemaError, match="terms"):
            from_toml(f'[[column]]\nname = "a"\n{text}')
    assert from_toml('[[column]]\nname = "a"\nkind = "text"\nterms = 2048')["a"].terms == 2048


TITLES = [f"{one} {two}" for one in ("Blue", "Red", "Old", "New", "Dark", "Last") for two in
          ("House", "River", "Garden", "Train", "Summer", "Letter", "Dog", "Moon", "King", "Queen")]  # fmt: skip
REVIEWS = [f"\u8fd9\u4e2a\u4ea7\u54c1{chr(0x4E00 + place)}\u5f88\u597d\u7528" for place in range(60)]


@pytest.mark.parametrize(("values", "kind"), [
    (TITLES, "text"),
    (REVIEWS, "text"),
    ([f"AB{place:05d}" for place in range(60)], "identifier"),
    (["New York", "Los Angeles", "San Francisco"] * 20, "category"),
    ([f"word{place % 25}" for place in range(60)], "category"),
])  # fmt: skip
def test_texts_are_told_from_categories_and_identifiers(values, kind):
    frame = pl.DataFrame({"value": values, "y": [place % 2 for place in range(60)]})
    column = infer(Table(frame, "t", ""), target="y").schema["value"]
    assert column.kind == kind
    assert (column.terms > 0) == (kind == "text")
