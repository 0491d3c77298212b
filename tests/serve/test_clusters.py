"""A served clustering: each way to ask gives the bits that predict gives; it is described, counted, logged, swapped."""

import json
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from tests.bundle.clusters import NAMES, ROWS, SCHEMA, body_of, make_content, one_group, people, table
from tests.bundle.conftest import WRITTEN
from tests.serve.asking import asking_all
from tests.serve.models import churn

import mainstay
from mainstay.bundle.clusters import ClusterPredictor
from mainstay.bundle.open import open_bundle
from mainstay.bundle.pack import pack
from mainstay.bundle.replay import record_golden
from mainstay.contracts.clusters import Centres
from mainstay.contracts.schema import Schema
from mainstay.serve.answering.cluster_wording import assigned
from mainstay.serve.answering.served import ServedModel
from mainstay.serve.describe import model_card, schema_document
from mainstay.serve.log.open import open_log
from mainstay.serve.log.reading import read_entries
from mainstay.serve.metrics.counters import Metrics
from mainstay.serve.metrics.text import metrics_text
from mainstay.serve.processes.contract import contract_changes
from mainstay.serve.replaying import replay

FAR = {"age": 90, "fee": 500, "plan": "plus"}


@pytest.fixture(scope="module")
def asked():
    client, serving = asking_all({"people": people(), "churn": churn(), "one": one_group()})
    with client:
        yield client, serving


def same(answer, bundle, row):
    """Hold an answer to what the bundle says of the row, bit for bit."""
    said = bundle.clusters.predict_rows([row])
    assert (answer["cluster"], answer["name"]) == (said.cluster[0], bundle.meaning.names[said.cluster[0]])
    assert (answer["distance"], answer["fits_none"]) == (said.distance[0], said.fits_none[0])
    if said.second[0] < 0:
        assert answer["second"] is answer["second_distance"] is None
    else:
        assert (answer["second"], answer["second_distance"]) == (said.second[0], said.second_distance[0])


def test_single_rows_and_batches_are_what_predict_says(asked):
    client, _ = asked
    rows = table(40, seed=4).to_dicts()
    batch = client.post("/predict", {"rows": rows}).json()
    assert batch["digest"] == people().digest
    for row, answer in zip(rows, batch["predictions"], strict=True):
        same(answer, people(), row)
        single = client.post("/models/people/predict", row).json()
        assert list(single) == [
            "cluster", "name", "distance", "second", "second_distance", "fits_none", "model", "digest", "id",
        ]  # fmt: skip
        assert {**single, "id": 0} == {**answer, "model": "people", "digest": people().digest, "id": 0}
    frame = mainstay.load(people().data).predict(table(40, seed=4))
    assert [answer["distance"] for answer in batch["predictions"]] == frame["distance"].to_list()
    same(client.post("/models/one/predict", rows[0]).json(), one_group(), rows[0])


def test_a_strange_row_has_a_mark_and_its_warnings(asked):
    client, _ = asked
    answer = client.post("/predict", FAR | {"fee": 5e6, "age": 130}).json()
    assert answer["fits_none"] is True
    assert [one["code"] for one in answer["warnings"]] == ["range"]
    refused = client.post("/predict", {"age": "old", "fee": 1})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "bad")
    found = client.post("/predict", {"rows": [FAR, {"age": 3, "fee": None}], "on_error": "row"}).json()["predictions"]
    assert found[0]["fits_none"] is True
    assert found[1]["error"]["code"] == "missing"


def test_reasons_add_up_to_how_much_further_the_second_is(asked):
    client, _ = asked
    found = client.post("/predict?explain=true", {"rows": [FAR, *table(3).to_dicts()]}).json()["predictions"]
    for answer in found:
        why = answer["explanation"]
        assert why["label"] == answer["name"]
        assert why["answer"] == pytest.approx(answer["second_distance"] - answer["distance"], rel=1e-12)
        assert why["base"] + sum(why["contributions"].values()) == pytest.approx(why["answer"], abs=1e-6)
    one = client.post("/models/one/predict?explain=true", FAR).json()
    assert one["explanation"]["answer"] == one["distance"]


def test_the_short_way_writes_the_same_bytes():
    model = ServedModel("people", people())
    rows = [*table(20, seed=6).to_dicts(), {"age": None, "fee": 3, "plan": "gold"}]
    bodies = [json.dumps(row).encode() for row in rows]
    cells = [model.plain_cells(body) for body in bodies]
    assert None not in cells
    assert model.answer_plain(cells, bodies) == model.answer_rows(rows)


def test_a_row_without_any_value_is_refused_on_every_way():
    columns = tuple(msgspec.structs.replace(column, nullable=True) for column in SCHEMA.columns)
    parts = make_content(body=body_of())
    schema = Schema(columns=columns)
    predictor = ClusterPredictor(schema, parts.outputs, parts.model)
    bundle = open_bundle(pack(replace(parts, schema=schema, golden=record_golden(predictor, ROWS)), created=WRITTEN))
    model = ServedModel("m", bundle)
    rows = [{"age": None, "fee": None, "plan": None}, {"age": 3, "fee": 4, "plan": "plus"}]
    bodies = [json.dumps(row).encode() for row in rows]
    cells = [model.plain_cells(body) for body in bodies]
    short, full = model.answer_plain(cells, bodies), model.answer_rows(rows)
    assert [one.body for one in short] == [one.body for one in full]
    assert [str(one.error) for one in short] == [str(one.error) for one in full]
    assert "the row belongs to none" in short[0].error.message
    assert short[1].error is None


def test_the_open_inference_protocol(asked):
    client, _ = asked
    described = client.get("/v2/models/people").json()
    kinds = {one["name"]: one["datatype"] for one in described["outputs"]}
    assert kinds == {
        "cluster": "INT64", "name": "BYTES", "distance": "FP64", "second": "INT64", "second_distance": "FP64",
        "fits_none": "BOOL", "id": "BYTES",
    }  # fmt: skip
    assert described["parameters"]["task"] == "clustering"
    frame = table(7, seed=5)
    inputs = [
        {"name": name, "datatype": "BYTES" if name == "plan" else "FP64", "shape": [7], "data": frame[name].to_list()}
        for name in frame.columns
    ]
    said = client.post("/v2/models/people/infer", {"inputs": inputs}).json()
    found = {one["name"]: one["data"] for one in said["outputs"]}
    answers = people().clusters.predict_frame(frame)
    assert found["cluster"] == answers.cluster.tolist()
    assert found["distance"] == answers.distance.tolist()
    assert found["second"] == answers.second.tolist()
    assert found["fits_none"] == answers.fits_none.tolist()
    assert found["name"] == [NAMES[at] for at in answers.cluster]
    one = client.post("/v2/models/one/infer", {"inputs": inputs}).json()
    assert [tensor["name"] for tensor in one["outputs"]] == ["cluster", "name", "distance", "fits_none", "id"]


def test_binary_tensors(asked):
    client, _ = asked
    row = table(1).to_dicts()[0]
    inputs = [
        {"name": name, "datatype": "BYTES" if name == "plan" else "FP64", "shape": [1], "data": [value]}
        for name, value in row.items()
    ]
    wanted = [{"name": name, "parameters": {"binary_data": True}} for name in ("cluster", "distance", "fits_none")]
    response = client.post("/v2/models/people/infer", {"inputs": inputs, "outputs": wanted})
    blob = response.content[int(response.headers["inference-header-content-length"]) :]
    said = people().clusters.predict_rows([row])
    assert blob == said.cluster.tobytes() + said.distance.tobytes() + said.fits_none.tobytes()


def test_it_says_what_it_is():
    card = model_card("people", people())
    assert (card["task"], card["target"], card["features"]) == ("clustering", None, 3)
    outputs = schema_document("people", people())["outputs"]
    assert outputs["labels"] == list(NAMES)
    assert [one["limit"] for one in outputs["clusters"]] == [1.5, 1.5, 2.5]
    assert [one["limit"] for one in schema_document("one", one_group())["outputs"]["clusters"]] == [None]
    msgspec.json.encode(outputs)


def counted(metrics, name):
    lines = metrics_text(metrics, {}).splitlines()
    return {line.rpartition(" ")[0]: int(line.rpartition(" ")[2]) for line in lines if line.startswith(name)}


def test_clusters_are_counted():
    client, serving = asking_all({"people": people(), "churn": churn()})
    rows = [*table(30, seed=2).to_dicts(), FAR]
    with client:
        assert counted(serving.metrics, "mainstay_clusters_total") == {}
        client.post("/predict", {"rows": rows})
        client.post("/predict", FAR)
        client.post("/models/churn/predict", {"age": 31, "fee": 9.5, "plan": "basic", "city": "Bern"})
        text = client.get("/metrics").text
    answers = people().clusters.predict_rows([*rows, FAR])
    expected = {
        f'mainstay_clusters_total{{model="people",cluster="{cluster}"}}': int(count)
        for cluster, count in enumerate(np.bincount(answers.cluster))
    }
    assert counted(serving.metrics, "mainstay_clusters_total") == expected
    assert f'mainstay_fits_none_total{{model="people"}} {int(answers.fits_none.sum())}' in text
    assert 'task="clustering"' in text
    assert 'status="200",code="0"' not in text


def test_many_clusters_leave_room_for_refusals():
    metrics = Metrics(("a", "b"))
    for cluster in range(1000):
        metrics.assigned(1, cluster, fits_none=cluster == 7)
    metrics.refused(422, "bad", 0)
    found = counted(metrics, "mainstay_clusters_total")
    assert found['mainstay_clusters_total{model="b",cluster="47"}'] == 1
    assert found['mainstay_clusters_total{model="b",cluster="48 and above"}'] == 952
    assert len(found) == 49
    assert counted(metrics, "mainstay_fits_none_total") == {'mainstay_fits_none_total{model="b"}': 1}
    assert 'mainstay_requests_total{model="a",status="422",code="bad"} 1' in metrics_text(metrics, {})


def test_the_log_keeps_answers_that_can_be_asked_again(tmp_path):
    place = str(tmp_path / "answers.db")
    log = open_log(place)
    client, _ = asking_all({"people": people()}, log=log)
    rows = [*table(20, seed=1).to_dicts(), *ROWS[:4]]
    with client:
        client.post("/predict", {"rows": rows})
        for row in rows[:5]:
            client.post("/predict", row)
    log.close(10)
    outputs = [msgspec.json.decode(entry.output) for entry in read_entries(place)]
    assert len(outputs) == 29
    assert {"cluster", "name", "distance", "fits_none"} <= outputs[0].keys()
    found = replay(place, [people()])
    assert (found.checked, found.same, found.ok) == (29, 29, True)


def test_another_number_name_or_order_of_clusters_is_another_contract():
    def changed(names, body=None):
        body = body or body_of(names)
        return open_bundle(pack(make_content(names=names, limits=(), body=body), created=WRITTEN))

    assert contract_changes(people(), people()) == []
    moved = Centres(body_of().centre, body_of().points + 0.01, body_of().owner)
    assert contract_changes(people(), changed(NAMES, moved)) == []
    assert contract_changes(people(), changed(NAMES[::-1]))[0].startswith("the clusters were")
    assert contract_changes(people(), one_group())[0].endswith("and are all")
    assert "the task was clustering and is classification" in contract_changes(people(), churn())


def test_a_name_cannot_be_taken_for_the_mark():
    name = 'x,"fits_none":true'
    names = (name, "b", "c")
    bundle = open_bundle(pack(make_content(names=names, limits=()), created=WRITTEN))
    model = ServedModel("m", bundle)
    for answer in model.answer_rows([ROWS[0], FAR]):
        assert assigned(answer.body).fits_none is False
        assert msgspec.json.decode(answer.body)["name"] in names
