"""Plain cells decode to the bits that the full reader gives, and whatever is not plain is pointed out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.contracts.schema import Column, Schema
from mainstay.data.decode import Decoder

POLICIES = st.sampled_from(["reject", "warn", "missing"])
WORDS = st.sampled_from(["a", "B", "yes", "No", "TRUE", "1", "0", "3", "3.0", "03", "?", "", " a ", "nan", "ß", "zz"])
NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, -0.0, 1.0, 5.0, -999.0, 3.5e38, 3.4028234663852886e38, 0.1, 16777217.0, 1e-46]),
)


def column(name, kind, *, policies, nullable, words, low, gap):
    on_bad, on_missing, on_unseen, on_range = policies
    return Column(
        name=name, kind=kind, nullable=nullable, on_bad=on_bad, on_missing=on_missing, on_unseen=on_unseen,
        on_range=on_range, categories=words if kind != "number" else (), ordered=kind == "category" and low > 0,
        low=low if kind == "number" else None, high=low + 10 if kind == "number" else None, missing=gap,
    )  # fmt: skip


def columns(name):
    return st.builds(
        column, st.just(name), st.sampled_from(["number", "boolean", "category"]),
        policies=st.tuples(POLICIES, POLICIES, POLICIES, POLICIES), nullable=st.booleans(),
        words=st.sampled_from([("a", "B"), ("No", "yes"), ("0", "1"), ("3", "03")]),
        low=st.sampled_from([-1.0, 0.0, 5.0]), gap=st.sampled_from([(), ("?",), ("-999", "5")]),
    )  # fmt: skip


@st.composite
def tables(draw):
    names = "abcd"[: draw(st.integers(1, 4))]
    schema = Schema(columns=tuple(draw(columns(name)) for name in names))
    row = [
        st.none() | NUMBERS if one.kind == "number" else st.none() | WORDS | NUMBERS | st.booleans()
        for one in schema.columns
    ]
    return schema, draw(st.lists(st.tuples(*row), min_size=1, max_size=6))


@settings(max_examples=400, deadline=None)
@given(tables())
def test_plain_rows_decode_as_the_full_reader_decodes_them(table):
    schema, rows = table
    decoder = Decoder(schema)
    quick = decoder.quick
    arrays, plain = quick.arrays(rows)
    full = decoder.from_rows([dict(zip(quick.names, row, strict=True)) for row in rows])
    assert arrays.numbers[plain].tobytes() == full.arrays.numbers[plain].tobytes()
    assert arrays.categories[plain].tobytes() == full.arrays.categories[plain].tobytes()
    assert not {problem.row for problem in full.problems} & set(np.flatnonzero(plain).tolist())


def test_ordinary_rows_are_plain():
    schema = Schema(
        columns=(
            Column(name="age", kind="number", low=0, high=99),
            Column(name="city", kind="category", categories=("Bern", "Rome")),
            Column(name="member", kind="boolean", categories=("No", "Yes")),
        )
    )
    _, plain = Decoder(schema).quick.arrays([(31.0, "Rome", "Yes"), (None, None, None), (-0.0, "Bern", "No")])
    assert plain.all()
    _, plain = Decoder(schema).quick.arrays([(131.0, "Rome", "Yes"), (1.0, "Oslo", "No"), (1.0, "Rome", True)])
    assert not plain.any()


def test_dates_and_texts_are_left_to_the_full_reader():
    assert Decoder(Schema(columns=(Column(name="day", kind="datetime"),))).quick is None
    assert Decoder(Schema(columns=(Column(name="note", kind="text"),))).quick is None


@pytest.mark.parametrize("policy", ["warn", "missing", "reject"])
@pytest.mark.parametrize("ordered", [True, False])
def test_only_short_words_that_stand_for_a_value_are_remembered(policy, ordered):
    long = "L" * 200
    quick = Decoder(
        Schema(
            columns=(
                Column(name="city", kind="category", categories=("Bern", long), on_unseen=policy, ordered=ordered),
                Column(name="member", kind="boolean", categories=("No", "Yes"), on_bad=policy),
            )
        )
    ).quick
    for at in range(30):
        quick.arrays([(f"town {at}", f"perhaps {at}"), ("Bern", "Yes"), (f"{at}" + "x" * 5000, "No"), (long, "Yes")])
    assert [sorted(words) for _, _, _, words, _ in quick._words] == [["Bern"], ["No", "Yes"]]


def test_spellings_without_end_are_not_all_remembered():
    quick = Decoder(Schema(columns=(Column(name="level", kind="category", categories=("3",)),))).quick
    for at in range(5000):
        blanks = f"{at:b}".replace("0", " ").replace("1", "\t")
        _, plain = quick.arrays([("3" + blanks,)])
        assert plain.all()
    ((_, _, _, words, _),) = quick._words
    assert 1000 < len(words) <= 4096
