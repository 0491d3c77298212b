"""A served anomaly detector: each way to ask gives the bits that predict gives; it is described, counted, logged."""

import json
from dataclasses import replace

import msgspec
import pytest
from tests.bundle.clusters import ROWS, SCHEMA, table
from tests.bundle.conftest import WRITTEN
from tests.bundle.detectors import ODD, clean_watch, detection_of, make_content, outputs_of, watch
from tests.serve.asking import asking_all
from tests.serve.models import churn

from mainstay.bundle.detectors import DetectorPredictor
from mainstay.bundle.open import open_bundle
from mainstay.bundle.pack import pack
from mainstay.bundle.replay import record_golden
from mainstay.contracts.alarms import Alarm
from mainstay.contracts.schema import Schema
from mainstay.serve.answering.alarm_wording import flagged
from mainstay.serve.answering.served import ServedModel
from mainstay.serve.describe import model_card, schema_document
from mainstay.serve.log.open import open_log
from mainstay.serve.log.reading import read_entries
from mainstay.serve.metrics.text import metrics_text
from mainstay.serve.openapi.answers import answer_schemas
from mainstay.serve.processes.contract import contract_changes
from mainstay.serve.replaying import replay

FLAGGED = "mainstay_flagged_total"


@pytest.fixture(scope="module")
def asked():
    client, serving = asking_all({"watch": watch(), "churn": churn(), "clean": clean_watch()})
    with client:
        yield client, serving


def same(answer, bundle, row):
    """Hold an answer to what the bundle says of the row, bit for bit."""
    said = bundle.detector.predict_rows([row])
    assert (answer["score"], answer["p_value"]) == (said.score[0], said.p_value[0])
    assert (answer["flagged"], answer["reason"]) == (bool(said.flagged[0]), said.reason[0])


def test_single_rows_and_batches_are_what_predict_says(asked):
    client, _ = asked
    rows = [*table(40, seed=4).to_dicts(), ODD]
    batch = client.post("/predict", {"rows": rows}).json()
    assert batch["digest"] == watch().digest
    for row, answer in zip(rows, batch["predictions"], strict=True):
        same(answer, watch(), row)
        single = client.post("/models/watch/predict", row).json()
        assert list(single) == ["score", "p_value", "flagged", "reason", "model", "digest", "id"]
        assert {**single, "id": 0} == {**answer, "model": "watch", "digest": watch().digest, "id": 0}
    assert batch["predictions"][-1]["flagged"] is True
    assert batch["predictions"][-1]["reason"].startswith("fee 250 CHF")
    same(client.post("/models/clean/predict", rows[0]).json(), clean_watch(), rows[0])


def test_an_odd_row_has_its_warnings_and_a_refused_one_its_error(asked):
    client, _ = asked
    answer = client.post("/predict", ODD | {"fee": 5e6, "age": 130}).json()
    assert answer["flagged"] is True
    assert [one["code"] for one in answer["warnings"]] == ["range"]
    refused = client.post("/predict", {"age": "old", "fee": 1})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "bad")
    found = client.post("/predict", {"rows": [ODD, {"age": 3, "fee": None}], "on_error": "row"}).json()["predictions"]
    assert found[0]["flagged"] is True
    assert found[1]["error"]["code"] == "missing"


def test_contributions_add_up_to_the_score(asked):
    client, _ = asked
    found = client.post("/predict?explain=true", {"rows": [ODD, *table(3).to_dicts()]}).json()["predictions"]
    for answer in found:
        why = answer["explanation"]
        assert why["answer"] == answer["score"]
        assert why["base"] + sum(why["contributions"].values()) == pytest.approx(answer["score"], abs=1e-9)
        assert why["methods"] == ["terms"]
        assert set(why["contributions"]) == {"age", "fee", "plan"}


def test_the_short_way_writes_the_same_bytes():
    model = ServedModel("watch", watch())
    rows = [*table(20, seed=6).to_dicts(), {"age": None, "fee": 3, "plan": "gold"}, ODD]
    bodies = [json.dumps(row).encode() for row in rows]
    cells = [model.plain_cells(body) for body in bodies]
    assert None not in cells
    short = model.answer_plain(cells, bodies)
    assert short == model.answer_rows(rows)
    assert flagged(short[-1].body)
    assert not flagged(short[0].body)


def test_a_row_without_any_value_is_refused_on_every_way():
    columns = tuple(msgspec.structs.replace(column, nullable=True) for column in SCHEMA.columns)
    parts = make_content()
    schema = Schema(columns=columns)
    golden = record_golden(DetectorPredictor(schema, parts.outputs, parts.model), ROWS)
    bundle = open_bundle(pack(replace(parts, schema=schema, golden=golden), created=WRITTEN))
    model = ServedModel("m", bundle)
    rows = [{"age": None, "fee": None, "plan": None}, {"age": 3, "fee": 4, "plan": "plus"}]
    bodies = [json.dumps(row).encode() for row in rows]
    short, full = model.answer_plain([model.plain_cells(body) for body in bodies], bodies), model.answer_rows(rows)
    assert [one.body for one in short] == [one.body for one in full]
    assert [str(one.error) for one in short] == [str(one.error) for one in full]
    assert "nothing can be said of it" in short[0].error.message
    assert short[1].error is None


def test_the_open_inference_protocol(asked):
    client, _ = asked
    described = client.get("/v2/models/watch").json()
    kinds = {one["name"]: one["datatype"] for one in described["outputs"]}
    assert kinds == {"score": "FP64", "p_value": "FP64", "flagged": "BOOL", "reason": "BYTES", "id": "BYTES"}
    assert described["parameters"]["task"] == "anomaly_detection"
    rows = [*table(6, seed=5).to_dicts(), ODD]
    inputs = [
        {
            "name": name,
            "datatype": "BYTES" if name == "plan" else "FP64",
            "shape": [7],
            "data": [row[name] for row in rows],
        }
        for name in ("age", "fee", "plan")
    ]
    said = client.post("/v2/models/watch/infer", {"inputs": inputs}).json()
    found = {one["name"]: one["data"] for one in said["outputs"]}
    answers = watch().detector.predict_rows(rows)
    assert found["score"] == answers.score.tolist()
    assert found["p_value"] == answers.p_value.tolist()
    assert found["flagged"] == answers.flagged.tolist()
    assert found["reason"] == [reason or "" for reason in answers.reason]
    assert found["reason"][-1]


def test_it_says_what_it_is(asked):
    card = model_card("watch", watch())
    assert (card["task"], card["target"], card["features"]) == ("anomaly_detection", None, 3)
    outputs = schema_document("watch", watch())["outputs"]
    assert [one["name"] for one in outputs["members"]] == ["m0", "m1", "m2"]
    assert outputs["alarm"]["cut"] == watch().meaning.alarm.cut
    assert outputs["alarm"]["guarantee"] == "About 5 % of rows."
    msgspec.json.encode(outputs)
    said = answer_schemas("watch", "watch", watch())
    assert "About 5 % of rows." in json.dumps(said)
    client, _ = asked
    document = client.get("/openapi.json").json()
    assert "anomaly_detection" in json.dumps(document)


def counted(metrics, tasks):
    lines = metrics_text(metrics, tasks).splitlines()
    return {line.rpartition(" ")[0]: int(line.rpartition(" ")[2]) for line in lines if line.startswith(FLAGGED)}


def test_alarms_are_counted():
    client, serving = asking_all({"watch": watch(), "churn": churn()})
    rows = [*table(30, seed=2).to_dicts(), ODD]
    tasks = {"watch": "anomaly_detection", "churn": "classification"}
    with client:
        assert counted(serving.metrics, {}) == {}
        assert counted(serving.metrics, tasks) == {FLAGGED + '{model="watch"}': 0}
        client.post("/predict", {"rows": rows})
        client.post("/predict", ODD)
        client.post("/models/churn/predict", {"age": 31, "fee": 9.5, "plan": "basic", "city": "Bern"})
        text = client.get("/metrics").text
    answers = watch().detector.predict_rows([*rows, ODD])
    assert counted(serving.metrics, tasks) == {FLAGGED + '{model="watch"}': int(answers.flagged.sum())}
    assert f'{FLAGGED}{{model="watch"}} {int(answers.flagged.sum())}' in text
    assert 'task="anomaly_detection"' in text
    assert 'code="flagged"' not in text


def test_the_log_keeps_answers_that_can_be_asked_again(tmp_path):
    place = str(tmp_path / "answers.db")
    log = open_log(place)
    client, _ = asking_all({"watch": watch()}, log=log)
    rows = [*table(20, seed=1).to_dicts(), *ROWS[:4], ODD]
    with client:
        client.post("/predict", {"rows": rows})
        client.post("/predict", ODD)
    log.close(10)
    outputs = [msgspec.json.decode(entry.output) for entry in read_entries(place)]
    assert len(outputs) == 26
    assert {"score", "p_value", "flagged", "reason"} <= outputs[0].keys()
    found = replay(place, [watch()])
    assert (found.checked, found.same, found.ok) == (26, 26, True)


def test_another_cut_is_the_same_contract_and_another_task_is_not():
    outputs = outputs_of(detection_of(), alarm=Alarm(rule="top", amount=3, cut=9.0))
    moved = open_bundle(pack(make_content(outputs=outputs), created=WRITTEN))
    assert contract_changes(watch(), moved) == []
    assert "the task was anomaly_detection and is classification" in contract_changes(watch(), churn())


def test_a_reason_cannot_be_taken_for_an_alarm():
    body = b'{"score":1.0,"p_value":0.5,"flagged":false,"reason":"{\\"score\\":1,\\"p_value\\":1,\\"flagged\\":true,"}'
    assert not flagged(body)
    assert flagged(b'{"score":null,"p_value":null,"flagged":true,"reason":null}')
