"""The recipe as a whole: numpy and the graph agree on any rows, it is data, and it stays small in memory."""

import tracemalloc

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as any_array

from mainstay.contracts.arrays import Arrays
from mainstay.contracts.errors import FormatError, UsageError
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.run import Session
from mainstay.prepare.fitted import fit, from_json
from mainstay.prepare.recipe import Recipe

LEVELS = (0, 3, 12)

single = st.floats(width=32, allow_infinity=False) | st.sampled_from([0.0, -0.0, 1.0, np.nan])
moderate = st.floats(-1e6, 1e6, width=32) | st.sampled_from([0.0, -0.0, np.nan])


@st.composite
def decoded(draw, rows, *, unseen, numbers):
    matrix = draw(any_array(np.float32, (rows, 3), elements=numbers))
    columns = [draw(any_array(np.int64, rows, elements=st.integers(-1, known - (not unseen)))) for known in LEVELS]
    return Arrays(matrix, ("a", "b", "c"), np.stack(columns, axis=1), ("u", "v", "w"), LEVELS)


recipes = st.builds(
    Recipe,
    derive=st.sampled_from(
        [
            (),
            ("x = a * b - c / 3",),
            ("x = min(a, b) / c", "y = sqrt(abs(x)) ** 2 - max(c, 1)"),
            ("x = floor(a / b) * c",),
        ]
    ),
    missing=st.sampled_from(["none", "mean", "median", "most_frequent", "constant"]),
    fill_value=st.floats(-1e3, 1e3),
    indicator=st.booleans(),
    scale=st.sampled_from(["none", "standard", "minmax", "robust"]),
    polynomial=st.sampled_from([1, 2]),
    encode=st.sampled_from(["none", "ordinal", "one_hot", "codes"]),
    min_count=st.integers(1, 3),
    max_levels=st.integers(1, 5),
)


def same(one, two):
    assert one.dtype == two.dtype == np.float32
    assert np.array_equal(one, two, equal_nan=True)


@given(recipe=recipes, train=decoded(12, unseen=False, numbers=moderate), data=st.data())
@settings(max_examples=80, deadline=None)
def test_numpy_and_the_graph_agree_on_any_rows(recipe, train, data):
    fitted = fit(recipe, train)
    builder = GraphBuilder.over(train)
    graph = Session(builder.build({"features": builder.node("Identity", [fitted.write(builder)])}))
    for rows in (train, data.draw(decoded(5, unseen=True, numbers=single))):
        ours = fitted.transform(rows).matrix
        same(graph.run(rows)["features"], ours)
        same(graph.run(rows.take(slice(2, 3)))["features"], ours[2:3])
        same(from_json(fitted.to_json()).transform(rows).matrix, ours)
    if recipe.missing != "none":
        assert not np.isnan(fitted.transform(train).matrix).any()


def test_two_writers_share_their_nodes():
    train = Arrays(np.float32([[1], [np.nan], [4]]), ("a",), np.int64([[0], [1], [0]]), ("u",), (2,))
    builder = GraphBuilder.over(train)
    fitted = fit(Recipe(), train)
    assert fitted.write(builder) == fit(Recipe(), train).write(builder)


def test_fitting_sees_the_given_rows_only():
    chance = np.random.default_rng(0)
    numbers = chance.normal(size=(60, 2)).astype(np.float32)
    codes = chance.integers(-1, 3, (60, 1))
    everything = Arrays(numbers, ("a", "b"), codes, ("u",), (3,))
    poisoned = Arrays(numbers.copy(), ("a", "b"), codes.copy(), ("u",), (3,))
    poisoned.numbers[40:] = np.nan
    poisoned.categories[40:] = 2
    fold = np.arange(40)
    assert fit(Recipe(), everything.take(fold)) == fit(Recipe(), poisoned.take(fold))


def test_large_tables_are_transformed_in_little_memory():
    chance = np.random.default_rng(0)
    rows, columns = 40_000, 20
    codes = chance.integers(-1, 100, (rows, columns))
    wide = Arrays(np.empty((rows, 0), np.float32), (), codes, tuple(f"c{k}" for k in range(columns)), (100,) * columns)
    fitted = fit(Recipe(max_levels=20), wide)
    tracemalloc.start()
    features = fitted.transform(wide)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert features.matrix.shape == (rows, 22 * columns)
    assert features.matrix.sum() == rows * columns
    assert peak < features.matrix.nbytes + 40e6


def test_no_features_are_said():
    numbers = Arrays(np.empty((2, 0), np.float32), (), np.int64([[0], [1]]), ("u",), (2,))
    fitted = fit(Recipe(encode="none"), numbers)
    assert fitted.transform(numbers).matrix.shape == (2, 0)
    with pytest.raises(UsageError, match="leaves no feature"):
        fitted.write(GraphBuilder.over(numbers))


def test_a_recipe_travels_as_data():
    recipe = Recipe(derive=("x = a + 1",), missing="constant", fill_value=0.1)
    assert msgspec.json.decode(msgspec.json.encode(recipe), type=Recipe) == recipe
    assert msgspec.convert(msgspec.to_builtins(recipe), Recipe) == recipe
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"mising": "mean"}', type=Recipe)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"[1]",
        b'{"recipe": {}}',
        b'{"recipe": {"scale": "log"}}',
        b"\xff\xfe",
        b'{"steps": [{"type": "Eval"}]}',
    ],
)
def test_what_is_no_stored_recipe_is_refused(text):
    with pytest.raises(FormatError, match="a fitted recipe was expected"):
        from_json(text)


def test_a_stored_recipe_that_was_changed_is_refused():
    train = Arrays(np.float32([[1, 2], [3, 4]]), ("a", "b"), np.empty((2, 0), np.int64), (), ())
    text = fit(Recipe(derive=("x = a * b",), scale="none"), train).to_json()
    with pytest.raises(FormatError, match="no number column 'q'"):
        from_json(
            text.replace(b'["x = a * b"]},', b'["x = a * q"]},').replace(
                b'"texts":["x = a * b"]', b'"texts":["x = a * q"]'
            )
        )
