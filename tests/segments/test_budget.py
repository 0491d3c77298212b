"""A time budget is kept as far as it goes: rows are drawn for the curve, pictures left out, every row has its group."""

import time

import numpy as np
import polars as pl
import pytest

import mainstay
from mainstay.compute.around import Around
from mainstay.contracts.clusters import Points
from mainstay.contracts.events import Event, StageBegun, StageEnded
from mainstay.segments.run import for_the_walk


def _noise(rows: int, columns: int) -> pl.DataFrame:
    matrix = np.random.default_rng(0).normal(size=(rows, columns))
    return pl.DataFrame({f"c{i}": matrix[:, i] for i in range(columns)})


def test_without_time_the_curve_is_that_of_drawn_rows_and_every_row_has_its_group() -> None:
    found = mainstay.cluster(_noise(30_000, 6), k=3, time_budget="0.1s")
    assert len(found.labels) == 30_000
    assert set(found.labels.tolist()) == {0, 1, 2}
    told = [one["message"] for one in found.figures["findings"] if one["code"] == "time"]
    assert any("of 30,000" in message for message in told), told
    over = [one for one in found.figures["findings"] if one["code"] == "time.over"]
    assert len(over) == 1
    assert "more than the budget" in over[0]["message"]


def test_a_budget_that_is_kept_is_not_spoken_of() -> None:
    found = mainstay.cluster(_noise(200, 2), k=2, time_budget="60s")
    assert not [one for one in found.figures["findings"] if one["code"].startswith("time")]


def test_drawn_rows_keep_their_weights_and_are_the_same_for_a_seed() -> None:
    weight = np.arange(1.0, 20_001.0)
    points = Points(np.arange(40_000, dtype=np.float32).reshape(-1, 2), ("a", "b"), weight)
    drawn, again = (for_the_walk(points, 10, 3, 0.0) for _ in range(2))
    assert drawn.rows == 4_000
    assert drawn.weight is not None
    assert np.array_equal(drawn.weight, drawn.matrix[:, 0] / 2 + 1)
    assert np.array_equal(drawn.matrix, again.matrix)
    assert for_the_walk(points, 10, 3, float("inf")) is points


def test_the_seconds_of_each_stage_are_told_and_add_up() -> None:
    heard: list[Event] = []
    started = time.monotonic()
    found = mainstay.cluster(_noise(300, 2), k=2, listener=heard.append)
    took = time.monotonic() - started
    stages = found.figures["stages"]
    assert list(stages) == [
        "read",
        "schema",
        "prepare",
        "curve",
        "choose",
        "group",
        "describe",
        "report",
        "pack",
        "write",
    ]
    assert sum(stages.values()) == pytest.approx(found.figures["seconds"], abs=0.3)
    assert sum(stages.values()) <= took + 0.1
    begun = [event.stage for event in heard if isinstance(event, StageBegun)]
    ended = [event.stage for event in heard if isinstance(event, StageEnded)]
    assert begun == ended == list(stages)


def test_parts_of_a_run_write_into_one_list_of_stages() -> None:
    around = Around()
    around.begin("read")
    around.before(1.0).begin("curve")
    around.part(0.5).at_least(1.0).begin("choose")
    around.end()
    around.end()
    assert list(around.stages()) == ["read", "curve", "choose"]
