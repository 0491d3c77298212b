"""What detectors say, held to definitions written out by hand, to scikit-learn, and to the other walk along trees."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.graph.detector_bodies import KINDS, paths, random_body, random_trees, stacked_body

from mainstay.contracts.anomaly_bodies import Deviation, KernelSum, LocalDensity, Nearest, Reconstruction, TreeSum
from mainstay.contracts.anomaly_scores import leaves_of, member_scores, member_terms, rounding_of
from mainstay.contracts.errors import UsageError
from mainstay.contracts.formulas import Kernel, Layers, Scaling
from mainstay.contracts.model import ModelGraph
from mainstay.graph.evaluate_trees import evaluate, leaves_reached

SEEDS = st.integers(0, 2**32 - 1)


def drawn(generator, rows, width):
    return (generator.normal(size=(rows, width)) * 2).astype(np.float32)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.integers(1, 6), st.integers(1, 3))
def test_trees_are_walked_as_any_model_walks_them(seed, width, outputs):
    generator = np.random.default_rng(seed)
    trees, matrix = random_trees(generator, width, outputs=outputs), drawn(generator, 30, width)
    leaves = leaves_of(trees, matrix)
    for at, root in enumerate(trees.roots):
        assert leaves[:, at].tolist() == leaves_reached(trees, int(root), matrix).tolist()
    raw = evaluate(ModelGraph(trees), matrix)
    features, values = paths(generator, trees, width)
    for combined, expected in (("sum", raw.sum(axis=1)), ("largest", raw.max(axis=1))):
        body = TreeSum(trees, None, combined, features, values)
        np.testing.assert_allclose(member_scores(body, matrix), expected, rtol=1e-12, atol=1e-12)
    terms = np.zeros((30, width))
    for row in range(30):
        for leaf in leaves[row]:
            for feature, value in zip(features[leaf], values[leaf], strict=True):
                if feature >= 0:
                    terms[row, feature] += value
    np.testing.assert_allclose(member_terms(body, matrix), terms, atol=1e-12)


def test_trees_that_never_end_or_ask_for_more_are_refused():
    generator = np.random.default_rng(0)
    trees = random_trees(generator, 3)
    with pytest.raises(UsageError, match="ask for another"):
        leaves_of(trees, np.zeros((1, 1)))
    inner = int(np.flatnonzero(trees.feature >= 0)[0])
    trees.left[inner] = inner
    with pytest.raises(UsageError, match="deeper"):
        leaves_of(trees, np.zeros((1, 3)))
    stacked = stacked_body(generator, 1, 2)
    if stacked.trees.feature.max() > 0:
        with pytest.raises(UsageError, match="missing"):
            member_scores(stacked, np.zeros((2, 1), np.float32))


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.integers(1, 5))
def test_a_deviations_term_is_what_the_length_loses_if_the_feature_may_be_anything(seed, width):
    generator = np.random.default_rng(seed)
    body = Deviation(generator.normal(size=width), generator.normal(size=(width, width)))
    matrix = drawn(generator, 4, width)
    moved = (matrix - body.centre).astype(np.float64)
    whole = ((moved @ body.root) ** 2).sum(axis=1)
    np.testing.assert_allclose(member_scores(body, matrix), np.sqrt(whole), rtol=1e-9)
    terms = member_terms(body, matrix)
    for feature in range(width):
        own = body.root[feature]
        rest = moved @ body.root
        best = rest - (rest @ own)[:, None] * own / (own @ own)  # the least squares over that feature's value
        np.testing.assert_allclose(terms[:, feature], whole - (best**2).sum(axis=1), rtol=1e-6, atol=1e-7)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.integers(1, 4), st.integers(1, 4), st.integers(1, 3))
def test_the_nearest_points_one_by_one(seed, width, bags, count):
    generator = np.random.default_rng(seed)
    size = count + int(generator.integers(0, 5))
    points, scale = generator.normal(size=(bags * size, width)), generator.random(bags * size) + 0.5
    body = Nearest(generator.normal(size=width), points, bags, count, scale)
    matrix = drawn(generator, 5, width)
    for row, score, terms in zip(matrix, member_scores(body, matrix), member_terms(body, matrix), strict=True):
        apart = (row - body.centre - points) * scale[:, None]
        far = np.sqrt((apart**2).sum(axis=1)).reshape(bags, size)
        assert score == pytest.approx(np.sort(far, axis=1)[:, :count].mean(), rel=1e-9, abs=1e-6)
        near = (np.argsort(far, axis=1)[:, :count] + np.arange(bags)[:, None] * size).ravel()
        np.testing.assert_allclose(terms, (apart[near] ** 2).mean(axis=0), rtol=1e-9)


@pytest.mark.parametrize("apart", [0.0, 1e-5, 1e-3, 1.0])
def test_a_point_is_at_distance_0_from_itself_and_what_is_near_keeps_its_distance(apart):
    generator = np.random.default_rng(3)
    points = generator.normal(size=(300, 50)).astype(np.float32).astype(np.float64)
    body = Nearest(np.zeros(50), points, 1, 1, np.ones(300))
    away = np.zeros(50)
    away[0] = apart * 7
    matrix = points + away
    scores = member_scores(body, matrix)
    assert scores == pytest.approx(np.full(300, apart * 7), rel=1e-2, abs=0.0)
    assert (rounding_of(body, matrix) < 2e-7 * np.sqrt((matrix**2).sum(axis=1))).all()


def test_only_distances_lose_digits():
    matrix = np.full((3, 2), 1e6, np.float32)
    assert rounding_of(Deviation(np.zeros(2), np.eye(2)), matrix).tolist() == [0.0] * 3
    density = LocalDensity(np.zeros(2), np.array([[1e6, 1e6], [0.0, 0.0]]), 1, np.ones(2), np.ones(2))
    assert rounding_of(density, matrix) == pytest.approx(np.full(3, 0.1 * np.sqrt(2)))


def test_local_outlier_factors_are_those_of_scikit_learn():
    from sklearn.neighbors import LocalOutlierFactor

    generator = np.random.default_rng(1)
    points = generator.normal(size=(200, 3))
    theirs = LocalOutlierFactor(n_neighbors=7, novelty=True).fit(points)
    reach = theirs._distances_fit_X_[:, -1]
    body = LocalDensity(np.zeros(3), points, 7, reach, theirs._lrd)
    matrix = drawn(generator, 100, 3)
    np.testing.assert_allclose(member_scores(body, matrix), -theirs.score_samples(matrix.astype(float)), rtol=1e-6)


def test_sums_of_kernels_are_those_of_scikit_learn_and_reconstructions_by_hand():
    from sklearn.svm import OneClassSVM

    generator = np.random.default_rng(2)
    rows, matrix = generator.normal(size=(80, 3)), drawn(generator, 50, 3)
    theirs = OneClassSVM(gamma=0.4, nu=0.2).fit(rows)
    plain = Scaling(np.zeros(3), np.ones(3), np.array(np.inf))
    kernel = Kernel(plain, theirs.support_vectors_, np.array(0.4), theirs.dual_coef_.T.copy(), np.zeros(1))
    body = KernelSum(kernel)
    np.testing.assert_allclose(member_scores(body, matrix), -theirs.score_samples(matrix.astype(float)), rtol=1e-6)
    terms = member_terms(body, matrix)
    apart = (matrix[0] - theirs.support_vectors_) ** 2
    weights = theirs.dual_coef_[0] * np.exp(-0.4 * (apart.sum(axis=1) - apart.sum(axis=1).min()))
    np.testing.assert_allclose(terms[0], weights @ apart, rtol=1e-6)
    shrink, grow = generator.normal(size=(3, 2)), generator.normal(size=(2, 3))
    layers = Layers(plain, (shrink, grow), (np.zeros(2), np.ones(3)), "relu")
    left = matrix - (np.maximum(matrix @ shrink, 0) @ grow + 1.0)
    np.testing.assert_allclose(member_terms(Reconstruction(layers), matrix), left**2, rtol=1e-4)
    np.testing.assert_allclose(
        member_scores(Reconstruction(layers), matrix), np.sqrt((left**2).mean(axis=1)), rtol=1e-4
    )


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_change_nothing_and_no_rows_have_no_scores(kind):
    generator = np.random.default_rng(9)
    body, matrix = random_body(generator, kind, 4), drawn(generator, 3000, 4)
    whole, terms = member_scores(body, matrix), member_terms(body, matrix)
    assert whole.shape == (3000,)
    assert terms.shape == (3000, 4)
    assert (terms >= 0).all()
    parts = np.concatenate([member_scores(body, matrix[at : at + 7]) for at in range(0, 3000, 7)])
    np.testing.assert_allclose(whole, parts, rtol=1e-9)
    assert member_scores(body, matrix[:0]).shape == (0,)
    assert member_terms(body, matrix[:0]).shape == (0, 4)
