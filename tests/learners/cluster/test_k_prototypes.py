"""K-prototypes: modes for categories, means for numbers, and never worse than a plain loop over Huang's rules."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.contracts.clusters import Centres, Points, assign
from mainstay.contracts.errors import UsageError
from mainstay.contracts.learner import NoDeadline
from mainstay.learners.cluster.k_prototypes import KPrototypes

OVER = SimpleNamespace(left=lambda: 0.0)


def mixed(rows=600, groups=3, seed=0, factor=1.0):
    chance = np.random.default_rng(seed)
    owner = chance.integers(0, groups, rows)
    numbers = chance.normal(size=(rows, 2)) + 6.0 * owner[:, None]
    codes = np.where(chance.random((rows, 2)) < 0.9, owner[:, None], chance.integers(0, groups, (rows, 2)))
    hot = (codes[:, :, None] == np.arange(groups)).reshape(rows, -1) * factor
    blocks = tuple((2 + groups * place, 2 + groups * (place + 1)) for place in range(2))
    matrix = np.concatenate([numbers, hot], axis=1).astype(np.float32)
    return Points(matrix, tuple(map(str, range(matrix.shape[1]))), blocks=blocks), owner


def fit(points, k, seed=0, deadline=None, **wishes):
    return KPrototypes().fit(points, k, seed=seed, deadline=deadline or NoDeadline(), settings=wishes)


def centres_of(found):
    return found.body.points + found.body.centre


def same_partition(one, two):
    pairs = set(zip(one.tolist(), two.tolist(), strict=True))
    return len(pairs) == len(set(one.tolist())) == len(set(two.tolist()))


@pytest.mark.parametrize("factor", [1.0, 0.5, 3.0])
def test_groups_are_found_and_prototypes_are_levels(factor):
    points, owner = mixed(factor=factor)
    found = fit(points, 3)
    assert same_partition(found.labels, owner)
    for first, last in points.blocks:
        block = centres_of(found)[:, first:last]
        assert np.allclose(np.sort(block, axis=1), [[0, 0, factor]] * 3, atol=1e-6)
    for cluster in range(3):
        rows = points.matrix[found.labels == cluster]
        assert np.allclose(centres_of(found)[cluster, :2], rows[:, :2].mean(axis=0), atol=1e-4)
        for first, last in points.blocks:
            counts = rows[:, first:last].sum(axis=0)
            assert centres_of(found)[cluster, first + counts.argmax()] == pytest.approx(factor)


def test_the_distance_is_that_of_huang_with_gamma_in_the_matrix():
    points, _ = mixed(factor=0.7)
    found = fit(points, 3)
    rows, centres = points.matrix.astype(np.float64), centres_of(found)
    gamma = 2 * 0.7**2
    for first, last in points.blocks:
        assert set(np.unique(centres[:, first:last].argmax(axis=1))) <= {0, 1, 2}
    for cluster in range(3):
        differing = sum(
            rows[:, first:last].argmax(axis=1) != centres[cluster, first:last].argmax() for first, last in points.blocks
        )
        expected = ((rows[:, :2] - centres[cluster, :2]) ** 2).sum(axis=1) + gamma * differing
        assert np.allclose(found.body.distances(points.matrix)[:, cluster] ** 2, expected, atol=1e-5)


def test_the_cost_is_that_of_the_labels():
    points, _ = mixed(seed=3)
    found = fit(points, 4)
    nearest = found.body.distances(points.matrix).min(axis=1)
    assert found.notes["cost"] == pytest.approx((nearest**2).sum(), rel=1e-3)


def plain_loop(points, k, seed):
    """Huang's algorithm without any haste, from random rows."""
    chance = np.random.default_rng(seed)
    rows = points.matrix.astype(np.float64)
    centres = rows[chance.choice(len(rows), k, replace=False)]
    for _ in range(50):
        labels = ((rows[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
        for cluster in np.unique(labels):
            centres[cluster] = rows[labels == cluster].mean(axis=0)
            for first, last in points.blocks:
                block = centres[cluster, first:last]
                centres[cluster, first:last] = (np.arange(len(block)) == block.argmax()) * rows[:, first:last].max()
    return ((rows[:, None] - centres) ** 2).sum(axis=2).min(axis=1).sum()


@pytest.mark.parametrize("seed", range(4))
def test_no_worse_than_the_best_of_ten_plain_loops(seed):
    points, _ = mixed(300, groups=4, seed=seed)
    best = min(plain_loop(points, 4, start) for start in range(10))
    assert fit(points, 4, seed=seed).notes["cost"] <= 1.01 * best


def test_weights_count_like_repeated_rows():
    points, _ = mixed(120, seed=5)
    times = np.random.default_rng(1).integers(1, 4, points.rows)
    repeated = points.take(np.repeat(np.arange(points.rows), times))
    weighted = Points(points.matrix, points.names, times.astype(np.float64), points.blocks)
    one, two = fit(weighted, 3), fit(repeated, 3)
    assert same_partition(np.repeat(one.labels, times), two.labels)
    assert one.notes["cost"] == pytest.approx(two.notes["cost"], rel=1e-3)


def test_many_rows_are_started_on_a_sample():
    points, owner = mixed(30_000)
    assert same_partition(fit(points, 3).labels, owner)


def test_without_categories_it_is_k_means():
    chance = np.random.default_rng(0)
    points = Points(np.concatenate([chance.normal(c, 0.1, (50, 2)) for c in (0, 3, 9)]).astype(np.float32), ("a", "b"))
    found = fit(points, 3)
    assert same_partition(found.labels, np.repeat([0, 1, 2], 50))
    assert np.allclose(centres_of(found)[found.labels[0]], points.matrix[:50].mean(axis=0), atol=1e-4)


def test_the_seed_decides_and_labels_are_the_bodys():
    points, _ = mixed(500, groups=6, seed=8)
    one, same = fit(points, 5, seed=4), fit(points, 5, seed=4)
    assert np.array_equal(one.labels, same.labels)
    assert np.array_equal(one.labels, assign(one.body, points.matrix))
    assert isinstance(one.body, Centres)


def test_time_that_is_over_still_gives_groups():
    points, _ = mixed(2000)
    assert fit(points, 3, deadline=OVER).body.clusters == 3


def test_rows_with_a_missing_category_are_taken():
    points, _ = mixed()
    matrix = points.matrix.copy()
    matrix[::10, 2:5] = 0.0
    found = fit(Points(matrix, points.names, None, points.blocks), 3)
    assert np.allclose(centres_of(found)[:, 2:5].sum(axis=1), 1, atol=1e-6)


def test_what_cannot_be_is_refused():
    points, _ = mixed(30)
    with pytest.raises(UsageError, match="Give k"):
        fit(points, None)
    with pytest.raises(UsageError, match="only 1 of the 30 rows differ"):
        fit(points.take(np.zeros(30, np.int64)), 2)
    with pytest.raises(UsageError, match="n_init"):
        fit(points, 2, n_init=0)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 6), st.integers(0, 99))
def test_any_small_table_has_k_groups_or_a_sentence(rows, k, seed):
    chance = np.random.default_rng(seed)
    hot = np.eye(3)[chance.integers(0, 3, rows)]
    matrix = np.column_stack([chance.integers(0, 3, rows), hot]).astype(np.float32)
    points = Points(matrix, ("n", "a", "b", "c"), blocks=((1, 4),))
    if k > len(np.unique(matrix, axis=0)):
        with pytest.raises(UsageError):
            fit(points, k)
        return
    found = fit(points, k)
    assert 1 <= found.body.clusters <= k
    assert np.array_equal(np.unique(found.labels), np.arange(found.body.clusters))
