"""The section on uncertainty names the classes for which nothing is promised, and shows every class that occurs."""

import numpy as np
import polars as pl
import pytest

import mainstay


@pytest.fixture(scope="module")
def section():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(900, 2))
    kind = np.where(x[:, 0] > 0, "left", "right").astype(object)
    kind[rng.permutation(900)[:40]] = "scarce"
    frame = pl.DataFrame({"a": x[:, 0] + rng.normal(size=900) / 2, "b": x[:, 1], "y": kind.tolist()})
    run = mainstay.train(frame, target="y", models=["logistic"], time_budget=60, intervals=90)
    return {one.key: one for one in run.model.report_data.sections}["uncertainty"]


def test_a_class_of_few_rows_is_named_and_nothing_is_promised_for_it(section):
    told = " ".join(section.text)
    assert "90% is not promised for scarce" in told
    assert "fewer than 50 training rows" in told


def test_every_class_that_occurs_has_its_line(section):
    lines = {row[0]: row for row in section.tables[0].rows}
    assert {"all", "left", "right", "scarce"} <= set(lines)
    assert lines["scarce"][1] < 20
    assert "(" in lines["scarce"][2]
