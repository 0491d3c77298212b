"""The report says what pushes answers, within the time that is left."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from mainstay.bundle.predict import Predictor
from mainstay.bundle.records import Outputs
from mainstay.contracts.model import Affine, ModelGraph
from mainstay.contracts.schema import Column, Schema
from mainstay.data.decode import Decoder
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.write import write_model
from mainstay.train.tell.pushes import find_pushes

SCHEMA = Schema(columns=(Column(name="strong", kind="number"), Column(name="weak", kind="number")))


def scene(seconds, rows=800):
    chance = np.random.default_rng(0)
    frame = pl.DataFrame({"strong": chance.normal(size=rows), "weak": chance.normal(size=rows)})
    builder = GraphBuilder(2, 0)
    line = ModelGraph(Affine(np.array([[3.0], [0.5]]), np.array([1.0])))
    model = builder.build({"prediction": write_model(builder, line, "numbers", 2)})
    half = rows // 2
    holdout = Decoder(SCHEMA).from_frame(frame[half:]).arrays
    intake = SimpleNamespace(
        schema=SCHEMA, train=np.arange(half), test_frame=frame[half:], material=SimpleNamespace(holdout=holdout)
    )
    predictor = Predictor(SCHEMA, Outputs(task="regression", target="price"), model)
    return SimpleNamespace(
        trained=SimpleNamespace(intake=intake, model=model), predictor=predictor, frame=frame,
        settings=SimpleNamespace(seed=0), clock=SimpleNamespace(left=lambda: seconds),
    )  # fmt: skip


def test_the_columns_come_by_the_size_of_what_they_add():
    section = find_pushes(scene(60.0))
    (table,) = section.tables
    assert [row[0] for row in table.rows] == ["strong", "weak"]
    assert table.rows[0][1] == pytest.approx(3 * np.sqrt(2 / np.pi), rel=0.15)
    assert "400 rows" in section.text[0]
    assert "price" in section.text[0]


def test_without_time_nothing_is_told():
    assert find_pushes(scene(0.5)) is None
