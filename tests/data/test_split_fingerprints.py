"""Equal rows have equal numbers, others do not, and the numbers are the same on every machine."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.data.split_fingerprints import cell_hashes, fingerprints


@given(st.lists(st.one_of(st.none(), st.text(max_size=6)), min_size=1, max_size=60))
@settings(max_examples=150, deadline=None)
def test_texts_are_equal_exactly_where_their_numbers_are(texts):
    hashes = cell_hashes(pl.Series(texts, dtype=pl.String)).tolist()
    for one, first in zip(texts, hashes, strict=True):
        for two, second in zip(texts, hashes, strict=True):
            assert (one == two) == (first == second)


@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=False)), min_size=1, max_size=60))
@settings(max_examples=100, deadline=None)
def test_numbers_are_equal_exactly_where_their_numbers_are(values):
    hashes = cell_hashes(pl.Series(values, dtype=pl.Float64)).tolist()
    for one, first in zip(values, hashes, strict=True):
        assert [one == two for two in values] == [first == second for second in hashes]


def test_repeated_texts_go_through_the_level_table_with_the_same_numbers():
    few = pl.Series(["alpha", "beta", None, ""] * 6000)
    assert np.array_equal(cell_hashes(few)[:4], cell_hashes(few.head(4)))


def test_long_texts_are_hashed_in_chunks_with_the_same_numbers():
    texts = pl.Series(["x" * 3_000_000, "short", "y" * 3_000_000, "", "short"])
    hashes = cell_hashes(texts)
    assert hashes[1] == hashes[4] == cell_hashes(pl.Series(["short"]))[0]
    assert len(set(hashes.tolist())) == 4


@pytest.mark.parametrize(
    "values",
    [
        [True, False, None, True],
        [dt.date(2020, 1, 1), dt.date(2021, 1, 1), None, dt.date(2020, 1, 1)],
        [dt.datetime(2020, 1, 1, 5), dt.datetime(2020, 1, 1), None, dt.datetime(2020, 1, 1, 5)],
        [[1, 2], [1], None, [1, 2]],
        [b"a", b"b", None, b"a"],
    ],
)
def test_other_types(values):
    hashes = cell_hashes(pl.Series(values))
    assert hashes[0] == hashes[3]
    assert len(set(hashes.tolist())) == 3


def test_categories_are_hashed_by_their_text():
    assert np.array_equal(cell_hashes(pl.Series(["a", "b"], dtype=pl.Categorical)), cell_hashes(pl.Series(["a", "b"])))


def test_signs_of_zero_and_missing_numbers():
    hashes = cell_hashes(pl.Series([0.0, -0.0, float("nan"), None]))
    assert hashes[0] == hashes[1]
    assert hashes[2] == hashes[3]


def test_columns_do_not_change_places():
    frame = pl.DataFrame({"a": ["x", "y"], "b": ["y", "x"]})
    assert len(set(fingerprints(frame).tolist())) == 2
    assert np.array_equal(fingerprints(frame, ["a", "b"]), fingerprints(frame.select("b", "a")))


def test_the_numbers_never_change():
    frame = pl.DataFrame({"a": ["x", None], "b": [1.5, 2.0], "c": [1, 2]})
    assert fingerprints(frame).tolist() == [14204916513504233623, 836344916399992677]
