"""The final bundle keeps the directions that were asked for: blend, calibration, rounding and all."""

import numpy as np
import polars as pl
import pytest

import mainstay
from mainstay import MainstayError


def table(rows=300):
    chance = np.random.default_rng(5)
    income, age, noise = (chance.normal(size=rows) for _ in range(3))
    signal = income + np.sin(3 * income) - age + 0.8 * noise
    return pl.DataFrame(
        {
            "income": (income * 1000 + 5000).round(1),
            "age": (age * 10 + 40).round(1),
            "city": chance.choice(["Rome", "Oslo", "Lima"], rows),
            "amount": signal.round(3),
            "paid": np.where(signal + 0.3 * chance.normal(size=rows) > 0, "yes", "no"),
        }
    )


def worst_step(model, data, column, sign):
    """Return the largest step against the direction, along the column, over forty rows."""
    steps = np.linspace(data[column].min() - 100, data[column].max() + 100, 80).round(1)
    rows = pl.concat([data.head(40)] * len(steps)).with_columns(pl.Series(column, np.repeat(steps, 40)))
    answers = model.predict(rows)
    name = "probability_yes" if "probability_yes" in answers.columns else "prediction"
    return float((sign * np.diff(answers[name].to_numpy().astype(float).reshape(len(steps), 40), axis=0)).min())


@pytest.mark.parametrize("target", ["amount", "paid"])
def test_answers_of_the_bundle_keep_their_directions(target):
    data = table()
    data = data.drop("paid" if target == "amount" else "amount")
    told = {"target": target, "models": ["lightgbm_small", "hist_gradient_boosting"], "seed": 1}
    if target == "amount":  # without directions the answers have none
        assert worst_step(mainstay.train(data, **told).model, data, "income", 1) < -0.01
    held = mainstay.train(data, **told, monotone=["income=+1", "age=-1"])
    assert worst_step(held.model, data, "income", 1) >= 0.0
    assert worst_step(held.model, data, "age", -1) >= 0.0
    assert {line["status"] for line in held.leaderboard if line["name"] != "baseline"} == {"done"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"monotone": ["city=+1"]}, "'city' is a category"),
        ({"monotone": ["salary=+1"]}, "no number column 'salary'"),
        ({"monotone": ["income=up"]}, "a column and a direction"),
        ({"monotone": ["income=+1"], "models": ["ridge"]}, "ridge cannot keep directions"),
        ({"monotone": ["income=+1"], "models": ["random_forest"]}, r"cannot keep directions.*lightgbm"),
        ({"monotone": ["income=+1"], "derive": ["half = income / 2"]}, "made of it"),
    ],
)
def test_what_cannot_be_kept_is_refused_before_anything_is_learned(options, message):
    with pytest.raises(MainstayError, match=message):
        mainstay.train(table().drop("paid"), target="amount", **options)
