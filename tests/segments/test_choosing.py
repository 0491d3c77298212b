"""How many groups a run says there are: dates of chance are none, and K-means is held against the hills."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

import mainstay
from mainstay.contracts.clusters import Points
from mainstay.learners.cluster.dequantise import dequantised, without_circles


@pytest.mark.parametrize("beside", [False, True])
def test_dates_of_chance_are_no_groups(beside):
    chance = np.random.default_rng(0)
    table = {"when": [dt.date(2023, 1, 1) + dt.timedelta(int(day)) for day in chance.integers(0, 60, 500)]}
    if beside:
        table |= {"x": chance.random(500), "amount": 50 * chance.integers(1, 40, 500)}
    assert mainstay.cluster(pl.DataFrame(table)).verdict == "no structure"


def test_hills_that_k_means_does_not_find_are_not_one_clear_number():
    chance = np.random.default_rng(1)
    place = np.repeat(np.arange(9), 40)
    rows = np.column_stack([8 * (place % 3), 8 * (place // 3), 0 * place]) + chance.normal(size=(360, 3))
    found = mainstay.cluster(rows)
    assert found.verdict == "several plausible k"
    assert "gaussian_mixture" in found.to_dict()["sentence"]


def test_many_days_are_spread_and_a_wide_gap_stays():
    days = np.random.default_rng(0).integers(0, 60, 1000) + 0.0
    days[:300] += 500
    spread = dequantised(Points(days[:, None].astype(np.float32), ("days",)), 0)[:, 0]
    assert len(np.unique(spread)) > 900
    assert np.abs(spread - days).max() < 3
    names = ("x sine", "y cosine")
    assert without_circles(Points(np.ones((3, 2), np.float32), names)).matrix.all()


def test_methods_that_agree_make_the_number_clear():
    chance = np.random.default_rng(0)
    angle = chance.uniform(0, np.pi, 300)
    moon = np.column_stack([np.cos(angle), np.sin(angle)]) + chance.normal(0, 0.06, (300, 2))
    found = mainstay.cluster(np.concatenate([moon, [1.0, 0.5] - moon]), method="auto")
    assert (found.k, found.verdict) == (2, "one clear k")
