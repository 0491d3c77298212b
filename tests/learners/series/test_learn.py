"""Anomalies that were put into series are found where they are, and quiet series stay quiet."""

import numpy as np
import pytest

from mainstay.contracts.errors import DataError
from mainstay.learners.series.blocks import block_maxima, block_tail
from mainstay.learners.series.grid import regular_grid
from mainstay.learners.series.learn import blend_levels, learn_series, long_enough, point_levels, raw_scores
from mainstay.learners.series.period import find_periods
from mainstay.learners.series.stretches import flagged_stretches
from mainstay.learners.series.usual import plan_of
from mainstay.learners.series.windows import point_rows, spread_over, surprises

ROWS, PERIOD = 2_000, 50


def wave(seed, noise=0.15):
    at = 2 * np.pi * np.arange(ROWS) / PERIOD
    return np.sin(at) + 0.4 * np.sin(2 * at + 1) + np.random.default_rng(seed).normal(0, noise, ROWS)


def scores_of(values, **options):
    grid = regular_grid(np.arange(len(values)) * 60.0, np.asarray(values, float).reshape(len(values), -1))
    found = learn_series(grid, **options)
    pieces = long_enough(grid.pieces, found.plan.window)
    lengths = [len(piece) for piece in pieces]
    levels = point_levels(found, raw_scores(found, point_rows(found.plan, pieces)), lengths)
    return found, blend_levels(levels, [member.weight for member in found.members])


def level_shift(series):
    series[1200:1300] += 1.2


def spike(series):
    series[900] += 3


def upside_down(series):
    series[1100:1150] *= -1


def quicker(series):
    series[1500:1600] = np.sin(2 * np.pi * np.arange(100) / 20)


def missing_cycle(series):
    series[700:750] = series[:PERIOD].mean()


def drift(series):
    series[1000:1200] += np.linspace(0, 2.0, 200)


CASES = {
    level_shift: (1200, 1300), spike: (900, 901), upside_down: (1100, 1150), quicker: (1500, 1600),
    missing_cycle: (700, 750), drift: (1000, 1200),
}  # fmt: skip


@pytest.mark.parametrize("put_in", CASES, ids=lambda case: case.__name__)
def test_what_was_put_in_is_the_one_window_that_is_flagged(put_in):
    series = wave(3)
    put_in(series)
    found, scores = scores_of(series)
    maxima = block_maxima(scores, found.plan.window, [ROWS])
    cut = block_tail(maxima).score_at(0.1 / len(maxima))
    windows = flagged_stretches(scores, cut, window=found.plan.window, lengths=[ROWS])
    first, end = CASES[put_in]
    assert found.plan.window == PERIOD
    assert len(windows) == 1
    assert windows[0].first < end
    assert windows[0].last >= first
    assert first - PERIOD // 2 <= windows[0].peak < end + PERIOD // 2


def test_a_correlation_that_breaks_is_found_although_each_column_looks_usual():
    random = np.random.default_rng(1)
    common = np.convolve(random.normal(size=ROWS + 20), np.ones(21) / 4, mode="valid")
    columns = np.stack([common, -common, 2 * common], axis=1) + random.normal(0, 0.1, (ROWS, 3))
    columns[1000:1080, 1] *= -1
    _, scores = scores_of(columns)
    assert 990 <= scores.argmax() < 1090


def test_quiet_series_are_seldom_flagged():
    false = 0
    for seed in range(8):
        random = np.random.default_rng(seed)
        series = [wave(seed), random.normal(size=ROWS), np.cumsum(random.normal(size=ROWS))][seed % 3]
        found, scores = scores_of(series)
        maxima = block_maxima(scores, found.plan.window, [ROWS])
        false += bool((block_tail(maxima).of(maxima) * len(maxima) < 0.1).any())
    assert false <= 2


def test_a_clean_reference_needs_no_second_bag():
    found, _ = scores_of(wave(5), clean=True)
    assert found.members[-1].body.bags == 1


def test_the_same_seed_gives_the_same_bits_and_pieces_of_their_own_the_same_windows():
    _, first = scores_of(wave(7), seed=4)
    _, again = scores_of(wave(7), seed=4)
    assert first.tobytes() == again.tobytes()
    grid = regular_grid(np.arange(ROWS) * 60.0, wave(7)[:, None])
    plan = plan_of(grid)
    whole = point_rows(plan, grid.pieces)
    part = regular_grid(np.arange(300, 800) * 60.0, wave(7)[300:800, None], step=plan.step, origin=plan.origin)
    windows = 500 - plan.window + 1
    assert part.pieces[0].first == 300
    assert point_rows(plan, part.pieces)[:windows].tobytes() == whole[300 : 300 + windows].tobytes()


@pytest.mark.parametrize("values", [np.ones(500), np.full((300, 2), 7.0)])
def test_a_series_that_never_moves_gets_a_sentence(values):
    with pytest.raises(DataError, match="never moves"):
        scores_of(values)


def test_a_short_series_gets_a_sentence():
    with pytest.raises(DataError, match="points"):
        scores_of(np.arange(9.0))


def test_one_column_that_never_moves_among_others_does_no_harm():
    series = wave(2)
    spike(series)
    _, scores = scores_of(np.stack([series, np.full(ROWS, 3.0)], axis=1))
    assert np.isfinite(scores).all()
    assert 870 <= scores.argmax() <= 930


def test_periods_are_found_across_gaps_and_noise_has_none():
    times = np.delete(np.arange(ROWS), np.r_[400:440, 1500:1700]).astype(float)
    grid = regular_grid(times, wave(1)[times.astype(int), None])
    assert len(grid.pieces) == 3
    assert find_periods(grid.pieces) == (PERIOD,)
    noise = np.random.default_rng(0).normal(size=(ROWS, 1))
    assert find_periods(regular_grid(np.arange(ROWS * 1.0), noise).pieces) == ()


def test_a_trend_is_part_of_what_is_usual():
    series = wave(0) + 0.01 * np.arange(ROWS)
    grid = regular_grid(np.arange(ROWS * 1.0), series[:, None])
    plan = plan_of(grid)
    assert plan.slope[0] == pytest.approx(0.01, rel=0.05)
    assert np.abs(surprises(plan, grid.pieces[0])).mean() < 1.5
    assert plan_of(regular_grid(np.arange(ROWS * 1.0), wave(0)[:, None])).slope == (0.0,)


def test_spread_over_is_the_mean_of_the_windows_that_cover_a_point():
    random = np.random.default_rng(0)
    scores, window, lengths = random.normal(size=43), 8, [12, 31]
    spread = spread_over(scores, window, lengths)
    for start, length in ((0, 12), (12, 31)):
        for point in range(length):
            inner = min(max(point, 1), length - 2)
            covering = [start + at for at in range(length - window + 1) if at <= inner < at + window]
            assert spread[start + point] == pytest.approx(scores[covering].mean())


def test_a_huge_score_does_not_blur_points_far_from_it():
    scores = np.full(400, 0.1)
    calm = spread_over(scores, 10, [400])
    scores[200] = 1e15
    np.testing.assert_array_equal(spread_over(scores, 10, [400])[:190], calm[:190])
    np.testing.assert_array_equal(spread_over(scores, 10, [400])[215:], calm[215:])


def test_top_keeps_the_highest_windows_in_the_order_of_time():
    scores = np.zeros(100)
    scores[[10, 40, 70]] = [5.0, 9.0, 7.0]
    kept = flagged_stretches(scores, 1.0, window=5, lengths=[100], top=2)
    assert [one.peak for one in kept] == [40, 70]


def test_levels_of_new_usual_windows_are_those_of_the_clean_ones_that_were_learned():
    """Nearly all windows are in the bag; a scale made of their distances to themselves would call all new ones odd."""
    found, _ = scores_of(wave(1), clean=True)
    new = regular_grid(np.arange(ROWS) * 60.0, wave(2).reshape(-1, 1))
    rows = point_rows(found.plan, new.pieces)
    levels = point_levels(found, raw_scores(found, rows), [ROWS])
    medians = dict(zip((member.name for member in found.members), np.median(levels, axis=0), strict=True))
    assert medians["matrix_profile"] < 0.7
    assert medians["matrix_profile"] > 0.1
