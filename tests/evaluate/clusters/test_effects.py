"""Effect sizes: Cliff's delta as it is defined, intervals that hold, and samples that weigh clusters by their size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.evaluate.clusters.effects import folded, ranked_effects, share_effects


def counted(values, labels, clusters):
    edges = np.unique(values)
    place = np.searchsorted(edges, values)
    return np.bincount(labels * len(edges) + place, minlength=clusters * len(edges)).reshape(clusters, -1).astype(float)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2)), min_size=6, max_size=40))
def test_cliffs_delta_is_the_share_of_pairs_above_less_that_below(rows):
    values, labels = (np.array(part) for part in zip(*rows, strict=True))
    sizes = np.bincount(labels, minlength=3).astype(float)
    found = ranked_effects(counted(values, labels, 3), sizes)
    for cluster in range(3):
        mine, rest = values[labels == cluster], values[labels != cluster]
        if not len(mine) or not len(rest):
            assert np.isnan(found.value[cluster])
            continue
        steps = np.sign(mine[:, None] - rest[None, :])
        assert found.value[cluster] == pytest.approx(steps.mean(), abs=1e-12)
        assert found.low[cluster] - 1e-9 <= steps.mean() <= found.high[cluster] + 1e-9


def test_a_sample_that_takes_all_of_a_small_cluster_gives_the_effect_of_the_whole_table():
    draw = np.random.default_rng(1)
    parts = [draw.normal(0, 1, 40_000), draw.normal(3, 1, 40_000), draw.normal(1, 1, 400)]
    whole = np.round(np.concatenate(parts), 1)
    labels = np.repeat([0, 1, 2], [40_000, 40_000, 400])
    kept = np.concatenate([np.arange(0, 40_000, 10), np.arange(40_000, 80_000, 80), np.arange(80_000, 80_400)])
    sizes = np.bincount(labels).astype(float)
    full = ranked_effects(counted(whole, labels, 3), sizes)
    part = ranked_effects(counted(whole[kept], labels[kept], 3), sizes)
    assert part.value == pytest.approx(full.value, abs=0.05)
    assert np.all((part.low <= full.value) & (full.value <= part.high))


def test_intervals_of_delta_hold_the_truth():
    draw, held = np.random.default_rng(2), 0
    truth = 2 * 0.7602499 - 1  # two normals one standard deviation apart
    for _ in range(300):
        values = np.concatenate([draw.normal(1, 1, 25), draw.normal(0, 1, 60)])
        found = ranked_effects(counted(values, np.repeat([0, 1], [25, 60]), 2), np.array([25.0, 60.0]))
        held += found.low[0] <= truth <= found.high[0]
    assert 276 <= held <= 297, held


def test_stricter_limits_are_wider():
    draw = np.random.default_rng(3)
    values, labels = draw.normal(size=200), np.repeat([0, 1], 100)
    found = ranked_effects(counted(values, labels, 2), np.array([100.0, 100.0]), strict=3.5)
    assert np.all(found.sure_low < found.low)
    assert np.all(found.sure_high > found.high)
    shares = share_effects(np.array([[30.0, 70.0], [50.0, 50.0]]), np.array([100.0, 100.0]), strict=3.5)[2][0]
    assert np.all(shares.sure_low < shares.low)


def test_a_cluster_in_the_middle_is_near_on_both_sides():
    values = np.concatenate([np.arange(40, 60), np.arange(40), np.arange(60, 100)])
    labels = np.repeat([0, 1], [20, 80])
    counts, sizes = counted(values, labels, 2), np.array([20.0, 80.0])
    assert ranked_effects(counts, sizes).value[0] == pytest.approx(0.0, abs=0.02)
    assert ranked_effects(folded(counts, sizes), sizes).value[0] < -0.95


def test_shares_are_against_all_other_rows():
    inside, outside, effects = share_effects(
        np.array([[8.0, 2.0], [1.0, 9.0], [5.0, 5.0]]), np.array([10.0, 1000.0, 10.0])
    )
    assert inside[0].tolist() == [0.8, 0.2]
    assert outside[0, 0] == pytest.approx((100 + 5) / 1010)
    assert effects[0].value[0] == pytest.approx(0.8 - 105 / 1010)


def test_one_cluster_alone_has_no_effect():
    assert np.isnan(ranked_effects(np.array([[3.0, 4.0]]), np.array([7.0])).value).all()
    assert np.isnan(share_effects(np.array([[3.0, 4.0]]), np.array([7.0]))[2][0].value).all()
