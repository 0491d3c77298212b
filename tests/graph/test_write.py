"""Affine models, constants and links: NumPy and scikit-learn agree with the graph, at every batch size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression, Ridge

from mainstay.contracts.arrays import Arrays
from mainstay.contracts.errors import UsageError
from mainstay.contracts.model import Affine, Constant, ModelGraph
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.evaluate_trees import evaluate
from mainstay.graph.run import Session
from mainstay.graph.write import write_model


def test_logistic_binary_and_many_classes(ask):
    generator = np.random.default_rng(0)
    features = generator.normal(size=(400, 6)).astype(np.float32)
    for classes, link in ((2, "sigmoid"), (3, "softmax"), (11, "softmax")):
        target = np.digitize(features[:, 0] + generator.normal(size=400) / 2, np.linspace(-1, 1, classes - 1))
        model = LogisticRegression(max_iter=500).fit(features, target)
        answers = ask(ModelGraph(Affine(model.coef_.T, model.intercept_), link), features)
        expected = model.predict_proba(features.astype(np.float64))
        np.testing.assert_allclose(answers, expected, rtol=0, atol=1e-14)
        np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=0, atol=1e-15)


def test_ridge(ask):
    generator = np.random.default_rng(0)
    features = (generator.normal(size=(300, 200)) * 1e4).astype(np.float32)
    model = Ridge().fit(features.astype(np.float64), features[:, 0] * 3.0 + 1e6)
    answers = ask(ModelGraph(Affine(model.coef_[:, None], np.atleast_1d(model.intercept_))), features)
    np.testing.assert_allclose(answers[:, 0], model.predict(features.astype(np.float64)), rtol=1e-12)


@pytest.mark.parametrize("raw", [-1000.0, -745.2, -40.0, 0.0, 1e-300, 36.0, 710.0, 1e308])
def test_extreme_sums_keep_probabilities_whole(raw, ask):
    one = ask(ModelGraph(Affine(np.array([[1.0]]), np.array([raw])), "sigmoid"), np.zeros((3, 1), np.float32))
    many = ask(
        ModelGraph(Affine(np.zeros((1, 3)), np.array([raw, 0.0, -raw])), "softmax"), np.zeros((3, 1), np.float32)
    )
    for answers in (one, many):
        assert np.isfinite(answers).all()
        assert ((answers >= 0) & (answers <= 1)).all()
        np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-15)


@pytest.mark.parametrize("numbers", [0, 2])
@pytest.mark.parametrize("categories", [0, 2])
def test_a_constant_answers_every_row_whatever_the_inputs_hold(numbers, categories):
    arrays = Arrays(
        np.full((3, numbers), np.nan, np.float32), ("a", "b")[:numbers],
        np.full((3, categories), -1, np.int64), ("c", "d")[:categories], (2, 2)[:categories],
    )  # fmt: skip
    builder = GraphBuilder.over(arrays)
    answers = write_model(builder, ModelGraph(Constant(np.array([0.1, 0.9]))), "numbers" if numbers else "", numbers)
    assert Session(builder.build({"answers": answers})).run(arrays)["answers"].tolist() == [[0.1, 0.9]] * 3


def test_an_affine_model_without_features_is_its_intercept(ask):
    answers = ask(ModelGraph(Affine(np.empty((0, 1)), np.array([0.0])), "sigmoid"), np.empty((4, 0), np.float32))
    assert answers.tolist() == [[0.5, 0.5]] * 4


def test_infinite_numbers_do_not_multiply_into_a_constant(ask):
    features = np.array([[np.inf], [-np.inf], [np.nan], [3e38]], np.float32)
    assert ask(ModelGraph(Constant(np.array([2.0]))), features).tolist() == [[2.0]] * 4


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (ModelGraph(Affine(np.ones((3, 1)), np.ones(1))), "needs coefficients of shape"),
        (ModelGraph(Affine(np.ones((2, 2)), np.ones(2)), "sigmoid"), "takes 1 output"),
        (ModelGraph(Affine(np.full((2, 1), np.nan), np.ones(1))), "must be finite"),
        (ModelGraph(Constant(np.array([np.inf]))), "must be finite"),
        (ModelGraph(Constant(np.empty(0))), "one answer per output"),
    ],
)
def test_models_that_do_not_fit_are_refused(model, message):
    with pytest.raises(UsageError, match=message):
        write_model(GraphBuilder(2, 0), model, "numbers", 2)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 20), st.integers(1, 20), st.sampled_from(["identity", "softmax"]))
def test_any_affine_model_is_the_same_at_every_batch_size(seed, width, outputs, link):
    generator = np.random.default_rng(seed)
    body = Affine(generator.normal(size=(width, outputs)), generator.normal(size=outputs))
    features = generator.normal(size=(37, width)).astype(np.float32)
    builder = GraphBuilder(width, 0)
    answers = write_model(builder, ModelGraph(body, link), "numbers", width)
    session = Session(builder.build({"answers": answers}))
    arrays = Arrays(features, tuple("n" * width), np.empty((37, 0), np.int64), (), ())
    whole = session.run(arrays)["answers"]
    np.testing.assert_allclose(whole, evaluate(ModelGraph(body, link), features), rtol=1e-12, atol=1e-13)
    for size in (1, 2, 3, 5, 8, 36):
        parts = [session.run(arrays.take(slice(at, at + size)))["answers"] for at in range(0, 37, size)]
        np.testing.assert_array_equal(np.concatenate(parts), whole)
