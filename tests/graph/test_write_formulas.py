"""Kernels, neighbours, layers and quadratics: NumPy agrees with the graph, at every batch size, bit by bit."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.bundle.audit import audit_graph
from mainstay.contracts.arrays import Arrays
from mainstay.contracts.errors import UsageError, WorkerError
from mainstay.contracts.formulas import ACTIVATIONS, FORMULAS, Kernel, Layers, Neighbours, Quadratic, Scaling
from mainstay.contracts.model import ModelGraph, from_arrays, operations, to_arrays
from mainstay.graph.builder import GraphBuilder
from mainstay.graph.evaluate_trees import evaluate
from mainstay.graph.run import Session
from mainstay.graph.write import write_model

LIMIT, STEPS = 64.0, 1024.0


def scaling_of(chance, width):
    return Scaling(chance.normal(size=width), chance.uniform(0.1, 3, width), np.array(LIMIT))


def kernel(chance, width, outputs, points=40):
    places = np.clip(chance.normal(size=(points, width)), -LIMIT, LIMIT)
    weights, intercept = chance.normal(size=(points, outputs)), chance.normal(size=outputs)
    return Kernel(scaling_of(chance, width), places, np.array(chance.uniform(0.01, 2)), weights, intercept)


def neighbours(chance, width, outputs, points=40, count=5, *, by_distance=False):
    weight = chance.uniform(0.5, 2, points)
    return Neighbours(
        scaling=scaling_of(chance, width),
        steps=np.array(STEPS),
        points=np.rint(np.clip(chance.normal(size=(points, width)) * STEPS, -65536, 65536)).astype(np.float32),
        count=np.array(count),
        by_distance=np.array(by_distance),
        votes=weight[:, None] * chance.normal(size=(points, outputs)),
        weight=weight,
        prior=chance.normal(size=outputs),
        smoothing=np.array(1.0),
    )


def layers(chance, width, outputs, activation="relu"):
    sizes = (width, 9, 5, outputs)
    weights = tuple(chance.normal(size=pair) for pair in pairwise(sizes))
    biases = tuple(chance.normal(size=size) for size in sizes[1:])
    return Layers(scaling_of(chance, width), weights, biases, activation)


def quadratic(chance, width, outputs):
    square, linear = chance.normal(size=(2, width, outputs))
    return Quadratic(scaling_of(chance, width), square, linear, chance.normal(size=outputs))


MAKERS = {"Kernel": kernel, "Neighbours": neighbours, "Layers": layers, "Quadratic": quadratic}


def test_every_formula_has_a_maker_here():
    assert MAKERS.keys() == FORMULAS.keys()


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize(("outputs", "link"), [(1, "identity"), (1, "sigmoid"), (3, "softmax"), (11, "softmax")])
def test_graph_and_numpy_agree_in_every_batch(kind, outputs, link, ask):
    chance = np.random.default_rng(outputs)
    model = ModelGraph(MAKERS[kind](chance, 6, outputs), link)
    features = (chance.normal(size=(300, 6)) * [1, 1, 1, 1, 1, 200]).astype(np.float32)
    np.testing.assert_allclose(ask(model, features), evaluate(model, features), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation(activation, ask):
    chance = np.random.default_rng(3)
    model = ModelGraph(layers(chance, 4, 3, activation), "softmax")
    features = (chance.normal(size=(200, 4)) * 100).astype(np.float32)
    np.testing.assert_allclose(ask(model, features), evaluate(model, features), rtol=0, atol=1e-13)


@pytest.mark.parametrize("points", [1, 511, 512, 513, 1300])
def test_points_in_groups(points, ask):
    chance = np.random.default_rng(points)
    features = chance.normal(size=(150, 5)).astype(np.float32)
    for body in (
        kernel(chance, 5, 2, points),
        neighbours(chance, 5, 2, points, min(points, 17)),
        neighbours(chance, 5, 2, points, min(points, 600), by_distance=True),
    ):
        model = ModelGraph(body)
        np.testing.assert_allclose(ask(model, features), evaluate(model, features), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("by_distance", [False, True])
def test_ties_and_points_that_are_the_row_itself(by_distance, ask):
    chance = np.random.default_rng(0)
    places = chance.integers(0, 3, (1100, 3))
    scaling = Scaling(np.zeros(3), np.ones(3), np.array(LIMIT))
    votes = np.arange(1100.0)[:, None]
    body = Neighbours(
        scaling, np.array(STEPS), (places * STEPS).astype(np.float32), np.array(7), np.array(by_distance),
        votes, np.ones(1100), np.zeros(1), np.array(0.0),
    )  # fmt: skip
    features = np.concatenate([places[:200], chance.integers(0, 5, (50, 3)) / 2.0]).astype(np.float32)
    answers = ask(ModelGraph(body), features)[:, 0]
    np.testing.assert_allclose(answers, evaluate(ModelGraph(body), features)[:, 0], rtol=1e-14)
    same = np.flatnonzero((places == places[0]).all(axis=1))[:7]  # the first seven of the many equals
    assert answers[0] == same.mean()


def test_no_rows_have_no_answers(session_of, rows_of):
    chance = np.random.default_rng(0)
    for maker in MAKERS.values():
        session = session_of(ModelGraph(maker(chance, 3, 2), "softmax"), 3)
        assert session.run(rows_of(np.empty((0, 3))))["answers"].shape == (0, 2)


@pytest.mark.parametrize("kind", MAKERS)
def test_formulas_cross_a_border_as_arrays_and_pass_the_audit(kind, tmp_path):
    model = ModelGraph(MAKERS[kind](np.random.default_rng(1), 4, 2))
    np.savez(tmp_path / "model.npz", **to_arrays(model))
    with np.load(tmp_path / "model.npz", allow_pickle=False) as stored:
        back = from_arrays(stored)
    assert operations(back.body, 4) == operations(model.body, 4) > 4
    builders = []
    for one in (model, back):
        builder = GraphBuilder(4, 0)
        builders.append(builder.build({"prediction": write_model(builder, one, "numbers", 4)}))
    assert builders[0] == builders[1]
    audit_graph(builders[0], inputs={"numbers": 4, "categories": 0}, outputs={"prediction": ("float64", 2)})


def test_an_unknown_activation_is_refused_on_its_way_back():
    arrays = to_arrays(ModelGraph(layers(np.random.default_rng(0), 2, 1)))
    with pytest.raises(WorkerError, match="unknown activation"):
        from_arrays(arrays | {"activation": np.array("eval")})


CHANCE = np.random.default_rng(0)
KERNEL, NEAR, NEURONS, CURVE = (maker(CHANCE, 2, 1) for maker in MAKERS.values())


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (replace(KERNEL, points=np.zeros((40, 3))), "kernel over 2 features needs"),
        (replace(KERNEL, coefficients=np.zeros((39, 1))), "kernel over 2 features needs"),
        (replace(KERNEL, gamma=np.array(-1.0)), "gamma of at least 0"),
        (replace(KERNEL, points=np.full((40, 2), np.nan)), "must be finite"),
        (replace(KERNEL, scaling=Scaling(np.zeros(3), np.ones(3), np.array(1.0))), "standardisation over 2"),
        (replace(NEAR, count=np.array(41)), "neighbours must be 1 to 40"),
        (replace(NEAR, scaling=replace(NEAR.scaling, limit=np.array(np.inf))), "exact distances"),
        (replace(NEAR, weight=np.zeros(40)), "weights above 0"),
        (replace(NEAR, points=NEAR.points + np.float32(0.5)), "whole steps"),
        (replace(NEURONS, biases=NEURONS.biases[1:]), "weights and biases"),
        (replace(NEURONS, weights=NEURONS.weights[::-1]), "layers over 2 features needs"),
        (replace(CURVE, squares=np.zeros((2, 2))), "quadratic over 2 features needs"),
        (replace(CURVE, intercept=np.array([np.inf])), "must be finite"),
    ],
)
def test_formulas_that_do_not_fit_are_refused(body, message):
    with pytest.raises(UsageError, match=message):
        write_model(GraphBuilder(2, 0), ModelGraph(body), "numbers", 2)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(sorted(MAKERS)), st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 12))
def test_any_formula_is_the_same_at_every_batch_size(kind, seed, width, outputs):
    chance = np.random.default_rng(seed)
    model = ModelGraph(MAKERS[kind](chance, width, outputs), "softmax")
    features = chance.normal(size=(37, width)).astype(np.float32)
    builder = GraphBuilder(width, 0)
    session = Session(builder.build({"answers": write_model(builder, model, "numbers", width)}))
    arrays = Arrays(features, tuple("n" * width), np.empty((37, 0), np.int64), (), ())
    whole = session.run(arrays)["answers"]
    np.testing.assert_allclose(whole, evaluate(model, features), rtol=1e-10, atol=1e-11)
    for size in (1, 2, 3, 5, 8, 36):
        parts = [session.run(arrays.take(slice(at, at + size)))["answers"] for at in range(0, 37, size)]
        np.testing.assert_array_equal(np.concatenate(parts), whole)
