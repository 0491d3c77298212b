"""The Open Inference Protocol, version 2, asked by Triton's own client and by bytes written by hand."""

import asyncio
import contextlib
import json
import re
import socket
import struct
import threading
from functools import cache

import numpy as np
import pytest
import tritonclient.http as triton
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.serve.asking import Asking, asking_all
from tests.serve.models import bundle_of, churn, fees, sets, wide
from tritonclient.utils import InferenceServerException, deserialize_bytes_tensor

from mainstay.bundle.open import open_bundle
from mainstay.bundle.pack import pack
from mainstay.bundle.predict import Predictor
from mainstay.bundle.records import BundleContent, Outputs
from mainstay.bundle.replay import record_golden
from mainstay.contracts.model import Affine, ModelGraph
from mainstay.contracts.schema import Column, Schema
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.write import write_model
from mainstay.serve.app import build
from mainstay.serve.limits import Limits
from mainstay.serve.log.record import LogState
from mainstay.serve.protocol_v2.tensors import bytes_of_texts

ROWS = [
    {"age": 31.0, "fee": 9.5, "plan": "basic", "city": "Bern"},
    {"age": 64.0, "fee": 20.25, "plan": "plus", "city": "Z\u00fcrich"},
    {"age": None, "fee": 3.1, "plan": "gold", "city": None},
]


@cache
def numbers_only():
    """Return a model of three numbers, as a server of scikit-learn models has."""
    schema = Schema(columns=(*(Column(name=f"x{at}", kind="number") for at in range(3)),))
    builder = GraphBuilder(3, 0)
    answers = write_model(
        builder, ModelGraph(Affine(np.array([[0.5, -1.25, 0.1]]).T, np.zeros(1)), "identity"), "numbers", 3
    )
    return packed_bundle(schema, builder.build({"prediction": answers}), {"x0": 1, "x1": 2, "x2": 3})


@cache
def every_kind():
    """Return a model with a boolean, a date, a text and a category of numbers."""
    columns = (
        Column(name="member", kind="boolean", categories=("no", "yes")),
        Column(name="since", kind="datetime"),
        Column(name="note", kind="text"),
        Column(name="level", kind="category", categories=("1", "2")),
    )
    builder = GraphBuilder(12, 1)
    codes = builder.node("Cast", ["categories"], to=1)
    features = builder.node("Concat", ["numbers", codes], axis=1)
    weights = np.linspace(-0.1, 0.2, 13)[:, None]
    answers = write_model(builder, ModelGraph(Affine(weights, np.zeros(1)), "identity"), features, 13)
    return packed_bundle(Schema(columns=columns), builder.build({"prediction": answers}), KINDS_ROWS[0])


KINDS_ROWS = [
    {"member": True, "since": "2024-02-29", "note": "Two words", "level": 2},
    {"member": False, "since": "1999-12-31 23:59", "note": "\U0001f600", "level": 1},
]


def packed_bundle(schema, model, row):
    outputs = Outputs(task="regression", target="y")
    content = BundleContent(
        schema=schema, model=model, outputs=outputs, recipe={}, evaluation={}, reference={}, report="", card="",
        golden=record_golden(Predictor(schema, outputs, model), [row]),
    )  # fmt: skip
    return open_bundle(pack(content))


class Kept:
    """A log that keeps what it is given."""

    mode = "batched"
    state = LogState(healthy=True, queued=0, written=0, lost=0)

    def __init__(self):
        self.entries = []

    def record(self, entries):
        self.entries += entries

    def close(self, seconds):
        pass


BUNDLES = {"churn": churn, "fees": fees, "sets": sets, "line": numbers_only, "kinds": every_kind}


@pytest.fixture(scope="module")
def client():
    asking, _ = asking_all({name: make() for name, make in BUNDLES.items()}, limits=Limits(max_rows=50))
    with asking:
        yield asking


@contextlib.contextmanager
def listening(app):
    """Serve an application on a free port, in a thread of this process."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on", loop="asyncio"))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([door])))
        thread.start()
        try:
            yield f"127.0.0.1:{door.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)


@pytest.fixture(scope="module")
def address():
    _, serving = asking_all({name: make() for name, make in BUNDLES.items()}, tokens=("secret",))
    with listening(build(serving)) as found:
        yield found


@pytest.fixture(scope="module")
def server(address):
    with triton.InferenceServerClient(address) as found:
        yield found


def token():
    """Return the headers anew each time: the client writes into what it is given."""
    return {"authorization": "Bearer secret"}


KINDS = {"FP64": np.float64, "FP32": np.float32, "INT32": np.int32, "BOOL": np.bool_, "BYTES": object}


def column(name, values, kind="FP64", shape=None, *, binary=True):
    array = np.array(values, KINDS[kind]).reshape(shape or (-1,))
    tensor = triton.InferInput(name, list(array.shape), kind)
    return tensor.set_data_from_numpy(array, binary_data=binary)


def columns_of(rows, *, binary, shape=None):
    return [
        column("age", [np.nan if row["age"] is None else row["age"] for row in rows], shape=shape, binary=binary),
        column("fee", [row["fee"] for row in rows], shape=shape, binary=binary),
        column("plan", [row["plan"] for row in rows], "BYTES", shape, binary=binary),
        column("city", [row["city"] or "" for row in rows], "BYTES", shape, binary=binary),
    ]


def test_triton_asks_how_the_server_is(server):
    assert server.is_server_live()
    assert server.is_server_ready()
    assert server.is_model_ready("churn", headers=token())
    assert server.is_model_ready("churn", churn().digest[:12], headers=token())
    assert not server.is_model_ready("churn", "1", headers=token())
    assert not server.is_model_ready("churn")
    about = server.get_server_metadata(headers=token())
    assert about["name"] == "mainstay"
    assert "binary_tensor_data" in about["extensions"]


def test_triton_learns_what_a_model_takes(server):
    about = server.get_model_metadata("churn", headers=token())
    assert about["versions"] == [churn().digest[:12]]
    assert [(one["name"], one["datatype"], one["shape"]) for one in about["inputs"]] == [
        ("age", "FP64", [-1]), ("fee", "FP64", [-1]), ("plan", "BYTES", [-1]), ("city", "BYTES", [-1]),
    ]  # fmt: skip
    assert [(one["name"], one["datatype"], one["shape"]) for one in about["outputs"]] == [
        ("prediction", "BYTES", [-1]), ("probabilities", "FP64", [-1, 2]), ("id", "BYTES", [-1]),
    ]  # fmt: skip
    assert about["outputs"][1]["parameters"]["labels"] == ["No", "Yes"]
    kinds = {one["name"]: one["datatype"] for one in server.get_model_metadata("fees", headers=token())["outputs"]}
    assert kinds == {"prediction": "FP64", "low": "FP64", "high": "FP64", "id": "BYTES"}
    kinds = {one["name"]: one["datatype"] for one in server.get_model_metadata("sets", headers=token())["outputs"]}
    assert kinds == {"prediction": "INT64", "probabilities": "FP64", "prediction_set": "BOOL", "id": "BYTES"}


@pytest.mark.parametrize("shape", [None, (-1, 1)])
def test_triton_gets_the_bits_of_the_model_as_bytes(server, shape):
    answer = server.infer("churn", columns_of(ROWS, binary=True, shape=shape), request_id="my-7", headers=token())
    expected = churn().predict_rows(ROWS)
    assert answer.get_response()["id"] == "my-7"
    assert answer.get_response()["parameters"]["digest"] == churn().digest
    assert [text.decode() for text in answer.as_numpy("prediction")] == expected.prediction.tolist()
    assert answer.as_numpy("probabilities").tolist() == expected.probabilities.astype(np.float64).tolist()
    assert answer.get_output("prediction")["parameters"]["binary_data_size"] > 0
    assert len({bytes(one) for one in answer.as_numpy("id")}) == 3


def test_triton_gets_the_same_as_json(server):
    rows = ROWS[:2]
    wanted = [triton.InferRequestedOutput(name, binary_data=False) for name in ("probabilities", "prediction")]
    answer = server.infer("churn", columns_of(rows, binary=False), outputs=wanted, headers=token())
    expected = churn().predict_rows(rows)
    assert [one["name"] for one in answer.get_response()["outputs"]] == ["probabilities", "prediction"]
    assert answer.get_output("probabilities")["data"] == expected.probabilities.astype(np.float64).ravel().tolist()
    assert answer.as_numpy("prediction").tolist() == expected.prediction.tolist()


def test_triton_may_mix_bytes_and_json(server):
    inputs = columns_of(ROWS[:2], binary=True)
    inputs[1] = columns_of(ROWS[:2], binary=False)[1]
    wanted = [
        triton.InferRequestedOutput("probabilities", binary_data=True),
        triton.InferRequestedOutput("id", binary_data=False),
    ]
    answer = server.infer("churn", inputs, outputs=wanted, headers=token())
    expected = churn().predict_rows(ROWS[:2]).probabilities
    assert answer.as_numpy("probabilities").tolist() == expected.astype(np.float64).tolist()
    assert len(answer.get_output("id")["data"]) == 2


@pytest.mark.parametrize("binary", [True, False])
def test_triton_gets_amounts_and_sets(server, binary):
    inputs = columns_of(ROWS[:2], binary=binary)
    answer = server.infer("fees", inputs, headers=token())
    expected = fees().predict_rows(ROWS[:2])
    for name in ("prediction", "low", "high"):
        assert answer.as_numpy(name).tolist() == getattr(expected, name).tolist()
    answer = server.infer("sets", inputs, model_version=sets().digest[:12], headers=token())
    expected = sets().predict_rows(ROWS[:2])
    assert answer.as_numpy("prediction").tolist() == expected.prediction.tolist()
    assert answer.as_numpy("prediction_set").tolist() == expected.members.tolist()


@pytest.mark.parametrize("binary", [True, False])
def test_every_kind_of_column_has_its_tensor(server, binary):
    about = server.get_model_metadata("kinds", headers=token())
    assert [one["datatype"] for one in about["inputs"]] == ["BOOL", "BYTES", "BYTES", "BYTES"]
    inputs = [
        column("member", [row["member"] for row in KINDS_ROWS], "BOOL", binary=binary),
        column("since", [row["since"] for row in KINDS_ROWS], "BYTES", binary=binary),
        column("note", [row["note"] for row in KINDS_ROWS], "BYTES", binary=binary),
        column("level", [row["level"] for row in KINDS_ROWS], "INT32", binary=binary),
    ]
    answer = server.infer("kinds", inputs, headers=token())
    assert "warnings" not in answer.get_response()["parameters"]
    assert answer.as_numpy("prediction").tolist() == every_kind().predict_rows(KINDS_ROWS).prediction.tolist()


@pytest.mark.parametrize("kind", ["FP32", "FP64", "INT32"])
@pytest.mark.parametrize("name", ["input", "input-0", "predict"])
def test_one_tensor_may_hold_a_table_of_numbers(server, kind, name):
    table = [[1.5, 2, 0.1], [-7.25, 3, 4]] if kind != "INT32" else [[1, 2, 3], [4, 5, 6]]
    answer = server.infer("line", [column(name, table, kind, (2, 3))], headers=token())
    rows = [{f"x{at}": value for at, value in enumerate(row)} for row in table]
    assert answer.as_numpy("prediction").tolist() == numbers_only().predict_rows(rows).prediction.tolist()


def test_triton_can_read_every_refusal(server):
    inputs = columns_of(ROWS[:1], binary=True)
    cases = [
        lambda: server.infer("churn", inputs),
        lambda: server.infer("nobody", inputs, headers=token()),
        lambda: server.infer("churn", inputs, model_version="1", headers=token()),
        lambda: server.infer("churn", [*inputs, column("agee", [1])], headers=token()),
        lambda: server.infer("line", [column("input", [[1.0, 2]], shape=(1, 2))], headers=token()),
        lambda: server.infer("churn", inputs, outputs=[triton.InferRequestedOutput("logits")], headers=token()),
        lambda: server.infer(
            "churn", inputs, outputs=[triton.InferRequestedOutput("id", class_count=2)], headers=token()
        ),
        lambda: server.get_model_metadata("nobody", headers=token()),
        lambda: server.get_model_config("churn", headers=token()),
        lambda: server.load_model("churn", headers=token()),
    ]
    statuses, texts = [], []
    for case in cases:
        with pytest.raises(InferenceServerException) as caught:
            case()
        assert isinstance(caught.value.message(), str)
        statuses.append(caught.value.status())
        texts.append(str(caught.value))
    assert statuses == ["401", "404", "404", "422", "422", "422", "422", "404", "404", "404"]
    assert "Did you mean 'age'?" in texts[3]
    assert churn().digest[:12] in texts[2]


def infer(client, inputs, name="churn", **further):
    return client.post(f"/v2/models/{name}/infer", {"inputs": inputs, **further})


def tensor(name, values, datatype="FP64", shape=None, **further):
    return {"name": name, "shape": shape or [len(values)], "datatype": datatype, "data": values, **further}


def plain(rows):
    return [
        tensor(name, [row[name] for row in rows], "FP64" if name in ("age", "fee") else "BYTES") for name in rows[0]
    ]


def outputs_of(answer):
    return {one["name"]: one["data"] for one in answer.json()["outputs"]}


def test_null_is_missing_and_no_content_type_is_needed(client):
    body = json.dumps({"inputs": plain(ROWS)}).encode()
    answer = client.ask("POST", "/v2/models/churn/infer", content=body)
    assert answer.status_code == 200
    expected = churn().predict_rows(ROWS)
    assert outputs_of(answer)["probabilities"] == expected.probabilities.astype(np.float64).ravel().tolist()
    assert "id" not in answer.json()
    warned = [(one["code"], one["where"]) for one in answer.json()["parameters"]["warnings"]]
    assert warned == [("unseen", "$.inputs[2].data[2]")]


@pytest.mark.parametrize("inputs", [[tensor("fee", [1, 2, 3])], [tensor("x1", [1, 2, 3])]], ids=["few", "many"])
def test_a_column_that_is_left_out_is_told_once(inputs):
    asking, _ = asking_all({"churn": churn(), "wide": wide()})
    name = "churn" if inputs[0]["name"] == "fee" else "wide"
    with asking:
        answer = infer(asking, inputs, name)
    assert answer.status_code == 200
    places = [one["where"] for one in answer.json()["parameters"]["warnings"]]
    assert places == (["$.inputs.age", "$.inputs.plan", "$.inputs.city"] if name == "churn" else ["$.inputs"])


LONG = ["x" * 50_000, "\U000e0001" * 20_000, '"' * 50_000]
DIGITS = int("9" * 4000)


@pytest.mark.parametrize("long", LONG, ids=range(len(LONG)))
def test_what_came_is_repeated_in_short(client, long):
    age = tensor("age", [1])
    requests = [
        {"inputs": [{**age, **change}]}
        for change in (
            {"name": long}, {"datatype": long}, {"shape": [DIGITS]}, {"shape": [1, DIGITS]}, {"shape": [1] * 50_000},
            {"shape": [DIGITS] * 20}, {"data": long}, {"data": [long]}, {"parameters": {"shared_memory" + long: 1}},
            {"name": long, "parameters": {"binary_data_size": DIGITS}}, {"shape": long},
        )
    ]  # fmt: skip
    requests += [
        {"inputs": [age], "outputs": [{"name": long}]},
        {"inputs": [age], "outputs": [{"name": "id", "parameters": {"shared_memory" + long: 1}}]},
        {"inputs": [age], "id": [long]},
        {"inputs": [tensor("input", [1, 2], shape=[1, DIGITS])]},
        long,
    ]
    for request in requests:
        for name in ("churn", "line"):
            answer = client.post(f"/v2/models/{name}/infer", request)
            assert answer.status_code in (400, 413, 422), (name, answer.text[:300])
            assert len(answer.content) < 2500, answer.text[:300]
    deep = b'{"inputs": [], "parameters": {"a": ' + b"[" * 400 + b"1e999" + b"]" * 400 + b"}}"
    assert len(client.ask("POST", "/v2/models/churn/infer", content=deep).content) < 1000


def test_a_page_of_another_site_cannot_send_without_saying_what(client):
    body = json.dumps({"inputs": plain(ROWS)}).encode()
    for headers in ({"origin": "http://evil"}, {"sec-fetch-site": "cross-site"}, {"content-type": "text/plain"}):
        answer = client.ask("POST", "/v2/models/churn/infer", content=body, headers=headers)
        assert answer.status_code == 415
        assert isinstance(answer.json()["error"], str)


def test_nested_data_and_any_datatype_that_fits(client):
    rows = ROWS[:2]
    nested = [{**one, "shape": [2, 1], "data": [[value] for value in one["data"]]} for one in plain(rows)]
    texts = [{**one, "datatype": "BYTES", "data": [str(value) for value in one["data"]]} for one in plain(rows)]
    expected = outputs_of(infer(client, plain(rows)))["probabilities"]
    assert outputs_of(infer(client, nested))["probabilities"] == expected
    assert outputs_of(infer(client, texts))["probabilities"] == expected
    table = tensor("input", [[1, 2, 3], [4, 5, 6]], "INT64", [2, 3])
    flat = {**table, "data": [1, 2, 3, 4, 5, 6]}
    assert (
        outputs_of(infer(client, [table], "line"))["prediction"]
        == outputs_of(infer(client, [flat], "line"))["prediction"]
    )


def test_columns_that_are_no_features_may_come_and_a_missing_one_is_told(client):
    inputs = [*plain(ROWS[:1]), tensor("note", ["x"], "BYTES"), tensor("churn", ["Yes"], "BYTES")]
    assert infer(client, inputs).status_code == 200
    answer = infer(client, [one for one in plain(ROWS[:1]) if one["name"] != "age"])
    assert answer.json()["parameters"]["warnings"][0]["where"] == "$.inputs.age"
    answer = infer(client, [one for one in plain(ROWS[:1]) if one["name"] != "fee"])
    assert answer.status_code == 422
    assert answer.json()["detail"]["where"] == "$.inputs.fee"


def test_one_refused_row_refuses_the_request_and_says_where(client):
    answer = infer(client, plain([ROWS[0], {**ROWS[1], "age": "old"}]))
    assert answer.status_code == 422
    assert answer.json()["detail"]["where"] == "$.inputs[0].data[1]"
    assert answer.json()["detail"]["code"] == "bad"
    assert answer.json()["error"].startswith("$.inputs[0].data[1]: 1 of 2 rows is refused")


BINARY_SIZE = "$.inputs[0].parameters.binary_data_size"


@pytest.mark.parametrize(
    ("inputs", "status", "where"),
    [
        ([], 422, "$.inputs"),
        ([tensor("age", [1, 2], shape=[3])], 422, "$.inputs[0].data"),
        ([tensor("age", [[1], [2]], shape=[2])], 422, "$.inputs[0].data"),
        ([tensor("age", [[1, 2]], shape=[2, 1])], 422, "$.inputs[0].data"),
        ([tensor("age", [1, [2]], shape=[2])], 422, "$.inputs[0].data[1]"),
        ([tensor("age", [{"a": 1}], shape=[1])], 422, "$.inputs[0].data[0]"),
        ([tensor("age", [], shape=[0])], 422, "$.inputs[0].shape"),
        ([tensor("age", [1], shape=[-1])], 422, "$.inputs[0].shape"),
        ([tensor("age", [1], shape=[1, 1, 1])], 422, "$.inputs[0].shape"),
        ([tensor("age", [1], shape=[10**30])], 413, "$.inputs[0].shape"),
        ([tensor("age", [1] * 51)], 413, "$.inputs[0].shape"),
        ([tensor("age", [1, 2], shape=[1, 2])], 422, "$.inputs[0].shape"),
        ([tensor("age", [1]), tensor("fee", [1, 2])], 422, "$.inputs[1].shape"),
        ([tensor("age", [1]), tensor("age", [2])], 422, "$.inputs"),
        ([tensor("age", [1], "FP128")], 422, "$.inputs[0].datatype"),
        ([tensor("ages", [1])], 422, "$.inputs[0].name"),
        ([tensor("input", [1, 2, 3, 4], shape=[1, 4])], 422, "$.inputs[0].name"),
        ([{"name": "age", "shape": [1], "datatype": "FP64"}], 422, "$.inputs[0]"),
        ([{"name": "age", "shape": [1], "data": [1]}], 422, "$.inputs[0]"),
        ([{**tensor("age", [1]), "parameters": {"shared_memory_region": "x"}}], 422, "$.inputs[0].parameters"),
        ([{**tensor("age", [1]), "parameters": {"binary_data_size": 8}}], 400, BINARY_SIZE),
        ([{**tensor("age", [1]), "parameters": {"binary_data_size": 0}}], 422, "$.inputs[0].data"),
        ([{**tensor("age", [1]), "parameters": {"binary_data_size": "8"}}], 400, BINARY_SIZE),
        ([{**tensor("age", [1]), "parameters": {"binary_data_size": -8}}], 400, BINARY_SIZE),
        ([{**tensor("age", [1]), "parameters": {"binary_data_size": True}}], 400, BINARY_SIZE),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_its_place(client, inputs, status, where):
    answer = infer(client, inputs)
    assert (answer.status_code, answer.json()["detail"]["where"]) == (status, where)
    assert set(answer.json()) == {"error", "detail"}
    assert not re.search(r"Traceback|msgspec|numpy|mainstay|object at 0x|Error", answer.json()["error"])


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"inputs": 3}', b"\xff", b'{"inputs": [{"name": "age", "data": ' + b"[" * 50_000]
)
def test_a_body_that_is_no_request_is_refused(client, body):
    answer = client.ask("POST", "/v2/models/churn/infer", content=body)
    assert answer.status_code in (400, 422)
    assert isinstance(answer.json()["error"], str)


def packed(request, blob):
    """Return body and headers of a request with bytes behind its JSON."""
    head = json.dumps(request).encode()
    return head + blob, {"inference-header-content-length": str(len(head)), "content-type": "application/octet-stream"}


def binary_tensor(name, blob, datatype="FP64", shape=(1,), size=None):
    parameters = {"binary_data_size": len(blob) if size is None else size}
    return {"name": name, "shape": list(shape), "datatype": datatype, "parameters": parameters}


NUMBER = struct.pack("<d", 31.0)


@pytest.mark.parametrize(
    ("blob", "change"),
    [
        (NUMBER, {"size": 7}),
        (NUMBER, {"size": 9}),
        (NUMBER, {"size": 2**63}),
        (NUMBER + b"\0", {"size": 8}),
        (NUMBER, {"shape": [2]}),
        (NUMBER, {"datatype": "FP32"}),
        (b"", {}),
        (NUMBER, {"datatype": "BYTES"}),
        (struct.pack("<I", 2**32 - 1), {"datatype": "BYTES"}),
        (struct.pack("<I", 5) + b"abc", {"datatype": "BYTES"}),
        (struct.pack("<I", 3) + b"abc" + struct.pack("<I", 1) + b"d", {"datatype": "BYTES"}),
        (b"\0\0\0", {"datatype": "BYTES"}),
        (b"\0" * 4 * 1000, {"datatype": "BYTES"}),
    ],
)
def test_lengths_that_do_not_fit_are_refused(client, blob, change):
    content, headers = packed({"inputs": [binary_tensor("age", blob, **change)]}, blob)
    answer = client.ask("POST", "/v2/models/churn/infer", content=content, headers=headers)
    assert (answer.status_code, answer.json()["detail"]["code"]) == (400, "length")


@pytest.mark.parametrize(("datatype", "blob"), [("BOOL", b"\x02"), ("BYTES", struct.pack("<I", 2) + b"\xff\xfe")])
def test_bytes_that_are_no_values_are_refused(client, datatype, blob):
    content, headers = packed({"inputs": [binary_tensor("city", blob, datatype)]}, blob)
    answer = client.ask("POST", "/v2/models/churn/infer", content=content, headers=headers)
    assert (answer.status_code, answer.json()["detail"]["code"]) == (422, "bad")


@pytest.mark.parametrize("said", ["-1", "1e3", "999999999999", "", "0x10", "\u00b2", "9" * 400])
def test_a_header_that_lies_about_the_json_is_refused(client, said):
    content, headers = packed({"inputs": [binary_tensor("age", NUMBER)]}, NUMBER)
    headers["inference-header-content-length"] = said.encode("latin-1")
    answer = client.ask("POST", "/v2/models/churn/infer", content=content, headers=headers)
    assert (answer.status_code, answer.json()["detail"]["where"]) == (400, "inference-header-content-length")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_bytes_make_the_server_fail(client, data):
    head = json.dumps({
        "inputs": [binary_tensor("age", b"", data.draw(st.sampled_from(["FP64", "FP16", "BYTES", "BOOL", "UINT64"])),
                                 data.draw(st.lists(st.integers(-1, 4), max_size=3)), data.draw(st.integers(-1, 40)))],
        "parameters": {"binary_data_output": data.draw(st.sampled_from([True, 1, "x", None]))},
    }).encode()  # fmt: skip
    blob = data.draw(st.binary(max_size=40))
    length = len(head) + data.draw(st.sampled_from([0, 0, 0, -1, 1]))
    headers = {"inference-header-content-length": str(length)}
    answer = client.ask("POST", "/v2/models/churn/infer", content=head + blob, headers=headers)
    assert answer.status_code in (200, 400, 422), answer.text
    if answer.status_code != 200:
        assert isinstance(answer.json()["error"], str)


def test_amounts_come_back_as_bytes(client):
    blob = struct.pack("<6f", 1.5, 2, 0.1, 4, 5, 6)
    request = {
        "id": "",
        "inputs": [binary_tensor("input", blob, "FP32", [2, 3])],
        "parameters": {"binary_data_output": True},
    }
    content, headers = packed(request, blob)
    answer = client.ask("POST", "/v2/models/line/infer", content=content, headers=headers)
    size = int(answer.headers["inference-header-content-length"])
    assert answer.headers["content-type"] == "application/octet-stream"
    said, rest = json.loads(answer.content[:size]), answer.content[size:]
    sizes = [one["parameters"]["binary_data_size"] for one in said["outputs"]]
    assert sum(sizes) == len(rest)
    rows = [
        dict(zip(("x0", "x1", "x2"), row, strict=True)) for row in np.frombuffer(blob, "<f4").reshape(2, 3).tolist()
    ]
    assert np.frombuffer(rest[: sizes[0]], "<f8").tolist() == numbers_only().predict_rows(rows).prediction.tolist()
    assert len(deserialize_bytes_tensor(rest[sizes[0] :])) == 2


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(width=64), min_size=1, max_size=8))
def test_what_is_logged_answers_the_same_again(values):
    log = Kept()
    asking, _ = asking_all({"line": numbers_only()}, log=log)
    blob = np.array(values, "<f8").tobytes()
    content, headers = packed({"inputs": [binary_tensor("x1", blob, shape=[len(values)])]}, blob)
    with asking:
        answer = asking.ask("POST", "/v2/models/line/infer", content=content, headers=headers)
        assert answer.status_code == 200
        said = outputs_of(answer)
        again = [
            asking.post("/predict", content=entry.inputs, headers={"content-type": "application/json"}).json()
            for entry in log.entries[: len(values)]
        ]
    assert [entry.id for entry in log.entries[: len(values)]] == said["id"]
    assert [one["prediction"] for one in again] == said["prediction"]
    assert [json.loads(entry.output)["prediction"] for entry in log.entries[: len(values)]] == said["prediction"]


def test_labels_keep_their_type_in_tensors():
    flags, levels = bundle_of(labels=(False, True)), bundle_of(labels=(0.5, 1.5))
    asking, _ = asking_all({"flags": flags, "levels": levels})
    with asking:
        for name, bundle, kind in (("flags", flags, "BOOL"), ("levels", levels, "FP64")):
            answer = infer(asking, plain(ROWS[:2]), name)
            assert answer.json()["outputs"][0]["datatype"] == kind
            assert outputs_of(answer)["prediction"] == bundle.predict_rows(ROWS[:2]).prediction.tolist()


def test_the_protocol_keeps_the_time_of_answers():
    asking, serving = asking_all({"churn": churn()}, limits=Limits(answer_seconds=0.2, body_seconds=5))
    slow = serving.shelf.first.model

    def answer_rows(rows, *, numbered=False):
        import time

        time.sleep(0.5)
        return []

    slow.answer_rows, slow.seconds = answer_rows, 1.0
    with asking:
        answer = infer(asking, plain(ROWS[:1]))
    assert (answer.status_code, answer.json()["detail"]["code"]) == (503, "too_slow")
    assert answer.headers["retry-after"] == "1"


def test_triton_finds_a_server_that_is_mounted():
    from starlette.applications import Starlette
    from starlette.routing import Mount

    _, serving = asking_all({"churn": churn()})
    with (
        listening(Starlette(routes=[Mount("/ml", app=build(serving))])) as address,
        triton.InferenceServerClient(f"{address}/ml") as server,
    ):
        assert server.is_server_ready()
        assert server.infer("churn", columns_of(ROWS[:1], binary=True)).as_numpy("prediction").shape == (1,)


def test_texts_as_bytes_come_back_as_they_were():
    texts = ["", "a", "Z\u00fcrich", "\U0001f600" * 3]
    assert [one.decode() for one in deserialize_bytes_tensor(bytes_of_texts(texts))] == texts


def test_asking_is_the_applications_own(client):
    assert isinstance(client, Asking)
