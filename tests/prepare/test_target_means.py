"""Target means: cross-fitted, drawn towards the mean of all, the same bits in the graph, good on real tables."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.contracts.arrays import Arrays
from mainstay.contracts.errors import UsageError
from mainstay.contracts.learner import Target
from mainstay.data.decode import Decoder, decode_target
from mainstay.data.infer import infer
from mainstay.data.read import read
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.run import Session
from mainstay.prepare.fitted import fit, from_json
from mainstay.prepare.recipe import Recipe

PLAIN = {"missing": "none", "scale": "none"}
BANK = Path(__file__).parents[3] / "shared" / "data" / "nyc_taxis_2019" / "taxis.csv"


def rows_of(codes, levels):
    codes = np.asarray(codes, np.int64)
    names = tuple(f"c{place}" for place in range(codes.shape[1]))
    return Arrays(np.empty((len(codes), 0), np.float32), (), codes, names, levels)


def cities(rows, levels, *, effect, seed=0):
    """Codes of one column, and classes that depend on the level by an effect."""
    chance = np.random.default_rng(seed)
    codes = chance.integers(0, levels, rows)
    shares = 0.5 + effect * np.random.default_rng(99).uniform(-0.5, 0.5, levels)
    return codes[:, None], (chance.random(rows) < shares[codes]).astype(np.int64)


def auc(codes, scores):
    from sklearn.metrics import roc_auc_score

    return roc_auc_score(codes, scores)


def test_training_rows_do_not_see_their_own_target():
    """200 levels of 5 rows on noise: plain means look like knowledge, cross-fitted ones do not."""
    codes, classes = cities(1000, 200, effect=0.0)
    rows, target = rows_of(codes, (200,)), Target("classification", classes, 2)
    fitted = fit(Recipe(**PLAIN, encode="target"), rows, target)
    naive = np.bincount(codes[:, 0], weights=classes, minlength=200) / np.maximum(
        1, np.bincount(codes[:, 0], minlength=200)
    )
    assert auc(classes, naive[codes[:, 0]]) > 0.6
    assert auc(classes, fitted.transform_training(rows).matrix[:, 0]) < 0.55


def test_real_effects_are_found_on_new_rows():
    codes, classes = cities(4000, 100, effect=0.9)
    fitted = fit(Recipe(**PLAIN, encode="target"), rows_of(codes, (100,)), Target("classification", classes, 2))
    new, truth = cities(4000, 100, effect=0.9, seed=1)
    assert auc(truth, fitted.transform(rows_of(new, (100,))).matrix[:, 0]) > 0.7


def test_a_level_of_few_rows_is_drawn_towards_all():
    """Level 0: 400 rows of 90 %, level 1: one row of 100 %, level 2: 400 rows of 10 %."""
    codes = np.repeat([0, 1, 2], [400, 1, 400])[:, None]
    classes = np.concatenate([np.arange(400) % 10 > 0, [True], np.arange(400) % 10 == 0]).astype(np.int64)
    fitted = fit(Recipe(**PLAIN, encode="target"), rows_of(codes, (5,)), Target("classification", classes, 2))
    high, single, low, empty, unseen = fitted.transform(rows_of([[0], [1], [2], [3], [5]], (5,))).matrix[:, 0]
    assert low < empty == unseen < single < high
    assert abs(empty - (high + low) / 2) < 0.05


def test_missing_is_a_level_of_its_own():
    codes = np.where(np.arange(400) % 2 == 0, -1, 0)[:, None]
    fitted = fit(Recipe(**PLAIN, encode="target"), rows_of(codes, (2,)), Target("regression", codes[:, 0] * -5.0))
    missing, known, unseen = fitted.transform(rows_of([[-1], [0], [2]], (2,))).matrix[:, 0]
    assert missing > unseen > known


def test_classes_have_a_column_each_and_amounts_one():
    codes = np.arange(300)[:, None] % 10
    classes = (np.arange(300) % 10) % 3
    fitted = fit(Recipe(**PLAIN, encode="target"), rows_of(codes, (10,)), Target("classification", classes, 4))
    assert fitted.names == tuple(f"c0 target mean = {label}" for label in (0, 1, 2))
    matrix = fitted.transform(rows_of(codes, (10,))).matrix
    assert (matrix.argmax(axis=1) == classes).all()
    amounts = fit(Recipe(**PLAIN, encode="target"), rows_of(codes, (10,)), Target("regression", classes * 7.0))
    assert amounts.names == ("c0 target mean",)


def test_only_columns_of_many_levels_are_encoded_so():
    codes = np.column_stack([np.arange(200) % 3, np.arange(200) % 50])
    rows, target = rows_of(codes, (3, 50)), Target("classification", np.arange(200) % 2, 2)

    def names(**wishes):
        return fit(Recipe(**PLAIN, max_levels=10, min_count=1, **wishes), rows, target).names

    mixed = names(many_levels="target")
    assert mixed == ("c0 = 0", "c0 = 1", "c0 = 2", "c0 = other", "c0 is missing", "c1 target mean")
    assert set(names(many_levels="both")) == set(names()) | {"c1 target mean"}
    assert names(many_levels="target", encode="ordinal") == ("c0", "c1 target mean")
    assert names(many_levels="target", encode="none") == ()
    codes_of = fit(Recipe(**PLAIN, max_levels=10, encode="codes", many_levels="target"), rows, target)
    assert codes_of.categorical == (0,)


def test_weights_count():
    codes, classes = np.zeros((100, 1), np.int64), np.arange(100) % 2
    codes[50:] = 1
    heavy = Target("regression", classes * 1.0, 0, np.where((classes == 1) & (codes[:, 0] == 0), 20.0, 1.0))
    matrix = fit(Recipe(**PLAIN, encode="target"), rows_of(codes, (2,)), heavy).transform(rows_of(codes, (2,))).matrix
    assert matrix[0, 0] > matrix[-1, 0]


def test_without_a_target():
    rows = rows_of(np.zeros((20, 1)), (3,))
    with pytest.raises(UsageError, match="needs a target"):
        fit(Recipe(**PLAIN, encode="target"), rows)
    assert fit(Recipe(**PLAIN, many_levels="target", max_levels=1), rows).names[0] != "c0 target mean"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_numpy_and_the_graph_agree_on_any_rows(data):
    levels = (1, 4, 30)
    rows = data.draw(st.integers(2, 40))
    columns = [data.draw(st.lists(st.integers(-1, known), min_size=rows, max_size=rows)) for known in levels]
    arrays = rows_of(np.column_stack(columns), levels)
    regression = data.draw(st.booleans())
    values = data.draw(st.lists(st.integers(0, 2), min_size=rows, max_size=rows))
    target = (
        Target("regression", np.array(values) * 1e6) if regression else Target("classification", np.array(values), 3)
    )
    encode = data.draw(st.sampled_from(["one_hot", "ordinal", "codes", "target"]))
    many = data.draw(st.sampled_from(["same", "target", "both"]))
    fitted = fit(Recipe(**PLAIN, encode=encode, many_levels=many, max_levels=3), arrays, target)
    matrix = fitted.transform(arrays).matrix
    assert np.isfinite(matrix).all()
    assert np.isfinite(fitted.transform_training(arrays).matrix).all()
    if not fitted.names:
        return
    builder = GraphBuilder.over(arrays)
    graph = Session(builder.build({"features": builder.node("Identity", [fitted.write(builder)])}))
    wild = rows_of(np.array([[-1, 4, 30], [0, -1, 29], [7, -9, 99]]), levels)
    for some in (arrays, wild):
        assert np.array_equal(graph.run(some)["features"], fitted.transform(some).matrix)
        assert np.array_equal(from_json(fitted.to_json()).transform(some).matrix, fitted.transform(some).matrix)


@pytest.mark.skipif(not BANK.exists(), reason="the development data are not here")
def test_a_linear_model_of_zones_gains_from_the_means():
    """The fare of a taxi by its zones (about 200 levels): ridge on means against ridge on frequent levels."""
    from sklearn.linear_model import Ridge

    table = read(BANK)
    schema = infer(table, target="fare").schema
    keep = [column for column in schema.columns if column.name in ("fare", "pickup_zone", "dropoff_zone")]
    schema = type(schema)(columns=tuple(keep))
    arrays, values = Decoder(schema).from_frame(table.frame).arrays, decode_target(schema, table.frame).values
    order = np.random.default_rng(0).permutation(arrays.rows)
    train, test = order[:4500], order[4500:]

    def error(recipe):
        fitted = fit(recipe, arrays.take(train), Target("regression", values[train]))
        model = Ridge().fit(fitted.transform_training(arrays.take(train)).matrix, values[train])
        return np.abs(model.predict(fitted.transform(arrays.take(test)).matrix) - values[test]).mean()

    few = error(Recipe(max_levels=30))
    both = error(Recipe(max_levels=30, many_levels="both"))
    assert both < 0.97 * few
