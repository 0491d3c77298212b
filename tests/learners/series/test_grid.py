"""A regular grid from times as they come: repeated, missing, uneven and unsorted ones, and rows that have none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainstay.contracts.errors import DataError, UsageError
from mainstay.learners.series.grid import regular_grid, usual_step


def column(values):
    return np.asarray(values, float)[:, None]


def laid_out(grid):
    return [(piece.first, piece.values[:, 0].tolist()) for piece in grid.pieces]


def test_even_times_stay_as_they_are():
    grid = regular_grid(np.arange(0, 50, 5.0), column(range(10)))
    assert laid_out(grid) == [(0, [float(i) for i in range(10)])]
    assert grid.step == 5
    assert grid.point.tolist() == list(range(10))
    assert (grid.repeated, grid.uneven, grid.gaps, grid.filled, grid.missing, grid.unsorted) == (0, 0, 0, 0, 0, False)
    assert grid.times().tolist() == np.arange(0, 50, 5.0).tolist()


def test_repeated_times_are_averaged_and_counted():
    grid = regular_grid(np.array([0.0, 1, 1, 2, 3, 3, 3, 4]), column([0, 2, 4, 5, 1, 2, 6, 0]))
    assert laid_out(grid) == [(0, [0.0, 3.0, 5.0, 3.0, 0.0])]
    assert grid.repeated == 3
    assert grid.point.tolist() == [0, 1, 1, 2, 3, 3, 3, 4]


def test_short_gaps_are_filled_and_long_ones_divide():
    times = np.array([0.0, 1, 2, 5, 6, 7, 100, 101, 102])
    grid = regular_grid(times, column(times), longest_gap=2)
    assert laid_out(grid) == [(0, [0.0, 1, 2, 3, 4, 5, 6, 7]), (100, [100.0, 101, 102])]
    assert (grid.gaps, grid.filled) == (2, 2)
    assert grid.starts.tolist() == [0, 8]
    assert grid.times()[grid.point].tolist() == times.tolist()


def test_one_time_far_away_costs_no_memory():
    times = np.concatenate([[0.0], 1e12 + np.arange(100.0)])
    grid = regular_grid(times, column(np.ones(101)))
    assert grid.points == 101


def test_uneven_times_are_moved_to_the_grid():
    random = np.random.default_rng(0)
    times = np.sort(np.arange(200) + random.uniform(-0.3, 0.3, 200))
    grid = regular_grid(times, column(3 * times), step=1.0, origin=0.0)
    assert grid.uneven > 100
    inner = np.concatenate([piece.values[:, 0] for piece in grid.pieces])[1:-1]
    np.testing.assert_allclose(inner, 3 * grid.times()[1:-1], atol=1e-9)


def test_a_block_without_values_divides_and_its_rows_have_no_point():
    values = np.arange(40.0)
    values[10:25] = np.nan
    grid = regular_grid(np.arange(40.0), column(values))
    assert [len(piece) for piece in grid.pieces] == [10, 15]
    assert grid.missing == 15
    assert (grid.point[10:25] == -1).all()
    assert (np.delete(grid.point, range(10, 25)) >= 0).all()


def test_a_column_missing_for_long_divides_although_others_are_there():
    values = np.random.default_rng(0).normal(size=(60, 2))
    values[20:40, 1] = np.nan
    grid = regular_grid(np.arange(60.0), values)
    assert [len(piece) for piece in grid.pieces] == [20, 20]
    assert (grid.point[20:40] == -1).all()
    assert all(np.isfinite(piece.values).all() for piece in grid.pieces)


@given(st.permutations(list(range(30))))
def test_the_order_of_rows_does_not_matter(order):
    order = np.array(order)
    times, values = np.arange(30.0) * 7, column(np.arange(30.0) ** 2)
    grid, other = regular_grid(times, values), regular_grid(times[order], values[order])
    assert laid_out(grid) == laid_out(other)
    assert other.point.tolist() == grid.point[order].tolist()
    assert other.unsorted == bool((np.diff(order) < 0).any())


@given(st.lists(st.integers(0, 400), min_size=2, max_size=80, unique=True), st.integers(0, 6))
def test_every_row_with_a_value_finds_its_point(times, longest_gap):
    times = np.array(times, float)
    grid = regular_grid(times, column(times), step=1.0, longest_gap=longest_gap)
    assert (grid.point >= 0).all()
    np.testing.assert_allclose(grid.times()[grid.point], times)
    every = np.concatenate([piece.values[:, 0] for piece in grid.pieces])
    np.testing.assert_allclose(every, grid.times(), atol=1e-9)


def test_the_usual_step_is_the_most_frequent_difference():
    assert usual_step(np.array([0.0, 300, 600, 900, 5000, 5300, np.nan])) == 300


@pytest.mark.parametrize("times", [[], [1.0], [2.0, 2.0], [np.nan, 3.0]])
def test_too_few_times_get_a_sentence(times):
    with pytest.raises(DataError, match="two different times"):
        usual_step(np.array(times, float))


def test_nothing_usable_gets_a_sentence():
    with pytest.raises(DataError, match="no row"):
        regular_grid(np.arange(3.0), np.full((3, 1), np.nan))
    with pytest.raises(UsageError, match="above 0"):
        regular_grid(np.arange(3.0), column([1, 2, 3]), step=0.0)
