"""Any table becomes points: every column counts about the same, nothing is missing, and what was done is said."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.contracts.arrays import Arrays, Terms
from mainstay.contracts.checks.tables import decoded_rows
from mainstay.contracts.errors import UsageError
from mainstay.contracts.schema import DATETIME_PARTS
from mainstay.data.decode import Decoder
from mainstay.data.decode_datetime import datetime_parts
from mainstay.data.decode_terms import terms_of
from mainstay.data.infer import infer
from mainstay.data.read import read
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.run import Session
from mainstay.prepare.clusters import fit_for_clusters, points_of
from mainstay.prepare.clusters_columns import coordinates_in

NAN = np.nan
CHANCE = np.random.default_rng(0)
DATA = Path(__file__).parents[3] / "shared" / "data"
SHIPPED = pytest.mark.skipif(not DATA.exists(), reason="the development data are not here")


def table(numbers=None, codes=None, levels=(), names=None):
    count = len(numbers) if numbers is not None else len(codes)
    left = np.asarray(numbers if numbers is not None else np.empty((count, 0)), np.float32).reshape(count, -1)
    right = np.asarray(codes if codes is not None else np.empty((count, 0)), np.int64).reshape(count, -1)
    names = names or tuple("abcdefghij"[: left.shape[1]])
    return Arrays(left, tuple(names), right, tuple("uvwxyz"[: right.shape[1]]), tuple(levels))


def notes_of(recipe):
    return {note.column: note for note in recipe.notes}


def load(path, *ignored):
    found = read(DATA / path)
    schema = infer(found, roles=dict.fromkeys(ignored, "ignored")).schema
    return Decoder(schema).from_frame(found.frame).arrays


def squared(matrix):
    """The mean squared distance of two random rows."""
    return 2.0 * matrix.astype(np.float64).var(axis=0).sum()


def test_numbers_count_the_same_whatever_their_unit():
    arrays = table(CHANCE.normal([0, 1e6, -3], [1, 1e5, 1e-4], (500, 3)))
    matrix = points_of(fit_for_clusters(arrays), arrays).matrix
    assert np.allclose(matrix.std(axis=0), 1, atol=1e-3)
    assert np.allclose(matrix.mean(axis=0), 0, atol=1e-2)


def test_a_category_and_a_flag_count_about_as_much_as_a_number():
    codes = CHANCE.integers(0, 4, (4000, 1))
    flag = CHANCE.integers(0, 2, (4000, 1))
    both = points_of(fit_for_clusters(table(flag, codes, (4,))), table(flag, codes, (4,)))
    assert both.blocks == ((1, 5),)
    assert squared(both.matrix[:, 1:]) == pytest.approx(1.5, abs=0.02)  # 2 where levels differ: in 3 of 4 pairs
    assert squared(both.matrix[:, :1]) == pytest.approx(1.0, abs=0.02)  # 2 where they differ: in 1 of 2 pairs
    assert np.abs(both.matrix[0] - both.matrix[:, :]).max() < 1.5


def test_a_date_counts_as_one_column_with_its_circles():
    hours = CHANCE.integers(0, 24 * 365 * 4, 3000)
    parts = np.array([datetime_parts(int(hour) * 3_600_000_000) for hour in hours], np.float32)
    arrays = table(parts, names=[f"when.{part}" for part in DATETIME_PARTS])
    recipe = fit_for_clusters(arrays)
    assert squared(points_of(recipe, arrays).matrix) == pytest.approx(2.0, abs=0.02)
    assert len(recipe.names) == 7  # position, and sine and cosine of hour, weekday and day of the year
    assert "hour of the day" in notes_of(recipe)["when"].treatment


def test_the_season_of_a_few_months_is_no_second_position():
    parts = np.array([datetime_parts(day * 86_400_000_000) for day in range(120)], np.float32)
    recipe = fit_for_clusters(table(parts, names=[f"when.{part}" for part in DATETIME_PARTS]))
    assert recipe.names == ("when.days", "when.weekday sine", "when.weekday cosine")


def test_texts_stand_on_a_sphere_and_topics_lie_apart():
    fruit, metal = ["apple", "pear", "plum", "cherry", "quince"], ["iron", "copper", "zinc", "tin", "lead"]
    texts = [" ".join(CHANCE.choice(words, 6)) for words in (fruit, metal) for _ in range(60)] + [""]
    terms = terms_of(texts, 4096)
    empty = np.empty((len(texts), 0))
    arrays = Arrays(empty.astype(np.float32), (), empty.astype(np.int64), (), (), (terms,), ("about",), (4096,))
    recipe = fit_for_clusters(arrays, topics=5)
    matrix = points_of(recipe, arrays).matrix
    assert np.allclose(np.linalg.norm(matrix[:-1], axis=1), 1, atol=1e-6)
    assert not matrix[-1].any()
    within = np.linalg.norm(matrix[:60] - matrix[:60].mean(axis=0), axis=1).mean()
    assert np.linalg.norm(matrix[:60].mean(axis=0) - matrix[60:120].mean(axis=0)) > 1.5 * within
    assert notes_of(recipe)["about"].treatment == "5 topics of its words, each text of length one"


def test_a_text_without_shared_words_counts_by_its_length():
    lengths = np.arange(12.0)
    parts = np.column_stack([lengths * 5, lengths, *np.zeros((3, 12))])
    names = ("note.characters", "note.words", "note.digits", "note.capitals", "note.symbols")
    text = Terms(np.arange(13), np.arange(12, dtype=np.int32))
    arrays = Arrays(parts.astype(np.float32), names, np.empty((12, 0), np.int64), (), (), (text,), ("note",), (100,))
    recipe = fit_for_clusters(arrays)
    assert recipe.names == ("note.characters", "note.words")
    assert squared(points_of(recipe, arrays).matrix) == pytest.approx(2.0)


def test_what_is_missing_stands_in_the_middle():
    numbers = CHANCE.normal(5, 2, (300, 1))
    numbers[0] = NAN
    codes = CHANCE.integers(0, 3, (300, 1))
    codes[1] = -1
    points = points_of(fit_for_clusters(table(numbers, codes, (3,))), table(numbers, codes, (3,)))
    assert abs(points.matrix[0, 0]) < 0.15
    assert points.matrix[1, 1:].tolist() == [0, 0, 0]
    assert points.names == ("a", "u = 0", "u = 1", "u = 2")


def test_a_category_that_is_often_missing_has_a_level_for_it():
    codes = np.array([[0], [1], [-1]] * 40)
    recipe = fit_for_clusters(table(codes=codes, levels=(2,)))
    assert recipe.names == ("u = 0", "u = 1", "u is missing")
    assert "missing as a level" in recipe.notes[0].treatment


def test_rare_levels_are_one_and_unseen_ones_are_none():
    codes = np.array([[0]] * 100 + [[1]] * 100 + [[2], [3]])
    recipe = fit_for_clusters(table(codes=codes, levels=(4,)))
    assert recipe.names == ("u = 0", "u = 1", "u = other")
    strange = recipe.transform(table(codes=[[2], [4], [-1], [0]], levels=(4,)))
    assert strange.tolist() == [[0, 0, 1], [0, 0, 1], [0, 0, 0], [1, 0, 0]]


def test_a_category_whose_levels_are_all_rare_is_left_out_and_said():
    codes = np.arange(1200)[:, None] // 2
    recipe = fit_for_clusters(table(np.arange(1200.0)[:, None], codes, (600,)))
    assert recipe.names == ("a",)
    assert recipe.notes[1].treatment == "left out: each of its 600 levels has fewer than 6 rows"


def test_a_long_tail_is_put_on_a_logarithmic_scale_and_said():
    arrays = table(CHANCE.lognormal(8, 1.5, (800, 1)))
    recipe = fit_for_clusters(arrays)
    matrix = points_of(recipe, arrays).matrix
    assert recipe.notes[0].treatment.startswith("logarithm of 1 + x / ")
    assert abs(np.mean(matrix**3)) < 0.7
    order = np.argsort(arrays.numbers[:, 0])
    assert (np.diff(matrix[order, 0]) >= 0).all()


def test_an_outlier_owns_nothing_and_is_still_the_farthest():
    numbers = np.append(CHANCE.normal(size=400), [1e7, np.inf, -np.inf]).reshape(-1, 1)
    arrays = table(numbers)
    recipe = fit_for_clusters(arrays)
    matrix = points_of(recipe, arrays).matrix[:, 0]
    assert 0.9 < matrix[:400].std() < 1.1
    assert 4.5 < matrix[400] == matrix[401] < 8
    assert matrix[402] < -4.5
    assert "far value" in recipe.notes[0].treatment


@pytest.mark.parametrize("scale", ["none", "standard", "robust", "auto"])
def test_infinite_numbers_never_reach_the_points(scale):
    arrays = table([[1.0, 1e38], [np.inf, -1e38], [3.0, 0.0], [-np.inf, np.inf], [4.0, NAN]] * 10)
    assert np.isfinite(points_of(fit_for_clusters(arrays, scale=scale), arrays).matrix).all()


def test_scales_on_wish():
    arrays = table(CHANCE.lognormal(3, 2, (200, 2)))
    assert np.array_equal(points_of(fit_for_clusters(arrays, scale="none"), arrays).matrix, arrays.numbers)
    values = arrays.numbers.astype(np.float64)
    standard = points_of(fit_for_clusters(arrays, scale="standard"), arrays).matrix
    assert np.allclose(standard, (values - values.mean(axis=0)) / values.std(axis=0), atol=1e-4)
    robust = points_of(fit_for_clusters(arrays, scale="robust"), arrays).matrix
    assert np.allclose(np.subtract(*np.percentile(robust, [75, 25], axis=0)), 1, atol=1e-4)


def test_a_weight_multiplies_squared_distances():
    arrays = table(CHANCE.normal(size=(100, 3)), CHANCE.integers(0, 2, (100, 1)), (2,))
    plain = points_of(fit_for_clusters(arrays), arrays).matrix
    recipe = fit_for_clusters(arrays, weights={"a": 4.0, "b": 0.0, "u": 0.25})
    matrix = points_of(recipe, arrays).matrix
    assert recipe.names == ("a", "c", "u = 0", "u = 1")
    assert np.allclose(matrix, plain[:, [0, 2, 3, 4]] * [2, 1, 0.5, 0.5])
    assert [note.weight for note in recipe.notes] == [4, 0, 1, 0.25]
    assert notes_of(recipe)["b"].treatment == "left out: its weight is 0"


def test_columns_that_say_the_same_share_one_weight():
    euro = CHANCE.normal(size=300)
    arrays = table(np.column_stack([euro, euro * 1.1 + 3, CHANCE.normal(size=300)]))
    recipe = fit_for_clusters(arrays)
    assert [note.weight for note in recipe.notes] == [0.5, 0.5, 1]
    assert squared(points_of(recipe, arrays).matrix[:, :2]) == pytest.approx(2.0)
    assert "weight shared with b" in recipe.notes[0].treatment


def test_what_tells_nothing_is_left_out_and_said():
    arrays = table([[7.0, NAN, 1], [7.0, NAN, 2], [7.0, NAN, 4]] * 9, [[0, -1]] * 27, (1, 3))
    recipe = fit_for_clusters(arrays)
    assert recipe.names == ("c",)
    said = [notes_of(recipe)[name].treatment for name in "abuv"]
    assert [words.partition(": ")[2] for words in said] == [
        "all its values are equal", "it has no values", "all its values are equal", "it has no values",
    ]  # fmt: skip
    assert not recipe.blocks


@pytest.mark.parametrize(
    "arrays",
    [table([[5.0]] * 4), table([[NAN]]), table(codes=[[0]] * 3, levels=(1,)), table([[1.0, 2.0]], [[0]], (3,))],
)
def test_rows_that_are_all_alike_are_one_column_of_zeros(arrays):
    recipe = fit_for_clusters(arrays)
    points = points_of(recipe, arrays)
    assert points.matrix.shape == (arrays.rows, 1)
    assert not points.matrix.any()
    recipe.write(GraphBuilder.over(arrays))


def test_coordinates_keep_their_shape():
    place = CHANCE.normal(size=(400, 2)) * [3.0, 1.0]
    together = fit_for_clusters(table(place, names=("x", "y")))
    spread = together.transform(table(place, names=("x", "y"))).std(axis=0)
    assert spread[0] / spread[1] == pytest.approx(place[:, 0].std() / place[:, 1].std(), rel=1e-3)
    assert (spread**2).sum() == pytest.approx(2, abs=0.05)
    apart = fit_for_clusters(table(place, names=("age", "size"))).transform(table(place, names=("age", "size")))
    assert np.allclose(apart.std(axis=0), 1, atol=0.05)


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        (("x", "y", "z"), [[0, 1, 2]]),
        (("Latitude", "Longitude", "price"), [[0, 1]]),
        (("home_x", "work_x", "home_y"), [[0, 2]]),
        (("index", "apex"), []),
        (("x1", "x2", "x3", "x4"), []),
        (("q1", "r2"), []),
        ((), []),
    ],
)
def test_coordinates_are_known_by_their_names(names, groups):
    assert coordinates_in(names) == groups


def test_wishes_that_cannot_be_are_refused():
    arrays = table([[1.0], [2.0]])
    for wishes, words in (
        ({"weights": {"z": 1.0}}, "no column 'z'"),
        ({"weights": {"a": -1.0}}, "0 or more"),
        ({"scale": "fast"}, "scale must be one of"),
    ):
        with pytest.raises(UsageError, match=words):
            fit_for_clusters(arrays, **wishes)
    with pytest.raises(UsageError, match="no row"):
        fit_for_clusters(arrays.take(slice(0, 0)))


def test_many_rows_are_learned_from_a_sample_that_the_seed_draws():
    arrays = table(CHANCE.normal(size=(150_000, 1)))
    one, same, other = (fit_for_clusters(arrays, seed=seed) for seed in (1, 1, 2))
    assert one.fitted.to_json() == same.fitted.to_json() != other.fitted.to_json()
    assert points_of(one, arrays).matrix.std() == pytest.approx(1, abs=0.02)


numbers = st.one_of(
    st.floats(width=32, allow_nan=True, allow_infinity=True), st.sampled_from([0.0, 1.0, 1e30, -1e30, 1e-30])
)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 30).flatmap(
        lambda rows: st.tuples(
            st.lists(st.tuples(numbers, numbers), min_size=rows, max_size=rows),
            st.lists(st.integers(-1, 4), min_size=rows, max_size=rows),
        )
    ),
    st.sampled_from(["auto", "none", "standard", "robust"]),
)
def test_whatever_comes_the_points_are_finite_and_the_graph_agrees(rows, scale):
    arrays = table(rows[0], np.array(rows[1])[:, None], (4,))
    recipe = fit_for_clusters(arrays, scale=scale)
    points = points_of(recipe, arrays)
    assert np.isfinite(points.matrix).all()
    assert points.matrix.shape == (arrays.rows, len(recipe.names))
    for first, last in points.blocks:
        assert ((points.matrix[:, first:last] != 0).sum(axis=1) <= 1).all()
    builder = GraphBuilder.over(arrays)
    model = builder.build({"features": builder.node("Identity", [recipe.write(builder)])})
    assert np.array_equal(Session(model).run(arrays)["features"], points.matrix)


def test_every_trap_of_decoded_rows():
    arrays = decoded_rows(300)
    recipe = fit_for_clusters(arrays)
    assert np.isfinite(recipe.transform(decoded_rows(200, seed=9, unseen=True))).all()
    assert {note.column for note in recipe.notes} == {
        "a", "b", "flag", "constant", "empty", "large", "city", "zip", "one", "title", "body",
    }  # fmt: skip


@SHIPPED
def test_wholesale_amounts_are_bent_and_penguins_are_not():
    wholesale = fit_for_clusters(load("wholesale_customers/wholesale_customers.csv", "Channel", "Region"))
    assert all(note.treatment.startswith("logarithm") for note in wholesale.notes)
    penguins = fit_for_clusters(load("penguins/penguins.csv", "species"))
    numbers = [note for note in penguins.notes if note.kind == "number"]
    assert all(note.treatment == "scaled to deviation 1" for note in numbers)
    assert len(penguins.blocks) == 2


@SHIPPED
def test_mixed_columns_of_a_bank_bring_about_the_same():
    arrays = load("bank_marketing/bank_full_comma.csv", "deposit")
    recipe = fit_for_clusters(arrays)
    points = points_of(recipe, arrays)
    for note in recipe.notes:
        part = points.matrix[:, [points.names.index(name) for name in note.features]]
        assert 0.03 < squared(part) < 2.1, note  # the lower the rarer the second level
        assert squared(part) > 1 or note.kind in ("category", "yes or no")


@SHIPPED
def test_messages_fall_apart_into_spam_and_talk():
    from sklearn.cluster import KMeans
    from sklearn.metrics import adjusted_rand_score

    arrays = load("sms_spam/SMSSpamCollection.tsv", "column_1")
    labels = read(DATA / "sms_spam/SMSSpamCollection.tsv").frame["column_1"].to_list()
    points = points_of(fit_for_clusters(arrays), arrays)
    found = KMeans(2, n_init=3, random_state=0).fit_predict(points.matrix)
    assert adjusted_rand_score(labels, found) > 0.8
