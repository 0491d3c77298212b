"""A column with the role "weight" says how many rows each one stands for."""

import numpy as np
import polars as pl
import pytest

import mainstay
from mainstay.contracts.errors import DataError
from mainstay.contracts.schema import Column, Schema

_SCHEMA = Schema(
    columns=(
        Column(name="x", kind="number"),
        Column(name="y", kind="number"),
        Column(name="w", kind="number", role="weight"),
    )
)


def _rows() -> tuple[pl.DataFrame, np.ndarray]:
    random = np.random.default_rng(0)
    places = np.concatenate([random.normal(0, 1, (60, 2)), random.normal(6, 1, (60, 2))])
    return pl.DataFrame({"x": places[:, 0], "y": places[:, 1]}), random.integers(1, 6, 120)


def test_a_row_with_a_weight_is_as_many_rows() -> None:
    frame, weight = _rows()
    weighed = mainstay.cluster(frame.with_columns(w=pl.Series(weight)), k=3, scale="none", schema=_SCHEMA)
    plain = mainstay.cluster(frame, k=3, scale="none")
    repeated = mainstay.cluster(frame[np.repeat(np.arange(120), weight)], k=3, scale="none")
    one, other, whole = (found.curve[2]["inertia"] for found in (weighed, plain, repeated))
    assert one == pytest.approx(whole, rel=0.02)
    assert abs(one - other) > 0.5 * other
    assert [one["name"] for one in weighed.figures["columns"] if one["role"] == "feature"] == ["x", "y"]


@pytest.mark.parametrize("bad", [None, -1.0, 0.0, float("inf")])
def test_a_row_without_a_weight_is_named(bad: float | None) -> None:
    frame, weight = _rows()
    weights = [*weight[:7].astype(float).tolist(), bad, *weight[8:].astype(float).tolist()]
    with pytest.raises(DataError, match=r"1 rows have none in 'w', the first is row 8"):
        mainstay.cluster(frame.with_columns(w=pl.Series(weights)), k=2, schema=_SCHEMA)


def test_numbers_beyond_float32_are_called_too_large() -> None:
    frame, _ = _rows()
    with pytest.raises(DataError, match=r"'x' 120 of 120 numbers are too large, up to .*e\+200"):
        mainstay.cluster(frame * 1e200)
    found = mainstay.cluster(frame.with_columns(x=pl.col("x") * 1e200), k=2)
    told = [one for one in found.figures["findings"] if one["code"] == "numbers.too_large"]
    assert [one["column"] for one in told] == ["x"]
