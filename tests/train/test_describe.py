"""What the report is told of a run: the columns as they are in the data."""

import re

import numpy as np
import polars as pl
import pytest

import mainstay


def test_the_report_says_how_much_of_a_column_is_missing():
    rng = np.random.default_rng(0)
    size = rng.normal(size=200)
    frame = pl.DataFrame(
        {
            "size": [None if place < 50 else value for place, value in enumerate(size)],
            "whole": rng.normal(size=200),
            "y": np.where(size + rng.normal(size=200) > 0, "yes", "no"),
        }
    )
    run = mainstay.train(frame, target="y", models=["logistic"], time_budget=30)
    report = run.report
    shown = re.findall(r'<td class="name">(size|whole)</td><td>number</td>.*?<td class="n">([0-9.]+) ?%</td>', report)
    assert {name: float(share) for name, share in shown} == {"size": 25.0, "whole": 0.0}


def test_a_column_row_counts_empty_cells_and_words_for_missing():
    from mainstay.contracts.schema import Column
    from mainstay.train.adopt.report import _row
    from mainstay.train.describe import _column

    frame = pl.DataFrame({"a": ["1", "", "?", "4"], "b": [1.0, 2.0, 3.0, float("nan")], "c": [1, 2, 3, 4]})
    for said in (_column, _row):
        shares = [
            said(Column(name=name, kind="number", missing=missing), frame).missing
            for name, missing in (("a", ("?",)), ("b", ()), ("c", ()))
        ]
        assert shares == pytest.approx([0.5, 0.25, 0.0])
