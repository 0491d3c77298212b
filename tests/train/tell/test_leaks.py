"""The section on leaks shows each column with its score, its interval and what was found of it."""

import numpy as np
import polars as pl

from mainstay.contracts.schema import Column, Schema
from mainstay.data.leaks import Audit, audit
from mainstay.data.table import Table
from mainstay.evaluate.plots import draw_plot
from mainstay.train.tell.leaks import audit_section


def section():
    rng = np.random.default_rng(0)
    a = rng.normal(size=600)
    y = np.where(a + rng.normal(size=600) > 0, "yes", "no")
    cells = {"a": a, "copy": np.where(y == "yes", 1.0, 0.0), "y": y}
    columns = (
        Column(name="a", kind="number"),
        Column(name="copy", kind="number"),
        Column(name="y", kind="category", role="target", categories=("no", "yes")),
    )
    return audit_section(audit(Table(pl.DataFrame(cells), source="t", digest=""), Schema(columns=columns), seconds=60))


def test_the_copy_stands_first_with_its_finding():
    found = section()
    first = found.tables[0].rows[0]
    assert first[:2] == ("copy", 1.0)
    assert first[-1].startswith("error: tells the target almost perfectly")
    low, high = (float(end) for end in found.tables[0].rows[1][2].split(" to "))
    assert low < found.tables[0].rows[1][1] < high
    assert found.text[0].startswith("1 finding ")


def test_the_picture_can_be_drawn():
    plot = section().plots[0]
    assert plot.data["name"] == ["copy", "a"]
    draw_plot(plot).to_dict()


def test_nothing_found_is_said():
    assert audit_section(Audit(())).text == ("Nothing looks like a leak.",)
