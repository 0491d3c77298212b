"""Columns of few values must not count as clusters by themselves, and what several columns say must remain."""

import numpy as np

from mainstay.contracts.clusters import Points
from mainstay.learners.cluster.choose_k import choose_k
from mainstay.learners.cluster.dequantise import dequantised
from mainstay.learners.cluster.kmeans_path import kmeans_path


def two_columns_and_a_level(seed, rows=400):
    """One round cloud, and a category of two levels that has nothing to do with it."""
    generator = np.random.default_rng(seed)
    level = generator.integers(0, 2, rows)
    numbers = generator.normal(size=(rows, 2))
    matrix = np.column_stack([numbers, level == 0, level == 1]).astype(np.float32)
    return Points(matrix, ("a", "b", "sex is f", "sex is m"), blocks=((2, 4),))


def judged(points, matrix):
    return choose_k(kmeans_path(points.matrix, 8), matrix).k


def test_a_category_alone_makes_no_clusters():
    points = [two_columns_and_a_level(seed) for seed in range(4)]
    assert [judged(one, dequantised(one, 0)) for one in points] == [1, 1, 1, 1]
    assert any(judged(one, one.matrix) > 1 for one in points), "the test would pass without spreading"


def test_levels_stay_nearest_to_themselves_and_missing_ones_in_place():
    block = np.array([[2, 0, 0], [0, 2, 0], [0, 0, 2], [0.5, 0.5, 0.5]] * 50, np.float32)
    spread = dequantised(Points(block, ("a", "b", "c"), blocks=((0, 3),)), 3)
    whole = np.arange(200) % 4 < 3
    assert (spread.argmax(axis=1)[whole] == block.argmax(axis=1)[whole]).all()
    np.testing.assert_allclose(spread[whole].sum(axis=1), 2, rtol=1e-5)
    assert (spread[~whole] == block[~whole]).all()


def test_a_gap_much_wider_than_usual_stays_one():
    values = np.repeat(np.array([1, 2, 3, 50, 51, 52], np.float32), 40)[:, None]
    spread = dequantised(Points(values, ("a",)), 0)
    assert abs(spread - values).max() <= 0.5
    assert len(np.unique(spread)) > 200


def test_numbers_of_many_values_and_small_tables_are_left():
    generator = np.random.default_rng(0)
    many = generator.normal(size=(300, 2)).astype(np.float32)
    few = np.array([[0.0], [1.0]] * 2, np.float32)
    assert (dequantised(Points(many, ("a", "b")), 0) == many).all()
    assert (dequantised(Points(few, ("a",)), 0) == few).all()


def test_the_points_are_not_changed():
    points = two_columns_and_a_level(0)
    before = points.matrix.copy()
    assert (dequantised(points, 1) == dequantised(points, 1)).all()
    assert (points.matrix == before).all()
