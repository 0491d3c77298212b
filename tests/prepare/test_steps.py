"""What each step learns and does, on rows small enough to see."""

import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from mainstay.contracts.arrays import Arrays
from mainstay.contracts.errors import UsageError
from mainstay.contracts.learner import Target
from mainstay.prepare.fitted import fit
from mainstay.prepare.recipe import Recipe

PLAIN = {"missing": "none", "scale": "none", "encode": "none"}
NAN = np.nan


def rows(numbers=(), codes=(), levels=()):
    count = len(numbers) or len(codes)
    left = np.array(numbers, np.float32).reshape(count, -1)
    right = np.array(codes, np.int64).reshape(count, -1)
    return Arrays(left, tuple("abcdefghij"[: left.shape[1]]), right, tuple("uvwxyz"[: right.shape[1]]), tuple(levels))


def table(arrays, recipe, target=None):
    fitted = fit(recipe, arrays, target)
    return fitted.names, fitted.transform(arrays).matrix.tolist()


@pytest.mark.parametrize(
    ("missing", "expected"),
    [("mean", 3.0), ("median", 2.0), ("most_frequent", 1.0), ("constant", -9.0)],
)
def test_a_missing_number_is_filled(missing, expected):
    arrays = rows([[1], [1], [2], [3], [8], [NAN]])
    names, matrix = table(arrays, Recipe(**PLAIN | {"missing": missing}, fill_value=-9.0))
    assert names == ("a", "a is missing")
    assert matrix[-1] == [expected, 1.0]
    assert matrix[0] == [1.0, 0.0]


def test_only_columns_with_holes_get_an_indicator():
    arrays = rows([[1, NAN], [2, 4]])
    assert table(arrays, Recipe(**PLAIN | {"missing": "mean"}))[0] == ("a", "b", "b is missing")
    assert table(arrays, Recipe(**PLAIN | {"missing": "mean"}, indicator=False))[0] == ("a", "b")


def test_a_column_without_any_number_becomes_the_fill_value():
    assert table(rows([[NAN], [NAN]]), Recipe(**PLAIN | {"missing": "median"}, fill_value=2.5))[1] == [
        [2.5, 1],
        [2.5, 1],
    ]


def test_drop_leaves_rows_out_of_training_and_fills_in_prediction():
    arrays = rows([[1, 5], [NAN, 6], [3, 700], [4, 8]], [[0], [1], [0], [0]], [2])
    recipe = Recipe(missing="drop", scale="minmax", encode="one_hot", min_count=1)
    fitted = fit(recipe, arrays)
    assert fitted.kept.tolist() == [0, 2, 3]
    assert "u = 1" not in fitted.names  # the level of the dropped row was not seen
    answers = fitted.transform(arrays).matrix
    assert np.allclose(answers[1, 0], (3 - 1) / 3)  # the median of 1, 3, 4, scaled
    assert fit(Recipe(), arrays).kept is None
    with pytest.raises(UsageError, match="leaves none of 2: 'b' is missing in 100% of them"):
        fit(recipe, rows([[1, NAN], [NAN, NAN]]))


def test_drop_counts_what_a_derived_column_lacks():
    recipe = Recipe(**PLAIN | {"missing": "drop"}, derive=("ratio = a / b",))
    assert fit(recipe, rows([[1, 0], [1, 2]])).kept.tolist() == [1]


@pytest.mark.parametrize(
    ("scale", "theirs"), [("standard", StandardScaler()), ("minmax", MinMaxScaler()), ("robust", RobustScaler())]
)
def test_scales_are_those_of_the_field(scale, theirs):
    arrays = rows(np.random.default_rng(0).lognormal(size=(200, 3)) * [1, 100, 1e-3])
    ours = fit(Recipe(**PLAIN | {"scale": scale}), arrays).transform(arrays).matrix
    assert np.allclose(ours, theirs.fit_transform(arrays.numbers), atol=1e-5)


def test_scaling_keeps_holes_and_constant_columns():
    arrays = rows([[1, 7, NAN], [NAN, 7, NAN], [3, 7, NAN]])
    for scale in ("standard", "minmax", "robust"):
        matrix = fit(Recipe(**PLAIN | {"scale": scale}), arrays).transform(arrays).matrix
        assert np.isnan(matrix).tolist() == np.isnan(arrays.numbers).tolist()
        assert matrix[:, 1].tolist() == [0, 0, 0]


def test_robust_falls_back_where_the_quartiles_are_equal():
    arrays = rows([[0]] * 9 + [[1000]])
    matrix = fit(Recipe(**PLAIN | {"scale": "robust"}), arrays).transform(arrays).matrix
    assert matrix[-1, 0] == pytest.approx(1000 / 300)


def test_products_and_squares():
    names, matrix = table(rows([[2, 0], [3, 1], [5, 1]]), Recipe(**PLAIN, polynomial=2))
    assert names == ("a", "b", "a ** 2", "a * b")  # the square of a column of two values says nothing new
    assert matrix[1] == [3, 1, 9, 3]


def test_products_do_not_run_away_from_the_range_seen():
    fitted = fit(Recipe(**PLAIN, polynomial=2), rows([[-2, 1], [3, 5], [0, 2], [NAN, 2]]))
    strange = fitted.transform(rows([[100, -100], [NAN, 2]])).matrix
    assert strange[0].tolist() == [100, -100, 9, 3, 1]
    assert np.isnan(strange[1]).tolist() == [True, False, True, True, False]


def test_a_gap_is_left_to_the_learner_only_where_training_had_gaps():
    fitted = fit(Recipe(**PLAIN), rows([[1, NAN], [2, 5], [9, 7]]))
    strange = fitted.transform(rows([[NAN, NAN]])).matrix[0]
    assert strange[0] == 2
    assert np.isnan(strange[1])


def test_products_of_chosen_columns():
    recipe = Recipe(**PLAIN, polynomial=2, polynomial_columns=("c", "a"))
    assert table(rows(np.arange(12).reshape(4, 3)), recipe)[0] == ("a", "b", "c", "a ** 2", "a * c", "c ** 2")
    with pytest.raises(UsageError, match="names 'z', which is not a number column"):
        fit(Recipe(polynomial=2, polynomial_columns=("z",)), rows([[1, 2]]))


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_products_are_limited_to_the_columns_that_matter(task):
    chance = np.random.default_rng(0)
    arrays = rows(chance.normal(size=(300, 8)))
    signal = arrays.numbers[:, 5] - arrays.numbers[:, 2] + 0.1 * chance.normal(size=300)
    values = signal.astype(np.float64) if task == "regression" else (signal > 0).astype(np.int64)
    target = Target(task, values, 0 if task == "regression" else 2)
    names = fit(Recipe(**PLAIN, polynomial=2, polynomial_limit=3), arrays, target).names
    assert names[8:] == ("c ** 2", "c * f", "f ** 2")
    assert len(fit(Recipe(**PLAIN, polynomial=2, polynomial_limit=3), arrays).names) == 11


def test_one_hot_keeps_frequent_levels_and_has_a_place_for_all_others():
    arrays = rows(codes=[[0]] * 6 + [[1]] * 3 + [[2]] + [[-1]], levels=[4])
    names, matrix = table(arrays, Recipe(**PLAIN | {"encode": "one_hot"}, min_count=3))
    assert names == ("u = 0", "u = 1", "u = other", "u is missing")
    assert matrix[0] == [1, 0, 0, 0]
    assert matrix[9] == [0, 0, 1, 0]
    assert matrix[10] == [0, 0, 0, 1]
    fitted = fit(Recipe(**PLAIN | {"encode": "one_hot"}, min_count=3), arrays)
    strange = rows(codes=[[3], [4], [99], [-7]], levels=[4])  # known without rows, unseen, and impossible ones
    assert fitted.transform(strange).matrix.argmax(axis=1).tolist() == [2, 2, 2, 3]


def test_one_hot_is_bounded():
    arrays = rows(codes=np.arange(1000)[:, None] % 500, levels=[500])
    assert len(fit(Recipe(**PLAIN | {"encode": "one_hot"}, min_count=1), arrays).names) == 42


def test_ordinal_and_codes():
    arrays = rows(codes=[[0], [2], [3], [-1]], levels=[3])
    names, matrix = table(arrays, Recipe(**PLAIN | {"encode": "ordinal"}))
    assert (names, np.ravel(matrix).tolist()) == (("u",), [0, 2, 3, -1])
    fitted = fit(Recipe(**PLAIN | {"encode": "codes"}), rows([[5]] * 4, arrays.categories, [3]))
    features = fitted.transform(rows([[5]] * 4, arrays.categories, [3]))
    assert features.matrix[:, 1].tolist() == [0, 2, 3, 4]
    assert features.categorical == (1,)


def test_derived_columns_may_use_earlier_ones():
    recipe = Recipe(**PLAIN, derive=("total = a * b", "share = a / total"))
    names, matrix = table(rows([[2, 4], [0, 4]]), recipe)
    assert names == ("a", "b", "total", "share")
    assert matrix[0] == [2, 4, 8, 0.25]
    assert np.isnan(matrix[1][3])
    with pytest.raises(UsageError, match="no number column 'total'"):
        fit(Recipe(derive=("share = a / total", "total = a * b")), rows([[2, 4]]))
    with pytest.raises(UsageError, match="'u' is a category"):
        fit(Recipe(derive=("x = u * 2",)), rows(codes=[[0]], levels=[1]))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"missing": "magic"}, "missing must be one of none, mean, .*, and 'magic' came"),
        ({"scale": "log"}, "scale must be one of"),
        ({"encode": "hash"}, "encode must be one of"),
        ({"polynomial": 3}, r"polynomial must be 1 \(off\) or 2, and 3 came"),
        ({"min_count": 0}, "min_count must be at least 1"),
        ({"fill_value": float("nan")}, "fill_value must be a finite number"),
    ],
)
def test_a_recipe_that_cannot_work_is_refused(wrong, sentence):
    with pytest.raises(UsageError, match=sentence):
        Recipe(**wrong)
