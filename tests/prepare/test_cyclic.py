"""Circles of time: neighbours in time are neighbours on the circle, the same bits in the graph."""

import datetime as dt

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.contracts.schema import DATETIME_PARTS, Column, Schema
from mainstay.data.decode import Decoder
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.run import Session
from mainstay.prepare.fitted import fit, from_json
from mainstay.prepare.recipe import Recipe

PLAIN = {"missing": "none", "scale": "none", "encode": "none"}


def decoded(times):
    frame = pl.DataFrame({"n": [0.0] * len(times), "at": times}, schema={"n": pl.Float64, "at": pl.Datetime("us")})
    columns = (Column(name="n", kind="number"), Column(name="at", kind="datetime"))
    return Decoder(Schema(columns=columns)).from_frame(frame).arrays


def circles(times, train=None):
    hours = [dt.datetime(2020, 1, 1) + dt.timedelta(hours=5 * step) for step in range(2000)] + [None]
    fitted = fit(Recipe(**PLAIN, cyclic=True), decoded(train or hours))
    matrix = fitted.transform(decoded(times)).matrix
    return {name: matrix[:, place] for place, name in enumerate(fitted.names)}


def distance(parts, name, one=0, two=1):
    ends = [np.array([parts[f"{name} {wave}"][row] for wave in ("sine", "cosine")]) for row in (one, two)]
    return float(np.linalg.norm(ends[0] - ends[1]))


def test_midnight_and_new_year_have_neighbours():
    parts = circles([dt.datetime(2021, 12, 31, 23, 59), dt.datetime(2022, 1, 1, 0, 0), dt.datetime(2022, 7, 1, 12, 0)])
    assert distance(parts, "at.hour") < 0.01
    assert distance(parts, "at.year") < 0.04
    assert distance(parts, "at.hour", 1, 2) > 1.99
    assert distance(parts, "at.year", 1, 2) > 1.95
    assert 0.5 < distance(parts, "at.weekday") < 1.0  # a Friday and a Saturday


def test_all_points_lie_on_the_circle_and_missing_stays_missing():
    times = [dt.datetime(2020, 2, 29, 13, 7, 5), None, dt.datetime(1999, 12, 31)]
    parts = circles(times)
    assert len(parts) == 7 + 6
    for part in ("hour", "weekday", "year"):
        radius = np.hypot(parts[f"at.{part} sine"], parts[f"at.{part} cosine"])
        assert np.isnan(radius[1])
        assert np.allclose(radius[[0, 2]], 1.0, atol=1e-6)


def test_parts_that_do_not_differ_are_left_out():
    days = [dt.datetime(2020, 1, day) for day in range(1, 29)]
    assert not [name for name in circles(days, train=days) if name.startswith(("at.hour ", "at.year "))]
    assert [name for name in circles(days, train=days) if name.startswith("at.weekday ")]


def test_columns_that_only_look_like_parts_are_not_taken():
    from mainstay.contracts.arrays import Arrays

    names = ("x.hour", "at.days", *(f"b.{part}" for part in DATETIME_PARTS[1:]))
    rows = Arrays(np.arange(70, dtype=np.float32).reshape(10, 7), names, np.empty((10, 0), np.int64), (), ())
    assert fit(Recipe(**PLAIN, cyclic=True), rows).names == names


@settings(max_examples=60, deadline=None)
@given(st.lists(st.none() | st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31)), min_size=1, max_size=12))
def test_numpy_and_the_graph_agree_on_any_time(times):
    hours = [dt.datetime(2020, 1, 1) + dt.timedelta(hours=5 * step) for step in range(400)]
    fitted = fit(Recipe(cyclic=True), decoded([*hours, None]))
    arrays = decoded(times)
    builder = GraphBuilder.over(arrays)
    graph = Session(builder.build({"features": builder.node("Identity", [fitted.write(builder)])}))
    assert np.array_equal(graph.run(arrays)["features"], fitted.transform(arrays).matrix)
    assert np.array_equal(from_json(fitted.to_json()).transform(arrays).matrix, fitted.transform(arrays).matrix)
