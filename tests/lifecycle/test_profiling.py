"""Looking before learning: the user's own contract, also where it leaves the levels to the data."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import mainstay

BANK = Path(__file__).parents[3] / "shared/data/bank_marketing/bank.csv"

BARE = """
[[column]]
name = "size"
kind = "number"

[[column]]
name = "city"
kind = "category"

[[column]]
name = "left"
kind = "category"
role = "target"
"""


def make_people(rows=200, seed=0):
    rng = np.random.default_rng(seed)
    size, city = rng.normal(size=rows), rng.choice(["Bern", "Rome"], rows)
    left = np.where(size + 2 * (city == "Bern") + rng.normal(size=rows) > 1, "yes", "no")
    return pl.DataFrame({"size": size, "city": city, "left": left})


def test_a_contract_without_levels_learns_them_from_the_data(tmp_path):
    (tmp_path / "schema.toml").write_text(BARE)
    run = mainstay.train(
        make_people(), target="left", schema=tmp_path / "schema.toml", models=["logistic"], time_budget=30
    )
    assert run.model.schema["left"].categories == ("no", "yes")
    assert run.model.schema["city"].categories == ("Bern", "Rome")
    found = mainstay.profile(make_people(), schema=tmp_path / "schema.toml").to_dict()
    assert {column["name"]: column["kind"] for column in found["columns"]}["left"] == "category"


@pytest.mark.skipif(not BANK.exists(), reason="the data are not here")
def test_the_profile_of_bank_marketing_finds_the_duration():
    found = mainstay.profile(BANK, target="y").to_dict()["findings"]
    assert "duration" in {one["column"] for one in found if one["code"].startswith("leak.")}, found
