"""Penalised, kernel, neighbour, neuron and Bayes learners against a library or a definition, and through ONNX Runtime.

The contract checks hold all learners to what all must do; here is what is particular to each.
"""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.linear_model import ElasticNet as LibraryElasticNet
from sklearn.linear_model import LassoCV, LogisticRegression, QuantileRegressor
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from mainstay.contracts.arrays import Arrays, Features
from mainstay.contracts.learner import NoDeadline, Target
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.parity import check_parity
from mainstay.graph.run import Session
from mainstay.graph.write import write_model
from mainstay.learners.catalogue import learner

FORMULAS = ("elastic_net", "nearest_neighbours", "linear_svm", "svm", "mlp", "gaussian_process")
CLASSES, AMOUNTS = ("naive_bayes", *FORMULAS), ("lasso", "quantile_regression", *FORMULAS)
SHORT = {"mlp": {"max_iter": 15}, "gaussian_process": {"max_rows": 150, "length_scale": 3.0}}


def rows(matrix):
    matrix = np.ascontiguousarray(matrix, np.float32)
    return Features(matrix, tuple(f"x{place}" for place in range(matrix.shape[1])))


def fit(name, features, target, **settings):
    return learner(name).fit(features, target, seed=0, deadline=NoDeadline(), settings=SHORT.get(name, {}) | settings)


def through_runtime(fitted, features):
    """Answer with ONNX Runtime, and insist that a row alone gets the same bits."""
    width = features.matrix.shape[1]
    builder = GraphBuilder(width, 0)
    session = Session(builder.build({"answers": write_model(builder, fitted.graph(), "numbers", width)}))
    arrays = Arrays(features.matrix, features.names, np.empty((len(features.matrix), 0), np.int64), (), ())
    whole = session.run(arrays)["answers"]
    alone = [session.run(arrays.take(slice(at, at + 1)))["answers"] for at in range(40)]
    np.testing.assert_array_equal(np.concatenate(alone), whole[:40])
    return whole


def table(kind):
    loaded = {"two": load_breast_cancer, "three": load_iris, "amounts": load_diabetes}[kind]()
    if kind == "amounts":
        return rows(loaded.data), Target("regression", loaded.target.astype(np.float64))
    return rows(loaded.data), Target("classification", loaded.target.astype(np.int64), len(loaded.target_names))


@pytest.mark.parametrize(
    ("name", "kind"),
    [(name, kind) for name in CLASSES for kind in ("two", "three")] + [(name, "amounts") for name in AMOUNTS],
)
def test_runtime_answers_as_the_learner_on_real_tables(name, kind):
    features, target = table(kind)
    taught = np.random.default_rng(0).permutation(len(target.values))[:120]
    fitted = fit(name, features.take(taught), target.take(taught))
    found = check_parity(
        fitted.predict(features), through_runtime(fitted, features), task=target.task, limit=1e-10, where=name
    )
    assert found.flips == 0
    if kind != "amounts":
        assert (fitted.predict(features).argmax(axis=1) == target.values).mean() > 0.9


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_without_rows_and_weights_pass_through_the_runtime(name):
    features, target = table("three")
    gone = np.flatnonzero(target.values != 1)
    weight = np.random.default_rng(1).uniform(0, 2, len(gone)).round(1)
    fitted = fit(name, features.take(gone), Target("classification", target.values[gone], 4, weight))
    answers = through_runtime(fitted, features)
    assert not answers[:, [1, 3]].any()
    check_parity(fitted.predict(features), answers, task="classification", limit=1e-10)


@pytest.mark.parametrize("name", ["lasso", "elastic_net", "naive_bayes", "nearest_neighbours", "quantile_regression"])
def test_a_row_without_weight_is_as_good_as_gone(name):
    features, target = table("three" if name == "naive_bayes" else "amounts")
    weight = np.random.default_rng(1).integers(1, 3, len(target.values)).astype(float)
    weight[::3] = 0
    kept = np.flatnonzero(weight)
    settings = {} if name in {"naive_bayes", "nearest_neighbours"} else {"alpha": 0.01}
    with_zeros = fit(name, features, Target(target.task, target.values, target.classes, weight), **settings)
    without = fit(
        name, features.take(kept), Target(target.task, target.values[kept], target.classes, weight[kept]), **settings
    )
    answers = without.predict(features)
    np.testing.assert_allclose(with_zeros.predict(features), answers, rtol=1e-4, atol=1e-4)


def test_elastic_net_is_the_library_s_at_the_same_penalty():
    features, target = table("amounts")
    matrix = StandardScaler().fit_transform(features.matrix.astype(np.float64))
    values = (target.values - target.values.mean()) / target.values.std()
    library = LibraryElasticNet(alpha=0.1, l1_ratio=0.3, tol=1e-8).fit(matrix, values)
    fitted = fit("elastic_net", features, target, alpha=0.1, l1_ratio=0.3, tol=1e-8)
    expected = library.predict(matrix) * target.values.std() + target.values.mean()
    np.testing.assert_allclose(fitted.predict(features), expected, rtol=1e-5)


def test_lasso_chooses_a_penalty_as_good_as_the_library_s():
    errors, taught, unseen = [], np.arange(200), np.arange(200, 800)
    for seed in range(6):
        chance = np.random.default_rng(seed)
        matrix = chance.normal(size=(800, 40))
        clean = matrix[:, :4] @ [3.0, -2.0, 1.0, 0.5]
        values = clean + chance.normal(size=800) * 4
        fitted = fit("lasso", rows(matrix[taught]), Target("regression", values[taught]))
        library = LassoCV(cv=5).fit(matrix[taught], values[taught])
        found = fitted.predict(rows(matrix[unseen])), library.predict(matrix[unseen])
        errors.append([np.mean((answers - clean[unseen]) ** 2) for answers in found])
        assert 2 <= fitted.notes()["coefficients_kept"] < 30
    ours, theirs = np.mean(errors, axis=0)
    assert ours < 1.1 * theirs


def test_elastic_net_for_classes_reaches_the_library_s_optimum():
    features, target = table("three")
    matrix = StandardScaler().fit_transform(features.matrix.astype(np.float64))
    library = LogisticRegression(solver="saga", l1_ratio=0.5, C=1 / (0.02 * len(matrix)), tol=1e-7, max_iter=20_000)
    fitted = fit("elastic_net", features, target, alpha=0.02, tol=1e-7, max_iter=20_000)
    assert fitted.notes()["converged"]
    np.testing.assert_allclose(
        fitted.predict(features), library.fit(matrix, target.values).predict_proba(matrix), atol=1e-3
    )


def test_neighbours_are_the_library_s_where_nothing_ties():
    chance = np.random.default_rng(0)
    features = rows(chance.normal(size=(600, 4)))
    target = Target("classification", (features.matrix[:, 0] > 0).astype(np.int64), 2)
    fitted = fit("nearest_neighbours", features, target, n_neighbors=7, weights="uniform", smoothing=0.0)
    standard = StandardScaler().fit_transform(features.matrix.astype(np.float64))
    library = KNeighborsClassifier(7).fit(standard, target.values).predict_proba(standard)
    assert (np.abs(fitted.predict(features) - library).max(axis=1) < 1e-12).mean() > 0.98  # the grid moves a few


def test_neighbours_beyond_the_cap_are_drawn_from_every_class():
    chance = np.random.default_rng(0)
    features = rows(chance.normal(size=(3000, 3)))
    values = (np.arange(3000) == 1234).astype(np.int64)
    fitted = fit("nearest_neighbours", features, Target("classification", values, 2), max_rows=200, smoothing=0.0)
    assert fitted.notes()["rows_used"] == 200
    assert fitted.predict(features.take(np.array([1234])))[0, 1] == 1.0


def test_naive_bayes_on_numbers_is_the_library_s():
    features, target = table("three")
    matrix = StandardScaler().fit_transform(features.matrix.astype(np.float64))
    library = GaussianNB(var_smoothing=1e-4).fit(matrix, target.values)
    np.testing.assert_allclose(
        fit("naive_bayes", features, target).predict(features), library.predict_proba(matrix), atol=1e-9
    )


def test_naive_bayes_on_flags_counts_them():
    features = rows([[1, 0], [1, 1], [0, 1], [0, 0], [0, 1]])
    fitted = fit("naive_bayes", features, Target("classification", np.array([0, 0, 1, 1, 1]), 2))
    by_hand = [2 / 5 * (3 / 4) * (1 / 2), 3 / 5 * (1 / 5) * (2 / 5)]  # first row, one more of each answer
    np.testing.assert_allclose(fitted.predict(features)[0], np.array(by_hand) / sum(by_hand), rtol=1e-12)


@pytest.mark.parametrize("kind", ["two", "three"])
def test_svm_decides_as_libsvm(kind):
    features, target = table(kind)
    fitted = fit("svm", features, target, gamma=0.1)
    standard = StandardScaler().fit_transform(features.matrix.astype(np.float64))
    library = SVC(gamma=0.1).fit(standard, target.values).predict(standard)
    assert (
        fitted.predict(features).argmax(axis=1) == library
    ).mean() > 0.97  # Platt's map may move the border a little


def test_margins_become_probabilities_that_can_be_trusted():
    chance = np.random.default_rng(0)
    matrix = chance.normal(size=(3000, 3))
    likely = 1 / (1 + np.exp(-2 * matrix[:, 0]))
    values = (chance.random(3000) < likely).astype(np.int64)
    taught = np.arange(1500)
    for name, allowed in (("linear_svm", 0.03), ("svm", 0.09)):
        fitted = fit(name, rows(matrix[taught]), Target("classification", values[taught], 2))
        assert np.abs(fitted.predict(rows(matrix[1500:]))[:, 1] - likely[1500:]).mean() < allowed


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_quantile_regression_keeps_the_share_below(quantile):
    chance = np.random.default_rng(0)
    matrix = chance.normal(size=(800, 3))
    values = matrix[:, 0] + chance.exponential(size=800)
    fitted = fit("quantile_regression", rows(matrix), Target("regression", values), quantile=quantile, alpha=0.0)
    answers = fitted.predict(rows(matrix))
    assert (values < answers).mean() == pytest.approx(quantile, abs=0.01)
    library = QuantileRegressor(quantile=quantile, alpha=0).fit(matrix.astype(np.float32).astype(np.float64), values)
    np.testing.assert_allclose(answers, library.predict(matrix), atol=1e-3)


def test_a_gaussian_process_learns_reach_and_noise():
    chance = np.random.default_rng(0)
    matrix = np.sort(chance.uniform(-3, 3, (250, 1)), axis=0)
    clean = np.sin(3 * matrix[:, 0])
    fitted = learner("gaussian_process").fit(
        rows(matrix), Target("regression", clean + chance.normal(size=250) * 0.3), seed=0, deadline=NoDeadline()
    )
    assert np.sqrt(np.mean((fitted.predict(rows(matrix)) - clean) ** 2)) < 0.1
    share = 0.3**2 / (0.3**2 + clean.var())
    assert 0.6 * share < fitted.notes()["noise"] < 1.6 * share


def test_neurons_learn_what_lines_cannot_and_stop_when_nothing_is_gained():
    chance = np.random.default_rng(0)
    matrix = chance.normal(size=(1500, 2))
    crossed = Target("classification", (matrix[:, 0] * matrix[:, 1] > 0).astype(np.int64), 2)
    fitted = learner("mlp").fit(rows(matrix[:1000]), crossed.take(np.arange(1000)), seed=0, deadline=NoDeadline())
    answers = fitted.predict(rows(matrix[1000:]))
    assert (answers.argmax(axis=1) == crossed.values[1000:]).mean() > 0.93
    noise = Target("classification", chance.integers(0, 2, 1000), 2)
    stopped = learner("mlp").fit(rows(matrix[:1000]), noise, seed=0, deadline=NoDeadline()).notes()
    assert stopped["stopped"] == "no gain"
    assert stopped["passes"] < 60
