"""Columns that are named are watched alone, and the bundle's recipe holds them."""

import numpy as np
import polars as pl

import mainstay


def test_named_columns_are_watched_alone():
    draw = np.random.default_rng(0)
    frame = pl.DataFrame({"amount": draw.normal(20, 3, 120), "other": draw.normal(size=120)})
    frame[7, "amount"], frame[9, "other"] = 500.0, 500.0
    found = mainstay.detect(frame, columns=["amount"], method="histogram", alarm="top=1", time_budget=None)
    assert found.flagged.nonzero()[0].tolist() == [7]
    assert found.model.bundle.recipe["settings"]["columns"] == ["amount"]


def test_named_columns_of_a_series():
    at = np.arange(600)
    frame = pl.DataFrame({"at": at, "load": np.sin(at / 5), "other": np.cos(at / 7)})
    frame[300, "load"] = 40.0
    found = mainstay.detect(frame, time="at", columns=["load"], alarm="top=1", time_budget=None)
    assert found.flagged[300]
    assert found.model.bundle.recipe["settings"]["columns"] == ["load"]
