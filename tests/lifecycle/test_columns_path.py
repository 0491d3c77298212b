"""Every kind of column, from a table to a model file that answers rows alone as it answers them together."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

import mainstay
from mainstay.bundle.open import open_bundle
from mainstay.bundle.verify import verify

ROWS = 500


def make_table(seed=0):
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, ROWS)
    words = [["refund", "broken", "return"], ["invoice", "payment", "price"], ["login", "password", "error"]]
    bodies = [" ".join([*(f"word{at}" for at in rng.integers(0, 200, 8)), *rng.choice(words[of], 2)]) for of in kind]
    cities = np.array([f"city {at}" for at in range(60)])
    return pl.DataFrame(
        {
            "subject": [
                None if rng.random() < 0.2 else f"{rng.choice(words[of])} request {at}" for at, of in enumerate(kind)
            ],
            "body": [None if rng.random() < 0.1 else body for body in bodies],
            "city": rng.choice(cities, ROWS),
            "urgency": [["low", "medium", "high"][of] if rng.random() < 0.5 else "medium" for of in kind],
            "opened": [dt.datetime(2024, 1, 1) + dt.timedelta(hours=int(at)) for at in rng.integers(0, 9000, ROWS)],
            "desk": [["returns", "billing", "access"][of] for of in kind],
        }
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    place = tmp_path_factory.mktemp("columns") / "desk.mainstay"
    made = mainstay.train(
        make_table(), target="desk", time_budget=60, out=place, seed=1, rare=3, models=("logistic", "lightgbm_small")
    )
    return made, open_bundle(place), place


def test_texts_are_read_and_learned_from(trained):
    made, bundle, _ = trained
    kinds = {column.name: (column.kind, column.ordered) for column in bundle.schema.features}
    assert kinds["subject"][0] == kinds["body"][0] == "text"
    assert kinds["urgency"] == ("category", True)
    assert kinds["opened"][0] == "datetime"
    assert made.to_dict()["metrics"]["accuracy"]["value"] > 0.85


def test_rows_alone_get_the_answers_of_the_batch(trained):
    _, bundle, _ = trained
    frame = make_table(seed=5).drop("desk")
    rows = frame.to_dicts()[:60]
    rows += [{}, {"body": ""}, {"body": "x " * 5000}, {"subject": "\u4f60\u597d", "urgency": "never heard of"}]
    batch = bundle.predict_rows(rows).probabilities
    alone = np.concatenate([bundle.predict_rows([row]).probabilities for row in rows])
    assert np.array_equal(batch, alone)
    assert np.array_equal(bundle.predict_frame(frame).probabilities[:60], batch[:60])


def test_words_decide(trained):
    _, bundle, _ = trained
    answers = bundle.predict_rows([{"body": "my password gives an error"}, {"body": "the price on the invoice"}])
    assert list(answers.prediction) == ["access", "billing"]


def test_the_file_passes_every_check(trained):
    _, bundle, place = trained
    found = verify(place).to_dict()
    assert found["ok"], found
    assert "desk" not in {column.name for column in bundle.schema.features}
