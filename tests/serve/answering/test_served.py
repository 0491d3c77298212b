"""From bytes to bytes: the short way and the long way give the same answer, and every refusal says where."""

import json
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.serve.models import LABELS, NASTY_ROW, QUOTES, churn, fees, nasty, sets, wide

from mainstay.contracts.errors import RequestError
from mainstay.serve.answering.asked import nearest, read_body
from mainstay.serve.answering.served import ServedModel

CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 130),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["basic", "plus", 'su"per', "Bern", "Zürich", "gold", "31", "old", "", "1e3", " plus "]),
    st.text(max_size=5),
)
ROW = st.fixed_dictionaries(dict.fromkeys(("age", "fee", "plan", "city"), CELLS))


@pytest.fixture(scope="module")
def served():
    return ServedModel("churn", churn())


def same(one, other):
    assert one.body == other.body
    assert (one.error and one.error.to_dict()) == (other.error and other.error.to_dict())


@settings(max_examples=300, deadline=None)
@given(rows=st.lists(ROW, min_size=1, max_size=5))
@pytest.mark.parametrize("bundle", [churn, fees, sets])
def test_the_short_way_gives_the_bytes_of_the_long_way(bundle, rows):
    model = ServedModel("model", bundle())
    bodies = [json.dumps(row).encode() for row in rows]
    cells = [(at, model.plain_cells(body)) for at, body in enumerate(bodies)]
    kept = [(at, cell) for at, cell in cells if cell is not None]
    if not kept:
        return
    for (at, _), answered in zip(
        kept, model.answer_plain([cell for _, cell in kept], [bodies[at] for at, _ in kept]), strict=True
    ):
        same(answered, model.answer_rows(read_body(bodies[at], 10).rows)[0])


def test_an_answer_holds_what_the_bundle_says(served):
    row = {"age": 31, "fee": 9.5, "plan": "basic", "city": "Bern"}
    said = json.loads(served.answer_rows([row])[0].body)
    answers = churn().predict_rows([row])
    assert said["prediction"] == answers.prediction[0]
    assert list(said["probabilities"].values()) == answers.probabilities[0].astype(np.float64).tolist()


def test_amounts_have_their_interval_and_sets_their_labels():
    row = {"age": 31, "fee": 9.5, "plan": "basic", "city": "Bern"}
    amount = json.loads(ServedModel("fees", fees()).answer_rows([row])[0].body)
    assert amount["low"] < amount["prediction"] < amount["high"]
    grade = json.loads(ServedModel("sets", sets()).answer_rows([row])[0].body)
    assert set(grade["prediction_set"]) <= {1, 2, 3}
    assert sorted(grade["probabilities"]) == ["1", "2", "3"]


def test_nasty_names_survive():
    model = ServedModel("nasty", nasty())
    said = json.loads(model.answer_rows([NASTY_ROW])[0].body)
    assert tuple(said["probabilities"]) == LABELS
    assert model.answer_rows([{QUOTES: None}])[0].error.where == f"$[{json.dumps(QUOTES)}]"


def test_percent_signs_in_labels_are_only_text():
    from mainstay.bundle.predict import Answers
    from mainstay.bundle.records import Outputs
    from mainstay.serve.answering.wording import Writer

    outputs = Outputs(task="classification", target="t", labels=("100 %b", "%"))
    said = Answers(np.array(["%"], object), np.array([[0.25, 0.75]], np.float32), (), np.zeros(1, np.bool_))
    assert json.loads(Writer(outputs).write(said)[0]) == {
        "prediction": "%", "probabilities": {"100 %b": 0.25, "%": 0.75}
    }  # fmt: skip


@pytest.mark.parametrize(
    ("row", "code", "where"),
    [
        ({"age": "old", "fee": 1, "plan": "plus", "city": "Bern"}, "bad", "$.age"),
        ({"age": 5, "fee": None}, "missing", "$.fee"),
        ({"age": 5}, "missing", "$.fee"),
        ({"agee": 5, "fee": 1}, "unknown_field", "$.agee"),
        ({}, "empty", "$"),
        ({"note": "only what is ignored"}, "empty", "$"),
    ],
)
def test_a_refused_row_says_where_and_why(served, row, code, where):
    error = served.answer_rows([row])[0].error
    assert (error.status, error.code, error.where) == (422, code, where)
    assert error.hint
    assert served.answer_rows([{"fee": 1}, row], numbered=True)[1].error.where == where.replace("$", "$.rows[1]")


def test_what_is_only_odd_is_answered_with_a_warning(served):
    row = {"age": 120, "fee": 1, "plan": "gold"}
    said = json.loads(served.answer_rows([row])[0].body)
    assert {(one["code"], one["where"]) for one in said["warnings"]} == {
        ("range", "$.age"), ("unseen", "$.plan"), ("missing", "$.city"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "status", "code", "where"),
    [
        (b"", 400, "empty", "body"),
        (b"  \n", 400, "empty", "body"),
        (b"{", 400, "not_json", "body"),
        (b'{"a": NaN}', 400, "not_json", "body"),
        (b'{"b": 1, "a": 1e400}', 422, "bad", "$.a"),
        (b'{"a": -1' + b"0" * 5000 + b"}", 422, "bad", "$.a"),
        (b'{"a b": 1' + b"0" * 5000 + b".5}", 422, "bad", '$["a b"]'),
        (b'{"rows": [{}, {"b": 1, "a": 1e999}]}', 422, "bad", "$.rows[1].a"),
        (b'{"rows": [{}, 1e999]}', 422, "bad", "$.rows[1]"),
        (b'{"rows": [{}], "on_error": 1e999}', 422, "bad", "$.on_error"),
        (b"1e999", 422, "bad", "$"),
        (b'{"a": 1e999, "b": }', 400, "not_json", "body"),
        (b'{"rows": [{"a": "\xff"}, [1]], "on_error": "row"}', 400, "not_json", "body"),
        (b'{"rows": [[1], [2], [3], 4], "on_error": "row"}', 413, "too_many_rows", "$.rows"),
        (b'{"rows": [[1]], "on_error": "rows"}', 422, "shape", "$.rows[0]"),
        (b'{"rows": [[1]], "on_error": "row", "b": 1}', 422, "shape", "$.rows[0]"),
        (b'{"a": "\xff"}', 400, "not_json", "body"),
        (b'{"a": "\\ud800"}', 400, "not_json", "body"),
        (b"[" * 100_000, 400, "too_deep", "body"),
        (b'{"a":' * 100_000, 400, "too_deep", "body"),
        (b"[1, 2]", 422, "shape", "$"),
        (b"3", 422, "shape", "$"),
        (b'{"age": [1]}', 422, "bad", "$.age"),
        (b'{"age": {"b": 1}}', 422, "bad", "$.age"),
        (b'{"age": []}', 422, "bad", "$.age"),
        (b'{"rows": []}', 422, "empty", "$.rows"),
        (b'{"rows": [1]}', 422, "shape", "$.rows[0]"),
        (b'{"rows": [{"a": 1}, {"a b": [2]}]}', 422, "bad", '$.rows[1]["a b"]'),
        (b'{"rows": [{}], "more": 1}', 422, "unknown_field", "$.more"),
        (b'{"rows": [{}], "on_error": "stop"}', 422, "bad", "$.on_error"),
        (b'{"rows": [{},{},{},{}]}', 413, "too_many_rows", "$.rows"),
    ],
)
def test_a_body_that_is_no_question_gets_a_sentence(body, status, code, where):
    with pytest.raises(RequestError) as caught:
        read_body(body, 3)
    assert (caught.value.status, caught.value.code, caught.value.where) == (status, code, where)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_any_bytes_are_rows_or_get_a_sentence(body):
    try:
        asked = read_body(body, 10)
    except RequestError as error:
        refusal = error
    else:
        assert all(isinstance(row, dict) for row in asked.rows)
        return
    assert refusal.status in (400, 413, 422)
    assert refusal.message


def test_reasons_add_up_to_the_answer(served):
    row = {"age": 31, "fee": 9.5, "plan": "basic", "city": "Bern"}
    reason, refused = served.explain([row, {"age": "old", "fee": 1}])
    assert reason["base"] + sum(reason["contributions"].values()) == pytest.approx(reason["answer"], abs=1e-6)
    assert refused is None


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("tenur", "tenure"), ("Tenure", "tenure"), ("tenrue", "tenure"), ("MONTHLYCHARGES", "MonthlyCharges"),
        ("Monthly_Charges", "MonthlyCharges"), ("agee", "age"), ("aeg", "age"), ("measurement_701x", "measurement_701"),
    ],
)  # fmt: skip
def test_the_hint_names_the_column_that_was_meant(name, found):
    known = ("age", "tenure", "MonthlyCharges", *(f"measurement_{at:03d}" for at in range(784)))
    assert nearest(name, known) == f"Did you mean {found!r}?"
    assert nearest(name + "y" * 2000, known).startswith("The columns are: age, tenure")


def test_a_hint_for_every_row_of_a_wide_model_costs_little():
    known = tuple(f"measurement_{at:03d}" for at in range(784))
    began = time.process_time()
    hints = [nearest(f"measurement_0x{at}", known) for at in range(300)]
    assert time.process_time() - began < 1.0, "a search through all names for each took fifteen times as long"
    assert len(set(hints)) > 10
    assert all(len(hint) < 200 for hint in hints)


def test_of_many_columns_left_out_one_sentence_tells():
    model = ServedModel("wide", wide())
    rows = [{"x1": 1}, {"first": 120, "second": 1}, {f"x{at}": 1 for at in range(18)}]
    alone = [json.loads(model.answer_rows([row])[0].body) for row in rows]
    together = [json.loads(one.body) for one in model.answer_rows(rows, numbered=True)]
    for at, (one, other) in enumerate(zip(alone, together, strict=True)):
        places = [warning["where"].replace("$", f"$.rows[{at}]", 1) for warning in one["warnings"]]
        assert [warning.pop("where") for warning in other["warnings"]] == places
        assert [{**warning, "where": ""} for warning in one["warnings"]] == [
            {**warning, "where": ""} for warning in other["warnings"]
        ]
    (gone,) = alone[0]["warnings"]
    assert gone == {
        "code": "missing", "where": "$",
        "message": "20 columns were left out and are read as missing: first, x0, x2, ...",
    }  # fmt: skip
    assert [(one["code"], one["where"]) for one in alone[1]["warnings"]] == [("range", "$.first"), ("missing", "$")]
    assert [one["where"] for one in alone[2]["warnings"]] == ["$.first", "$.x18", "$.x19"]


def test_an_answer_does_not_grow_with_what_is_not_there():
    body = b'{"rows": [' + b",".join([b'{"x1":1}'] * 100) + b"]}"
    answered = ServedModel("wide", wide()).answer_rows(read_body(body, 100).rows, numbered=True)
    assert sum(len(one.body) for one in answered) < 200 * 100


ODD_ROWS = {
    "null": ("shape", ""), "3": ("shape", ""), "[1]": ("shape", ""), "1e999": ("bad", ""),
    '{"age": [1], "fee": 1}': ("bad", ".age"), '{"fee": {"a": 1}}': ("bad", ".fee"), '{"fee": 1e999}': ("bad", ".fee"),
    '{"age": 1, "fee": 1' + "0" * 5000 + "}": ("bad", ".fee"), '{"fee": [1e999]}': ("bad", ".fee"),
}  # fmt: skip


@pytest.mark.parametrize("odd", list(ODD_ROWS), ids=range(len(ODD_ROWS)))
def test_what_is_no_row_is_refused_alone(served, odd):
    good = {"age": 31, "fee": 9.5, "plan": "basic", "city": "Bern"}
    body = f'{{"rows": [{json.dumps(good)}, {odd}, {json.dumps(good)}], "on_error": "row"}}'.encode()
    asked = read_body(body, 3)
    first, second, third = served.answer_rows(asked.rows, numbered=True)
    assert first.body == third.body == served.answer_rows([good])[0].body
    code, where = ODD_ROWS[odd]
    assert (second.body, second.error.status, second.error.code) == (b"", 422, code)
    assert second.error.where == f"$.rows[1]{where}"
    with pytest.raises(RequestError) as caught:
        read_body(body.replace(b'"row"}', b'"fail"}'), 3)
    assert (caught.value.to_dict(), caught.value.status) == (second.error.to_dict(), 422)


LONG = ["x" * 50_000, "\U000e0001" * 50_000, '"' * 50_000, "\\" * 50_000, "\x00" * 50_000, "a.b " * 9000]


@pytest.mark.parametrize("long", LONG, ids=range(len(LONG)))
def test_what_came_is_repeated_in_short(served, long):
    row = {"age": 31, "fee": 9.5, "plan": "basic", "city": "Bern"}
    bodies = [
        {long: 1}, {"age": long, "fee": 1}, {long: [1]}, {long: {"a": 1}}, {"rows": [row], long: 1}, long, [long],
        {"rows": [row], "on_error": long}, {"rows": [row], "on_error": [long]}, {"rows": [{long: [1]}]},
        {"rows": [row, {long: [1]}], "on_error": "row"}, {"rows": [row, {long: 1}], "on_error": "row"},
        {"rows": [long]}, {"rows": long}, {"rows": {long: 1}}, {**row, long: 1},
    ]  # fmt: skip
    texts = [json.dumps(body) for body in bodies] + [json.dumps({long: 7}).replace("7}", "1e999}"), f'{{"{long}']
    for text in texts:
        try:
            asked = read_body(text.encode(), 9)
            error = next(one.error for one in served.answer_rows(asked.rows, numbered=not asked.single) if one.error)
        except RequestError as raised:
            error = raised
        assert len(json.dumps(error.to_dict())) < 2000, text[:100]
