"""A served model of a series: a request is one stretch, and gets the bits that predict gives."""

import numpy as np
import polars as pl
import pytest
from tests.serve.asking import asking_all

from mainstay.alarms.series_finish import find_in_series
from mainstay.alarms.settings import Settings
from mainstay.compute.around import Around
from mainstay.compute.clock import Clock
from mainstay.data.read import read

MINUTE = 60_000_000


@pytest.fixture(scope="module")
def watched():
    wave = np.sin(np.arange(600) * 2 * np.pi / 24) + np.random.default_rng(0).normal(0, 0.1, 600)
    wave[400] += 4
    times = pl.Series("at", np.arange(600) * MINUTE).cast(pl.Datetime("us"))
    frame = pl.DataFrame({"at": times, "load": wave})
    return frame, find_in_series(read(frame), Settings(time="at"), Around(Clock(5.0))).bundle


@pytest.fixture(scope="module")
def client(watched):
    made, _ = asking_all({"series": watched[1]})
    with made:
        yield made


def plain(frame):
    return frame.with_columns(pl.col("at").dt.to_string("iso:strict")).to_dicts()


def test_a_request_is_one_stretch_and_gets_the_bits_of_predict(watched, client):
    frame, bundle = watched
    part = frame[350:450]
    answered = client.post("/predict", json={"rows": plain(part)}).json()["predictions"]
    expected = bundle.detector.predict_frame(part)
    assert [one["score"] for one in answered] == expected.score.tolist()
    assert [one["flagged"] for one in answered] == expected.flagged.tolist()
    assert [one["reason"] for one in answered] == list(expected.reason)
    assert any(one["flagged"] for one in answered)


def test_one_row_alone_gets_a_sentence(watched, client):
    response = client.post("/predict", json=plain(watched[0][:1])[0])
    assert response.status_code == 422
    assert "stretches of 24 points" in response.json()["error"]["message"]


def test_a_row_without_a_time_is_named(watched, client):
    rows = plain(watched[0][300:400])
    rows[7]["at"] = None
    error = client.post("/predict", json={"rows": rows}).json()["error"]
    assert error["where"] == "$.rows[7].at"
    kept = client.post("/predict", json={"rows": rows, "on_error": "row"}).json()["predictions"]
    assert "score" in kept[6]
    assert "score" not in kept[7]


def test_the_description_names_the_time(client):
    told = client.get("/openapi.json").json()
    row = next(one for name, one in told["components"]["schemas"].items() if name.startswith("Row_"))
    assert "a model of a series needs it" in row["properties"]["at"]["description"]
