"""The way of a request: every refusal in one shape with nothing internal, and each answer to the one who asked."""

import asyncio
import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.serve.asking import asking_all, by_hand
from tests.serve.models import churn, fees

from mainstay.contracts.errors import RequestError
from mainstay.serve.answering.wording import Writer
from mainstay.serve.app import build
from mainstay.serve.limits import Limits
from mainstay.serve.log.record import LogState

ROW = {"age": 31, "fee": 9.5, "plan": "basic", "city": "Bern"}
JSON = {"content-type": "application/json"}
INTERNAL = re.compile(
    r'Traceback|File "|\.py\b|/src/|/work/|mainstay\.|msgspec|object at 0x|[A-Z]\w+(Error|Exception)\b'
)
IDENTITY = re.compile(r"[0-9a-f]{16}-[0-9a-f]{10}")


@pytest.fixture
def one():
    client, serving = asking_all({"churn": churn()}, limits=Limits(max_body=2000, max_rows=5))
    with client:
        yield client, serving


def refused(answer, status, code=None):
    """Hold a refusal to the one shape, and return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    return shape(answer.json(), code, answer.headers["x-request-id"])


def shape(said, code=None, identity=None):
    assert set(said) == {"error"}
    error = said["error"]
    assert set(error) == {"code", "message", "where", "hint", "id"}
    assert all(isinstance(text, str) for text in error.values())
    assert error["message"]
    assert error["id"]
    assert identity in (None, error["id"])
    assert not INTERNAL.search(json.dumps(error)), error
    if code is not None:
        assert error["code"] == code
    return error


@pytest.mark.parametrize(
    ("content", "status", "code", "where"),
    [
        (b"", 400, "empty", "body"),
        (b"  \n", 400, "empty", "body"),
        (b"{", 400, "not_json", "body"),
        (b"age=31", 400, "not_json", "body"),
        (b'{"age": NaN}', 400, "not_json", "body"),
        (b'{"fee": 1, "age": 1e999}', 422, "bad", "$.age"),
        (b'{"age": "\xff"}', 400, "not_json", "body"),
        (b'{"age": "\\ud800"}', 400, "not_json", "body"),
        (b"[" * 1900, 400, None, "body"),
        (b'{"age":' * 250, 400, None, "body"),
        (b"[]", 422, "shape", "$"),
        (b"3", 422, "shape", "$"),
        (b"null", 422, "shape", "$"),
        (b'"text"', 422, "shape", "$"),
        (b"{}", 422, "empty", "$"),
        (b'{"agee": 31}', 422, "unknown_field", "$.agee"),
        (b'{"age": {"x": 1}}', 422, "bad", "$.age"),
        (b'{"age": [1]}', 422, "bad", "$.age"),
        (b'{"age": "old", "fee": 1}', 422, "bad", "$.age"),
        (b'{"age": 1}', 422, "missing", "$.fee"),
        (b'{"rows": []}', 422, "empty", "$.rows"),
        (b'{"rows": [3]}', 422, "shape", "$.rows[0]"),
        (b'{"rows": [{"age": [1]}]}', 422, "bad", "$.rows[0].age"),
        (b'{"rows": [{"fee": 1}, {"fee": 1, "agee": 2}]}', 422, "unknown_field", "$.rows[1].agee"),
        (b'{"rows": [{"fee": 1}], "on_error": "never"}', 422, "bad", "$.on_error"),
        (b'{"rows": [{"fee": 1}], "on_error": 7}', 422, "bad", "$.on_error"),
        (b'{"rows": [{"fee": 1}], "more": 1}', 422, "unknown_field", "$.more"),
        (json.dumps({"rows": [ROW] * 6}).encode(), 413, "too_many_rows", "$.rows"),
        (b" " * 2001, 413, "too_large", "body"),
    ],
)
@pytest.mark.parametrize("path", ["/predict", "/models/churn/predict"])
def test_what_is_no_row_is_refused_in_one_shape(one, path, content, status, code, where):
    client, _ = one
    error = refused(client.post(path, content=content, headers=JSON), status, code)
    assert error["where"] == where


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 415, "not_json"),
        ({"content-type": "text/plain"}, 415, "not_json"),
        ({"content-type": "application/x-www-form-urlencoded"}, 415, "not_json"),
        ({"content-type": "multipart/form-data; boundary=x"}, 415, "not_json"),
        ({"content-type": "application/json; charset=latin-1"}, 415, "not_json"),
        ({"content-type": "application/jsonp"}, 415, "not_json"),
        ({**JSON, "content-encoding": "gzip"}, 415, "compressed"),
        ({"content-type": 'Application/JSON; charset="UTF-8"'}, 200, None),
        ({**JSON, "content-encoding": "identity"}, 200, None),
        ({**JSON, "content-length": "99999999"}, 413, "too_large"),
        ({**JSON, "content-length": "9" * 400}, 413, "too_large"),
    ],
)
def test_what_a_body_says_it_is_is_looked_at(one, headers, status, code):
    client, _ = one
    body = json.dumps(ROW).encode()

    async def parts():
        yield body[:10]
        yield body[10:]

    answer = client.run(client.send("POST", "/predict", content=parts(), headers=headers))
    if status == 200:
        assert answer.status_code == 200
    else:
        error = refused(answer, status, code)
        assert answer.headers.get("connection") == ("close" if status == 413 else None)
        assert error["hint"]


@pytest.mark.parametrize("length", [b"abc", b"-5", b"1e3", b"", b"\xb2"])
def test_a_length_that_is_no_number_is_refused(one, length):
    client, _ = one
    parts = [{"type": "http.request", "body": b"{", "more_body": True}]
    status, _, said = client.run(by_hand(client.app, parts, headers=[(b"content-length", length)]))
    assert status == 400
    shape(said, "length")


def test_a_body_in_pieces_is_one_body(one):
    client, _ = one
    pieces = [bytes([byte]) for byte in json.dumps(ROW).encode()]
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    status, _, said = client.run(by_hand(client.app, [*messages, {"type": "http.request"}]))
    assert (status, said["prediction"]) == (200, churn().predict_rows([ROW]).prediction[0])


def test_pieces_without_end_are_cut_off(one):
    client, _ = one
    messages = [{"type": "http.request", "body": b" " * 100, "more_body": True}] * 100
    status, headers, said = client.run(by_hand(client.app, messages))
    assert (status, headers[b"connection"]) == (413, b"close")
    shape(said, "too_large")


def test_a_client_that_goes_away_gets_nothing_and_leaves_nothing(one):
    client, serving = one
    messages = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    assert client.run(by_hand(client.app, messages)) is None
    assert client.run(by_hand(client.app, [{"type": "http.disconnect"}])) is None
    assert client.run(by_hand(client.app, [{"type": "http.disconnect"}], path="/v2/models/churn/infer")) is None
    assert len(serving.open_requests) == 0


@pytest.mark.parametrize("path", ["/predict", "/v2/models/churn/infer"])
@pytest.mark.parametrize("messages", [[], [{"type": "http.request", "body": b"{", "more_body": True}]])
def test_a_body_that_does_not_come_is_not_waited_for(path, messages):
    client, serving = asking_all({"churn": churn()}, limits=Limits(body_seconds=0.1))
    with client:
        status, headers, said = client.run(by_hand(client.app, messages, path=path))
    assert (status, headers[b"connection"]) == (408, b"close")
    assert (said.get("detail") or said["error"])["code"] == "too_slow"
    assert len(serving.open_requests) == 0


def test_an_answer_that_takes_too_long_is_given_up():
    client, serving = asking_all({"churn": churn()}, limits=Limits(answer_seconds=0.15))
    model = serving.shelf.first.model

    def answer_rows(rows, *, numbered=False):
        import time

        time.sleep(0.4)
        return []

    model.answer_rows, model.seconds = answer_rows, 1.0
    with client:
        answer = client.post("/predict", {"rows": [ROW]})
        error = refused(answer, 503, "too_slow")
        assert answer.headers["retry-after"] == "1"
        assert "row" in error["hint"]
    assert len(serving.open_requests) == 0


def test_a_row_that_is_refused_fails_alone_where_asked(one):
    client, _ = one
    rows = [ROW, {**ROW, "age": "old"}, {**ROW, "agee": 1}, {"age": 5}, {**ROW, "age": 120}]
    answer = client.post("/predict", {"rows": rows, "on_error": "row"})
    assert answer.status_code == 200
    said = answer.json()["predictions"]
    assert ["error" in row for row in said] == [False, True, True, True, False]
    assert [row["error"]["where"] for row in said[1:4]] == ["$.rows[1].age", "$.rows[2].agee", "$.rows[3].fee"]
    for row in said[1:4]:
        assert shape({"error": row["error"]})["id"] == row["id"]
    assert said[4]["warnings"][0] | {"message": ""} == {"code": "range", "where": "$.rows[4].age", "message": ""}
    error = refused(client.post("/predict", {"rows": rows}), 422)
    assert error["where"] == "$.rows[1].age"
    assert "3 of 5 rows" in error["message"]


def test_ids_count_answers_without_a_gap(one):
    client, _ = one
    found = []
    for _ in range(3):
        found.append(client.post("/predict", ROW).json()["id"])
        rows = client.post("/predict", {"rows": [ROW, {"agee": 1}, ROW], "on_error": "row"}).json()["predictions"]
        assert not IDENTITY.fullmatch(rows[1]["id"])
        found += [rows[0]["id"], rows[2]["id"]]
        client.post("/predict", {"agee": 1})
        client.post("/predict", {"rows": [ROW, {"agee": 1}]})
    assert all(IDENTITY.fullmatch(one) for one in found)
    assert [int(one[17:], 16) for one in found] == list(range(9))
    assert len({one[:16] for one in found}) == 1


@pytest.mark.parametrize(
    "query", ["explain=maybe", "explain=", "explian=true", "explain=true&explain=no", "x", "%ff=1"]
)
def test_what_an_address_asks_is_looked_at(one, query):
    client, _ = one
    error = refused(client.post(f"/predict?{query}", ROW), 422)
    assert error["where"] == "query"


def test_reasons_are_given_where_asked(one):
    client, _ = one
    said = client.post("/predict?explain=true", ROW).json()
    why = said["explanation"]
    assert why["base"] + sum(why["contributions"].values()) == pytest.approx(why["answer"], abs=1e-6)
    assert client.post("/predict?explain=false", ROW).json().keys() == client.post("/predict", ROW).json().keys()


@pytest.mark.parametrize("body", [ROW, {"rows": [ROW, ROW]}])
def test_an_error_that_nobody_foresaw_tells_nothing(one, body):
    client, serving = one

    def fail(*_, **__):
        raise RuntimeError("/secret/path/of/model.onnx cannot be read: password=hunter2")

    model = serving.shelf.first.model
    model.answer_plain, model.answer_rows = fail, fail
    error = refused(client.post("/predict", body), 500, "internal")
    assert "secret" not in json.dumps(error)
    line = json.loads(serving.journal._stream.text)
    assert (line["event"], line["error"], line["path"]) == ("failure", "RuntimeError", "/predict")


def test_errors_of_the_model_about_a_request_keep_their_status(one):
    client, serving = one

    def refuse(*_, **__):
        raise RequestError("try later", status=429, headers={"retry-after": "9"}, code="later")

    serving.shelf.first.model.answer_rows = refuse
    answer = client.post("/predict", {"rows": [ROW]})
    refused(answer, 429, "later")
    assert answer.headers["retry-after"] == "9"


def expected(bundle, row):
    """Return what a row is to get, by the bundle alone."""
    return json.loads(Writer(bundle.outputs).write(bundle.predict_rows([row]))[0])


GOOD = st.fixed_dictionaries(
    {
        "age": st.one_of(st.none(), st.integers(-5, 130), st.floats(0, 99)),
        "fee": st.floats(-1e6, 1e6, width=64),
        "plan": st.sampled_from(["basic", "plus", 'su"per', "gold", None, ""]),
        "city": st.sampled_from(["Bern", "Z\u00fcrich", "Oslo", None]),
    }
)
BAD = st.sampled_from([{"agee": 1}, {"age": "old", "fee": 1}, {"age": 1}, [1], {"rows": []}, {"fee": {"x": 1}}])


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(st.one_of(GOOD, GOOD, BAD), min_size=50, max_size=150), seed=st.randoms())
def test_everyone_gets_their_own_answer(rows, seed):
    client, _ = asking_all({"churn": churn(), "fees": fees()})
    asked = [(seed.choice(["churn", "fees"]), row, seed.randrange(4)) for row in rows]

    async def ask(name, row, turns):
        for _ in range(turns):
            await asyncio.sleep(0)
        return await client.send("POST", f"/models/{name}/predict", json=row)

    async def storm():
        return await asyncio.gather(*(ask(*one) for one in asked))

    with client:
        answers = client.run(storm())
    identities = set()
    for (name, row, _), answer in zip(asked, answers, strict=True):
        bundle = churn() if name == "churn" else fees()
        if not isinstance(row, dict) or "city" not in row:
            refused(answer, 422)
            continue
        said = answer.json()
        wanted = expected(bundle, row)
        assert {key: said[key] for key in wanted} == wanted, "bit for bit"
        assert (said["model"], said["digest"]) == (name, bundle.digest)
        identities.add(said["id"])
    assert len(identities) == sum(answer.status_code == 200 for answer in answers)


def test_a_model_that_fails_on_one_row_answers_the_others():
    client, serving = asking_all({"churn": churn()})
    model = serving.shelf.first.model
    voice = model._voice
    usual = voice._predict_arrays
    poison = 13.0

    def predict_arrays(arrays):
        if (arrays.numbers[:, 0] == poison).any():
            raise RuntimeError("this block cannot be computed")
        return usual(arrays)

    voice._predict_arrays = predict_arrays
    try:
        rows = [{**ROW, "age": age} for age in range(60)]

        async def storm():
            return await asyncio.gather(*(client.send("POST", "/predict", json=row) for row in rows))

        with client:
            answers = client.run(storm())
    finally:
        voice._predict_arrays = usual
    for row, answer in zip(rows, answers, strict=True):
        if row["age"] == poison:
            refused(answer, 500, "internal")
        else:
            said, wanted = answer.json(), expected(churn(), row)
            assert {key: said[key] for key in wanted} == wanted


def test_an_exchange_among_requests_mixes_no_answer():
    client, serving = asking_all({"m": churn()})
    bundles = {one.digest: one for one in (churn(), fees())}

    async def storm():
        async def ask(number):
            for _ in range(number % 17):
                await asyncio.sleep(0)
            row = {**ROW, "age": number % 99}
            return row, await client.send("POST", "/predict", json=row if number % 3 else {"rows": [row]})

        async def exchange():
            for turn in range(6):
                serving.shelf.swap("m", (fees(), churn())[turn % 2])
                await asyncio.sleep(0)
                await asyncio.sleep(0)

        found = await asyncio.gather(exchange(), *(ask(number) for number in range(300)))
        return found[1:]

    with client:
        answers = client.run(storm())
    seen = set()
    for row, answer in answers:
        assert answer.status_code == 200
        said = answer.json()
        seen.add(said["digest"])
        wanted = expected(bundles[said["digest"]], row)
        one = said["predictions"][0] if "predictions" in said else said
        assert {key: one[key] for key in wanted} == wanted
    assert len(seen) == 2


class Durable:
    """A log that says whether it kept what it was given."""

    mode = "durable"
    state = LogState(healthy=True, queued=0, written=0, lost=0)

    def __init__(self, kept):
        self.kept, self.entries = kept, []

    async def keep(self, entries):
        await asyncio.sleep(0)
        self.entries += entries
        return self.kept

    def close(self, seconds):
        pass


@pytest.mark.parametrize("kept", [True, False])
def test_an_answer_says_whether_it_was_kept(kept):
    log = Durable(kept)
    client, _ = asking_all({"churn": churn()}, log=log)
    with client:
        single = client.post("/predict", ROW).json()
        several = client.post("/predict", {"rows": [ROW, {"agee": 1}], "on_error": "row"}).json()
        tensors = client.post("/v2/models/churn/infer", {"inputs": [
            {"name": "fee", "shape": [1], "datatype": "FP64", "data": [9.5]}]}).json()  # fmt: skip
    assert single["logged"] is several["logged"] is tensors["parameters"]["logged"] is kept
    said = [single["id"], several["predictions"][0]["id"], tensors["outputs"][2]["data"][0]]
    assert [entry.id for entry in log.entries] == said
    assert json.loads(log.entries[0].inputs) == ROW
    assert json.loads(log.entries[2].inputs) == {"fee": 9.5}
    assert all(entry.digest == churn().digest and entry.latency_us > 0 for entry in log.entries)


@pytest.mark.parametrize("query", ["", "?explain=true"])
def test_what_is_no_row_fails_alone_and_is_not_logged(query):
    log = Durable(kept=True)
    client, _ = asking_all({"churn": churn()}, log=log)
    odd = ["null", "7", "[1]", '{"fee": [1]}', '{"fee": 1e999}', '{"fee": ' + "1" * 5000 + "}"]
    good = json.dumps(ROW)
    body = f'{{"rows": [{good}, {", ".join(odd)}, {good}], "on_error": "row"}}'
    with client:
        answer = client.post(f"/predict{query}", content=body.encode(), headers=JSON)
    assert answer.status_code == 200, answer.text
    said = answer.json()["predictions"]
    assert ["error" in one for one in said] == [False, *[True] * len(odd), False]
    assert [one["error"]["where"] for one in said[1:-1]] == [
        "$.rows[1]", "$.rows[2]", "$.rows[3]", "$.rows[4].fee", "$.rows[5].fee", "$.rows[6].fee",
    ]  # fmt: skip
    assert [(entry.id, entry.inputs) for entry in log.entries] == [
        (said[0]["id"], good.encode()),
        (said[-1]["id"], good.encode()),
    ]


def test_the_application_is_a_plain_function_of_the_standard():
    _, serving = asking_all({"churn": churn()})
    found = asyncio.run(by_hand(build(serving), [{"type": "http.request", "body": json.dumps(ROW).encode()}]))
    assert found[0] == 200
