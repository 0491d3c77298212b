"""Any table made ready for the detection of anomalies: what is usual is near 0, and what is rare is far."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as any_array

from mainstay.contracts.arrays import Arrays
from mainstay.contracts.errors import UsageError
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.run import Session
from mainstay.prepare.anomalies import fit_for_anomalies, observations_of
from mainstay.prepare.fitted import from_json


def rows_of(numbers, codes=None, levels=()):
    numbers = np.asarray(numbers, np.float32)
    codes = np.empty((len(numbers), 0), np.int64) if codes is None else np.asarray(codes, np.int64)
    names = tuple(f"x{i}" for i in range(numbers.shape[1]))
    return Arrays(numbers, names, codes, tuple(f"c{i}" for i in range(codes.shape[1])), tuple(levels))


def graph_of(recipe, rows):
    builder = GraphBuilder.over(rows)
    return Session(builder.build({"features": recipe.write(builder)}))


@pytest.fixture
def mixed():
    chance = np.random.default_rng(0)
    country = chance.choice(3, 2000, p=[0.7, 0.29, 0.01])
    city = np.where(country == 0, chance.choice(2, 2000), 2 + chance.choice(2, 2000))
    numbers = np.column_stack([chance.normal(50, 5, 2000), chance.lognormal(3, 1, 2000)])
    numbers[chance.random(2000) < 0.02, 0] = np.nan
    return rows_of(numbers, np.column_stack([country, city]), (3, 4))


def test_each_feature_knows_its_column(mixed):
    recipe = fit_for_anomalies(mixed)
    assert recipe.names == ("x0", "x1", "c0", "c1", "c0 | c1", "c1 | c0", "x0 is missing")
    assert [recipe.columns[place] for place in recipe.source] == ["x0", "x1", "c0", "c1", "c0", "c1", "x0"]
    assert {note.column for note in recipe.notes} == {"x0", "x1", "c0", "c1"}


def test_what_is_usual_is_near_zero_and_what_is_rare_is_far(mixed):
    recipe = fit_for_anomalies(mixed)
    matrix = recipe.transform(mixed)
    assert np.abs(np.median(matrix, axis=0)).max() < 0.2
    odd = rows_of([[500.0, 20.0], [50.0, 20.0], [50.0, 20.0], [np.nan, 20.0]], [[0, 0], [2, 3], [1, 0], [0, 1]], (3, 4))
    found = dict(zip(recipe.names, recipe.transform(odd).T, strict=True))
    assert found["x0"][0] > 50
    assert found["c0"][1] > 3  # a rare level
    assert found["c1 | c0"][2] > 4  # each level is usual, and they never stand together
    assert abs(found["c1"][2]) < 2
    assert found["x0 is missing"][3] > 2


def test_an_unseen_level_is_the_rarest(mixed):
    recipe = fit_for_anomalies(mixed)
    levels = rows_of([[50.0, 20.0]] * 4, [[code, 0] for code in range(4)], (3, 4))
    assert recipe.transform(levels)[:, recipe.names.index("c0")].argmax() == 3


def test_the_graph_computes_the_same_bits(mixed):
    recipe = fit_for_anomalies(mixed)
    session = graph_of(recipe, mixed)
    whole = session.run(mixed)["features"]
    assert whole.tobytes() == recipe.transform(mixed).tobytes()
    single = np.concatenate([session.run(mixed.take(slice(i, i + 1)))["features"] for i in range(40)])
    assert single.tobytes() == whole[:40].tobytes()


def test_it_survives_the_file(mixed):
    recipe = fit_for_anomalies(mixed)
    again = from_json(recipe.fitted.to_json())
    assert again.transform(mixed).matrix.tobytes() == recipe.transform(mixed).tobytes()


@given(
    any_array(np.float32, st.tuples(st.integers(1, 30), st.integers(1, 3)), elements=st.floats(width=32)),
    st.integers(0, 3),
)
def test_any_numbers_become_finite_features(numbers, seed):
    rows = rows_of(numbers)
    matrix = fit_for_anomalies(rows, seed=seed).transform(rows)
    assert np.isfinite(matrix).all()
    assert matrix.shape[1] >= 1


def test_equal_rows_leave_one_column_of_zeros():
    rows = rows_of(np.ones((50, 2)), np.zeros((50, 1)), (1,))
    recipe = fit_for_anomalies(rows)
    assert observations_of(recipe, rows).matrix.tolist() == [[0.0]] * 50
    assert recipe.columns == ("x0",)


def test_a_rare_value_of_a_column_that_is_mostly_zero_is_far():
    numbers = np.zeros((1000, 1))
    numbers[:5] = 100.0
    matrix = fit_for_anomalies(rows_of(numbers)).transform(rows_of(numbers))
    assert matrix[:5].min() > 5
    assert np.abs(matrix[5:]).max() < 1


def test_no_row_is_refused():
    with pytest.raises(UsageError, match="no row"):
        fit_for_anomalies(rows_of(np.empty((0, 2))))
