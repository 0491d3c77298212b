"""Trees of real libraries, and random ones, answer from the graph as they do at home."""

import warnings
from dataclasses import replace

import lightgbm
import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from mainstay.contracts.arrays import Arrays
from mainstay.contracts.errors import UsageError
from mainstay.contracts.model import ModelGraph, Trees
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.evaluate_trees import evaluate
from mainstay.graph.run import Session
from mainstay.graph.write import write_model
from mainstay.graph.write_trees import DEEPEST, float32_below, leaf_covers

SILENT = {"verbose": -1, "n_jobs": 1, "n_estimators": 30}


def table(rows=1500, missing=0.1, seed=0):
    generator = np.random.default_rng(seed)
    features = generator.normal(size=(rows, 6)).astype(np.float32)
    features[generator.random(features.shape) < missing] = np.nan
    features[:, 3] = np.float32(7.0)
    features[:, 4] = generator.integers(0, 100, rows)
    features[:, 5] = np.round(features[:, 5] * 4) / 4
    signal = np.nan_to_num(features[:, :3]).sum(axis=1) + (features[:, 4] % 7) / 2 + generator.normal(size=rows)
    return features, signal


def with_edges(features):
    """Rows that no training saw: missing everywhere, infinities, the extremes of float32 and unseen codes.

    Not among them: -1e-35 itself, which LightGBM reads as zero although its threshold there is -1e-35.
    """
    edges = np.array([np.nan, np.inf, -np.inf, 3.4e38, -3.4e38, 1e-45, -0.0, 0.0, 1e-35, -1e-36], np.float32)
    more = np.repeat(edges[:, None], features.shape[1], axis=1)
    more[:, 4] = [0, 5, 99, 100, 101, 250, 33, 64, 31, 32]
    return np.concatenate([features, more])


@pytest.mark.parametrize("missing", [0.0, 0.1])
@pytest.mark.parametrize("categorical", [[], [4]])
def test_lightgbm_binary(missing, categorical, lightgbm_trees, ask):
    features, signal = table(missing=missing)
    model = lightgbm.LGBMClassifier(max_cat_to_onehot=1, min_child_samples=5, **SILENT)
    model.fit(features, signal > 1, categorical_feature=categorical)
    trees = lightgbm_trees(model.booster_)
    features = with_edges(features)
    assert bool(trees.members) == bool(categorical)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn remarks on feature names
        expected = model.predict_proba(features)
        raw = model.booster_.predict(features, raw_score=True)
    np.testing.assert_array_equal(ask(ModelGraph(trees, "identity"), features)[:, 0], raw)
    np.testing.assert_allclose(ask(ModelGraph(trees, "sigmoid"), features), expected, rtol=0, atol=1e-15)


def test_lightgbm_splits_more_than_64_levels(lightgbm_trees, ask):
    generator = np.random.default_rng(1)
    codes = generator.integers(0, 300, 6000)
    features = np.stack([codes, generator.normal(size=6000)], axis=1).astype(np.float32)
    target = generator.normal(size=300)[codes] + features[:, 1] * 0.1
    model = lightgbm.LGBMRegressor(max_cat_threshold=200, min_child_samples=2, cat_smooth=1, **SILENT)
    model.fit(features, target, categorical_feature=[0])
    trees = lightgbm_trees(model.booster_)
    assert max(len(members) for members in trees.members.values()) > 64
    every_code = np.stack([np.arange(400), np.zeros(400)], axis=1).astype(np.float32)
    expected = model.booster_.predict(every_code, raw_score=True)
    np.testing.assert_array_equal(ask(ModelGraph(trees), every_code)[:, 0], expected)


def test_lightgbm_many_classes(lightgbm_trees, ask):
    features, signal = table()
    target = np.digitize(signal, np.quantile(signal, [0.3, 0.6, 0.9]))
    model = lightgbm.LGBMClassifier(**SILENT).fit(features, target, categorical_feature=[4])
    trees = lightgbm_trees(model.booster_)
    features = with_edges(features)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = model.predict_proba(features)
    np.testing.assert_allclose(ask(ModelGraph(trees, "softmax"), features), expected, rtol=0, atol=1e-15)


def test_lightgbm_regression_with_trees_that_never_branch(lightgbm_trees, ask):
    features, signal = table(rows=300)
    model = lightgbm.LGBMRegressor(min_split_gain=400.0, **SILENT).fit(features, signal * 3)
    trees = lightgbm_trees(model.booster_)
    lone = (trees.feature[trees.roots] < 0).sum()
    branching = len(trees.roots) - lone
    assert branching > 0
    stub = lightgbm_trees(lightgbm.LGBMRegressor(min_child_samples=10**6, **SILENT).fit(features, signal).booster_)
    assert (stub.feature < 0).all()
    np.testing.assert_array_equal(ask(ModelGraph(trees), features)[:, 0], model.booster_.predict(features))
    np.testing.assert_allclose(ask(ModelGraph(stub), features)[:, 0], np.full(300, signal.mean()), rtol=1e-6)


FORESTS = [
    (DecisionTreeClassifier(random_state=0), True),
    (DecisionTreeRegressor(random_state=0), False),
    (RandomForestClassifier(20, random_state=0), True),
    (RandomForestClassifier(20, min_samples_leaf=3, random_state=0), True),
    (RandomForestRegressor(20, random_state=0), False),
    (ExtraTreesClassifier(20, min_samples_leaf=2, random_state=0), True),
    (ExtraTreesRegressor(20, min_samples_leaf=2, random_state=0), False),
]


CASES = [(forest, classes) for forest in range(len(FORESTS)) for classes in ((2, 3, 9) if FORESTS[forest][1] else (2,))]


@pytest.mark.parametrize("missing", [0.0, 0.1])
@pytest.mark.parametrize(("forest", "classes"), CASES)
def test_scikit_learn(forest, classes, missing, sklearn_trees, ask):
    model, classifier = FORESTS[forest]
    features, signal = table(rows=700, missing=missing)
    edges = np.quantile(signal, np.linspace(0, 1, classes + 1)[1:-1])
    model.fit(features, np.digitize(signal, edges) if classifier else signal)
    trees = [member.tree_ for member in getattr(model, "estimators_", [model])]
    fresh = features * np.float32(1.01)
    if not missing:
        fresh[0, :] = np.float32(3.4e38)
    expected = model.predict_proba(fresh) if classifier else model.predict(fresh)[:, None]
    answers = ask(ModelGraph(sklearn_trees(trees, classifier=classifier)), fresh)
    np.testing.assert_allclose(answers, expected, rtol=0, atol=1e-12)


def test_thresholds_stand_between_neighbouring_float32_values(ask):
    """The threshold is a float64 between two float32 values: the lower goes left, the upper right."""
    for low in np.array([1.0, 0.1, -0.1, 1e30, -1e-30, 16777216.0, 1e-45, -1e-45], np.float32):
        high = np.nextafter(low, np.float32(np.inf))
        middle = (float(low) + float(high)) / 2
        for threshold in (middle, np.nextafter(float(high), -np.inf), float(low)):
            answers = ask(ModelGraph(_stump(threshold)), np.array([[low], [high]], np.float32))
            assert answers.ravel().tolist() == [1.0, 2.0], (low, threshold)


@pytest.mark.parametrize("threshold", [1e300, -1e300, np.inf, -np.inf, 0.0, -0.0, 1e-320, 3.5e38])
@pytest.mark.parametrize("missing_left", [False, True])
def test_huge_and_tiny_thresholds(threshold, missing_left, ask):
    tops = [np.nan, np.inf, -np.inf, 3.4028235e38, -3.4028235e38, 0.0, -0.0, 1e-45, -1e-45]
    features = np.array(tops, np.float32)[:, None]
    model = ModelGraph(_stump(threshold, missing_left=missing_left))
    np.testing.assert_array_equal(ask(model, features), evaluate(model, features))


@given(st.floats(allow_nan=False), st.floats(allow_nan=False, width=32))
def test_rounding_down_moves_no_float32_value(threshold, value):
    below = float(float32_below(np.array([threshold]))[0])
    assert below == float(np.float32(below))
    assert (value <= below) == (value <= threshold)


def test_no_trees_answer_the_base(ask):
    none = np.empty(0)
    trees = Trees(
        none.astype(np.int64), none.astype(np.int32), none, none.astype(bool), none.astype(np.int32),
        none.astype(np.int32), np.empty((0, 2)), np.array([0.25, 0.75]),
    )  # fmt: skip
    assert ask(ModelGraph(trees), np.zeros((3, 2), np.float32)).tolist() == [[0.25, 0.75]] * 3


def test_deep_trees_are_written_or_refused(ask):
    answers = ask(ModelGraph(_chain(DEEPEST)), np.array([[0], [500], [1e9]], np.float32))
    assert answers.ravel().tolist() == [0.0, 500.0, float(DEEPEST)]
    with pytest.raises(UsageError, match="deeper than 1000"):
        write_model(GraphBuilder(1, 0), ModelGraph(_chain(DEEPEST + 1)), "numbers", 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"feature": np.array([9, -1, -1], np.int32)}, "asks feature 9"),
        ({"left": np.array([7, -1, -1], np.int32)}, "outside the pool"),
        ({"left": np.array([-3, -1, -1], np.int32)}, "outside the pool"),
        ({"left": np.array([2, -1, -1], np.int32)}, "two ways"),
        ({"left": np.array([0, -1, -1], np.int32)}, "two ways"),
        ({"roots": np.array([5])}, "begins outside"),
        ({"roots": np.array([0, 0])}, "two ways"),
        ({"threshold": np.array([np.nan, 0, 0])}, "thresholds must be numbers"),
        ({"threshold": np.zeros(2)}, "differ in length"),
        ({"value": np.array([[0], [np.inf], [0.0]])}, "leaves finite"),
        ({"members": {0: np.array([-1, 2])}}, "0 or more"),
        ({"members": {8: np.array([2])}}, "outside the pool"),
        ({"cover": np.ones(2)}, "one number of at least 0 for each node"),
        ({"cover": np.array([1.0, 2.0, -1.0])}, "one number of at least 0 for each node"),
    ],
)
def test_broken_trees_are_refused(change, message):
    stump = _stump(0.0)
    fields = {name: getattr(stump, name) for name in Trees.__slots__} | change
    with pytest.raises(UsageError, match=message):
        write_model(GraphBuilder(1, 0), ModelGraph(Trees(**fields)), "numbers", 1)


def test_a_big_forest_is_written_fast_and_small():
    """255,500 nodes; per-item protobuf calls would take minutes."""
    import time

    generator = np.random.default_rng(0)
    trees = _full_trees(500, 8, generator)
    started = time.process_time()
    builder = GraphBuilder(10, 0)
    model = builder.build({"answers": write_model(builder, ModelGraph(trees), "numbers", 10)})
    assert time.process_time() - started < 5
    assert len(model) < 40 * len(trees.feature)


@pytest.mark.parametrize("outputs", [1, 3])
def test_the_cover_of_every_node_can_be_read_from_the_file(outputs):
    """A lone leaf is written as a branch between two halves; three outputs are looked up in a table."""
    generator = np.random.default_rng(14)
    trees = _random_trees(generator, outputs)
    assert 0 < np.count_nonzero(trees.feature[trees.roots] >= 0) < len(trees.roots)
    counts = generator.integers(1, 1000, len(trees.feature)).astype(np.float64)
    for node in range(len(trees.feature) - 1, -1, -1):
        if trees.feature[node] >= 0:
            counts[node] = counts[trees.left[node]] + counts[trees.right[node]]
    builder = GraphBuilder(3, 0)
    model = builder.build({"answers": write_model(builder, ModelGraph(replace(trees, cover=counts)), "numbers", 3)})
    graph = onnx.load_from_string(model).graph
    kept = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    found = np.concatenate([kept[f"{node.output[0]}_cover"] for node in graph.node if node.op_type == "TreeEnsemble"])
    leaves = [leaf for root in trees.roots for leaf in _leaves_of(trees, root)]
    halves = np.isin(leaves, trees.roots)  # a lone leaf is two
    expected = np.concatenate([np.where(halves, counts[leaves] / 2, counts[leaves]), counts[leaves][halves] / 2])
    np.testing.assert_array_equal(np.sort(found), np.sort(expected))
    plain = GraphBuilder(3, 0)
    without = plain.build({"answers": write_model(plain, ModelGraph(trees), "numbers", 3)})
    assert b"_cover" not in without
    rows = Arrays(_random_features(generator), tuple("abc"), np.empty((0, 0), np.int64), (), ())
    rows = replace(rows, categories=np.empty((rows.rows, 0), np.int64))
    answers = [Session(file).run(rows)["answers"] for file in (model, without)]
    np.testing.assert_array_equal(*answers)


def _leaves_of(trees, node):
    if trees.feature[node] < 0:
        return [node]
    return _leaves_of(trees, trees.left[node]) + _leaves_of(trees, trees.right[node])


def test_no_leaf_is_without_cover():
    stump = replace(_stump(0.0), cover=np.array([8.0, 8.0, 0.0]))
    assert leaf_covers(stump)[1:].tolist() == [8.0, 8.0 * 2.0**-24]
    assert leaf_covers(replace(stump, cover=np.zeros(3)))[1:].tolist() == [1.0, 1.0]
    assert leaf_covers(replace(stump, cover=np.empty(0))) is None


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["identity", "sigmoid", "softmax"]))
def test_random_trees_agree_with_numpy_at_every_batch_size(seed, link):
    generator = np.random.default_rng(seed)
    outputs = 1 if link == "sigmoid" else int(generator.integers(1, 5))
    trees = _random_trees(generator, outputs)
    model = ModelGraph(trees, link)
    features = _random_features(generator)
    builder = GraphBuilder(3, 0)
    session = Session(builder.build({"answers": write_model(builder, model, "numbers", 3)}))
    arrays = Arrays(features, ("a", "b", "c"), np.empty((len(features), 0), np.int64), (), ())
    whole = session.run(arrays)["answers"]
    np.testing.assert_allclose(whole, evaluate(model, features), rtol=1e-13, atol=1e-14)
    for size in (1, 2, 3, 5, 8, 13):
        parts = [session.run(arrays.take(slice(at, at + size)))["answers"] for at in range(0, len(features), size)]
        np.testing.assert_array_equal(np.concatenate(parts), whole)


def _stump(threshold, *, missing_left=False):
    return Trees(
        roots=np.array([0]),
        feature=np.array([0, -1, -1], np.int32),
        threshold=np.array([threshold, 0, 0]),
        missing_left=np.array([missing_left, False, False]),
        left=np.array([1, -1, -1], np.int32),
        right=np.array([2, -1, -1], np.int32),
        value=np.array([[0.0], [1.0], [2.0]]),
        base=np.zeros(1),
    )


def _chain(depth):
    inner = np.arange(depth)
    none = np.full(depth + 1, -1)
    value = np.zeros((2 * depth + 1, 1))
    value[depth:, 0] = np.arange(depth + 1)
    return Trees(
        roots=np.array([0]),
        feature=np.concatenate([np.zeros(depth), none]).astype(np.int32),
        threshold=np.concatenate([inner, np.zeros(depth + 1)]).astype(np.float64),
        missing_left=np.zeros(2 * depth + 1, bool),
        left=np.concatenate([depth + inner, none]).astype(np.int32),
        right=np.concatenate([inner[1:], [2 * depth], none]).astype(np.int32),
        value=value,
        base=np.zeros(1),
    )


def _full_trees(count, depth, generator):
    inner, nodes = 2**depth - 1, 2 ** (depth + 1) - 1
    at = np.arange(nodes)
    start = np.repeat(np.arange(count) * nodes, nodes)
    branch = np.tile(at < inner, count)
    return Trees(
        roots=np.arange(count) * nodes,
        feature=np.where(branch, generator.integers(0, 10, count * nodes), -1).astype(np.int32),
        threshold=generator.normal(size=count * nodes),
        missing_left=np.zeros(count * nodes, bool),
        left=np.where(branch, np.tile(2 * at + 1, count) + start, -1).astype(np.int32),
        right=np.where(branch, np.tile(2 * at + 2, count) + start, -1).astype(np.int32),
        value=generator.normal(size=(count * nodes, 1)),
        base=np.zeros(1),
    )


def _random_trees(generator, outputs):
    feature, threshold, missing, left, right, value, members, roots = [], [], [], [], [], [], {}, []

    def grow(depth):
        at = len(feature)
        leaf = depth == 0 or generator.random() < 0.2
        feature.append(-1 if leaf else int(generator.integers(0, 3)))
        threshold.append(0.0 if leaf else float(generator.choice([generator.normal(), 0.1, 0.0, np.inf, -1e300])))
        missing.append(not leaf and bool(generator.random() < 0.3))
        left.append(-1)
        right.append(-1)
        votes = generator.normal(size=outputs) if leaf else np.zeros(outputs)
        value.append(np.where(np.arange(outputs) == generator.integers(outputs), votes, 0.0) if one_vote else votes)
        if leaf:
            return at
        if feature[at] == 2:
            top = int(generator.choice([5, 31, 40, 70]))
            members[at] = generator.choice(top, int(generator.integers(0, top)), replace=False)
        left[at], right[at] = grow(depth - 1), grow(depth - 1)
        return at

    one_vote = bool(generator.random() < 0.3)
    roots.extend(grow(int(generator.integers(0, 5))) for _ in range(int(generator.integers(0, 5))))
    return Trees(
        np.array(roots, np.int64), np.array(feature, np.int32), np.array(threshold), np.array(missing, bool),
        np.array(left, np.int32), np.array(right, np.int32), np.array(value).reshape(-1, outputs),
        generator.normal(size=outputs), members,
    )  # fmt: skip


def _random_features(generator):
    features = generator.normal(size=(41, 3)).astype(np.float32)
    special = np.array([np.nan, np.inf, -np.inf, 0.1, 0.0, 3.4e38], np.float32)
    hit = generator.random(features.shape) < 0.2
    features[hit] = generator.choice(special, int(hit.sum()))
    features[:, 2] = generator.integers(-1, 80, 41)
    features[generator.random(41) < 0.1, 2] = np.nan
    return features
