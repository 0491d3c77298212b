"""How answers move: the values of a column stand in its own words."""

from types import SimpleNamespace

import numpy as np
import polars as pl

from mainstay.bundle.predict import Predictor
from mainstay.bundle.records import Outputs
from mainstay.contracts.model import Affine, ModelGraph
from mainstay.contracts.schema import Column, Schema
from mainstay.data.decode import Decoder
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.write import write_model
from mainstay.train.tell.effects import find_effects

SCHEMA = Schema(
    columns=(
        Column(name="grade", kind="category", categories=("poor", "fair", "good"), ordered=True),
        Column(name="owner", kind="boolean"),
        Column(name="sold", kind="boolean", categories=("open", "gone")),
        Column(name="size", kind="number"),
        Column(name="price", kind="number", role="target"),
    )
)


def effects():
    chance, rows = np.random.default_rng(0), 200
    frame = pl.DataFrame(
        {
            "grade": chance.choice(["good", "poor", "fair"], rows),
            "owner": chance.random(rows) > 0.5,
            "sold": chance.choice(["open", "gone"], rows),
            "size": chance.normal(size=rows),
        }
    )
    builder = GraphBuilder(4, 0)
    line = ModelGraph(Affine(np.array([[10.0], [2.0], [3.0], [1.0]]), np.array([0.0])))
    model = builder.build({"prediction": write_model(builder, line, "numbers", 4)})
    arrays = Decoder(SCHEMA).from_frame(frame).arrays
    intake = SimpleNamespace(schema=SCHEMA, labels=(), material=SimpleNamespace(holdout=arrays))
    columns = [SimpleNamespace(column=name, loss=1.0) for name in frame.columns]
    scene = SimpleNamespace(
        trained=SimpleNamespace(intake=intake), clock=SimpleNamespace(left=lambda: 60.0),
        predictor=Predictor(SCHEMA, Outputs(task="regression", target="price"), model),
        judgement=SimpleNamespace(importance=SimpleNamespace(columns=columns)), settings=SimpleNamespace(seed=0),
    )  # fmt: skip
    return {plot.title: plot for plot in find_effects(scene).plots}


def test_ordered_categories_and_booleans_stand_in_their_words():
    plots = effects()
    assert [plots[name].kind for name in ("grade", "owner", "sold", "size")] == ["dots", "dots", "dots", "single_rows"]
    assert plots["grade"].data["name"] == ["poor", "fair", "good"]
    assert np.allclose(np.diff(plots["grade"].data["value"]), 10.0)
    assert plots["owner"].data["name"] == ["no", "yes"]
    assert plots["sold"].data["name"] == ["open", "gone"]
    assert np.allclose(np.diff(plots["sold"].data["value"]), 3.0)
