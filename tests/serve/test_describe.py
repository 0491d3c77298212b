"""What a model says of itself: true, JSON, and with an example that the model accepts."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.serve.models import bundle_of, churn, fees, sets

from mainstay.contracts.schema import Column, Schema
from mainstay.data.decode import Decoder
from mainstay.serve.describe import (
    choose_row,
    example_row,
    label_word,
    made_up_row,
    model_card,
    models_document,
    schema_document,
)


def test_the_card_says_what_is_served():
    card = model_card("churn", churn())
    assert card["digest"] == churn().digest
    assert (card["task"], card["target"], card["features"], card["ready"]) == ("classification", "churn", 4, True)
    assert models_document([card], default="churn") == {"default": "churn", "models": [card]}


def test_the_schema_has_every_feature_and_says_what_else_may_come():
    said = schema_document("churn", churn())
    assert [column["name"] for column in said["columns"]] == ["age", "fee", "plan", "city"]
    assert said["ignored"] == ["note", "churn"]
    age, fee = said["columns"][:2]
    assert (age["low"], age["high"], age["nullable"], age["required"]) == (0, 99, True, False)
    assert (fee["low"], fee["high"], fee["required"]) == (None, None, True)
    assert age["policies"] == {"bad": "reject", "missing": "reject", "unseen": "warn", "range": "warn"}
    assert said["outputs"]["labels"] == ["No", "Yes"]
    assert (said["outputs"]["positive"], said["outputs"]["threshold"]) == ("Yes", 0.5)
    json.dumps(said, allow_nan=False)


def test_labels_keep_their_type():
    assert schema_document("m", bundle_of(labels=(False, True)))["outputs"]["labels"] == [False, True]
    assert [label_word(label) for label in (False, 2, 0.5, 1e22, "2")] == ["false", "2", "0.5", "1e22", "2"]


def test_an_amount_has_no_threshold():
    outputs = schema_document("m", fees())["outputs"]
    assert (outputs["labels"], outputs["positive"], outputs["threshold"], outputs["unit"]) == ([], None, None, "CHF")
    assert (outputs["has_interval"], outputs["interval_level"]) == (True, 0.9)


def test_sets_are_announced_with_their_level():
    outputs = schema_document("m", sets())["outputs"]
    assert (outputs["prediction_sets"], outputs["prediction_set_level"], outputs["positive"]) == (True, 0.9, None)


def test_the_example_is_a_whole_row_without_warnings():
    bundle = churn()
    row = example_row(bundle)
    assert list(row) == ["age", "fee", "plan", "city"]
    answers = bundle.predict_rows([row])
    assert not answers.rejected[0]
    assert not answers.problems
    golden = [one.row for one in bundle.golden.rows]
    assert row in [{name: row[name] for name in row if name != "note"} for row in golden if row.keys() > {"city"}]


def test_numbers_that_were_read_as_text_are_shown_as_numbers():
    schema = Schema(columns=(Column(name="n", kind="number"), Column(name="c", kind="category", categories=("1",))))
    shown = choose_row([{"n": "52.0", "c": "1"}], schema)
    assert shown == {"n": 52, "c": "1"}
    assert type(shown["n"]) is int
    assert choose_row([{"n": "007"}], schema) == {"n": "007"}
    comma = Schema(columns=(Column(name="n", kind="number", decimal=","),))
    assert choose_row([{"n": "1,5"}], comma) == {"n": "1,5"}


def test_a_row_with_fewer_warnings_is_preferred_to_a_fuller_one():
    schema = Schema(columns=(Column(name="a", kind="number", high=10), Column(name="b", kind="number", nullable=True)))
    assert choose_row([{"a": 99, "b": 1}, {"a": 5, "b": None}, {}], schema) == {"a": 5, "b": None}


def test_a_refused_row_is_no_example():
    schema = Schema(columns=(Column(name="a", kind="number", low=2, high=4, on_range="reject"),))
    assert choose_row([{"a": 99}], schema) == {"a": 3}


def test_without_golden_rows_the_example_is_made_of_the_schema():
    from mainstay.bundle.records import Golden

    bundle = bundle_of(golden=Golden())
    row = example_row(bundle)
    assert row == {"age": 50, "fee": 0, "plan": "basic", "city": "Bern"}
    assert not bundle.predict_rows([row]).rejected[0]


numbers = st.floats(-1e12, 1e12) | st.integers(-1000, 1000)
columns = st.one_of(
    st.builds(
        lambda pair, reject: Column(
            name="c", kind="number", low=min(pair), high=max(pair), on_range=reject, on_bad=reject, nullable=False
        ),
        st.tuples(numbers, numbers),
        st.sampled_from(["reject", "warn", "missing"]),
    ),
    st.builds(
        lambda words: Column(
            name="c", kind="category", categories=tuple(words), on_unseen="reject", on_bad="reject", nullable=False
        ),
        st.lists(st.text("abc 1", min_size=1).filter(str.strip), min_size=1, unique_by=str.strip),
    ),
    st.builds(
        lambda pair: Column(
            name="c",
            kind="datetime",
            low=min(pair),
            high=max(pair),
            on_bad="reject",
            nullable=False,
            formats=("%d/%m/%Y",),
        ),
        st.tuples(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5)),
    ),
    st.sampled_from(
        [
            Column(name="c", kind="boolean", categories=("nay", "yea"), on_bad="reject", nullable=False),
            Column(name="c", kind="boolean", on_bad="reject", nullable=False),
            Column(name="c", kind="text", nullable=False),
        ]
    ),
)


@given(columns)
def test_a_row_made_of_the_schema_is_accepted(column):
    schema = Schema(columns=(column,))
    row = made_up_row(schema)
    decoded = Decoder(schema).from_rows([row])
    assert not decoded.rejected[0], (row, decoded.problems)
    assert not decoded.problems
    json.dumps(row, allow_nan=False)


@pytest.mark.parametrize("bound", [math.inf, -math.inf, math.nan])
def test_a_bound_that_is_no_number_does_not_get_into_json(bound):
    column = Column(name="c", kind="number", low=bound, high=bound)
    assert made_up_row(Schema(columns=(column,))) == {"c": 0}
