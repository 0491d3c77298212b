"""What came as numbers stays numbers; words, dates and labels survive the way into a table."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.contracts.schema import Schema
from mainstay.data.decode import Decoder, decode_target
from mainstay.sklearn.cells import class_column, feature_columns, free_name, is_frame, read_cells
from mainstay.train.labels import own_labels


def test_whole_numbers_are_neither_codes_nor_identifiers():
    X = np.column_stack([np.arange(50), np.tile([10, 20], 25), np.ones(50)])
    for given_as in (X, X.astype(object), pd.DataFrame(X, columns=["id", "zip code", "one"])):
        columns = feature_columns(read_cells(given_as))
        assert {(column.kind, column.role) for column in columns} == {("number", "feature")}


def test_an_array_and_a_frame_hold_the_same_cells():
    X = np.array([[1.5, np.nan], [2.0, 7.0]])
    array, frame = read_cells(X, ["a", "b"]), read_cells(pd.DataFrame(X, columns=["a", "b"]))
    assert array.frame.equals(frame.frame)
    assert array.numeric == frame.numeric == {"a", "b"}


def test_other_columns_have_their_kinds():
    rows = {"city": ["Bern", "Rome"] * 10, "on": ["2024-01-01", "2024-03-09"] * 10, "n": range(20)}
    kinds = {column.name: column.kind for column in feature_columns(read_cells(pd.DataFrame(rows)))}
    assert kinds == {"city": "category", "on": "datetime", "n": "number"}


def test_a_value_may_be_missing_that_never_was_in_learning():
    columns = feature_columns(read_cells(pl.DataFrame({"city": ["Bern", "Rome"], "age": [1.0, 2.0]})))
    decoded = Decoder(Schema(columns=columns)).from_rows([{"city": None, "age": None}])
    assert not decoded.rejected.any()


def test_frames_are_known_by_what_they_offer():
    assert is_frame(pd.DataFrame({"a": [1]}))
    assert is_frame(pl.DataFrame({"a": [1]}))
    assert not is_frame([[1, 2]])


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(
        st.lists(st.integers(-(2**40), 2**40), min_size=2, max_size=6, unique=True),
        st.lists(st.text(max_size=6), min_size=2, max_size=6, unique=True),
        st.lists(st.sampled_from(["NA", "?", "", " ", "1", "1.0", "01", "yes", "no", "-", "2024-01-01", "5 kg"]),
                 min_size=2, max_size=6, unique=True),
    )
)  # fmt: skip
def test_every_class_has_one_word_and_every_row_its_class(labels):
    classes = np.unique(np.array(labels, object if isinstance(labels[0], str) else None))
    codes = np.tile(np.arange(len(classes)), 3)
    made = class_column(codes, classes, "target")
    told = own_labels(made.column.categories, made.cells)
    assert sorted(made.places(told)) == list(range(len(classes)))
    decoded = decode_target(Schema(columns=(made.column,)), made.cells.to_frame())
    assert np.array_equal(made.places(told)[decoded.values], codes)  # noqa: PD011 - no pandas object
    for place in range(len(classes)):
        assert made.places(told)[made.column.categories.index(made.category(place))] == place


@pytest.mark.parametrize("taken", [[], ["target"], ["target", "target_"]])
def test_the_target_takes_a_free_name(taken):
    assert free_name("target", taken) not in taken
