"""The rows that members learn from: different ones, the same whatever order they stand in."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.learners.anomaly.reference_rows import different_rows, drawn_rows, marks_of

ROWS = np.random.default_rng(0).normal(size=(3000, 3)).astype(np.float32)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(-2, 2), st.integers(-2, 2)), min_size=1, max_size=60))
def test_different_rows_are_those_of_numpy(rows):
    matrix = np.array(rows, np.float32)
    first, counts = different_rows(matrix)
    known, known_counts = np.unique(matrix, axis=0, return_counts=True)
    order = np.lexsort(matrix[first].T[::-1])
    assert np.array_equal(matrix[first][order], known)
    assert np.array_equal(counts[order], known_counts)


def test_a_zero_has_one_sign():
    assert len(set(marks_of(np.array([[0.0], [-0.0]])).tolist())) == 1


def test_rows_that_differ_in_few_bits_have_marks_of_their_own():
    flags = ((np.arange(4096)[:, None] >> np.arange(12)) & 1).astype(np.float32)
    for seed in range(5):
        assert len(np.unique(marks_of(flags, seed=seed))) == 4096
        assert len(np.unique(marks_of(1e6 * flags, seed=seed) & np.uint64(0xFFFFFFFF))) > 4090


def test_the_order_of_the_rows_does_not_matter():
    matrix = np.concatenate([ROWS, ROWS[:500]])
    order = np.random.default_rng(1).permutation(len(matrix))
    for copies in (False, True):
        here = matrix[drawn_rows(matrix, 100, seed=3, copies=copies)]
        there = matrix[order][drawn_rows(matrix[order], 100, seed=3, copies=copies)]
        assert np.array_equal(here, there)
        assert not np.array_equal(here, matrix[drawn_rows(matrix, 100, seed=4, copies=copies)])


def test_copies_count_as_often_as_they_occur():
    matrix = np.concatenate([np.zeros((9000, 1)), np.arange(1, 1001)[:, None]])
    drawn = matrix[drawn_rows(matrix, 1000, seed=0, copies=True)]
    assert 860 < (drawn == 0).sum() < 940
    assert (matrix[drawn_rows(matrix, 1000, seed=0)] == 0).sum() <= 1


def test_draws_are_even():
    hits = np.zeros(len(ROWS))
    for seed in range(60):
        hits[drawn_rows(ROWS, 300, seed=seed)] += 1
    assert 5.6 < hits.mean() < 6.4
    assert hits.max() < 20
