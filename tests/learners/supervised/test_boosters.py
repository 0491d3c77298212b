"""The boosters beside LightGBM: no branch changes on its way into the graph, early stopping, deadlines, odd models."""

import json

import numpy as np
import pytest

from mainstay.contracts.arrays import Arrays, Features
from mainstay.contracts.errors import FormatError, UsageError
from mainstay.contracts.learner import NoDeadline, Target
from mainstay.contracts.model import Trees
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.evaluate_trees import leaves_reached
from mainstay.graph.run import Session
from mainstay.graph.write import write_model
from mainstay.learners.catalogue import absent, learner

BOOSTERS = [
    pytest.param(name, marks=[pytest.mark.skip(absent()[name])] if name in absent() else [])
    for name in ("lightgbm", "hist_gradient_boosting", "xgboost", "catboost")
]
SHAPES = {
    "xgboost": [{}, {"grow_policy": "lossguide", "max_depth": 0, "max_leaves": 12}],
    "catboost": [{}, {"grow_policy": "Depthwise"}, {"grow_policy": "Lossguide", "max_leaves": 12}],
}


class Countdown:
    """A deadline that loses the same time at every question."""

    def __init__(self, seconds, each):
        self.seconds, self.each = seconds, each

    def left(self):
        self.seconds -= self.each
        return max(0.0, self.seconds)


def table(rows=1200, seed=0, missing=0.1):
    chance = np.random.default_rng(seed)
    matrix = chance.normal(size=(rows, 5)).astype(np.float32)
    matrix[:, 3] = np.round(matrix[:, 3] * 2) / 2  # ties, and thresholds between or at them
    matrix[:, 4] = chance.integers(-3, 4, rows)
    matrix[chance.random(matrix.shape) < missing] = np.nan
    known = np.nan_to_num(matrix)
    signal = known[:, 0] * known[:, 1] + known[:, 2] + (known[:, 4] > 0) + 0.4 * chance.normal(size=rows)
    return Features(matrix, tuple("abcde")), signal


def target_of(kind, signal):
    if kind == "amounts":
        return Target("regression", signal * 50 + 1000)
    bounds = [0.5] if kind == "two" else [-0.5, 0.5, 1.5]
    return Target("classification", np.digitize(signal, bounds).astype(np.int64), len(bounds) + 1)


def fit(name, features, target, *, seed=0, deadline=None, validation=None, **settings):
    return learner(name).fit(
        features, target, seed=seed, deadline=deadline or NoDeadline(), settings=settings, validation=validation
    )


def on_the_edge(body, features):
    """Rows whose every value lies at a threshold or one float32 beside it; NaN too.

    None of them lies strictly between -1e-34 and 1e-34: LightGBM reads such values as zero.
    """
    chance, most = np.random.default_rng(5), np.finfo(np.float32).max
    matrix = np.empty((2000, features.matrix.shape[1]), np.float32)
    for column in range(matrix.shape[1]):
        at = np.clip(body.threshold[body.feature == column], -most, most).astype(np.float32)
        with np.errstate(over="ignore"):
            beside = [np.nextafter(at, np.float32(side)) for side in (-np.inf, np.inf)]
        around = np.concatenate([at, *beside, np.array([np.nan, 0.0, -0.0, 1e-30, -1e-30], np.float32)])
        around = np.clip(np.where(np.abs(around) < 1e-34, 0.0, around), -most, most)
        matrix[:, column] = chance.choice(around, len(matrix))
    return Features(matrix, features.names)


def answers_of(model, features):
    width = features.matrix.shape[1]
    builder = GraphBuilder(width, 0)
    session = Session(builder.build({"answers": write_model(builder, model, "numbers", width)}))
    return session.run(Arrays(features.matrix, features.names, np.empty((len(features.matrix), 0), np.int64), (), ()))


@pytest.mark.parametrize("kind", ["two", "four", "amounts"])
@pytest.mark.parametrize("missing", [0.0, 0.1])
@pytest.mark.parametrize("name", BOOSTERS)
def test_no_row_takes_another_branch_in_the_graph(name, missing, kind):
    """A flipped branch would move an answer by a leaf's value, far above the rounding of a sum."""
    features, signal = table(missing=missing)
    for shape in SHAPES.get(name, [{}]):
        fitted = fit(name, features, target_of(kind, signal), n_estimators=40, **shape)
        model = fitted.graph()
        for rows in (features, on_the_edge(model.body, features)):
            expected = fitted.predict(rows)
            answers = answers_of(model, rows)["answers"].reshape(expected.shape)
            np.testing.assert_allclose(answers, expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("kind", ["two", "four", "amounts"])
@pytest.mark.parametrize("name", BOOSTERS)
def test_every_node_has_its_cover(name, kind):
    features, signal = table()
    body = fit(name, features, target_of(kind, signal), n_estimators=10).graph().body
    inner = np.flatnonzero(body.feature >= 0)
    assert len(inner)
    assert len(body.cover) == len(body.feature)
    np.testing.assert_allclose(body.cover[body.left[inner]] + body.cover[body.right[inner]], body.cover[inner], 1e-4)
    if name != "xgboost":  # which counts curvature
        plain = fit(name, features, target_of("amounts", signal), n_estimators=1, **({"subsample": 1.0} if name in
                    ("catboost", "lightgbm") else {})).graph().body  # fmt: skip
        leaves, counts = np.unique(leaves_reached(plain, int(plain.roots[0]), features.matrix), return_counts=True)
        np.testing.assert_allclose(plain.cover[leaves], counts)


@pytest.mark.parametrize("kind", ["two", "four", "amounts"])
@pytest.mark.parametrize("name", BOOSTERS)
def test_it_stops_by_validation_rows_and_keeps_the_best_round(name, kind):
    features, signal = table(900, missing=0.0)
    noisy = signal + 2.0 * np.random.default_rng(3).normal(size=len(signal))
    target = target_of(kind, noisy)
    learned, held = np.arange(600), np.arange(600, 900)
    validation = (features.take(held), target.take(held))
    fitted = fit(name, features.take(learned), target.take(learned), validation=validation, learning_rate=0.3)
    notes = fitted.notes()
    assert notes["stopped_by"] == "no gain"
    assert 1 <= notes["rounds"] < notes["rounds_tried"] < 400
    short = fit(name, features.take(learned), target.take(learned), learning_rate=0.3, n_estimators=notes["rounds"])
    np.testing.assert_allclose(fitted.predict(features), short.predict(features), rtol=1e-9)


@pytest.mark.parametrize("name", BOOSTERS)
def test_validation_rows_may_hold_classes_that_were_not_seen(name):
    features, signal = table(500)
    target = target_of("four", signal)
    seen = np.flatnonzero(np.isin(target.values, [0, 2]))
    for rows in (np.arange(500), np.flatnonzero(target.values == 1)):
        validation = (features.take(rows), target.take(rows))
        fitted = fit(name, features.take(seen), target.take(seen), validation=validation, n_estimators=20)
        answers = fitted.predict(features)
        assert answers.shape == (500, 4)
        assert not answers[:, [1, 3]].any()


@pytest.mark.parametrize("name", BOOSTERS)
def test_weights_of_training_and_validation_count(name):
    features, signal = table(600, missing=0.0)
    values = (signal > 0.5).astype(np.int64)
    none = Target("classification", values, 2)
    heavy = Target("classification", values, 2, np.where(values == 1, 30.0, 1.0))
    for validation in (None, (features, none), (features, heavy)):
        drawn = fit(name, features, heavy, n_estimators=20, validation=validation).predict(features)[:, 1].mean()
        plain = fit(name, features, none, n_estimators=20, validation=validation).predict(features)[:, 1].mean()
        assert drawn > plain + 0.02


@pytest.mark.parametrize("name", BOOSTERS)
def test_a_deadline_keeps_the_rounds_there_are(name):
    features, signal = table(400)
    fitted = fit(name, features, target_of("two", signal), deadline=Countdown(100.0, 7.0), n_estimators=5000)
    assert fitted.notes()["stopped_by"] == "deadline"
    assert 1 <= fitted.notes()["rounds"] < 20
    assert np.isfinite(fitted.predict(features)).all()


@pytest.mark.parametrize("name", BOOSTERS)
def test_it_learns_well(name):
    features, signal = table(3000, seed=8)
    learned, held, asked = np.arange(2000), np.arange(2000, 2400), np.arange(2400, 3000)
    target = Target("regression", signal)
    validation = (features.take(held), target.take(held))
    fitted = fit(name, features.take(learned), target.take(learned), validation=validation)
    lost = np.mean((fitted.predict(features.take(asked)) - signal[asked]) ** 2) / np.var(signal[asked])
    assert lost < 0.35


def test_xgboost_bases_of_every_kind_are_read():
    xgboost = pytest.importorskip("xgboost")
    from mainstay.learners.supervised.xgboost_json import read_json

    features, signal = table(300)
    codes = np.digitize(signal, [0.0, 1.0])
    for objective, labels, more in (
        ("binary:logistic", codes > 0, {}),
        ("binary:logistic", codes > 0, {"base_score": 0.2}),
        ("reg:squarederror", signal, {}),
        ("multi:softprob", codes, {"num_class": 3}),
        ("multi:softprob", codes, {"num_class": 3, "base_score": 0.5}),
        ("count:poisson", codes, {}),
    ):
        data = xgboost.DMatrix(features.matrix, labels, nthread=1)
        booster = xgboost.train({"objective": objective, "nthread": 1, "verbosity": 0, **more}, data, 5)
        trees = read_json(bytes(booster.save_raw("json")))
        sums = np.tile(trees.base, (len(labels), 1))
        for root in trees.roots:
            sums += trees.value[leaves_reached(trees, int(root), features.matrix)]
        expected = booster.predict(data, output_margin=True).reshape(sums.shape)
        np.testing.assert_allclose(sums, expected, rtol=1e-5, atol=1e-5)


def test_xgboost_models_of_another_kind_are_refused():
    xgboost = pytest.importorskip("xgboost")
    from mainstay.learners.supervised.xgboost_json import read_json

    features, signal = table(100, missing=0.0)
    data = xgboost.DMatrix(features.matrix, signal, nthread=1)
    linear = xgboost.train({"booster": "gblinear", "nthread": 1, "verbosity": 0}, data, 1)
    with pytest.raises(FormatError, match="gblinear came"):
        read_json(bytes(linear.save_raw("json")))
    told = json.loads(bytes(xgboost.train({"nthread": 1, "max_depth": 1}, data, 1).save_raw("json")))
    tree = told["learner"]["gradient_booster"]["model"]["trees"][0]
    tree["split_type"][0] = 1
    with pytest.raises(FormatError, match="splits of categories"):
        read_json(json.dumps(told))
    tree["tree_param"]["size_leaf_vector"] = "3"
    with pytest.raises(FormatError, match="vectors came"):
        read_json(json.dumps(told))
    with pytest.raises(FormatError, match="in JSON was expected"):
        read_json("{}")


def test_catboost_models_of_another_kind_are_refused():
    from mainstay.learners.supervised.catboost_json import read_json

    split = {"split_type": "OneHotFeature", "cat_feature_index": 0, "value": 3}
    told = {
        "features_info": {"float_features": []},
        "scale_and_bias": [1, [0]],
        "oblivious_trees": [{"leaf_values": [0, 1], "splits": [split]}],
    }
    with pytest.raises(FormatError, match="OneHotFeature came"):
        read_json(json.dumps(told))
    with pytest.raises(FormatError, match="in JSON was expected"):
        read_json("{")


def test_catboost_scale_bias_and_missing_values_are_read():
    from mainstay.learners.supervised.catboost_json import read_json

    borders = [{"split_type": "FloatFeature", "float_feature_index": k, "border": 0.5} for k in range(3)]
    kinds = ("AsFalse", "AsTrue", "AsIs")
    told = {
        "features_info": {
            "float_features": [{"flat_feature_index": k, "nan_value_treatment": kind} for k, kind in enumerate(kinds)]
        },
        "scale_and_bias": [2.0, [10.0]],
        "oblivious_trees": [{"leaf_values": list(range(8)), "leaf_weights": [1] * 8, "splits": borders}],
    }
    trees = read_json(json.dumps(told))
    assert isinstance(trees, Trees)
    rows = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [np.nan, np.nan, np.nan], [0.5, 0.5, 0.5]], np.float32)
    leaves = leaves_reached(trees, 0, rows)
    assert (trees.value[leaves, 0] + trees.base).tolist() == [10.0, 12.0, 14.0, 18.0, 14.0, 10.0]
    assert trees.cover[:7].tolist() == [8.0, 4.0, 4.0, 2.0, 2.0, 2.0, 2.0]


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("name", BOOSTERS)
def test_directions_are_kept(name, task):
    chance = np.random.default_rng(0)
    matrix = chance.normal(size=(800, 3)).astype(np.float32)
    signal = matrix[:, 0] + np.sin(4 * matrix[:, 0]) - matrix[:, 1] + 0.7 * chance.normal(size=800)
    target = Target(task, signal) if task == "regression" else Target(task, (signal > 0).astype(np.int64), 2)
    steps = np.linspace(-4, 4, 100, dtype=np.float32)

    def worst(monotone):
        """Return the largest step against its direction of both columns."""
        fitted = fit(name, Features(matrix, tuple("abc"), monotone=monotone), target, n_estimators=60)
        found = []
        for column, sign in ((0, 1), (1, -1)):
            rows = np.repeat(matrix[:40], 100, axis=0)
            rows[:, column] = np.tile(steps, 40)
            answers = fitted.predict(Features(rows, tuple("abc"))).reshape(40 * 100, -1)[:, -1].reshape(40, 100)
            found.append((sign * np.diff(answers, axis=1)).min())
        return min(found)

    assert worst(()) < -0.01
    assert worst((0, 0, 0)) < -0.01
    assert worst((1, -1, 0)) >= 0.0


def test_catboost_keeps_directions_in_symmetric_trees_only():
    pytest.importorskip("catboost")
    features = Features(np.arange(40, dtype=np.float32)[:, None], ("x",), monotone=(1,))
    with pytest.raises(UsageError, match="only symmetric trees"):
        fit("catboost", features, Target("regression", np.arange(40.0)), grow_policy="Lossguide")
