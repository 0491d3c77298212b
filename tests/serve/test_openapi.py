"""The description of the server: valid, complete, and true of what is taken and what is sent."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from tests.serve.models import NASTY, NASTY_ROW, bundle_of, churn, fees, nasty, sets

from mainstay.bundle.records import Golden
from mainstay.contracts.errors import RequestError
from mainstay.contracts.schema import Column, Schema
from mainstay.data.decode import Decoder
from mainstay.serve.admission import FREE_PATHS
from mainstay.serve.answering.asked import read_body
from mainstay.serve.answering.served import ServedModel
from mainstay.serve.app import create_app
from mainstay.serve.describe import example_row
from mainstay.serve.openapi.cells import cell_schema, row_schema
from mainstay.serve.openapi.document import openapi_document
from mainstay.serve.routes import all_routes


def document(models=None, *, token=False, max_rows=3, **further):
    models = models or {"churn": churn(), "fees": fees(), "sets": sets(), "nasty": nasty()}
    return openapi_document(
        models, default=next(iter(models)), version="1.2.3", max_rows=max_rows, max_body=1000, token=token, **further
    )


def schema_at(described, schema):
    """Return a validator of a schema within a document, where its references lead."""
    return Draft202012Validator({**schema, "components": described["components"]})


def component(described, name):
    return schema_at(described, {"$ref": f"#/components/schemas/{name}"})


def operations(described):
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


@pytest.mark.parametrize("token", [False, True])
def test_the_document_is_valid_openapi_and_plain_json(token):
    described = document(token=token)
    assert json.loads(json.dumps(described, allow_nan=False)) == described
    validate(described)
    names = [operation["operationId"] for _, _, operation in operations(described)]
    assert len(set(names)) == len(names)


def test_all_endpoints_are_there():
    paths = set(document({"churn": churn()})["paths"])
    root = "/v2/models/{name}"
    assert paths >= {"/", "/docs", "/openapi.json", "/metrics", "/health/live", "/health/ready", "/models", "/predict"}
    assert paths >= {"/models/churn/predict", "/models/{name}/schema", "/v2", "/v2/health/live", "/v2/health/ready"}
    assert paths >= {root, f"{root}/ready", "/v2/models/churn/infer", "/v2/models/churn/versions/{version}/infer"}


def test_the_document_has_every_route_of_the_server_and_no_other():
    app = create_app({"churn": churn()})
    routed = set()
    for route in all_routes(app.serving):
        asks = route.path.endswith(("/predict", "/infer"))
        path = route.path.replace("{name}", "churn") if asks else route.path
        path = "/static/{file}" if path.startswith("/static/") else path
        routed |= {(path, method.lower()) for method in route.methods - {"HEAD"}}
    described = {(path, method) for path, method, _ in operations(document({"churn": churn()}))}
    assert described == routed


def test_a_token_is_asked_for_everywhere_but_for_life_signs():
    described = document({"churn": churn()}, token=True)
    assert described["security"]
    free = [path for path, _, operation in operations(described) if operation.get("security") == []]
    assert set(free) == FREE_PATHS
    assert "security" not in document({"churn": churn()})


def test_a_mounted_server_says_where_it_is():
    assert document({"churn": churn()}, root="/ml")["servers"] == [{"url": "/ml"}]
    assert "servers" not in document({"churn": churn()})


def test_every_example_keeps_its_own_schema():
    described = document()
    for _, _, operation in operations(described):
        for body in operation.get("requestBody", {}).get("content", {}).values():
            for shown in body.get("examples", {}).values():
                schema_at(described, body["schema"]).validate(shown["value"])
        for body in operation["responses"]["200"].get("content", {}).values():
            if "example" in body:
                schema_at(described, body["schema"]).validate(body["example"])
    for refusal in described["components"]["responses"].values():
        body = refusal["content"]["application/json"]
        schema_at(described, body["schema"]).validate(body["example"])


@pytest.mark.parametrize("make", [churn, fees, sets, nasty])
def test_real_answers_keep_the_schema(make):
    bundle = make()
    described = document({"m": bundle})
    model = ServedModel("m", bundle)
    row = example_row(bundle)
    spoilt = {name: "never seen" if name in ("plan", "__proto__") else value for name, value in row.items()}
    spoilt.popitem()
    reasons = model.explain([row])[0]
    for answered, why in zip(model.answer_rows([row, spoilt]), (reasons, None), strict=True):
        said = json.loads(answered.body) | ({"explanation": why} if why else {})
        whole = {**said, "model": "m", "digest": bundle.digest, "id": "a-0"}
        component(described, "Answer_m").validate(whole)
        batch = {"predictions": [{**said, "id": "a-0"}], "model": "m", "digest": bundle.digest}
        component(described, "Answers_m").validate(batch)
        assert not component(described, "Answer_m").is_valid({**whole, "prediction": [1]})
        assert not component(described, "Answer_m").is_valid({**whole, "surprise": 1})


def test_a_refusal_keeps_the_schema():
    described = document({"churn": churn()})
    refused = ServedModel("churn", churn()).answer_rows([{"age": "old", "fee": 1}])[0].error
    said = {"error": {**refused.to_dict(), "id": "a-0"}}
    component(described, "Error").validate(said)
    component(described, "RowRefused").validate({**said, "id": "a-0"})


BODIES = [
    {"age": 31, "fee": 1},
    {"age": "31", "fee": " 9.5 "},
    {"fee": 1, "note": "x", "churn": "Yes"},
    {"fee": 1, "feee": 2},
    {"age": 31},
    {"age": 31, "fee": None},
    {"age": True, "fee": 1},
    {"age": "old", "fee": 1},
    {"age": 1e39, "fee": 1},
    {"age": 1000, "fee": 1e39},
    {"age": [1], "fee": 1},
    {"age": {}, "fee": 1},
    {},
    [],
    None,
    3,
    {"rows": []},
    {"rows": {}},
    {"rows": 1},
    {"rows": [{"fee": 1}]},
    {"rows": [{"fee": 1}] * 3},
    {"rows": [{"fee": 1}] * 4},
    {"rows": [{"fee": 1}, {"fee": None}]},
    {"rows": [{"fee": 1}, {"fee": None}], "on_error": "fail"},
    {"rows": [{"fee": 1}, {"fee": None}], "on_error": "row"},
    {"rows": [{"fee": 1}, {"fee": []}], "on_error": "row"},
    {"rows": [{"fee": 1}, 3], "on_error": "row"},
    {"rows": [{"fee": 1}], "on_error": "rows"},
    {"rows": [{"fee": 1}], "on_error": None},
    {"rows": [{"fee": 1}], "age": 3},
]


@pytest.mark.parametrize("body", BODIES, ids=json.dumps)
def test_the_schema_takes_the_bodies_that_are_answered_and_no_others(body):
    assert component(document({"churn": churn()}), "Request_churn").is_valid(body) == answered("churn", churn(), body)


def answered(name, bundle, body, max_rows=3):
    """Whether the server's own code answers a body."""
    try:
        asked = read_body(json.dumps(body).encode(), max_rows)
    except RequestError:
        return False
    rows = ServedModel(name, bundle).answer_rows(asked.rows)
    return asked.on_error == "row" or not any(one.error for one in rows)


def test_columns_called_rows_and_on_error_are_columns():
    described = document({"nasty": nasty()})
    request = component(described, "Request_nasty")
    alone = {**NASTY_ROW, "on_error": "fail"}
    for body, good in [(alone, True), ({"rows": [alone]}, True), ({**NASTY_ROW, "rows": [alone]}, False)]:
        assert request.is_valid(body) == answered("nasty", nasty(), body) == good


def test_a_row_with_unused_columns_only_is_none():
    names = ("age", "fee", "plan", "city")
    columns = tuple(Column(name=name, kind="category") for name in names[2:])
    rest = tuple(Column(name=name, kind="number") for name in names[:2])
    schema = Schema(columns=(*rest, *columns, Column(name="churn", kind="category", role="target")))
    bundle = bundle_of(schema=schema, golden=Golden())
    request = component(document({"m": bundle}), "Request_m")
    for body in ({}, {"churn": "x"}, {"age": 1}, {"age": 1, "churn": "x"}):
        assert request.is_valid(body) == answered("m", bundle, body), body


def test_names_of_models_become_names_of_components():
    described = document({"a.b": churn(), "a-b": churn(), "a_b": churn(), "\u00e4": churn()})
    validate(described)
    rows = [name for name in described["components"]["schemas"] if name.startswith("Row_")]
    assert len(rows) == 4
    assert "/models/%C3%A4/predict" in described["paths"]


def test_nasty_names_stand_as_they_are():
    row = document({"nasty": nasty()})["components"]["schemas"]["Row_nasty"]
    assert set(row["properties"]) == {column.name for column in nasty().schema.columns}
    assert row["properties"][NASTY]["x-column"]["unit"] == "<i>km</i>"


def test_long_lists_of_levels_are_cut_in_words_and_whole_in_rules():
    levels = tuple(f"level {number}" for number in range(500))
    open_one = cell_schema(Column(name="c", kind="category", categories=levels))
    assert "480 more" in open_one["description"]
    assert len(json.dumps(open_one)) < 3000
    closed = cell_schema(Column(name="c", kind="category", categories=levels, on_unseen="reject"))
    assert set(levels) <= set(closed["enum"])


policies = st.sampled_from(["reject", "warn", "missing"])
shared = {"nullable": st.booleans(), "on_bad": policies, "on_missing": policies}
missing = st.sampled_from([(), ("?",), ("-9",), ("NA", "-9")])
number_columns = st.builds(
    Column,
    name=st.just("c"),
    kind=st.just("number"),
    low=st.sampled_from([None, -5, 0.5]),
    high=st.sampled_from([None, 10, 90.25]),
    unit=st.sampled_from(["", "EUR", "$", "a.b"]),
    thousands=st.sampled_from(["", ",", "'", "_"]),
    decimal=st.just("."),
    missing=missing,
    on_range=policies,
    **shared,
)
word_columns = st.builds(
    Column,
    name=st.just("c"),
    kind=st.just("category"),
    categories=st.sampled_from([("a", "b c"), ("1", "2.5", "007"), ("true", "no"), ("True", "False"), ("-1", "a")]),
    ordered=st.booleans(),
    missing=missing,
    on_unseen=policies,
    **shared,
)
boolean_columns = st.builds(
    Column,
    name=st.just("c"),
    kind=st.just("boolean"),
    categories=st.sampled_from([(), ("No", "Yes"), ("0", "1"), ("dead", "Alive"), ("2", "1")]),
    missing=missing,
    **shared,
)
other_columns = st.builds(
    Column, name=st.just("c"), kind=st.sampled_from(["text", "datetime"]), missing=missing, **shared
)
WORDS = """ |?|NA|-9|nan|NaN|inf|1e5|a|b c| a |A|1|1.0|2.5|007|7|true|True|TRUE|no|yes|Yes|$5|5 EUR|EUR5|5$|1,234|1'234
|1_000|12,34|+3|-.5|5.|.|-|e5|dead|ALIVE|alive|2|t|off|2024-01-31|2024-01-31 10:00:00|x|-9.0|-9.5"""
cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-100, 100),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.sampled_from([0, 1, 1.0, 2.5, -9, 7, 1e39, -1e39, 3.5e38, ""]),
    st.sampled_from(WORDS.replace("\n", "").split("|")),
    st.text(max_size=4),
)


def expressible(column, cell):
    """Whether JSON Schema can say if the cell is taken: not where a text is read and then judged by its meaning."""
    if not isinstance(cell, str):
        return True
    if column.kind == "number":
        return column.on_range != "reject"
    if column.kind == "category":
        return column.on_unseen != "reject"
    return column.kind != "datetime" or column.on_bad != "reject"


@settings(max_examples=1500, deadline=None)
@given(st.one_of(number_columns, word_columns, boolean_columns, other_columns), cells)
@example(Column(name="c", kind="boolean", on_bad="reject"), "\x85")
@example(Column(name="c", kind="number", on_bad="reject"), "\ufeff1\u2003")
def test_a_cell_is_in_the_schema_where_the_decoder_takes_it(column, cell):
    taken = not Decoder(Schema(columns=(column,))).from_rows([{"c": cell}]).rejected[0]
    described = Draft202012Validator(cell_schema(column)).is_valid(cell)
    if expressible(column, cell):
        assert described == taken, cell_schema(column)
    elif column.kind == "category":  # a list of words has none with blanks around it, and one way to write a number
        assert taken or not described, cell_schema(column)
    else:
        assert described or not taken, cell_schema(column)


@given(st.one_of(number_columns, word_columns, boolean_columns, other_columns))
def test_a_row_without_the_column_is_in_the_schema_where_it_is_taken(column):
    other = Column(name="d", kind="number")
    schema = Schema(columns=(column, other))
    taken = not Decoder(schema).from_rows([{"d": 1}]).rejected[0]
    assert Draft202012Validator(row_schema(schema, {})).is_valid({"d": 1}) == taken
